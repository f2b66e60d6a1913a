"""The plainest rival of an embedder: the pooled input embeddings of the tokens that it reads.

No layer is run and no position is added: a row of the token embedding matrix for each token, pooled
as the recipe pools its states. What an embedder decodes to beyond this is due to its layers.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from scipy.sparse import csr_array
from sklearn.feature_extraction.text import TfidfTransformer

from tokalign.embedders.encoding.embedder import Embedder
from tokalign.embedders.encoding.tokenising import TokenisedTexts, tokenise
from tokalign.embedders.recipes.recipe import Pooling, PoolOver
from tokalign.errors import TokalignError

#: Rows that are brought to float32 at a time.
_ROWS = 8192


@dataclass(frozen=True)
class InputEmbedder(Embedder):
    """An embedder that pools input embeddings; made by `input_embedder`.

    Attributes:
        weights: ``(V,)`` float32, what each token counts besides its weight in the pooling.
        centre: ``(d,)`` float32 on the CPU, what is taken off every vector.
    """

    weights: torch.Tensor
    centre: torch.Tensor

    @torch.inference_mode()
    def states(self, ids: np.ndarray, mask: np.ndarray, layer: int | None = None) -> torch.Tensor:
        """Input embeddings of one padded batch, each times its weight, and the weight itself.

        Args:
            ids: ``(B, L)`` int64.
            mask: ``(B, L)`` bool; not looked at.
            layer: None; there are no layers.

        Returns:
            ``(B, L, d + 1)`` float32.

        Raises:
            TokalignError: A layer is asked for.
        """
        if layer is not None:
            raise TokalignError(f"{self.name} has no layer {layer}; allowed: None")
        at = torch.from_numpy(ids).to(self.device)
        weights = self.weights[at][..., None]
        rows = self.model.get_input_embeddings()(at).float().to(self.device)
        return torch.cat([rows * weights, weights], dim=2)

    def _encode_batch(
        self, read: TokenisedTexts, batch: np.ndarray, layer: int | None, side: str
    ) -> np.ndarray:
        pooled = super()._encode_batch(read, batch, layer, side)
        vectors: np.ndarray = pooled[:, :-1] / pooled[:, -1:] - self.centre.numpy()
        return vectors


def input_embedder(
    embedder: Embedder,
    *,
    idf: np.ndarray | None = None,
    centred: bool = False,
    pooling: Pooling | None = None,
    pool_over: PoolOver | None = None,
) -> InputEmbedder:
    """The rival that embeds a text by the mean of its tokens' input embeddings.

    With weights w of the recipe's pooling over the positions p that it pools, the vector is
    ``sum(w_p idf_p E[token_p]) / sum(w_p idf_p)``. It counts as a vector of the embedder's own
    space, so any head of that space decodes it. Where the head is tied to the input embeddings,
    that is the fair reading; where it is not, `load_head` with readout ``tied_input`` gives the
    head that these vectors belong to. Where one token alone is pooled (``last``, ``cls``), its
    input embedding says nothing of the text: ask for another pooling.

    Input embeddings share a direction, which rare tokens may have most of; a mean of them then
    decodes to tokens that hardly ever occur. Centred, the rival is without it, and stronger.

    Args:
        embedder: Whose tokens, pooling and input embeddings.
        idf: ``(V,)`` positive weights of the tokens, see `inverse_document_frequency`; all are 1
            where it is None.
        centred: Take the mean of all input embeddings off each vector.
        pooling: In the place of the recipe's.
        pool_over: In the place of the recipe's.

    Returns:
        An embedder of its own name and fingerprint: `Embedder.encode` gives ``(N, d)``.

    Raises:
        TokalignError: The model does not say which its input embeddings are, they are not of the
            width that the embedder's head takes (ALBERT), or `idf` does not fit them.

    >>> from transformers import LlamaConfig, LlamaModel
    >>> from tokalign.embedders.recipes.recipe import Recipe
    >>> config = LlamaConfig(vocab_size=3, hidden_size=2, intermediate_size=4,
    ...                      num_hidden_layers=1, num_attention_heads=1)
    >>> model, cpu = LlamaModel(config).requires_grad_(False), torch.device("cpu")
    >>> _ = model.embed_tokens.weight.copy_(torch.tensor([[0.0, 0.0], [4.0, 0.0], [0.0, 8.0]]))
    >>> recipe = Recipe(name="tiny", checkpoint="tiny", readout="lm_head", pooling="mean",
    ...                 attention="causal", max_length=9)
    >>> rival = input_embedder(Embedder(recipe, model, None, cpu, "float32", "its fingerprint"),
    ...                        idf=np.array([1.0, 1.0, 3.0]))
    >>> rival.states(np.array([[1, 2]]), np.ones((1, 2), bool)).tolist()  # the weights come last
    [[[4.0, 0.0, 1.0], [0.0, 24.0, 3.0]]]
    """
    table = _table(embedder)
    weights = np.ones(len(table), np.float32) if idf is None else np.asarray(idf, np.float32)
    if weights.shape != (len(table),) or not (np.isfinite(weights) & (weights > 0)).all():
        raise TokalignError(
            f"idf of shape {weights.shape} for the {len(table)} input embeddings of "
            f"{embedder.name}; one positive number for each is needed"
        )
    more = {"centred": centred, "idf": idf is not None}
    kind = ["input embeddings", *(word for word, there in more.items() if there)]
    changes: dict[str, Any] = {"name": f"{embedder.name} ({', '.join(kind)})"}
    given = {"pooling": pooling, "pool_over": pool_over}
    changes |= {key: value for key, value in given.items() if value is not None}
    recipe = embedder.recipe.model_copy(update=changes)
    said = f"input embeddings\n{embedder.fingerprint}\n{recipe.deciding()}\n{centred}\n".encode()
    centre = _mean(embedder, len(table)) if centred else torch.zeros(table.shape[1])
    return InputEmbedder(
        recipe=recipe,
        model=embedder.model,
        tokenizer=embedder.tokenizer,
        device=embedder.device,
        dtype=embedder.dtype,
        fingerprint=hashlib.sha256(said + weights.tobytes()).hexdigest(),
        weights=torch.from_numpy(weights).to(embedder.device),
        centre=centre,
    )


def inverse_document_frequency(embedder: Embedder, texts: Sequence[str]) -> np.ndarray:
    """How rare each token is among texts, as scikit-learn's smoothed idf.

    ``ln((1 + N) / (1 + df)) + 1``, where df is the number of texts in which the embedder reads the
    token; what it puts round every text gets 1. Fit it on other texts than those it is scored on.

    Args:
        embedder: Who reads the texts.
        texts: N texts, one or more.

    Returns:
        ``(V,)`` float32, one for each row of the input embeddings.

    Raises:
        TokalignError: There are no texts; see `tokenise`.
    """
    if not len(texts):
        raise TokalignError("there is no text to fit idf on")
    read = tokenise(embedder.tokenizer, embedder.recipe, texts)
    starts = np.concatenate([[0], np.cumsum(read.lengths)])
    ids = np.concatenate(read.ids)
    counts = csr_array((np.ones(len(ids)), ids, starts), shape=(len(texts), len(_table(embedder))))
    counts.sum_duplicates()
    fitted: np.ndarray = TfidfTransformer().fit(counts).idf_
    return fitted.astype(np.float32)


def _table(embedder: Embedder) -> torch.Tensor:
    """The input embeddings ``(V, d)``, d the width that the embedder's head takes."""
    try:
        table: torch.Tensor = embedder.model.get_input_embeddings().weight
    except (AttributeError, NotImplementedError) as error:
        raise TokalignError(
            f"{embedder.name}: {type(embedder.model).__name__} does not say which its input "
            "embeddings are"
        ) from error
    config = embedder.model.config
    width = int(getattr(config, "word_embed_proj_dim", None) or config.hidden_size)
    if table.shape[1] != width:
        raise TokalignError(
            f"{embedder.name}: input embeddings of shape {tuple(table.shape)} cannot stand in for "
            f"vectors of width {width}, which its head takes"
        )
    return table


@torch.inference_mode()
def _mean(embedder: Embedder, size: int) -> torch.Tensor:
    """The mean of all input embeddings ``(d,)``, as the model's own module gives them."""
    module = embedder.model.get_input_embeddings()
    total = torch.zeros(1, device=embedder.device)
    for start in range(0, size, _ROWS):
        some = torch.arange(start, min(start + _ROWS, size), device=embedder.device)
        total = total + module(some).float().sum(dim=0).to(embedder.device)
    return total.cpu() / size

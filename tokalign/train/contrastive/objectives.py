"""The gradient of one step: contrastive, contrastive and next token, or masked next token.

Joint training: GritLM (Muennighoff et al., arXiv 2402.09906), the two losses added.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import torch

from tokalign.embedders.encoding.tokenising import TokenisedTexts
from tokalign.train.contrastive.attention import attending
from tokalign.train.contrastive.chunks import backward
from tokalign.train.contrastive.losses import Contrast, info_nce, same_texts
from tokalign.train.contrastive.mixture import Batch
from tokalign.train.contrastive.mntp import blank_id, body_of, hide, mntp_loss
from tokalign.train.contrastive.plans import Phase
from tokalign.train.contrastive.reader import Reader
from tokalign.train.loss import next_token_loss


def contrastive_step(reader: Reader, batch: Batch, phase: Phase) -> dict[str, float]:
    """Add the gradient of the contrastive loss of a batch.

    Returns:
        ``loss`` and ``accuracy``.
    """
    source, anchors, candidates = batch.source, batch.anchors, batch.candidates
    read = joined(
        reader.read(anchors, source.anchor_instruction, source.anchor_prompt),
        reader.read(candidates, source.positive_instruction, source.positive_prompt),
    )
    count = len(anchors)
    device = reader.model.get_input_embeddings().weight.device
    weights = torch.tensor([example.weight for example in batch.examples], device=device)
    barred = same_texts(candidates[:count], candidates).to(device)

    def loss_of(vectors: torch.Tensor) -> Contrast:
        return info_nce(
            vectors[:count], vectors[count:], temperature=phase.temperature, weights=weights,
            barred=barred,
        )  # fmt: skip

    found = backward(
        lambda rows: reader.vectors(read, rows),
        reader.pieces(read),
        loss_of,
        cached=int(read.lengths.sum()) > phase.cached_tokens,
    )
    return {"loss": float(found.loss), "accuracy": found.accuracy}


def language_step(reader: Reader, ids: np.ndarray, weight: float) -> dict[str, float]:
    """Add the gradient of causal next-token prediction.

    Args:
        reader: Whose model.
        ids: Packed sequences ``(B, L + 1)`` int64.
        weight: By which the loss is multiplied.

    Returns:
        ``language_loss`` in nats a token, not multiplied.
    """
    model = reader.model
    given = torch.from_numpy(ids).to(model.get_input_embeddings().weight.device)
    with attending(model, "causal"):
        states = body_of(model)(input_ids=given[:, :-1], use_cache=False).last_hidden_state
    states = states.flatten(0, 1)
    head = model.get_output_embeddings().weight.to(states.dtype)
    loss = next_token_loss(states, head, given[:, 1:].flatten())
    (loss * weight).backward()  # type: ignore[no-untyped-call]
    return {"language_loss": float(loss.detach())}


def mntp_step(reader: Reader, ids: np.ndarray, draw: np.random.Generator) -> dict[str, float]:
    """Add the gradient of masked next-token prediction.

    Args:
        reader: Whose model.
        ids: Packed sequences ``(B, L)`` int64.
        draw: Decides what is hidden.

    Returns:
        ``loss`` in nats a token, and ``accuracy``.
    """
    hidden, where = hide(ids, draw, blank_id(reader.tokenizer))
    found = mntp_loss(reader.model, ids, hidden, where)
    found.loss.backward()  # type: ignore[no-untyped-call]
    return {"loss": float(found.loss.detach()), "accuracy": found.accuracy}


def joined(first: TokenisedTexts, second: TokenisedTexts) -> TokenisedTexts:
    """Two lists of tokenised texts as one."""
    return replace(
        first,
        ids=[*first.ids, *second.ids],
        pool=np.concatenate([first.pool, second.pool]),
        truncated=np.concatenate([first.truncated, second.truncated]),
    )

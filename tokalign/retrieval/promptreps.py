"""Literal-token weights: PromptReps, and its filter on an embedding's own logits.

PromptReps (arXiv 2404.18424) is the nearest sparse baseline that needs no training either. A
language model is asked for the one word that stands for a text. Of the logits of the next token
those of the text's own tokens are kept, as log(1 + relu(logit)), the 128 best, in hundredths and
rounded; the last hidden state is the dense vector. Queries are read the same way. No text is
expanded. The steps are those of the authors' published code (ielab/PromptReps). What differs here:

- The prompts are written for this book and are plain text, without the marks of a chat model.
- Words are runs of letters and digits, and the stop words scikit-learn's; there they are NLTK's.
- A text without a word of its own keeps the 10 best tokens of all, as there; ones that are equal in
  weight at an edge are taken by column.

Tokens are columns as they are, unmerged, as published: a text is lower-cased and each word cut into
tokens by itself, and after a prompt that ends in a quotation mark comes a token without a leading
space. A small vocabulary has few of these, and cuts words to pieces: ``merge="case"`` gives a word
the tokens that it has after a space as well. `literal_filter` reads no prompt and always does so.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import scipy.sparse as sp
import torch
from sklearn.feature_extraction.text import ENGLISH_STOP_WORDS

from tokalign.datasets import RetrievalSet
from tokalign.embedders import Embedder, Embeddings, Recipe
from tokalign.embedders.recipes.recipe import Prompt
from tokalign.errors import TokalignError
from tokalign.retrieval.collection import EmbeddedCollection, embedded
from tokalign.retrieval.sparse import Columns, SparseVectors, columns_of
from tokalign.retrieval.sparse.settings import Merge
from tokalign.store import Store
from tokalign.tokens import Head, decode, load_head

#: How a document and a query are read.
PROMPTS = (
    'Passage: "{text}". In lower case, the one word that best helps to find this passage is: "',
    'Query: "{text}". In lower case, the one word that best helps to answer this query is: "',
)
#: Most tokens that a text keeps; how many one without words keeps; what weights are scaled by.
KEPT = 128
KEPT_WITHOUT_WORDS = 10
SCALE = 100

_WORD = re.compile(r"[^\W_]+")


@dataclass(frozen=True, eq=False)
class LiteralVectors:
    """A collection by the tokens of its own texts. Blank texts are left out.

    Attributes:
        query_ids: Q identifiers.
        queries: ``(Q, C)`` float32, whole numbers.
        documents: The documents over the same columns, whole numbers.
        columns: What the columns stand for.
        dense: The vectors that the logits were made from.
    """

    query_ids: tuple[str, ...]
    queries: sp.csr_array
    documents: SparseVectors
    columns: Columns
    dense: EmbeddedCollection

    def unweighted(self) -> LiteralVectors:
        """A control: the same tokens, each weighing 1."""
        documents = SparseVectors(self.documents.ids, _ones(self.documents.matrix))
        return replace(self, queries=_ones(self.queries), documents=documents)


def _ones(weights: sp.csr_array) -> sp.csr_array:
    filled = np.ones_like(weights.data)
    return sp.csr_array((filled, weights.indices, weights.indptr), shape=weights.shape)


def promptreps_recipe(recipe: Recipe, prompts: tuple[str, str] = PROMPTS) -> Recipe:
    """How a language model is read for PromptReps: by a prompt, at its last token.

    Args:
        recipe: Any causal model with a trained head; its own way of reading is laid aside.
        prompts: What is read of a document and of a query, ``{text}`` in each once.

    Raises:
        TokalignError: The model does not predict a next token, or a prompt lacks ``{text}``.

    >>> gpt = Recipe(name="gpt", checkpoint="c", readout="lm_head", pooling="mean",
    ...              attention="causal", max_length=64)
    >>> made = promptreps_recipe(gpt)
    >>> made.name, made.pooling, made.named("query").template[:14]
    ('gpt (promptreps)', 'last', 'Query: "{text}')
    """
    if recipe.attention != "causal" or recipe.readout != "lm_head":
        raise TokalignError(
            f"{recipe.name} predicts no next token (attention {recipe.attention}, readout "
            f"{recipe.readout}), so PromptReps cannot ask it for a word; allowed: attention causal "
            "with readout lm_head; literal_filter takes any embedder"
        )
    for prompt in prompts:
        if prompt.count("{text}") != 1:
            raise TokalignError(f"prompt {prompt!r} must hold {{text}} exactly once")
    named = {side: Prompt(template=prompts[i]) for i, side in enumerate(("document", "query"))}
    reading: dict[str, object] = {
        "name": f"{recipe.name} (promptreps)", "role": "embedder", "pooling": "last",
        "pool_over": "all", "template": prompts[0], "bare_template": None, "instruction": "",
        "prompts": named, "brackets": None, "end_token": None, "strip": "both",
        "text_max_length": None, "normalise": False, "lowercase": False,
    }  # fmt: skip
    return recipe.model_copy(update=reading)


def promptreps(
    embedder: Embedder,
    data: RetrievalSet,
    store: Store | None = None,
    *,
    prompts: tuple[str, str] = PROMPTS,
    merge: Merge = "none",
    progress: bool = False,
) -> LiteralVectors:
    """A collection as PromptReps represents it.

    Args:
        embedder: A loaded causal model, however its own recipe reads.
        data: The collection.
        store: Where the hidden states are kept; None computes everything.
        prompts: See `promptreps_recipe`.
        merge: Which tokens share a column, with the best of their logits; see `columns_of`.
        progress: Show progress bars on standard error.

    Raises:
        TokalignError: See `promptreps_recipe` and `embedded`.
    """
    recipe = promptreps_recipe(embedder.recipe, prompts)
    read = f"{embedder.fingerprint}\n{recipe.deciding()}"
    reader = replace(embedder, recipe=recipe, fingerprint=hashlib.sha256(read.encode()).hexdigest())
    return _literal(reader, data, store, merge, progress)


def literal_filter(
    embedder: Embedder, data: RetrievalSet, store: Store | None = None, *, progress: bool = False
) -> LiteralVectors:
    """The same filter and weights on an embedding's own logits, without a prompt.

    Vectors have the length that they had before normalisation. Tokens that differ in case and
    leading space alone are one column.

    Args:
        embedder: Any; it reads texts by its own recipe.
        data: The collection.
        store: Where vectors are kept; None computes everything.
        progress: Show progress bars on standard error.

    Raises:
        TokalignError: See `embedded` and `load_head`.
    """
    return _literal(embedder, data, store, "case", progress)


def _literal(
    embedder: Embedder, data: RetrievalSet, store: Store | None, merge: Merge, progress: bool
) -> LiteralVectors:
    dense = embedded(embedder, data, store, progress=progress)
    own = dense.unnormalised()
    weigh = LiteralWeights(load_head(embedder), embedder.tokenizer, merge)
    text_of = dict(zip(data.doc_ids, data.docs, strict=True))
    documents = weigh(own.documents, [text_of[name] for name in own.doc_ids])
    return LiteralVectors(
        query_ids=own.query_ids,
        queries=weigh(own.queries, own.query_texts),
        documents=SparseVectors(own.doc_ids, documents),
        columns=weigh.columns,
        dense=dense,
    )


class LiteralWeights:
    """Weighs the tokens of texts by the logits of their vectors.

    Args:
        head: Who decodes.
        tokenizer: The one that the head's ids belong to.
        merge: Which tokens share a column, with the best of their logits. Where any do, a word
            counts with the tokens that it has after a space as well.

    Attributes:
        columns: What the columns stand for.
    """

    def __init__(self, head: Head, tokenizer: Any, merge: Merge = "none") -> None:
        ids = head.ids.cpu().numpy()
        self.columns: Columns = columns_of(tokenizer, ids, merge)
        self._head, self._tokenizer = head, tokenizer
        self._written = ("{}",) if merge == "none" else ("{}", " {}")
        # The rows of the head, those of a column side by side.
        column = self.columns.of[ids]
        self._rows = np.argsort(column, kind="stable")
        self._starts = np.searchsorted(column[self._rows], np.arange(len(self.columns) + 1))
        self._pieces: dict[str, np.ndarray] = {}

    @torch.inference_mode()
    def __call__(self, embeddings: Embeddings, texts: Sequence[str]) -> sp.csr_array:
        """The weights of N texts.

        Args:
            embeddings: Their vectors.
            texts: The N texts as they were written, without a prompt.

        Returns:
            ``(N, C)`` float32, whole numbers above 0, at most `KEPT` a row.

        Raises:
            TokalignError: Another number of texts than of vectors, the head refuses the vectors, or
                a logit is not finite.
        """
        if len(texts) != len(embeddings):
            raise TokalignError(f"{len(texts)} texts for {len(embeddings)} vectors")
        vectors = self._head.ready(embeddings)
        indptr, indices, data = [0], [np.zeros(0, np.int64)], [np.zeros(0, np.float32)]
        for number, text in enumerate(texts):
            columns = self.literal(text)
            if len(columns):
                logits = self._logits(vectors[number : number + 1], columns)
            else:
                columns, logits = self._best(embeddings.select(np.array([number])))
            # Not rounded before the best are chosen, or there would be many equal ones.
            best = np.sort(np.argsort(-logits, kind="stable")[:KEPT])
            columns, weights = columns[best], saturated(logits[best])
            indices.append(columns[weights > 0])
            data.append(weights[weights > 0])
            indptr.append(indptr[-1] + len(indices[-1]))
        return sp.csr_array(
            (np.concatenate(data), np.concatenate(indices), np.array(indptr)),
            shape=(len(texts), len(self.columns)),
        )

    def literal(self, text: str) -> np.ndarray:
        """The columns of a text's own words, rising, each once: ``(n,)`` int64."""
        words = {w for w in _WORD.findall(text.lower()) if w not in ENGLISH_STOP_WORDS}
        found = [self._of_word(word) for word in words]
        return np.unique(np.concatenate(found)) if found else np.zeros(0, dtype=np.int64)

    def _of_word(self, word: str) -> np.ndarray:
        if word not in self._pieces:
            written = [form.format(word) for form in self._written]
            read = self._tokenizer(written, add_special_tokens=False)["input_ids"]
            ids = np.array([i for row in read for i in row], dtype=np.int64)
            columns = self.columns.of[ids[ids < len(self.columns.of)]]
            self._pieces[word] = columns[columns >= 0].astype(np.int64)
        return self._pieces[word]

    def _logits(self, vector: torch.Tensor, columns: np.ndarray) -> np.ndarray:
        """``(n,)`` the logits of n columns, each the best of its tokens'."""
        parts = [self._rows[self._starts[c] : self._starts[c + 1]] for c in columns]
        rows = torch.from_numpy(np.concatenate(parts)).to(vector.device)
        products = self._head.finish(vector @ self._head.matrix[rows].float().T, rows)
        if not bool(products.isfinite().all()):
            raise TokalignError(
                f"{self._head.name} of {self._head.owner} gives logits that are not finite: are "
                "its weights spoilt?"
            )
        firsts = np.cumsum([0, *(len(part) for part in parts[:-1])])
        logits: np.ndarray = np.maximum.reduceat(products[0].cpu().numpy(), firsts)
        return logits

    def _best(self, embedding: Embeddings) -> tuple[np.ndarray, np.ndarray]:
        """Columns and logits of the best tokens of all."""
        found = decode(embedding, self._head, KEPT_WITHOUT_WORDS)
        # Highest first, so that a column's first token is its best.
        columns, first = np.unique(self.columns.of[found.ids[0]], return_index=True)
        return columns.astype(np.int64), found.logits[0][first]


def saturated(logits: np.ndarray) -> np.ndarray:
    """``round(100 log(1 + relu(logit)))``, float32.

    >>> saturated(np.array([-3.0, 0.0, 0.002, 1.0, 20.0])).tolist()
    [0.0, 0.0, 0.0, 69.0, 304.0]
    """
    made: np.ndarray = np.rint(SCALE * np.log1p(np.maximum(logits, 0))).astype(np.float32)
    return made

"""An exact split of the inner product of two vectors over the tokens of a head.

With E the head's matrix and l = E h the logits of a vector, ``E^T E (E^T E)^-1`` is the identity,
so that::

    h1 . h2 = sum over t of l1(t) * [E (E^T E)^-1 h2](t)

Here the mean of this and of the same with the vectors exchanged is taken, so that neither text is
the first one. It sums to the product exactly, but it is one of many splits that do: any matrix that
maps the logits back to the vector makes one. It therefore shows how the product can be written, and
not what caused it; `word_effects` compares it with taking the word away.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd
from scipy.sparse import csr_array

from tokalign.embedders import Embeddings
from tokalign.errors import TokalignError
from tokalign.spectrum import head_directions
from tokalign.tokens import Head, VocabularyForms

#: Singular values below this share of the largest leave the inverse to rounding.
LEAST = 1e-6
#: Rows of the head that are brought to float64 at a time, and pairs that are split at a time.
_ROWS = 2048
_PAIRS = 64


@dataclass(frozen=True, eq=False)
class TokenSplit:
    """A head that is ready to split products.

    Attributes:
        head: A linear head.
        inverse: ``(E^T E)^-1``, ``(d, d)`` float64.

    >>> import torch
    >>> from tokalign.embedders import Space
    >>> split = TokenSplit.of(Head("x", torch.tensor([[1.0, 0], [0, 2], [1, 1]]),
    ...                            torch.arange(3), 2))
    >>> both = [Embeddings(np.array([v], "f"), Space("x", 2), np.ones(1, "f"), np.zeros(1, bool))
    ...         for v in ([1.0, 0.0], [1.0, 1.0])]
    >>> split.contributions(*both, cosine=False).round(3).tolist()
    [[0.5, -0.222, 0.722]]
    """

    head: Head
    inverse: np.ndarray

    @classmethod
    def of(cls, head: Head) -> TokenSplit:
        """Invert ``E^T E``.

        Args:
            head: Who decodes both texts.

        Raises:
            TokalignError: The head is not linear, or its rows do not span its width.
        """
        if not head.linear:
            raise TokalignError(
                f"{head.name} of {head.owner} has a bias, a transform or a soft cap, so that a "
                "product is no sum over its logits; only a linear head splits one"
            )
        values, directions = head_directions(head)
        if not values[0] or values[-1] < LEAST * values[0]:
            rank = int((values >= LEAST * values[0]).sum()) if values[0] else 0
            raise TokalignError(
                f"the {len(head)} rows of {head.name} of {head.owner} span {rank} of "
                f"{len(values)} dimensions, so that logits do not tell the vector; a head of full "
                "rank is needed"
            )
        return cls(head, (directions.T / values**2) @ directions)

    def contributions(
        self, first: Embeddings, second: Embeddings, *, cosine: bool = True
    ) -> np.ndarray:
        """What each token adds to the cosine of each pair.

        Args:
            first: N vectors that the head may read.
            second: N vectors of the same kind.
            cosine: Vectors are brought to length 1; otherwise the inner product is split.

        Returns:
            ``(N, V)`` float64 in the order of the head's rows; each row sums to the cosine.

        Raises:
            TokalignError: Different numbers of vectors, or what the head refuses.
        """
        sides = self._sides(first, second, cosine)
        made = np.empty((len(sides[0]), len(self.head)))
        for start in range(0, len(self.head), _ROWS):
            rows = slice(start, start + _ROWS)
            matrix = np.asarray(self.head.matrix[rows].double().cpu())
            made[:, rows] = _products(matrix, *sides)
        return made

    def sums(
        self,
        first: Embeddings,
        second: Embeddings,
        ids: Sequence[Sequence[np.ndarray]],
        *,
        cosine: bool = True,
    ) -> np.ndarray:
        """What given tokens add to the cosine of each pair; no ``(N, V)`` is made.

        Args:
            first: See `contributions`.
            second: See `contributions`.
            ids: For each pair S arrays of token ids, S the same for all; ids that the head has no
                row for add 0.
            cosine: See `contributions`.

        Returns:
            ``(N, S)`` float64.

        Raises:
            TokalignError: Another number of pairs; see `contributions`.
        """
        sides = self._sides(first, second, cosine)
        if len(ids) != len(sides[0]):
            raise TokalignError(f"token sets of {len(ids)} pairs for {len(sides[0])} pairs")
        sets = [self._rows_of(one) for pair in ids for one in pair]
        made = np.zeros(len(sets))
        if sets:
            place = np.repeat(np.arange(len(sets)), [len(rows) for rows in sets])
            rows, pair = np.concatenate(sets), place * len(ids) // len(sets)
            for start in range(0, len(rows), _ROWS):
                some = slice(start, start + _ROWS)
                matrix = np.asarray(self.head.matrix[rows[some]].double().cpu())
                one, other, one_back, back = (
                    np.einsum("td,td->t", matrix, side[pair[some]]) for side in sides
                )
                np.add.at(made, place[some], (one * back + other * one_back) / 2)
        return made.reshape(len(ids), -1)

    def top(
        self,
        first: Embeddings,
        second: Embeddings,
        tokenizer: Any,
        k: int = 10,
        *,
        forms: VocabularyForms | None = None,
    ) -> pd.DataFrame:
        """The tokens that add most to the cosine of each pair, and those that take most from it.

        Args:
            first: See `contributions`.
            second: See `contributions`.
            tokenizer: Of the head.
            k: How many of either sort.
            forms: Tokens of equal form are added up, and named by their lowest id; tokens without
                a form are left out. None keeps every token apart.

        Returns:
            One row a token: ``pair`` from 0, ``side`` (``adds``, ``takes``), ``rank`` from 1,
            ``id``, ``token``, ``share`` of the cosine, in units of the cosine.

        Raises:
            TokalignError: k below 1; see `contributions`.
        """
        if k < 1:
            raise TokalignError(f"k must be at least 1, not {k}")
        ids = self.head.ids.cpu().numpy()
        names, member = _merged(ids, forms)
        kept = np.flatnonzero(member >= 0)
        gather = csr_array(
            (np.ones(len(kept)), (kept, member[kept])), shape=(len(member), len(names))
        )
        rows = []
        for start, block in self._blocks(first, second):
            merged = np.asarray(block @ gather)
            order = np.argsort(merged, axis=1, kind="stable")
            for place, (values, ranked) in enumerate(zip(merged, order, strict=True)):
                for side, chosen in (("adds", ranked[::-1][:k]), ("takes", ranked[:k])):
                    rows += [
                        {"pair": start + place, "side": side, "rank": rank, "id": int(names[c]),
                         "token": tokenizer.decode([int(names[c])]), "share": float(values[c])}
                        for rank, c in enumerate(chosen, 1)
                    ]  # fmt: skip
        return pd.DataFrame(rows)

    def _blocks(self, first: Embeddings, second: Embeddings) -> Iterator[tuple[int, np.ndarray]]:
        for start in range(0, len(first), _PAIRS):
            some = np.arange(start, min(start + _PAIRS, len(first)))
            yield start, self.contributions(first.select(some), second.select(some))

    def _sides(
        self, first: Embeddings, second: Embeddings, cosine: bool
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
        """Both sides as they meet the matrix, and each multiplied by the inverse."""
        if len(first) != len(second):
            raise TokalignError(f"{len(first)} first vectors for {len(second)} second ones")
        made = []
        for side in (first, second):
            vectors = np.asarray(self.head.ready(side).double().cpu())
            if cosine:
                lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
                vectors = vectors / np.where(lengths > 0, lengths, 1.0)
            made.append(vectors)
        one, other = made
        return one, other, one @ self.inverse, other @ self.inverse

    @cached_property
    def _row(self) -> np.ndarray:
        """Row of each token id, ``(highest id + 1,)``; -1 for none."""
        ids = self.head.ids.cpu().numpy()
        row = np.full(int(ids.max()) + 1, -1, dtype=np.int64)
        row[ids] = np.arange(len(ids))
        return row

    def _rows_of(self, ids: np.ndarray) -> np.ndarray:
        known = np.asarray(ids, dtype=np.int64)
        rows = self._row[known[known < len(self._row)]]
        found: np.ndarray = rows[rows >= 0]
        return found


def _products(
    matrix: np.ndarray, one: np.ndarray, other: np.ndarray, one_back: np.ndarray, back: np.ndarray
) -> np.ndarray:
    """The symmetric split over some rows of the matrix, ``(N, R)``."""
    forth = (one @ matrix.T) * (back @ matrix.T)
    made: np.ndarray = (forth + (other @ matrix.T) * (one_back @ matrix.T)) / 2
    return made


def _merged(ids: np.ndarray, forms: VocabularyForms | None) -> tuple[np.ndarray, np.ndarray]:
    """Token ids that stand for what is added up, and to which of them each row belongs, or -1."""
    if forms is None:
        return ids, np.arange(len(ids))
    of = forms.of[ids]
    order = np.argsort(ids, kind="stable")
    known, first, member = np.unique(of[order], return_index=True, return_inverse=True)
    back = np.empty_like(member)
    back[order] = member
    lacking = int(known[0] < 0)
    return ids[order][first][lacking:], back - lacking

"""What a model in training makes of held-out texts: content words, the first component, STS-B.

Measured every so often, so that a run which does not bring content words out is seen within minutes
and not at its end. Definitions as in ``tokalign measure`` and ``tokalign spectrum``.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from scipy.stats import spearmanr

from tokalign.datasets.pairs import PairSet
from tokalign.errors import TokalignError
from tokalign.measures.chance import derangements
from tokalign.measures.measurement import content_literals
from tokalign.measures.overlap import Hit
from tokalign.measures.ranks import Literals, ranks
from tokalign.tokens import VocabularyForms
from tokalign.train.contrastive.reader import Reader

_K = 10
#: Content tokens that are looked at to find ten different forms among them.
_DEPTH = 80


class Monitor:
    """Held-out texts and the backbone's view of them.

    Args:
        backbone: The model before training. It may read otherwise than the embedder: the paper
            gives the backbone the plain text with the embedder's pooling.
        texts: Held-out texts, some hundred.
        pairs: Pairs of sentences with scores, such as STS-B's development split; or None.
        own_head: Whether the model in training is decoded by its own head, not its backbone's.

    Raises:
        TokalignError: There is no text, or none with a content word.
    """

    def __init__(
        self,
        backbone: Reader,
        texts: Sequence[str],
        *,
        pairs: PairSet | None = None,
        own_head: bool = False,
    ) -> None:
        forms = VocabularyForms.from_tokenizer(backbone.tokenizer)
        words = content_literals(texts, backbone.tokenizer, forms)
        having = np.flatnonzero(words.cutoff > 0)
        if not len(having):
            raise TokalignError("no held-out text has a content word")
        self.texts = [texts[int(i)] for i in having]
        self._literals = Literals(
            [words.items[i] for i in having], [words.matches[i] for i in having],
            words.cutoff[having],
        )  # fmt: skip
        self._deranged = derangements(len(having), seed=0)
        self._forms, self._pairs, self._own_head = forms.of, pairs, own_head
        self._head = _head(backbone.model)[: len(forms.of)].copy()
        self._before = backbone.encode(self.texts)
        right = np.linalg.svd(self._before, full_matrices=False)[2]
        along = self._before @ right[0]
        self._u1 = right[0] * (1.0 if along.mean() > 0 else -1.0)
        self._m1 = float(abs(along.mean()))

    def backbone(self) -> dict[str, float]:
        """The backbone's own figures, and those with its first component taken out.

        The second say how much there is to find.
        """
        without = self._before - self._m1 * self._u1
        figures = {f"backbone_{k}": v for k, v in self.decoded(self._before, self._head).items()}
        figures |= {f"without_u1_{k}": v for k, v in self.decoded(without, self._head).items()}
        return figures

    def look(self, reader: Reader) -> dict[str, float]:
        """Figures of the model in training.

        Returns:
            - ``content_hit``: content-word Hit@10 as ``tokalign measure`` has it, tokens without
              content taken out before ten are counted;
            - ``content_hit_chance``: the same with the lists of other texts: where a tokenizer
              cuts words into short pieces, it is not small;
            - ``content_hit_raw``: the same among the ten best tokens as they are;
            - ``non_content``: share of these ten that carry no content;
            - ``v1`` and ``minus_m1``: the mean change along the backbone's u_1, and what it would
              be if that part of the backbone's vectors were gone;
            - ``shift_on_u1``: share of the mean change that lies on u_1;
            - ``sts``: Spearman's correlation of cosines with the scores, where there are pairs.
        """
        vectors = reader.encode(self.texts)
        head = _head(reader.model)[: len(self._forms)] if self._own_head else self._head
        shift = (vectors - self._before).mean(axis=0)
        v1 = float(shift @ self._u1)
        figures = {
            **self.decoded(vectors, head),
            "v1": round(v1, 3),
            "minus_m1": round(-self._m1, 3),
            "shift_on_u1": round(v1**2 / max(float(shift @ shift), 1e-12), 4),
        }
        if self._pairs is not None:
            figures["sts"] = round(similarity(reader, self._pairs), 4)
        return figures

    def decoded(self, vectors: np.ndarray, head: np.ndarray) -> dict[str, float]:
        """The figures of content words for vectors ``(N, d)`` and a head ``(V, d)``."""
        logits = vectors @ head.T
        forms = self._forms[: logits.shape[1]]
        ten = _best(logits, _K)
        content = np.where(forms >= 0, logits, -np.inf)
        ranked = forms[_best(content, min(_DEPTH, int((forms >= 0).sum())))]
        lists = self._filled([_different(row)[:_K] for row in ranked])
        raw = self._filled([_different(forms[row]) for row in ten])
        others = [Hit(_K).value(ranks(self._literals, lists, order)) for order in self._deranged]
        return {
            "content_hit": round(Hit(_K).value(ranks(self._literals, lists)), 4),
            "content_hit_chance": round(float(np.mean(others or [0.0])), 4),
            "content_hit_raw": round(Hit(_K).value(ranks(self._literals, raw)), 4),
            "non_content": round(float((forms[ten] < 0).mean()), 4),
        }

    def _filled(self, lists: list[np.ndarray]) -> np.ndarray:
        """Lists of unequal length as one array, filled up with entries that match nothing."""
        nothing = int(max(self._forms.max(initial=0), self._literals.nothing)) + 1
        filled = [[*row, *range(nothing, nothing + _K - len(row))] for row in lists]
        return np.array(filled, dtype=np.int64)


def similarity(reader: Reader, pairs: PairSet) -> float:
    """Spearman's correlation of cosines with people's scores."""
    first, second = reader.encode(pairs.first), reader.encode(pairs.second)
    norms = np.linalg.norm(first, axis=1) * np.linalg.norm(second, axis=1)
    cosines = (first * second).sum(axis=1) / np.maximum(norms, 1e-12)
    return float(spearmanr(cosines, pairs.score).statistic)


def _head(model: Any) -> np.ndarray:
    matrix: np.ndarray = model.get_output_embeddings().weight.detach().float().cpu().numpy()
    return matrix


def _best(logits: np.ndarray, k: int) -> np.ndarray:
    """The columns of the k highest logits of each row, highest first."""
    some = np.argpartition(-logits, k - 1, axis=1)[:, :k]
    order = np.argsort(-np.take_along_axis(logits, some, axis=1), axis=1, kind="stable")
    best: np.ndarray = np.take_along_axis(some, order, axis=1)
    return best


def _different(forms: np.ndarray) -> np.ndarray:
    """The different forms of a row in order, without those that are none (-1)."""
    there = forms[forms >= 0]
    _, first = np.unique(there, return_index=True)
    kept: np.ndarray = there[np.sort(first)]
    return kept

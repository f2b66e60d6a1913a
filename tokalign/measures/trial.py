"""One embedder on trial: the lists of tokens that each control gives for the same texts.

Here the controls are made and scored text by text; `controls` sums them up. A control changes one
thing and leaves the rest as it is, and every vector is decoded on purpose, whosever head it is.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

import numpy as np
import torch

from tokalign.embedders import Embedder, Embeddings, encode_stored
from tokalign.embedders.encoding.inputs import input_embedder, inverse_document_frequency
from tokalign.embedders.loading.untrained import untrained
from tokalign.errors import TokalignError
from tokalign.measures.chance import DERANGEMENTS, derangements
from tokalign.measures.measurement import content_literals
from tokalign.measures.overlap import LAR, Hit
from tokalign.measures.ranks import Literals, ranks
from tokalign.store import Store
from tokalign.tokens import Head, VocabularyForms, decode, decode_forms, load_head

ITSELF = "the embedder itself"
OTHER_TEXT = "another text's tokens"
RANDOM_HEAD = "random head"
FREQUENCY = "frequency-matched tokens"
UNTRAINED = "untrained model, its own head"
UNTRAINED_BODY = "untrained model, trained head"
#: Control -> whether its input embeddings are centred, and whether weighted by idf.
INPUTS = {
    "input embeddings": (False, False),
    "input embeddings, idf": (False, True),
    "input embeddings, centred": (True, False),
    "input embeddings, centred, idf": (True, True),
}

VIEWS = ("tokens", "content")
#: View -> an array with a row for each text: a list of entries, or Hit@K and LAR.
ByView = dict[str, np.ndarray]


def frequency_swap(frequency: np.ndarray, generator: np.random.Generator) -> np.ndarray:
    """A random exchange of entries that leaves each about as frequent as it was.

    Entries are put in the order of their frequency, equal ones in random order, and each changes
    places with a neighbour; whether with the next or the one before is drawn too. Where they do not
    come out in pairs, three at an end change places in a ring.

    Args:
        frequency: ``(E,)``, how often each entry occurs; two entries or more.
        generator: Of the draws.

    Returns:
        ``(E,)`` a permutation without a fixed point: entry i gives way to entry ``swap[i]``.

    >>> frequency_swap(np.array([90, 1, 2, 80]), np.random.default_rng(0)).tolist()
    [3, 2, 1, 0]
    """
    n = len(frequency)
    if n < 2:
        raise ValueError(f"{n} entries cannot change places; two or more can")
    order = np.lexsort((generator.random(n), frequency))
    # Where each pair starts; the first may be a ring of three, and so may what is left at the end.
    starts = np.append(0, np.arange(2 + generator.integers(2), n - 1, 2))
    before = np.arange(n) - 1
    before[starts] = np.append(starts[1:], n) - 1
    swap = np.empty(n, dtype=np.int64)
    swap[order] = order[before]
    return swap


class Trial:
    """Texts, ready to be looked up in the lists of each control.

    Args:
        embedder: Who is on trial.
        texts: N texts.
        head: Its own head.
        k: K of Hit@K.
        seed: Of all that is drawn.
        store: Where vectors are kept; None computes everything.
        progress: Show progress bars on standard error.

    Raises:
        TokalignError: A text has no token.
    """

    def __init__(
        self, embedder: Embedder, texts: Sequence[str], head: Head, *, k: int, seed: int,
        store: Store | None, progress: bool,
    ) -> None:  # fmt: skip
        ids = embedder.tokenizer(list(texts), verbose=False)["input_ids"]
        if empty := [number for number, row in enumerate(ids, 1) if not row]:
            raise TokalignError(f"text {empty[0]} is empty: it has no literal tokens to look for")
        self.embedder, self.texts, self.head, self.k, self.seed = embedder, texts, head, k, seed
        self._store, self._progress = store, progress
        self._forms = VocabularyForms.from_tokenizer(embedder.tokenizer)
        words = content_literals(texts, embedder.tokenizer, self._forms)
        having = self._having = np.flatnonzero(words.cutoff > 0)
        content = Literals([words.items[i] for i in having], [words.matches[i] for i in having],
                           words.cutoff[having])  # fmt: skip
        self._literals = dict(zip(VIEWS, (Literals.of_ids(ids), content), strict=True))
        #: Control -> what there is to know about it.
        self.notes: dict[str, str] = {}

    def scores(self, lent: dict[str, Head]) -> Iterator[tuple[str, ByView]]:
        """Each control with Hit@K and LAR of each text, ``(n, 2)`` a view, as a table lists them.

        Args:
            lent: Control -> a head of another.
        """
        made = self._encode(self.embedder, self.texts)
        own = self._lists(made, self.head)
        yield ITSELF, self._scored(own)
        yield OTHER_TEXT, self._drawn(self._other_texts, own)
        yield RANDOM_HEAD, self._scored(self._lists(made, self.head.random(self.seed)))
        yield FREQUENCY, self._drawn(self._frequency_matched, own)
        blank = untrained(self.embedder, self.seed)
        drawn = self._encode(blank, self.texts)
        yield UNTRAINED, self._scored(self._lists(drawn, load_head(blank)))
        yield UNTRAINED_BODY, self._scored(self._lists(drawn, self.head))
        for control, head in lent.items():
            yield control, self._scored(self._lists(made, head))
        for control, (centred, by_idf) in INPUTS.items():
            yield control, self._of_inputs(control, centred, by_idf)
        if len(self.texts) < 2:
            self.notes[OTHER_TEXT] = "there is no other text"

    def _encode(self, embedder: Embedder, texts: Sequence[str]) -> Embeddings:
        return encode_stored(embedder, texts, self._store, progress=self._progress)

    def _lists(self, made: Embeddings, head: Head) -> ByView:
        """What a head makes of one vector a text."""
        made = made if head.linear else made.unnormalised()
        deep = {v: max(self.k, int(x.cutoff.max(initial=0))) for v, x in self._literals.items()}
        tokens = decode(made, head, deep["tokens"], swapped=True).ids
        forms = decode_forms(made, head, self._forms, deep["content"], swapped=True)
        return {"tokens": tokens, "content": forms[self._having]}

    def _scored(self, lists: ByView) -> ByView:
        return {view: self._mean(view, [lists[view]]) for view in VIEWS}

    def _drawn(
        self, draw: Callable[[str, np.ndarray], Iterable[np.ndarray]], lists: ByView
    ) -> ByView:
        return {view: self._mean(view, draw(view, lists[view])) for view in VIEWS}

    def _mean(self, view: str, lists: Iterable[np.ndarray]) -> np.ndarray:
        """Hit@K and LAR of each text ``(n, 2)``, the mean over some lists; NaN where none is."""
        literals = self._literals[view]
        total, count = np.zeros((len(literals), 2)), 0
        for given in lists:
            seen = ranks(literals, given)
            total += np.stack([Hit(self.k).per_text(seen), LAR().per_text(seen)], axis=1)
            count += 1
        return total / count if count else np.full_like(total, np.nan)

    def _other_texts(self, view: str, lists: np.ndarray) -> Iterator[np.ndarray]:
        return (lists[order] for order in derangements(len(lists), seed=self.seed))

    def _frequency_matched(self, view: str, lists: np.ndarray) -> Iterator[np.ndarray]:
        entries = self.head.ids.cpu().numpy()
        if view == "content":
            entries = np.unique(self._forms.of[entries])
            entries = entries[entries >= 0]
        matches = self._literals[view].matches
        occurring = [np.unique(np.concatenate(row)) for row in matches if row]
        size = int(entries.max(initial=0)) + 1
        # What is no entry, such as a word that no token begins, cannot be aligned either.
        found = np.concatenate([np.empty(0, np.int64), *occurring])
        frequency = np.bincount(found[found < size], minlength=size)[entries]
        generator = np.random.default_rng(self.seed)
        table = np.arange(size)
        for _ in range(DERANGEMENTS if len(lists) else 0):
            table[entries] = entries[frequency_swap(frequency, generator)]
            yield table[lists]

    def _of_inputs(self, control: str, centred: bool, by_idf: bool) -> ByView:
        """The scores of a rival made of input embeddings; NaN where it cannot be had."""
        its: dict[str, Any] = {"centred": centred}
        pooling = self.embedder.recipe.pooling
        if pooling in ("last", "cls"):
            its |= {"pooling": "mean", "pool_over": "text"}
            self.notes[control] = (
                f"mean of the text's own tokens; pooling {pooling} takes one alone"
            )
        try:
            made = self._halves(its) if by_idf else self._encode(
                input_embedder(self.embedder, **its), self.texts)  # fmt: skip
            return self._scored(self._lists(made, self._input_head()))
        except TokalignError as error:
            self.notes[control] = str(error)
            return {view: self._mean(view, []) for view in VIEWS}

    def _halves(self, its: dict[str, Any]) -> Embeddings:
        """Input embeddings of each half of the texts with the idf of the other."""
        n = len(self.texts)
        if n < 2:
            raise TokalignError("idf is fitted on the other half of the texts: two are needed")
        drawn = np.random.default_rng(self.seed).permutation(n)
        halves = [[self.texts[i] for i in half] for half in (drawn[: n // 2], drawn[n // 2 :])]
        parts = []
        for half, other in (halves, halves[::-1]):
            idf = inverse_document_frequency(self.embedder, other)
            parts.append(self._encode(input_embedder(self.embedder, idf=idf, **its), half))
        back = np.argsort(drawn)
        return Embeddings(
            np.concatenate([part.vectors for part in parts])[back],
            parts[0].space,
            np.concatenate([part.norms for part in parts])[back],
            np.concatenate([part.truncated for part in parts])[back],
        )

    def _input_head(self) -> Head:
        """The input embeddings as a head; the head itself where it is tied to them."""
        rows = self.embedder.model.get_input_embeddings().weight
        mine = self.head.matrix
        named = rows[self.head.ids.to(rows.device)].to(mine.device)
        if self.head.linear and mine.shape == named.shape and torch.equal(mine, named):
            return self.head
        return load_head(self.embedder, "tied_input")

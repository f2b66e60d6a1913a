"""The project's own pairs: loading, the rules that their writer kept, and the data sheet."""

from __future__ import annotations

import dataclasses
import json
import re
from collections import Counter
from pathlib import Path
from statistics import correlation, mean

import pytest
import snowballstemmer
from hypothesis import given, settings
from hypothesis import strategies as st

from tokalign.datasets import frames, load_pairs, load_texts
from tokalign.datasets.files import Document
from tokalign.datasets.own import own_data
from tokalign.datasets.own_pairs import FILE, OWN_KINDS, OwnPair, own_pair_rows, own_pairs
from tokalign.errors import TokalignError
from tokalign.train.contamination import Forbidden
from tokalign.train.contrastive.other_sources import written_triples

DATA = Path(__file__).parents[2] / "data"
PAIRS = own_pairs()
#: Words of the two sentences that the other lacks, repeated ones counted: at most so many.
BOUND = {"negation": 4, "antonym": 2, "role-swap": 2, "number": 4}
WORD = re.compile(r"[^\W_]+(?:['’.,-][^\W_]+)*")
STEMMER = snowballstemmer.stemmer("english")
ROW = {
    "first": "It rained.",
    "second": "It never rained.",
    "kind": "negation",
    "changed": ["never"],
    "changed_first": [],
    "similarity": 1.0,
    "relatedness": 5,
}


def stems(text: str) -> Counter[str]:
    return Counter(STEMMER.stemWord(word.casefold()) for word in WORD.findall(text))


def difference(pair: OwnPair) -> Counter[str]:
    first, second = stems(pair.first), stems(pair.second)
    return (first - second) + (second - first)


def of(*kinds: str) -> list[OwnPair]:
    return [pair for pair in PAIRS if pair.kind in kinds]


def in_order(words: tuple[str, ...], text: str) -> bool:
    left = iter(WORD.findall(text))
    return all(word in left for word in words)


# Loading


def test_read_from_the_checkout() -> None:
    assert own_data(FILE) == (DATA / "pairs.jsonl").resolve()
    lines = (DATA / "pairs.jsonl").read_text("utf-8").splitlines()
    assert len(PAIRS) == len(lines)
    for pair, line in zip(PAIRS, lines, strict=True):
        assert json.loads(json.dumps(dataclasses.asdict(pair))) == json.loads(line)


def test_as_a_pair_set() -> None:
    pairs = load_pairs("pairs")
    assert pairs.first == tuple(pair.first for pair in PAIRS)
    assert pairs.second == tuple(pair.second for pair in PAIRS)
    assert pairs.label == tuple(pair.kind for pair in PAIRS)
    assert pairs.score is not None
    assert pairs.score.tolist() == [pair.similarity for pair in PAIRS]
    assert (pairs.name, pairs.kind, pairs.split) == ("pairs", "similarity", "test")
    assert pairs.source == str(own_data(FILE))
    assert pairs.licence == load_texts("sentences").licence


@pytest.mark.parametrize("split", ["train", "dev"])
def test_only_a_test_split(split: str) -> None:
    with pytest.raises(TokalignError, match=f"unknown split of pairs '{split}'.*test"):
        load_pairs("pairs", split)


def test_as_texts() -> None:
    texts = load_texts("pairs")
    assert texts.texts == tuple(t for pair in PAIRS for t in (pair.first, pair.second))
    assert (texts.name, texts.labels, texts.sha256) == ("pairs", None, load_pairs("pairs").sha256)


@settings(max_examples=25)
@given(st.integers(1, 300), st.integers(1, 300), st.integers(0, 5))
def test_samples_nest_and_agree_with_load_pairs(one: int, other: int, seed: int) -> None:
    low, high = sorted((one, other))
    small, large = own_pairs(limit=low, seed=seed), own_pairs(limit=high, seed=seed)
    assert len(small) == min(low, len(PAIRS))
    assert [pair for pair in large if pair in small] == list(small)
    assert load_pairs("pairs", limit=low, seed=seed).second == tuple(p.second for p in small)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"kind": "synonym"}, '"kind" must be one of negation, antonym'),
        ({"kind": ["negation"]}, '"kind" must be one of'),
        ({"second": " "}, 'needs a field "second" that is a text'),
        ({"changed": "never"}, 'needs a field "changed" that is a list of words'),
        ({"changed_first": [1]}, 'needs a field "changed_first" that is a list'),
        ({"similarity": 5.5}, 'needs a field "similarity" that is a number from 0 to 5'),
        ({"relatedness": True}, 'needs a field "relatedness" that is a number'),
        ({"relatedness": float("nan")}, 'needs a field "relatedness" that is a number'),
    ],
)
def test_malformed(change: dict[str, object], message: str) -> None:
    text = "\n".join(json.dumps(row) for row in (ROW, ROW | change))
    with pytest.raises(TokalignError, match=f"p.jsonl, line 2: {message}"):
        own_pair_rows(Document(Path("p.jsonl"), text, ""))


def test_missing(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr("tokalign.datasets.own.book_data", lambda name: tmp_path / name)
    for load in (own_pairs, lambda: load_pairs("pairs"), lambda: load_texts("pairs")):
        with pytest.raises(TokalignError, match=r"data set 'pairs' lies in data/"):
            load()


# What the writer promised


def test_forty_of_each_kind_in_order() -> None:
    assert [pair.kind for pair in PAIRS] == [kind for kind in OWN_KINDS for _ in range(40)]


def test_sentences() -> None:
    texts = [text for pair in PAIRS for text in (pair.first, pair.second)]
    assert [text for text in texts if not 4 <= len(text.split()) <= 20] == []
    assert [text for text in texts if text[-1] not in ".?!" or not text[0].isupper()] == []
    assert len({text.casefold() for text in texts}) == len(texts)


def test_no_frame_more_than_three_times() -> None:
    assert [f for f, n in frames(pair.first for pair in PAIRS).items() if n > 3] == []


def test_none_is_in_the_training_data_or_the_sentences() -> None:
    forbidden = Forbidden(
        [*(text for e in written_triples() for text in e.texts), *load_texts("sentences").texts]
    )
    texts = [text for pair in PAIRS for text in (pair.first, pair.second)]
    assert [text for text in texts if forbidden.within(text)] == []


@pytest.mark.shared
@pytest.mark.slow
def test_none_is_in_a_public_set(shared: Path) -> None:
    from tokalign.train.contamination import evaluation_texts

    forbidden = Forbidden(evaluation_texts([shared / "datasets"]))
    assert [t for p in PAIRS for t in (p.first, p.second) if forbidden.within(t)] == []


@pytest.mark.parametrize("kind", BOUND)
def test_minimal_pairs_differ_in_few_words(kind: str) -> None:
    sizes = {pair.second: difference(pair).total() for pair in of(kind)}
    assert {text: n for text, n in sizes.items() if n > BOUND[kind]} == {}


def test_an_antonym_replaces_exactly_one_word() -> None:
    for pair in of("antonym"):
        first, second = WORD.findall(pair.first), WORD.findall(pair.second)
        changed = [(a, b) for a, b in zip(first, second, strict=True) if a != b]
        assert changed == list(zip(pair.changed_first, pair.changed, strict=True))
        assert len(changed) == 1


def test_a_role_swap_keeps_its_words() -> None:
    """But for "was" after one and "their" for many, the words are the same up to inflection."""
    for pair in of("role-swap"):
        assert set(difference(pair)) <= {"was", "were", "her", "their"}
        assert stems(" ".join(pair.changed)) == stems(" ".join(pair.changed_first))
        assert WORD.findall(pair.first) != WORD.findall(pair.second)


def test_changed_words_stand_in_their_sentence() -> None:
    for pair in PAIRS:
        assert in_order(pair.changed, pair.second)
        assert in_order(pair.changed_first, pair.first)
        if pair.kind in BOUND:
            assert pair.changed
            assert pair.changed != pair.changed_first
        else:
            assert pair.changed == pair.changed_first == ()


def test_without_the_changed_words_little_differs() -> None:
    """Only helping words are left, such as "did" before "not" or "times" after "ten"."""
    helping = {"do", "doe", "did", "yet", "to", "speak", "spoke", "found", "find"}
    helping |= {"a", "left", "was", "were", "her", "their"}
    for pair in of(*BOUND):
        named = stems(" ".join(pair.changed + pair.changed_first))
        assert set(difference(pair) - named) <= helping, pair.second


def test_paraphrases_share_few_words() -> None:
    shared = [(stems(pair.first) & stems(pair.second)).total() for pair in of("paraphrase")]
    assert max(shared) <= 4


def test_scores_go_by_half_steps_and_keep_to_the_guideline() -> None:
    scores = [score for pair in PAIRS for score in (pair.similarity, pair.relatedness)]
    assert all((2 * score).is_integer() for score in scores)
    assert all(pair.similarity <= pair.relatedness for pair in PAIRS if pair.kind != "paraphrase")
    assert max(pair.similarity for pair in of(*BOUND)) <= 3
    assert min(pair.relatedness for pair in of(*BOUND)) >= 4
    assert max(pair.relatedness for pair in of("related")) < 4
    assert min(pair.similarity for pair in of("paraphrase")) >= 3.5


# The data sheet


def overlap(pair: OwnPair) -> float:
    """Jaccard index of the two sets of stems."""
    first, second = set(stems(pair.first)), set(stems(pair.second))
    return len(first & second) / len(first | second)


def test_the_data_sheet_says_what_the_file_holds() -> None:
    sheet = (DATA / "pairs.md").read_text("utf-8")
    told = {
        cells[0]: cells[1:]
        for line in sheet.splitlines()
        if len(cells := [cell.strip() for cell in line.strip("|").split("|")]) == 7
        and cells[1].isdigit()
    }
    found = {}
    for name in (*OWN_KINDS, "all"):
        rows = list(PAIRS) if name == "all" else of(name)
        similarity, relatedness = (
            [getattr(pair, field) for pair in rows] for field in ("similarity", "relatedness")
        )
        found[name] = [
            str(len(rows)),
            f"{mean(len(t.split()) for p in rows for t in (p.first, p.second)):.1f}",
            f"{mean(similarity):.2f}",
            f"{min(similarity):.1f} to {max(similarity):.1f}",
            f"{mean(relatedness):.2f}",
            f"{min(relatedness):.1f} to {max(relatedness):.1f}",
        ]
    assert told == found


def test_the_data_sheet_gives_the_correlations() -> None:
    sheet = " ".join((DATA / "pairs.md").read_text("utf-8").split())
    similarity = [pair.similarity for pair in PAIRS]
    relatedness = [pair.relatedness for pair in PAIRS]
    words = [overlap(pair) for pair in PAIRS]
    both = f"{correlation(similarity, relatedness):.2f}"
    assert f"Over all pairs the two scores correlate at {both} (Pearson)" in sheet
    with_similarity = f"{correlation(words, similarity):.2f}"
    with_relatedness = f"{correlation(words, relatedness):.2f}"
    assert f"{with_similarity} with similarity and {with_relatedness} with relatedness" in sheet

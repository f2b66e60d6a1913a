"""The judge's marks against plain loops, its chance level exactly, and what is flagged."""

from __future__ import annotations

import runpy
from collections import Counter
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from tokalign.embedders import Embedder, load_embedder
from tokalign.errors import TokalignError
from tokalign.measures import MarkedText, marked_texts
from tokalign.measures.related import (
    MARKS,
    JudgedTexts,
    is_circular,
    judge_related,
    mark_shares,
    token_string,
)
from tokalign.store import Store

TINY = runpy.run_path(str(Path(__file__).resolve().parents[1] / "tiny_bert.py"))


@pytest.fixture(scope="module")
def judge(tmp_path_factory: pytest.TempPathFactory) -> Embedder:
    return load_embedder(str(TINY["build"](tmp_path_factory.mktemp("judges") / "judge", seed=9)))


@pytest.fixture(scope="module")
def marked(tiny: Embedder, sentences: list[str]) -> list[MarkedText]:
    return marked_texts(tiny, sentences[:40], 6)


def one(text: str, tokens: str, marks: str) -> MarkedText:
    """Marks by their first letters."""
    names = {mark[0]: mark for mark in MARKS}
    parts = tuple(tokens.split("|"))
    logits = tuple(-float(i) for i in range(len(parts)))
    return MarkedText(text, parts, logits, tuple(names[m] for m in marks), ())  # type: ignore[misc]


def cosine(a: np.ndarray, b: np.ndarray) -> float:
    return float(a @ b / np.linalg.norm(a) / np.linalg.norm(b))


def test_marks_against_plain_loops(
    tiny: Embedder, judge: Embedder, marked: list[MarkedText], sentences: list[str]
) -> None:
    texts = sentences[:60]
    found = judge_related(marked, texts, embedder=tiny, judge=judge, share=0.1)
    vectors = judge.encode(texts).vectors.astype(float)
    changed = Counter()
    for old, new in zip(marked, found.marked, strict=True):
        assert replace(new, marks=old.marks) == old
        for token, before, after in zip(old.tokens, old.marks, new.marks, strict=True):
            if before != "other":
                assert after == before
                continue
            vector = judge.encode([token_string(token)]).vectors[0].astype(float)
            own = cosine(vector, vectors[texts.index(old.text)])
            nearer = sum(cosine(vector, other) > own + 1e-9 for other in vectors)
            assert (after == "related") == (nearer < 6)
            changed[after] += 1
    assert changed["related"]
    assert changed["other"]
    assert (found.texts, found.chance) == (60, 0.1)
    assert (found.embedder, found.judge, found.circular) == ("tiny", "judge", False)


def test_the_chance_level_is_exact(tiny: Embedder, judge: Embedder, sentences: list[str]) -> None:
    """A token that is given to every text in turn is related to just that share of them."""
    texts = sentences[:50]
    marked = [one(text, "moon|gold|river", "ooo") for text in texts]
    found = judge_related(marked, [], embedder=tiny, judge=judge, share=0.07)
    assert found.chance == 3 / 50
    for place in range(3):
        assert sum(m.marks[place] == "related" for m in found.marked) == 3
    assert found.unmatched().value == pytest.approx(found.chance)
    shares = found.shares().set_index("mark")
    assert shares.loc["related", "value"] == pytest.approx(shares.loc["related", "chance"])


def test_an_embedder_that_judges_itself_is_flagged(
    tiny: Embedder, judge: Embedder, marked: list[MarkedText], tmp_path: Path
) -> None:
    again = load_embedder(str(TINY["build"](tmp_path / "again")))
    assert again.fingerprint == tiny.fingerprint
    named = replace(judge, recipe=judge.recipe.model_copy(update={"backbone": "tiny"}))
    assert is_circular(tiny, tiny)
    assert is_circular(tiny, again)
    assert is_circular(tiny, named)
    assert not is_circular(tiny, judge)
    found = judge_related(marked, [], embedder=tiny, judge=tiny)
    assert found.circular
    assert found.shares()["circular"].all()


def test_blank_tokens_are_never_related(
    tiny: Embedder, judge: Embedder, sentences: list[str]
) -> None:
    marked = [one(text, " |\n|##", "ooo") for text in sentences[:30]]
    found = judge_related(marked, [], embedder=tiny, judge=judge)
    assert {m for one in found.marked for m in one.marks} == {"other"}
    assert found.unmatched().value == 0


def test_a_text_that_is_there_twice_counts_once(
    tiny: Embedder, judge: Embedder, marked: list[MarkedText], sentences: list[str]
) -> None:
    first = judge_related(marked, sentences[:50], embedder=tiny, judge=judge)
    twice = judge_related(marked, sentences[:50] * 2, embedder=tiny, judge=judge)
    assert first == twice


def test_a_real_judge_knows_what_a_text_is_about(
    tiny: Embedder, minilm: Embedder, sentences: list[str], tmp_path: Path
) -> None:
    text = "The committee agreed on the new climate treaty in November after long talks."
    given = one(text, "treaty|agreement|pact|violin|galaxy|chlorophyll", "looooo")
    found = judge_related([given], sentences[:60], embedder=tiny, judge=minilm,
                          store=Store(tmp_path))  # fmt: skip
    assert found.marked[0].marks == ("literal", "related", "related", "other", "other", "other")
    assert not found.circular
    by_default = judge_related([given], sentences[:60], embedder=tiny, store=Store(tmp_path))
    assert by_default == found


@pytest.fixture
def judged() -> JudgedTexts:
    marked = (one("a", "1|2|3|4", "lvro"), one("b", "1|2|3|4", "rroo"), one("c", "1|2|3|4", "lllr"))
    return JudgedTexts(marked, 0.1, 20, "e", "j", False)


def test_shares_of_marks(judged: JudgedTexts) -> None:
    found = judged.shares().set_index("mark")
    assert found.index.tolist() == list(MARKS)
    expected = {"literal": 4 / 12, "variant": 1 / 12, "related": 4 / 12, "other": 3 / 12}
    assert found["value"].to_dict() == pytest.approx(expected)
    assert found["value"].sum() == pytest.approx(1)
    assert (found["low"] <= found["value"]).all()
    assert (found["value"] <= found["high"]).all()
    assert found.loc["related", "chance"] == pytest.approx(0.1 * 7 / 12)
    assert found["chance"].drop("related").isna().all()
    assert judged.shares(k=1).set_index("mark")["value"].tolist() == pytest.approx(
        [2 / 3, 0, 1 / 3, 0]
    )


def test_of_the_unmatched(judged: JudgedTexts) -> None:
    found = judged.unmatched()
    assert found.value == pytest.approx(4 / 7)
    assert 0 <= found.low < found.value < found.high <= 1
    assert found == judged.unmatched(seed=0)
    single = replace(judged, marked=judged.marked[:1]).unmatched()
    assert (single.value, single.low, single.high) == (0.5, 0.0, 1.0)
    with pytest.raises(TokalignError, match="every token is of the text"):
        replace(judged, marked=(one("a", "1|2", "lv"),)).unmatched()


def test_several_lists_are_put_together(judged: JudgedTexts) -> None:
    found = mark_shares({"first": judged, "second": replace(judged, circular=True)})
    assert found["embedder"].tolist() == ["first"] * 4 + ["second"] * 4
    assert found["circular"].tolist() == [False] * 4 + [True] * 4
    with pytest.raises(TokalignError, match="k must be at least 1"):
        judged.shares(k=0)


@pytest.mark.parametrize(
    ("count", "share", "why"),
    [
        (0, 0.05, "no marked texts"),
        (5, 0.0, "between 0 and 1"),
        (5, 1.0, "between 0 and 1"),
        (5, 0.05, "nearest 5% of 5 different texts are none at all; at least 20"),
    ],
)
def test_bad_input_is_a_users_error(
    tiny: Embedder, judge: Embedder, marked: list[MarkedText], count: int, share: float, why: str
) -> None:
    with pytest.raises(TokalignError, match=why):
        judge_related(marked[:count], [], embedder=tiny, judge=judge, share=share)

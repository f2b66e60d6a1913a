"""Examples: made of a corpus, clean of evaluation sentences, with the share of each rule."""

from __future__ import annotations

import json
import lzma
from pathlib import Path

import pytest

from tokalign.errors import TokalignError
from tokalign.train.contamination import Forbidden, normalise
from tokalign.train.contrastive.examples import Example, read_examples, write_examples
from tokalign.train.contrastive.making import KINDS, make_examples
from tokalign.train.contrastive.mixture import Mixture
from tokalign.train.contrastive.other_sources import written_triples
from tokalign.train.contrastive.plans import Source

PLANTED = "A man is slicing a large onion in the kitchen."
PARAGRAPH = (
    "The Iwamatsu Dam is a large dam in Japan, which was built by the army in 1939. "
    "Work began in May, and it was finished within two years. "
    "The dam holds more water than the old dam near the town. "
    "After the war, the dam was sold to a company from Tokyo. It is still in use today."
)


@pytest.fixture
def corpus(tmp_path: Path) -> Path:
    """Eight articles; in one of them stands an evaluation sentence."""
    path = tmp_path / "corpus.jsonl.xz"
    with lzma.open(path, "wt", encoding="utf-8") as file:
        for number in range(8):
            here = [PARAGRAPH.replace("1939", str(1900 + number)) for _ in range(2)]
            if number == 3:
                here[0] = f"{PLANTED} {here[0]}"
            row = {"id": number, "title": f"Iwamatsu Dam {number}", "paragraphs": here}
            file.write(json.dumps(row) + "\n")
    return path


@pytest.mark.parametrize("kind", ["nli", "retrieval", "windows"])
def test_no_example_holds_an_evaluation_sentence(kind: str, corpus: Path, tmp_path: Path) -> None:
    dirty = make_examples(kind, tmp_path / "dirty.jsonl", Forbidden([]), corpus=corpus)
    forbidden = Forbidden([PLANTED.upper()])
    clean = make_examples(kind, tmp_path / "clean.jsonl", forbidden, corpus=corpus)
    assert dirty.left_out == 0
    assert clean.left_out == 1
    assert clean.examples < dirty.examples
    held = {e: read_examples(tmp_path / f"{e}.jsonl") for e in ("clean", "dirty")}
    assert not any(forbidden.within(t) for e in held["clean"] for t in e.texts)
    if kind == "nli":
        assert any(forbidden.within(t) for e in held["dirty"] for t in e.texts)


def test_a_sentence_that_a_rule_makes_is_looked_at_too(corpus: Path, tmp_path: Path) -> None:
    made = make_examples("nli", tmp_path / "a.jsonl", Forbidden([]), corpus=corpus)
    positive = read_examples(tmp_path / "a.jsonl")[0].positive
    forbidden = Forbidden([positive.replace(" ", "  ").swapcase()])
    fewer = make_examples("nli", tmp_path / "b.jsonl", forbidden, corpus=corpus)
    assert fewer.examples < made.examples
    kept = [normalise(e.positive) for e in read_examples(tmp_path / "b.jsonl")]
    assert normalise(positive) not in kept


def test_manifest_tells_rules_source_and_seed(corpus: Path, tmp_path: Path) -> None:
    made = make_examples(
        "nli", tmp_path / "nli.jsonl", Forbidden([]), corpus=corpus, start=1, stop=6, seed=5
    )
    said = json.loads((tmp_path / "nli.jsonl.json").read_text())
    assert said["rules"] == made.rules
    assert said["source"]["file"] == "corpus.jsonl.xz"
    assert (said["source"]["first"], said["source"]["last"], said["seed"]) == (1, 6, 5)
    assert str(tmp_path) not in json.dumps(said)
    assert 0 < said["with_negative"] <= 1


def test_the_same_seed_makes_the_same_file_wherever_reading_begins(
    corpus: Path, tmp_path: Path
) -> None:
    for name, start in (("a", 0), ("b", 0), ("c", 4)):
        make_examples("nli", tmp_path / f"{name}.jsonl", Forbidden([]), corpus=corpus, start=start)
    whole, again, part = ((tmp_path / f"{n}.jsonl").read_text() for n in "abc")
    assert whole == again
    assert whole.endswith(part)


def test_hard_negatives_of_retrieval_are_of_the_same_article(corpus: Path, tmp_path: Path) -> None:
    make_examples("retrieval", tmp_path / "r.jsonl", Forbidden([]), corpus=corpus)
    found = read_examples(tmp_path / "r.jsonl")
    assert {e.rule for e in found} > {"sentence_query"}
    assert all(e.against == "same_article" for e in found)
    assert all(e.anchor not in e.positive for e in found if e.rule == "sentence_query")


def test_written_triples_are_many_and_all_different() -> None:
    found = list(written_triples())
    assert 150 <= len(found) <= 200
    assert len({text for e in found for text in e.texts}) == 3 * len(found)


@pytest.mark.shared
def test_written_triples_are_in_no_data_set(shared: Path) -> None:
    from tokalign.train.contamination import evaluation_texts

    forbidden = Forbidden(evaluation_texts([shared / "datasets"]))
    assert [t for e in written_triples() for t in e.texts if forbidden.within(t)] == []


@pytest.mark.shared
def test_stsb_training_pairs_are_the_close_ones(
    shared: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TOKALIGN_DATA", str(shared / "datasets"))
    made = make_examples("stsb", tmp_path / "stsb.jsonl", Forbidden([]))
    assert made.examples > 1000
    assert all(0.8 <= e.weight <= 1 for e in read_examples(tmp_path / "stsb.jsonl"))


def test_sick_is_no_kind_of_examples(tmp_path: Path) -> None:
    assert "sick" not in KINDS
    with pytest.raises(TokalignError, match="unknown kind of examples 'sick'"):
        make_examples("sick", tmp_path / "x", Forbidden([]))


def test_errors_of_data(corpus: Path, tmp_path: Path) -> None:
    with pytest.raises(TokalignError, match="made of a corpus"):
        make_examples("nli", tmp_path / "x", Forbidden([]))
    with pytest.raises(TokalignError, match="no example of kind nli"):
        make_examples("nli", tmp_path / "x", Forbidden([]), corpus=corpus, start=99)
    with pytest.raises(TokalignError, match="cannot read"):
        read_examples(tmp_path / "none.jsonl")
    (tmp_path / "bad.jsonl").write_text('{"anchor": "a"}\n')
    with pytest.raises(TokalignError, match=r"bad.jsonl, line 1: is no example"):
        read_examples(tmp_path / "bad.jsonl")
    (tmp_path / "bad.jsonl").write_text('{"anchor": "a", "positive": " ", "rule": "r"}\n')
    with pytest.raises(TokalignError, match="needs texts that are not empty"):
        read_examples(tmp_path / "bad.jsonl")


def test_a_rule_can_be_left_out(tmp_path: Path) -> None:
    both = [Example("a", "b", "drop_time+synonym"), Example("c", "d", "numeral", "e", "negate")]
    write_examples(both, tmp_path / "e.jsonl")
    assert read_examples(tmp_path / "e.jsonl") == both
    assert read_examples(tmp_path / "e.jsonl", without=["synonym"]) == both[1:]
    assert read_examples(tmp_path / "e.jsonl", without=["negate"]) == both[:1]
    with pytest.raises(TokalignError, match="no example to train on"):
        read_examples(tmp_path / "e.jsonl", without=["negate", "synonym"])


def test_batches_follow_from_step_and_seed(examples: list[Example]) -> None:
    sources = [Source(name="nli", share=3), Source(name="windows", share=1, negatives=False)]
    held = {"nli": examples, "windows": examples[:5]}
    first, second = (Mixture(sources, held, seed=1) for _ in range(2))
    assert [first.batch(s, 8) for s in range(5)] == [second.batch(s, 8) for s in range(5)]
    assert first.batch(0, 8) != Mixture(sources, held, seed=2).batch(0, 8)
    drawn = [first.batch(step, 8) for step in range(400)]
    of_nli = [b for b in drawn if b.source.name == "nli"]
    assert 0.65 < len(of_nli) / 400 < 0.85
    assert all(len(set(b.examples)) == 8 for b in of_nli)
    small = next(b for b in drawn if b.source.name == "windows")
    assert len(small.examples) == len(small.candidates) == 5
    with pytest.raises(TokalignError, match="no examples of kind nli"):
        Mixture(sources, {"windows": examples}, seed=0)

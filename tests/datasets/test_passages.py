"""The project's own collection is as varied, hard and fully judged as its sheet says."""

from __future__ import annotations

import importlib.util
import json
import re
from collections import Counter
from importlib import resources
from pathlib import Path
from statistics import mean, median
from types import ModuleType

import pytest
import snowballstemmer
from click.testing import CliRunner

from tokalign.datasets import RetrievalSet, frames, load_retrieval, load_texts, near_duplicates
from tokalign.datasets.quality import function_words
from tokalign.errors import TokalignError
from tokalign.retrieval import Run, bm25_search, evaluate
from tokalign.train.contamination import Forbidden

ROOT = Path(__file__).parents[2]
GENRES = ("finance", "nutrition", "science", "arguments")
STEMMER = snowballstemmer.stemmer("english")
Rows = list[dict[str, str]]


@pytest.fixture(scope="module")
def data() -> RetrievalSet:
    return load_retrieval("passages")


@pytest.fixture(scope="module")
def corpus() -> Rows:
    return rows("corpus")


@pytest.fixture(scope="module")
def queries() -> Rows:
    return rows("queries")


@pytest.fixture(scope="module")
def found(data: RetrievalSet) -> Run:
    return bm25_search(data)


def rows(name: str) -> Rows:
    text = (ROOT / "data" / "passages" / f"{name}.jsonl").read_text("utf-8")
    return [json.loads(line) for line in text.splitlines()]


def test_loaded_from_the_checkout_by_either_name(data: RetrievalSet, corpus: Rows) -> None:
    assert (data.name, data.licence) == ("passages", "CC BY 4.0")
    assert Path(data.source) == ROOT / "data" / "passages"
    assert data.doc_ids == tuple(row["_id"] for row in corpus)
    texts = load_texts("passages")
    assert (texts.name, texts.licence, texts.texts) == ("passages", "CC BY 4.0", data.docs)


def test_there_is_one_split() -> None:
    with pytest.raises(TokalignError, match="splits there: test"):
        load_retrieval("passages", "dev")


def test_genres_are_equally_large(corpus: Rows, queries: Rows) -> None:
    assert list(corpus[0]) == ["_id", "title", "text", "genre"]
    assert list(queries[0]) == ["_id", "text", "genre"]
    for held, least in ((corpus, 320), (queries, 64)):
        sizes = Counter(row["genre"] for row in held)
        assert set(sizes) == set(GENRES)
        assert len(set(sizes.values())) == 1
        assert len(held) >= least


def test_identifiers_and_texts_stand_once(corpus: Rows, queries: Rows) -> None:
    for field in ("_id", "text"):
        counts = Counter(row[field].casefold() for row in [*corpus, *queries])
        assert [value for value, count in counts.items() if count > 1] == []


def test_lengths(corpus: Rows) -> None:
    odd = [row["_id"] for row in corpus if not 40 <= len(row["text"].split()) <= 110]
    assert odd == []


def test_each_passage_ends_like_a_sentence(corpus: Rows) -> None:
    assert [row["_id"] for row in corpus if row["text"][-1] not in ".?!"] == []


def test_no_near_duplicates(data: RetrievalSet) -> None:
    near = near_duplicates([*data.docs, *data.queries], 0.6)
    assert [pair[:2] for pair in near] == []


def test_no_frame_of_a_query_more_than_three_times(data: RetrievalSet) -> None:
    assert [f for f, count in frames(data.queries).items() if count > 3] == []


def test_everything_judged_exists(data: RetrievalSet, queries: Rows) -> None:
    assert data.query_ids == tuple(row["_id"] for row in queries)
    judged = {doc for grades in data.qrels.values() for doc in grades}
    assert judged <= set(data.doc_ids)
    assert {g for grades in data.qrels.values() for g in grades.values()} == {0, 1, 2}


def test_each_query_has_answers_and_others(data: RetrievalSet) -> None:
    for query, grades in data.qrels.items():
        counts = Counter(grades.values())
        assert counts[2] >= 1, query
        assert counts[0] >= 5, query


def test_judgements_stand_once() -> None:
    lines = (ROOT / "data/passages/qrels/test.tsv").read_text("utf-8").splitlines()
    assert lines[0] == "query-id\tcorpus-id\tscore"
    pairs = Counter(tuple(line.split("\t")[:2]) for line in lines[1:])
    assert [pair for pair, count in pairs.items() if count > 1] == []


def test_nothing_of_it_is_in_the_training_data_written_for_the_project(data: RetrievalSet) -> None:
    forbidden = Forbidden([*data.docs, *data.queries])
    assert forbidden.within(f"They say: {data.docs[0]} And so on.")
    file = resources.files("tokalign.train.contrastive").joinpath("written_triples.jsonl")
    texts = [t for line in file.read_text("utf-8").splitlines() for t in json.loads(line).values()]
    assert len(texts) > 100
    assert [text for text in texts if forbidden.within(text)] == []


# ---- The data sheet ----


@pytest.fixture(scope="module")
def sheet() -> str:
    return (ROOT / "data" / "passages.md").read_text("utf-8")


def table(sheet: str, columns: int) -> dict[str, tuple[str, ...]]:
    """The rows of the sheet's table of so many columns, without its head."""
    lines = [line.strip().strip("|").split("|") for line in sheet.splitlines() if "|" in line]
    cells = [tuple(cell.strip() for cell in line) for line in lines if len(line) == columns]
    return {row[0]: row[1:] for row in cells if row[0] in (*GENRES, "all")}


def words(text: str) -> set[str]:
    """Content words, stemmed."""
    found = re.findall(r"[^\W_]+(?:['’-][^\W_]+)*", text.lower())
    return {STEMMER.stemWord(word) for word in found if word not in function_words()}


def overlaps(data: RetrievalSet) -> dict[str, dict[str, float]]:
    """Query -> judged document -> share of the query's content words that it holds."""
    held = {doc: words(text) for doc, text in zip(data.doc_ids, data.docs, strict=True)}
    asked = {query: words(text) for query, text in zip(data.query_ids, data.queries, strict=True)}
    return {
        query: {doc: len(asked[query] & held[doc]) / len(asked[query]) for doc in grades}
        for query, grades in data.qrels.items()
    }


def by_genre(queries: Rows) -> dict[str, list[str]]:
    grouped = {g: [row["_id"] for row in queries if row["genre"] == g] for g in GENRES}
    return grouped | {"all": [row["_id"] for row in queries]}


def test_sheet_counts_and_lengths(sheet: str, corpus: Rows, queries: Rows) -> None:
    expected = {}
    for genre in (*GENRES, "all"):
        here = (genre,) if genre != "all" else GENRES
        long = [len(row["text"].split()) for row in corpus if row["genre"] in here]
        asked = [len(row["text"].split()) for row in queries if row["genre"] in here]
        expected[genre] = (
            str(len(long)), f"{mean(long):.1f}", str(min(long)), str(max(long)),
            str(len(asked)), f"{mean(asked):.1f}",
        )  # fmt: skip
    assert table(sheet, 7) == expected
    total = [len(row["text"].split()) for row in corpus]
    assert f"{sum(total):,} words in all, with a median of {median(total):.0f} a passage" in sheet


def test_sheet_judgements(sheet: str, data: RetrievalSet, queries: Rows) -> None:
    expected = {}
    for genre, ids in by_genre(queries).items():
        counts = Counter(g for query in ids for g in data.qrels[query].values())
        expected[genre] = tuple(f"{n:,}" for n in (counts[2], counts[1], counts[0], counts.total()))
    assert table(sheet, 5) == expected


def test_sheet_overlap(sheet: str, data: RetrievalSet, queries: Rows) -> None:
    shared = overlaps(data)
    expected = {}
    for genre, ids in by_genre(queries).items():
        graded: dict[int, list[float]] = {0: [], 1: [], 2: []}
        for query in ids:
            for doc, grade in data.qrels[query].items():
                graded[grade].append(shared[query][doc])
        expected[genre] = tuple(f"{mean(graded[grade]):.2f}" for grade in (2, 1, 0))
    assert table(sheet, 4) == expected
    misled = sum(
        max(s for doc, s in shared[query].items() if grades[doc] == 0)
        >= max(s for doc, s in shared[query].items() if grades[doc] == 2)
        for query, grades in data.qrels.items()
    )
    far = sum(
        min(s for doc, s in shared[query].items() if grades[doc] == 2) <= 0.15
        for query, grades in data.qrels.items()
    )
    assert f"For {misled} of the {len(data.query_ids)} queries" in sheet
    assert f"for {far} an answer shares at most 15 % of the query's words" in sheet


def test_sheet_difficulty(sheet: str, data: RetrievalSet, found: Run) -> None:
    value = evaluate(found, data, ["nDCG@10"]).mean().value
    assert f"nDCG@10 of BM25 (as the package runs it) is {value:.2f}" in sheet
    assert 0.5 <= value <= 0.8
    largest = near_duplicates([*data.docs, *data.queries], 0.2)[0][2]
    assert f"at most 0.6; the largest is {largest:.2f}" in sheet


# ---- The pool ----


@pytest.fixture(scope="module")
def pool() -> ModuleType:
    spec = importlib.util.spec_from_file_location("pool", ROOT / "scripts/passages/pool.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def run(name: str, *docs: str) -> Run:
    return Run(name, {"q": {doc: -float(rank) for rank, doc in enumerate(docs)}})


def test_pool_holds_the_first_of_each_run_once(pool: ModuleType) -> None:
    runs = [run("one", "a", "b", "c"), run("two", "b", "d", "e")]
    assert sorted(pool.pooled(runs, "q", 2, 0)) == ["a", "b", "d"]
    assert pool.pooled(runs, "q", 2, 0) == pool.pooled(runs[::-1], "q", 2, 0)
    assert len({tuple(pool.pooled(runs, "q", 3, seed)) for seed in range(9)}) > 1


def test_pool_does_not_say_who_found_what(
    pool: ModuleType,
    data: RetrievalSet,
    found: Run,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(pool, "systems", lambda data, store: [found])
    out = tmp_path / "pool.jsonl"
    done = CliRunner().invoke(pool.main, ["--out", str(out), "--depth", "3"])
    assert done.exit_code == 0, done.output
    lines = [json.loads(line) for line in out.read_text("utf-8").splitlines()]
    assert [line["_id"] for line in lines] == list(data.query_ids)
    assert {key for line in lines for key in line} == {"_id", "text", "passages"}
    assert {key for line in lines for p in line["passages"] for key in p} == {"_id", "text"}
    assert {len(line["passages"]) for line in lines} == {3}


def test_what_bm25_finds_first_is_judged(data: RetrievalSet, found: Run) -> None:
    unjudged = [
        (query, doc)
        for query, docs in found.top(15).rankings.items()
        for doc in docs
        if doc not in data.qrels[query]
    ]
    assert unjudged == []


def test_pool_reports_an_unknown_set_in_one_line(pool: ModuleType, tmp_path: Path) -> None:
    done = CliRunner().invoke(pool.main, ["--out", str(tmp_path / "x"), "--dataset", "pasages"])
    assert done.exit_code == 2
    assert "did you mean passages?" in done.output
    assert len(done.output.splitlines()) == 1

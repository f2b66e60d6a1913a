from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from tokalign.datasets import load_retrieval, load_texts
from tokalign.datasets.beir import read_qrels
from tokalign.datasets.files import Document
from tokalign.errors import TokalignError

Write = Callable[[str, str | bytes], Path]

CORPUS = [
    {"_id": "d1", "title": "Parrots", "text": "They talk.", "metadata": {}},
    {"_id": "d2", "title": "", "text": "Rain falls."},
    {"_id": "d3", "text": "Rain falls."},
]
QUERIES = [
    {"_id": "q2", "text": "rain"},
    {"_id": "q1", "text": "birds"},
    {"_id": "q9", "text": "x"},
]
HEADER = "query-id\tcorpus-id\tscore\n"
QRELS = "q1\td1\t2\nq1\td2\t0\nq2\td3\t1\n"


def lines(rows: list[dict[str, object]]) -> str:
    return "".join(json.dumps(row) + "\n" for row in rows)


def make(folder: Path, *, qrels: str = QRELS, **changed: str) -> Path:
    (folder / "qrels").mkdir(parents=True)
    (folder / "corpus.jsonl").write_text(changed.get("corpus", lines(CORPUS)))
    (folder / "queries.jsonl").write_text(changed.get("queries", lines(QUERIES)))
    (folder / "qrels" / "test.tsv").write_text(qrels)
    return folder


@pytest.mark.parametrize("qrels", [QRELS, HEADER + QRELS, QRELS.replace("\n", "\r\n")])
def test_beir_folder(tmp_path: Path, qrels: str) -> None:
    held = load_retrieval(str(make(tmp_path / "mine", qrels=qrels)))
    assert held.name == "mine"
    assert dict(zip(held.doc_ids, held.docs, strict=True)) == {
        "d1": "Parrots. They talk.",
        "d2": "Rain falls.",
        "d3": "Rain falls.",
    }
    assert (held.query_ids, held.queries) == (("q2", "q1"), ("rain", "birds"))
    assert held.qrels == {"q1": {"d1": 2, "d2": 0}, "q2": {"d3": 1}}
    assert len(held) == 3


def test_digest_follows_every_file(tmp_path: Path) -> None:
    found = {
        load_retrieval(str(make(tmp_path / name, **changed))).sha256
        for name, changed in {
            "a": {},
            "b": {"qrels": QRELS + "q9\td1\t1\n"},
            "c": {"corpus": lines([*CORPUS, {"_id": "d4", "text": "new"}])},
            "d": {"queries": lines([*QUERIES, {"_id": "q8", "text": "new"}])},
        }.items()
    }
    assert len(found) == 4


def test_name_in_the_data_folder_and_its_passages(data: Path) -> None:
    make(data / "beir" / "tiny-5k")
    assert load_retrieval("tiny-5k").name == "tiny-5k"
    assert load_texts("tiny-5k").texts == ("Parrots. They talk.", "Rain falls.")
    with pytest.raises(TokalignError, match="did you mean tiny-5k"):
        load_retrieval("tiny5k")


def test_texts_of_a_folder(tmp_path: Path) -> None:
    folder = make(tmp_path / "mine")
    assert load_texts(str(folder)).texts == ("Parrots. They talk.", "Rain falls.")


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"qrels": "q1\td1\t1\nq1\td2\tx\n"}, r"test\.tsv, line 2: grade 'x' is no integer"),
        ({"qrels": "q1\td1\n"}, r"test\.tsv, line 1: 2 columns instead of 3 or 4"),
        ({"qrels": HEADER}, r"test\.tsv holds no judgement"),
        ({"qrels": QRELS + "q7\td1\t1\n"}, r"judges the query 'q7', which .*queries\.jsonl lacks"),
        ({"qrels": "q1\tnone\t1\n"}, r"none of the judged documents is in .*corpus\.jsonl"),
        ({"corpus": '{"_id": "d1", "text": "a"}\n{"_id": "d1", "text": "b"}'}, "'d1' stands twice"),
        ({"corpus": '{"_id": "d1"}'}, r'line 1: needs a field "text"'),
        ({"corpus": '{"text": "a"}'}, r'line 1: needs a field "_id"'),
        ({"corpus": ""}, r"corpus\.jsonl holds no document"),
        ({"queries": '{"_id": "q1"}'}, r'queries\.jsonl, line 1: needs a field "text"'),
        ({"queries": "{"}, r"queries\.jsonl, line 1: is not valid JSON"),
    ],
)
def test_malformed(tmp_path: Path, changed: dict[str, str], message: str) -> None:
    with pytest.raises(TokalignError, match=message):
        load_retrieval(str(make(tmp_path / "mine", **changed)))


def test_missing_split_names_those_there(tmp_path: Path) -> None:
    with pytest.raises(TokalignError, match=r"split 'dev'.*lacks qrels.dev\.tsv.*there: test"):
        load_retrieval(str(make(tmp_path / "mine")), "dev")


@pytest.mark.parametrize("name", ["../beir", "beir/../x", "..", "", "sci fact"])
def test_no_name_leaves_the_data_folder(data: Path, name: str) -> None:
    make(data / "beir" / "tiny")
    with pytest.raises(TokalignError):
        load_retrieval(name)


def test_unknown_name_suggests() -> None:
    with pytest.raises(TokalignError, match="did you mean scifact"):
        load_retrieval("sci-fact")


def test_trec_qrels_with_stray_spaces() -> None:
    assert read_qrels(Document(Path("q"), "40 0 85  3\r\n40 0 86 -1\r\n", "")) == {
        "40": {"85": 3, "86": -1}
    }


CRAN_DOCS = (
    "<doc>\n<docno>1</docno>\n<title>a wing .</title>\n<author>x</author>\n<bib>y</bib>\n"
    "<text>a wing .\n  it is tested .</text>\n</doc>\n"
    "<doc><docno>2</docno><title>heat</title><text>slabs conduct .</text></doc>\n"
    "<doc><docno>3</docno><title></title><text></text></doc>\n"
)
CRAN_QUERIES = (
    "<?xml version='1.0' encoding='utf-8' standalone='yes'?>\r\n<xml>\r\n"
    "<top>\r\n<num> 1</num> \r\n<title>\r\nwhat of\r\nwings .\r\n</title>\r\n</top>\r\n"
    "<top><num> 4</num><title> what of slabs . </title></top>\r\n</xml>"
)


def test_cranfield_counts_its_queries_by_position(write: Write) -> None:
    write("cranfield/cran.all.1400.xml", CRAN_DOCS)
    write("cranfield/cran.qry.xml", CRAN_QUERIES)
    write("cranfield/cranqrel.trec.txt", "1 0 1 1\r\n1 0 2 0\r\n2 0 2  3\r\n")
    held = load_retrieval("cranfield")
    assert held.docs == ("a wing . it is tested .", "heat. slabs conduct .", "")
    assert held.query_ids == ("1", "2")
    assert held.queries == ("what of wings .", "what of slabs .")
    assert held.qrels == {"1": {"1": 1, "2": 0}, "2": {"2": 1}}
    assert load_texts("cranfield").texts == held.docs[:2]
    assert load_retrieval("cranfield", "odd").query_ids == ("1",)
    even = load_retrieval("cranfield", "even")
    assert (even.query_ids, even.split, even.qrels) == (("2",), "even", {"2": {"2": 1}})
    with pytest.raises(TokalignError, match=r"unknown split of cranfield 'dev'.*even, odd"):
        load_retrieval("cranfield", "dev")


def test_cranfield_judging_an_unknown_query(write: Write) -> None:
    write("cranfield/cran.all.1400.xml", CRAN_DOCS)
    write("cranfield/cran.qry.xml", CRAN_QUERIES)
    write("cranfield/cranqrel.trec.txt", "4 0 1 1\n")
    with pytest.raises(TokalignError, match="judges queries that"):
        load_retrieval("cranfield")


@pytest.mark.shared
def test_real_cranfield(real: Path) -> None:
    held = load_retrieval("cranfield")
    assert (len(held), len(held.query_ids)) == (1400, 225)
    assert sum(map(len, held.qrels.values())) == 1837
    # By position the third query is the one on slabs, and so are the documents judged for it.
    docs = dict(zip(held.doc_ids, held.docs, strict=True))
    assert "composite slabs" in held.queries[held.query_ids.index("3")]
    relevant = [doc for doc, grade in held.qrels["3"].items() if grade]
    assert sum("slab" in docs[doc] for doc in relevant) > len(relevant) / 2


@pytest.mark.shared
def test_real_msmarco(real: Path) -> None:
    held = load_retrieval("msmarco-5k")
    assert (len(held), len(held.query_ids)) == (5000, 43)
    grades = [grade for judged in held.qrels.values() for grade in judged.values()]
    assert (len(grades), set(grades)) == (4102, {1, 2, 3})
    assert {doc for judged in held.qrels.values() for doc in judged} <= set(held.doc_ids)


def test_a_sample_of_queries_keeps_every_document(write: Write) -> None:
    write("cranfield/cran.all.1400.xml", CRAN_DOCS)
    write("cranfield/cran.qry.xml", CRAN_QUERIES)
    write("cranfield/cranqrel.trec.txt", "1 0 1 1\n2 0 2 1\n")
    held = load_retrieval("cranfield")
    one = held.sample(1)
    assert (one.docs, len(one.query_ids)) == (held.docs, 1)
    assert one.qrels == {one.query_ids[0]: held.qrels[one.query_ids[0]]}
    assert one.queries == (held.queries[held.query_ids.index(one.query_ids[0])],)
    assert held.sample(9).query_ids == held.query_ids

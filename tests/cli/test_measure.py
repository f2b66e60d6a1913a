"""``tokalign measure``: the document of the contract, small data sets, the store."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import load_file, save_file

METRICS = ("hit_at_k", "lar", "gar")
NUMBERS = ("value", "low", "high", "chance", "chance_random_head")


@pytest.fixture
def texts(tmp_path: Path, sentences: list[str]) -> str:
    file = tmp_path / "texts.txt"
    file.write_text("\n".join(sentences[:20]) + "\n")
    return str(file)


def test_the_document_of_the_contract(cli, tiny, texts) -> None:
    answer = cli("measure", "--embedder", tiny, "--dataset", texts, "--json", "--k", "5")
    assert answer.err == ""
    found = answer.document
    assert list(found) == [
        "embedder", "dataset", "k", "limit", "seed",
        "n", *METRICS, "content", "as_published", "provenance",
    ]  # fmt: skip
    assert [found[name] for name in ("embedder", "dataset", "k", "limit", "seed", "n")] == [
        "tiny", "texts.txt", 5, None, 0, 20,
    ]  # fmt: skip
    for view in (found, found["content"], found["as_published"]):
        for metric in METRICS:
            assert tuple(view[metric]) == NUMBERS
            assert all(type(number) is float for number in view[metric].values())
    assert type(found["content"]["n"]) is int
    for name in ("tokalign", "torch", "embedder", "data", "device", "dtype", "seed"):
        assert found["provenance"][name] is not None


def test_limit_and_seed_choose_a_sample(cli, tiny) -> None:
    def run(*more: str) -> dict:
        answer = cli("measure", "--embedder", tiny, "--dataset", "sentences", "--json", *more)
        found = answer.document
        return {name: found[name] for name in ("n", "limit", "seed", *METRICS)}

    first = run("--limit", "12")
    assert first["n"] == first["limit"] == 12
    assert run("--limit", "12", "--seed", "0") == first
    assert run("--limit", "12", "--seed", "1")["lar"] != first["lar"]


def test_one_two_and_contentless_texts(cli, tiny, tmp_path) -> None:
    file = tmp_path / "few.txt"

    def run(*lines: str) -> dict:
        file.write_text("\n".join(lines))
        return cli("measure", "--embedder", tiny, "--dataset", str(file), "--json").document

    one = run("the gold moon")
    assert one["n"] == 1
    assert [one[metric]["chance"] for metric in METRICS] == [None] * 3
    two = run("the gold moon", "a river")
    assert two["n"] == 2
    assert all(type(two[metric]["chance"]) is float for metric in METRICS)
    none = run("the of", "and ?")
    assert none["content"] == {"n": 0, **{m: dict.fromkeys(NUMBERS) for m in METRICS}}
    shown = cli("measure", "--embedder", tiny, "--dataset", str(file))
    assert "nan" not in shown.out.lower()
    assert " - " in shown.out


def test_a_table_never_breaks_a_number(cli, tiny, texts, monkeypatch) -> None:
    arguments = ("measure", "--embedder", tiny, "--dataset", texts)
    found = cli(*arguments, "--json").document
    for columns in ("20", "40", "80", "200"):
        monkeypatch.setenv("COLUMNS", columns)
        shown = cli(*arguments).out
        for view in (found, found["content"], found["as_published"]):
            for metric in METRICS:
                for number in view[metric].values():
                    assert f" {number:.3f}" in shown


def test_half_a_surrogate_pair_is_a_users_error(cli, tiny, tmp_path) -> None:
    file = tmp_path / "half.jsonl"
    file.write_text('{"text": "moon"}\n{"text": "\\udfff"}\n')
    said = cli("measure", "--embedder", tiny, "--dataset", str(file)).users_error()
    assert "text 2 is not valid Unicode" in said


def test_other_weights_give_other_numbers_with_the_same_store(cli, tiny, texts, tmp_path) -> None:
    folder = tmp_path / "copy"
    shutil.copytree(tiny, folder)
    arguments = ("measure", "--embedder", str(folder), "--dataset", texts, "--json")

    def run() -> tuple[str, dict]:
        found = cli(*arguments).document
        return found["provenance"]["embedder"], {metric: found[metric] for metric in METRICS}

    before = run()
    assert run() == before
    weights = load_file(folder / "model.safetensors")
    name = "embeddings.word_embeddings.weight"
    edited = weights | {name: np.ascontiguousarray(weights[name][::-1])}
    save_file(edited, folder / "model.safetensors", metadata={"format": "pt"})
    after = run()
    assert after[0] != before[0]
    assert after[1] != before[1]
    save_file(weights, folder / "model.safetensors", metadata={"format": "pt"})
    assert run()[1] == before[1]


def test_another_tokenizer_gives_other_numbers_with_the_same_store(
    cli, tiny, texts, tmp_path
) -> None:
    folder = tmp_path / "copy"
    shutil.copytree(tiny, folder)
    arguments = ("measure", "--embedder", str(folder), "--dataset", texts, "--json")
    before = cli(*arguments).document
    file = folder / "tokenizer.json"
    kept = file.read_text("utf-8")
    assert '"lowercase": true' in kept
    file.write_text(kept.replace('"lowercase": true', '"lowercase": false'), "utf-8")
    after = cli(*arguments).document
    assert after["lar"] != before["lar"]
    assert after["provenance"]["embedder"] != before["provenance"]["embedder"]


def test_a_spoilt_store_entry_is_computed_again(cli, tiny, texts, tmp_path) -> None:
    arguments = ("measure", "--embedder", tiny, "--dataset", texts, "--json")
    before = cli(*arguments).document
    files = sorted((tmp_path / "store").glob("??/*.safetensors"))
    assert files
    for file in files:
        data = bytearray(file.read_bytes())
        data[-1] ^= 1
        file.write_bytes(bytes(data))
    answer = cli(*arguments)
    assert answer.document == before
    assert "Traceback" not in answer.err

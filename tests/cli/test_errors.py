"""Users' errors: exit code 2, one line that says what was wrong, and no traceback."""

from __future__ import annotations

import hashlib
import shutil
from pathlib import Path

import pytest
from safetensors.torch import load_file, save_file

from tokalign.cli.main import LONGEST


@pytest.mark.parametrize(
    ("arguments", "parts"),
    [
        ("", ["unknown command ''", "align", "measure"]),
        ("aling", ["unknown command 'aling'", "did you mean align?"]),
        ("--nothing", ["--nothing", "tokalign --help"]),
        ("align", ["--embedder"]),
        ("align --embedder TINY", ["no text given", "TEXT...", "--file"]),
        ("align x --embeder TINY", ["--embeder", "--embedder", "tokalign align --help"]),
        ("align x --embedder", ["--embedder", "requires an argument"]),
        ("align x --embedder all-minilm-l6-v1", ["did you mean all-minilm-l6-v2?"]),
        ("align x --embedder ./nowhere/at-all", ["./nowhere/at-all", "folder"]),
        ("align x --embedder EMPTY", ["EMPTY is no model", "modules.json"]),
        ("align x --embedder FILE", ["is a file", "a folder"]),
        ("align x --embedder TINY --k 0", ["--k must be between 1 and", "not 0"]),
        ("align x --embedder TINY --k -3", ["--k", "-3"]),
        ("align x --embedder TINY --k ten", ["'ten' is not a valid integer"]),
        ("align x --embedder TINY --k 99999999999999999999", ["--k must be between"]),
        ("align x --embedder TINY --dtype float31", ["did you mean float32", "bfloat16"]),
        ("align x --embedder TINY --device gpu", ["'gpu'", "allowed: cpu"]),
        ("align x --embedder TINY --device cuda:99", ["'cuda:99'", "allowed: cpu"]),
        ("align --embedder TINY --file EMPTY/no.txt", ["no.txt", "No such file"]),
        ("align --embedder TINY --file EMPTY", ["Is a directory"]),
        ("align --embedder TINY --file LATIN", ["not UTF-8 at byte 3"]),
        ("measure --embedder TINY", ["--dataset"]),
        ("measure --embedder TINY --dataset sentence", ["did you mean sentences"]),
        ("measure --embedder TINY --dataset BLANK", ["holds no text"]),
        ("measure --embedder TINY --dataset LATIN", ["line 1: not UTF-8"]),
        ("measure --embedder TINY --dataset EMPTY/no.txt", ["no such file"]),
        ("measure --embedder TINY --dataset EMPTY", ["corpus.jsonl"]),
        ("measure --embedder TINY --dataset sentences --limit 0", ["limit", "at least 1"]),
        ("measure --embedder TINY --dataset sentences --limit few", ["'few'"]),
        ("measure --embedder TINY --dataset sentences --limit", ["--limit"]),
        ("measure --embedder TINY --dataset sentences --seed -1", ["--seed must be between 0"]),
        ("measure --embedder TINY --dataset sentences --seed 1.5", ["'1.5'"]),
        (f"measure --embedder TINY --dataset sentences --seed {2**70}", ["--seed must be"]),
        ("measure --embedder TINY --dataset sentences --k 0", ["--k must be between 1"]),
        ("measure --embedder TINY --dataset sentences extra", ["extra"]),
        ("embedders extra", ["extra"]),
    ],
)
def test_bad_words(cli, tiny, tmp_path, arguments, parts) -> None:
    places = {name: tmp_path / name for name in ("EMPTY", "FILE", "LATIN.txt", "BLANK.txt")}
    places["EMPTY"].mkdir()
    places["FILE"].write_text("x")
    places["LATIN.txt"].write_bytes(b"caf\xe9\n")
    places["BLANK.txt"].write_text(" \n\n")
    known = {"TINY": tiny, **{name.split(".")[0]: str(path) for name, path in places.items()}}
    words = [
        "/".join(known.get(part, part) for part in word.split("/")) for word in arguments.split(" ")
    ]
    said = cli(*words).users_error()
    for part in parts:
        assert part in said


@pytest.fixture
def copy(tiny, tmp_path) -> Path:
    folder = tmp_path / "copy"
    shutil.copytree(tiny, folder)
    return folder


@pytest.mark.parametrize("kept", [0, 5, 200, -1])
def test_truncated_weights(cli, copy, kept) -> None:
    file = copy / "model.safetensors"
    file.write_bytes(file.read_bytes()[:kept])
    said = cli("align", "x", "--embedder", str(copy)).users_error()
    assert "model.safetensors cannot be read" in said
    assert "truncated or altered" in said


def test_altered_weights_of_a_registered_model(cli, copy, monkeypatch, tmp_path) -> None:
    file = copy / "model.safetensors"
    digest = hashlib.sha256(file.read_bytes()).hexdigest()
    own = tmp_path / "embedders.yaml"
    own.write_text(
        f"mine: {{checkpoint: {copy}, readout: tied_input, pooling: mean, max_length: 48, "
        f"attention: bidirectional, sha256: {{model.safetensors: {digest}}}}}\n"
    )
    monkeypatch.setenv("TOKALIGN_EMBEDDERS", str(own))
    assert len(cli("align", "x", "--embedder", "mine", "--json").document) == 1
    data = bytearray(file.read_bytes())
    data[-2] ^= 1
    file.write_bytes(bytes(data))
    said = cli("align", "x", "--embedder", "mine").users_error()
    assert "is not the registered file" in said
    assert digest[:12] in said


def test_weights_that_are_no_numbers(cli, copy, tmp_path) -> None:
    weights = load_file(copy / "model.safetensors")
    weights["embeddings.LayerNorm.weight"][:] = float("nan")
    save_file(weights, copy / "model.safetensors", metadata={"format": "pt"})
    texts = tmp_path / "texts.txt"
    texts.write_text("moon\nriver\n")
    # NaN states look as if no token saw another, which may be told first.
    for words in (["align", "x", "--json"], ["measure", "--dataset", str(texts), "--json"]):
        cli(*words, "--embedder", str(copy)).users_error()


def test_a_spoilt_configuration(cli, copy) -> None:
    (copy / "config.json").write_text("{\n")
    assert (
        "config.json is not valid JSON" in cli("align", "x", "--embedder", str(copy)).users_error()
    )


def test_a_spoilt_registry_of_the_user(cli, tmp_path, monkeypatch) -> None:
    own = tmp_path / "embedders.yaml"
    monkeypatch.setenv("TOKALIGN_EMBEDDERS", str(own))
    own.write_text("mine: {pooling: mena}\n")
    assert "entry 'mine'" in cli("embedders", "--json").users_error()
    own.write_text("mine: [\n")
    assert "is not valid YAML" in cli("embedders").users_error()


def test_a_store_that_is_a_file(cli, tiny, tmp_path, monkeypatch) -> None:
    file = tmp_path / "file"
    file.write_text("")
    for place in (file, file / "below"):
        monkeypatch.setenv("TOKALIGN_STORE", str(place))
        said = cli(
            "measure", "--embedder", tiny, "--dataset", "sentences", "--limit", "3"
        ).users_error()
        assert "TOKALIGN_STORE" in said


@pytest.mark.skipif(not Path("/proc/self").is_dir(), reason="needs Linux's /proc")
def test_a_store_that_cannot_be_written(cli, tiny, monkeypatch) -> None:
    """Not even root makes a folder there."""
    monkeypatch.setenv("TOKALIGN_STORE", "/proc/tokalign")
    words = ["measure", "--embedder", tiny, "--dataset", "sentences", "--limit", "3"]
    assert "cannot write the results store /proc/tokalign" in cli(*words).users_error()


def test_a_message_is_one_short_line_whatever_was_typed(cli, tiny) -> None:
    for name in ("two\nlines", "\x1b[31mred", "x" * 100_000, "a/" * 5000, "caf\udce9"):
        for words in (
            ["align", "x", "--embedder", name],
            ["align", "x", "--embedder", tiny, "--file", name],
            ["measure", "--embedder", tiny, "--dataset", name],
            [name],
        ):
            said = cli(*words).users_error()
            assert "\x1b" not in said
            assert len(said) < LONGEST + 50


def test_nothing_is_answered_when_one_of_the_texts_is_bad(cli, tiny) -> None:
    said = cli("align", "moon", "bad \udcff", "--embedder", tiny, "--json").users_error()
    assert "text 2 is not valid Unicode" in said

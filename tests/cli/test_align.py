"""``tokalign align``: the document of the contract, and texts of every kind."""

from __future__ import annotations

import json
import runpy
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import load_file
from transformers import AutoModel, AutoTokenizer

LONGEST = runpy.run_path(str(Path(__file__).resolve().parents[1] / "tiny_bert.py"))["LONGEST"]
TEXT = "The moon orbits the river, after long talks."


def aligned(cli, *arguments: str, **more) -> list[dict]:
    return cli("align", "--json", *arguments, **more).document


def test_the_document_of_the_contract(cli, tiny) -> None:
    answer = cli("align", TEXT, "gold", "--embedder", tiny, "--json")
    assert answer.err == ""
    rows = answer.document
    assert [row["text"] for row in rows] == [TEXT, "gold"]
    for row in rows:
        assert list(row) == ["text", "literal", "aligned"]
        assert all(type(token) is str for token in row["literal"])
        assert len(row["aligned"]) == 10
        for entry in row["aligned"]:
            assert [type(entry[name]) for name in ("token", "id", "logit")] == [str, int, float]
            assert len(entry) == 3
        logits = [entry["logit"] for entry in row["aligned"]]
        assert logits == sorted(logits, reverse=True)


def test_it_is_what_the_model_itself_says(cli, tiny) -> None:
    """Transformers' own vectors, a mean by hand, an argsort over the whole vocabulary."""
    import torch

    tokenizer, model = AutoTokenizer.from_pretrained(tiny), AutoModel.from_pretrained(tiny).eval()
    matrix = load_file(Path(tiny) / "model.safetensors")["embeddings.word_embeddings.weight"]
    texts = [TEXT, "gold", "a river of gold froze under the moon"]
    for row, text in zip(aligned(cli, *texts, "--embedder", tiny, "--k", "7"), texts, strict=True):
        ids = tokenizer.encode(text)
        with torch.inference_mode():
            states = model(torch.tensor([ids])).last_hidden_state[0].numpy()
        logits = matrix @ states.mean(axis=0)
        best = np.argsort(-logits, kind="stable")[:7]
        assert row["literal"] == [tokenizer.decode([i]) for i in ids]
        assert [entry["id"] for entry in row["aligned"]] == best.tolist()
        assert [entry["token"] for entry in row["aligned"]] == [tokenizer.decode([i]) for i in best]
        assert [entry["logit"] for entry in row["aligned"]] == pytest.approx(
            logits[best].tolist(), abs=1e-4
        )


def test_k_beyond_the_vocabulary_gives_all_of_it_once(cli, tiny) -> None:
    (row,) = aligned(cli, "moon", "--embedder", tiny, "--k", "1000000")
    ids = sorted(entry["id"] for entry in row["aligned"])
    assert ids == sorted(AutoTokenizer.from_pretrained(tiny).get_vocab().values())


def test_the_real_small_embedder(cli, minilm) -> None:
    text = "The committee agreed on the new climate treaty in November after long talks."
    filled, empty = aligned(cli, text, "", "--embedder", minilm)
    tokens = [entry["token"] for entry in filled["aligned"]]
    assert tokens[0] == "treaty"
    assert {"agreement", "protocol", "pact", "conference"} <= set(tokens)
    assert filled["literal"][:2] == ["[CLS]", "the"]
    assert empty["literal"] == ["[CLS]", "[SEP]"]
    assert len(empty["aligned"]) == 10


@pytest.mark.parametrize(
    "text",
    [
        "",
        "   ",
        "\u0441\u043d\u0435\u0433 \u043b\u0451\u0434",
        "\u96ea\u3068\u6c37",
        "\U0001f469\u200d\U0001f680 \U0001f3f3\ufe0f\u200d\U0001f308",
        "[bold]not markup[/bold] :smile:",
        "a\tb\nc",
        "\u202eturned",
        "[CLS] [SEP] [MASK]",
    ],
)
def test_any_text_has_k_tokens_and_comes_back_as_it_was(cli, tiny, text) -> None:
    (row,) = aligned(cli, text, "--embedder", tiny, "--k", "5")
    assert row["text"] == text
    assert len(row["aligned"]) == 5


def test_texts_that_start_with_a_dash(cli, tiny) -> None:
    rows = aligned(cli, "--embedder", tiny, "--", "-1 degree", "--k")
    assert [row["text"] for row in rows] == ["-1 degree", "--k"]


def test_a_text_longer_than_the_model_takes_is_cut_and_said_so(cli, tiny) -> None:
    words = ["moon", "river", "gold"] * LONGEST
    long, cut = " ".join(words), " ".join(words[: LONGEST - 2])
    answer = cli("align", long, cut, "--embedder", tiny, "--json")
    first, second = answer.document
    assert first["aligned"] == second["aligned"]
    assert len(first["literal"]) == len(words) + 2
    assert answer.err.startswith("tokalign: note: 1 of 2 texts cut to the 48 tokens")
    assert answer.err.count("\n") == 1


def test_a_million_characters_on_one_line(cli, tiny, tmp_path) -> None:
    text = ("moon river gold " * 62_500).strip()
    file = tmp_path / "long.txt"
    file.write_text(text + "\n")
    answer = cli("align", "--file", str(file), "--embedder", tiny, "--json", "--k", "3")
    (row,) = answer.document
    assert row["text"] == text
    assert len(row["literal"]) == 187_502
    assert row["literal"][1:4] == ["moon", "river", "gold"]
    assert row["aligned"] == aligned(cli, text[:1000], "--embedder", tiny, "--k", "3")[0]["aligned"]
    table = cli("align", "--file", str(file), "--embedder", tiny).out
    assert "(999999 characters)" in " ".join(table.split())
    assert len(table) < 10_000


LINES = ["moon", "", "a river", "\u0441\u043d\u0435\u0433"]


@pytest.mark.parametrize("end", ["\n", "\r\n"])
@pytest.mark.parametrize("mark", [b"", b"\xef\xbb\xbf"])
@pytest.mark.parametrize("last", [True, False])
def test_files_of_lines(cli, tiny, tmp_path, end, mark, last) -> None:
    data = mark + (end.join(LINES) + (end if last else "")).encode()
    file = tmp_path / "lines.txt"
    file.write_bytes(data)
    rows = aligned(cli, "first", "--file", str(file), "--embedder", tiny, "--k", "2")
    assert [row["text"] for row in rows] == ["first", *LINES]
    piped = aligned(cli, "first", "--file", "-", "--embedder", tiny, "--k", "2", stdin=data)
    assert piped == rows


def test_only_a_line_feed_ends_a_line(cli, tiny, tmp_path) -> None:
    file = tmp_path / "lines.txt"
    file.write_bytes("one\u2028two\x0cthree\x85four\n".encode())
    rows = aligned(cli, "--file", str(file), "--embedder", tiny)
    assert [row["text"] for row in rows] == ["one\u2028two\x0cthree\x85four"]


def test_nul_bytes_in_a_file(cli, tiny, tmp_path) -> None:
    file = tmp_path / "nul.txt"
    file.write_bytes(b"moon\x00 river\n")
    (row,) = aligned(cli, "--file", str(file), "--embedder", tiny)
    assert row["text"] == "moon\x00 river"
    assert "\x00" not in cli("align", "--file", str(file), "--embedder", tiny).out


def test_json_lines(cli, tiny, tmp_path) -> None:
    file = tmp_path / "texts.jsonl"
    file.write_text('{"text": "moon\\nriver", "topic": 1}\n{"text": ""}\n')
    rows = aligned(cli, "--file", str(file), "--embedder", tiny)
    assert [row["text"] for row in rows] == ["moon\nriver", ""]


@pytest.mark.parametrize(
    "line",
    ["{", "[1]", "{}", '"text"', '{"text": 1}', '{"text": null}', "", "[" * 100_000, "NaN"],
)
def test_a_bad_line_of_json_is_named(cli, tiny, tmp_path, line) -> None:
    file = tmp_path / "bad.jsonl"
    file.write_text('{"text": "moon"}\n' + line + "\n")
    said = cli("align", "--file", str(file), "--embedder", tiny).users_error()
    assert f"{file}, line 2:" in said
    assert '"text"' in said


def test_half_a_surrogate_pair(cli, tiny, tmp_path) -> None:
    file = tmp_path / "half.jsonl"
    file.write_text('{"text": "moon"}\n{"text": "\\ud800"}\n')
    said = cli("align", "--file", str(file), "--embedder", tiny).users_error()
    assert "text 2 is not valid Unicode at character 0" in said


def test_a_table_for_people(cli, tiny) -> None:
    answer = cli("align", TEXT, "--embedder", tiny, "--k", "3")
    (row,) = aligned(cli, TEXT, "--embedder", tiny, "--k", "3")
    assert answer.err == ""
    shown = " ".join(answer.out.split())
    assert ", ".join(entry["token"] for entry in row["aligned"]) in shown
    with pytest.raises(json.JSONDecodeError):
        json.loads(answer.out)


def test_no_control_character_of_a_text_reaches_the_terminal(cli, tiny) -> None:
    text = "a\x1b[31mred\x1b]0;title\x07 b\x9bc\rd \u202ee [bold]f[/bold] :smile:"
    shown = cli("align", text, "--embedder", tiny).out
    assert not {"\x1b", "\x07", "\x9b", "\r", "\u202e"} & set(shown)
    for part in ("\\x1b[31mred", "\\x07", "\\x9bc\\rd", "\\u202ee", "[bold]f[/bold]", ":smile:"):
        assert part in shown
    # The JSON document holds the text itself, escaped as JSON escapes it.
    answer = cli("align", text, "--embedder", tiny, "--json")
    assert answer.document[0]["text"] == text
    assert "\x1b" not in answer.out


def test_a_named_prompt(cli, checkpoint, tmp_path, monkeypatch) -> None:
    registry = tmp_path / "mine.yaml"
    registry.write_text(
        f"mine: {{checkpoint: {checkpoint('gpt_neo')}, readout: lm_head, pooling: mean, "
        "attention: causal, max_length: 64, prompts: {query: {brackets: ['[', ']']}}}\n"
    )
    monkeypatch.setenv("TOKALIGN_EMBEDDERS", str(registry))
    plain, named = (
        cli("align", "Parrots", "--embedder", "mine", "--json", *words).document[0]["aligned"]
        for words in ((), ("--prompt-name", "query"))
    )
    assert plain != named
    said = cli("align", "Parrots", "--embedder", "mine", "--prompt-name", "qery").users_error()
    assert "unknown prompt of mine 'qery': did you mean query?" in said

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time

import pytest

from tokalign.embedders import load_embedder
from tokalign.train import commands
from tokalign.train.checkpoint import find_checkpoint, read_progress

SMALL = ("--width", 32, "--layers", 2, "--length", 32, "--batch", 4)


@pytest.fixture
def call(capsys, monkeypatch):
    """Call a command; gives its exit code, standard output and standard error."""
    monkeypatch.setattr(commands.signal, "signal", lambda *_: None)

    def run(*arguments):
        code = 0
        try:
            commands.main([str(a) for a in arguments])
        except SystemExit as end:
            code = end.code
        said = capsys.readouterr()
        return code, said.out, said.err

    return run


def test_from_a_corpus_to_an_embedder(tmp_path, call, write_corpus, articles, monkeypatch):
    monkeypatch.setattr(commands, "RESERVED", 20)
    monkeypatch.setattr(commands, "VALIDATION", 10)
    monkeypatch.setattr("tokalign.train.run_folder.FIRST_SNAPSHOT", 500)
    rows = articles(80)
    # The same sentence in an article that is trained on, and in one that is held out.
    rows[5]["paragraphs"] = ["A grey heron stood on the jetty of the old harbour. It slept."]
    rows[60]["paragraphs"] = ["See! A grey heron stood on the jetty of the old harbour."]
    corpus = write_corpus(tmp_path / "toy.jsonl.xz", rows)
    (tmp_path / "evaluation.jsonl").write_text('{"text": "nothing of it occurs anywhere here"}')
    tokenizer, data, run = tmp_path / "tokenizer.json", tmp_path / "data", tmp_path / "run"

    code, out, err = call("tokenizer", corpus, "--out", tokenizer, "--entries", 300)
    assert (code, err) == (0, "")
    code, out, err = call("pack", corpus, "--held-out", corpus, "--tokenizer", tokenizer,
                          "--out", data, "--leave-out", tmp_path / "evaluation.jsonl")  # fmt: skip
    assert (code, err) == (0, "")
    told = [json.loads((data / f"{name}.bin.json").read_text()) for name in ("train", "validation")]
    assert [(t["articles"], t["sources"][0]["first"]) for t in told] == [(50, 30), (10, 20)]
    assert told[0]["left_out"] >= 1
    code, out, err = call("pretrain", run, "--architecture", "llama", "--data", data,
                          "--tokens", 1000, "--seed", 3, *SMALL)  # fmt: skip
    assert (code, err) == (0, "")
    assert json.loads(out.splitlines()[-1])["tokens"] == 1024
    code, out, err = call("growth", run, "--tokenizer", tokenizer, "--held-out", corpus,
                          "--limit", 18)  # fmt: skip
    assert (code, err) == (0, "")
    assert [row["tokens"] for row in json.loads(out)] == [512, 512, 1024, 1024]
    code, out, err = call("export", run, "--data", data, "--tokenizer", tokenizer,
                          "--out", tmp_path / "mini-llama")  # fmt: skip
    assert (code, err) == (0, "")
    assert "held-out perplexity" in out
    assert load_embedder(str(tmp_path / "mini-llama")).encode(["A heron."]).vectors.shape == (1, 32)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("tokenizer", "missing.jsonl.xz", "--out", "{tmp}/x.json"), "cannot read missing"),
        (("tokenizer",), "Missing argument 'CORPUS'"),
        (("pack", "x", "--held-out", "x", "--tokenizer", "{tmp}/no.json", "--out", "{tmp}/d",
          "--leave-out", "x"), "no such file"),
        (("pretrain", "{tmp}/run", "--architecture", "llama", "--data", "{tmp}"),
         "either --tokens"),
        (("pretrain", "{tmp}/run", "--architecture", "llama", "--data", "{tmp}", "--tokens", "5"),
         "tokalign.train pack"),
        (("pretrain", "{tmp}/run", "--architecture", "bert", "--data", "{tmp}"), "'bert' is not"),
        (("pretrain", "{tmp}/run", "--architecture", "opt", "--data", "{data}", "--until", "soon"),
         "is no time such as"),
        (("pretrain", "{tmp}/run", "--architecture", "opt", "--data", "{data}", "--until",
          "2001-01-01"), "has passed"),
        (("pretrain", "{tmp}/run", "--architecture", "opt", "--data", "{data}", "--tokens", "5",
          "--longer"), "no checkpoint from before a descent"),
        (("pretrain", "{tmp}/run", "--architecture", "opt", "--data", "{data}", "--tokens", "5",
          "--device", "cuda:9"), "cuda:9"),
        (("export", "{tmp}", "--data", "{data}", "--tokenizer", "{tokenizer}", "--out", "{tmp}/x"),
         "run.json is missing"),
        (("pretrain", "{tmp}/run", "--architecture", "opt", "--data", "{data}", "--tokens", "5",
          "--heads", "7"), "width 256 cannot be parted among 7 heads"),
        (("pretrain", "{tokenizer}/run", "--architecture", "opt", "--data", "{data}", "--tokens",
          "5", "--width", "8", "--layers", "2", "--length", "8"), "Not a directory"),
        (("bake",), "No such command"),
    ],
)  # fmt: skip
def test_a_users_error_is_one_line(tmp_path, call, data, tokenizer_file, arguments, message):
    places = {"tmp": tmp_path, "data": data, "tokenizer": tokenizer_file}
    code, out, err = call(*(a.format(**places) for a in arguments))
    assert (code, out) == (2, "")
    assert err.startswith("tokalign.train: ")
    assert err.count("\n") == 1
    assert message in err


@pytest.mark.slow
def test_a_run_that_is_terminated_saves(tmp_path, data):
    command = [sys.executable, "-m", "tokalign.train", "pretrain", str(tmp_path / "run"),
               "--architecture", "opt", "--data", str(data), "--tokens", "100000000",
               "--threads", "1", *map(str, SMALL)]  # fmt: skip
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as process:
        while not (tmp_path / "run" / "run.json").is_file() and process.poll() is None:
            time.sleep(0.1)
        process.send_signal(signal.SIGTERM)
        _, err = process.communicate(timeout=60)
    assert process.returncode == 0
    assert "the same command goes on" in err
    assert read_progress(find_checkpoint(tmp_path / "run" / "checkpoint")).tokens < 100_000_000

"""The program as a whole: help, embedders, tables, and what the shell sees."""

from __future__ import annotations

import random
import shlex
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

import tokalign
from tokalign.cli.main import app
from tokalign.cli.options import print_table, visible

FIELDS = ["name", "family", "role", "backbone", "pooling", "readout", "available"]
RUN = [sys.executable, "-m", "tokalign"]


def test_the_embedders_of_the_contract(cli) -> None:
    answer = cli("embedders", "--json")
    assert answer.err == ""
    rows = answer.document
    assert "all-minilm-l6-v2" in [row["name"] for row in rows]
    for row in rows:
        assert list(row) == FIELDS
        assert row["family"] in ("mini", "paper", "modern", "control")
        assert row["role"] in ("embedder", "backbone")
        assert row["readout"] in ("lm_head", "mlm", "tied_input")
        assert type(row["available"]) is bool
        assert row["backbone"] is None or type(row["backbone"]) is str


def test_availability_is_told_without_a_download(cli, tmp_path, monkeypatch, tiny) -> None:
    own = tmp_path / "embedders.yaml"
    fields = "readout: tied_input, pooling: mean, attention: bidirectional, max_length: 48"
    own.write_text(
        f"here: {{checkpoint: {tiny}, {fields}}}\nthere: {{checkpoint: no/where, {fields}}}\n"
    )
    monkeypatch.setenv("TOKALIGN_EMBEDDERS", str(own))
    rows = {row["name"]: row["available"] for row in cli("embedders", "--json").document}
    assert rows["here"] is True
    assert rows["there"] is False
    assert "here" in cli("embedders").out


@pytest.mark.parametrize("flag", ["-h", "--help"])
@pytest.mark.parametrize("command", [None, *app.commands])
def test_every_command_has_help(cli, command, flag) -> None:
    answer = cli(*([command] if command else []), flag)
    assert answer.code == 0
    assert answer.err == ""
    assert answer.out.startswith("Usage: tokalign")


def test_version_and_no_words_at_all(cli) -> None:
    assert cli("--version").out == f"tokalign, version {tokalign.__version__}\n"
    answer = cli()
    assert (answer.code, answer.out.split(":")[0], answer.err) == (0, "Usage", "")


def test_a_table_keeps_numbers_whole_and_markup_plain(capsys, monkeypatch) -> None:
    monkeypatch.setenv("COLUMNS", "40")
    rows = [["[red]a[/red] :smile:" * 5, 12345, 0.25, None], ["b", 7, float("nan"), None]]
    print_table("a [bold]title[/bold]\x1b[1m", ["a_text", "n", "value", "nothing"], rows)
    shown = capsys.readouterr().out
    assert "a [bold]title[/bold]\\x1b[1m" in shown
    assert " 12345 " in shown
    assert " 0.250 " in shown
    assert "a text" in shown
    assert "[red]a[/red]" in shown
    assert "nan" not in shown
    assert max(map(len, shown.splitlines())) <= 40


def test_visible_leaves_letters_and_emoji_alone() -> None:
    kept = "na\u00efve \u96ea \U0001f469\u200d\U0001f680 [bold] \\n"
    assert visible(kept) == kept
    assert visible("\x00\x1b\x7f\x9b\n\u2028\u202e") == "\\x00\\x1b\\x7f\\x9b\\n\\u2028\\u202e"


def test_as_a_module_and_as_a_program(shell) -> None:
    answer = shell("embedders", "--json")
    assert answer.err == ""
    assert [list(row) for row in answer.document] == [FIELDS] * len(answer.document)
    program = Path(sys.executable).with_name("tokalign")
    done = subprocess.run([program, "--version"], capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("tokalign, version")


def test_bytes_that_are_no_text(shell, tiny) -> None:
    said = shell("align", b"caf\xe9", "--embedder", tiny, "--json").users_error()
    assert "text 1 is not valid Unicode at character 3" in said


@pytest.mark.skipif(sys.platform == "win32", reason="a POSIX shell is needed")
def test_a_reader_that_goes_away_and_a_full_disk() -> None:
    program = shlex.join(RUN)
    script = f"set -o pipefail; {program} embedders --json | true; echo ${{PIPESTATUS[0]}}"
    done = subprocess.run(["bash", "-c", script], capture_output=True, text=True)
    assert (done.stdout, done.stderr) == ("0\n", "")
    if Path("/dev/full").exists():
        done = subprocess.run(
            ["bash", "-c", f"{program} embedders > /dev/full"], capture_output=True, text=True
        )
        assert done.returncode == 2
        assert "cannot write to standard output: No space left" in done.stderr
        assert done.stderr.count("\n") == 1


def kept(store: Path) -> set[Path]:
    return set(store.glob("??/*.safetensors"))


def stop(words: list[str], store: Path, files: int, number: int) -> subprocess.Popen[bytes]:
    """Start a command and send it a signal once the store holds so many files."""
    # A shell without job control has its background jobs ignore Ctrl-C, and they hand that on.
    process = subprocess.Popen(
        [*RUN, *words], stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )  # fmt: skip
    while len(kept(store)) < files and process.poll() is None:
        time.sleep(0.002)
    process.send_signal(number)
    return process


@pytest.fixture
def many(tmp_path: Path, sentences: list[str]) -> str:
    """3,000 short texts, all different: twelve shards."""
    file = tmp_path / "many.txt"
    lines = [f"{i} {' '.join(text.split()[:6])}" for i, text in enumerate(sentences * 5)]
    file.write_text("\n".join(lines[:3000]))
    return str(file)


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="POSIX signals are needed")
def test_killed_three_times_it_goes_on_to_the_same_answer(
    cli, tiny, many, tmp_path, monkeypatch
) -> None:
    words = ["measure", "--embedder", tiny, "--dataset", many, "--json"]
    expected = cli(*words).out
    whole = kept(tmp_path / "store")
    store = tmp_path / "killed"
    monkeypatch.setenv("TOKALIGN_STORE", str(store))
    # One thread, as in this process: the number of threads stands in the provenance.
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    points = sorted(random.sample(range(1, len(whole) - 4), 3))
    for files in points:
        process = stop(words, store, files, signal.SIGKILL)
        out, _ = process.communicate()
        assert process.returncode == -signal.SIGKILL, points
        assert out == b""
    before = {path: path.stat().st_mtime_ns for path in kept(store)}
    assert len(before) < len(whole), points
    assert cli(*words).out == expected, points
    after = {path: path.stat().st_mtime_ns for path in kept(store)}
    # What was finished was not computed again, and nothing but the same keys was added.
    assert {path: after[path] for path in before} == before
    assert {path.name for path in after} == {path.name for path in whole}


@pytest.mark.skipif(sys.platform == "win32", reason="POSIX signals are needed")
def test_an_interrupt_is_one_line(tiny, many, tmp_path, monkeypatch) -> None:
    store = tmp_path / "store"
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    words = ["measure", "--embedder", tiny, "--dataset", many, "--json"]
    process = stop(words, store, 1, signal.SIGINT)
    out, err = process.communicate()
    assert process.returncode == 130
    assert out == b""
    assert err.decode() == (
        "tokalign: interrupted; what was finished is kept, the same command goes on from there\n"
    )
    assert kept(store)

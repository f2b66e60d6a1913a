from __future__ import annotations

import json
from dataclasses import replace

import pytest
import torch
from safetensors.torch import load_file

from tokalign.errors import TokalignError
from tokalign.train.architectures import ARCHITECTURES
from tokalign.train.run_folder import RunFolder

END = 40 * 4 * 32  # tokens of 40 steps


def weights(folder):
    return (folder / "checkpoint" / "model.safetensors").read_bytes()


@pytest.fixture(scope="module")
def whole(tmp_path_factory, start):
    """A run that was never interrupted, and its folder."""
    folder = tmp_path_factory.mktemp("whole")
    return list(start(folder).go(tokens=END)), folder


def test_the_loss_falls(whole):
    log, _ = whole
    assert [line["tokens"] for line in log] == [1024 * n for n in range(1, 6)]
    losses = [line["held_out_loss"] for line in log]
    assert losses == sorted(losses, reverse=True)
    assert losses[-1] < losses[0] - 1


def test_the_log_is_what_was_yielded(whole):
    log, folder = whole
    assert RunFolder(folder).read_log() == log
    assert log[-1]["held_out_perplexity"] == pytest.approx(2.718281828 ** log[-1]["held_out_loss"],
                                                           rel=1e-3)  # fmt: skip


@pytest.mark.parametrize("stops", [[8], [13, 35]])
def test_a_run_that_was_killed_ends_at_the_same_weights(tmp_path, start, whole, stops):
    _, folder = whole
    for stop in stops:
        run = start(tmp_path)
        saved_at = stop * run.settings.tokens_a_step

        class Killed(Exception):
            pass

        def step(factor, run=run, take=run.step, last=saved_at):
            if run.progress.tokens == last:
                run.save()
            if run.progress.tokens == last + run.settings.tokens_a_step:
                raise Killed  # a step after the last checkpoint is lost
            return take(factor)

        run.step = step
        with pytest.raises(Killed):
            list(run.go(tokens=END))
    resumed = start(tmp_path)
    assert resumed.progress.step == stops[-1]
    list(resumed.go(tokens=END))
    assert weights(tmp_path) == weights(folder)
    ours, theirs = (load_file(f / "checkpoint" / "optimiser.safetensors")
                    for f in (tmp_path, folder))  # fmt: skip
    assert ours.keys() == theirs.keys()
    assert all(torch.equal(ours[name], theirs[name]) for name in ours)
    curve = [(x["tokens"], x["held_out_loss"]) for x in RunFolder(tmp_path).read_log()]
    assert curve == [(x["tokens"], x["held_out_loss"]) for x in RunFolder(folder).read_log()]


def test_a_run_that_is_told_to_stop_saves_and_goes_on(tmp_path, start, whole):
    _, folder = whole
    run = start(tmp_path)
    for line in run.go(tokens=END):
        run.stopping = line["tokens"] >= 2048
    assert start(tmp_path).progress.tokens == 2048
    list(start(tmp_path).go(tokens=END))
    assert weights(tmp_path) == weights(folder)


def test_a_longer_run_goes_on_from_before_the_descent(tmp_path, start):
    list(start(tmp_path / "short").go(tokens=END // 2))
    RunFolder(tmp_path / "short").rewind()
    longer = start(tmp_path / "short")
    assert longer.progress.tokens == 16 * 4 * 32  # the first step past 3/4 of 20 is the 16th
    list(longer.go(tokens=END))
    list(start(tmp_path / "long").go(tokens=END))
    assert weights(tmp_path / "short") == weights(tmp_path / "long")
    aside = sorted(path.name for path in (tmp_path / "short").glob("*-to-*"))
    assert aside == ["checkpoint-to-2560", "log-to-2560.jsonl"]


def test_rewinding_needs_a_descent(tmp_path):
    with pytest.raises(TokalignError, match="no checkpoint from before a descent"):
        RunFolder(tmp_path).rewind()


def test_the_clock_ends_a_run(tmp_path, start):
    seconds = iter(range(10**6))
    run = start(tmp_path, clock=lambda: float(next(seconds)))
    list(run.go(deadline=60.0))
    assert 10 < run.progress.step < 40
    assert (tmp_path / "before-decay" / "state.json").is_file()
    assert (tmp_path / "checkpoint" / "state.json").is_file()


def test_settings_are_those_of_the_folder(whole, start, settings):
    _, folder = whole
    with pytest.raises(TokalignError, match="holds a run with other settings"):
        start(folder, replace(settings, batch=8))
    with pytest.raises(TokalignError, match="does not fit"):
        start(folder, replace(settings, architecture="opt"))


def test_the_folder_tells_what_was_trained_on_what_and_where(whole, settings, data):
    _, folder = whole
    told = RunFolder(folder).description()
    assert told["settings"] == settings.plain()
    assert told["data"]["train"] == json.loads((data / "train.bin.json").read_text())
    assert told["sittings"][0]["tokens_before"] == 0
    assert told["sittings"][0]["torch"] == torch.__version__


def test_snapshots_are_kept_at_doubling_numbers_of_tokens(tmp_path, start, monkeypatch):
    monkeypatch.setattr("tokalign.train.run_folder.FIRST_SNAPSHOT", 500)
    list(start(tmp_path).go(tokens=END // 2))
    assert list(RunFolder(tmp_path).snapshots()) == [512, 1024, 2048]


def test_a_loss_that_is_no_number_ends_the_run_and_keeps_the_checkpoint(tmp_path, start):
    run = start(tmp_path)
    run.save()
    before = weights(tmp_path)
    with torch.no_grad():
        next(run.model.parameters()).fill_(float("nan"))
    with pytest.raises(TokalignError, match="the loss is nan"):
        list(run.go(tokens=END))
    assert weights(tmp_path) == before


@pytest.mark.parametrize("name", sorted(set(ARCHITECTURES) - {"gpt-neo"}))
def test_every_architecture_learns(tmp_path, start, settings, name):
    log = list(start(tmp_path, replace(settings, architecture=name)).go(tokens=2048))
    assert log[-1]["held_out_loss"] < log[0]["held_out_loss"] - 0.2

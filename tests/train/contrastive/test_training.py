"""Runs: they lower their loss, go on from a checkpoint to the byte, and tell what they see."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import torch

from tokalign.errors import TokalignError
from tokalign.measures.measurement import measure
from tokalign.train.contrastive.examples import Example, write_examples
from tokalign.train.contrastive.mixture import Mixture
from tokalign.train.contrastive.monitor import Monitor
from tokalign.train.contrastive.plans import Phase, Source, plan
from tokalign.train.contrastive.reader import Reader
from tokalign.train.contrastive.running import Places, make_embedder
from tokalign.train.contrastive.trainer import Habits, Training
from tokalign.train.packing import Sequences
from tokalign.train.precision import autocast

NLI = (Source(name="nli"),)


def _phase(**fields: Any) -> Phase:
    given = {"objective": "contrastive", "method": "full", "rank": 4, "sources": NLI, "batch": 8,
             "lr": 3e-3, "steps": 6, "warmup": 2, "temperature": 0.1}  # fmt: skip
    return Phase.model_validate({**given, **fields})


@pytest.mark.parametrize(
    ("embedder", "name", "phase"),
    [
        ("mini-sgpt-nli", "gpt-neo", _phase()),
        ("mini-sgpt-nli", "gpt-neo", _phase(method="bitfit", lr=3e-2)),
        ("mini-llama-eol-cse", "llama", _phase(method="lora", lr=1e-2)),
        ("mini-gritlm", "mistral", _phase(objective="joint", sequences=2, train_head=True,
                                          train_embeddings=True)),
        ("mini-llm2vec", "mistral", _phase(objective="mntp", method="lora", sources=(),
                                           sequences=4, lr=1e-2)),
    ],
    ids=["full", "bitfit", "lora", "joint", "mntp"],
)  # fmt: skip
def test_a_run_lowers_its_loss_and_goes_on_to_the_byte(
    embedder: str, name: str, phase: Phase, loaded: Any, examples: list[Example], packed: Path,
    tmp_path: Path,
) -> None:  # fmt: skip
    mixture = Mixture(NLI, {"nli": examples}, 0)

    def run(folder: str) -> Training:
        model, tokenizer = loaded(name)
        return Training(
            tmp_path / folder, model, tokenizer, plan(embedder).recipe("unused"), phase,
            mixture=mixture, sequences=Sequences(packed, 24, 1, 0), habits=Habits(report=3),
        )  # fmt: skip

    whole = run("whole")
    lines = list(whole.go(steps=16))
    assert lines[-1]["loss"] < lines[0]["loss"]
    if phase.objective == "joint":
        assert lines[-1]["language_loss"] < lines[0]["language_loss"]
    first = run("parts")
    for _ in range(5):
        rise = min(1.0, (first.progress.step + 1) / phase.warmup)
        # The schedule of the whole run, as far as it goes.
        left = (1 - first.progress.step / 16) / phase.decay
        first.step(min(rise, left))
    first.save()
    second = run("parts")
    assert second.progress.step == 5
    list(second.go(steps=16))
    weights = [
        (tmp_path / folder / "checkpoint" / "model.safetensors").read_bytes()
        for folder in ("whole", "parts")
    ]
    assert weights[0] == weights[1]


def test_a_run_ends_by_the_clock(loaded: Any, examples: list[Example], tmp_path: Path) -> None:
    now = iter(range(10_000))
    model, tokenizer = loaded("gpt-neo")
    run = Training(
        tmp_path, model, tokenizer, plan("mini-sgpt-nli").recipe("unused"), _phase(batch=2),
        mixture=Mixture(NLI, {"nli": examples}, 0), habits=Habits(clock=lambda: float(next(now))),
    )  # fmt: skip
    list(run.go(deadline=40.0))
    assert 3 < run.progress.step < 40
    assert json.loads((tmp_path / "log.jsonl").read_text().splitlines()[-1])["minutes"] > 0


def test_a_run_that_was_stopped_has_no_more_time_than_it_had(
    backbone: Any, examples: list[Example], tmp_path: Path
) -> None:
    write_examples(examples, tmp_path / "nli.jsonl")
    made = plan("mini-sgpt-nli").model_copy(update={"phases": (_phase(batch=2),)})
    places = Places(backbone("gpt-neo"), tmp_path, tmp_path / "runs", tmp_path / "out")
    now, asked = iter(range(100_000)), iter([False] * 4 + [True] * 9)
    texts = [e.anchor for e in examples[:4]]
    steps = []
    for habits in (
        Habits(clock=lambda: float(next(now)), stopped=lambda: next(asked)),
        Habits(clock=lambda: float(next(now))),
    ):
        list(make_embedder(made, places, texts, minutes=1.0, dtype="float32", habits=habits))
        state = (tmp_path / "runs" / made.name / "checkpoint" / "state.json").read_text()
        steps.append(json.loads(state)["step"])
        assert (tmp_path / "out").exists() == (len(steps) == 2)
    assert steps[0] == 4
    # The clock moves with each look at it: about four looks a step, sixty in all.
    assert 4 < steps[1] < 20


def test_a_stopped_run_is_saved(loaded: Any, examples: list[Example], tmp_path: Path) -> None:
    asked = iter([False, False, True, True])
    model, tokenizer = loaded("gpt-neo")
    run = Training(
        tmp_path, model, tokenizer, plan("mini-sgpt-nli").recipe("unused"), _phase(batch=2),
        mixture=Mixture(NLI, {"nli": examples}, 0), habits=Habits(stopped=lambda: next(asked)),
    )  # fmt: skip
    list(run.go(steps=50))
    assert run.progress.step == 2
    state = json.loads((tmp_path / "checkpoint" / "state.json").read_text())
    assert state["step"] == 2


def test_another_setting_is_refused(loaded: Any, examples: list[Example], tmp_path: Path) -> None:
    def run(phase: Phase) -> Training:
        model, tokenizer = loaded("gpt-neo")
        recipe = plan("mini-sgpt-nli").recipe("unused")
        mixture = Mixture(NLI, {"nli": examples}, 0)
        return Training(tmp_path, model, tokenizer, recipe, phase, mixture=mixture)

    list(run(_phase(batch=2)).go(steps=1))
    with pytest.raises(TokalignError, match="holds a run with other settings"):
        run(_phase(batch=3))
    # How far it shall go is no such setting.
    assert run(_phase(batch=2)).progress.step == 1


def test_missing_data_and_a_lost_loss_are_told(
    loaded: Any, examples: list[Example], tmp_path: Path
) -> None:
    model, tokenizer = loaded("gpt-neo")
    recipe = plan("mini-sgpt-nli").recipe("unused")
    with pytest.raises(TokalignError, match="needs examples"):
        Training(tmp_path, model, tokenizer, recipe, _phase())
    with pytest.raises(TokalignError, match="needs packed sequences"):
        Training(tmp_path, model, tokenizer, recipe, _phase(objective="joint", sequences=1),
                 mixture=Mixture(NLI, {"nli": examples}, 0))  # fmt: skip
    run = Training(tmp_path, model, tokenizer, recipe, _phase(),
                   mixture=Mixture(NLI, {"nli": examples}, 0))  # fmt: skip
    with torch.no_grad():
        next(model.parameters()).fill_(float("nan"))
    with pytest.raises(TokalignError, match="step 1: the loss is nan"):
        list(run.go(steps=2))


def test_the_monitor_measures_as_the_commands_do(
    loaded: Any, backbone: Any, examples: list[Example]
) -> None:
    from tokalign.embedders import load_embedder

    folder = backbone("gpt-neo")
    model, tokenizer = loaded("gpt-neo")
    recipe = plan("mini-sgpt-nli").recipe(str(folder))
    reader = Reader(model, tokenizer, recipe)
    texts = [e.anchor for e in examples]
    monitor = Monitor(reader, texts)
    seen = monitor.look(reader)
    found = measure(load_embedder(recipe), texts).summary()["content"]["hit_at_k"]
    assert seen["content_hit"] == pytest.approx(found["value"], abs=1e-4)
    assert seen["content_hit_chance"] == pytest.approx(found["chance"], abs=1e-4)
    # Nothing has been trained, so nothing has moved.
    assert abs(seen["v1"]) < 1e-3
    assert seen["minus_m1"] < 0
    assert 0 <= seen["non_content"] <= 1
    before = monitor.backbone()
    assert before["backbone_content_hit"] == seen["content_hit"]
    # Moved against u_1 by its mean, v1 is minus that mean.
    with torch.no_grad():
        shift = torch.from_numpy(monitor._u1 * monitor._m1)
        bias = model.transformer.ln_f.bias
        bias -= shift
    seen = monitor.look(reader)
    assert seen["v1"] == pytest.approx(seen["minus_m1"], rel=1e-3)
    assert seen["shift_on_u1"] == pytest.approx(1.0, abs=1e-3)


def test_a_monitor_needs_content(loaded: Any) -> None:
    model, tokenizer = loaded("gpt-neo")
    reader = Reader(model, tokenizer, plan("mini-sgpt-nli").recipe("unused"))
    with pytest.raises(TokalignError, match="no held-out text has a content word"):
        Monitor(reader, ["it is", "of the"])


def test_bfloat16_only_where_it_is_real(monkeypatch: pytest.MonkeyPatch) -> None:
    for real in (False, True):
        monkeypatch.setattr(torch.cpu, "_is_avx512_bf16_supported", lambda real=real: real)
        with autocast(torch.device("cpu")):
            made = torch.ones(2, 2) @ torch.ones(2, 2)
        assert made.dtype == (torch.bfloat16 if real else torch.float32)

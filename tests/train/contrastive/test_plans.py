"""The table of embedders, and the commands that make them."""

from __future__ import annotations

import json
import lzma
from collections.abc import Callable
from pathlib import Path

import pytest

from tokalign.embedders import load_embedder
from tokalign.embedders.recipes.registry import registry
from tokalign.errors import TokalignError
from tokalign.train.contrastive.commands import main
from tokalign.train.contrastive.plans import plan, plans, read_plans

TOPICS = ["parrots", "bananas", "bridges", "violins", "snow", "trains", "lemons", "castles"]


def test_the_eight_the_two_by_two_and_the_seeds() -> None:
    eight = {"sgpt-nli", "sgpt-msmarco", "opt-eol", "opt-eol-cse", "llama-eol", "llama-eol-cse",
             "gritlm", "llm2vec"}  # fmt: skip
    assert {f"mini-{name}" for name in eight} <= set(plans())
    cross = ["mini-sgpt-nli", "mini-sgpt-nli-bitfit", "mini-sgpt-msmarco-full", "mini-sgpt-msmarco"]
    phases = [plan(name).phases[0] for name in cross]
    assert [p.method for p in phases] == ["full", "bitfit", "full", "bitfit"]
    assert phases[0].sources == phases[1].sources != phases[2].sources == phases[3].sources
    assert len({plan(name).backbone for name in cross}) == 1
    for name in ("mini-sgpt-nli-bitfit", "mini-sgpt-msmarco"):
        seeds = [plan(name + end) for end in ("", "-seed1", "-seed2")]
        assert [p.seed for p in seeds] == [0, 1, 2]
        alike = {p.model_copy(update={"name": "", "seed": 0}).model_dump_json() for p in seeds}
        assert len(alike) == 1


@pytest.mark.parametrize("name", sorted(plans()))
def test_a_mini_reads_as_the_published_one(name: str) -> None:
    made = plan(name)
    ours, theirs = made.recipe("folder"), registry()[made.like_published]
    for field in ("pooling", "attention", "pool_over", "normalise", "strip"):
        assert getattr(ours, field) == getattr(theirs, field), field
    if "eol" in name:
        assert ours.template == theirs.template
    assert bool(made.phases) == (made.layout != "none")


def test_errors_of_plans() -> None:
    with pytest.raises(TokalignError, match=r"unknown miniature embedder 'mini-grit'.*mini-gritlm"):
        plan("mini-grit")
    with pytest.raises(TokalignError, match="not valid YAML"):
        read_plans("a: [", "x.yaml")
    with pytest.raises(TokalignError, match=r"x\.yaml, entry 'a': "):
        read_plans("a: {backbone: b}", "x.yaml")
    with pytest.raises(TokalignError, match="unknown plan that a is like 'b'"):
        read_plans("a: {like: b}", "x.yaml")
    fields = "backbone: b, like_published: c, reading: {pooling: last, attention: causal}"
    start = f"a: {{{fields}, layout: none, phases: [{{objective: contrastive, method: full, lr: 1"
    with pytest.raises(TokalignError, match="contrastive needs sources"):
        read_plans(start + "}]}", "x.yaml")
    with pytest.raises(TokalignError, match="'sick' is no kind of examples"):
        read_plans(start + ", sources: [{name: sick}]}]}", "x.yaml")


@pytest.fixture
def corpus(tmp_path: Path) -> Path:
    """Enough articles that some are held out."""
    path = tmp_path / "corpus.jsonl.xz"
    with lzma.open(path, "wt", encoding="utf-8", preset=0) as file:
        for number in range(5040):
            topic = TOPICS[number % 8]
            # Each first sentence is another one, or all would count as held out.
            text = (
                f"The {topic} of town {number} were seen near a river in {1900 + number % 90}. "
                f"Number {number} of the {topic} was sold, and it was kept in the town. "
                "After the war, the old hall near the river was built by people who came there."
            )
            row = {"id": number, "title": topic, "paragraphs": [text, text]}
            file.write(json.dumps(row) + "\n")
    return path


def test_the_commands_make_an_embedder(
    corpus: Path, backbone: Callable[[str], Path], packed: Path, tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    out = tmp_path / "examples"
    (tmp_path / "evaluation.txt").write_text("A sentence that nobody has written anywhere.\n")
    common = ["--corpus", str(corpus), "--start", "5000", "--held-out", str(corpus), "--out",
              str(out), "--leave-out", str(tmp_path / "evaluation.txt")]  # fmt: skip
    main(["examples", "nli", "windows", "retrieval", "written", *common])
    (out / "stsb.jsonl").write_text((out / "written.jsonl").read_text())
    assert "drop_time" in capsys.readouterr().out
    for name, folder in (
        ("mini-llm2vec", "mistral"),
        ("mini-sgpt-msmarco", "gpt-neo"),
        ("mini-gritlm", "mistral"),
    ):
        main([
            "train", name, "--backbone", str(backbone(folder)), "--examples", str(out),
            "--packed", str(packed), "--held-out", str(corpus), "--runs",
            str(tmp_path / "runs"), "--out", str(tmp_path / "out"), "--steps", "1",
            "--threads", "1",
        ])  # fmt: skip
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert {"backbone_content_hit", "v1", "without_u1_content_hit"} <= set(lines[0])
    made = {path.name for path in (tmp_path / "out").iterdir()}
    assert made == {"mini-llm2vec-mntp", "mini-llm2vec", "mini-sgpt-msmarco",
                    "mini-sgpt-msmarco-whole", "mini-gritlm", "mini-gritlm-whole"}  # fmt: skip
    unified = load_embedder(str(tmp_path / "out" / "mini-gritlm-whole"))
    assert unified.recipe.attention == "bidirectional"
    said = json.loads((tmp_path / "out" / "mini-llm2vec" / "manifest.json").read_text())
    assert said["base"] == "../mini-llm2vec-mntp"
    assert said["sources"]["nli"]["rules"]
    assert set(said["top_10_kept"]) == {"float16", "bfloat16"}
    assert said["licence"]
    assert str(tmp_path) not in json.dumps(said)
    whole = load_embedder(str(tmp_path / "out" / "mini-sgpt-msmarco-whole"))
    assert whole.encode(["The parrots."]).vectors.shape == (1, 32)
    main(["materialise", str(tmp_path / "out" / "mini-sgpt-msmarco"), "--backbone",
          str(backbone("gpt-neo")), "--out", str(tmp_path / "again")])  # fmt: skip
    folders = (tmp_path / "again", tmp_path / "out" / "mini-sgpt-msmarco-whole")
    weights = [folder / "model.safetensors" for folder in folders]
    assert weights[0].read_bytes() == weights[1].read_bytes()


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["train", "mini-nothing"], "unknown miniature embedder 'mini-nothing'"),
        (["train", "mini-opt-eol"], "nothing is trained"),
        (["train", "mini-sgpt-nli", "--minutes", "1", "--steps", "1"], "either --minutes or"),
        (["examples", "sick"], "'sick' is not one of"),
    ],
)
def test_a_users_error_is_one_line(
    arguments: list[str], said: str, corpus: Path, tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    if arguments[0] == "train":
        arguments += ["--backbone", "b", "--examples", "e", "--held-out", str(corpus), "--runs",
                      str(tmp_path), "--out", str(tmp_path)]  # fmt: skip
    with pytest.raises(SystemExit) as ended:
        main(arguments)
    assert ended.value.code == 2
    told = capsys.readouterr()
    assert told.out == ""
    assert said in told.err
    assert told.err.count("\n") == 1


def test_plans_are_listed(capsys: pytest.CaptureFixture[str]) -> None:
    main(["plans"])
    told = capsys.readouterr().out
    assert "mini-opt-eol: mini-opt; prompt only" in told
    assert "mini-llm2vec: mini-mistral; mntp (lora), contrastive (lora)" in told

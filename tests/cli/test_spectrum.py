"""``tokalign spectrum``: the document of the contract against plain numpy, both views, errors."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from tokalign.embedders import load_embedder
from tokalign.embedders.inspecting.inspection import inspect_folder


@pytest.fixture
def pair(checkpoint, tmp_path: Path, monkeypatch) -> tuple[str, str]:
    """A backbone, and an embedder of other weights, prompt and pooling in the user's registry."""
    registry = tmp_path / "mine.yaml"
    registry.write_text(
        f"base: {{checkpoint: {checkpoint('llama')}, readout: lm_head, pooling: last, "
        "attention: causal, max_length: 64, role: backbone}\n"
        f"tuned: {{checkpoint: {checkpoint('llama', tag='tuned', seed=1)}, readout: lm_head, "
        "pooling: mean, attention: bidirectional, max_length: 64, template: 'query: {text}'}\n"
        f"prompted: {{checkpoint: {checkpoint('llama')}, readout: lm_head, pooling: last, "
        "attention: causal, max_length: 64, template: '\"{text}\" means:'}\n"
    )
    monkeypatch.setenv("TOKALIGN_EMBEDDERS", str(registry))
    return "base", "tuned"


@pytest.fixture
def texts(tmp_path: Path, sentences: list[str]) -> Path:
    file = tmp_path / "texts.txt"
    file.write_text("\n".join(sentences[:12]) + "\n")
    return file


def expected(checkpoint, lines: list[str], matched: bool) -> dict[str, object]:
    """The contract in plain numpy, on vectors of recipes written out here."""
    reading = {"pooling": "mean", "max_length": 64}
    tuned = {**reading, "attention": "bidirectional", "template": "query: {text}"}
    h, changed = (
        load_embedder(inspect_folder(folder).model_copy(update=update)).encode(lines).vectors
        for folder, update in (
            (checkpoint("llama"), tuned if matched else reading),
            (checkpoint("llama", tag="tuned", seed=1), tuned),
        )
    )
    h, changed = h.astype(float), changed.astype(float)
    _, _, u = np.linalg.svd(h, full_matrices=False)
    u = np.array([row if h.mean(0) @ row > 0 else -row for row in u])
    change = changed - h
    return {
        "v": [float(np.mean(change @ row)) for row in u],
        "share_of_shift_on_pc1": float(np.mean(change @ u[0]) ** 2 / np.sum(change.mean(0) ** 2)),
        "share_of_energy": [
            float(np.mean((change @ row) ** 2) / np.mean(np.sum(change**2, axis=1))) for row in u
        ],
        "cos_u1_mean": float(u[0] @ h.mean(0) / np.linalg.norm(h.mean(0))),
    }


@pytest.mark.parametrize("view", ["published", "matched"])
def test_the_document_is_that_of_plain_numpy(cli, checkpoint, pair, texts, view) -> None:
    base, tuned = pair
    answer = cli("spectrum", "--backbone", base, "--embedder", tuned, "--dataset", str(texts),
                 "--view", view, "--json")  # fmt: skip
    assert answer.err == ""
    found = answer.document
    wanted = expected(checkpoint, texts.read_text().splitlines(), matched=view == "matched")
    assert found["n"] == 12
    assert len(found["v"]) == len(found["share_of_energy"]) == 12
    for name, value in wanted.items():
        assert found[name] == pytest.approx(value, abs=1e-5), name
    assert found["cos_u1_mean"] > 0


def test_published_is_the_default_and_limit_takes_a_sample(cli, pair, texts) -> None:
    base, tuned = pair
    words = ["--backbone", base, "--embedder", tuned, "--dataset", str(texts), "--limit", "5"]
    found = cli("spectrum", *words, "--json").document
    assert found["view"] == "published"
    assert found["n"] == 5
    assert len(found["v"]) == 5


def test_a_table_for_people(cli, pair, texts) -> None:
    base, tuned = pair
    answer = cli("spectrum", "--backbone", base, "--embedder", tuned, "--dataset", str(texts))
    assert answer.code == 0
    assert "tuned against base (published) on 12 texts" in " ".join(answer.out.split())
    assert "share of energy" in answer.out


@pytest.mark.parametrize(
    ("words", "parts"),
    [
        (["--embedder", "prompted", "--view", "matched"], ["prompted has the weights of base",
                                                           "view published"]),
        (["--embedder", "base"], ["give the same vectors"]),
        (["--embedder", "tuned", "--view", "matchd"], ["unknown view 'matchd'",
                                                       "did you mean matched"]),
        (["--embedder", "tuned", "--seed", "-1"], ["--seed must be between 0"]),
        (["--embedder", "tund"], ["unknown embedder 'tund'", "did you mean tuned"]),
    ],
)  # fmt: skip
def test_errors(cli, pair, texts, tmp_path, words, parts) -> None:
    said = cli("spectrum", "--backbone", "base", "--dataset", str(texts), *words).users_error()
    assert [part for part in parts if part not in said] == []


def test_another_width(cli, pair, texts, checkpoint) -> None:
    narrow = str(checkpoint("llama", tag="narrow", hidden_size=16))
    said = cli("spectrum", "--backbone", narrow, "--embedder", "tuned", "--dataset", str(texts),
               "--json")  # fmt: skip
    assert "cannot be compared" in said.users_error()

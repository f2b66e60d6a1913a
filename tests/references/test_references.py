"""Registry entries give the vectors of the original packages; with one mistake each they do not.

`data/models/references/README.md` tells how the references were made, `proofs.yaml` beside it which
entry each of them proves.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path

import numpy as np
import pytest

from tokalign.embedders import Embedder, Embeddings, load_embedder
from tokalign.embedders.checking.proofs import FAR, SAME, Proof, read_proofs
from tokalign.embedders.encoding.tokenising import tokenise
from tokalign.tokens import decode, load_head

FIXTURES = Path(__file__).parents[2] / "data" / "models" / "references"
PROOFS = read_proofs(FIXTURES)
TWINS = [(proof, label) for proof in PROOFS for label in proof.twins]
PAPER = {"sgpt-nli", "sgpt-msmarco", "opt-eol", "opt-eol-cse", "llama-eol", "llama-eol-cse",
         "gritlm", "llm2vec"}  # fmt: skip


def named(proof: Proof) -> str:
    return f"{proof.embedder}-{proof.reference.replace('/', '-')}"


@cache
def loaded(number: int) -> Embedder:
    return load_embedder(PROOFS[number].recipe())


def test_each_of_the_papers_eight_is_proved() -> None:
    assert {proof.embedder for proof in PROOFS} >= PAPER
    assert all(proof.twins for proof in PROOFS)


@pytest.mark.parametrize("number", range(len(PROOFS)), ids=map(named, PROOFS))
def test_the_model_reads_the_tokens_that_it_reads_in_the_package(number: int) -> None:
    proof, embedder = PROOFS[number], loaded(number)
    read = tokenise(embedder.tokenizer, embedder.recipe, proof.texts, proof.instruction)
    assert [found.tolist() for found in read.ids] == proof.ids


@pytest.mark.parametrize("batch", [1, 3, 20])
@pytest.mark.parametrize("number", range(len(PROOFS)), ids=map(named, PROOFS))
def test_the_vectors_are_those_of_the_package(number: int, batch: int) -> None:
    proof, embedder = PROOFS[number], loaded(number)
    for side in ("right", "left"):
        made = embedder.encode(
            proof.texts, instruction=proof.instruction, batch_size=batch, padding_side=side
        )
        assert np.abs(made.vectors - proof.expected(batch)).max() < SAME


@pytest.mark.parametrize(
    ("proof", "label"), TWINS, ids=[f"{named(proof)}-{label}" for proof, label in TWINS]
)
def test_a_wrong_reading_is_far_off(proof: Proof, label: str) -> None:
    assert proof.distance(batch_size=20, **proof.twins[label]).max() > FAR


@pytest.mark.parametrize("name", sorted(PAPER))
def test_in_bfloat16_the_first_ten_tokens_agree(name: str) -> None:
    proof = next(proof for proof in PROOFS if proof.embedder == name)
    embedder = load_embedder(proof.recipe(), dtype="bfloat16")
    head = load_head(load_embedder(proof.recipe()))
    made = embedder.encode(proof.texts, instruction=proof.instruction)
    expected = Embeddings(proof.expected(), made.space, made.norms, made.truncated)
    found, right = (decode(vectors, head, 10).ids for vectors in (made, expected))
    shared = [len(set(a) & set(b)) / 10 for a, b in zip(found, right, strict=True)]
    assert np.mean(shared) > 0.95

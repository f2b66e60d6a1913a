"""Clustering measures against scikit-learn and plain loops."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import v_measure_score

from tokalign.errors import TokalignError
from tokalign.facets import clustering as module
from tokalign.facets.clustering import (
    anchor_accuracy,
    clusterings,
    mean_v_measure,
    similarities,
    triplet_accuracy,
    v_measure,
)
from tokalign.facets.intervals import resample_counts

seeds = st.integers(0, 2**32 - 1)


@settings(max_examples=25)
@given(seeds)
def test_v_measure_is_scikit_learns_in_every_resample(seed: int) -> None:
    generator = np.random.default_rng(seed)
    clusters, labels = generator.integers(0, 3, 14), generator.integers(0, 4, 14)
    counts = resample_counts(14, resamples=5, seed=seed % 1000)
    found = v_measure(clusters, labels, counts)
    for value, drawn in zip(found, counts.astype(int), strict=True):
        rows = np.repeat(np.arange(14), drawn)
        assert value == pytest.approx(v_measure_score(labels[rows], clusters[rows]), abs=1e-9)
    both = mean_v_measure(np.stack([clusters, labels]), labels, counts)
    assert both == pytest.approx((found + 1) / 2)


def plain_triplets(similarity: np.ndarray, labels: np.ndarray, counts: np.ndarray) -> float:
    won = total = 0.0
    n = len(labels)
    for i in range(n):
        for j in range(n):
            for k in range(n):
                if i != j and labels[i] == labels[j] != labels[k]:
                    weight = counts[i] * counts[j] * counts[k]
                    near, far = similarity[i, j], similarity[i, k]
                    won += weight * (1.0 if near > far else 0.5 if near == far else 0.0)
                    total += weight
    return won / total if total else np.nan


@settings(max_examples=50)
@given(seeds)
def test_triplets_are_those_of_three_loops(seed: int) -> None:
    generator = np.random.default_rng(seed)
    labels = generator.integers(0, 3, 9)
    similarity = similarities(generator.integers(-1, 2, (9, 2)) + 0.0)  # with ties
    counts = resample_counts(9, resamples=3, seed=seed % 1000)
    expected = [plain_triplets(similarity, labels, row) for row in counts]
    assert triplet_accuracy(similarity, labels, counts) == pytest.approx(expected, nan_ok=True)
    order = generator.permutation(9)
    again = triplet_accuracy(similarity[np.ix_(order, order)], labels[order], counts[:, order])
    assert again == pytest.approx(expected, nan_ok=True)


def test_how_many_are_looked_at_at_a_time_does_not_matter(monkeypatch: pytest.MonkeyPatch) -> None:
    generator = np.random.default_rng(0)
    similarity, labels = similarities(generator.standard_normal((12, 4))), np.arange(12) % 3
    counts = resample_counts(12, resamples=4)
    whole = triplet_accuracy(similarity, labels, counts)
    monkeypatch.setattr(module, "_AT_A_TIME", 10)
    assert triplet_accuracy(similarity, labels, counts) == pytest.approx(whole)


def test_anchors_with_as_many_triplets_each_make_the_mean() -> None:
    similarity = similarities(np.random.default_rng(1).standard_normal((12, 4)))
    labels = np.arange(12) % 3
    anchors = anchor_accuracy(similarity, labels)
    assert anchors.mean() == pytest.approx(
        triplet_accuracy(similarity, labels, np.ones((1, 12)))[0]
    )
    assert np.isnan(anchor_accuracy(similarity, np.array([0] + [1] * 11))[0])


def test_dealt_out_labels_give_one_half() -> None:
    generator = np.random.default_rng(2)
    similarity = similarities(generator.standard_normal((12, 3)))
    once = np.ones((1, 12))
    dealt = [generator.permutation(np.arange(12) % 3) for _ in range(400)]
    found = [triplet_accuracy(similarity, labels, once)[0] for labels in dealt]
    assert np.mean(found) == pytest.approx(0.5, abs=0.02)


def test_groups_that_are_far_apart_are_found() -> None:
    labels = np.arange(30) % 3
    generator = np.random.default_rng(0)
    vectors = np.eye(4)[labels] * 5 + 0.05 * generator.standard_normal((30, 4))
    made = clusterings(vectors * generator.uniform(1, 9, (30, 1)), 3, starts=10, seed=3)
    assert made.shape == (10, 30)
    assert max(v_measure(row, labels, np.ones((1, 30)))[0] for row in made) == pytest.approx(1)
    assert (made == clusterings(vectors, 3, starts=10, seed=3)).mean() > 0.99  # length is nothing
    assert triplet_accuracy(similarities(vectors), labels, np.ones((1, 30)))[0] == 1
    with pytest.raises(TokalignError, match="2 texts cannot make 3 clusters"):
        clusterings(vectors[:2], 3)

"""Do texts of the same label come together when their facet is asked for?

Two measures: how well clusters found without the labels agree with them (v-measure of k-means,
Rosenberg and Hirschberg 2007), and how often a text is nearer to one of its own label than to one
of another. Both by the cosine between vectors.
"""

from __future__ import annotations

import numpy as np
from scipy.special import entr
from sklearn.cluster import KMeans

from tokalign.errors import TokalignError

#: Starts of k-means, each with draws of its own; the measure is their mean.
STARTS = 10
#: Triplets that are looked at at a time: 16 MiB.
_AT_A_TIME = 1 << 21


def unit_length(vectors: np.ndarray) -> np.ndarray:
    """The vectors at length 1, ``(N, d)`` float64; a vector of zeros stays.

    >>> unit_length(np.array([[3.0, 4.0]])).tolist()
    [[0.6, 0.8]]
    """
    wide = np.asarray(vectors, dtype=np.float64)
    return np.asarray(wide / np.maximum(np.linalg.norm(wide, axis=1, keepdims=True), 1e-12))


def clusterings(
    vectors: np.ndarray, count: int, *, starts: int = STARTS, seed: int = 0
) -> np.ndarray:
    """Cluster vectors of length 1 by k-means, from several random starts.

    Args:
        vectors: ``(N, d)``, N at least `count`.
        count: How many clusters: as many as there are labels.
        starts: S.
        seed: Of the starts.

    Returns:
        ``(S, N)`` int32, the cluster of each text.

    Raises:
        TokalignError: There are fewer vectors than clusters.
    """
    if len(vectors) < count:
        raise TokalignError(f"{len(vectors)} texts cannot make {count} clusters")
    ready = unit_length(vectors)
    seeds = np.random.SeedSequence(seed).generate_state(starts, np.uint32)
    made = [KMeans(count, n_init=1, random_state=int(s)).fit_predict(ready) for s in seeds]
    return np.array(made, dtype=np.int32)


def v_measure(clusters: np.ndarray, labels: np.ndarray, counts: np.ndarray) -> np.ndarray:
    """The v-measure of a clustering, in each resample of the texts.

    Twice what clusters and labels tell of each other, over the sum of their entropies: the harmonic
    mean of homogeneity and completeness. The texts are not clustered anew in a resample. By chance
    it is above 0, the more so the fewer texts there are.

    Args:
        clusters: ``(N,)`` numbers from 0.
        labels: ``(N,)`` numbers from 0.
        counts: ``(R + 1, N)``, `resample_counts`.

    Returns:
        ``(R + 1,)``; 1 where a resample has one label in one cluster.

    >>> v_measure(np.array([0, 0, 1, 1]), np.array([1, 1, 0, 0]), np.ones((1, 4))).tolist()
    [1.0]
    """
    n, width = len(labels), int(labels.max()) + 1
    pairs = np.zeros((n, (int(clusters.max()) + 1) * width))
    pairs[np.arange(n), clusters * width + labels] = 1
    joint = (counts / counts.sum(axis=1, keepdims=True)) @ pairs
    table = joint.reshape(len(counts), -1, width)
    of_labels, of_clusters = (entr(table.sum(axis=axis)).sum(axis=1) for axis in (1, 2))
    both = entr(joint).sum(axis=1)
    total = of_labels + of_clusters
    with np.errstate(invalid="ignore", divide="ignore"):
        shared = np.where(total > 1e-12, 2 * (total - both) / total, 1.0)
    return np.asarray(np.clip(shared, 0.0, 1.0))


def mean_v_measure(clusters: np.ndarray, labels: np.ndarray, counts: np.ndarray) -> np.ndarray:
    """`v_measure` as a mean over several clusterings ``(S, N)``: ``(R + 1,)``."""
    return np.asarray(np.mean([v_measure(row, labels, counts) for row in clusters], axis=0))


def similarities(vectors: np.ndarray) -> np.ndarray:
    """The cosine between any two vectors, ``(N, N)`` float64."""
    ready = unit_length(vectors)
    return np.asarray(ready @ ready.T)


def triplet_accuracy(similarity: np.ndarray, labels: np.ndarray, counts: np.ndarray) -> np.ndarray:
    """How often a text is nearer to one of its own label than to one of another label.

    Over all triplets of an anchor, another text of its label, and one of another; a tie counts
    half. By chance one half. In a resample each triplet counts as often as its texts are drawn,
    and a text that is drawn twice is never its own neighbour. Work grows with N^3: it is meant for
    hundreds of texts.

    Args:
        similarity: ``(N, N)``.
        labels: ``(N,)``.
        counts: ``(R + 1, N)``, `resample_counts`.

    Returns:
        ``(R + 1,)``; NaN where a resample has no triplet.

    >>> near = np.array([[1.0, 0.9, 0.1], [0.9, 1.0, 0.95], [0.1, 0.95, 1.0]])
    >>> triplet_accuracy(near, np.array([0, 0, 1]), np.ones((1, 3))).tolist()
    [0.5]
    """
    won, all_of_them = np.zeros(len(counts)), np.zeros(len(counts))
    for label in np.unique(labels):
        inside, others = np.flatnonzero(labels == label), np.flatnonzero(labels != label)
        pairs = np.argwhere(~np.eye(len(inside), dtype=bool))
        step = max(_AT_A_TIME // max(len(others), 1), 1)
        for start in range(0, len(pairs), step):
            anchors, fellows = inside[pairs[start : start + step]].T
            drawn = counts[:, anchors] * counts[:, fellows]
            wins = _wins(similarity[anchors, fellows][:, None], similarity[anchors][:, others])
            won += np.einsum("ro,ro->r", drawn @ wins, counts[:, others])
            all_of_them += drawn.sum(axis=1) * counts[:, others].sum(axis=1)
    return np.asarray(won / np.where(all_of_them > 0, all_of_them, np.nan))


def _wins(near: np.ndarray, far: np.ndarray) -> np.ndarray:
    return np.asarray((near > far) + 0.5 * (near == far))


def anchor_accuracy(similarity: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """`triplet_accuracy` of each anchor alone.

    Args:
        similarity: ``(N, N)``.
        labels: ``(N,)``.

    Returns:
        ``(N,)``; NaN for an anchor without a triplet.

    >>> near = np.array([[1.0, 0.9, 0.1], [0.9, 1.0, 0.95], [0.1, 0.95, 1.0]])
    >>> anchor_accuracy(near, np.array([0, 0, 1])).tolist()
    [1.0, 0.0, nan]
    """
    found = np.full(len(labels), np.nan)
    for anchor, label in enumerate(labels):
        same, other = labels == label, labels != label
        same[anchor] = False
        if same.any() and other.any():
            row = similarity[anchor]
            found[anchor] = _wins(row[same][:, None], row[other]).mean()
    return found

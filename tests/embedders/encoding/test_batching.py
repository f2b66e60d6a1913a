from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tokalign.embedders.encoding.batching import batches, pad

lengths_of_texts = st.lists(st.integers(1, 300), max_size=60).map(np.array)


@given(lengths_of_texts, st.integers(1, 600), st.sampled_from([0.0, 1 / 16, 0.5, 3.0]))
def test_batches_are_a_partition_within_budget_and_slack(lengths, budget, slack):
    found = batches(lengths, budget, slack)
    assert sorted(i for batch in found for i in batch) == list(range(len(lengths)))
    for batch in found:
        here = lengths[batch]
        assert len(batch) == 1 or len(batch) * here.max() <= budget
        assert here.max() <= here.min() * (1 + slack)


@given(lengths_of_texts, st.integers(1, 600))
def test_the_longest_come_first_and_equal_lengths_keep_their_order(lengths, budget):
    order = [int(i) for batch in batches(lengths, budget) for i in batch]
    assert order == sorted(range(len(lengths)), key=lambda i: (-lengths[i], i))


@given(st.integers(1, 40), st.integers(1, 30), st.integers(1, 400))
def test_batches_of_equal_lengths_are_as_full_as_the_budget_allows(count, length, budget):
    sizes = [len(batch) for batch in batches(np.full(count, length), budget)]
    assert all(size == max(budget // length, 1) for size in sizes[:-1])


def test_a_budget_below_one_is_refused():
    with pytest.raises(ValueError, match="at least 1, not 0"):
        batches(np.array([1]), 0)


@given(
    st.lists(st.lists(st.integers(1, 9), min_size=1, max_size=8).map(np.array), min_size=1),
    st.sampled_from(["left", "right"]),
)
def test_padding_adds_nothing_but_padding(sequences, side):
    ids, mask = pad(sequences, 0, side)
    for row, real, sequence in zip(ids, mask, sequences, strict=True):
        assert row[real].tolist() == sequence.tolist()
        assert not row[~real].any()
        at_the_edge = real[: len(sequence)] if side == "right" else real[-len(sequence) :]
        assert at_the_edge.all()


def test_an_unknown_side_is_refused():
    with pytest.raises(ValueError, match="left or right, not 'up'"):
        pad([np.array([1])], 0, "up")

"""The rivals: what each leaves, against plain numpy, on vectors that it was not fitted on."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from tokalign.errors import TokalignError
from tokalign.spectrum import (
    AddFirst,
    AddRandom,
    AllButTheTop,
    Filter,
    HeadSpectrum,
    Identity,
    MeanSubtraction,
    RemoveFirst,
    Whitening,
    components,
    head_directions,
    rivals,
    variation,
)
from tokalign.tokens import decode

SEEDS = st.integers(0, 10_000)


def halves(seed, n=30, d=6):
    """Two sets of vectors that lie far from 0 and vary more in some directions."""
    random = np.random.default_rng(seed)
    mean, turn = 4 * random.normal(size=d), np.linalg.qr(random.normal(size=(d, d)))[0]
    return (random.normal(size=(m, d)) * np.linspace(3, 0.5, d) @ turn + mean for m in (n, 11))


def test_all_rivals_keep_shape_precision_space_and_what_they_are_given(head, wrap):
    fitted, scored = halves(0)
    before = fitted.copy(), scored.copy()
    found = {}
    for rival in rivals(seed=3):
        made = rival.fit(fitted, head())
        assert isinstance(made, Filter)
        assert made.name == rival.name
        out = made.filter(scored)
        assert (out.dtype, out.shape) == (np.float32, scored.shape)
        # Each vector on its own: neither the order nor the others matter.
        np.testing.assert_allclose(made.filter(scored[::-1])[::-1], out, atol=1e-5)
        np.testing.assert_allclose(made.filter(scored[:1]), out[:1], atol=1e-5)
        put = made.embeddings(wrap(scored))
        assert put.space == wrap(scored).space
        decode(put, head(), 3)
        found[made.name] = out
    np.testing.assert_array_equal(fitted, before[0])
    np.testing.assert_array_equal(scored, before[1])
    assert len(found) == len(rivals())
    different = {out.tobytes() for out in found.values()}
    assert len(different) == len(found)


@given(SEEDS)
def test_identity_and_mean(seed):
    fitted, scored = halves(seed)
    np.testing.assert_array_equal(Identity().fit(fitted).filter(scored), scored.astype(np.float32))
    made = MeanSubtraction().fit(fitted)
    np.testing.assert_allclose(made.filter(scored), scored - fitted.mean(axis=0), atol=1e-5)
    np.testing.assert_allclose(made.filter(fitted).mean(axis=0), 0, atol=1e-5)


@given(SEEDS)
def test_after_removal_nothing_lies_along_u1(seed):
    fitted, scored = halves(seed)
    unit = components(fitted).directions[0]
    made = RemoveFirst().fit(fitted)
    out = made.filter(scored)
    np.testing.assert_allclose(out @ unit, 0, atol=1e-5)
    np.testing.assert_allclose(out, scored - np.outer(scored @ unit, unit), atol=1e-5)
    np.testing.assert_allclose(made.filter(out), out, atol=1e-5)


@given(SEEDS, st.integers(1, 6))
def test_all_but_the_top(seed, count):
    fitted, scored = halves(seed)
    mean = fitted.mean(axis=0)
    _, _, top = np.linalg.svd(fitted - mean, full_matrices=False)
    top = top[:count]
    expected = (scored - mean) - (scored - mean) @ top.T @ top
    made = AllButTheTop(count).fit(fitted)
    np.testing.assert_allclose(made.filter(scored), expected, atol=1e-5)
    np.testing.assert_allclose(made.filter(scored) @ top.T, 0, atol=1e-5)
    kept = AllButTheTop(count, keep_mean=True).fit(fitted)
    np.testing.assert_allclose(kept.filter(scored), expected + mean, atol=1e-5)
    assert made.parameters == {"removed": count, "keep_mean": 0}


def test_how_many_are_removed_by_default():
    wide = np.random.default_rng(0).normal(size=(20, 512))
    assert AllButTheTop().fit(wide).parameters["removed"] == 5
    assert AllButTheTop().fit(wide[:, :20]).parameters["removed"] == 1


@settings(max_examples=50)
@given(SEEDS)
def test_whitening_gives_identity_covariance_on_the_fitted_half(seed):
    fitted, scored = halves(seed)
    made = Whitening().fit(fitted)
    assert made.parameters == {"shrinkage": 0.0, "dims": 6, "rank": 6}
    out = made.filter(fitted)
    np.testing.assert_allclose(np.cov(out.T, bias=True), np.eye(6), atol=1e-5)
    np.testing.assert_allclose(out.mean(axis=0), 0, atol=1e-5)
    # Distances are Mahalanobis', whatever the coordinates.
    inverse = np.linalg.inv(np.cov(fitted.T, bias=True))
    centred = scored - fitted.mean(axis=0)
    expected = centred @ inverse @ centred.T
    np.testing.assert_allclose(made.filter(scored) @ made.filter(scored).T, expected, rtol=1e-4,
                               atol=1e-3)  # fmt: skip


@pytest.mark.parametrize("shrinkage", [None, 0.3, 1.0])
def test_whitening_with_fewer_vectors_than_dimensions_shrinks(shrinkage):
    fitted, scored = halves(1, n=8, d=20)
    made = Whitening(shrinkage).fit(fitted)
    share = made.parameters["shrinkage"]
    assert 0 < share <= 1
    assert (made.parameters["dims"], made.parameters["rank"]) == (20, 7)
    covariance = np.cov(fitted.T, bias=True)
    shrunk = (1 - share) * covariance + share * np.trace(covariance) / 20 * np.eye(20)
    np.testing.assert_allclose(made.matrix @ shrunk @ made.matrix, np.eye(20), atol=1e-8)
    # Without it the vectors that were not fitted blow up.
    assert np.isfinite(made.filter(scored)).all()


def test_shrinkage_is_that_of_scikit_learn():
    from sklearn.covariance import LedoitWolf

    fitted, _ = halves(1, n=8, d=20)
    share = Whitening().fit(fitted).parameters["shrinkage"]
    assert share == pytest.approx(LedoitWolf().fit(fitted).shrinkage_)


def test_without_shrinkage_only_the_directions_that_vary_are_whitened():
    fitted, scored = halves(2, n=8, d=20)
    made = Whitening(shrinkage=0).fit(fitted)
    assert made.parameters == {"shrinkage": 0.0, "dims": 7, "rank": 7}
    values = np.linalg.eigvalsh(np.cov(made.filter(fitted).T, bias=True))
    np.testing.assert_allclose(values, [0] * 13 + [1] * 7, atol=1e-5)
    assert np.isfinite(made.filter(scored)).all()
    few = Whitening(shrinkage=0, dims=3).fit(fitted).filter(fitted)
    values = np.linalg.eigvalsh(np.cov(few.T, bias=True))
    np.testing.assert_allclose(values, [0] * 17 + [1] * 3, atol=1e-5)


@given(SEEDS, st.floats(-50, 50))
def test_lambda_u1_given(seed, lam):
    fitted, scored = halves(seed)
    made = AddFirst(lam).fit(fitted)
    expected = scored + lam * components(fitted).directions[0]
    np.testing.assert_allclose(made.filter(scored), expected, atol=1e-4)
    assert made.parameters == {"lambda": lam, "lambda_from": "given"}


def test_lambda_u1_fitted():
    fitted, _ = halves(5)
    changed = fitted - [3, 1, 0, 0, 0, 0]
    found = variation(fitted, changed)
    by_embedder = AddFirst(embedder=changed).fit(fitted)
    assert by_embedder.parameters["lambda"] == pytest.approx(found.v[0])
    assert by_embedder.parameters["lambda_from"] == "v_1"
    by_mean = AddFirst().fit(fitted)
    assert by_mean.parameters["lambda"] == pytest.approx(-found.m1)
    unit = found.parts.directions[0]
    assert by_mean.filter(fitted).mean(axis=0) @ unit == pytest.approx(0, abs=1e-5)

    def score(vectors):
        return -abs(float((vectors @ unit).mean()) - 2)

    grid = np.linspace(-20, 20, 81)
    by_score = AddFirst(score=score, lambdas=grid).fit(fitted)
    assert by_score.parameters["lambda"] == pytest.approx(2 - found.m1, abs=0.25)
    assert by_score.parameters["lambda_from"] == "score"


def test_the_random_direction_is_as_long_and_seeded():
    fitted, scored = halves(5)
    lam = AddFirst().fit(fitted).parameters["lambda"]
    added = [AddRandom(seed).fit(fitted).filter(scored) - scored for seed in (0, 0, 1)]
    np.testing.assert_array_equal(added[0], added[1])
    for one in added:
        np.testing.assert_allclose(np.linalg.norm(one, axis=1), -lam, rtol=1e-5)
    assert np.abs(added[0] - added[2]).max() > 0.1
    longer = AddRandom(length=7.0).fit(fitted).filter(scored) - scored
    np.testing.assert_allclose(np.linalg.norm(longer, axis=1), 7, rtol=1e-5)


@pytest.mark.parametrize(("rows", "width"), [(30, 6), (4, 7), (5000, 5)])
def test_the_directions_of_a_head_are_its_right_singular_vectors(head, rows, width):
    some = head(rows=rows, width=width)
    values, directions = head_directions(some)
    _, expected, others = np.linalg.svd(some.matrix.double().numpy(), full_matrices=True)
    r = len(expected)
    np.testing.assert_allclose(values[:r], expected, rtol=1e-6)
    np.testing.assert_allclose(values[r:], 0, atol=1e-6)
    np.testing.assert_allclose(directions @ directions.T, np.eye(width), atol=1e-9)
    np.testing.assert_allclose(np.abs((directions[:r] * others[:r]).sum(axis=1)), 1, atol=1e-6)


@pytest.mark.parametrize(
    ("part", "tau", "chosen"),
    [("middle", 2, slice(2, 6)), ("middle", 4, slice(3, 5)), ("top", 2, slice(0, 4)),
     ("middle", 1, slice(0, 8)), ("middle", 3, slice(3, 5)), ("middle", 8, slice(3, 4))],
)  # fmt: skip
def test_the_filter_by_the_heads_spectrum(head, part, tau, chosen):
    some = head(rows=40, width=8)
    scored = np.random.default_rng(0).normal(size=(5, 8))
    _, _, directions = np.linalg.svd(some.matrix.double().numpy())
    kept = directions[chosen]
    made = HeadSpectrum(part, tau).fit(np.ones((1, 8)), some)
    out = made.filter(scored)
    np.testing.assert_allclose(out, scored @ kept.T @ kept, atol=1e-5)
    np.testing.assert_allclose(made.filter(out), out, atol=1e-5)
    assert made.parameters == {"part": part, "tau": tau, "kept": len(kept)}
    # As the published form, which keeps the coordinates: all inner products are the same.
    np.testing.assert_allclose(out @ out.T, (scored @ kept.T) @ (scored @ kept.T).T, atol=1e-4)


def test_half_precision_has_the_directions_of_its_own_numbers(head):
    some = head(rows=3000)
    half = type(some)("x", some.matrix.bfloat16(), some.ids, 6)
    expected = np.linalg.svd(half.matrix.double().numpy(), compute_uv=False)
    np.testing.assert_allclose(head_directions(half)[0], expected, rtol=1e-9)


ONES = np.ones((3, 6))


@pytest.mark.parametrize(
    ("rival", "vectors", "message"),
    [
        (AllButTheTop(0), ONES, "0 components of 3 vectors of width 6; allowed: 1 to 2"),
        (AllButTheTop(3), ONES, "allowed: 1 to 2"),
        (AllButTheTop(), ONES[:1], "N at least 2"),
        (MeanSubtraction(), ONES[:0], "N at least 1"),
        (RemoveFirst(), 0 * ONES, "all 0"),
        (Identity(), np.nan * ONES, "not finite"),
        (Whitening(), ONES, "all the same"),
        (Whitening(), 1e8 + 0.1 * ONES, "all the same"),
        (Whitening(shrinkage=2), np.eye(6), "shrinkage 2; allowed: 0 to 1"),
        (Whitening(dims=6), np.eye(6), "6 dimensions .* vary in 5 directions; allowed: 1 to 5"),
        (AddFirst(float("inf")), ONES, "lambda inf; a finite number"),
        (AddFirst(embedder=np.ones((2, 6))), ONES, r"\(2, 6\) for fitted ones of \(3, 6\)"),
        (AddFirst(score=float), ONES, "no lambdas to choose from"),
        (AddFirst(score=lambda _: float("nan"), lambdas=[1]), ONES, "NaN for every lambda"),
        (AddRandom(length=-1), ONES, "length -1"),
        (HeadSpectrum(), ONES, "EmbedFilter is fitted on a head"),
    ],
)
def test_what_cannot_be_fitted(rival, vectors, message):
    with pytest.raises(TokalignError, match=message):
        rival.fit(vectors)


def test_heads_and_spectra_that_are_refused(head):
    for tau in (0.5, 7):
        with pytest.raises(TokalignError, match="allowed: 1 to 6"):
            HeadSpectrum(tau=tau).fit(ONES, head())
    with pytest.raises(TokalignError, match=r"unknown part 'low'.*allowed: middle, top"):
        HeadSpectrum("low").fit(ONES, head())
    with pytest.raises(TokalignError, match="transforms vectors before its matrix"):
        head_directions(head(transform=torch.tanh))


def test_a_filter_refuses_another_width_and_what_is_not_finite():
    made = MeanSubtraction().fit(ONES)
    with pytest.raises(TokalignError, match="width 5 do not fit the filter 'mean subtraction'"):
        made.filter(np.ones((2, 5)))
    with pytest.raises(TokalignError, match="not finite"):
        made.filter(np.full((1, 6), np.inf))

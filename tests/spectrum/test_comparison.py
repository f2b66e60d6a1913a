"""An embedder beside its backbone, and curves over lambda, on tiny models of a user's registry."""

from __future__ import annotations

import numpy as np
import pytest
import yaml
from checkpoints import TEXTS

from tokalign.embedders import find_recipe, load_embedder
from tokalign.errors import TokalignError
from tokalign.measures import VectorOverlap
from tokalign.spectrum import (
    adjustment_curve,
    alignment_gain,
    backbone_of,
    compare,
    content_effects,
    default_lambdas,
    first_component_quantities,
    portrait,
    variation,
    views_of,
)
from tokalign.spectrum.reading import replaced
from tokalign.tokens import decode, normal_form

READING = {"readout": "lm_head", "pooling": "mean", "attention": "causal", "max_length": 64}
WORDS = [f"{text} A treaty on the climate was agreed." for text in TEXTS]


@pytest.fixture
def models(checkpoint, tmp_path, monkeypatch):
    """A backbone, an embedder that has other weights and a prompt, one by its prompt alone."""
    plain = str(checkpoint("llama"))
    other = str(checkpoint("llama", tag="trained", seed=3))
    entries = {
        "plain": {**READING, "role": "backbone", "checkpoint": plain, "pooling": "last"},
        "trained": {**READING, "checkpoint": other, "head": plain, "backbone": "plain",
                    "normalise": True, "template": "Read: {text}"},
        "prompted": {**READING, "checkpoint": plain, "backbone": "plain", "template": "{text}:"},
        "lost": {**READING, "checkpoint": other, "backbone": "elsewhere"},
    }  # fmt: skip
    path = tmp_path / "embedders.yaml"
    path.write_text(yaml.safe_dump(entries))
    monkeypatch.setenv("TOKALIGN_EMBEDDERS", str(path))
    return {name: load_embedder(name) for name in entries}


def test_it_is_what_its_parts_are(models):
    found = compare(models["trained"], WORDS)
    assert found.name == "plain → trained"
    # Pooled as the embedder is, but without its prompt; both at their own length.
    alone = find_recipe("plain").model_copy(update={"pooling": "mean"})
    np.testing.assert_allclose(
        found.h.vectors, load_embedder(alone).encode(WORDS).vectors, atol=1e-5
    )
    changed = models["trained"].encode(WORDS).unnormalised().vectors
    np.testing.assert_allclose(found.changed.vectors, changed, atol=1e-5)
    assert sorted([*found.fitted, *found.scored]) == list(range(len(WORDS)))
    half = variation(found.h.vectors[found.fitted], found.changed.vectors[found.fitted])
    assert found.m1 == pytest.approx(half.m1, rel=1e-5)
    assert found.v1 == pytest.approx(half.v[0], rel=1e-4, abs=1e-5)
    whole = variation(found.h.vectors, found.changed.vectors)
    np.testing.assert_allclose(found.variation.v, whole.v)
    assert found.head.owner == found.own_head.owner == find_recipe("plain").checkpoint


def test_the_matched_view_reads_alike(models):
    found = compare(models["trained"], WORDS, view="matched")
    prompted = models["trained"].recipe.model_copy(
        update={"checkpoint": find_recipe("plain").checkpoint, "head": None}
    )
    expected = load_embedder(prompted).encode(WORDS).unnormalised().vectors
    np.testing.assert_allclose(found.h.vectors, expected, atol=1e-5)
    with pytest.raises(TokalignError, match="one and the same"):
        compare(models["prompted"], WORDS, view="matched")
    assert compare(models["prompted"], WORDS).v1 != 0


def test_the_views_are_those_that_compare_something(models):
    assert views_of(models["trained"].recipe) == ("published", "matched")
    assert views_of(models["prompted"].recipe) == ("published",)
    assert views_of(models["lost"].recipe) == ()


def test_without_a_backbone_it_stands_for_its_own(models):
    assert backbone_of(models["lost"].recipe) is None
    found = compare(models["lost"], WORDS)
    assert (found.name, found.variation, found.v1) == ("lost", None, 0.0)
    np.testing.assert_array_equal(found.h.vectors, found.changed.vectors)


def test_a_curve_measures_the_other_half(models):
    found = compare(models["trained"], WORDS)
    lambdas = default_lambdas(found, 5)
    assert {0.0, -found.m1, found.v1} <= set(lambdas.tolist())
    assert (np.diff(lambdas) > 0).all()
    overlap = VectorOverlap([WORDS[i] for i in found.scored], models["trained"].tokenizer, k=5)
    curve = adjustment_curve(found, overlap, lambdas)
    assert set(curve["lambda"]) == set(lambdas)
    assert ((curve["low"] <= curve["value"]) & (curve["value"] <= curve["high"])).all()
    for lam in (0.0, found.v1):
        moved = found.h.select(found.scored).vectors + lam * found.u1
        ids = np.argsort(-(moved @ found.head.matrix.numpy().T), axis=1)[:, :5]
        own = [set(models["trained"].tokenizer(WORDS[i])["input_ids"]) for i in found.scored]
        hits = [bool(set(found.head.ids[row].tolist()) & ids_) for row, ids_ in
                zip(ids, own, strict=True)]  # fmt: skip
        at = curve[(curve["lambda"] == lam) & (curve["measure"] == "hit")].iloc[0]
        assert at["value"] == pytest.approx(np.mean(hits))
    direct = decode(found.changed.select(found.scored), found.own_head, 5).ids
    hits = [bool(set(row.tolist()) & ids_) for row, ids_ in zip(direct, own, strict=True)]
    level = curve.loc[curve["measure"] == "hit", "embedder"].unique()
    assert level.tolist() == [pytest.approx(np.mean(hits))]


def test_gains_are_paired_differences(models):
    found = compare(models["trained"], WORDS)
    overlap = VectorOverlap(WORDS, models["trained"].tokenizer, k=5)
    gains = alignment_gain(found, overlap).set_index(["measure", "quantity"])
    after = overlap.per_text(found.changed, found.own_head)
    before = overlap.per_text(found.h, found.head)
    for measure in ("raw_hit", "content_hit", "lar", "non_content"):
        difference = (after[measure] - before[measure]).mean()
        assert gains.loc[(measure, "gain"), "value"] == pytest.approx(difference)
        assert gains.loc[(measure, "embedder"), "value"] == pytest.approx(after[measure].mean())
    chance = after["content_hit"] - after["content_hit_chance"]
    assert gains.loc[("content_hit", "above chance"), "value"] == pytest.approx(chance.mean())
    beyond = chance - (before["content_hit"] - before["content_hit_chance"])
    row = gains.loc[("content_hit", "gain above chance")]
    assert row["value"] == pytest.approx(beyond.mean())
    assert row["low"] <= row["value"] <= row["high"]
    assert (row["low"] < row["high"]) == (beyond.nunique() > 1)
    nothing = alignment_gain(compare(models["lost"], WORDS), overlap)
    assert (nothing.loc[nothing["quantity"] == "gain", ["value", "low", "high"]] == 0).all(
        axis=None
    )


def test_a_portrait_is_made_of_the_same_numbers(models):
    found = compare(models["trained"], WORDS)
    row = portrait(found).iloc[0]
    h, changed = found.h.vectors.astype(float), found.changed.vectors.astype(float)
    _, _, right = np.linalg.svd(h, full_matrices=False)
    u1 = right[0] * np.sign((h @ right[0]).mean())
    assert row["m1"] == pytest.approx((h @ u1).mean())
    assert row["v1"] == pytest.approx(((changed - h) @ u1).mean())
    assert row["left"] * row["m1"] == pytest.approx((changed @ u1).mean())
    mean = h.mean(axis=0)
    assert row["cos_u1_mean"] == pytest.approx(mean @ u1 / np.linalg.norm(mean))
    energy = (((changed - h) @ u1) ** 2).sum() / ((changed - h) ** 2).sum()
    assert row["share_of_energy"] == pytest.approx(energy)
    assert row["chance_of_energy"] == 1 / h.shape[1]
    # Brought to length 1 beforehand, the answer is the one for vectors of length 1.
    scaled = h / np.linalg.norm(h, axis=1, keepdims=True)
    also = changed / np.linalg.norm(changed, axis=1, keepdims=True)
    first = np.linalg.svd(scaled, full_matrices=False)[2][0]
    ratio = ((also - scaled) @ first).mean() / (scaled @ first).mean()
    assert row["v1_over_m1_unit"] == pytest.approx(ratio)
    alone = portrait(compare(models["lost"], WORDS)).iloc[0]
    assert alone[["v1", "left", "share_of_shift"]].isna().all()
    assert 0 < alone["stability"] <= 1


def test_quantities_of_claims(models):
    found = compare(models["trained"], WORDS)
    texts = [WORDS[i] for i in found.scored]
    overlap = VectorOverlap(texts, models["trained"].tokenizer, k=5)
    made = first_component_quantities(found, overlap, k=5)
    h = found.h.vectors[found.scored].astype(float)
    shift = found.changed.vectors[found.scored] - h
    v1 = (shift @ found.u1).mean()
    assert made["v1"]["value"] == pytest.approx(v1, rel=1e-5)
    assert made["v1_over_m1"]["value"] == pytest.approx(v1 / found.m1, rel=1e-5)
    mean = shift.mean(axis=0)
    assert made["share_of_shift"]["value"] == pytest.approx(v1**2 / (mean @ mean), rel=1e-5)
    for name in ("v1", "v1_over_m1", "share_of_shift", "adjusted_gain"):
        assert made[name]["low"] <= made[name]["value"] <= made[name]["high"], name
    before = overlap.per_text(found.h.select(found.scored), found.head)["raw_hit"]
    moved = found.h.select(found.scored).vectors - found.m1 * found.u1
    after = overlap.per_text(replaced(found.h.select(found.scored), moved), found.head)["raw_hit"]
    assert made["adjusted_gain"]["value"] == pytest.approx((after - before).mean())
    written = np.argsort(-(found.head.matrix.numpy() @ found.u1))[:5]
    ids = found.head.ids.numpy()[written]
    empty = [normal_form(models["trained"].tokenizer.decode([int(i)])) is None for i in ids]
    assert made["written_without_content"]["value"] == pytest.approx(np.mean(empty))
    alone = first_component_quantities(compare(models["lost"], WORDS), overlap, k=5)
    assert alone["v1"]["value"] is None
    assert alone["adjusted_gain"]["value"] is not None


def test_effects_on_content_words(models):
    found = compare(models["trained"], WORDS)
    overlap = VectorOverlap([WORDS[i] for i in found.scored], models["trained"].tokenizer, k=5)
    frame = content_effects(found, overlap).set_index(["rival", "score"])
    assert set(frame["pair"]) == {found.name}
    before = overlap.per_text(found.h.select(found.scored), found.head)
    after = overlap.per_text(found.changed.select(found.scored), found.own_head)
    assert frame.loc[("identity", "raw Hit"), "value"] == before["raw_hit"].mean()
    row = frame.loc[("the embedder", "content Hit, net")]
    above = after["content_hit"] - after["content_hit_chance"]
    assert row["value"] == pytest.approx(above.mean())
    less = before["content_hit"] - before["content_hit_chance"]
    assert row["change"] == pytest.approx((above - less).mean())
    moved = found.h.select(found.scored).vectors + found.v1 * found.u1
    by_hand = overlap.per_text(replaced(found.h.select(found.scored), moved), found.head)
    by_rival = frame.loc[("lambda u_1, v_1", "no content"), "value"]
    assert by_rival == pytest.approx(by_hand["non_content"].mean())
    alone = content_effects(compare(models["lost"], WORDS), overlap)
    assert not alone["rival"].str.contains("embedder|v_1").any()

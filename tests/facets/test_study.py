"""The whole study: its numbers by plain functions, and a real model from end to end."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from itertools import product

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import v_measure_score

from tokalign.datasets.facets import FacetTexts, load_facets
from tokalign.embedders import load_embedder, registry
from tokalign.errors import TokalignError
from tokalign.facets import Followed, Readings, follow, groups_of, instructions_for, summarise
from tokalign.facets.clustering import clusterings
from tokalign.facets.readings import read_all

SMALL = {"starts": 2, "resamples": 30}


@pytest.fixture(scope="module")
def found(toy: Callable[..., Readings]) -> Followed:
    return summarise([toy()], **SMALL)


def value(frame: pd.DataFrame, column: str = "value", **where: object) -> float:
    for name, wanted in where.items():
        frame = frame[frame[name] == wanted]
    [one] = frame[column].tolist()
    return float(one)


def plain_contrast(readings: Readings, facet: str, name: str) -> np.ndarray:
    """How far own labels stand above the others, ``(W, N)``, before the unit."""
    own = readings.held.labels[facet]
    rows = []
    for reading in readings.conditions(facet)[name]:
        table = reading.scores[facet]
        standing = table - table.mean(axis=0)
        rows.append(
            [
                row[label] - np.delete(row, label).mean()
                for row, label in zip(standing, own, strict=True)
            ]
        )
    return np.array(rows)


def plain_unit(readings: Readings, facet: str) -> float:
    variances = [
        (one.scores[facet] - one.scores[facet].mean(axis=0)).var(axis=1)
        for several in readings.conditions(facet).values()
        for one in several
    ]
    return float(np.sqrt(np.mean(variances)))


@pytest.mark.parametrize("facet", ["emotion", "topic"])
def test_the_rise_is_a_difference_in_differences(toy, found, facet: str) -> None:
    readings = toy()
    unit = plain_unit(readings, facet)
    means = {name: plain_contrast(readings, facet, name).mean() / unit
             for name in readings.conditions(facet)}  # fmt: skip
    for name, mean in means.items():
        where = {"measure": "label contrast", "facet": facet}
        assert value(found.levels, **where, condition=name) == pytest.approx(mean)
        if name != "asked":
            rise = value(found.differences, **where, against=name)
            assert rise == pytest.approx(means["asked"] - mean)
            assert rise > 0.5  # it is planted
    texts = found.per_text[found.per_text["facet"] == facet]
    assert texts["rise"].mean() == pytest.approx(means["asked"] - means["unasked"])
    cells = found.cells[(found.cells["facet"] == facet) & (found.cells["measure"] == "v-measure")]
    by_wording = plain_contrast(readings, facet, "asked").mean(axis=1) / unit - means["unasked"]
    assert cells["rise"].to_numpy() == pytest.approx(by_wording)
    assert cells["wording"].tolist() == [1, 2, 3]


def test_the_mean_over_facets(found) -> None:
    rows = found.differences[found.differences["measure"] == "label contrast"]
    for against, several in rows.groupby("against"):
        of = several.set_index("facet")
        assert of["value"]["all"] == pytest.approx(of["value"][["emotion", "topic"]].mean())
        errors = of["texts_error"]
        assert 0 < errors["all"] < errors[["emotion", "topic"]].max(), against
        assert of["n"]["all"] == 48


def test_the_share_of_own_labels_that_are_highest(toy, found) -> None:
    readings = toy()
    own, shares = readings.held.labels["topic"], []
    for one in readings.of["topic"]:
        standing = one.scores["topic"] - one.scores["topic"].mean(axis=0)
        shares.append((standing.argmax(axis=1) == own).mean())
    where = {"measure": "own label highest", "facet": "topic", "condition": "asked"}
    assert value(found.levels, **where) == pytest.approx(np.mean(shares))
    assert value(found.levels, "chance", **where) == pytest.approx(1 / 3, abs=0.08)


def test_clustering_by_scikit_learn_and_by_three_loops(toy, found) -> None:
    readings = toy()
    own = readings.held.labels["topic"]
    v, near = [], []
    for one in readings.of["topic"]:
        v += [v_measure_score(own, row) for row in clusterings(one.vectors, 3, starts=2, seed=0)]
        unit = one.vectors.astype(float)
        unit /= np.linalg.norm(unit, axis=1, keepdims=True)
        cosine = unit @ unit.T
        near += [
            cosine[i, j] > cosine[i, k]
            for i, j, k in product(range(24), repeat=3)
            if i != j and own[i] == own[j] != own[k]
        ]
    where = {"facet": "topic", "condition": "asked"}
    assert value(found.levels, measure="v-measure", **where) == pytest.approx(np.mean(v))
    assert value(found.levels, measure="triplet accuracy", **where) == pytest.approx(np.mean(near))
    chance = value(found.levels, "chance", measure="triplet accuracy", **where)
    assert chance == pytest.approx(0.5, abs=0.03)
    where = {"measure": "triplet accuracy", "facet": "topic"}
    assert value(found.differences, **where, against="unasked") > 0.1  # it is planted


def test_moves_and_tokens(toy, found) -> None:
    readings = toy()
    empty = readings.empty
    far, new = [], []
    for one in readings.of["emotion"]:
        for before, after in zip(empty.vectors, one.vectors, strict=True):
            cosine = before @ after / np.linalg.norm(before) / np.linalg.norm(after)
            far.append(1 - cosine)
        new += [len(set(b) - set(a)) / 4 for a, b in zip(empty.forms, one.forms, strict=True)]
    moves = found.moves[found.moves["asked"] == "emotion"]
    assert value(moves, quantity="distance") == pytest.approx(np.mean(far), abs=1e-6)
    assert value(moves, quantity="turnover") == pytest.approx(np.mean(new))
    joy = readings.forms.number["joy"]
    shares = [(joy in b) and (joy not in a) for one in readings.of["emotion"]
              for a, b in zip(empty.forms, one.forms, strict=True)]  # fmt: skip
    row = found.tokens[(found.tokens["facet"] == "emotion") & (found.tokens["word"] == "joy")
                       & (found.tokens["direction"] == "enters")]  # fmt: skip
    assert row["share"].item() == pytest.approx(np.mean(shares))
    assert row["label"].item() == "joy"
    assert row["own_chance"].item() == 0.5
    shares = found.components.groupby(["asked", "wording"])[["share_of_shift", "share_of_energy"]]
    assert shares.sum().to_numpy() == pytest.approx(1)


def test_without_an_effect_nothing_is_found(toy) -> None:
    none = summarise([toy(effect=0.0)], **SMALL).differences
    against = none[none["against"] == "unasked"]
    assert (against["low"] <= 0).all()
    assert (against["high"] >= 0).all()


def test_the_order_of_the_texts_does_not_matter(toy, found) -> None:
    order = np.random.default_rng(1).permutation(24)
    again = summarise([toy(order=order)], **SMALL)
    for frame, other in ((found.differences, again.differences), (found.levels, again.levels)):
        rows = frame["measure"] != "v-measure"  # k-means starts from the texts' places
        assert frame[rows]["value"].to_numpy() == pytest.approx(other[rows]["value"].to_numpy())
    for name in ("moves", "variance", "components"):
        columns = getattr(found, name).select_dtypes(float).columns.intersection(
            ["value", "texts", "wordings", "rest", "share_of_shift"])  # fmt: skip
        one, two = (getattr(side, name)[columns].to_numpy() for side in (found, again))
        assert one == pytest.approx(two)


def test_rise_predicts_the_planted_gain(found) -> None:
    cells = found.prediction[found.prediction["level"] == "cells within facets"]
    assert cells["n"].tolist() == [6, 6]
    assert value(cells, measure="triplet accuracy") > 0.5
    assert set(found.prediction["level"]) == {"cells", "cells within facets", "texts"}


def test_without_another_facet_the_control_is_irrelevant(toy) -> None:
    whole = toy()
    held = replace(whole.held, facets=whole.held.facets[:1],
                   labels={"emotion": whole.held.labels["emotion"]})  # fmt: skip
    of = {name: several for name, several in whole.of.items() if name != "topic"}
    labels = {"emotion": whole.labels["emotion"]}
    found = summarise([replace(whole, held=held, labels=labels, of=of)], **SMALL)
    assert set(found.differences["against"]) == {"empty", "irrelevant"}
    assert set(found.differences["facet"]) == {"emotion"}
    rise = value(found.differences, measure="label contrast", against="irrelevant")
    assert found.per_text["rise"].mean() == pytest.approx(rise)


def test_an_embedder_that_does_not_move(toy) -> None:
    readings = toy()
    still = {name: [readings.empty] * len(several) for name, several in readings.of.items()}
    frozen = Readings(**{**vars(readings), "of": still})
    found = summarise([frozen], **SMALL)
    assert (found.differences["value"].abs() < 1e-12).all()
    assert found.prediction["value"].isna().all()
    assert found.tokens.empty


@pytest.fixture(scope="module")
def held() -> FacetTexts:
    return load_facets(limit=24)


def test_groups_are_read_apart(held) -> None:
    groups = groups_of(held)
    assert [[facet.name for facet in one.facets] for one in groups] == [
        ["topic", "emotion"], ["intent", "place"]
    ]  # fmt: skip
    assert sum(map(len, groups)) == 24
    assert all((one.labels[facet.name] >= 0).all() for one in groups for facet in one.facets)


def test_a_label_that_an_instruction_names_is_left_out(held) -> None:
    reviews, _ = groups_of(held)
    reader = load_embedder("mini-opt-eol")
    said = [*instructions_for(reviews.facets, "eol", held_out=True)]
    named = replace(said[0], text='"{text}" is no food, no meal, but in one word:"')
    read = read_all(reader, reviews, [named, *said[1:]], style="eol")
    assert [one.name for one in read.left_out["topic"]] == ["food"]
    assert not read.left_out["emotion"]
    food = reviews.labels["topic"] == 0
    assert ((read.held.labels["topic"] == -1) == food).all()
    assert (read.held.labels["topic"][~food] == reviews.labels["topic"][~food] - 1).all()
    found = summarise([read], **SMALL)
    assert set(found.levels[found.levels["facet"] == "topic"]["n"]) == {int((~food).sum())}
    row = found.labels[found.labels["label"] == "food"]
    assert row["tokens"].item() == ()
    alone = replace(reviews.facets[0], labels=reviews.facets[0].labels[:2])
    few = replace(reviews, facets=(alone, reviews.facets[1]))
    few.labels["topic"][few.labels["topic"] > 1] = -1
    with pytest.raises(TokalignError, match="facet 'topic' has 1 labels with a text and a token"):
        read_all(reader, few, [named, *said[1:]], style="eol")


def test_a_real_decoder_is_asked_from_end_to_end(held) -> None:
    template = 'This sentence : "{text}" means in one word:"'
    recipe = registry()["mini-gpt-neo"].model_copy(update={"pooling": "last", "template": template})
    embedder = load_embedder(recipe)
    reviews, _ = groups_of(held)
    instructions = instructions_for(reviews.facets, "eol", held_out=True)
    found = follow(embedder, reviews, instructions, **SMALL)
    assert found.style == "eol"
    assert set(found.cells["wording"]) == {4, 5}
    for frame in (found.levels, found.differences):
        assert frame[["value", "low", "high", "chance"]].notna().all(axis=None)
        assert (frame["low"] <= frame["value"]).all()
    assert set(found.levels["condition"]) == {"asked", "unasked", "empty", "irrelevant"}
    assert found.labels.groupby("facet").size().tolist() == [6, 6]
    assert {"enters", "leaves"} == set(found.tokens["direction"])
    with pytest.raises(TokalignError, match="no instruction asks for 'topic'"):
        follow(embedder, reviews, instructions[2:], **SMALL)
    without = [one for one in instructions if one.kind != "empty"]
    with pytest.raises(TokalignError, match="0 empty instructions"):
        follow(embedder, reviews, without, **SMALL)

"""The figures of the first component: what is drawn and told is what was computed."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any
from xml.etree import ElementTree

import numpy as np
import pandas as pd
import pytest
from matplotlib.collections import LineCollection, PathCollection
from matplotlib.text import Text

from tokalign.errors import TokalignError
from tokalign.figures import Picture
from tokalign.figures.adjustment import adjustment_curves, rivals_table_figure
from tokalign.figures.picture import BLUE, GREY, ORANGE
from tokalign.figures.spectrum import contribution_of_first, stability, variation_by_component
from tokalign.spectrum import Stability, Variation, variation

Parse = Callable[[Picture], ElementTree.Element]
#: Pixels that a figure has on a telephone, and the least height of a letter there.
NARROW, LEAST = 340, 9
HOSTILE = "<script>alert(1)</script> & $x$"


def change(seed: int = 0, n: int = 60, width: int = 40, step: float = -3.0) -> Variation:
    draw = np.random.default_rng(seed)
    h = draw.standard_normal((n, width)) + 4 * np.eye(width)[0]
    return variation(h, h + step * np.eye(width)[0] + 0.1 * draw.standard_normal((n, width)))


def logits(texts: int = 2, tokens: int = 14) -> pd.DataFrame:
    draw = np.random.default_rng(1)
    frames = []
    for text in range(texts):
        u1, rest = draw.standard_normal((2, tokens))
        frame = pd.DataFrame({"text": text, "id": np.arange(tokens), "logit": u1 + rest,
                              "from_u1": u1, "from_rest": rest})  # fmt: skip
        for name, column in (("rank", "logit"), ("rank_u1", "from_u1"), ("rank_rest", "from_rest")):
            frame[name] = frame[column].rank(ascending=False).astype(int)
        frames.append(frame.sort_values("rank"))
    found = pd.concat(frames, ignore_index=True)
    return found.assign(token=[f" t{i}" for i in found["id"]])


def curves(*pairs: str) -> pd.DataFrame:
    rows = []
    for number, pair in enumerate(pairs):
        for measure in ("content_lar", "hit"):
            for lam in np.linspace(-8, 4, 13):
                value = 0.5 - 0.04 * abs(lam + 5) + 0.1 * number
                level = {"value": value, "low": value - 0.05, "high": value + 0.03}
                rows.append({"pair": pair, "lambda": lam, "measure": measure, **level})
    return pd.DataFrame(rows).assign(embedder=0.6)


def scored(*scores: str) -> pd.DataFrame:
    rows = []
    for i, rival in enumerate(("identity", "lambda u_1", "whitening")):
        for j, score in enumerate(scores):
            value = 0.3 + 0.1 * i + 0.01 * j
            rows.append({"rival": rival, "parameters": "", "score": score, "n": 30, "value": value,
                         "low": value - 0.02, "high": value + 0.04, "change": 0.1 * i,
                         "change_low": 0.1 * i - 0.03, "change_high": 0.1 * i + 0.05})  # fmt: skip
    return pd.DataFrame(rows)


def halves(values: tuple[float, ...] = (0.9, 0.95, 0.97), width: int = 64) -> Stability:
    return Stability(np.array(values), 100, width)


MARKS = (5.0, -4.6)
DRAWN: dict[str, Callable[[str], Picture]] = {
    "variation": lambda name: variation_by_component({name: change(), "second": change(1)}),
    "contribution": lambda name: contribution_of_first(logits().replace({" t3": name}), 1, k=14),
    "stability": lambda name: stability({name: halves(), "second": halves()}),
    "curves": lambda name: adjustment_curves(curves(name, "second"), dict.fromkeys(
        (name, "second"), MARKS), "content_lar"),
    "rivals": lambda name: rivals_table_figure(scored(name, "b", "c", "d")),
}  # fmt: skip


@pytest.mark.parametrize("figure", DRAWN)
def test_it_is_told_and_takes_the_page_s_colours(figure: str, svg: Parse) -> None:
    made = DRAWN[figure](HOSTILE)
    root = svg(made)
    assert root.get("role") == "img"
    assert root.get("aria-label") == made.alt
    assert HOSTILE in made.alt
    assert len(re.findall(r"\d\.\d\d", made.alt)) > 4
    assert "nan" not in made.alt
    assert "<script" not in made.markup
    assert DRAWN[figure](HOSTILE) == made
    used = set(re.findall(r"(?:fill|stroke): (#\w+|\w+)", ElementTree.tostring(root, "unicode")))
    assert used <= {"none", "currentColor", BLUE, ORANGE, GREY}
    assert "currentColor" in used


@pytest.mark.parametrize("figure", DRAWN)
def test_its_letters_are_read_on_a_telephone(figure: str, svg: Parse, drawn: list[Any]) -> None:
    width = float(str(svg(DRAWN[figure]("mini-gpt-neo → mini-sgpt-nli")).get("viewBox")).split()[2])
    texts = [text for text in drawn[0].findobj(Text) if text.get_visible() and text.get_text()]
    least = min(text.get_fontsize() for text in texts)
    assert least * NARROW / width >= LEAST


def test_the_change_along_each_component_is_drawn(drawn: list[Any]) -> None:
    variations = {"a → b": change(), "a → c": change(1, step=2.0)}
    made = variation_by_component(variations, components=8)
    axes = np.array(drawn[0].axes).reshape(2, 2)
    for (left, right), (name, found) in zip(axes, variations.items(), strict=True):
        rms = np.sqrt((found.parts.singular_values**2).sum() / found.n)
        stems = next(c for c in left.collections if isinstance(c, LineCollection))
        ends = np.array([segment[1] for segment in stems.get_segments()])
        np.testing.assert_allclose(ends[:, 0], np.arange(1, 9))
        np.testing.assert_allclose(ends[:, 1], found.v[:8] / rms)
        bars = [bar.get_height() for bar in right.patches]
        np.testing.assert_allclose(bars, found.share_of_energy[:8])
        assert left.get_title(loc="left") == name
        said = " ".join(text.get_text() for text in [*left.texts, *right.texts])
        assert f"9–40: |vⱼ| ≤ {abs(found.v[8:] / rms).max():.2f}" in said
        assert f"{found.share_of_energy[8:].sum():.0%}" in said
        assert f"v₁ {found.v[0]:.2f}, which is {found.v[0] / rms:.2f} of the length" in made.alt


def test_the_length_is_that_of_the_vectors(drawn: list[Any]) -> None:
    h = np.random.default_rng(3).standard_normal((50, 6)) + 2
    found = variation(h, np.zeros_like(h))
    variation_by_component({"x": found})
    stems = next(c for c in drawn[0].axes[0].collections if isinstance(c, LineCollection))
    first = stems.get_segments()[0][1][1]
    assert first == pytest.approx(found.v[0] / np.sqrt((h**2).sum(axis=1).mean()))


def test_what_u1_and_the_rest_write_is_drawn(drawn: list[Any]) -> None:
    frame = logits()
    made = contribution_of_first(frame, text=1, k=5)
    rows = frame[frame["text"] == 1]
    for axes, by, other in zip(drawn[0].axes, ("rank", "rank_rest"), ("rank_rest", "rank"),
                               strict=True):  # fmt: skip
        some = rows[rows[by] <= 5].sort_values(by)
        widths = [bar.get_width() for bar in axes.patches]
        np.testing.assert_allclose(widths, [*some["from_u1"], *some["from_rest"]])
        sums = next(c for c in axes.collections if isinstance(c, PathCollection)).get_offsets()
        np.testing.assert_allclose(np.asarray(sums)[:, 0], some["logit"])
        labels = [label.get_text() for label in axes.get_yticklabels()]
        assert labels == [token.strip() for token in some["token"]]
        ranks = [text.get_text() for text in axes.texts][1:]
        assert ranks == [str(rank) for rank in some[other]]
        row = some.iloc[0]
        assert f"{row['token'].strip()} {row['logit']:.2f} = {row['from_u1']:.2f} + " in made.alt


def test_the_halves_are_drawn_beside_chance(drawn: list[Any]) -> None:
    found = {"a": halves(), "b": halves((0.4, 0.5), width=16)}
    stability(found)
    (axes,) = drawn[0].axes
    dots = [np.asarray(c.get_offsets())[0].tolist() for c in axes.collections]
    expected = []
    for place, one in enumerate(found.values()):
        expected += [[np.median(one.values), place], [one.chance, place]]
    np.testing.assert_allclose(dots, expected)
    lines = [line.get_xdata().tolist() for line in axes.lines]
    assert lines == [[0.9, 0.97], [0.4, 0.5]]


def test_the_curves_stand_beside_the_marks_and_the_embedder(drawn: list[Any]) -> None:
    frame = curves("a → b", "c")
    made = adjustment_curves(frame, {"a → b": (5.0, -4.6), "c": (4.0, None)}, "content_lar")
    first, second = drawn[0].axes
    for axes, pair, marks in (
        (first, "a → b", [-5.0, -4.6, 0.0]), (second, "c", [-4.0, 0.0]),
    ):  # fmt: skip
        rows = frame[(frame["pair"] == pair) & (frame["measure"] == "content_lar")]
        line, own, *verticals = axes.lines
        np.testing.assert_allclose(line.get_xydata(), rows[["lambda", "value"]])
        assert own.get_ydata()[0] == 0.6
        assert [line.get_xdata()[0] for line in verticals] == marks
        band = axes.collections[0].get_paths()[0].vertices[:, 1]
        assert (band.min(), band.max()) == pytest.approx((rows["low"].min(), rows["high"].max()))
    assert [text.get_text().strip() for text in first.texts] == ["−m₁", "v₁", "0"]
    assert "0.50 at λ = −m₁ (-5.00)" in made.alt
    assert "the embedder 0.60" in made.alt


@pytest.mark.parametrize("by_change", [False, True])
def test_the_rivals_stand_in_rows(drawn: list[Any], by_change: bool) -> None:
    frame = scored("sts", "ndcg", "content_hit", "lar")
    made = rivals_table_figure(frame, ["lar", "sts"], change=by_change)
    value, low, high = (
        ("change", "change_low", "change_high") if by_change else ("value", "low", "high")
    )
    for axes, score in zip(drawn[0].axes, ("lar", "sts"), strict=True):
        rows = frame[frame["score"] == score]
        dots = [np.asarray(c.get_offsets())[0] for c in axes.collections]
        np.testing.assert_allclose(dots, [[x, i] for i, x in enumerate(rows[value])])
        *intervals, line = axes.lines
        np.testing.assert_allclose([one.get_xdata() for one in intervals], rows[[low, high]])
        assert line.get_xdata()[0] == (0 if by_change else rows["value"].iloc[0])
        assert axes.get_title(loc="left").startswith(score)
    labels = [label.get_text() for label in drawn[0].axes[0].get_yticklabels()]
    assert labels == ["identity", "lambda u_1", "whitening"]
    assert "lar: identity" in made.alt


def test_more_scores_than_fit_stand_below(drawn: list[Any]) -> None:
    rivals_table_figure(scored("a", "b", "c", "d"))
    assert [axes.get_title(loc="left") for axes in drawn[0].axes] == ["a", "b", "c", "d", "", ""]


def test_what_cannot_be_drawn() -> None:
    with pytest.raises(TokalignError, match="no pair to draw"):
        variation_by_component({})
    with pytest.raises(TokalignError, match="no text 2 in the frame; allowed: 0 to 1"):
        contribution_of_first(logits(), 2)
    with pytest.raises(TokalignError, match="no column 'token'"):
        contribution_of_first(logits().drop(columns="token"))
    with pytest.raises(TokalignError, match="no model to draw"):
        stability({})
    with pytest.raises(TokalignError, match="unknown measure 'gar'"):
        adjustment_curves(curves("a"), {"a": MARKS}, "gar")
    with pytest.raises(TokalignError, match="no marks for 'a'"):
        adjustment_curves(curves("a"), {}, "hit")
    with pytest.raises(TokalignError, match="unknown score 'x'"):
        rivals_table_figure(scored("a"), ["x"])

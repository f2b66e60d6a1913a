"""What instructions change: measures by facet, tokens that enter and leave, moves, and prediction.

Draws the frames of `tokalign.facets.Followed`, those of several embedders put together by a column
``embedder``.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from tokalign.errors import TokalignError
from tokalign.figures.picture import BLUE, GREEN, GREY, ORANGE, TEXT, Picture, picture, theme
from tokalign.figures.words import short, token_shown

#: Condition -> its words, colour and sign.
_CONDITIONS = {
    "asked": ("the facet is asked for", BLUE, "o"),
    "unasked": ("another facet is", ORANGE, "s"),
    "empty": ("no instruction", GREY, "D"),
    "irrelevant": ("an irrelevant one", GREEN, "^"),
}
_SIGNS = ("o", "s", "^", "D", "v", "P", "X")
_COLOURS = (BLUE, ORANGE, GREEN, GREY)
_LETTERS = "small"


def levels_by_condition(levels: pd.DataFrame, measure: str) -> Picture:
    """One measure of each facet under each condition, with intervals and chance levels.

    Args:
        levels: `Followed.levels` of one or more embedders.
        measure: One of its measures.
    """
    return _by_facet(levels, measure, "condition", list(_CONDITIONS), measure)


def differences_by_facet(differences: pd.DataFrame, measure: str, label: str) -> Picture:
    """A measure where the facet is asked for, minus the same where it is not; 0 is no difference.

    Args:
        differences: `Followed.differences` of one or more embedders.
        measure: One of its measures.
        label: What the difference is called.
    """
    return _by_facet(differences, measure, "against", list(_CONDITIONS)[1:], label)


def _by_facet(
    frame: pd.DataFrame, measure: str, key: str, conditions: list[str], label: str
) -> Picture:
    """A panel for each embedder, a row for each facet, a sign for each condition."""
    rows = frame[frame["measure"] == measure]
    if rows.empty:
        raise TokalignError(f"no {measure!r} to draw; allowed: {_known(frame, 'measure')}")
    names, facets = short(rows["embedder"]), list(dict.fromkeys(rows["facet"]))
    conditions = [one for one in conditions if one in set(rows[key])]
    apart, told = 0.74 / len(conditions), []
    with theme(f"facets-{measure}-{key}"):
        figure, grid = _panels(len(names), len(facets) * 0.19 * len(conditions) + 0.5)
        for axes, (name, shown) in zip(grid, names.items(), strict=True):
            here = rows[rows["embedder"] == name].set_index([key, "facet"]).sort_index()
            for turn, condition in enumerate(conditions):
                words, colour, sign = _CONDITIONS[condition]
                for place, facet in enumerate(facets):
                    if (condition, facet) not in here.index:
                        continue
                    row = here.loc[(condition, facet)]
                    y = place + apart * (turn - (len(conditions) - 1) / 2)
                    _dot(axes, row, y, colour, sign)
                    told.append(_told(row, f"{name}, {facet}, {_against(key)}{words}"))
            if key == "against":
                axes.axvline(0, color=GREY, linewidth=1, zorder=0)
            _facet_rows(axes, facets, shown)
        grid[-1].set_xlabel(label)
        keys = [
            Line2D([], [], color=_CONDITIONS[c][1], marker=_CONDITIONS[c][2], linestyle="none",
                   label=_against(key) + _CONDITIONS[c][0])
            for c in conditions
        ]  # fmt: skip
        keys.append(Line2D([], [], color=TEXT, marker="|", linestyle="none", label="by chance"))
        _finish(figure, keys)
        return picture(figure, f"{label} by embedder and facet. {'; '.join(told)}")


def tokens_exchanged(tokens: pd.DataFrame, *, most: int = 10) -> Picture:
    """The tokens that enter texts' lists (to the right) and leave them (left), facet by facet.

    Bars: the share of texts when the facet is asked for. Marks: the same where another facet, or
    something irrelevant, is. An asterisk stands behind a word of one of the facet's labels.

    Args:
        tokens: `Followed.tokens` of one embedder.
        most: Tokens in each direction.
    """
    if tokens.empty:
        raise TokalignError("no token enters or leaves a list: the embedder does not move")
    facets, told = list(dict.fromkeys(tokens["facet"])), []
    with theme("tokens-exchanged"):
        figure, grid = plt.subplots(
            len(facets), 2, sharex=True, squeeze=False,
            figsize=(6.8, (0.22 * max(most, 4) + 0.5) * len(facets)),
        )  # fmt: skip
        for line, facet in zip(grid, facets, strict=True):
            for axes, direction in zip(line, ("leaves", "enters"), strict=True):
                here = tokens[(tokens["facet"] == facet) & (tokens["direction"] == direction)]
                here = here.head(most)
                y = np.arange(len(here))
                axes.barh(y, here["share"], color=BLUE, height=0.7, linewidth=0, alpha=0.75)
                for name in ("unasked", "irrelevant"):
                    _, colour, sign = _CONDITIONS[name]
                    axes.scatter(here[name], y, color=colour, marker=sign, s=16, zorder=3)
                words = [token_shown(str(r.word)) + " *" * bool(r.label) for r in here.itertuples()]
                axes.set_yticks(y, words, fontsize=_LETTERS)
                axes.set_ylim(most - 0.5, -0.5)
                axes.tick_params(axis="y", length=0)
                axes.set_title(f"{facet} asked for: {direction}", loc="left", fontsize="medium")
                told.append(f"{facet}, {direction}: " + ", ".join(
                    f"{word} {share:.2f}"
                    for word, share in zip(words, here["share"], strict=True)))  # fmt: skip
        for axes in grid[-1]:
            axes.set_xlabel("share of texts")
        keys: list[Any] = [Patch(color=BLUE, alpha=0.75, label=_CONDITIONS["asked"][0])]
        keys += [Line2D([], [], color=_CONDITIONS[c][1], marker=_CONDITIONS[c][2],
                        linestyle="none", label=_CONDITIONS[c][0])
                 for c in ("unasked", "irrelevant")]  # fmt: skip
        _finish(figure, keys)
        return picture(figure, "Tokens that leave and enter the lists of texts, with the share of "
                       f"texts. {'; '.join(told)}")  # fmt: skip


def moves_by_instruction(moves: pd.DataFrame, quantity: str, label: str) -> Picture:
    """How far each kind of instruction moves texts, with intervals; irrelevant ones in green.

    Args:
        moves: `Followed.moves` of one or more embedders.
        quantity: One of its quantities.
        label: What it is called.
    """
    rows = moves[moves["quantity"] == quantity]
    if rows.empty:
        raise TokalignError(f"no {quantity!r} to draw; allowed: {_known(moves, 'quantity')}")
    names = short(rows["embedder"])
    kinds = list(dict.fromkeys(zip(rows["group"], rows["asked"], strict=True)))
    told = []
    with theme(f"moves-{quantity}"):
        figure, grid = _panels(len(names), 0.3 * len(kinds) + 0.5)
        for axes, (name, shown) in zip(grid, names.items(), strict=True):
            here = rows[rows["embedder"] == name].set_index(["group", "asked"]).sort_index()
            for place, kind in enumerate(kinds):
                if kind not in here.index:
                    continue
                row = here.loc[kind]
                condition = "irrelevant" if kind[1] == "irrelevant" else "asked"
                _, colour, sign = _CONDITIONS[condition]
                _dot(axes, row, place, colour, sign)
                told.append(_told(row, f"{name}, {kind[0]}, {kind[1]}"))
            _facet_rows(axes, [f"{asked} ({group})" for group, asked in kinds], shown)
        grid[-1].set_xlim(left=0)
        grid[-1].set_xlabel(label)
        figure.tight_layout()
        return picture(figure, f"{label}, by what is asked. {'; '.join(told)}")


def moves_along_components(components: pd.DataFrame) -> Picture:
    """Which share of the squared moves lies on each component, a line for each thing asked.

    Args:
        components: `Followed.components` of one embedder.
    """
    if components.empty:
        raise TokalignError("no instruction moves any text: there are no components of moves")
    first = components[components["component"] > 0]
    means = first.groupby(["asked", "component"], sort=False)["share_of_energy"].mean()
    asked, told = list(dict.fromkeys(first["asked"])), []
    with theme("move-components"):
        figure, axes = plt.subplots(figsize=(6.4, 3.2))
        for turn, name in enumerate(asked):
            line = means[name]
            axes.plot(line.index, line.to_numpy(), marker=_SIGNS[turn % len(_SIGNS)], label=name,
                      color=_COLOURS[turn % len(_COLOURS)], linewidth=1.2,
                      linestyle="--" if name == "irrelevant" else "-")  # fmt: skip
            told.append(f"{name}: " + ", ".join(f"{share:.3f}" for share in line))
        axes.axhline(float(first["chance"].iloc[0]), color=TEXT, linewidth=1, linestyle=":",
                     label="an even spread")  # fmt: skip
        axes.set(xlabel="component of the vectors without an instruction",
                 ylabel="share of the squared moves")  # fmt: skip
        axes.set_ylim(bottom=0)
        axes.set_xticks(sorted(set(first["component"])))
        figure.tight_layout()
        _keys(figure, *axes.get_legend_handles_labels())
        return picture(figure, "Share of the squared moves on each component. " + "; ".join(told))


def rise_and_gain(cells: pd.DataFrame, measure: str) -> Picture:
    """Each facet and wording as a point: how much label words rise, and what clustering gains.

    Args:
        cells: `Followed.cells` of one or more embedders.
        measure: Of the clustering.
    """
    rows = cells[cells["measure"] == measure]
    if rows.empty:
        raise TokalignError(f"no {measure!r} to draw; allowed: {_known(cells, 'measure')}")
    names, facets, told = short(rows["embedder"]), list(dict.fromkeys(rows["facet"])), []
    with theme(f"rise-and-gain-{measure}"):
        figure, grid = plt.subplots(1, len(names), sharex=True, sharey=True, squeeze=False,
                                    figsize=(2.4 * len(names) + 1.2, 3.2))  # fmt: skip
        for axes, (name, shown) in zip(grid[0], names.items(), strict=True):
            for turn, facet in enumerate(facets):
                here = rows[(rows["embedder"] == name) & (rows["facet"] == facet)]
                axes.scatter(here["rise"], here["gain"], s=28, alpha=0.85,
                             color=_COLOURS[turn % len(_COLOURS)],
                             marker=_SIGNS[turn % len(_SIGNS)], label=facet)  # fmt: skip
                told.append(f"{name}, {facet}: " + ", ".join(
                    f"{r.rise:.3f} and {r.gain:.3f}" for r in here.itertuples()))  # fmt: skip
            axes.axhline(0, color=GREY, linewidth=1, zorder=0)
            axes.axvline(0, color=GREY, linewidth=1, zorder=0)
            axes.set_title(shown, loc="left", fontsize=_LETTERS)
            axes.tick_params(labelsize=_LETTERS)
        grid[0, 0].set_ylabel(f"gain in {measure}")
        figure.supxlabel("rise of the label words", fontsize="medium")
        figure.tight_layout()
        _keys(figure, *grid[0, 0].get_legend_handles_labels())
        return picture(figure, f"Rise of label words and gain in {measure}, wording by wording. "
                       + "; ".join(told))  # fmt: skip


def _panels(count: int, high: float) -> tuple[Figure, list[Axes]]:
    figure, grid = plt.subplots(count, 1, sharex=True, squeeze=False,
                                figsize=(6.6, count * high + 0.4))  # fmt: skip
    return figure, list(grid[:, 0])


def _dot(axes: Axes, row: Mapping[str, Any], y: float, colour: str, sign: str) -> None:
    if np.isfinite([row["low"], row["high"]]).all():
        axes.plot([row["low"], row["high"]], [y, y], color=colour, linewidth=2.5, alpha=0.5,
                  solid_capstyle="butt", zorder=1)  # fmt: skip
    axes.scatter([row["value"]], [y], color=colour, marker=sign, s=26, linewidths=0, zorder=3)
    if "chance" in row:
        axes.scatter([row["chance"]], [y], color=TEXT, marker="|", s=50, zorder=2)


def _facet_rows(axes: Axes, facets: list[str], title: str) -> None:
    axes.set_title(title, loc="left", fontsize="medium")
    axes.set_yticks(range(len(facets)), facets)
    axes.set_ylim(len(facets) - 0.5, -0.5)
    axes.tick_params(axis="y", length=0)
    axes.xaxis.grid(True, color=GREY, alpha=0.3)
    axes.set_axisbelow(True)


def _told(row: Mapping[str, Any], who: str) -> str:
    chance = f", by chance {row['chance']:.2f}" if "chance" in row else ""
    bounds = ""
    if np.isfinite([row["low"], row["high"]]).all():
        bounds = f" ({row['low']:.2f} to {row['high']:.2f})"
    return f"{who}: {row['value']:.2f}{bounds}{chance}"


def _against(key: str) -> str:
    return "against: " if key == "against" else ""


def _known(frame: pd.DataFrame, column: str) -> str:
    return ", ".join(map(repr, dict.fromkeys(frame[column])))


def _finish(figure: Figure, keys: list[Any]) -> None:
    figure.tight_layout()
    _keys(figure, keys, [key.get_label() for key in keys])


def _keys(figure: Figure, handles: list[Any], labels: list[Any]) -> None:
    figure.legend(handles, labels, loc="upper center", ncols=3, frameon=False,
                  bbox_to_anchor=(0.5, 0.0), fontsize=_LETTERS)  # fmt: skip

"""A backbone and the embedder made from it, side by side in several measures."""

from __future__ import annotations

import matplotlib.pyplot as plt
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.lines import Line2D

from tokalign.figures.picture import BLUE, GREY, ORANGE, Picture, picture, theme
from tokalign.figures.words import short

#: Measure of `alignment_gain` -> what a reader calls it.
MEASURES = {
    "raw_hit": "a content word among the ten tokens as they stand",
    "non_content": "tokens without content among the ten",
    "content_hit": "Hit@K over content words",
    "content_lar": "LAR over content words",
    "hit": "Hit@K over all tokens",
    "lar": "LAR over all tokens",
}
_KEYS = (("backbone", "o", GREY, "none"), ("embedder", "o", BLUE, BLUE),
         ("by chance", "|", ORANGE, ORANGE))  # fmt: skip


def beside_backbone(gains: pd.DataFrame) -> Picture:
    """Each measure of a pair as two dots, the backbone's hollow, and what both are by chance.

    Args:
        gains: `alignment_gain` of one or more pairs, put together.
    """
    names = short(gains["pair"])
    measures = [m for m in MEASURES if m in set(gains["measure"])]
    with theme("gains"):
        figure, grid = plt.subplots(
            len(measures), 1, sharex=True, squeeze=False,
            figsize=(6.6, len(measures) * (0.34 * len(names) + 0.75)),
        )  # fmt: skip
        for axes, measure in zip(grid[:, 0], measures, strict=True):
            here = gains[gains["measure"] == measure]
            for place, pair in enumerate(names):
                _row(axes, here[here["pair"] == pair].set_index("quantity"), place)
            axes.set_title(MEASURES[measure], loc="left", fontsize="medium")
            axes.set_yticks(range(len(names)), list(names.values()))
            axes.set(xlim=(-0.02, 1.02), ylim=(len(names) - 0.5, -0.5))
            axes.tick_params(axis="y", length=0)
            axes.xaxis.grid(True, color=GREY, alpha=0.3)
            axes.set_axisbelow(True)
        grid[-1, 0].set_xlabel("share")
        handles = [
            Line2D([], [], marker=sign, color=colour, markerfacecolor=fill, linestyle="none",
                   markersize=8, label=label)
            for label, sign, colour, fill in _KEYS
        ]  # fmt: skip
        figure.legend(handles=handles, loc="upper center", ncols=3, frameon=False,
                      bbox_to_anchor=(0.5, 0.0), handletextpad=0.4)  # fmt: skip
        figure.tight_layout()
        return picture(figure, "Backbones and embedders side by side. " + _told(gains, measures))


def _row(axes: Axes, rows: pd.DataFrame, place: int) -> None:
    before, after = rows.loc["backbone"], rows.loc["embedder"]
    axes.plot([before["value"], after["value"]], [place, place], color=GREY, linewidth=1, zorder=1)
    for row, colour in ((before, GREY), (after, BLUE)):
        axes.plot([row["low"], row["high"]], [place, place], color=colour, linewidth=3, alpha=0.55,
                  solid_capstyle="butt", zorder=2)  # fmt: skip
    axes.scatter([before["value"]], [place], s=46, facecolors="none", edgecolors=GREY,
                 linewidths=1.8, zorder=3)  # fmt: skip
    axes.scatter([after["value"]], [place], s=46, color=BLUE, linewidths=0, zorder=4)
    for name, shift in (("backbone chance", 0.25), ("embedder chance", -0.25)):
        if name in rows.index:
            axes.scatter(
                [float(rows["value"][name])], [place + shift], marker="|", s=60, color=ORANGE
            )


def _told(gains: pd.DataFrame, measures: list[str]) -> str:
    parts = []
    for (pair, measure), rows in gains.groupby(["pair", "measure"], sort=False):
        if measure not in measures:
            continue
        values = rows.set_index("quantity")["value"]
        by_chance = ""
        if "embedder chance" in values:
            by_chance = f", by chance {values['backbone chance']:.2f} and " + (
                f"{values['embedder chance']:.2f}"
            )
        parts.append(
            f"{pair}, {MEASURES[str(measure)]}: backbone {values['backbone']:.2f}, "
            f"embedder {values['embedder']:.2f}{by_chance}"
        )
    return "; ".join(parts)

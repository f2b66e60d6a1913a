"""The overlap metrics beside their chance levels: over all texts, and label by label."""

from __future__ import annotations

from collections.abc import Hashable

import matplotlib.pyplot as plt
import pandas as pd
import seaborn as sns
from matplotlib.axes import Axes
from matplotlib.lines import Line2D

from tokalign.figures.picture import BLUE, GREY, ORANGE, Picture, picture, theme

#: Frame's name of a view -> what a reader calls it.
VIEWS = {
    "tokens": "all tokens",
    "content": "content words",
    "as_published": "as published, cut off at K",
}
_CHANCE = {"chance": ("another text's tokens", "|", ORANGE),
           "chance_random_head": ("random head", "x", GREY)}  # fmt: skip


def metrics_beside_chance(frame: pd.DataFrame) -> Picture:
    """Every metric with its interval, and with what it would be by chance.

    Args:
        frame: `Measurement.frame` of one or more embedders, put together.
    """
    views = [view for view in VIEWS if view in set(frame["view"])]
    rows = frame.assign(base=frame["metric"].str.replace(r" \(.*", "", regex=True))
    names = list(dict.fromkeys(rows["base"]))
    embedders = list(dict.fromkeys(frame["embedder"]))
    lines = [(n, e) for n in names for e in embedders]
    label = {(n, e): n if len(embedders) == 1 else f"{n}, {e}" for n, e in lines}
    with theme("metrics"):
        figure, grid = plt.subplots(
            len(views), 1, figsize=(6.2, len(views) * (0.34 * len(lines) + 0.75)), sharex=True,
            squeeze=False,
        )  # fmt: skip
        for axes, view in zip(grid[:, 0], views, strict=True):
            here = rows[rows["view"] == view].set_index(["base", "embedder"]).loc[lines]
            _dots(axes, here.reset_index(), [label[line] for line in lines])
            axes.set_title(VIEWS[view], loc="left", fontsize="medium")
        grid[-1, 0].set_xlabel("share")
        figure.legend(handles=_keys(), loc="upper center", ncols=3, frameon=False,
                      bbox_to_anchor=(0.5, 0.0), handletextpad=0.4)  # fmt: skip
        figure.tight_layout()
        return picture(figure, "Overlap metrics with intervals and chance levels. "
                       + "; ".join(_told(dict(row)) for _, row in rows.iterrows()))  # fmt: skip


def metric_by_label(frame: pd.DataFrame, metric: str, view: str) -> Picture:
    """One metric for each label of the texts, the highest first.

    Args:
        frame: `Measurement.by_label`.
        metric: Its name in the frame, such as ``Hit@10``.
        view: ``tokens``, ``content`` or ``as_published``.
    """
    rows = frame[(frame["metric"] == metric) & (frame["view"] == view)]
    rows = rows.sort_values(["value", "label"], ascending=[False, True])
    with theme(f"labels-{metric}-{view}"):
        figure, axes = plt.subplots(figsize=(6.2, 0.3 * len(rows) + 1.1))
        _dots(axes, rows, list(rows["label"]))
        axes.set_xlabel(f"{metric}, {VIEWS[view]}")
        figure.legend(handles=_keys(), loc="upper center", ncols=3, frameon=False,
                      bbox_to_anchor=(0.5, 0.02), handletextpad=0.4)  # fmt: skip
        figure.tight_layout()
        told = ", ".join(f"{row.label} {row.value:.2f}" for row in rows.itertuples())
        return picture(figure, f"{metric} ({VIEWS[view]}) by label: {told}")


def _dots(axes: Axes, rows: pd.DataFrame, labels: list[str]) -> None:
    """Dot and interval for each row from top to bottom, chance levels as signs beside."""
    here = rows.assign(place=range(len(rows)))
    axes.hlines(here["place"], here["low"], here["high"], color=BLUE, linewidth=2.5)
    sns.scatterplot(here, x="value", y="place", color=BLUE, s=48, ax=axes, legend=False,
                    edgecolor="none", zorder=3)  # fmt: skip
    for column, (_, sign, colour) in _CHANCE.items():
        known = here.dropna(subset=[column])
        axes.scatter(known[column].astype(float), known["place"], marker=sign, color=colour, s=46,
                     linewidths=2, zorder=2)  # fmt: skip
    axes.set_yticks(range(len(rows)), labels)
    axes.set(ylabel="", xlim=(-0.02, 1.02), ylim=(len(rows) - 0.5, -0.5))
    axes.tick_params(axis="y", length=0)
    axes.xaxis.grid(True, color=GREY, alpha=0.3)
    axes.set_axisbelow(True)


def _keys() -> list[Line2D]:
    own = Line2D([], [], color=BLUE, marker="o", linewidth=2.5, label="measured, 95 %")
    return [own] + [
        Line2D([], [], color=colour, marker=sign, linestyle="none", markeredgewidth=2, label=words)
        for words, sign, colour in _CHANCE.values()
    ]


def _told(row: dict[Hashable, object]) -> str:
    def number(name: str) -> str:
        value = row[name]
        return f"{value:.2f}" if isinstance(value, float) else "none"

    return (
        f"{row['embedder']}, {VIEWS[str(row['view'])]}, {row['base']}: {number('value')} "
        f"({number('low')} to {number('high')}), by chance {number('chance')}"
    )

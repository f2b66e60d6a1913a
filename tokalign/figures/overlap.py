"""The overlap metrics beside their chance levels: over all texts, and label by label."""

from __future__ import annotations

import math
from collections.abc import Hashable, Iterable

import matplotlib.pyplot as plt
import pandas as pd
import seaborn as sns
from matplotlib.axes import Axes
from matplotlib.lines import Line2D

from tokalign.figures.picture import BLUE, GREY, ORANGE, Picture, picture, theme
from tokalign.figures.words import short

#: Frame's name of a view -> what a reader calls it.
VIEWS = {
    "tokens": "all tokens",
    "content": "content words",
    "as_published": "as published, cut off at K",
}
_CHANCE = {"chance": ("another text's tokens", "^", ORANGE),
           "chance_random_head": ("random head", "v", GREY)}  # fmt: skip
#: By how much of a row they stand below and above it, so that equal ones are told apart.
_APART = {"chance": 0.22, "chance_random_head": -0.22}


def metrics_beside_chance(frame: pd.DataFrame) -> Picture:
    """Every metric with its interval, and with what it would be by chance.

    Args:
        frame: `Measurement.frame` of one or more embedders, put together.
    """
    views = [view for view in VIEWS if view in set(frame["view"])]
    rows = frame.assign(
        base=frame["metric"].str.replace(r" \(.*", "", regex=True), embedder=_apart(frame)
    )
    names = list(dict.fromkeys(rows["base"]))
    embedders = short(rows["embedder"])
    lines = [(n, e) for n in names for e in embedders]
    label = {(n, e): n if len(embedders) == 1 else f"{n}, {embedders[e]}" for n, e in lines}
    with theme("metrics"):
        figure, grid = plt.subplots(
            len(views), 1, sharex=True, squeeze=False,
            figsize=(_width(label.values()), len(views) * (0.34 * len(lines) + 0.75)),
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
    rows = rows.astype({"value": float}).sort_values(["value", "label"], ascending=[False, True])
    with theme(f"labels-{metric}-{view}"):
        labels = short(rows["label"])
        figure, axes = plt.subplots(figsize=(_width(labels.values()), 0.3 * len(rows) + 1.1))
        _dots(axes, rows, [labels[label] for label in rows["label"]])
        axes.set_xlabel(f"{metric}, {VIEWS[view]}")
        figure.legend(handles=_keys(), loc="upper center", ncols=3, frameon=False,
                      bbox_to_anchor=(0.5, 0.02), handletextpad=0.4)  # fmt: skip
        figure.tight_layout()
        told = ", ".join(f"{row['label']} {_number(row['value'])}" for _, row in rows.iterrows())
        return picture(figure, f"{metric} ({VIEWS[view]}) by label: {told}")


def _width(labels: Iterable[str]) -> float:
    """Inches: longer labels must not squeeze the drawing."""
    return 6.2 + 0.09 * max(0, max(map(len, labels)) - 16)


def _dots(axes: Axes, rows: pd.DataFrame, labels: list[str]) -> None:
    """Dot and interval for each row from top to bottom, chance levels as signs beside."""
    # What could not be measured is None; as a float it is not drawn.
    here = rows.astype(dict.fromkeys(("value", "low", "high", *_CHANCE), float))
    here = here.assign(place=range(len(rows)))
    axes.hlines(here["place"], here["low"], here["high"], color=BLUE, linewidth=2.5)
    sns.scatterplot(here, x="value", y="place", color=BLUE, s=48, ax=axes, legend=False,
                    edgecolor="none", zorder=3)  # fmt: skip
    for column, (_, sign, colour) in _CHANCE.items():
        known = here.dropna(subset=[column])
        place = known["place"] + _APART[column]
        axes.scatter(known[column], place, marker=sign, color=colour, s=30, linewidths=0, zorder=2)
    axes.set_yticks(range(len(rows)), labels)
    axes.set(xlabel="", ylabel="", xlim=(-0.02, 1.02), ylim=(len(rows) - 0.5, -0.5))
    axes.tick_params(axis="y", length=0)
    axes.xaxis.grid(True, color=GREY, alpha=0.3)
    axes.set_axisbelow(True)


def _keys() -> list[Line2D]:
    own = Line2D([], [], color=BLUE, marker="o", linewidth=2.5, label="measured, 95 %")
    return [own] + [
        Line2D([], [], color=colour, marker=sign, linestyle="none", label=words)
        for words, sign, colour in _CHANCE.values()
    ]


def _told(row: dict[Hashable, object]) -> str:
    return (
        f"{row['embedder']}, {VIEWS[str(row['view'])]}, {row['base']}: "
        f"{_number(row['value'])} ({_number(row['low'])} to {_number(row['high'])}), "
        f"by chance {_number(row['chance'])}"
    )


def _number(value: object) -> str:
    return f"{value:.2f}" if isinstance(value, float) and not math.isnan(value) else "none"


def _apart(frame: pd.DataFrame) -> pd.Series:
    """The embedders' names; those of the same name (two folders, say) in the order given."""
    names = frame["embedder"].astype(str)
    turn = frame.groupby(["view", "metric", "embedder"]).cumcount() + 1
    return names.where(turn == 1, names + " (" + turn.astype(str) + ")")

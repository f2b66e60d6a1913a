"""Which words of a text its aligned tokens hold: rarity, drivers, deletion, and marks of tokens."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import cycle

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import seaborn as sns
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from tokalign.figures.picture import BLUE, GREEN, GREY, ORANGE, TEXT, Picture, picture, theme
from tokalign.figures.words import short
from tokalign.measures.related import MARKS

#: Embedders in one panel: bands of more would cover one another.
_A_PANEL = 3
#: Words whose path is drawn: more would be one grey patch.
_PATHS = 150
_SIGNS = ("o", "s", "^", "D", "v", "P", "X")
_MARKS = dict(zip(MARKS, (BLUE, ORANGE, GREEN, GREY), strict=True))
_LABELS = {
    "idf": "rarer in the texts (idf)", "position": "later in the text", "words": "longer text",
    "count": "occurs more often", "pieces": "cut into more pieces",
    "capitalised": "capital inside a sentence", "number": "holds a digit",
    "noun suffix": "ends like a noun", "adjective suffix": "ends like an adjective",
    "-ing": "ends in -ing", "-ed": "ends in -ed", "-ly": "ends in -ly",
    "order": "later among the words",
}  # fmt: skip
_VIEWS = {"alone": "each alone: rank correlation", "together": "all together: coefficient on ranks"}
_STATES = {"before": "whole\ntext", "control": "another\nout", "deleted": "itself\nout"}


def rank_by_idf(words: pd.DataFrame) -> Picture:
    """Rank of a text's words against how rare they are: medians with the middle half as a band.

    Words are put together by doublings of the number of texts that they occur in.

    Args:
        words: `word_ranks` of one or more embedders on the same texts, put together.
    """
    frame = words[words["reachable"]].assign(
        bin=lambda f: np.ceil(np.log2(f["document_frequency"])).astype(int)
    )
    names, deepest = short(frame["embedder"]), frame.loc[frame["censored"], "rank"].min()
    binned = frame.groupby("bin")[["idf", "document_frequency"]]
    where, texts = binned.mean()["idf"], binned.agg(["min", "max"])["document_frequency"]
    spans = {b: _span(row["min"], row["max"]) for b, row in texts.iterrows()}
    panels = [list(names)[i : i + _A_PANEL] for i in range(0, len(names), _A_PANEL)]
    told, every = [], frame.groupby(["embedder", "bin"])[["rank", "rank_elsewhere"]]
    shown = pd.concat([every.quantile(q)["rank"] for q in (0.25, 0.75)]
                      + [every.median()["rank_elsewhere"].dropna()])  # fmt: skip
    with theme("rank-by-idf"):
        figure, grid = plt.subplots(len(panels), 1, sharex=True, sharey=True, squeeze=False,
                                    figsize=(6.2, 3.5 * len(panels) + 0.4))  # fmt: skip
        for axes, panel in zip(grid[:, 0], panels, strict=True):
            for name, sign, colour in zip(panel, _SIGNS, (BLUE, ORANGE, GREEN), strict=False):
                groups = frame[frame["embedder"] == name].groupby("bin")
                low, middle, high = (groups["rank"].quantile(q) for q in (0.25, 0.5, 0.75))
                x = where[middle.index]
                axes.fill_between(x, low, high, color=colour, alpha=0.16, linewidth=0)
                axes.plot(x, middle, color=colour, marker=sign, label=names[name])
                other = groups["rank_elsewhere"].median()
                axes.plot(x, other, color=colour, linestyle=":")
                told.append(f"{name}: " + ", ".join(
                    "in {} {} ({} to {}), in another text's list {}".format(
                        spans[b], *(_rank(part[b], deepest) for part in (middle, low, high, other))
                    ) for b in middle.index))  # fmt: skip
            _downwards(axes, shown, deepest)
            axes.set_ylabel("rank among content forms")
            axes.plot([], [], color=GREY, linestyle=":", label="another text's list")
            axes.legend(frameon=False, fontsize="small", loc="lower center", ncols=2,
                        bbox_to_anchor=(0.5, 1.0))  # fmt: skip
        grid[-1, 0].set_xticks(where, [f"{x:.1f}\n{spans[b]}" for b, x in where.items()],
                               fontsize="small")  # fmt: skip
        grid[-1, 0].set_xlabel("inverse document frequency, and in how many texts")
        figure.tight_layout()
        return picture(figure, "Median rank of content words (and middle half) by the number of "
                       f"texts that they occur in. {'; '.join(told)}")  # fmt: skip


def driver_coefficients(frame: pd.DataFrame) -> Picture:
    """What goes with a high rank: dots with intervals to the right of 0, hollow signs by chance.

    Args:
        frame: `drivers` of one or more embedders.
    """
    names = short(frame["embedder"])
    order = [driver for driver in _LABELS if driver in set(frame["driver"])]
    styles = list(zip(names, cycle(_SIGNS), cycle((BLUE, ORANGE, GREEN))))
    apart = 0.7 / len(names)
    with theme("drivers"):
        figure, grid = plt.subplots(
            1,
            2,
            sharex=True,
            sharey=True,
            figsize=(8.2, len(order) * (0.2 + 0.08 * len(names)) + 1.3),
        )
        for axes, (view, title) in zip(grid, _VIEWS.items(), strict=True):
            for turn, (name, sign, colour) in enumerate(styles):
                here = frame[(frame["view"] == view) & (frame["embedder"] == name)]
                place = (here["driver"].map(order.index).astype(float)
                         + apart * (turn - (len(names) - 1) / 2))  # fmt: skip
                axes.hlines(place, here["low"], here["high"], color=colour, linewidth=2)
                axes.scatter(here["value"], place, color=colour, marker=sign, s=26, zorder=3)
                axes.scatter(here["chance"], place, facecolors="none", marker=sign, s=20,
                             edgecolors=GREY)  # fmt: skip
            axes.axvline(0, color=GREY, linewidth=1)
            axes.set_title(title, loc="left", fontsize="medium")
            axes.set(xlabel="plus: nearer the top", ylabel="")
            axes.tick_params(axis="y", length=0)
        grid[0].set_yticks(range(len(order)), [_LABELS[driver] for driver in order])
        grid[0].set_ylim(len(order) - 0.5, -0.5)
        keys = [Line2D([], [], color=colour, marker=sign, label=names[name])
                for name, sign, colour in styles]  # fmt: skip
        keys.append(Line2D([], [], color=GREY, marker="o", markerfacecolor="none",
                           linestyle="none", label="in another text's list"))  # fmt: skip
        figure.tight_layout()
        _keys_below(figure, keys)
        known = frame.dropna(subset=["value"])
        return picture(figure, "What goes with a high rank of a word, plus meaning nearer the top. "
                       + "; ".join(f"{r.embedder}, {r.view}, {_LABELS[str(r.driver)]}: "
                                   f"{r.value:.2f} ({r.low:.2f} to {r.high:.2f}), by chance "
                                   f"{r.chance:.2f}" for r in known.itertuples()))  # fmt: skip


def deletion_paths(effects: pd.DataFrame, *, k: int = 10) -> Picture:
    """Where a word's token stands in the whole text, without another word, and without its own.

    Thin lines are single words, at most 150 evenly taken; the thick line joins the medians of
    all, with the middle half as bars.

    Args:
        effects: `deletion_effects` of one or more embedders, put together.
        k: Above this rank a token counts as being at the top in the alternative text.
    """
    names = short(effects["embedder"])
    columns = [f"rank_{state}" for state in _STATES]
    wide = min(len(names), _A_PANEL)
    high, told = -(-len(names) // wide), []
    with theme("deletion"):
        figure, grid = plt.subplots(high, wide, sharey=True, squeeze=False,
                                    figsize=(2.5 * wide + 1.2, 3.4 * high))  # fmt: skip
        for axes in grid.flat[len(names) :]:
            axes.axis("off")
        groups = effects.groupby("embedder", sort=False)
        for axes, (name, here) in zip(grid.flat, groups, strict=False):
            ranks = here[columns].to_numpy()
            chosen = np.unique(np.linspace(0, len(ranks) - 1, _PATHS).astype(int))
            paths = [np.column_stack([range(3), row]) for row in ranks[chosen]]
            axes.add_collection(LineCollection(paths, colors=GREY, linewidths=0.6, alpha=0.35))
            low, middle, top = np.quantile(ranks, [0.25, 0.5, 0.75], axis=0)
            axes.vlines(range(3), low, top, color=BLUE, linewidth=3)
            axes.plot(range(3), middle, color=BLUE, marker="o", linewidth=2, zorder=3)
            axes.set_xticks(range(3), list(_STATES.values()), fontsize="small")
            axes.set_xlim(-0.3, 2.3)
            axes.set_title(short([str(name)], 24)[str(name)], fontsize="medium")
            _downwards(axes, effects[columns].to_numpy())
            first = ranks[ranks[:, 0] <= k] <= k
            stays = "" if not len(first) else (
                f"; of {len(first)} in the top {k}, {first[:, 1].mean():.0%} stay without another "
                f"word and {first[:, 2].mean():.0%} without their own")  # fmt: skip
            told.append(f"{name}, {len(ranks)} words: median rank {middle[0]:.0f} in the whole "
                        f"text, {middle[1]:.0f} without another word, {middle[2]:.0f} without "
                        f"their own{stays}")  # fmt: skip
        figure.supylabel("rank of the word's token", fontsize="medium")
        figure.tight_layout()
        return picture(figure, "Ranks of words' best tokens when a word is deleted. "
                       + ". ".join(told))  # fmt: skip


def stacked_marks(shares: pd.DataFrame) -> Picture:
    """Which share of the aligned tokens is literal, a variant, related, or neither.

    Args:
        shares: `mark_shares`: one bar for each of its embedders.
    """
    names = short(shares["embedder"])
    wide = shares.pivot_table(index="embedder", columns="mark", values="value")
    rows = wide.loc[list(names), list(_MARKS)]
    circular = shares.groupby("embedder")["circular"].any()
    chance = shares.dropna(subset=["chance"]).set_index("embedder")["chance"]
    with theme("marks"):
        figure, axes = plt.subplots(figsize=(6.8, 0.5 * len(rows) + 1.1))
        left = np.zeros(len(rows))
        for mark, colour in _MARKS.items():
            share = rows[mark].to_numpy()
            axes.barh(range(len(rows)), share, left=left, color=colour, height=0.72, linewidth=0)
            for place, (start, part) in enumerate(zip(left, share, strict=True)):
                if part >= 0.04:
                    axes.text(start + part / 2, place, f"{part:.0%}", ha="center", va="center",
                              fontsize="small")  # fmt: skip
            if mark == "related":
                axes.scatter(left + chance[rows.index], np.arange(len(rows)) - 0.45, s=22,
                             color=TEXT, marker="v", linewidths=0)  # fmt: skip
            left = left + share
        axes.set_yticks(range(len(rows)), [shown + " (judges itself)" * bool(circular[name])
                                           for name, shown in names.items()])  # fmt: skip
        axes.set(xlim=(0, 1), ylim=(len(rows) - 0.5, -0.5), xlabel="share of the aligned tokens")
        axes.tick_params(axis="y", length=0)
        sns.despine(ax=axes, left=True)
        figure.tight_layout()
        _keys_below(figure, [*(Patch(color=colour, label=mark) for mark, colour in _MARKS.items()),
                             Line2D([], [], color=TEXT, marker="v", linestyle="none",
                                    label="related by chance")])  # fmt: skip
        told = "; ".join(
            f"{name}: " + ", ".join(f"{r.mark} {r.value:.2f} ({r.low:.2f} to {r.high:.2f})"
                                    for r in shares[shares["embedder"] == name].itertuples())
            + f", related by chance {chance[name]:.2f}"
            + ", but the judge is the embedder itself" * bool(circular[name]) for name in rows.index
        )  # fmt: skip
        return picture(figure, f"Shares of the marks of aligned tokens. {told}")


def _downwards(axes: Axes, ranks: pd.Series | np.ndarray, deepest: float = np.nan) -> None:
    """Rank 1 at the top, on a logarithmic scale; a line where the lists end, if that is seen."""
    axes.set_yscale("log")
    axes.set_ylim(float(np.max(ranks)) * 1.8, max(float(np.min(ranks)) / 1.4, 0.8))
    axes.yaxis.set_major_formatter(lambda value, _: f"{value:,.0f}")
    axes.yaxis.set_minor_formatter(lambda *_: "")
    if np.max(ranks) >= deepest:
        axes.axhline(deepest, color=GREY, linestyle="--", linewidth=1)
        axes.annotate(f"deeper than {deepest - 1:,.0f}", (1.0, deepest), (0, -3), ha="right",
                      va="top", xycoords=("axes fraction", "data"), textcoords="offset points",
                      fontsize="small")  # fmt: skip


def _keys_below(figure: Figure, keys: Sequence[Line2D | Patch]) -> None:
    figure.legend(handles=list(keys), loc="upper center", ncols=3, frameon=False,
                  bbox_to_anchor=(0.5, 0.01), fontsize="small")  # fmt: skip


def _span(low: int, high: int) -> str:
    """In how many texts: ``1 text``, ``3–4 texts``."""
    return ("1 text" if high == 1 else f"{low} texts") if low == high else f"{low}–{high} texts"


def _rank(rank: float, deepest: float) -> str:
    told = f"deeper than {deepest - 1:.0f}" if rank >= deepest else f"{rank:.0f}"
    return "none" if np.isnan(rank) else told

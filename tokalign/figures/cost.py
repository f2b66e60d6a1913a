"""What retrieval costs, drawn beside what it is worth, always at the same settings."""

from __future__ import annotations

import matplotlib.pyplot as plt
import pandas as pd
from matplotlib.lines import Line2D
from matplotlib.ticker import FuncFormatter

from tokalign.errors import TokalignError
from tokalign.figures.picture import BLUE, GREEN, GREY, ORANGE, TEXT, Picture, picture, theme

_LETTERS = 10
_LINES = (BLUE, ORANGE, GREEN, GREY)
_SIGNS = ("o", "D", "s", "^")


def _round(value: float, _: int = 0) -> str:
    """A power of ten as it is read, since letters here know no formulas.

    >>> _round(1e4), _round(1e6), _round(0.1)
    ('10 k', '1 M', '0.1')
    """
    for size, sign in ((1e9, "G"), (1e6, "M"), (1e3, "k")):
        if value >= size:
            return f"{value / size:g} {sign}"
    return f"{value:g}"


def cost_curve(frame: pd.DataFrame, cost: str, words: str) -> Picture:
    """Effectiveness over cost: a line for each M, a point for each K, and what it is compared with.

    Args:
        frame: system (``sparse``, ``dense``, ``bm25``), k, expand, value (nDCG@10), and the cost.
        cost: Column of the cost, above 0; drawn on a logarithmic scale.
        words: What the cost is, in words.

    Raises:
        TokalignError: There is no row of sparse search.
    """
    sparse = frame[frame["system"] == "sparse"]
    if sparse.empty:
        raise TokalignError("no cost of sparse search to draw; one or more rows are needed")
    with theme("cost"):
        figure, axes = plt.subplots(figsize=(6.4, 3.9))
        told, keys = [], []
        for (expand, rows), colour, sign in zip(
            sparse.groupby("expand"), _LINES, _SIGNS, strict=False
        ):
            rows = rows.sort_values("k")
            axes.plot(rows[cost], rows["value"], color=colour, marker=sign, linewidth=1.2)
            for _, row in rows.iterrows():
                axes.annotate(f"{int(row['k'])}", (row[cost], row["value"]), fontsize=8, color=TEXT,
                              textcoords="offset points", xytext=(0, 6), ha="center")  # fmt: skip
            name = f"sparse, M = {expand:.0f}"
            keys.append(Line2D([], [], color=colour, marker=sign, label=name))
            told.append(f"M {expand:.0f}: " + ", ".join(
                f"K {int(row['k'])} costs {row[cost]:.3g} for {row['value']:.2f}"
                for _, row in rows.iterrows()))  # fmt: skip
        for system, sign, name in (("dense", "*", "dense, exact"), ("bm25", "X", "BM25")):
            for _, row in frame[frame["system"] == system].iterrows():
                axes.scatter([row[cost]], [row["value"]], marker=sign, s=110, color=TEXT, zorder=4)
                told.append(f"{name} costs {row[cost]:.3g} for {row['value']:.2f}")
                keys.append(Line2D([], [], color=TEXT, marker=sign, linestyle="none", label=name,
                                   markersize=9))  # fmt: skip
        axes.set_xscale("log")
        axes.xaxis.set_major_formatter(FuncFormatter(_round))
        axes.set(xlabel=words, ylabel="nDCG@10")
        axes.grid(True, color=GREY, alpha=0.3)
        figure.legend(handles=keys, loc="upper center", ncols=3, frameon=False, fontsize=_LETTERS,
                      bbox_to_anchor=(0.5, 0.0))  # fmt: skip
        figure.tight_layout()
        return picture(figure, f"nDCG at ten against {words}; numbers at points are K. "
                       + "; ".join(told))  # fmt: skip


def cost_by_size(frame: pd.DataFrame) -> Picture:
    """Time for one query over the number of documents, a line a system.

    Args:
        frame: system, label, documents, milliseconds.

    Raises:
        TokalignError: The frame is empty.
    """
    if frame.empty:
        raise TokalignError("no time to draw; one or more rows are needed")
    looks = {"sparse": (BLUE, "o"), "dense": (GREY, "s"), "bm25": (ORANGE, "D")}
    styles = ("-", "--", ":")
    with theme("sizes"):
        figure, axes = plt.subplots(figsize=(6.4, 3.6))
        told, used = [], dict.fromkeys(looks, 0)
        for label, rows in frame.groupby("label", sort=False):
            rows = rows.sort_values("documents")
            system = str(rows["system"].iloc[0])
            colour, sign = looks[system]
            style = styles[used[system] % len(styles)]
            used[system] += 1
            axes.plot(rows["documents"], rows["milliseconds"], color=colour, marker=sign,
                      linestyle=style, linewidth=1.4, label=label)  # fmt: skip
            last = rows.iloc[-1]
            told.append(f"{label}: {last['milliseconds']:.3g} at {int(last['documents']):,}")
        axes.set_xscale("log")
        axes.set_yscale("log")
        for axis in (axes.xaxis, axes.yaxis):
            axis.set_major_formatter(FuncFormatter(_round))
        axes.set(xlabel="documents", ylabel="milliseconds a query")
        axes.grid(True, color=GREY, alpha=0.3)
        figure.legend(loc="upper center", ncols=2, frameon=False, fontsize=_LETTERS,
                      bbox_to_anchor=(0.5, 0.0))  # fmt: skip
        figure.tight_layout()
        return picture(figure, "Milliseconds a query by number of documents. " + "; ".join(told))

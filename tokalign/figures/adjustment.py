"""What adding lambda u_1 does, in numbers: measures against lambda, and its rivals in a table.

Does NOT compute them: `adjustment_curve` and `effects` do.
"""

from __future__ import annotations

import textwrap
from collections.abc import Mapping, Sequence

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from matplotlib.ticker import MaxNLocator

from tokalign.errors import TokalignError, unknown
from tokalign.figures.picture import BLUE, GREY, ORANGE, TEXT, Picture, picture, theme
from tokalign.figures.spectrum import LETTERS, WIDTH
from tokalign.figures.words import short, visible
from tokalign.spectrum import Identity

#: Column `measure` of a curve -> what a reader calls it.
MEASURES = {
    "hit": "Hit, all tokens",
    "lar": "LAR, all tokens",
    "raw_hit": "texts with a content word in the top ten",
    "non_content": "share of stop words and signs in the top ten",
    "content_hit": "Hit, content words",
    "content_lar": "LAR, content words",
}
#: Scores beside one another; more would be too narrow for their numbers.
_COLUMNS = 3
#: The rival that does nothing.
_AS_IT_IS = Identity().name


def adjustment_curves(
    frame: pd.DataFrame, marks: Mapping[str, tuple[float, float | None]], measure: str
) -> Picture:
    """A measure of the aligned tokens of ``h + lambda u_1`` against lambda, a panel for each pair.

    Args:
        frame: `spectrum.adjustment_curve` of one or more pairs, put together.
        marks: Pair -> (m_1, v_1); v_1 is None where there is no backbone.
        measure: One of the frame's.

    Raises:
        TokalignError: The measure is not in the frame, or a pair of it has no marks.
    """
    rows = frame[frame["measure"] == measure]
    if rows.empty:
        raise unknown("measure", measure, sorted(set(frame["measure"])))
    pairs = list(dict.fromkeys(rows["pair"]))
    if missing := [pair for pair in pairs if pair not in marks]:
        raise TokalignError(f"no marks for {missing[0]!r}; every pair of the frame needs its own")
    names = short(pairs, 46)
    with theme(f"curves-{measure}"):
        figure, grid = plt.subplots(
            len(pairs), 1, sharey=True, squeeze=False, figsize=(WIDTH, 1.9 * len(pairs) + 0.6)
        )
        told = []
        for axes, pair in zip(grid[:, 0], pairs, strict=True):
            some = rows[rows["pair"] == pair].sort_values("lambda")
            lams = some["lambda"].to_numpy()
            axes.fill_between(lams, some["low"], some["high"], color=BLUE, alpha=0.25, linewidth=0)
            axes.plot(lams, some["value"], color=BLUE, linewidth=2)
            own = float(some["embedder"].iloc[0])
            if not np.isnan(own):
                axes.axhline(own, color=ORANGE, linestyle="--", linewidth=2)
            axes.set_title(names[pair], loc="left", fontsize=LETTERS + 1, pad=18)
            axes.margins(x=0)
            placed = _mark(axes, *marks[pair])
            told.append(f"{visible(pair)}: " + "; ".join(
                f"{_at(some, lam):.2f} at λ = {name} ({lam:.2f})" for name, lam in placed
            ) + f"; the embedder {own:.2f}")  # fmt: skip
        low, high = grid[0, 0].get_ylim()
        grid[0, 0].set_ylim(max(0.0, low), min(1.02, high))
        grid[-1, 0].set_xlabel("λ")
        keys = [
            Line2D([], [], color=BLUE, linewidth=2, label="h + λu₁, band: 95 %"),
            Line2D([], [], color=ORANGE, linewidth=2, linestyle="--", label="embedder"),
        ]
        figure.legend(handles=keys, loc="upper center", ncols=2, frameon=False, fontsize=LETTERS,
                      bbox_to_anchor=(0.5, 0.01), columnspacing=1.2)  # fmt: skip
        figure.suptitle(MEASURES.get(measure, visible(measure)), x=0.02, ha="left", fontsize=12)
        figure.tight_layout()
        return picture(figure, f"{MEASURES.get(measure, measure)} against λ. " + ". ".join(told))


def _mark(axes: Axes, m1: float, v1: float | None) -> list[tuple[str, float]]:
    """Lines at the lambdas that mean something; gives them back from the least to the largest."""
    known = {"0": 0.0, "−m₁": -m1} | ({} if v1 is None else {"v₁": v1})
    placed = sorted(known.items(), key=lambda item: item[1])
    for number, (name, lam) in enumerate(placed):
        axes.axvline(lam, color=TEXT, linewidth=0.9, linestyle=":")
        # Two are often close: the first is written before its line.
        axes.annotate(f" {name} ", (lam, 1.0), xycoords=("data", "axes fraction"), va="bottom",
                      ha="left" if number else "right", fontsize=LETTERS)  # fmt: skip
    return placed


def _at(rows: pd.DataFrame, lam: float) -> float:
    return float(np.interp(lam, rows["lambda"], rows["value"]))


def rivals_table_figure(
    frame: pd.DataFrame,
    scores: Sequence[str] | None = None,
    *,
    change: bool = False,
    highlighted: str = "lambda u_1",
) -> Picture:
    """Rivals in rows, scores in columns, each a dot with its 95 % interval.

    Args:
        frame: `spectrum.effects.effects`.
        scores: Which of its scores, in this order; all where it is None.
        change: Show the change against the vectors as they are, in the place of the score.
        highlighted: The rival that the others are compared with.

    Raises:
        TokalignError: A score is not in the frame.
    """
    known = list(dict.fromkeys(frame["score"]))
    wanted = known if scores is None else list(scores)
    for score in wanted:
        if score not in known:
            raise unknown("score", score, known)
    rivals = list(dict.fromkeys(frame["rival"]))
    value, low, high = (
        ("change", "change_low", "change_high") if change else ("value", "low", "high")
    )
    blocks = [wanted[start : start + _COLUMNS] for start in range(0, len(wanted), _COLUMNS)]
    with theme(f"rivals-{change}"):
        figure, grid = plt.subplots(
            len(blocks), min(_COLUMNS, len(wanted)), sharey=True, squeeze=False,
            figsize=(WIDTH, len(blocks) * (0.33 * len(rivals) + 1.1)),
        )  # fmt: skip
        told = []
        for axes, score in zip(grid.flat, wanted, strict=False):
            rows = frame[frame["score"] == score].set_index("rival").reindex(rivals)
            for place, (name, row) in enumerate(rows.iterrows()):
                colour, sign = (ORANGE, "D") if name == highlighted else (BLUE, "o")
                axes.plot([row[low], row[high]], [place, place], color=colour, linewidth=2.5)
                axes.scatter([row[value]], [place], color=colour, marker=sign, s=40, zorder=3,
                             linewidths=0)  # fmt: skip
            if change or _AS_IT_IS in rivals:
                start = 0.0 if change else rows[value][_AS_IT_IS]
                axes.axvline(start, color=GREY, linestyle="--", linewidth=1.2, zorder=0)
            title = visible(score).replace("_", " ") + (": change" if change else "")
            axes.set_title("\n".join(textwrap.wrap(title, 12)), loc="left", fontsize=LETTERS + 1)
            axes.xaxis.set_major_locator(MaxNLocator(2))
            axes.tick_params(axis="y", length=0)
            told.append(f"{score}: " + ", ".join(
                f"{name} {row[value]:.3f} ({row[low]:.3f} to {row[high]:.3f})"
                for name, row in rows.iterrows()
            ))  # fmt: skip
        for axes in list(grid.flat)[len(wanted) :]:
            axes.axis("off")
        grid[0, 0].set_yticks(range(len(rivals)), list(short(rivals, 30).values()))
        grid[0, 0].set_ylim(len(rivals) - 0.5, -0.5)
        figure.tight_layout()
        what = "Change of the scores by each filter" if change else "Scores after each filter"
        return picture(figure, f"{what}, with 95 % intervals. " + "; ".join(told))

"""The first component drawn: where vectors change, what it writes into the logits, how firm it is.

Does NOT draw what becomes of the tokens once it is moved (see `adjustment` and `slider`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import seaborn as sns
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from tokalign.errors import TokalignError
from tokalign.figures.picture import BLUE, GREY, ORANGE, TEXT, Picture, picture, theme
from tokalign.figures.words import short, token_shown, visible
from tokalign.spectrum import Stability, Variation

#: Inches. With letters of `LETTERS` points they are still read at the width of a telephone.
WIDTH = 5.4
LETTERS = 11


def variation_by_component(variations: Mapping[str, Variation], components: int = 20) -> Picture:
    """How far each pair's vectors move along each component, and how much of the change that is.

    v_j is divided by the root mean square length of the backbone's vectors, so that pairs whose
    vectors have other lengths stand on one scale.

    Args:
        variations: Name of a pair -> its variation.
        components: How many are drawn; of the others the most and the sum are told.

    Raises:
        TokalignError: There is no pair.

    >>> from tokalign.spectrum import variation
    >>> h = np.array([[2.0, 0.0], [2.0, 1.0]])
    >>> variation_by_component({"a → b": variation(h, h - [2.0, 0.0])}).alt.split(": ", 1)[1]
    'v₁ -1.93, which is -0.91 of the length of h; others at most 0.24; 93 % of the energy on u₁'
    """
    if not variations:
        raise TokalignError("no pair to draw; one or more variations are needed")
    names = short(variations, 46)
    with theme("variation"):
        figure, grid = plt.subplots(
            len(names), 2, sharex=True, sharey="col", squeeze=False,
            figsize=(WIDTH, 1.55 * len(names) + 0.55), gridspec_kw={"width_ratios": (3, 2)},
        )  # fmt: skip
        told = []
        for (left, right), (name, found) in zip(grid, variations.items(), strict=True):
            share = found.v / _length(found)
            first, rest = share[:components], share[components:]
            energy = found.share_of_energy
            _stems(left, first)
            left.axhline(0, color=TEXT, linewidth=0.8)
            left.set_title(names[name], loc="left", fontsize=LETTERS + 1, pad=6)
            left.set_ylabel("vⱼ / rms |h|", fontsize=LETTERS)
            right.bar(
                _numbers(first), energy[:components], color=_colours(first), width=0.8, linewidth=0
            )
            right.set_ylabel("energy", fontsize=LETTERS)
            right.yaxis.set_major_formatter(lambda value, _: f"{value:.0%}")
            if len(rest):
                span = f"{components + 1}–{len(share)}"
                below = first[0] < 0
                left.text(0.98, 0.06 if below else 0.94, f"{span}: |vⱼ| ≤ {abs(rest).max():.2f}",
                          transform=left.transAxes, ha="right", fontsize=LETTERS,
                          va="bottom" if below else "top")  # fmt: skip
                right.text(0.98, 0.94, f"{span}:\n{energy[components:].sum():.0%}", ha="right",
                           va="top", transform=right.transAxes, fontsize=LETTERS)  # fmt: skip
            others = abs(share[1:]).max() if len(share) > 1 else 0.0
            told.append(
                f"{name}: v₁ {found.v[0]:.2f}, which is {first[0]:.2f} of the length of h; others "
                f"at most {others:.2f}; {energy[0]:.0%} of the energy on u₁".replace("%", " %")
            )
        for axes in grid[-1]:
            axes.set_xlabel("component j", fontsize=LETTERS)
            axes.set_xticks([1, *range(5, len(_numbers(first)) + 1, 5)])
        keys = [Patch(color=ORANGE, label="the first"), Patch(color=BLUE, label="the others")]
        _legend_below(figure, keys, 2)
        figure.tight_layout()
        return picture(figure, "The mean change from backbone to embedder along each component. "
                       + ". ".join(told))  # fmt: skip


def _length(found: Variation) -> float:
    """Root mean square length of the backbone's vectors: they hold the singular values' squares."""
    return float(np.sqrt((found.parts.singular_values**2).sum() / found.n))


def _numbers(values: np.ndarray) -> np.ndarray:
    return np.arange(1, len(values) + 1)


def _colours(values: np.ndarray) -> list[str]:
    return [ORANGE, *[BLUE] * (len(values) - 1)]


def _stems(axes: Axes, values: np.ndarray) -> None:
    axes.vlines(_numbers(values), 0, values, colors=_colours(values), linewidth=2)
    # The first has another sign too, for those who do not see the colour.
    axes.scatter([1], values[:1], color=ORANGE, marker="D", s=36, zorder=3, linewidths=0)
    axes.scatter(_numbers(values)[1:], values[1:], color=BLUE, s=14, zorder=3, linewidths=0)


def contribution_of_first(frame: pd.DataFrame, text: int = 0, k: int = 10) -> Picture:
    """What u_1 and what the rest of the vector write into the logits of a text's top tokens.

    Above the tokens of the highest logits, below those that would be highest without u_1; at the
    right the rank that each has in the other list.

    Args:
        frame: `contribution` with a column ``token``.
        text: Which of its texts.
        k: Tokens a list.

    Raises:
        TokalignError: The text is not there, or tokens have no strings.
    """
    if "token" not in frame:
        raise TokalignError("no column 'token'; contribution(token=...) gives it")
    rows = frame[frame["text"] == text]
    if rows.empty:
        known = f"{frame['text'].min()} to {frame['text'].max()}"
        raise TokalignError(f"no text {text} in the frame; allowed: {known}")
    lists = {"highest logits": ("rank", "rank_rest", "rank\nwithout u₁"),
             "highest without u₁": ("rank_rest", "rank", "rank\nwith u₁")}  # fmt: skip
    with theme(f"contribution-{text}"):
        shown = {name: rows[rows[by] <= k].sort_values(by) for name, (by, _, _) in lists.items()}
        figure, grid = plt.subplots(
            2, 1, sharex=True, figsize=(WIDTH, 0.34 * sum(map(len, shown.values())) + 2.0),
            gridspec_kw={"height_ratios": [len(some) for some in shown.values()]},
        )  # fmt: skip
        told = []
        for axes, (name, some) in zip(grid, shown.items(), strict=True):
            _, other, header = lists[name]
            place = np.arange(len(some))
            axes.barh(place - 0.19, some["from_u1"], 0.36, color=ORANGE, linewidth=0)
            axes.barh(place + 0.19, some["from_rest"], 0.36, color=BLUE, linewidth=0)
            sns.scatterplot(x=some["logit"], y=place, color=TEXT, marker="D", s=30, ax=axes,
                            zorder=3, linewidth=0)  # fmt: skip
            axes.axvline(0, color=TEXT, linewidth=0.8)
            axes.set_yticks(place, [token_shown(token) for token in some["token"]])
            axes.set(ylim=(len(some) - 0.5, -0.5), xlabel="", ylabel="")
            axes.tick_params(axis="y", length=0)
            axes.set_title(name, loc="left", fontsize=LETTERS + 1)
            axes.annotate(header, (1.01, 1.02), xycoords="axes fraction", fontsize=LETTERS)
            for y, rank in zip(place, some[other], strict=True):
                axes.annotate(f"{rank}", (1.04, y), xycoords=("axes fraction", "data"),
                              va="center", fontsize=LETTERS)  # fmt: skip
            told.append(f"{name}: " + ", ".join(_told(row, other) for _, row in some.iterrows()))
        grid[-1].set_xlabel("logit")
        keys = [
            Patch(color=ORANGE, label="u₁ (upper bar)"),
            Patch(color=BLUE, label="rest (lower)"),
            Line2D([], [], color=TEXT, marker="D", linestyle="none", label="sum"),
        ]
        _legend_below(figure, keys, 3)
        figure.tight_layout()
        return picture(figure, "What u₁ and what the rest writes into logits. " + ". ".join(told))


def _told(row: pd.Series, other: str) -> str:
    return (
        f"{token_shown(str(row['token']))} {row['logit']:.2f} = {row['from_u1']:.2f} + "
        f"{row['from_rest']:.2f} (rank {row[other]} there)"
    )


def stability(found: Mapping[str, Stability]) -> Picture:
    """How well u_1 of one half of the texts agrees with that of the other, and two at random.

    Args:
        found: Name of a model -> `split_half_stability` of its vectors.

    Raises:
        TokalignError: There is no model.

    >>> stability({"mini-opt": Stability(np.array([0.9, 0.94, 0.95]), 100, 64)}).alt[-63:]
    'mini-opt 0.940 (0.900 to 0.950 over 3 splits), at random 0.100.'
    """
    if not found:
        raise TokalignError("no model to draw; one or more stabilities are needed")
    names = short(found, 26)
    with theme("stability"):
        figure, axes = plt.subplots(figsize=(WIDTH, 0.36 * len(names) + 1.3))
        told = []
        for place, (name, one) in enumerate(found.items()):
            told_of = one.summary
            axes.plot([told_of["low"], told_of["high"]], [place, place], color=BLUE, linewidth=2.5)
            axes.scatter([told_of["median"]], [place], color=BLUE, s=48, zorder=3, linewidths=0)
            axes.scatter([told_of["chance"]], [place], color=ORANGE, marker="^", s=36, linewidths=0)
            told.append(
                f"{visible(name)} {told_of['median']:.3f} ({told_of['low']:.3f} to "
                f"{told_of['high']:.3f} over {len(one.values)} splits), at random "
                f"{told_of['chance']:.3f}"
            )
        axes.set_yticks(range(len(names)), list(names.values()))
        axes.set(xlim=(-0.02, 1.02), ylim=(len(names) - 0.5, -0.5))
        axes.set_xlabel("|cos| of u₁ between two halves")
        axes.tick_params(axis="y", length=0)
        axes.xaxis.grid(True, color=GREY, alpha=0.3)
        axes.set_axisbelow(True)
        keys = [
            Line2D([], [], color=BLUE, marker="o", linewidth=2.5, label="median, all splits"),
            Line2D([], [], color=ORANGE, marker="^", linestyle="none", label="at random"),
        ]
        _legend_below(figure, keys, 2)
        figure.tight_layout()
        said = "Agreement of the first component between halves of the texts: "
        return picture(figure, f"{said}{'; '.join(told)}.")


def _legend_below(figure: Figure, keys: Sequence[Artist], columns: int) -> None:
    figure.legend(handles=keys, loc="upper center", ncols=columns, frameon=False,
                  bbox_to_anchor=(0.5, 0.01), fontsize=LETTERS, handletextpad=0.5,
                  columnspacing=1.2)  # fmt: skip

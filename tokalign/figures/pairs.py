"""Pairs of texts drawn: how near each kind is, and which words hold them together.

Does NOT measure anything: frames come from `tokalign.pairs`.
"""

from __future__ import annotations

from collections.abc import Sequence

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from tokalign.errors import TokalignError
from tokalign.figures.picture import BLUE, GREEN, GREY, ORANGE, TEXT, Picture, picture, theme
from tokalign.figures.words import short, token_shown

#: One look an embedder; colours come round again with another sign.
_LOOKS = [(BLUE, "o"), (ORANGE, "D"), (GREEN, "s"), (GREY, "^"), (BLUE, "v"), (ORANGE, "P"),
          (GREEN, "X"), (GREY, "*")]  # fmt: skip
#: Dots of a scatter that are drawn: more would only make the page heavy.
_DOTS = 400
#: Embedders side by side.
_WIDE = 3


def beside_each_other(
    frame: pd.DataFrame,
    row: str,
    label: str,
    *,
    names: dict[str, str] | None = None,
    line: float | None = None,
) -> Picture:
    """A value with its interval for each row and embedder: embedders side by side in a row.

    Args:
        frame: ``embedder``, the row's column, ``value``, ``low``, ``high``, and where there is one
            ``chance``, drawn as a short stroke; rows and embedders in their order.
        row: The column of the rows.
        label: What the value is.
        names: What a row is called; its own name where it is not there.
        line: Where a line stands, such as at the value that tells nothing.

    Raises:
        TokalignError: The frame is empty.
    """
    if frame.empty:
        raise TokalignError("no value to draw; one or more are needed")
    rows = list(dict.fromkeys(frame[row]))
    called = {one: (names or {}).get(one, str(one)) for one in rows}
    embedders = short(frame["embedder"])
    chances = "chance" in frame and bool(frame["chance"].notna().any())
    with theme(f"beside-{row}"):
        high = len(rows) * (0.17 * len(embedders) + 0.24) + 0.8
        figure, axes = plt.subplots(figsize=(6.4, high))
        for number, embedder in enumerate(embedders):
            here = frame[frame["embedder"] == embedder].set_index(row).reindex(rows)
            places = np.arange(len(rows)) + _shift(number, len(embedders))
            colour, sign = _LOOKS[number % len(_LOOKS)]
            axes.hlines(places, here["low"], here["high"], color=colour, linewidth=2.5, alpha=0.55)
            axes.scatter(here["value"], places, s=34, color=colour, marker=sign, linewidths=0,
                         zorder=3)  # fmt: skip
            if chances:
                axes.scatter(here["chance"], places, s=50, color=TEXT, marker="|", zorder=4)
        if line is not None:
            axes.axvline(line, color=GREY, linewidth=0.9, linestyle="--")
        _rows(axes, list(called.values()))
        axes.set_xlabel(label)
        figure.tight_layout()
        keys = _keys(list(embedders.values()))
        if chances:
            keys.append(Line2D([], [], color=TEXT, marker="|", linestyle="none", label="by chance"))
        _below(figure, keys)
        return picture(figure, f"{label}. " + _told(frame, row, called))


def _shift(number: int, count: int) -> float:
    """Where in its row an embedder stands, the first above."""
    return (number - (count - 1) / 2) * 0.7 / count


def _rows(axes: Axes, names: Sequence[str]) -> None:
    axes.set_yticks(range(len(names)), names)
    axes.set_ylim(len(names) - 0.5, -0.5)
    axes.tick_params(axis="y", length=0)
    axes.xaxis.grid(True, color=GREY, alpha=0.3)
    for place in range(1, len(names)):
        axes.axhline(place - 0.5, color=GREY, linewidth=0.4, alpha=0.5)
    axes.set_axisbelow(True)


def _keys(names: Sequence[str]) -> list[Line2D]:
    looks = [_LOOKS[number % len(_LOOKS)] for number in range(len(names))]
    return [
        Line2D([], [], color=colour, marker=sign, linestyle="none", label=name)
        for name, (colour, sign) in zip(names, looks, strict=True)
    ]


def _below(figure: Figure, keys: Sequence[Line2D]) -> None:
    figure.legend(handles=list(keys), loc="upper center", ncols=2, frameon=False,
                  bbox_to_anchor=(0.5, 0.01), fontsize="small")  # fmt: skip


def _told(frame: pd.DataFrame, row: str, called: dict[str, str]) -> str:
    chances = frame.get("chance", pd.Series(np.nan, frame.index))
    parts = []
    for (embedder, one, value, low, high), chance in zip(
        frame[["embedder", row, "value", "low", "high"]].itertuples(index=False, name=None),
        chances,
        strict=True,
    ):
        if np.isfinite(value):
            bounds = f" ({low:.2f} to {high:.2f})" if np.isfinite([low, high]).all() else ""
            by_chance = f", by chance {chance:.2f}" if np.isfinite(chance) else ""
            parts.append(f"{embedder}, {called[one]}: {value:.2f}{bounds}{by_chance}")
    return "; ".join(parts)


def words_taken_away(effects: pd.DataFrame) -> Picture:
    """For each word of one pair: what the cosine loses without it, and what the split gives it.

    Args:
        effects: `word_effects` of one pair by one or more embedders, put together, with an
            ``embedder`` column.

    Raises:
        TokalignError: No word, or more than one pair.
    """
    if effects.empty or len(set(effects["pair"])) != 1:
        raise TokalignError(
            f"words of {len(set(effects['pair']))} pairs; those of exactly one are drawn"
        )
    embedders = short(effects["embedder"], 24)
    wide = min(len(embedders), _WIDE)
    high = -(-len(embedders) // wide)
    with theme("taken-away"):
        rows = effects.groupby("embedder").size().max()
        figure, grid = plt.subplots(high, wide, sharex=True, sharey=True, squeeze=False,
                                    figsize=(2.3 * wide + 1, (0.3 * rows + 1) * high))  # fmt: skip
        for axes in grid.flat[len(embedders) :]:
            axes.axis("off")
        told = []
        for axes, (embedder, shown) in zip(grid.flat, embedders.items(), strict=False):
            here = effects[effects["embedder"] == embedder]
            places = np.arange(len(here))
            colours = [ORANGE if changed else BLUE for changed in here["changed"]]
            axes.barh(places, here["drop"], color=colours, height=0.62, linewidth=0)
            axes.scatter(here["share"], places, s=30, color=TEXT, marker="D", zorder=3)
            axes.axvline(0, color=GREY, linewidth=0.9)
            axes.set_title(shown, loc="left", fontsize="medium")
            _rows(axes, [f"{token_shown(w)}  ({s})"
                         for w, s in zip(here["word"], here["side"], strict=True)])  # fmt: skip
            told.append(f"{embedder}: " + ", ".join(
                f"{token_shown(word)} of the {side} text {drop:+.2f}"
                + (f" (split {share:+.3f})" if np.isfinite(share) else "")
                for word, side, drop, share in zip(
                    here["word"], here["side"], here["drop"], here["share"], strict=True
                )))  # fmt: skip
        figure.supxlabel("what the cosine loses without the word", fontsize="medium")
        figure.tight_layout()
        keys = [
            Line2D([], [], color=c, marker="s", linestyle="none", label=said)
            for c, said in ((ORANGE, "a word that was changed"), (BLUE, "another word"))
        ]
        keys.append(Line2D([], [], color=TEXT, marker="D", linestyle="none",
                           label="what the split gives its tokens"))  # fmt: skip
        _below(figure, keys)
        return picture(figure, "What the cosine of the pair loses without each word; below zero "
                       "the word sets the texts apart. " + "; ".join(told))  # fmt: skip


def split_beside_deletion(effects: pd.DataFrame, agreement: dict[str, float]) -> Picture:
    """Each word of many pairs: what the split gives its tokens, and what deletion takes.

    At most 400 words of an embedder are drawn, evenly taken.

    Args:
        effects: `word_effects` of one or more embedders with a split, put together, with an
            ``embedder`` column.
        agreement: Embedder -> Spearman's correlation of the two over all its words.

    Raises:
        TokalignError: No word with a share.
    """
    known = effects.dropna(subset=["share", "drop"])
    if known.empty:
        raise TokalignError("no word has a share of a split; one or more are needed")
    embedders = short(known["embedder"], 24)
    wide = min(len(embedders), _WIDE)
    high = -(-len(embedders) // wide)
    with theme("split"):
        figure, grid = plt.subplots(high, wide, sharey=True, squeeze=False,
                                    figsize=(2.3 * wide + 1, 2.9 * high))  # fmt: skip
        told = []
        for axes in grid.flat[len(embedders) :]:
            axes.axis("off")
        for axes, (embedder, shown) in zip(grid.flat, embedders.items(), strict=False):
            here = known[known["embedder"] == embedder]
            kept = here.iloc[np.unique(np.linspace(0, len(here) - 1, _DOTS).astype(int))]
            for changed, colour, sign in ((False, BLUE, "o"), (True, ORANGE, "D")):
                some = kept[kept["changed"].astype(bool) == changed]
                axes.scatter(some["share"], some["drop"], s=12, color=colour, marker=sign,
                             alpha=0.55, linewidths=0)  # fmt: skip
            axes.axhline(0, color=GREY, linewidth=0.8)
            axes.axvline(0, color=GREY, linewidth=0.8)
            axes.locator_params(axis="x", nbins=3)
            said = f"Spearman {agreement.get(embedder, np.nan):.2f}"
            axes.set_title(f"{shown}\n{said}", fontsize="medium")
            least, most = here[["share", "drop"]].min(), here[["share", "drop"]].max()
            told.append(f"{embedder}: {said} over {len(here)} words, shares from "
                        f"{least['share']:.3f} to {most['share']:.3f}, losses from "
                        f"{least['drop']:.2f} to {most['drop']:.2f}")  # fmt: skip
        figure.supxlabel("what the split gives the word's tokens", fontsize="medium")
        figure.supylabel("what the cosine loses without it", fontsize="medium")
        figure.tight_layout()
        _below(figure, [Line2D([], [], color=c, marker=m, linestyle="none", label=said)
                        for c, m, said in ((BLUE, "o", "a word that stayed"),
                                           (ORANGE, "D", "a word that was changed"))])  # fmt: skip
        return picture(figure, "What an exact split gives to words and what deletion takes. "
                       + "; ".join(told))  # fmt: skip

"""Pairs of texts drawn: their tokens, how near each kind is, and which words hold them together.

Does NOT measure anything: frames come from `tokalign.pairs`.
"""

from __future__ import annotations

import html
from collections.abc import Sequence
from dataclasses import dataclass

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from tokalign.errors import TokalignError
from tokalign.figures.picture import BLUE, GREEN, GREY, ORANGE, TEXT, Picture, picture, theme
from tokalign.figures.words import short, text_shown, token_shown

#: One look an embedder; colours come round again with another sign.
_LOOKS = [(BLUE, "o"), (ORANGE, "D"), (GREEN, "s"), (GREY, "^"), (BLUE, "v"), (ORANGE, "P"),
          (GREEN, "X"), (GREY, "*")]  # fmt: skip
_SIGNS = {"both": "●", "alone": "○"}
_MEANING = {"both": "a token of both lists", "alone": "of this list alone"}
#: Dots of a scatter that are drawn: more would only make the page heavy.
_DOTS = 400
#: Embedders side by side.
_WIDE = 3


@dataclass(frozen=True)
class PairRead:
    """What one model makes of a pair.

    Attributes:
        who: Its name.
        first: The aligned tokens of the first text, best first.
        second: Those of the second.
        cosine: Of the two vectors.
        strangers: The mean cosine of texts that do not belong together, by the same model.
    """

    who: str
    first: tuple[str, ...]
    second: tuple[str, ...]
    cosine: float
    strangers: float

    @property
    def position(self) -> float:
        """The cosine on a scale where strangers are 0 and a text with itself is 1.

        >>> round(PairRead("x", (), (), 0.75, 0.5).position, 2)
        0.5
        """
        return (self.cosine - self.strangers) / (1 - self.strangers)


def pair_with_tokens(texts: tuple[str, str], rows: Sequence[PairRead]) -> Picture:
    """A pair, and for each model both lists of tokens with the cosine.

    Args:
        texts: The two.
        rows: What each model makes of them.

    Raises:
        TokalignError: No model.
    """
    if not rows:
        raise TokalignError("no model to show; one or more are needed")
    items, told = [], []
    for row in rows:
        lists = (row.first, row.second)
        shared = {token_shown(t) for t in row.first} & {token_shown(t) for t in row.second}
        said = (
            f"{row.who}: cosine {row.cosine:.2f}, of strangers {row.strangers:.2f}, "
            f"position {row.position:.2f}"
        )
        chips = "".join(
            f'<p class="tokalign-chips"><em>{html.escape(text_shown(text))}</em> '
            f"{_chips(tokens, shared)}</p>"
            for text, tokens in zip(texts, lists, strict=True)
        )
        label = f'<span class="tokalign-label">{html.escape(said)}</span>'
        items.append(f"<li>{label}{chips}</li>")
        names = [", ".join(map(token_shown, tokens)) for tokens in lists]
        told.append(f"{said}; first: {names[0]}; second: {names[1]}")
    keys = " ".join(
        f'<span class="tokalign-key"><span class="{_look(mark)}" aria-hidden="true">{sign}</span> '
        f"{_MEANING[mark]}</span>"
        for mark, sign in _SIGNS.items()
    )
    return Picture(
        f'<ul class="tokalign-gallery">{"".join(items)}</ul><p class="tokalign-legend">{keys}</p>',
        f"“{texts[0]}” and “{texts[1]}” by {len(rows)} models. " + ". ".join(told),
    )


def _look(mark: str) -> str:
    return "tokalign-literal" if mark == "both" else "tokalign-variant"


def _chips(tokens: Sequence[str], shared: set[str]) -> str:
    made = []
    for token in map(token_shown, tokens):
        mark = "both" if token in shared else "alone"
        made.append(
            f'<span class="tokalign-chip {_look(mark)}"><span aria-hidden="true">{_SIGNS[mark]}'
            f'</span> {html.escape(token)}<span class="tokalign-hidden"> ({_MEANING[mark]})</span>'
            "</span>"
        )
    return " ".join(made)


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

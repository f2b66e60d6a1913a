"""Retrieval drawn: what matched, what each system is worth, the grid of K and M.

Does NOT draw cost (see `cost`).
"""

from __future__ import annotations

import html

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import seaborn as sns
from matplotlib.lines import Line2D

from tokalign.errors import TokalignError
from tokalign.figures.picture import BLUE, GREY, ORANGE, TEXT, Picture, picture, theme
from tokalign.figures.words import short, text_shown, token_shown
from tokalign.retrieval.following import Followed
from tokalign.retrieval.matches import Match

#: Run -> what a reader calls it.
SYSTEMS = {
    "dense": "dense",
    "sparse": "sparse, from aligned tokens",
    "published": "sparse, the published recipe",
    "literal": "sparse, tokens of the text alone",
    "bm25": "BM25",
    "hybrid": "sparse and BM25, fused",
    "hybrid_dense": "dense and BM25, fused",
    "promptreps": "PromptReps, sparse",
    "prompted_dense": "PromptReps, dense",
}
_LETTERS = 10
#: Tokens that are named of a document; the others are counted.
_NAMED = 8
#: Characters that are shown of a document.
_START = 160
#: Whether a token stands in the query -> class and sign of its mark, and what it means.
_MARKS = {True: ("literal", "●", "a token of the query"),
          False: ("variant", "◐", "a token that the query was expanded by")}  # fmt: skip


def what_matched(followed: Followed) -> Picture:
    """Each document found for a query, with the tokens that it shares with it.

    Args:
        followed: A query and what was found for it.

    Raises:
        TokalignError: Nothing was found.
    """
    if not followed.documents:
        raise TokalignError(f"nothing was found for the query {followed.query!r}; nothing to show")
    items, told = [], []
    for text, matches, relevant in zip(
        followed.texts, followed.matches, followed.relevant, strict=True
    ):
        judged = "judged relevant" if relevant else "not judged relevant"
        total, more = sum(m.product for m in matches), matches[_NAMED:]
        rest = f" and {len(more)} more, {sum(m.product for m in more):.2f}" if more else ""
        chips = " ".join(map(_chip, matches[:_NAMED]))
        label = f"score {total:.2f}, {judged}"
        items.append(
            f'<li><p class="tokalign-text">{_escaped(_start(text))}</p><p class="tokalign-chips">'
            f'<span class="tokalign-label">{label}</span>{chips}{rest}</p></li>'
        )
        named = ", ".join(
            f"{token_shown(m.token)} {m.product:.2f}{'' if m.literal else ' by expansion'}"
            for m in matches[:_NAMED]
        )
        told.append(f"{_start(text)} ({label}): {named}{rest}")
    keys = " ".join(
        f'<span class="tokalign-key"><span class="tokalign-{mark}" aria-hidden="true">{sign}</span>'
        f" {words}</span>"
        for mark, sign, words in _MARKS.values()
    )
    query = f'<p class="tokalign-text">{_escaped(followed.text)}</p>'
    return Picture(
        f'{query}<ul class="tokalign-gallery">{"".join(items)}</ul>'
        f'<p class="tokalign-legend">{keys}</p>',
        f"What each document found shares with the query {followed.text!r}. " + "; ".join(told),
    )


def _chip(match: Match) -> str:
    mark, sign, words = _MARKS[match.literal]
    return (
        f'<span class="tokalign-chip tokalign-{mark}"><span aria-hidden="true">{sign}</span> '
        f"{_escaped(token_shown(match.token))} {match.product:.2f}"
        f'<span class="tokalign-hidden"> ({words})</span></span>'
    )


def _escaped(text: str) -> str:
    return html.escape(text_shown(text))


def _start(text: str) -> str:
    """The beginning of a text."""
    plain = " ".join(text.split())
    return plain if len(plain) <= _START else plain[: _START - 1].rstrip() + "…"


def systems_compared(frame: pd.DataFrame) -> Picture:
    """What each system is worth, with its interval: a row a system, a panel an embedder.

    Args:
        frame: embedder, run, value, low, high; runs by the names of `SYSTEMS`.

    Raises:
        TokalignError: The frame is empty.
    """
    if frame.empty:
        raise TokalignError("no system to draw; one or more are needed")
    embedders = short(frame["embedder"], 40)
    runs = [run for run in SYSTEMS if run in set(frame["run"])]
    with theme("systems"):
        figure, grid = plt.subplots(
            len(embedders), 1, sharex=True, squeeze=False,
            figsize=(6.4, len(embedders) * (0.3 * len(runs) + 0.55) + 0.4),
        )  # fmt: skip
        told = []
        for axes, embedder in zip(grid[:, 0], embedders, strict=True):
            rows = frame[frame["embedder"] == embedder].set_index("run").reindex(runs)
            colours = [BLUE if "sparse" in SYSTEMS[run] else GREY for run in runs]
            places = np.arange(len(runs))
            axes.hlines(places, rows["low"], rows["high"], color=colours, linewidth=3, alpha=0.55)
            axes.scatter(rows["value"], places, s=42, color=colours, zorder=3, linewidths=0)
            if "dense" in runs:
                axes.axvline(rows.loc["dense", "value"], color=GREY, linewidth=0.8, linestyle=":")
            axes.set_title(embedders[embedder], loc="left", fontsize="medium")
            axes.set_yticks(places, [SYSTEMS[run] for run in runs])
            axes.set(ylim=(len(runs) - 0.5, -0.5), xlim=(0, 1))
            axes.tick_params(axis="y", length=0)
            axes.xaxis.grid(True, color=GREY, alpha=0.3)
            told.append(
                f"{embedder}: " + ", ".join(
                    f"{SYSTEMS[run]} {rows['value'][run]:.2f} ({rows['low'][run]:.2f} to "
                    f"{rows['high'][run]:.2f})"
                    for run in runs
                )
            )  # fmt: skip
        grid[-1, 0].set_xlabel("nDCG@10")
        figure.tight_layout()
        return picture(figure, "Retrieval effectiveness, nDCG at ten. " + "; ".join(told))


def grid_of_k_and_m(frame: pd.DataFrame, value: str = "value") -> Picture:
    """A value for each K (tokens a document keeps) and M (tokens a query is expanded by).

    Args:
        frame: k, expand, and the value.
        value: Its column.

    Raises:
        TokalignError: The frame is empty.
    """
    if frame.empty:
        raise TokalignError("no setting to draw; one or more are needed")
    table = frame.pivot_table(index="k", columns="expand", values=value).sort_index(ascending=False)
    with theme("grid"):
        figure, axes = plt.subplots(
            figsize=(0.72 * table.shape[1] + 1.6, 0.44 * table.shape[0] + 1)
        )
        sns.heatmap(table, annot=True, fmt=".2f", cmap="crest", cbar=False, ax=axes, linewidths=0.6,
                    annot_kws={"fontsize": _LETTERS})  # fmt: skip
        axes.set(xlabel="M, tokens that a query is expanded by", ylabel="K, tokens of a document")
        axes.tick_params(length=0, rotation=0)
        figure.tight_layout()
        ordered = frame.sort_values(value, kind="stable")
        best, worst = ordered.iloc[-1], ordered.iloc[0]
        return picture(
            figure,
            f"nDCG at ten for each K and M: highest {best[value]:.2f} at K {int(best['k'])}, M "
            f"{int(best['expand'])}; lowest {worst[value]:.2f} at K {int(worst['k'])}, M "
            f"{int(worst['expand'])}",
        )


def by_rarity(frame: pd.DataFrame) -> Picture:
    """What each system is worth for queries grouped by how many of their words are cut up.

    Args:
        frame: run, group, n, value, low, high; groups in their order.

    Raises:
        TokalignError: The frame is empty.
    """
    if frame.empty:
        raise TokalignError("no group of queries to draw; one or more are needed")
    groups = list(dict.fromkeys(frame["group"]))
    looks = {"dense": (GREY, "s"), "sparse": (BLUE, "o"), "bm25": (ORANGE, "D")}
    runs = [run for run in looks if run in set(frame["run"])]
    with theme("rarity"):
        figure, axes = plt.subplots(figsize=(6.0, 3.2))
        told = []
        for shift, run in enumerate(runs):
            rows = frame[frame["run"] == run].set_index("group").loc[groups]
            x = np.arange(len(groups)) + 0.12 * (shift - (len(runs) - 1) / 2)
            colour, marker = looks[run]
            axes.vlines(x, rows["low"], rows["high"], color=colour, linewidth=2.5, alpha=0.55)
            axes.plot(x, rows["value"], color=colour, marker=marker, linewidth=1, markersize=6)
            told.append(f"{SYSTEMS[run]}: " + ", ".join(
                f"{group} {value:.2f}" for group, value in rows["value"].items()))  # fmt: skip
        counts = frame.drop_duplicates("group").set_index("group")["n"]
        axes.set_xticks(range(len(groups)), [f"{g}\n({counts[g]} queries)" for g in groups])
        axes.set(ylabel="nDCG@10", ylim=(0, 1.02))
        axes.yaxis.grid(True, color=GREY, alpha=0.3)
        keys = [Line2D([], [], color=looks[run][0], marker=looks[run][1], linewidth=1,
                       label=SYSTEMS[run]) for run in runs]  # fmt: skip
        figure.legend(handles=keys, loc="upper center", ncols=3, frameon=False,
                      bbox_to_anchor=(0.5, 0.0), fontsize=_LETTERS)  # fmt: skip
        axes.tick_params(colors=TEXT)
        figure.tight_layout()
        return picture(
            figure, "nDCG at ten by words of the query that are cut up. " + "; ".join(told)
        )

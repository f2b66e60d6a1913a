"""A text beside its aligned tokens: one large picture, and a gallery of many."""

from __future__ import annotations

import html
from collections.abc import Sequence

import matplotlib.pyplot as plt
import pandas as pd
import seaborn as sns

from tokalign.figures.picture import BLUE, GREEN, GREY, ORANGE, Picture, picture, theme
from tokalign.figures.words import text_shown, token_shown
from tokalign.measures import MarkedText

_COLOURS = {"literal": BLUE, "variant": ORANGE, "related": GREEN, "other": GREY}
#: Sign and word carry the mark, colour only helps.
SIGNS = {"literal": "●", "variant": "◐", "related": "◇", "other": "○"}
_MEANING = {
    "literal": "a token of the text",
    "variant": "another form of one of its words",
    "related": "not in the text, but close to it by another embedder",
    "other": "not in the text",
}


def text_with_tokens(marked: MarkedText, embedder: str) -> Picture:
    """A text, the words that its aligned tokens match, and the tokens with their logits.

    Args:
        marked: The text and its tokens.
        embedder: Whose tokens they are.
    """
    frame = pd.DataFrame(
        {
            "token": [
                f"{SIGNS[m]} {token_shown(t)}"
                for t, m in zip(marked.tokens, marked.marks, strict=True)
            ],
            "logit": marked.logits,
            "mark": marked.marks,
            "row": range(len(marked.tokens)),
        }
    )
    with theme(f"text-{embedder}"):
        figure, axes = plt.subplots(figsize=(6.2, 0.33 * len(frame) + 0.7))
        sns.barplot(frame, x="logit", y="row", hue="mark", palette=_COLOURS, orient="h",
                    legend=False, ax=axes, width=0.72, saturation=1,
                    edgecolor="none", errorbar=None)  # fmt: skip
        axes.set(ylabel="", xlabel="logit")
        axes.set_yticks(range(len(frame)), frame["token"])
        axes.tick_params(axis="y", length=0)
        drawn = picture(
            figure,
            f"Bars of the logits of the aligned tokens of “{marked.text}” by {embedder}: "
            + ", ".join(f"{token_shown(t)} ({m})" for t, m in zip(marked.tokens, marked.marks,
                                                             strict=True)),
        )  # fmt: skip
    words = f'<p class="tokalign-text">{_highlighted(marked)}</p>'
    return Picture(words + drawn.markup + legend([marked]), drawn.alt)


def tokens_of_each(rows: Sequence[tuple[str, MarkedText]]) -> Picture:
    """One text, and what each of several models makes of it.

    Args:
        rows: Who and its tokens, all of the same text.
    """
    text = f'<p class="tokalign-text">{_escaped(rows[0][1].text)}</p>'
    items = "".join(
        f'<li><p class="tokalign-chips"><span class="tokalign-label">{_escaped(who)}</span>'
        f"{_chips(one)}</p></li>"
        for who, one in rows
    )
    told = "; ".join(f"{who}: {', '.join(map(token_shown, one.tokens))}" for who, one in rows)
    return Picture(
        f'{text}<ul class="tokalign-gallery">{items}</ul>{legend([one for _, one in rows])}',
        f"The tokens of “{rows[0][1].text}” by each of {len(rows)} models. {told}",
    )


def gallery(marked: Sequence[MarkedText], labels: Sequence[str] | None = None) -> Picture:
    """Several texts, each with its aligned tokens as a row of marked words.

    Args:
        marked: The texts and their tokens.
        labels: One a text, shown above it.
    """
    rows = []
    for number, one in enumerate(marked):
        name = _escaped(labels[number]) if labels else ""
        label = f'<span class="tokalign-label">{name}</span>' if name else ""
        rows.append(
            f'<li><p class="tokalign-text">{label}{_highlighted(one)}</p>'
            f'<p class="tokalign-chips">{_chips(one)}</p></li>'
        )
    return Picture(
        f'<ul class="tokalign-gallery">{"".join(rows)}</ul>{legend(marked)}',
        f"{len(marked)} texts, each with its aligned tokens",
    )


def _chips(one: MarkedText) -> str:
    return " ".join(
        f'<span class="tokalign-chip tokalign-{m}">'
        f'<span aria-hidden="true">{SIGNS[m]}</span> {html.escape(token_shown(t))}'
        f'<span class="tokalign-hidden"> ({m})</span></span>'
        for t, m in zip(one.tokens, one.marks, strict=True)
    )


def _highlighted(marked: MarkedText) -> str:
    parts, here = [], 0
    for start, end in marked.matched:
        parts.append(_escaped(marked.text[here:start]))
        parts.append(f"<mark>{_escaped(marked.text[start:end])}</mark>")
        here = end
    return "".join(parts) + _escaped(marked.text[here:])


def _escaped(text: str) -> str:
    return html.escape(text_shown(text))


def legend(shown: Sequence[MarkedText] = ()) -> str:
    """What the signs mean; of tokens related to a text, only where such are shown."""
    related = any("related" in one.marks for one in shown)
    items = " ".join(
        f'<span class="tokalign-key"><span class="tokalign-{m}" aria-hidden="true">'
        f"{SIGNS[m]}</span> {words}</span>"
        for m, words in _MEANING.items()
        if related or m != "related"
    )
    return (
        f'<p class="tokalign-legend"><span class="tokalign-key"><mark>word</mark> matched by a '
        f"token</span> {items}</p>"
    )

"""A pair of texts and what each of several models makes of it: both lists of tokens, marked."""

from __future__ import annotations

import html
from collections.abc import Sequence
from dataclasses import dataclass

from tokalign.errors import TokalignError
from tokalign.figures.picture import Picture
from tokalign.figures.words import text_shown, token_shown

_SIGNS = {"both": "●", "alone": "○"}
_MEANING = {"both": "a token of both lists", "alone": "of this list alone"}


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

"""What the slider's script reads: cases as a small JSON that may stand inside a page.

Numbers are rounded as far as the order of the tokens stays the package's own at every lambda that
can be set; this is checked each time. Does NOT know how any of it is drawn.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from tokalign.figures.texts import SIGNS
from tokalign.figures.words import text_shown, token_shown, visible
from tokalign.spectrum import RangeTop
from tokalign.spectrum.moving import Case, MovingText, NamedTokens

#: Kinds of tokens in the order of the numbers that stand for them.
KINDS = ("literal", "variant", "other")
#: A mark of `Case.marks` -> how it is written, what it means.
MARKS = {
    "0": ("0", "the backbone as it is"),
    "-m1": ("−m₁", "its mean along u₁ taken off"),
    "v1": ("v₁", "the embedder’s mean change"),
}
#: float64 tells no more apart.
_DIGITS = 17


@dataclass(frozen=True)
class Rounded:
    """The lines of a case with rounded numbers.

    Attributes:
        intercepts: One array a text, in the order of its lines.
        slopes: Token id -> slope, which is the same in every text.
        decimals: How many a logit is shown with.
    """

    intercepts: tuple[np.ndarray, ...]
    slopes: dict[int, float]
    decimals: int

    def top(self, lines: RangeTop, text: int, lambdas: np.ndarray) -> np.ndarray:
        """Ids of the top k at each lambda, as the script orders them, ``(S, k)``."""
        slopes = np.array([self.slopes[i] for i in lines.ids.tolist()])
        return _tops(lines.ids, self.intercepts[text], slopes, lambdas, lines.k)


def rounded(case: Case) -> Rounded:
    """Round the lines of a case, with as few digits as keep the order at each of its lambdas.

    Args:
        case: Whose lines.

    Returns:
        The lines. A logit of them differs by less than half its last shown digit, and the top k
        at each lambda are those of `RangeTop.top`, in the same order.
    """
    texts = [one.lines for one in case.texts]
    exact = [_tops(x.ids, x.intercepts, x.slopes, case.lambdas, x.k) for x in texts]
    slopes: dict[int, float] = {}
    for lines in texts:
        for token, slope in zip(lines.ids.tolist(), lines.slopes.tolist(), strict=True):
            slopes.setdefault(token, slope)
    reach = float(np.abs(case.lambdas).max())
    most = max(float(np.abs(x.intercepts).max() + reach * np.abs(x.slopes).max()) for x in texts)
    shown = max(2, 2 - math.floor(math.log10(most))) if most else 2
    for digits in range(shown + 2, _DIGITS):
        # A slope is multiplied by lambda, and so is its rounding.
        finer = digits + max(0, math.ceil(math.log10(reach)))
        made = Rounded(
            tuple(np.round(x.intercepts, digits) for x in texts),
            {token: round(slope, finer) for token, slope in slopes.items()},
            shown,
        )
        if all(
            np.array_equal(made.top(lines, text, case.lambdas), exact[text])
            for text, lines in enumerate(texts)
        ):
            return made
    return Rounded(tuple(x.intercepts for x in texts), slopes, shown)


def _tops(
    ids: np.ndarray, intercepts: np.ndarray, slopes: np.ndarray, lambdas: np.ndarray, k: int
) -> np.ndarray:
    logits = intercepts + lambdas[:, None] * slopes
    found: np.ndarray = ids[np.argsort(-logits, axis=1, kind="stable")[:, :k]]
    return found


def slider_json(cases: Sequence[Case]) -> str:
    """The cases as JSON that cannot end the element around it.

    Args:
        cases: One or more.

    Returns:
        One line of ASCII without ``<``, ``>`` and ``&``. `slider.js` tells how it is read.
    """
    pairs = [_pair(case) for case in cases]
    kinds = [(kind, SIGNS[kind]) for kind in KINDS]
    document = {"kinds": kinds, "marks": MARKS, "pairs": pairs}
    return inert(json.dumps(document, separators=(",", ":"), allow_nan=False))


def inert(text: str) -> str:
    r"""JSON with what could be taken for markup written as escapes.

    >>> inert('"</script><!--&amp;"')
    '"\\u003c/script\\u003e\\u003c!--\\u0026amp;"'
    """
    for sign in "<>&":
        text = text.replace(sign, f"\\u{ord(sign):04x}")
    return text


def lambda_decimals(lambdas: np.ndarray) -> int:
    """How many decimals a lambda is shown with.

    >>> lambda_decimals(np.array([-1.5, -1.0, -0.5])), lambda_decimals(np.array([0, 0.002, 0.004]))
    (2, 3)
    """
    step = float(np.median(np.diff(lambdas)))
    return max(2, -math.floor(math.log10(step)))


def _pair(case: Case) -> dict[str, Any]:
    made = rounded(case)
    place = {name: int(np.searchsorted(case.lambdas, at)) for name, at in case.marks.items()}
    number: dict[int, int] = {}
    tokens: list[list[Any]] = []
    texts = []
    for row, one in enumerate(case.texts):
        own = one.own.ids[0].tolist()
        for ids, named in ((one.lines.ids.tolist(), one.named), (own, one.own_named)):
            for token, string, content in zip(ids, named.strings, named.content, strict=True):
                if number.setdefault(token, len(number)) == len(tokens):
                    slope = made.slopes.get(token, 0)
                    tokens.append([token_shown(string), slope, int(content)])
        logits = [round(value, made.decimals) for value in one.own.logits[0].tolist()]
        lines = (number[token] for token in one.lines.ids.tolist())
        texts.append(
            {
                "parts": parts(one),
                "lines": _rows(lines, made.intercepts[row].tolist(), one.named),
                "own": _rows((number[token] for token in own), logits, one.own_named),
            }
        )
    return {
        "name": visible(case.name),
        "backbone": visible(case.backbone),
        "embedder": visible(case.embedder),
        "k": case.k,
        "lambdas": case.lambdas.tolist(),
        "decimals": [lambda_decimals(case.lambdas), made.decimals],
        "marks": place,
        "tokens": tokens,
        "texts": texts,
    }


def _rows(numbers: Iterable[int], logits: list[float], named: NamedTokens) -> list[list[Any]]:
    kinds = [KINDS.index(mark) for mark in named.marks]
    return [list(row) for row in zip(numbers, logits, kinds, named.words, strict=True)]


def parts(text: MovingText) -> list[str]:
    """A text cut at its content words: those stand at the odd places, what is between at the even.

    Args:
        text: The text with its words.
    """
    found, here = [], 0
    for start, end in text.words:
        found += [text_shown(text.text[here:start]), text_shown(text.text[start:end])]
        here = end
    return [*found, text_shown(text.text[here:])]

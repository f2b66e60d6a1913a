"""The figure to move: lambda along a track, and the top tokens of ``h + lambda u_1`` at its place.

A text beside its tokens for every lambda in a range, in HTML that needs nothing but itself: no
library, no network, no server. Without scripts there are tables at the lambdas that mean something.
"""

from __future__ import annotations

import html
from collections.abc import Sequence
from importlib import resources

import numpy as np

from tokalign.errors import TokalignError
from tokalign.figures.picture import Picture
from tokalign.figures.slider_data import MARKS, lambda_decimals, slider_json
from tokalign.figures.texts import SIGNS, legend
from tokalign.figures.words import text_shown, token_shown, visible
from tokalign.spectrum.moving import Case, MovingText, NamedTokens

_KEY = (
    '<p class="tokalign-legend"><span class="tokalign-key"><b>token</b> with content</span> '
    '<span class="tokalign-key">token, its bar hollow: a stop word or sign</span></p>'
)


def lambda_slider(cases: Sequence[Case]) -> Picture:
    """Choose a pair and a text, move lambda, and see the top tokens change.

    The tokens at each lambda and their order are the package's own, those of `RangeTop.top`. Above
    the track stands how many of them belong to the text, how many are stop words or signs, and how
    many the embedder has too, at every lambda of it. Several sliders may stand on a page.

    Args:
        cases: One for each pair of backbone and embedder, see `slider_case`.

    Raises:
        TokalignError: There is no case, or one without a text.

    >>> from tokalign.spectrum import RangeTop
    >>> from tokalign.tokens import AlignedTokens
    >>> lines = RangeTop(np.array([4, 7]), np.array([3.0, 2.0]), np.array([1.0, 0.0]), -2, 1, 1)
    >>> named = NamedTokens((" the", " sea"), (False, True), ("literal",) * 2, ((), (0,)))
    >>> sea = NamedTokens((" sea",), (True,), ("literal",), ((0,),))
    >>> own = AlignedTokens(np.array([[7]]), np.array([[5.0]]))
    >>> text = MovingText("the sea", ((4, 7),), lines, named, own, sea)
    >>> case = Case("b → e", "b", "e", np.array([-2, -1.5, 0, 1]), 1.5, -2.0, 1, (text,))
    >>> lambda_slider([case]).alt.partition("” ")[2]
    'by b, λ = 0: the; λ = −m₁ = −1.50: sea; λ = v₁ = −2.00: sea; by e itself: sea'
    """
    if not cases or not all(case.texts for case in cases):
        raise TokalignError("a slider without a text; one or more cases with texts are needed")
    first, text = cases[0], cases[0].texts[0]
    told = "; ".join(
        f"λ = {_lambda(first, name)}: {', '.join(map(token_shown, _moved(text, at).strings))}"
        for name, at in first.marks.items()
    )
    pairs = ", ".join(case.name for case in cases)
    own = ", ".join(map(token_shown, text.own_named.strings))
    return Picture(
        '<div class="tokalign-slider tex2jax_ignore mathjax_ignore">'
        f"<style>{_file('slider.css')}</style>{_file('slider.html')}"
        f'<div class="tokalign-slider-static" data-part="static">{_static(cases)}</div>'
        f"{legend()}{_KEY}"
        f'<script type="application/json" data-part="data">{slider_json(cases)}</script>'
        f"<script>{_file('slider.js')}</script></div>",
        f"A slider that moves λ in h + λu₁, for {pairs}. The top tokens of “{text.text}” by "
        f"{first.backbone}, {told}; by {first.embedder} itself: {own}",
    )


def _file(name: str) -> str:
    return resources.files(__package__).joinpath(name).read_text("utf-8").strip()


def _static(cases: Sequence[Case]) -> str:
    """A table a pair: each text with its tokens at the marks, and by the embedder."""
    tables = []
    for case in cases:
        bodies = []
        for one in case.texts:
            rows = {f"λ = {_lambda(case, name)}": _moved(one, at)
                    for name, at in case.marks.items()}  # fmt: skip
            rows["ĥ, the embedder’s own"] = one.own_named
            lines = "".join(
                f'<tr><th scope="row">{name}</th><td>{_listed(named)}</td></tr>'
                for name, named in rows.items()
            )
            text = html.escape(text_shown(one.text))
            bodies.append(
                f'<tbody><tr><th scope="rowgroup" colspan="2">{text}</th></tr>{lines}</tbody>'
            )
        name = html.escape(visible(case.name))
        tables.append(f"<table><caption>{name}</caption>{''.join(bodies)}</table>")
    return "".join(tables)


def _moved(text: MovingText, lam: float) -> NamedTokens:
    """The top tokens at one lambda."""
    found = text.lines.top(lam).ids[0]
    rows = [int(np.searchsorted(text.lines.ids, token)) for token in found]
    named = text.named
    return NamedTokens(
        tuple(named.strings[row] for row in rows),
        tuple(named.content[row] for row in rows),
        tuple(named.marks[row] for row in rows),
        tuple(named.words[row] for row in rows),
    )


def _lambda(case: Case, name: str) -> str:
    value = f"{case.marks[name]:.{lambda_decimals(case.lambdas)}f}".replace("-", "−")
    sign = MARKS[name][0]
    return sign if name == "0" else f"{sign} = {value}"


def _listed(named: NamedTokens) -> str:
    items = []
    for string, content, mark in zip(named.strings, named.content, named.marks, strict=True):
        shown = html.escape(token_shown(string))
        items.append(
            f'<span class="tokalign-{mark}"><span aria-hidden="true">{SIGNS[mark]}</span> '
            f"{f'<b>{shown}</b>' if content else shown}"
            f'<span class="tokalign-hidden"> ({mark})</span></span>'
        )
    return " ".join(items)

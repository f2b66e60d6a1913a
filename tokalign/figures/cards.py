"""Facts about many things, each a line that opens: no wider than the page, and found by search."""

from __future__ import annotations

import html
from collections.abc import Mapping

from tokalign.figures.picture import Picture
from tokalign.figures.words import text_shown


def cards(facts: Mapping[str, Mapping[str, str]]) -> Picture:
    """A list of names; each opens to its facts.

    Args:
        facts: Name -> what -> its value in words.

    >>> cards({"sgpt-nli": {"pooling": "weighted mean"}}).markup.count("<dt>")
    1
    """
    items = []
    for name, told in facts.items():
        rows = "".join(
            f"<dt>{html.escape(what)}</dt><dd>{html.escape(text_shown(value))}</dd>"
            for what, value in told.items()
        )
        items.append(f"<details><summary>{html.escape(name)}</summary><dl>{rows}</dl></details>")
    markup = f'<div class="tokalign-cards">{"".join(items)}</div>'
    return Picture(markup, "Facts about " + ", ".join(facts))

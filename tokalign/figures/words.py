"""Names, tokens and texts as they can be drawn and read. Does not escape for HTML."""

from __future__ import annotations

from collections.abc import Iterable

#: Longest name beside a row, in characters: more would squeeze the drawing.
LONGEST = 32


def visible(text: str, keep: str = "") -> str:
    r"""The text with all that cannot be seen written out.

    Args:
        text: Any text.
        keep: Characters that stay as they are.

    >>> print(visible("a\x1b[0m\tb\u202e", keep="\t").expandtabs(1))
    a\x1b[0m b\u202e
    """
    return "".join(
        c if c.isprintable() or c in keep else c.encode("unicode_escape").decode("ascii")
        for c in text
    )


def token_shown(token: str) -> str:
    r"""A token without the blanks around it; one that is nothing else by its name.

    >>> print(token_shown(" cat"), token_shown("\n"), token_shown("\x1b"))
    cat '\n' \x1b
    """
    return visible(token.strip()) or repr(token)


def text_shown(text: str) -> str:
    r"""A text without control characters and halves of surrogate pairs, all else as it is.

    >>> print(text_shown("caf\u00e9\x00"))
    café\x00
    """
    return "".join(
        visible(c) if (c < " " and c not in "\t\n\r") or "\x7f" <= c <= "\x9f" or
        "\ud800" <= c <= "\udfff" else c
        for c in text
    )  # fmt: skip


def short(names: Iterable[str], longest: int = LONGEST) -> dict[str, str]:
    """Name -> the name, its middle left out where it is too long; different ones stay different.

    >>> short(["mini", "a-name-with-a-long-middle-1", "a-name-with-a-wide-middle-1"], 9)
    {'mini': 'mini', 'a-name-with-a-long-middle-1': 'a-na…le-1', \
'a-name-with-a-wide-middle-1': 'a-na…le-1 (2)'}
    """
    found: dict[str, str] = {}
    for name in dict.fromkeys(names):
        whole = visible(name)
        half = longest // 2
        cut = whole if len(whole) <= longest else f"{whole[:half]}…{whole[-half:]}"
        number, free = 1, cut
        while free in found.values():
            number += 1
            free = f"{cut} ({number})"
        found[name] = free
    return found

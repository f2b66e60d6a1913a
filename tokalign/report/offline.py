"""What a rendered page would fetch from the network, and what it tells of the machine.

The book must read the same without a network, so scripts, styles, fonts, images and frames from
elsewhere are refused. Links that a reader follows are fine. Does NOT run scripts: what a script
would fetch later (Thebe, on a button that the book does not show) is not seen.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from html.parser import HTMLParser
from pathlib import Path

_ATTRIBUTES = {
    "script": ("src",),
    "img": ("src", "srcset"),
    "iframe": ("src",),
    "embed": ("src",),
    "object": ("data",),
    "source": ("src", "srcset"),
    "video": ("src", "poster"),
    "audio": ("src",),
    "image": ("href", "xlink:href"),
    "use": ("href", "xlink:href"),
}
_LOADED_LINKS = {"stylesheet", "preload", "modulepreload", "prefetch", "icon", "manifest"}
_EXTERNAL = re.compile(r"^\s*(?:https?:)?//", re.IGNORECASE)
_CSS = re.compile(
    r"""(?:@import\s+(?:url\()?|url\()\s*["']?\s*((?:https?:)?//[^"')\s;]+)""", re.IGNORECASE
)


class _Resources(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.found: list[str] = []
        self.in_style = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = {name: value or "" for name, value in attrs}
        self.in_style = tag == "style"
        names: tuple[str, ...] = _ATTRIBUTES.get(tag, ())
        if tag == "link" and _LOADED_LINKS.intersection(values.get("rel", "").lower().split()):
            names = ("href",)
        for name in names:
            value = values.get(name, "")
            parts = value.split(",") if name == "srcset" else [value]
            self.found += [part.strip() for part in parts if _EXTERNAL.match(part)]
        self.found += _CSS.findall(values.get("style", ""))

    def handle_data(self, data: str) -> None:
        if self.in_style:
            self.found += _CSS.findall(data)

    def handle_endtag(self, tag: str) -> None:
        self.in_style = False


def page_resources(html: str) -> list[str]:
    """List what a page loads from elsewhere.

    >>> page_resources('<script src="https://a.org/x.js"></script><a href="https://b.org">b</a>')
    ['https://a.org/x.js']
    >>> page_resources('<style>@import "//a.org/f.css"; p {background: url(local.png)}</style>')
    ['//a.org/f.css']
    """
    parser = _Resources()
    parser.feed(html)
    return parser.found


def external_resources(html: Path) -> list[str]:
    """List what the pages and styles of a rendered book load from elsewhere.

    Args:
        html: The folder with the rendered book.

    Returns:
        One line each, ``page: address``; empty for a book that reads offline.
    """
    found = []
    for page in sorted(html.rglob("*.html")):
        addresses = page_resources(page.read_text(encoding="utf8"))
        found += [f"{page.relative_to(html)}: {address}" for address in addresses]
    for style in sorted(html.rglob("*.css")):
        addresses = _CSS.findall(style.read_text(encoding="utf8"))
        found += [f"{style.relative_to(html)}: {address}" for address in addresses]
    return found


def published_paths(html: Path, paths: Sequence[str]) -> list[str]:
    """List the pages and notebook copies that name one of the machine's folders.

    Args:
        html: The folder with the rendered book.
        paths: Absolute folders, such as the project's.

    Returns:
        One line each, ``page: folder``.
    """
    return [
        f"{page.relative_to(html)}: {path}"
        for page, text in _texts(html)
        for path in paths
        if re.search(r"(?<![\w.~-])" + re.escape(path) + r"(?![\w-])", text)
    ]


def _texts(html: Path) -> Iterator[tuple[Path, str]]:
    for suffix in ("*.html", "*.ipynb", "*.json"):
        for page in sorted(html.rglob(suffix)):
            yield page, page.read_text(encoding="utf8")

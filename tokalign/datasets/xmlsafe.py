"""Parsing XML of old test collections without its dangers.

Refuses entity declarations and internal document types (entity bombs, files pulled in from
elsewhere); a bare reference to an external document type is dropped, never fetched. Files
without one root element, as TREC collections are, are wrapped into one. Does not repair XML that
is not well formed.
"""

from __future__ import annotations

import re
from xml.etree import ElementTree

from tokalign.datasets.files import Document
from tokalign.errors import TokalignError

_DECLARATION = re.compile(r"^\s*<\?xml[^>]*\?>")
_BARE_DOCTYPE = re.compile(r"""<!DOCTYPE\s+[\w:.-]+(\s+SYSTEM\s+("[^"<>]*"|'[^'<>]*'))?\s*>""")


def parse_xml(document: Document) -> ElementTree.Element:
    """Parse a document under a root element of our own.

    Returns:
        An element whose children are the top elements of the file.

    Raises:
        TokalignError: If it declares entities or a document type, or is not well formed.

    >>> from pathlib import Path
    >>> root = parse_xml(Document(Path("x.xml"), "<doc>a</doc><doc>b</doc>", ""))
    >>> [doc.text for doc in root.iter("doc")]
    ['a', 'b']
    """
    body = _BARE_DOCTYPE.sub("", _DECLARATION.sub("", document.text, count=1), count=1)
    if "<!DOCTYPE" in body or "<!ENTITY" in body:
        raise TokalignError(f"{document.path}: declares a document type or entities; refused")
    try:
        # The wrapper opens on the first line, so that line numbers stay those of the file,
        # but for a declaration that was taken out.
        return ElementTree.fromstring(f"<collection>{body}</collection>")
    except ElementTree.ParseError as error:
        raise TokalignError(f"{document.path}: not well-formed XML ({error})") from None


def squeeze(text: str | None) -> str:
    r"""Bring every run of white space to one space.

    >>> squeeze(" wing\nin a  slipstream . ")
    'wing in a slipstream .'
    """
    return " ".join((text or "").split())

from __future__ import annotations

from pathlib import Path

import pytest

from tokalign.datasets.files import Document
from tokalign.datasets.xmlsafe import parse_xml
from tokalign.errors import TokalignError


def parse(text: str) -> list[str | None]:
    return [element.text for element in parse_xml(Document(Path("x.xml"), text, "")).iter("a")]


@pytest.mark.parametrize(
    "text",
    [
        "<a>1</a><a>2</a>",
        "<xml><a>1</a><a>2</a></xml>",
        "<?xml version='1.0' encoding='utf-8' standalone='yes'?>\r\n<a>1</a><a>2</a>",
        '<?xml version="1.0"?><!DOCTYPE a SYSTEM "a.dtd"><r><a>1</a><a>2</a></r>',
    ],
)
def test_with_and_without_a_root(text: str) -> None:
    assert parse(text) == ["1", "2"]


@pytest.mark.parametrize(
    "text",
    [
        '<!DOCTYPE a [<!ENTITY x "boom">]><a>&x;</a>',
        '<!DOCTYPE a SYSTEM "a.dtd" [<!ENTITY x SYSTEM "file:///etc/hostname">]><a>&x;</a>',
        '<!DOCTYPE a SYSTEM "a.dtd"><!DOCTYPE b [<!ENTITY x "y">]><a>&x;</a>',
        '<!ENTITY x "boom"><a>1</a>',
    ],
)
def test_entities_are_refused(text: str) -> None:
    with pytest.raises(TokalignError, match=r"x\.xml: declares a document type or entities"):
        parse(text)


@pytest.mark.parametrize("text", ["<a>1", "<a>1</b>", "<a>&x;</a>", "<a>\x00</a>"])
def test_broken_xml_is_named(text: str) -> None:
    with pytest.raises(TokalignError, match=r"x\.xml: not well-formed XML"):
        parse(text)

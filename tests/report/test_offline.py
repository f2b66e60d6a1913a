from __future__ import annotations

from pathlib import Path

import pytest

from tokalign.report.offline import external_resources, page_resources, published_paths


@pytest.mark.parametrize(
    "html",
    [
        '<script src="https://a.org/x.js"></script>',
        '<SCRIPT async SRC="//a.org/x.js"></SCRIPT>',
        '<link rel="stylesheet" href="https://a.org/x.css">',
        '<link href="http://a.org/x.woff" rel="preload" as="font">',
        '<img src="https://a.org/x.png">',
        '<img srcset="local.png 1x, https://a.org/x.png 2x">',
        '<iframe src="https://a.org"></iframe>',
        "<style>@import url(https://a.org/x.css);</style>",
        '<style>@font-face {src: url("https://a.org/x.woff")}</style>',
        '<p style="background: url(https://a.org/x.png)">text</p>',
        '<svg><image href="https://a.org/x.png"/></svg>',
    ],
)
def test_what_is_fetched_is_found(html: str) -> None:
    assert len(page_resources(html)) == 1


@pytest.mark.parametrize(
    "html",
    [
        '<a href="https://a.org">a</a>',
        '<link rel="canonical" href="https://a.org">',
        '<script src="_static/x.js"></script><script>const u = "https://a.org/x.js"</script>',
        '<img src="data:image/png;base64,//8=">',
        '<svg xmlns="http://www.w3.org/2000/svg"></svg>',
        "<code>@import url(https://a.org/x.css)</code>",
    ],
)
def test_what_is_not_fetched_passes(html: str) -> None:
    assert page_resources(html) == []


def test_a_book_is_searched_with_its_styles(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "page.html").write_text('<script src="//a.org/x.js"></script>')
    (tmp_path / "style.css").write_text("@import 'https://a.org/x.css';")
    found = external_resources(tmp_path)
    assert found == ["a/page.html: //a.org/x.js", "style.css: https://a.org/x.css"]


def test_a_folder_of_the_machine_is_found_in_pages_and_notebooks(tmp_path: Path) -> None:
    (tmp_path / "page.html").write_text("<p>/srv/bookshop and /srv/book/data</p>")
    (tmp_path / "page.ipynb").write_text('{"text": "/srv/book"}')
    (tmp_path / "other.html").write_text("<p>/srv/bookshop</p>")
    found = published_paths(tmp_path, ["/srv/book"])
    assert found == ["page.html: /srv/book", "page.ipynb: /srv/book"]

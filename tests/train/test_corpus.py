from __future__ import annotations

import lzma

import pytest

from tokalign.datasets.wiki import first_sentence
from tokalign.errors import TokalignError
from tokalign.train.corpus import held_out_sentences, read_articles


def test_a_part_of_a_file(corpus):
    everything = list(read_articles(corpus))
    assert len(everything) == 240
    assert list(read_articles(corpus, 10, 13)) == everything[10:13]
    assert list(read_articles(corpus, 230)) == everything[230:]


def test_blank_paragraphs_are_dropped(corpus):
    first = next(read_articles(corpus))
    assert len(first.paragraphs) == 2
    assert all(p.strip() for p in first.paragraphs)


def test_held_out_sentences_are_first_sentences(corpus):
    found = list(held_out_sentences(corpus, reserved=5))
    articles = read_articles(corpus, 0, 5)
    assert found == [first_sentence(article.paragraphs[0]) for article in articles]


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ('{"title": "x"}', 'line 1: needs a text "title" and a list "paragraphs"'),
        ("[1]", "line 1: must be a JSON object"),
        ("{", "line 1: is not valid JSON"),
    ],
)
def test_a_broken_line_is_named(tmp_path, line, message):
    path = tmp_path / "broken.jsonl.xz"
    path.write_bytes(lzma.compress(line.encode()))
    with pytest.raises(TokalignError, match=message):
        list(read_articles(path))


def test_a_file_that_is_no_xz_file(tmp_path):
    (tmp_path / "plain.jsonl.xz").write_text('{"title": "x", "paragraphs": []}')
    with pytest.raises(TokalignError, match="cannot read"):
        list(read_articles(tmp_path / "plain.jsonl.xz"))
    with pytest.raises(TokalignError, match="cannot read"):
        list(read_articles(tmp_path / "missing.jsonl.xz"))

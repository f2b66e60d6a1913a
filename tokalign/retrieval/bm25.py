"""BM25, the baseline that compares words: by bm25s, with its tokenisation stated.

Words are runs of two or more letters, digits or underscores, in lower case; bm25s's English stop
words (those of Lucene) are left out, and the rest is stemmed by Snowball's English stemmer.
"""

from __future__ import annotations

import numpy as np
import snowballstemmer

from tokalign.datasets import RetrievalSet
from tokalign.errors import TokalignError
from tokalign.retrieval.libraries import library
from tokalign.retrieval.run import TOP, Ranker, Run


def bm25_words(
    texts: tuple[str, ...] | list[str], *, stemmed: bool = True, stop_words: bool = True
) -> list[list[str]]:
    """The words of texts as BM25 counts them.

    Args:
        texts: N texts.
        stemmed: Whether words are stemmed.
        stop_words: Whether stop words are left out.

    Returns:
        N lists, in the order of the texts, repeated words repeated.

    Raises:
        TokalignError: bm25s is not installed.

    >>> bm25_words(["The games of a game!"])
    [['game', 'game']]
    """
    words: list[list[str]] = library("bm25s").tokenize(
        list(texts),
        stopwords="english" if stop_words else None,
        stemmer=snowballstemmer.stemmer("english") if stemmed else None,
        return_ids=False,
        show_progress=False,
    )
    return words


def bm25_search(
    data: RetrievalSet,
    *,
    k1: float = 1.5,
    b: float = 0.75,
    stemmed: bool = True,
    stop_words: bool = True,
    top: int | None = TOP,
    name: str = "bm25",
) -> Run:
    """Rank the documents that share a word with the query.

    Args:
        data: The collection.
        k1: How soon a word that is repeated adds no more, 0 or more; 1.5 as in bm25s.
        b: How much longer documents are held back, 0 to 1; 0.75 as in bm25s.
        stemmed: See `bm25_words`.
        stop_words: See `bm25_words`.
        top: Documents a query keeps; all where it is None.
        name: Of the run.

    Returns:
        The run, equal scores by identifier. Documents without a word of the query are not found.

    Raises:
        TokalignError: k1 or b is out of range, no document has a word, or bm25s is missing.

    Source: Robertson and Zaragoza, "The Probabilistic Relevance Framework: BM25 and Beyond", in
    Lucene's form (Kamphuis et al. 2020, "Which BM25 Do You Mean?"), which leaves out a constant
    factor.
    """
    if not (0 <= k1 < np.inf and 0 <= b <= 1):
        raise TokalignError(f"k1 {k1:g} and b {b:g}; allowed: k1 0 or more, b between 0 and 1")
    documents = bm25_words(data.docs, stemmed=stemmed, stop_words=stop_words)
    if not any(documents):
        raise TokalignError(f"no document of {data.name} has a word that BM25 could count")
    index = library("bm25s").BM25(k1=k1, b=b, method="lucene")
    index.index(documents, show_progress=False)
    ranker = Ranker(data.doc_ids, top)
    queries = bm25_words(data.queries, stemmed=stemmed, stop_words=stop_words)
    rankings = {}
    for query, words in zip(data.query_ids, queries, strict=True):
        # bm25s takes no empty query.
        rankings[query] = ranker.rank(index.get_scores(words), above=0.0) if words else {}
    return Run(name, rankings)

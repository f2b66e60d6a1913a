"""Search over sparse vectors of aligned tokens, against exact dense search over the same texts.

Real vectors of real texts, drawn with replacement to the number of documents that is asked for.
Dense search is the faster of numpy's products in float32, and the top 10 by a partial sort.
"""

from __future__ import annotations

import argparse
import statistics
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import scipy.sparse as sp
from common import ratio, report, times_in_turn

from tokalign.datasets import load_retrieval, load_texts
from tokalign.embedders import Embeddings, encode_stored, load_embedder
from tokalign.retrieval.engines import engine_by_name, postings_touched
from tokalign.retrieval.sparse import SparseEncoder, SparseSettings, SparseVectors, mean_of
from tokalign.store import default_store
from tokalign.tokens import load_head

NAME, TOP = "all-minilm-l6-v2", 10
BATCH, SINGLE, ROUNDS = 64, 8, 7


@dataclass(frozen=True)
class Texts:
    """Documents and queries, embedded."""

    docs: Embeddings
    asked: list[str]
    queries: Embeddings


def embedded(embedder: Any, dataset: str) -> Texts:
    """`sentences`, each of which is a query as well; or a retrieval set."""
    if dataset == "sentences":
        docs = list(load_texts("sentences").texts)
        asked = docs[:BATCH]
    else:
        data = load_retrieval(dataset)
        docs = [text for text in data.docs if text.strip()]
        asked = list(data.queries)
    store = default_store()
    return Texts(encode_stored(embedder, docs, store), asked, encode_stored(embedder, asked, store))


def dense(documents: np.ndarray, queries: np.ndarray) -> dict[str, Callable[[], Any]]:
    columns = np.ascontiguousarray(documents.T)

    def best(scores: np.ndarray) -> np.ndarray:
        found = np.argpartition(scores, -TOP)[-TOP:]
        return found[np.argsort(-scores[found])]

    return {
        "dense, one": lambda: [best(query @ columns) for query in queries[:SINGLE]],
        "dense, batch": lambda: [best(scores) for scores in queries @ columns],
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--documents", default="5000,100000")
    parser.add_argument("--dataset", default="sentences")
    parser.add_argument("--engines", default="exact")
    parser.add_argument("--k", default="32,64,128")
    parser.add_argument("--expand", default="0,10,30,100")
    given = parser.parse_args()
    numbers = {
        name: [int(n) for n in getattr(given, name).split(",")]
        for name in ("documents", "k", "expand")
    }
    embedder = load_embedder(NAME)
    head = load_head(embedder)
    texts = embedded(embedder, given.dataset)
    mean = mean_of(head, texts.docs)
    drawn = np.arange(BATCH) % len(texts.asked)
    generator = np.random.default_rng(0)
    rows: list[dict[str, Any]] = []
    for n in numbers["documents"]:
        chosen = generator.integers(0, len(texts.docs), n)
        against = dense(texts.docs.vectors[chosen], texts.queries.vectors[drawn])
        ids = tuple(f"d{i}" for i in range(n))
        for k in numbers["k"]:
            plain = SparseSettings(k=k, centre=True, cosine_head=True, merge="stem")
            encoder = SparseEncoder(head, embedder.tokenizer, plain, mean)
            documents = SparseVectors(ids, encoder.documents(texts.docs)[chosen])
            for written in given.engines.split(","):
                engine = engine_by_name(written)
                engine.add(documents)
                for expand in numbers["expand"]:
                    settings = plain.changed(expand=expand)
                    encoder = SparseEncoder(head, embedder.tokenizer, settings, mean)
                    queries = sp.csr_array(encoder.queries(texts.queries, texts.asked)[drawn])
                    ones = [queries[i : i + 1] for i in range(SINGLE)]
                    seconds = times_in_turn(
                        {
                            "one": lambda e=engine, o=ones: [e.search(q, TOP) for q in o],
                            "batch": lambda e=engine, q=queries: e.search(q, TOP),
                            **against,
                        },
                        ROUNDS,
                    )
                    row: dict[str, Any] = {
                        "engine": written, "documents": n, "K": k, "M": expand,
                        "postings a query": float(postings_touched(queries, documents).mean()),
                        "queries a second": BATCH / statistics.median(seconds["batch"]),
                    }  # fmt: skip
                    for how in ("one", "batch"):
                        timed = ratio(seconds, f"dense, {how}", how)
                        row[f"times dense, {how}"] = timed["median"]
                        row[f"range, {how}"] = f"{timed['min']:.1f} to {timed['max']:.1f}"
                    rows.append(row)
    report("engines", rows)


if __name__ == "__main__":
    main()

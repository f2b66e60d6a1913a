"""What sparse retrieval costs beside dense retrieval and BM25, from a thousand documents up.

    python scripts/studies/sparse_cost.py --documents 1000 --documents 100000

Documents are real ones with their real aligned tokens, drawn again with repetition where more are
asked for than there are. One thread, one query at a time, all systems in turn in one run. What the
settings are worth is measured on the real collection, at the very same settings.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click
import numpy as np
import pandas as pd
import scipy.sparse as sp
from common import command_line, minutes, say, study, study_options, watched
from threadpoolctl import threadpool_limits

from tokalign.datasets import RetrievalSet, load_retrieval
from tokalign.embedders import load_embedder
from tokalign.report.results import write_result
from tokalign.retrieval import (
    EmbeddedCollection,
    bm25_search,
    bm25_words,
    dense_search,
    dense_vectors,
    embedded,
    evaluate,
    retained,
)
from tokalign.retrieval.engines import ExactEngine, postings_touched
from tokalign.retrieval.libraries import library
from tokalign.retrieval.searching import sparse_collection, sparse_search
from tokalign.retrieval.sparse import SparseSettings, SparseVectors, frozen_settings
from tokalign.store import default_store
from tokalign.tokens import Head, load_head

#: Documents that a query asks for.
TOP = 10
#: At so many documents a list is no longer than this, so that the index fits into memory.
MOST_AT_A_MILLION = 128
#: Width of the paper's models; their vectors are drawn at random here, for their time alone.
WIDE = 4096
MEANINGS = {
    "label": "system and settings",
    "k": "tokens that a document keeps",
    "expand": "tokens that a query is expanded by",
    "width": "dimension of the dense vectors",
    "multiply_adds": "a query, the mean; for sparse search and BM25 the postings that it touches",
    "bytes": "4 a place and 1 or 4 a weight; 4 a number of a dense vector",
    "milliseconds": "one query at a time, the median over queries and repetitions",
    "value": "nDCG@10 on the real collection, at the same settings",
    "retained": "share of dense search there",
    "retained_low": "of its 95 % interval over queries",
    "retained_high": "of the same",
}


def median_time(search: Callable[[int], object], queries: int, repeats: int) -> float:
    """Milliseconds a query: the median over queries and repetitions, after a first round."""
    for query in range(queries):
        search(query)
    taken = []
    for _ in range(repeats):
        for query in range(queries):
            start = time.perf_counter()
            search(query)
            taken.append(time.perf_counter() - start)
    return 1000 * float(np.median(taken))


class Costs:
    """Times of one collection, drawn to several sizes."""

    def __init__(self, data: RetrievalSet, collection: EmbeddedCollection, head: Head,
                 tokenizer: Any, seed: int, repeats: int) -> None:  # fmt: skip
        self.data, self.collection, self.head, self.tokenizer = data, collection, head, tokenizer
        self.seed, self.repeats = seed, repeats
        self.dense = evaluate(dense_search(dense_vectors(collection), "dense"), data)
        self.words = evaluate(bm25_search(data), data)

    def drawn(self, count: int) -> np.ndarray:
        """Which real document each of `count` is: all different as long as there are enough."""
        random = np.random.default_rng(self.seed)
        whole = random.permutation(len(self.collection.doc_ids))
        more = random.integers(0, len(whole), max(0, count - len(whole)))
        return np.concatenate([whole[:count], more])

    def sparse_rows(self, settings: SparseSettings, sizes: list[int]) -> list[dict[str, Any]]:
        made = sparse_collection(self.collection, self.head, self.tokenizer, settings)
        found = evaluate(sparse_search(made, "sparse"), self.data)
        share = retained(found, self.dense, seed=self.seed)
        rows = []
        for count in sizes:
            if count >= 1_000_000 and settings.k > MOST_AT_A_MILLION:
                continue
            picked = SparseVectors(
                tuple(map(str, range(count))),
                sp.csr_array(made.documents.matrix[self.drawn(count)]),
            )
            engine = ExactEngine()
            engine.add(picked)
            taken = median_time(lambda q, e=engine: e.search(made.queries[[q]], TOP),
                                made.queries.shape[0], self.repeats)  # fmt: skip
            rows.append({
                "system": "sparse", "label": f"sparse, K {settings.k}, M {settings.expand}",
                "k": settings.k, "expand": settings.expand, "documents": count,
                "multiply_adds": float(postings_touched(made.queries, picked).mean()),
                "bytes": picked.matrix.nnz * (4 + settings.bits // 8), "milliseconds": taken,
                "value": found.mean().value, "retained": share.value, "retained_low": share.low,
                "retained_high": share.high,
            })  # fmt: skip
            say(f"{rows[-1]['label']}: {count} documents, {taken:.3f} ms")
        return rows

    def dense_row(self, count: int, width: int | None = None) -> dict[str, Any]:
        if width is None:
            documents = self.collection.documents.vectors[self.drawn(count)]
            queries = self.collection.queries.vectors
        else:
            random = np.random.default_rng(self.seed)
            documents = random.standard_normal((count, width), dtype=np.float32)
            queries = random.standard_normal((len(self.collection.query_ids), width), dtype="f")

        def search(query: int) -> np.ndarray:
            scores = documents @ queries[query]
            return np.argpartition(-scores, min(TOP, count - 1))[:TOP]

        taken = median_time(search, len(queries), self.repeats)
        known = width is None
        width = documents.shape[1]
        say(f"dense, {width} wide: {count} documents, {taken:.3f} ms")
        return {
            "system": "dense", "label": f"dense, d {width}", "documents": count, "width": width,
            "multiply_adds": float(count * width), "bytes": count * width * 4,
            "milliseconds": taken, "value": self.dense.mean().value if known else None,
        }  # fmt: skip

    def bm25_row(self, count: int) -> dict[str, Any]:
        words = bm25_words(self.data.docs)
        drawn = [words[i] for i in self.drawn(count)]
        index = library("bm25s").BM25(method="lucene")
        index.index(drawn, show_progress=False)
        queries = [words for words in bm25_words(self.data.queries) if words]
        taken = median_time(lambda q: np.argpartition(-index.get_scores(queries[q]), TOP)[:TOP],
                            len(queries), self.repeats)  # fmt: skip
        matrix = index.scores
        lengths = np.diff(matrix["indptr"])
        places = [[index.vocab_dict[w] for w in set(q) if w in index.vocab_dict] for q in queries]
        touched = np.mean([lengths[at].sum() for at in places])
        say(f"BM25: {count} documents, {taken:.3f} ms")
        return {
            "system": "bm25", "label": "BM25", "documents": count, "multiply_adds": float(touched),
            "bytes": len(matrix["data"]) * 8, "milliseconds": taken,
            "value": self.words.mean().value,
        }  # fmt: skip


@click.command()
@click.option("--embedder", default="all-minilm-l6-v2", show_default=True)
@click.option("--dataset", default="msmarco-5k", show_default=True, help="Name or folder.")
@click.option("--documents", "sizes", type=int, multiple=True, show_default=True,
              default=(1_000, 10_000, 100_000, 1_000_000), help="May be repeated.")  # fmt: skip
@click.option("--k", "depths", type=int, multiple=True, default=(16, 32, 64, 128, 256, 1000),
              show_default=True)  # fmt: skip
@click.option("--expand", "widths", type=int, multiple=True, default=(0, 10, 30, 100),
              show_default=True)  # fmt: skip
@click.option("--repeats", default=5, show_default=True)
@study_options
@study
def main(embedder: str, dataset: str, sizes: tuple[int, ...], depths: tuple[int, ...],
         widths: tuple[int, ...], repeats: int, device: str, dtype: str, limit: int | None,
         seed: int, name: str | None, out: Path | None) -> None:  # fmt: skip
    """Measure what retrieval costs."""
    data = load_retrieval(dataset).sample(limit, seed)
    loaded = load_embedder(embedder, device=device, dtype=dtype)
    collection = embedded(loaded, data, default_store(), progress=watched())
    rows: list[dict[str, Any]] = []
    with threadpool_limits(1):
        costs = Costs(data, collection, load_head(loaded), loaded.tokenizer, seed, repeats)
        for count in sizes:
            rows.append(costs.dense_row(count))
            if count * WIDE * 4 < 2**31:
                rows.append(costs.dense_row(count, WIDE))
            if count <= 100_000:
                rows.append(costs.bm25_row(count))
        for k in depths:
            for expand in widths:
                settings = frozen_settings().changed(k=k, expand=expand)
                rows += costs.sparse_rows(settings, list(sizes))
    columns = ["system", "label", "documents", "k", "expand", "width", "multiply_adds", "bytes",
               "milliseconds", "value", "retained", "retained_low", "retained_high"]  # fmt: skip
    frame = pd.DataFrame(rows).reindex(columns=columns)
    for whole in ("k", "expand", "width"):
        frame[whole] = frame[whole].astype("Int64")
    asked = {"embedder": embedder, "dataset": dataset, "documents": list(sizes), "k": list(depths),
             "expand": list(widths), "repeats": repeats, "device": device, "dtype": dtype,
             "limit": limit, "seed": seed}  # fmt: skip
    path = write_result(
        name or "sparse-cost", frame, title="What sparse retrieval costs, and what it is worth",
        command=command_line(__file__, asked), meanings=MEANINGS,
        missing=columns[3:6] + columns[9:], folder=out, weights={loaded.name: loaded.fingerprint},
        data={data.name: data.sha256}, settings=frozen_settings().model_dump(), threads_used=1,
        device=device, dtype=dtype, seed=seed, minutes=minutes(),
    )  # fmt: skip
    say(f"in {path}")


if __name__ == "__main__":
    main()

"""The pool of passages to be judged: what several systems find first, mixed and unmarked.

    python scripts/passages/pool.py --out pool.jsonl

A line is a query with its passages in an order drawn by chance. Who found a passage, at which rank
and with which score is not written, so that whoever judges cannot know it. The queries are those
with a line in the judgements: before anything is judged, one line each with any grade will do.
"""

from __future__ import annotations

import json
import random
from collections.abc import Iterator, Sequence
from pathlib import Path

import click
import numpy as np
import scipy.sparse as sp

from tokalign.datasets import RetrievalSet, load_retrieval
from tokalign.embedders import Embedder, load_embedder
from tokalign.errors import TokalignError
from tokalign.retrieval import Ranker, Run, bm25_search, dense_search, embed_collection
from tokalign.store import Store, default_store
from tokalign.tokens import aligned_tokens, load_head

DENSE = ("all-minilm-l6-v2", "mini-gpt-neo", "mini-sgpt-nli", "mini-sgpt-msmarco")
#: Those that are searched by their aligned tokens as well.
SPARSE = ("all-minilm-l6-v2",)
#: Aligned tokens of a document and of a query; the published values are not known.
K, M = 300, 20


def aligned_search(embedder: Embedder, data: RetrievalSet, store: Store | None) -> Run:
    """Search by aligned tokens.

    A document is its first K aligned tokens with their logits, a query its own tokens and its first
    M aligned ones, each once. The score is the sum of the document's weights over the query's
    tokens. Written out here, so that the pool stays what it was when the package's search changes.
    """
    head, tokenizer = load_head(embedder), embedder.tokenizer
    found = aligned_tokens(embedder, head, data.docs, K, store)
    weights = found.logits.clip(min=0.0).ravel()
    starts = np.arange(0, weights.size + 1, found.ids.shape[1])
    shape = (len(found), len(tokenizer))
    documents = sp.csr_array((weights, found.ids.ravel(), starts), shape=shape).tocsc()
    expansions = aligned_tokens(embedder, head, data.queries, M, store).ids
    ranker = Ranker(data.doc_ids)
    rankings = {}
    for query, text, more in zip(data.query_ids, data.queries, expansions, strict=True):
        ids = np.unique([*tokenizer.encode(text, add_special_tokens=False), *more])
        rankings[query] = ranker.rank(documents[:, ids].sum(axis=1), above=0.0)
    return Run(f"{embedder.name}, aligned tokens", rankings)


def systems(data: RetrievalSet, store: Store | None) -> Iterator[Run]:
    """The runs of all systems."""
    yield bm25_search(data)
    for name in DENSE:
        embedder = load_embedder(name)
        yield dense_search(embed_collection(embedder, data, store), name)
        if name in SPARSE:
            yield aligned_search(embedder, data, store)


def pooled(runs: Sequence[Run], query: str, depth: int, seed: int) -> list[str]:
    """The first documents of every run for a query, each once, in an order drawn by chance."""
    mixed = sorted({document for run in runs for document in run.top(depth).rankings[query]})
    random.Random(f"{seed} {query}").shuffle(mixed)
    return mixed


@click.command()
@click.option("--dataset", default="passages", show_default=True, help="Name or BEIR folder.")
@click.option("--depth", default=15, show_default=True, help="Documents of each system.")
@click.option("--seed", default=0, show_default=True, help="Of the order.")
@click.option("--out", type=click.Path(dir_okay=False, path_type=Path), required=True)
def main(dataset: str, depth: int, seed: int, out: Path) -> None:
    """Write the pool of a collection."""
    try:
        data = load_retrieval(dataset)
        runs = list(systems(data, default_store()))
    except TokalignError as error:
        click.echo(f"Error: {error}", err=True)
        raise SystemExit(2) from error
    texts = dict(zip(data.doc_ids, data.docs, strict=True))
    lines, pairs = [], 0
    for query, text in zip(data.query_ids, data.queries, strict=True):
        passages = [{"_id": i, "text": texts[i]} for i in pooled(runs, query, depth, seed)]
        row = {"_id": query, "text": text, "passages": passages}
        lines.append(json.dumps(row, ensure_ascii=False) + "\n")
        pairs += len(passages)
    out.write_text("".join(lines), "utf-8")
    click.echo(f"{pairs} pairs of a query and a passage in {out}", err=True)


if __name__ == "__main__":
    main()

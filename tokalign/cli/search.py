"""``tokalign search``: documents of an index for queries."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import click

from tokalign.cli.align import read_lines
from tokalign.cli.options import (
    MOST_TOKENS,
    check_range,
    json_option,
    print_json,
    print_table,
)
from tokalign.errors import TokalignError
from tokalign.paths import user_path

if TYPE_CHECKING:
    from tokalign.embedders import Embedder
    from tokalign.retrieval.index import SparseIndex


@click.command()
@click.argument("folder", metavar="DIR")
@click.argument("queries", nargs=-1, metavar="[QUERY]...")
@click.option("--file", "file", help="Read queries from here too: .txt, .jsonl, or - for stdin.")
@click.option("--top", default=10, show_default=True, help="Documents a query.")
@click.option("--expand", type=int, help="Tokens that a query is expanded by; 0 for none.")
@click.option("--engine", "engine", default="exact", show_default=True,
              help="Who searches: exact, seismic, or milvus:FILE.db or URI.")  # fmt: skip
@click.option("--explain", is_flag=True, help="Show the tokens that a query and a document share.")
@click.option("--embedder", help="Where the embedder of the index is now, if it has moved.")
@click.option("--device", default="cpu", show_default=True, help="cpu, cuda, cuda:1, mps or auto.")
@click.option("--dtype", help="float32, bfloat16, float16, int8 or int4; as the index by default.")
@json_option
def search(
    folder: str,
    queries: tuple[str, ...],
    file: str | None,
    top: int,
    expand: int | None,
    engine: str,
    explain: bool,
    embedder: str | None,
    device: str,
    dtype: str | None,
    as_json: bool,
) -> None:
    """Find the documents of the index at DIR that fit each QUERY, the best first."""
    every = [*queries, *(read_lines(file) if file else [])]
    if not every:
        raise TokalignError("no query given; allowed: QUERY..., --file FILE, or --file - for stdin")
    check_range("--top", top, 1, MOST_TOKENS)
    if expand is not None:
        check_range("--expand", expand, 0, MOST_TOKENS)

    from tokalign.retrieval.engines import engine_by_name
    from tokalign.retrieval.index import SparseIndex
    from tokalign.tokens import load_head

    searching = engine_by_name(engine)
    index = SparseIndex.load(user_path(folder))
    loaded = _load(index, embedder, device, dtype)
    head = load_head(loaded)
    index.check(loaded, head)
    run = index.search(every, loaded, head, top=top, expand=expand, engine=index.fill(searching))
    rows: list[dict[str, Any]] = []
    for query, ranking in zip(every, run.rankings.values(), strict=True):
        found: list[dict[str, Any]] = [
            {"rank": rank, "id": name, "score": score}
            for rank, (name, score) in enumerate(ranking.items(), 1)
        ]
        if explain and found:
            shared = index.explain(query, list(ranking), loaded, head, expand=expand)
            for result in found:
                result["matched"] = [asdict(match) for match in shared[result["id"]]]
        rows.append({"query": query, "results": found})
    if as_json:
        print_json(rows)
        return
    lines = [_line(row["query"], result) for row in rows for result in row["results"]]
    if not lines:
        click.echo("nothing found")
        return
    columns = ["query", "rank", "id", "score", *(["matched (+: by expansion)"] if explain else [])]
    print_table(f"{run.name}, {len(index)} documents", columns, lines)


def _load(index: SparseIndex, embedder: str | None, device: str, dtype: str | None) -> Embedder:
    """The embedder that made the index, or the one that was named in its place."""
    from tokalign.embedders import load_embedder

    made = index.description.embedder
    try:
        return load_embedder(embedder or made.source, device=device, dtype=dtype or made.dtype)
    except TokalignError as error:
        if embedder:
            raise
        raise TokalignError(
            f"the embedder {made.name} that made this index is not where it was: {error}; "
            "--embedder names its place"
        ) from error


def _line(query: str, result: dict[str, Any], most: int = 8) -> list[object]:
    line: list[object] = [query, result["rank"], result["id"], result["score"]]
    if "matched" in result:
        shown = [
            f"{match['token'].strip()} {match['product']:.3g}{'' if match['literal'] else ' +'}"
            for match in result["matched"][:most]
        ]
        more = len(result["matched"]) - most
        line.append(", ".join([*shown, *([f"and {more} more"] if more > 0 else [])]))
    return line

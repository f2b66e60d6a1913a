"""Do embedders follow people's judgements of similarity, or of relatedness? On the public sets.

    python scripts/studies/relatedness.py --embedder all-minilm-l6-v2 --embedder path/to/a/model

Spearman's correlation of cosines with people's scores for STS-B, SimLex-999 and the similarity half
of WordSim-353, and for SICK, STR-2022 and the other half of WordSim-353, where relatedness was
judged; for each embedder, and for words alone. Of SICK only pairs are scored of which neither a
sentence nor its source is in the training split of STS-B, which some embedders were trained on;
pairs that share a source are drawn together. Differences of two embedders are paired, and so are
the effects of the 2 x 2 of data and method, where every one of its cells is given. Several
embedders of one cell are seeds.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import combinations
from pathlib import Path

import click
import pandas as pd
from common import command_line, minutes, own_names, say, study, study_options, watched

from tokalign.datasets import load_pairs
from tokalign.embedders import load_embedder
from tokalign.errors import TokalignError
from tokalign.measures.similarity import WordOverlap
from tokalign.pairs import (
    CELLS,
    CONTRAST,
    Judged,
    SickSources,
    correlation,
    correlation_differences,
    correlation_table,
    correlations,
    disjoint,
    pair_groups,
    two_by_two,
)
from tokalign.pairs.estimates import Estimate
from tokalign.report.results import write_result
from tokalign.store import default_store

WORDS = "words alone"
#: SET:SPLIT of the sets, those of similarity first.
SETS = ("stsb:test", "word_similarity:simlex999", "word_similarity:wordsim353-sim", "sick:test",
        "str2022:train", "word_similarity:wordsim353-rel")  # fmt: skip
SUMS = ("similarity", "relatedness", CONTRAST)
MEANINGS = {
    "table": "correlation; difference (the embedder less the other); or two by two",
    "embedder": f"whose cosines; '{WORDS}' for word overlap weighted by idf; empty in a two by two",
    "other": "the embedder that was taken off, or the effect in a two by two",
    "quantity": "a set, a kind of judgement (the mean of its sets), or the contrast of the kinds",
    "n": "pairs",
    "groups": "groups of pairs that share sentences, from which intervals draw",
    "low": "of the 95 % interval over pairs",
    "high": "of the same",
    "seed_low": "of the 95 % interval over seeds, where a cell has several",
    "seed_high": "of the same",
}
NUMBERS = ["table", "embedder", "other", "quantity", "kind", "n", "groups", "value", "low", "high",
           "seed_low", "seed_high"]  # fmt: skip


def judged_set(written: str, limit: int | None, seed: int) -> tuple[Judged, str]:
    """A public set, ready to be scored, and the digest of its file."""
    name, _, split = written.partition(":")
    pairs = load_pairs(name, split or "test", limit=limit, seed=seed)
    if name != "sick":
        return Judged.from_set(pairs), pairs.sha256
    sources = SickSources.read().of(pairs.first, pairs.second)
    training = load_pairs("stsb", "train")
    new = disjoint([*training.first, *training.second], pairs.first, pairs.second, *sources)
    groups = pair_groups(pairs.first, pairs.second, *sources)
    return Judged.from_set(pairs, groups).select(new), pairs.sha256


def by_words(sets: Sequence[Judged], seed: int) -> dict[str, Estimate]:
    """Word overlap against people, on the sets of sentences: two words overlap wholly or not."""
    found = {}
    for judged in sets:
        scores = WordOverlap.fit([*judged.first, *judged.second]).scores(
            judged.first, judged.second
        )
        if scores.min() < scores.max() and any(" " in text for text in judged.first):
            found[judged.name] = correlation(scores, judged, seed)
    return found


def effects(
    found: Mapping[str, Mapping[str, Estimate]], cells: Sequence[tuple[str, str, str]]
) -> pd.DataFrame:
    """The 2 x 2 on each kind of judgement and on their contrast; empty where a cell is missing."""
    seeds: dict[tuple[str, str], list[str]] = {
        cell: [name for data, method, name in cells if (data, method) == cell] for cell in CELLS
    }
    if not all(seeds.values()):
        return pd.DataFrame(columns=["effect"])
    return pd.concat(
        [
            two_by_two({cell: [found[name][q] for name in seeds[cell]] for cell in CELLS})
            .assign(quantity=q)
            for q in SUMS
        ]
    )  # fmt: skip


@click.command()
@click.option("--embedder", "embedders", multiple=True, required=True,
              help="Registry name, hub id or folder; may be repeated.")  # fmt: skip
@click.option("--pairs", multiple=True, default=SETS, show_default=True,
              help="SET:SPLIT of pairs with scores; may be repeated.")  # fmt: skip
@click.option("--cell", "cells", multiple=True, type=(str, str, str), metavar="DATA METHOD NAME",
              help="Where an embedder stands in the 2 x 2: nli or retrieval, full or bitfit; may "
                   "be repeated.")  # fmt: skip
@study_options
@study
def main(embedders: tuple[str, ...], pairs: tuple[str, ...],
         cells: tuple[tuple[str, str, str], ...], device: str, dtype: str, limit: int | None,
         seed: int, name: str | None, out: Path | None) -> None:  # fmt: skip
    """Measure whose judgements embedders follow."""
    names = [Path(embedder).name for embedder in embedders]
    own_names(names)
    for data, method, whose in cells:
        if (data, method) not in CELLS or whose not in names:
            allowed = ", ".join(" ".join(cell) for cell in CELLS)
            raise TokalignError(
                f"cell {data} {method} {whose!r}: allowed are {allowed}, each with one of "
                f"{', '.join(names)}"
            )
    loaded_sets = [judged_set(written, limit, seed) for written in pairs]
    sets = [judged for judged, _ in loaded_sets]
    found, weights = {}, {}
    for short, written in zip(names, embedders, strict=True):
        embedder = load_embedder(written, device=device, dtype=dtype)
        weights[short] = embedder.fingerprint
        found[short] = correlations(embedder, sets, store=default_store(), seed=seed,
                                    progress=watched())  # fmt: skip
        told = ", ".join(f"{quantity} {one.value:.3f}" for quantity, one in found[short].items())
        say(f"{short}: {told}")
    words = by_words(sets, seed)
    tables = [correlation_table(found | {WORDS: words}, sets).assign(table="correlation")]
    for one, other in combinations(names, 2):
        differences = correlation_differences(found[one], found[other])
        tables.append(differences.assign(table="difference", embedder=one, other=other))
    crossed = effects(found, cells).rename(columns={"effect": "other"})
    tables.append(crossed.assign(table="two by two"))
    kinds = {judged.name: judged.kind for judged in sets}
    frame = pd.concat(tables, ignore_index=True).reindex(columns=NUMBERS)
    frame["kind"] = frame["quantity"].map(kinds).fillna(frame["quantity"])
    frame = frame.fillna({"embedder": "", "other": ""})
    asked = {"embedder": list(embedders), "pairs": [] if pairs == SETS else list(pairs),
             "cell": list(cells), "device": device, "dtype": dtype, "limit": limit,
             "seed": seed}  # fmt: skip
    path = write_result(
        name or "relatedness", frame, title="Similarity and relatedness, as people judge them",
        command=command_line(__file__, asked), meanings=MEANINGS,
        missing=("n", "groups", "seed_low", "seed_high"), folder=out, weights=weights,
        data={judged.name: digest for judged, digest in loaded_sets}, device=device, dtype=dtype,
        seed=seed, minutes=minutes(),
    )  # fmt: skip
    say(f"{len(frame)} rows in {path}")


if __name__ == "__main__":
    main()

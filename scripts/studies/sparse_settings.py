"""Choose the settings of sparse retrieval on development data, and measure each step alone.

    python scripts/studies/sparse_settings.py --embedder all-minilm-l6-v2 --freeze

All combinations of the steps are tried on the book's own passages and on the even-numbered queries
of Cranfield. Chosen are the cheapest that are nearly the best. They are reported on other data.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import click
import numpy as np
import pandas as pd
from common import command_line, minutes, own_names, say, study, study_options, watched
from tqdm.auto import tqdm

from tokalign.datasets import load_retrieval
from tokalign.embedders import load_embedder
from tokalign.measures.intervals import mean_interval
from tokalign.paths import book_data
from tokalign.report.results import write_result
from tokalign.retrieval import embedded
from tokalign.retrieval.sparse import PUBLISHED, SparseSettings
from tokalign.retrieval.tuning import Ground, Trial, choose, factorial, trials
from tokalign.store import default_store
from tokalign.tokens import load_head

#: Every combination of these is tried.
OPTIONS: dict[str, list[Any]] = {
    "k": [128, 512, 2000],
    "expand": [10, 30, 100, 300],
    "centre": [False, True],
    "cosine_head": [False, True],
    "query_weights": ["one", "logit"],
    "idf": [False, True],
    "saturation": ["none", "log"],
    "merge": ["none", "case", "stem"],
}
#: K and M of the published recipe.
GRID = {"k": [16, 32, 64, 128, 256, 512, 1000, 3000], "expand": [0, 10, 30, 100, 300]}
#: What is missing of the best in what is chosen, at most.
WITHIN = 0.01
MEANINGS = {
    "kind": "grid: the published recipe at other K and M; step: it, with one step more; "
    "without: what was chosen, with one step less; chosen; combination: the best of all",
    "step": "what was changed",
    "n": "queries",
    "dense": "nDCG@10 of dense search",
    "value": "nDCG@10 of sparse search",
    "low": "of the 95 % interval over queries",
    "high": "of the same",
    "change": "against the published recipe, or for 'without' against what was chosen; paired",
    "change_low": "of its 95 % interval",
    "change_high": "of the same",
    "postings": "touched by a query, as a multiple of the number of documents",
    "weights": "that a document keeps",
}


def row(kind: str, step: str, ground: Ground, trial: Trial, reference: Trial, dense: float,
        seed: int) -> dict[str, Any]:  # fmt: skip
    """One line of the table."""
    found = mean_interval(trial.values, seed)
    gain = mean_interval(trial.values - reference.values, seed)
    return {
        "kind": kind, "step": step, "embedder": ground.embedder,
        "dataset": f"{ground.data.name} {ground.data.split}", "settings": trial.settings.label,
        "k": trial.settings.k, "expand": trial.settings.expand, "n": len(trial.values),
        "dense": dense, **vars(found), "change": gain.value, "change_low": gain.low,
        "change_high": gain.high, "postings": trial.postings, "weights": trial.weights,
    }  # fmt: skip


def others(settings: SparseSettings, towards: SparseSettings | None = None) -> dict[str, Any]:
    """Settings with one step changed: to each other choice, or to that of `towards`."""
    made = {}
    for name, choices in {**OPTIONS, "bits": [8, 32]}.items():
        wanted = choices if towards is None else [getattr(towards, name)]
        for choice in wanted:
            if choice != getattr(settings, name):
                made[f"{name.replace('_', ' ')} {str(choice).lower()}"] = settings.changed(
                    **{name: choice}
                )
    return made


@click.command()
@click.option("--embedder", "names", multiple=True, required=True, help="May be repeated.")
@click.option("--dataset", "sets", multiple=True, default=("passages:test", "cranfield:even"),
              show_default=True, help="SET:SPLIT of a collection; may be repeated.")  # fmt: skip
@click.option("--freeze", is_flag=True, help="Write what was chosen to data/sparse_settings.json.")
@study_options
@study
def main(names: tuple[str, ...], sets: tuple[str, ...], freeze: bool, device: str, dtype: str,
         limit: int | None, seed: int, name: str | None, out: Path | None) -> None:  # fmt: skip
    """Choose settings of sparse retrieval."""
    own_names([Path(n).name for n in names])
    grounds: list[Ground] = []
    weights: dict[str, str] = {}
    for written in names:
        embedder = load_embedder(written, device=device, dtype=dtype)
        head = load_head(embedder)
        weights[embedder.name] = embedder.fingerprint
        for one in sets:
            data = load_retrieval(*one.split(":", 1))
            made = embedded(embedder, data, default_store(), progress=watched())
            grounds.append(Ground(embedder.name, data, made, head, embedder.tokenizer))
    combinations = factorial(OPTIONS)[: limit or None]
    table = []
    found: dict[tuple[str, str], dict[SparseSettings, Trial]] = {}
    for ground in grounds:
        key = (ground.embedder, f"{ground.data.name} {ground.data.split}")
        many = dict.fromkeys(
            [*combinations, *factorial(GRID), *others(PUBLISHED).values(), PUBLISHED]
        )
        bar = tqdm(trials(ground, many), total=len(many), disable=not watched(), desc=" ".join(key))
        found[key] = {trial.settings: trial for trial in bar}
        table += [
            {**s.model_dump(), "value": float(found[key][s].values.mean()),
             "postings": found[key][s].postings}
            for s in combinations
        ]  # fmt: skip
        say(f"{' on '.join(key)}: {len(many)} settings")
    chosen = choose(pd.DataFrame(table), WITHIN)
    say(f"chosen: {chosen.label}")
    # One byte a weight is taken where it costs nothing that counts.
    rows = []
    bytes_cost = []
    for ground in grounds:
        key = (ground.embedder, f"{ground.data.name} {ground.data.split}")
        without = others(chosen, PUBLISHED)
        eight = chosen.changed(bits=8)
        for trial in trials(ground, dict.fromkeys([chosen, eight, *without.values()])):
            found[key][trial.settings] = trial
        here, dense = found[key], float(ground.dense().mean())
        bytes_cost.append(float(here[eight].values.mean() - here[chosen].values.mean()))
        best = max(combinations, key=lambda s, here=here: here[s].values.mean())
        lines = [("chosen", "", chosen, PUBLISHED), ("combination", "best here", best, PUBLISHED),
                 ("without", "bits 8", eight, chosen)]  # fmt: skip
        lines += [("grid", "", s, PUBLISHED) for s in factorial(GRID)]
        lines += [("step", step, s, PUBLISHED) for step, s in others(PUBLISHED).items()]
        lines += [("without", step, s, chosen) for step, s in without.items()]
        rows += [row(kind, step, ground, here[s], here[reference], dense, seed)
                 for kind, step, s, reference in lines]  # fmt: skip
    if np.mean(bytes_cost) > -0.002:
        chosen = chosen.changed(bits=8)
    asked = {"embedder": list(names), "dataset": list(sets), "freeze": True, "device": device,
             "dtype": dtype, "limit": limit, "seed": seed}  # fmt: skip
    command = command_line(__file__, asked).replace(" --freeze True", " --freeze")
    path = write_result(
        name or "sparse-settings", pd.DataFrame(rows),
        title="Settings of sparse retrieval on development data",
        command=command, meanings=MEANINGS, folder=out, weights=weights,
        data={f"{g.data.name} {g.data.split}": g.data.sha256 for g in grounds},
        tried=len(combinations), device=device, dtype=dtype, seed=seed, minutes=minutes(),
    )  # fmt: skip
    say(f"in {path}")
    if freeze:
        document = {
            "settings": chosen.model_dump(),
            "chosen_on": [f"{g.embedder} on {g.data.name} {g.data.split}" for g in grounds],
            "rule": f"of {len(combinations)} combinations the one that touches the fewest postings "
            f"among those with a mean nDCG@10 of {1 - WITHIN:g} of the best or more; 8 bits where "
            "they cost less than 0.002",
            "command": command,
        }
        target = book_data("sparse_settings.json")
        target.write_text(json.dumps(document, indent=2) + "\n", encoding="utf-8")
        say(f"frozen in {target.name}: {chosen.label}")


if __name__ == "__main__":
    main()

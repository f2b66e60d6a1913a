"""All phases of an embedder in turn: load, train, choose a format, export."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

from tokalign.datasets import load_pairs
from tokalign.datasets.wiki import LEAST_WORDS, first_sentence
from tokalign.embedders.recipes.recipe import Recipe
from tokalign.embedders.recipes.views import backbone_view
from tokalign.errors import TokalignError
from tokalign.train.contrastive.export import best_dtype, export
from tokalign.train.contrastive.layouts import materialise
from tokalign.train.contrastive.making import LICENCES
from tokalign.train.contrastive.mixture import Mixture
from tokalign.train.contrastive.monitor import Monitor
from tokalign.train.contrastive.plans import Phase, Plan
from tokalign.train.contrastive.reader import Reader
from tokalign.train.contrastive.starting import load_backbone
from tokalign.train.contrastive.trainer import Habits, Training
from tokalign.train.corpus import RESERVED, VALIDATION, Article, read_articles
from tokalign.train.manifest import LICENCE
from tokalign.train.packing import Sequences, packed

#: Held-out texts that are looked at in training.
_LOOKED_AT = 400


@dataclass(frozen=True)
class Places:
    """Where things are.

    Attributes:
        backbone: Folder of the language model.
        examples: Folder of ``<kind>.jsonl`` files.
        runs: Where runs keep their checkpoints.
        out: Where finished models are written, one folder each.
        packed: File of packed sequences, where one is needed.
    """

    backbone: Path
    examples: Path
    runs: Path
    out: Path
    packed: Path | None = None


def held_out_texts(corpus: Path, count: int = _LOOKED_AT) -> list[str]:
    """First sentences of validation articles: neither trained on nor reported on later.

    Args:
        corpus: The file whose first articles are held out.
        count: How many.

    Raises:
        TokalignError: The corpus has no validation articles.
    """
    articles = read_articles(corpus, RESERVED, RESERVED + VALIDATION)
    found = list(islice((text for a in articles for text in _first(a)), count))
    if not found:
        raise TokalignError(f"{corpus} has fewer than {RESERVED} articles, so none to validate on")
    return found


def _first(article: Article) -> Iterator[str]:
    for paragraph in article.paragraphs:
        if len(paragraph.split()) >= LEAST_WORDS:
            yield first_sentence(paragraph)
            return


def make_embedder(
    plan: Plan,
    places: Places,
    texts: Sequence[str],
    *,
    steps: int | None = None,
    minutes: float | None = None,
    dtype: str | None = None,
    sts: bool = False,
    device: str = "cpu",
    habits: Habits | None = None,
) -> Iterator[dict[str, Any]]:
    """Train an embedder and write it, yielding the lines of its log.

    A run that is stopped keeps its checkpoint and writes nothing; the same call goes on with it.

    Args:
        plan: What is made.
        places: Where things are.
        texts: Held-out texts.
        steps: Steps a phase, in the place of its own.
        minutes: Or minutes a phase.
        dtype: In which weights are stored; measured on `texts` where it is None.
        sts: Whether STS-B's development split is looked at.
        device: Where to compute.
        habits: How often a run reports and saves.

    Raises:
        TokalignError: Nothing is trained in this plan, or something is missing.
    """
    if not plan.phases:
        raise TokalignError(
            f"{plan.name} is {plan.backbone} with a prompt: nothing is trained, nothing written"
        )
    earlier: list[Path] = []
    for number, phase in enumerate(plan.phases, 1):
        last = number == len(plan.phases)
        name = plan.name if last else f"{plan.name}-{phase.objective}"
        model, tokenizer = load_backbone(places.backbone, earlier)
        # The language model itself is what the first component belongs to, not an earlier phase.
        plain = load_backbone(places.backbone)[0] if earlier else model
        model.to(device)
        longest = min(int(plan.reading["max_length"]), int(tokenizer.model_max_length))
        recipe = plan.recipe(str(places.backbone), max_length=longest)
        training = Training(
            places.runs / name, model, tokenizer, recipe, phase,
            mixture=_mixture(phase, places, plan), sequences=_sequences(phase, places, plan, model),
            monitor=_monitor(Reader(plain.to(device), tokenizer, recipe), texts, phase, sts),
            seed=plan.seed, habits=habits,
        )  # fmt: skip
        deadline = None
        if minutes is not None:
            # What an earlier part of the run took counts.
            left = max(minutes - training.progress.minutes, 0.0)
            deadline = training.habits.clock() + 60 * left
        yield from training.go(steps=steps, deadline=deadline)
        if habits is not None and habits.stopped():
            return
        chosen, kept = best_dtype(training.reader, texts)
        target = places.out / name
        base = f"../{earlier[-1].name}" if earlier else f"../{plan.backbone}"
        export(
            training.reader, plan, target, base=base, dtype=dtype or chosen,
            notes={**_notes(phase, places), "steps": training.progress.step, "top_10_kept": kept,
                   "minutes": round(training.progress.minutes, 2),
                   "log": looks(places.runs / name / "log.jsonl"),
                   "date": time.strftime("%Y-%m-%d")},
        )  # fmt: skip
        earlier.append(target)
    if plan.layout in ("sentence-transformers", "gritlm"):
        materialise(earlier[-1], places.backbone, places.out / f"{plan.name}-whole")


def looks(log: Path) -> list[dict[str, Any]]:
    """The lines of a run's log at which held-out texts were looked at, for its manifest."""
    lines = log.read_text("utf-8").splitlines() if log.is_file() else []
    return [line for line in map(json.loads, lines) if "content_hit" in line]


def _mixture(phase: Phase, places: Places, plan: Plan) -> Mixture | None:
    if phase.objective == "mntp":
        return None
    return Mixture.read(phase.sources, places.examples, plan.seed)


def _sequences(phase: Phase, places: Places, plan: Plan, model: Any) -> Sequences | None:
    if phase.objective == "contrastive":
        return None
    if places.packed is None:
        raise TokalignError(f"{plan.name} needs a packed corpus, train.bin")
    # As long as texts may be here; its documents begin with the model's own first token.
    config = model.config
    entries = packed(places.packed).entries
    if entries != config.vocab_size:
        raise TokalignError(
            f"{places.packed} was packed for a vocabulary of {entries}, but {plan.backbone} has "
            f"{config.vocab_size}"
        )
    return Sequences(places.packed, 128, int(config.bos_token_id), plan.seed)


def _monitor(reader: Reader, texts: Sequence[str], phase: Phase, sts: bool) -> Monitor:
    plain = backbone_reading(reader.recipe)
    before = Reader(reader.model, reader.tokenizer, plain, reader.piece_tokens)
    pairs = load_pairs("stsb", "dev") if sts else None
    return Monitor(before, texts, pairs=pairs, own_head=phase.train_head)


def backbone_reading(recipe: Recipe) -> Recipe:
    """How the backbone is read beside an embedder: plain text, its own attention, same pooling."""
    backbone = recipe.model_copy(
        update={"name": recipe.backbone or recipe.name, "role": "backbone", "normalise": False,
                "attention": "causal"}
    )  # fmt: skip
    return backbone_view(backbone, recipe, "published")


def _notes(phase: Phase, places: Places) -> dict[str, Any]:
    """Sources and licence of what a phase was trained on, from the manifests beside the data."""
    sources: dict[str, Any] = {}
    for source in phase.sources:
        manifest = places.examples / f"{source.name}.jsonl.json"
        sources[source.name] = json.loads(manifest.read_text()) if manifest.is_file() else {}
    if phase.objective != "contrastive" and places.packed is not None:
        manifest = places.packed.with_name(places.packed.name + ".json")
        sources["packed"] = json.loads(manifest.read_text()) if manifest.is_file() else {}
    licences = sorted({LICENCES[s.name] for s in phase.sources} or {LICENCES["windows"]})
    return {
        "sources": sources,
        "licence": LICENCE,
        "trained_on": licences,
    }

"""How much of the alignment there is in a language model, and how it grows with training.

A backbone's pooled vectors decode to frequent tokens. Taking their common direction u_1 out brings
content words up, and how far it does so tells early what an embedder made from it can show. The
direction is fitted on one half of the texts; both states are scored on the other half.
"""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from tokalign.embedders import Embedder, Embeddings, load_embedder
from tokalign.embedders.inspecting.sources import find_recipe
from tokalign.errors import TokalignError
from tokalign.measures import Hit, derangements, ranks
from tokalign.measures.intervals import mean_interval
from tokalign.measures.measurement import content_literals
from tokalign.measures.ranks import Literals
from tokalign.tokens import Head, VocabularyForms, decode, load_head
from tokalign.train.export import export, trained_model
from tokalign.train.run_folder import RunFolder
from tokalign.train.settings import Settings
from tokalign.train.tokenizer import load_tokenizer

K = 10


def common_direction(vectors: np.ndarray) -> tuple[np.ndarray, float]:
    """The first right singular vector of vectors, and how far they lie along it on average.

    Args:
        vectors: ``(N, d)``, not centred.

    Returns:
        ``u_1 (d,)``, oriented so that the mean is positive; and m_1, that mean.

    >>> u, mean = common_direction(np.array([[-3.0, 4.0], [-6.0, 8.0]]))
    >>> u.round(2).tolist(), round(mean, 2)
    ([-0.6, 0.8], 7.5)
    """
    u: np.ndarray = np.linalg.svd(vectors, full_matrices=False)[2][0]
    mean = float((vectors @ u).mean())
    return (u, mean) if mean >= 0 else (-u, -mean)


def content_forms(
    embeddings: Embeddings, head: Head, forms: VocabularyForms, k: int = K
) -> np.ndarray:
    """The best k content forms of vectors: tokens without a form left out, equal ones merged.

    Returns:
        Form numbers ``(N, k)``, best first.
    """
    content = head.restricted(forms.of[head.ids.cpu().numpy()] >= 0)
    depth, rows = 2 * k, list[np.ndarray]()
    while len(rows) < len(embeddings):
        depth = min(2 * depth, len(content))
        found = forms.of[decode(embeddings, content, depth).ids]
        rows = [row for row in (_distinct(f)[:k] for f in found) if len(row) == k]
        if depth == len(content) and len(rows) < len(embeddings):
            raise TokalignError(f"the vocabulary holds fewer than {k} content words")
    return np.stack(rows)


def _distinct(row: np.ndarray) -> np.ndarray:
    first = np.sort(np.unique(row, return_index=True)[1])
    found: np.ndarray = row[first]
    return found


def shown(embedder: Embedder, texts: Sequence[str], seed: int = 0) -> dict[str, Any]:
    """What a backbone shows before and after u_1 is taken out of its vectors.

    Args:
        embedder: A language model with a pooling.
        texts: N texts, two or more with content words; u_1 comes from one half of them.
        seed: Of the halves, the derangements and the intervals.

    Returns:
        ``n`` texts scored; ``u_1`` (``m_1``, ``share``: what part of the vectors' energy lies along
        it); and for ``plain`` and ``without_u_1`` two hits, each ``{"value", "chance"}``:
        ``content_hit`` looks at the ten best content words, all other tokens left out before;
        ``token_hit`` at the ten best tokens as they are. ``non_content`` is the share of these ten
        that carry no content. ``gain`` holds the paired differences of the two hits with 95 %
        intervals.
    """
    head, tokenizer = load_head(embedder), embedder.tokenizer
    forms = VocabularyForms.from_tokenizer(tokenizer)
    words = content_literals(texts, tokenizer, forms)
    order = np.random.default_rng(seed).permutation(np.flatnonzero(words.cutoff > 0))
    fitted, scored = np.array_split(order, 2)
    vectors = embedder.encode(texts)
    u, mean = common_direction(vectors.vectors[fitted])
    literals = Literals(
        [words.items[i] for i in scored], [words.matches[i] for i in scored], words.cutoff[scored]
    )
    others = derangements(len(scored), seed=seed)
    plain = _select(vectors, scored)
    along = (plain.vectors @ u) ** 2
    made: dict[str, Any] = {
        "n": len(scored),
        "u_1": {"m_1": mean, "share": float(along.sum() / (plain.vectors**2).sum())},
    }
    moved = replace(plain, vectors=plain.vectors - np.float32(mean) * u)
    hits: dict[str, list[np.ndarray]] = {"content_hit": [], "token_hit": []}
    for name, state in (("plain", plain), ("without_u_1", moved)):
        top = forms.of[decode(state, head, K).ids]
        lists = {"content_hit": content_forms(state, head, forms), "token_hit": _numbered(top)}
        made[name] = {"non_content": float((top < 0).mean())}
        for key, entries in lists.items():
            hits[key].append(Hit(K).per_text(ranks(literals, entries)))
            chance = [Hit(K).value(ranks(literals, entries, other)) for other in others]
            made[name][key] = {
                "value": float(hits[key][-1].mean()),
                "chance": float(np.mean(chance)),
            }
    made["gain"] = {
        key: vars(mean_interval(after.astype(float) - before, seed))
        for key, (before, after) in hits.items()
    }
    return made


def _numbered(forms: np.ndarray) -> np.ndarray:
    """Give entries that have no form, or that repeat one, a number of their own.

    >>> _numbered(np.array([[4, -1, 4, 2], [3, 2, 1, 0]])).tolist()
    [[4, 6, 7, 2], [3, 2, 1, 0]]
    """
    found = forms.astype(np.int64)
    for row in found:
        again = np.ones(len(row), dtype=bool)
        again[np.unique(row, return_index=True)[1]] = False
        free = again | (row < 0)
        row[free] = forms.max() + 1 + np.flatnonzero(free)
    return found


def _select(embeddings: Embeddings, rows: np.ndarray) -> Embeddings:
    return replace(
        embeddings,
        vectors=embeddings.vectors[rows],
        norms=embeddings.norms[rows],
        truncated=embeddings.truncated[rows],
    )


def growth(
    run: Path, tokenizer_file: Path, texts: Sequence[str], seed: int = 0
) -> list[dict[str, Any]]:
    """What a run's model shows at each of its snapshots, pooled by position as SGPT does.

    Args:
        run: Folder of the run.
        tokenizer_file: The tokenizer of its data.
        texts: Held-out texts.
        seed: See `shown`.

    Returns:
        One row a snapshot, in rising order: ``tokens`` trained on, then what `shown` gives.
    """
    place = RunFolder(run)
    settings = Settings.from_plain(place.description()["settings"])
    tokenizer = load_tokenizer(tokenizer_file)
    rows = []
    for tokens, weights in place.snapshots().items():
        with tempfile.TemporaryDirectory() as folder:
            target = Path(folder, "snapshot")
            model = trained_model(weights, settings)
            export(model, settings, tokenizer, target, dtype="float16")
            recipe = find_recipe(str(target)).model_copy(update={"pooling": "weighted_mean"})
            rows.append({"tokens": tokens, **shown(load_embedder(recipe), texts, seed)})
    return rows

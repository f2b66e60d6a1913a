"""Read the files that sentence-transformers puts beside a model, old layouts and new ones.

What is read here are the files alone; the model inside is looked at by `inspection`. A layer that
takes the vector out of the space of the model's head is refused.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tokalign.embedders.files.json_files import read_json, read_object
from tokalign.embedders.recipes.recipe import Pooling, PoolOver, Prompt
from tokalign.errors import TokalignError

#: sentence-transformers' flags (older files) and mode names (newer ones) -> ours.
_POOLING: dict[str, Pooling] = {
    "pooling_mode_mean_tokens": "mean",
    "pooling_mode_weightedmean_tokens": "weighted_mean",
    "pooling_mode_lasttoken": "last",
    "pooling_mode_cls_token": "cls",
    "mean": "mean",
    "weightedmean": "weighted_mean",
    "lasttoken": "last",
    "cls": "cls",
}
#: Layers that leave the vector in the space of the model's head.
_HARMLESS = {"Transformer", "Pooling", "Normalize", "Dropout"}


@dataclass(frozen=True)
class SentenceTransformersLayout:
    """What the files of a sentence-transformers folder say.

    Attributes:
        folder: Where ``modules.json`` lies.
        inner: Where the model itself lies.
        pooling: How token states are pooled.
        width: The dimension that the pooling layer was made for; None where it does not say.
        include_prompt: Whether the prompt's tokens are pooled.
        normalise: Whether the vector is brought to length 1.
        max_length: Most tokens read; None where it does not say.
        lowercase: Whether texts are lower-cased.
        prompts: Name -> what is put before a text.
        default_prompt: What is put there where no name is given.
        tokenizer_settings: Settings for the tokenizer that its own files do not hold.
    """

    folder: Path
    inner: Path
    pooling: Pooling
    width: int | None
    include_prompt: bool
    normalise: bool
    max_length: int | None
    lowercase: bool
    prompts: dict[str, str]
    default_prompt: str
    tokenizer_settings: dict[str, Any]

    def fields(self) -> dict[str, Any]:
        """The fields of a recipe that these files decide."""
        return {
            "role": "embedder",
            "pooling": self.pooling,
            "normalise": self.normalise,
            "lowercase": self.lowercase,
            "template": self.default_prompt + "{text}",
            "prompts": {
                name: Prompt(template=text + "{text}", pool_over=self._pool_over(text))
                for name, text in self.prompts.items()
            },
            "pool_over": self._pool_over(self.default_prompt),
            "note": "Read off the folder's sentence-transformers files.",
        }

    def _pool_over(self, prompt: str) -> PoolOver:
        # Without a prompt nothing is left out, not even a first special token.
        return "after_prompt" if prompt and not self.include_prompt else "all"


def read_sentence_transformers(folder: Path) -> SentenceTransformersLayout:
    """Read the files of a sentence-transformers folder.

    Args:
        folder: Where ``modules.json`` lies.

    Raises:
        TokalignError: Its layers lead out of the head's space, or a file says something that
            cannot be followed here; with what is allowed.
    """
    paths = _layers(folder)
    inner = paths["Transformer"]
    said = read_object(inner / "sentence_bert_config.json")
    _check_transformer(said, folder)
    pooling = read_object(paths["Pooling"] / "config.json")
    # Older files call it the dimension of a word, newer ones that of the embedding.
    width = pooling.get("embedding_dimension", pooling.get("word_embedding_dimension"))
    prompts, default = _prompts(folder)
    return SentenceTransformersLayout(
        folder=folder,
        inner=inner,
        pooling=_pooling(pooling, folder),
        width=width if isinstance(width, int) else None,
        include_prompt=bool(pooling.get("include_prompt", True)),
        normalise="Normalize" in paths,
        max_length=said.get("max_seq_length") or None,
        lowercase=bool(said.get("do_lower_case", False)),
        prompts=prompts,
        default_prompt=default,
        tokenizer_settings=said.get("processor_kwargs") or said.get("tokenizer_args") or {},
    )


def _layers(folder: Path) -> dict[str, Path]:
    """Kind of layer -> its folder."""
    modules = read_json(folder / "modules.json")
    try:
        paths = {str(m["type"]).rsplit(".", 1)[-1]: folder / m.get("path", "") for m in modules}
    except (TypeError, KeyError, AttributeError) as error:
        raise TokalignError(f"{folder}/modules.json is no list of layers with types") from error
    strange = [kind for kind in paths if kind not in _HARMLESS]
    if strange or "Transformer" not in paths or "Pooling" not in paths:
        raise TokalignError(
            f"{folder}/modules.json has {', '.join(paths)}: "
            + (f"after {strange[0]} the vector has left the head's space" if strange else "")
            + f"; allowed: {', '.join(sorted(_HARMLESS))}"
        )
    return paths


def _check_transformer(said: dict[str, Any], folder: Path) -> None:
    """Refuse what newer files may ask for: another output, or chat messages instead of texts."""
    where = f"{folder}: sentence_bert_config.json"
    task = said.get("transformer_task", "feature-extraction")
    if task != "feature-extraction":
        raise TokalignError(
            f"{where} sets the task {task!r}, whose vectors are not token states; "
            "allowed: feature-extraction"
        )
    kinds = said.get("modality_config")
    if kinds is None:
        return
    if "text" not in kinds:
        raise TokalignError(f"{where} reads {', '.join(kinds) or 'nothing'}; allowed: text")
    output = kinds["text"].get("method_output_name")
    if output != "last_hidden_state":
        raise TokalignError(
            f"{where} takes {output!r} of the model; allowed: last_hidden_state, which the head "
            "reads"
        )


def _prompts(folder: Path) -> tuple[dict[str, str], str]:
    """The prompts by name, and the one that is used where no name is given."""
    said = read_object(folder / "config_sentence_transformers.json")
    prompts = {str(name): str(text or "") for name, text in (said.get("prompts") or {}).items()}
    for name, text in prompts.items():
        if "{text}" in text or "{instruction}" in text:
            raise TokalignError(
                f"{folder}: prompt {name!r} is {text!r}; {{text}} and {{instruction}} stand for "
                "the text and the instruction here, so a prompt cannot hold them"
            )
    default = said.get("default_prompt_name")
    if default is not None and default not in prompts:
        raise TokalignError(
            f"{folder}: default_prompt_name is {default!r}, but the prompts are "
            f"{', '.join(prompts) or 'none'}"
        )
    return prompts, prompts.get(str(default), "")


def _pooling(config: dict[str, Any], folder: Path) -> Pooling:
    modes = [key for key, on in config.items() if key.startswith("pooling_mode_") and on is True]
    named = config.get("pooling_mode")
    modes += [named] if isinstance(named, str) else list(named or [])
    if len(modes) != 1 or modes[0] not in _POOLING:
        allowed = ", ".join(sorted(set(_POOLING.values())))
        raise TokalignError(f"{folder}: pooling {modes} is not supported; allowed: {allowed}")
    return _POOLING[modes[0]]

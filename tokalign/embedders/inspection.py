"""Read a recipe off a folder: sentence-transformers layout, plain model, or LoRA adapter.

What a folder does not say is filled in by the field's convention and said so in ``note``: a plain
decoder is read at its last token, a plain encoder by its mean.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from transformers import AutoConfig
from transformers.models.auto.modeling_auto import (
    MODEL_FOR_CAUSAL_LM_MAPPING_NAMES,
    MODEL_FOR_MASKED_LM_MAPPING_NAMES,
)

from tokalign.embedders.checkpoints import checkpoint_folder
from tokalign.embedders.recipe import Pooling, Readout, Recipe
from tokalign.embedders.weights import Weights
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
#: Most tokens read where nothing says otherwise: what the encoders of the field were trained on.
_LONGEST = 512
#: Layers of sentence-transformers that leave the vector in the space of the model's head.
_HARMLESS = {"Transformer", "Pooling", "Normalize", "Dropout"}


def read_json(path: Path) -> Any:
    """A JSON file, or a one-line error that names it."""
    try:
        return json.loads(path.read_text("utf-8"))
    except FileNotFoundError as error:
        raise TokalignError(f"{path} is missing") from error
    except (OSError, ValueError) as error:
        raise TokalignError(f"{path} is not valid JSON: {error}") from error


def model_config(folder: Path) -> Any:
    """The transformers configuration of a folder; code that the folder brings is never run.

    Raises:
        TokalignError: There is no ``config.json``, or transformers does not know its model type.
    """
    raw = read_json(folder / "config.json")
    try:
        return AutoConfig.from_pretrained(folder, local_files_only=True, trust_remote_code=False)
    except (ValueError, KeyError, TypeError, AttributeError, OSError) as error:
        if isinstance(raw, dict) and "auto_map" in raw:
            raise TokalignError(f"{folder} needs code of its own, which is not run") from error
        kind = raw.get("model_type") if isinstance(raw, dict) else None
        raise TokalignError(
            f"{folder}/config.json names no model type that transformers knows: {kind!r}"
        ) from error


def inspect_folder(folder: Path) -> Recipe:
    """Propose the recipe of an embedder from the files of its folder.

    Args:
        folder: A sentence-transformers folder (``modules.json``), a plain transformers model
            (``config.json``) or a LoRA adapter (``adapter_config.json``).

    Returns:
        A recipe named after the folder, with the folder as its checkpoint.

    Raises:
        TokalignError: The folder is none of the three, or its layers lead out of the head's space.
    """
    folder = folder.resolve()
    if (folder / "modules.json").is_file():
        return _sentence_transformer(folder)
    if (folder / "adapter_config.json").is_file():
        return _adapter(folder)
    if (folder / "config.json").is_file():
        return _plain(folder, folder)
    raise TokalignError(
        f"{folder} is no model: it has neither modules.json, config.json nor adapter_config.json"
    )


def _plain(folder: Path, checkpoint: Path) -> Recipe:
    config = model_config(checkpoint)
    decoder = is_decoder(config)
    causal = decoder and getattr(config, "is_causal", True) is not False
    return Recipe(
        name=folder.name,
        checkpoint=str(folder),
        role="backbone" if decoder else "embedder",
        readout=_readout(checkpoint, decoder),
        pooling="last" if decoder else "mean",
        attention="causal" if causal else "bidirectional",
        max_length=_longest(config, checkpoint),
        note="Read off config.json; the pooling is the convention for its kind of model.",
    )


def is_decoder(config: Any) -> bool:
    """Whether a configuration is that of a causal language model, a decoder."""
    named = " ".join(getattr(config, "architectures", None) or [])
    if "ForCausalLM" in named or "LMHeadModel" in named:
        return True
    # BERT-like types are listed as causal LMs too; being a masked LM decides.
    return (
        config.model_type in MODEL_FOR_CAUSAL_LM_MAPPING_NAMES
        and config.model_type not in MODEL_FOR_MASKED_LM_MAPPING_NAMES
    )


def _readout(checkpoint: Path, decoder: bool) -> Readout:
    if decoder:
        return "lm_head"
    transform = ("transform.dense.weight", "lm_head.dense.weight", "vocab_transform.weight")
    found = Weights(checkpoint).find(*transform, "predictions.dense.weight", "head.dense.weight")
    return "mlm" if found else "tied_input"


def _longest(config: Any, folder: Path) -> int:
    positions = getattr(config, "max_position_embeddings", None) or _LONGEST
    # RoBERTa's kind counts positions from padding_idx + 1, so two rows of its table are unused.
    if config.model_type in ("roberta", "xlm-roberta", "camembert", "mpnet"):
        positions -= 2
    tokenizer = folder / "tokenizer_config.json"
    said = read_json(tokenizer).get("model_max_length") if tokenizer.is_file() else None
    limits = [positions, *([said] if isinstance(said, int) and said > 0 else [])]
    return int(min(limits))


def _adapter(folder: Path) -> Recipe:
    base = read_json(folder / "adapter_config.json").get("base_model_name_or_path")
    if not base:
        raise TokalignError(f"{folder}/adapter_config.json names no base_model_name_or_path")
    # A base beside the adapter may be named relative to it.
    path = next((p for p in (Path(base), folder / base) if p.is_dir()), None)
    if path is None:
        path, checkpoint = checkpoint_folder(base), str(base)
    else:
        path = path.resolve()
        checkpoint = str(path)
    recipe = _plain(path, path)
    return recipe.model_copy(
        update={
            "name": folder.name,
            "checkpoint": checkpoint,
            "adapters": (str(folder),),
            "role": "embedder",
            "backbone": Path(base).name,
            "note": "A LoRA adapter over its base; decoded by the base's head. " + recipe.note,
        }
    )


def _sentence_transformer(folder: Path) -> Recipe:
    modules = read_json(folder / "modules.json")
    paths = {str(m["type"]).rsplit(".", 1)[-1]: folder / m.get("path", "") for m in modules}
    strange = [kind for kind in paths if kind not in _HARMLESS]
    if strange or "Transformer" not in paths or "Pooling" not in paths:
        raise TokalignError(
            f"{folder}/modules.json has {', '.join(paths)}: "
            + (f"after {strange[0]} the vector has left the head's space" if strange else "")
            + f"; allowed: {', '.join(sorted(_HARMLESS))}"
        )
    inner = paths["Transformer"]
    adapted = (inner / "adapter_config.json").is_file()
    recipe = _adapter(inner) if adapted else _plain(inner, inner)
    said = _first_json(inner, "sentence_bert_config.json")
    limit = said.get("max_seq_length") or recipe.max_length
    prompt = _prompt(folder)
    pooling = read_json(paths["Pooling"] / "config.json")
    pool_prompt = not prompt or pooling.get("include_prompt", True)
    return recipe.model_copy(
        update={
            "name": folder.name,
            "checkpoint": recipe.checkpoint if recipe.adapters else str(inner),
            "role": "embedder",
            "pooling": _pooling(pooling, folder),
            "normalise": "Normalize" in paths,
            "max_length": min(int(limit), recipe.max_length),
            "lowercase": bool(said.get("do_lower_case", False)),
            "template": prompt + "{text}",
            "pool_over": "all" if pool_prompt else "after_prompt",
            "note": "Read off the folder's sentence-transformers files.",
        }
    )


def _first_json(folder: Path, name: str) -> dict[str, Any]:
    path = folder / name
    found = read_json(path) if path.is_file() else {}
    return found if isinstance(found, dict) else {}


def _prompt(folder: Path) -> str:
    said = _first_json(folder, "config_sentence_transformers.json")
    return str((said.get("prompts") or {}).get(said.get("default_prompt_name"), ""))


def _pooling(config: dict[str, Any], folder: Path) -> Pooling:
    modes = [key for key, on in config.items() if key.startswith("pooling_mode_") and on is True]
    named = config.get("pooling_mode")
    modes += [named] if isinstance(named, str) else list(named or [])
    if len(modes) != 1 or modes[0] not in _POOLING:
        allowed = ", ".join(sorted(set(_POOLING.values())))
        raise TokalignError(f"{folder}: pooling {modes} is not supported; allowed: {allowed}")
    return _POOLING[modes[0]]

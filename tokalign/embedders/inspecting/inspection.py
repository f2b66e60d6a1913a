"""Read a recipe off a folder: sentence-transformers layout, plain model, LoRA adapter, GritLM.

What a folder does not say is filled in by the field's convention and said so in ``note``: a plain
decoder is read at its last token, a plain encoder by its mean.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from transformers import AutoConfig
from transformers.models.auto.modeling_auto import (
    MODEL_FOR_CAUSAL_LM_MAPPING_NAMES,
    MODEL_FOR_MASKED_LM_MAPPING_NAMES,
)

from tokalign.embedders.files.checkpoints import checkpoint_folder
from tokalign.embedders.files.json_files import read_json, read_object
from tokalign.embedders.files.weights import Weights
from tokalign.embedders.inspecting.sentence_transformers_layout import read_sentence_transformers
from tokalign.embedders.inspecting.tokenizer_facts import end_token, longest_said
from tokalign.embedders.recipes.recipe import Readout, Recipe
from tokalign.errors import TokalignError

#: Most tokens read where nothing says otherwise: what the encoders of the field were trained on.
_LONGEST = 512
#: Ends of the names of an output head and of a masked-LM head's transform.
_HEADS = ("lm_head.weight", "embed_out.weight")
_TRANSFORMS = (
    "transform.dense.weight",
    "lm_head.dense.weight",
    "vocab_transform.weight",
    "predictions.dense.weight",
    "head.dense.weight",
)
#: Said of a decoder that was saved without its head.
_HEADLESS = (
    " The folder holds no output head, so its input embeddings stand in; where the model that it "
    "was trained from is at hand, set head to that and readout to lm_head."
)
#: Said of a model whose own code may do more than transformers' class does, as LLM2Vec's does.
_CODE_NOT_RUN = (
    " It comes with modelling code of its own, which is not run: where that changes attention, "
    "prompt or pooling, they have to be set by hand."
)
#: How GritLM marks the instruction and the text that follows it.
_GRITLM = "<|embed|>\n{text}"


def model_config(folder: Path, *, trust: bool = False) -> Any:
    """The transformers configuration of a folder.

    Args:
        folder: Where ``config.json`` lies.
        trust: Run the code that the folder brings, see `remote_code.trusted`; never run otherwise.

    Raises:
        TokalignError: There is no ``config.json``, or transformers does not know its model type.
    """
    raw = read_json(folder / "config.json")
    try:
        return AutoConfig.from_pretrained(folder, local_files_only=True, trust_remote_code=trust)
    except (ValueError, KeyError, TypeError, AttributeError, OSError) as error:
        if isinstance(raw, dict) and "auto_map" in raw and not trust:
            raise TokalignError(
                f"{folder} needs code of its own, which is not run unless "
                "TOKALIGN_TRUST_REMOTE_CODE names its hub id (owner/name)"
            ) from error
        kind = raw.get("model_type") if isinstance(raw, dict) else None
        raise TokalignError(
            f"{folder}/config.json names no model type that transformers knows: {kind!r}"
        ) from error


def inspect_folder(folder: Path) -> Recipe:
    """Propose the recipe of an embedder from the files of its folder.

    Args:
        folder: A sentence-transformers folder (``modules.json``), a plain transformers model
            (``config.json``), a LoRA adapter (``adapter_config.json``) or a unified checkpoint
            of GritLM's kind.

    Returns:
        A recipe named after the folder, with the folder as its checkpoint.

    Raises:
        TokalignError: The folder is none of these, or its layers lead out of the head's space.
    """
    folder = folder.resolve()
    if is_gritlm(folder):
        return _gritlm(folder)
    recipe = _read_off(folder)
    homes = (folder, *map(Path, (recipe.checkpoint, *recipe.adapters)))
    if any("AutoModel" in str(_own_code(home)) for home in homes):
        recipe = recipe.model_copy(update={"note": recipe.note + _CODE_NOT_RUN})
    return recipe


def _read_off(folder: Path) -> Recipe:
    if (folder / "modules.json").is_file():
        return _sentence_transformer(folder)
    if (folder / "adapter_config.json").is_file():
        return _adapter(folder)
    if (folder / "config.json").is_file():
        return _plain(folder)
    raise TokalignError(
        f"{folder} is no model: it has neither modules.json, config.json nor adapter_config.json"
    )


def is_gritlm(folder: Path) -> bool:
    """Whether a folder is a unified checkpoint of GritLM's kind: its own modelling code says so."""
    named = [str(code).rsplit("--", 1)[-1] for code in _own_code(folder).values()]
    return any(code.startswith("modeling_gritlm") for code in named)


def _own_code(folder: Path) -> dict[str, Any]:
    """Which classes of transformers the code in a folder stands in for, and by which of its own."""
    own = read_object(folder / "config.json").get("auto_map")
    return own if isinstance(own, dict) else {}


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


def state_width(config: Any) -> int | None:
    """The dimension of the token states, behind OPT's output projection; None if it is not told."""
    width = getattr(config, "word_embed_proj_dim", None) or getattr(config, "hidden_size", None)
    return width if isinstance(width, int) else None


def _plain(folder: Path) -> Recipe:
    config = model_config(folder)
    if getattr(config, "is_encoder_decoder", False):
        raise TokalignError(
            f"{folder} is an encoder-decoder ({config.model_type}); allowed: a decoder, an encoder"
        )
    decoder = is_decoder(config)
    causal = decoder and getattr(config, "is_causal", True) is not False
    readout = _readout(folder, config, decoder)
    note = "Read off config.json; the pooling is the convention for its kind of model."
    if decoder and readout == "tied_input":
        note += _HEADLESS
    return Recipe(
        name=folder.name,
        checkpoint=str(folder),
        role="backbone" if decoder else "embedder",
        readout=readout,
        pooling="last" if decoder else "mean",
        attention="causal" if causal else "bidirectional",
        end_token=end_token([folder]) if decoder else None,
        max_length=_longest(config, folder),
        note=note,
    )


def _readout(folder: Path, config: Any, decoder: bool) -> Readout:
    if not decoder:
        return "mlm" if Weights(folder).find(*_TRANSFORMS) else "tied_input"
    tied = bool(getattr(config, "tie_word_embeddings", False))
    # sentence-transformers saves the body alone; an untied head is then nowhere in the folder.
    return "lm_head" if tied or Weights(folder).find(*_HEADS) else "tied_input"


def _longest(config: Any, folder: Path) -> int:
    positions = getattr(config, "max_position_embeddings", None) or _LONGEST
    # RoBERTa's kind counts positions from padding_idx + 1, so two rows of its table are unused.
    if config.model_type in ("roberta", "xlm-roberta", "camembert", "mpnet"):
        positions -= 2
    return int(min(positions, longest_said(folder) or positions))


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
    # An adapter may lie over another: all are merged, the innermost first.
    over_another = (path / "adapter_config.json").is_file()
    recipe = _adapter(path) if over_another else _plain(path)
    update = {
        "name": folder.name,
        "adapters": (*recipe.adapters, str(folder)),
        "role": "embedder",
        "backbone": recipe.backbone or Path(base).name,
        "end_token": end_token([folder, path]) if recipe.readout == "lm_head" else None,
        "note": "A LoRA adapter over its base; decoded by the base's head. " + recipe.note,
    }
    if over_another:
        update["note"] = recipe.note
    else:
        update["checkpoint"] = checkpoint
    return recipe.model_copy(update=update)


def _sentence_transformer(folder: Path) -> Recipe:
    said = read_sentence_transformers(folder)
    inner = said.inner
    adapted = (inner / "adapter_config.json").is_file()
    recipe = _adapter(inner) if adapted else _plain(inner)
    if not adapted:
        width = state_width(model_config(inner))
        if said.width is not None and width is not None and said.width != width:
            raise TokalignError(
                f"{folder}: the pooling layer is made for vectors of dimension {said.width}, but "
                f"config.json says {width}; allowed: the same"
            )
    fields = said.fields()
    if _HEADLESS in recipe.note:
        fields["note"] += _HEADLESS
    limit = said.max_length or recipe.max_length
    fields["max_length"] = min(int(limit), recipe.max_length)
    if said.tokenizer_settings and recipe.end_token is None:
        fields["end_token"] = end_token([inner], said.tokenizer_settings)
    return recipe.model_copy(update={"name": folder.name, **fields})


def _gritlm(folder: Path) -> Recipe:
    recipe = _plain(folder)
    return recipe.model_copy(
        update={
            "role": "embedder",
            "pooling": "mean",
            "attention": "bidirectional",
            "template": "<|user|>\n{instruction}\n" + _GRITLM,
            "bare_template": _GRITLM,
            "pool_over": "after_prompt",
            "normalise": True,
            "max_length": min(recipe.max_length, _LONGEST),
            "note": (
                "A unified checkpoint of GritLM's kind, by the name of the modelling code in its "
                "config.json. That code is not run: prompt, bidirectional attention, pooling "
                f"without the instruction and at most {_LONGEST} tokens are those of the package "
                "gritlm."
            ),
        }
    )

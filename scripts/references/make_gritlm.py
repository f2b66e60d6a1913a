"""Reference vectors of GritLM by gritlm 1.0.2 on transformers 4.37.2. Run in envs/ref-gritlm.

GritLM's own modelling file is in its repository (scripts/modeling_mistral_gritlm.py), not in the
package: it is transformers 4.37's Mistral, whose body takes ``is_causal`` and, where that is
False, makes the 4-D mask from the padding alone, without the sliding window. `bidirectional` makes
that one change on the installed Mistral, with eager attention (which knows nothing but the mask);
tokenizing, prompt mask, pooling and normalising are the package's.
"""

from __future__ import annotations

import functools
from typing import Any

import torch
import transformers.models.mistral.modeling_mistral as mistral
from common import FIXTURES, WEB, Recorder, edit_config, fresh, llama_tokenizer, randomise
from gritlm import GritLM
from transformers import MistralConfig, MistralForCausalLM
from transformers.modeling_attn_mask_utils import _prepare_4d_attention_mask

ROOT = FIXTURES / "gritlm"
NAME = "GritLM/GritLM-7B"
PAPERS = "Given a scientific paper title, retrieve the paper's abstract"
REFUSAL = '''"""Stands where the published folder has its own modelling code: nobody may run it."""

raise RuntimeError("remote code was run")
'''


def bidirectional() -> None:
    """Let MistralModel take ``is_causal`` as GritLM's modelling file does."""
    causal_mask = mistral._prepare_4d_causal_attention_mask
    forward = mistral.MistralModel.forward

    @functools.wraps(forward)
    def with_choice(self: Any, *args: Any, is_causal: bool = True, **kwargs: Any) -> Any:
        def mask(two_d: torch.Tensor, shape: Any, embeds: torch.Tensor, *rest: Any, **more: Any):
            if is_causal:
                return causal_mask(two_d, shape, embeds, *rest, **more)
            return _prepare_4d_attention_mask(two_d, embeds.dtype)

        mistral._prepare_4d_causal_attention_mask = mask
        try:
            return forward(self, *args, **kwargs)
        finally:
            mistral._prepare_4d_causal_attention_mask = causal_mask

    mistral.MistralModel.forward = with_choice


def build() -> str:
    """The unified checkpoint: body and head in shards, a window far below the texts' length."""
    folder = fresh(ROOT / NAME)
    rows = llama_tokenizer(folder)
    torch.manual_seed(0)
    model = MistralForCausalLM(MistralConfig(
        vocab_size=rows, hidden_size=32, num_hidden_layers=3, num_attention_heads=4,
        num_key_value_heads=2, intermediate_size=64, max_position_embeddings=1024,
        sliding_window=8, tie_word_embeddings=False)).eval()  # fmt: skip
    randomise(model, 11)
    model.save_pretrained(folder, safe_serialization=True, max_shard_size="100KB")
    return str(folder)


def prompt(instruction: str) -> str:
    """GritLM's prompt; without an instruction the user's part is left out altogether."""
    return f"<|user|>\n{instruction}\n<|embed|>\n" if instruction else "<|embed|>\n"


def main() -> None:
    """Checkpoints, then vectors."""
    folder = build()
    bidirectional()
    recorder: Recorder | None = None

    def add(name: str, filled: str, attn: str = "bbcc", normalised: bool = True,
            max_length: int = 512, **more: Any) -> None:  # fmt: skip
        nonlocal recorder
        model = GritLM(folder, torch_dtype=torch.float32, attn=attn, normalized=normalised,
                       device="cpu", attn_implementation="eager")  # fmt: skip
        if recorder is None:
            recorder = Recorder("gritlm", model.model.model.embed_tokens, ["gritlm"])
        else:
            recorder.watch(model.model.model.embed_tokens)
        masked = model.tokenizer(filled)["input_ids"] if filled else []
        recorder.add(name, lambda texts, size: model.encode(
            texts, batch_size=size, instruction=filled, max_length=max_length),
            checkpoint=NAME, prompt=filled, max_length=max_length, normalise=normalised,
            attention="bidirectional" if attn[:2] == "bb" else "causal", pooling="mean",
            padding_side="right", tokens_left_out=len(masked),
            pooled="every token but the first tokens_left_out", **more)  # fmt: skip

    add("no-instruction", prompt(""), instruction="")
    add("papers", prompt(PAPERS), instruction=PAPERS)
    add("emotion", prompt("Find the emotion."), instruction="Find the emotion.")
    add("papers-raw", prompt(PAPERS), normalised=False, instruction=PAPERS)
    add("papers-cut64", prompt(PAPERS), max_length=64, instruction=PAPERS)
    add("bare", "", instruction=None, note="no prompt at all, so <s> is pooled too")
    add(
        "no-instruction-causal",
        prompt(""),
        attn="cccc",
        instruction="",
        note="how the paper's authors read their plain Mistral",
    )
    add("web-causal-raw", prompt(WEB), attn="cccc", normalised=False, instruction=WEB)
    assert recorder is not None
    # Only now: the package itself would run this file. The published config names one like it.
    code = "modeling_gritlm7b.Mistral"
    edit_config(ROOT / NAME, auto_map={
        "AutoModel": f"{code}Model", "AutoModelForCausalLM": f"{code}ForCausalLM"})  # fmt: skip
    (ROOT / NAME / "modeling_gritlm7b.py").write_text(REFUSAL)
    recorder.write(part="gritlm", package="gritlm", attention_code="transformers 4.37.2 eager, "
                   "with the padding-only mask of GritLM's modelling file")  # fmt: skip


if __name__ == "__main__":
    main()

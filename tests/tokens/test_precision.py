"""A large head does not exist twice: it keeps its precision, and is the model's own if it can."""

from __future__ import annotations

import dataclasses
import subprocess
import sys
import textwrap
from pathlib import Path

import numpy as np
import pytest
import torch
from checkpoints import TEXTS

from tokalign.embedders import Embedder, load_embedder
from tokalign.errors import TokalignError
from tokalign.tokens import Head, decode, load_head, read_head

HALF = ("bfloat16", "float16")


def in_half(checkpoint, name, dtype, **changes) -> Embedder:
    from tokalign.embedders.inspecting.inspection import inspect_folder

    return load_embedder(inspect_folder(checkpoint(name)).model_copy(update=changes), dtype=dtype)


def inputs(it) -> torch.Tensor:
    return it.model.get_input_embeddings().weight


@pytest.mark.parametrize("dtype", ["float32", *HALF])
@pytest.mark.parametrize("name", ["llama-tied", "qwen2", "gpt2", "opt", "bert"])
def test_a_tied_head_is_the_models_own_tensor(checkpoint, name, dtype):
    it = in_half(checkpoint, name, dtype)
    head = load_head(it)
    assert head.matrix.dtype == inputs(it).dtype == getattr(torch, dtype)
    assert head.matrix.data_ptr() == inputs(it).data_ptr()
    # So are its first rows.
    some = head.restricted(np.arange(len(head)) < 100)
    assert some.matrix.data_ptr() == inputs(it).data_ptr()
    assert some.ids.tolist() == list(range(100))


@pytest.mark.parametrize("dtype", ["float32", *HALF])
def test_a_head_of_its_own_keeps_the_precision(checkpoint, dtype):
    it = in_half(checkpoint, "llama", dtype)
    head = load_head(it)
    assert head.matrix.dtype == getattr(torch, dtype)
    whole = read_head(checkpoint("llama"), "lm_head").matrix
    assert torch.equal(head.matrix, whole[: len(head)].to(head.matrix.dtype))
    assert head.matrix.data_ptr() != inputs(it).data_ptr()


def test_input_embeddings_that_are_not_the_stored_ones_are_not_taken(checkpoint):
    """As an adapter leaves them that was trained on the embeddings too."""
    it = in_half(checkpoint, "llama-tied", "float32")
    inputs(it).data = inputs(it).data.clone()
    inputs(it)[-1, -1] += 1
    head = load_head(it)
    assert head.matrix.data_ptr() != inputs(it).data_ptr()
    whole = read_head(checkpoint("llama-tied"), "lm_head")
    assert torch.equal(head.matrix, whole.matrix[: len(head)])


@pytest.mark.parametrize("dtype", HALF)
@pytest.mark.parametrize("name", ["llama", "llama-tied", "gemma2", "bert"])
@pytest.mark.parametrize("tile", [7, 64, 8192])
def test_decoding_is_that_of_the_matrix_in_float32_to_the_bit(checkpoint, name, dtype, tile):
    it = in_half(checkpoint, name, dtype)
    vectors, head = it.encode(TEXTS), load_head(it)
    found = decode(vectors, head, 10, tokens_a_tile=tile)
    wide = dataclasses.replace(head, matrix=head.matrix.float())
    expected = decode(vectors, wide, 10, tokens_a_tile=tile)
    assert found.ids.tobytes() == expected.ids.tobytes()
    assert found.logits.tobytes() == expected.logits.tobytes()
    assert found.logits.dtype == np.float32
    assert head.fingerprint != wide.fingerprint


def make(rows, width, dtype=torch.float32):
    generator = torch.Generator().manual_seed(0)
    matrix = torch.randn(rows, width, generator=generator).to(dtype)
    return Head("x", matrix, torch.arange(rows), width)


@pytest.mark.parametrize("shape", [(1, 1), (3, 5), (50, 16), (8193, 3), (20_000, 7)])
def test_the_random_head_in_half_is_the_one_in_float32_rounded(shape):
    half = make(*shape, torch.bfloat16)
    wide = dataclasses.replace(half, matrix=half.matrix.float())
    found, expected = half.random(seed=3).matrix, wide.random(seed=3).matrix
    assert found.dtype == torch.bfloat16
    if shape[0] <= 8192 or shape[0] % 8192 * shape[1] >= 16:
        assert torch.equal(found, expected.to(torch.bfloat16))
    torch.testing.assert_close(
        found.float().norm(dim=1), wide.matrix.norm(dim=1), rtol=0.01, atol=0
    )


def test_the_random_head_in_float32_is_what_it_always_was():
    head = make(9000, 5)
    directions = torch.randn((9000, 5), generator=torch.Generator().manual_seed(3))
    directions *= (head.matrix.norm(dim=1) / directions.norm(dim=1)).unsqueeze(1)
    assert torch.equal(head.random(seed=3).matrix, directions)


def test_fingerprints_in_half():
    heads = [make(9, 4, dtype) for dtype in (torch.float32, torch.bfloat16, torch.float16)]
    heads += [heads[1].random(), heads[1].restricted(np.arange(9) < 8)]
    assert len({head.fingerprint for head in heads}) == len(heads)
    assert heads[1].fingerprint == make(9, 4, torch.bfloat16).fingerprint


def test_the_fingerprint_in_float32_is_what_it_always_was():
    head = make(9000, 4)
    import hashlib

    said = hashlib.sha256(b"head 1.0 None")
    said.update(head.matrix.numpy().tobytes() + head.ids.numpy().tobytes() + b"--")
    assert head.fingerprint == said.hexdigest()


def test_rows_that_are_not_the_first_are_a_copy_of_their_own():
    head = make(9, 4)
    last = head.restricted(np.arange(9) > 3)
    assert torch.equal(last.matrix, head.matrix[4:])
    assert last.matrix.data_ptr() != head.matrix.data_ptr()
    assert len(head.restricted(np.zeros(9, bool))) == 0


def test_a_head_of_another_width_is_refused(checkpoint):
    it = in_half(checkpoint, "llama", "float32", head=str(checkpoint("opt-350m")))
    message = r"takes vectors of width 16, but llama gives width 32"
    with pytest.raises(TokalignError, match=message):
        load_head(it)


def test_a_bias_of_another_length_is_refused(checkpoint, tmp_path):
    from safetensors.torch import load_file, save_file

    tensors = load_file(checkpoint("gptj") / "model.safetensors")
    tensors["lm_head.bias"] = tensors["lm_head.bias"][:-1].clone()
    save_file(tensors, tmp_path / "model.safetensors")
    (tmp_path / "config.json").write_bytes((checkpoint("gptj") / "config.json").read_bytes())
    with pytest.raises(TokalignError, match=r"lm_head of .* has a bias \(419,\) that does not fit"):
        read_head(tmp_path, "lm_head")


PEAK = """
    import sys
    from pathlib import Path
    import numpy as np, torch
    from tokalign.embedders import load_embedder
    from tokalign.embedders.inspecting.inspection import model_config
    from tokalign.embedders.files.weights import Weights
    from tokalign.tokens import decode, load_head
    from tokalign.tokens.reading import Source, _read

    def peak():
        return int(Path("/proc/self/status").read_text().partition("VmHWM:")[2].split()[0]) * 1024

    torch.set_num_threads(1)
    folder = Path(sys.argv[1])
    it = load_embedder(str(folder), dtype="bfloat16")
    vectors = it.encode(["a", "b"])
    own = it.model.get_input_embeddings().weight
    small = load_head(it)
    decode(vectors, small, 5)
    before = peak()
    load_head(it)
    source = Source(model_config(folder), Weights(folder), small.owner, own)
    head = _read(source, "lm_head")
    assert len(head) == len(own) > 100_000
    decode(vectors, head, 5)
    head.fingerprint
    print(peak() - before, own.nbytes)
"""


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="no /proc to read a peak from")
def test_no_second_matrix_by_the_peak_of_a_process(checkpoint):
    """Stored in float32, loaded in bfloat16, so that the model's weights are all in memory."""
    folder = checkpoint("llama-tied", tag="tall", rows=150_000, hidden_size=256)
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(PEAK), str(folder)],
        check=True, capture_output=True, text=True, timeout=300,
    )  # fmt: skip
    more, matrix = map(int, done.stdout.split())
    assert matrix > 75e6
    assert more < 0.6 * matrix  # one copy in bfloat16 would be 1, in float32 2

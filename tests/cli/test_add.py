"""``tokalign add``: layouts are read, checked, written; what is wrong is not."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
from checkpoints import TEXTS
from layouts import adapter_folder, edit_json, gritlm_folder, sentence_transformers_folder
from safetensors.torch import load_file, save_file

from tokalign.embedders import load_embedder
from tokalign.embedders.recipes.registry import read_entries

pytest.importorskip("sentence_transformers", reason="the reference is not installed")

PROMPTS = {"query": "query:", "document": "passage:"}
ALWAYS = ["weights", "attention", "own logits", "batch size", "padding side", "different texts"]
ST = "sentence-transformers"


@pytest.fixture(scope="module")
def layouts(checkpoint, tmp_path_factory):
    """Name -> folder, each made once."""
    root = tmp_path_factory.mktemp("layouts")
    makers = {
        "st-decoder": lambda to: sentence_transformers_folder(
            checkpoint("gpt_neo"), to, "weightedmean", prompts=PROMPTS, default="query"
        ),
        "st-encoder": lambda to: sentence_transformers_folder(
            checkpoint("bert"), to, "mean", normalise=True, prompts=PROMPTS, default="query",
            include_prompt=False,
        ),
        "decoder": lambda to: shutil.copytree(checkpoint("llama"), to),
        "encoder": lambda to: shutil.copytree(checkpoint("roberta"), to),
        "lora": lambda to: adapter_folder(checkpoint("llama"), to),
        "gritlm": lambda to: gritlm_folder(checkpoint("mistral"), to),
    }  # fmt: skip
    made: dict[str, Path] = {}

    def make(name):
        if name not in made:
            made[name] = makers[name](root / name)
        return made[name]

    return make


@pytest.fixture
def file(tmp_path) -> Path:
    """The user's file, see the fixture of the command line."""
    return tmp_path / "embedders.yaml"


LAYOUTS = {
    "st-decoder": (
        {"readout": "lm_head", "pooling": "weighted_mean", "attention": "causal",
         "template": "query:{text}", "max_length": 100,
         "prompts": {name: {"template": text + "{text}", "pool_over": "all"}
                     for name, text in PROMPTS.items()}},
        [ST, f"{ST}, prompt query", f"{ST}, prompt document"],
    ),
    "st-encoder": (
        {"readout": "tied_input", "pooling": "mean", "attention": "bidirectional",
         "normalise": True, "pool_over": "after_prompt", "template": "query:{text}"},
        [ST, f"{ST}, prompt query", f"{ST}, prompt document"],
    ),
    "decoder": ({"role": "backbone", "readout": "lm_head", "pooling": "last"}, []),
    "encoder": ({"readout": "mlm", "pooling": "mean", "max_length": 126}, []),
    "lora": ({"readout": "lm_head", "pooling": "last", "backbone": "llama"}, []),
    "gritlm": (
        {"readout": "lm_head", "pooling": "mean", "attention": "bidirectional",
         "normalise": True, "pool_over": "after_prompt",
         "template": "<|user|>\n{instruction}\n<|embed|>\n{text}",
         "bare_template": "<|embed|>\n{text}"},
        [],
    ),
}  # fmt: skip


@pytest.mark.parametrize("layout", LAYOUTS)
def test_a_layout_is_added_and_taken_at_once(cli, layouts, file, tmp_path, layout) -> None:
    folder = layouts(layout)
    fields, compared = LAYOUTS[layout]
    answer = cli("add", str(folder), "--name", f"my-{layout}", "--json")
    assert answer.err == ""
    said = answer.document
    assert list(said) == ["name", "entry", "checks", "file", "written"]
    assert (said["name"], said["file"], said["written"]) == (f"my-{layout}", str(file), True)
    assert {key: said["entry"][key] for key in fields} == fields
    assert Path(said["entry"]["checkpoint"]).is_absolute()
    assert all(list(check) == ["name", "passed", "value", "allowed"] for check in said["checks"])
    assert {check["passed"] for check in said["checks"]} == {True}
    names = [check["name"] for check in said["checks"]]
    assert sorted(names) == sorted(ALWAYS + compared)
    figures = {check["name"]: check["value"] for check in said["checks"]}
    for name in ("batch size", "padding side", *compared):
        assert 0 <= figures[name] < 1e-5, name
    if fields["readout"] == "tied_input":
        assert figures["own logits"].startswith("not compared")
    else:
        assert 0 <= figures["own logits"] < 1e-5
    assert not (folder / "it-ran").exists()

    [(name, recipe)] = read_entries(file.read_text(), "mine").items()
    assert recipe.model_dump(mode="json", exclude_defaults=True) == {
        "name": name, **said["entry"]
    }  # fmt: skip
    by_name = load_embedder(name)
    assert by_name.recipe == recipe
    texts = tmp_path / "texts.txt"
    texts.write_text("\n".join(TEXTS))
    measured = cli("measure", "--embedder", name, "--dataset", str(texts), "--k", "3", "--json")
    assert measured.document["n"] == len(TEXTS)
    assert name in [row["name"] for row in cli("embedders", "--json").document]


def test_the_added_embedder_gives_the_references_vectors(cli, layouts) -> None:
    from sentence_transformers import SentenceTransformer

    folder = layouts("st-decoder")
    assert cli("add", str(folder)).code == 0
    found = load_embedder("st-decoder")
    reference = SentenceTransformer(str(folder), device="cpu")
    for prompt in (None, "query", "document"):
        more = {"prompt_name": prompt} if prompt else {}
        expected = reference.encode(TEXTS, **more)
        vectors = found.encode(TEXTS, prompt_name=prompt).vectors
        assert np.abs(vectors - expected).max() < 1e-4


def test_people_see_the_entry_and_the_figures(cli, layouts, file) -> None:
    said = cli("add", str(layouts("decoder")), "--name", "mine", "--dry-run")
    assert (said.code, said.err) == (0, "")
    for part in ("Proposed for", "mine:\n", "  checkpoint: ", "own logits", "at most 1e-05",
                 "not written, for --dry-run"):  # fmt: skip
        assert part in said.out
    assert not file.exists()
    assert "written to" in cli("add", str(layouts("decoder")), "--name", "mine").out
    assert "mine:" in file.read_text()


def swap_heads(folder: Path) -> None:
    """The head is said to be the input embeddings, but the checkpoint holds another."""
    edit_json(folder / "config.json", tie_word_embeddings=True)


def another_width(folder: Path) -> None:
    edit_json(folder / "1_Pooling" / "config.json", embedding_dimension=64)


def a_dense_layer(folder: Path) -> None:
    listed = json.loads((folder / "modules.json").read_text())
    dense = {"idx": 3, "name": "3", "path": "3_Dense", "type": "sentence_transformers.models.Dense"}
    (folder / "modules.json").write_text(json.dumps([*listed, dense]))


def a_tensor_lost(folder: Path) -> None:
    tensors = load_file(folder / "model.safetensors")
    del tensors["model.layers.1.mlp.up_proj.weight"]
    save_file(tensors, folder / "model.safetensors", metadata={"format": "pt"})


def nothing(folder: Path) -> None:
    """What is wrong comes from --set."""


BIDIRECTIONAL = ["--set", "attention", "bidirectional"]


@pytest.mark.parametrize(
    ("layout", "spoil", "words", "parts"),
    [
        ("st-decoder", nothing, BIDIRECTIONAL, ["check of attention failed", "is causal"]),
        ("decoder", swap_heads, [], ["check of own logits failed", "at most 1e-05"]),
        ("decoder", nothing, ["--set", "readout", "mlm"], ["own logits failed", "no masked-LM"]),
        ("decoder", a_tensor_lost, [], ["check of weights failed", "1 tensors missing"]),
        ("decoder", nothing, ["--set", "end_token", "<none>"], ["<none>"]),
        ("st-encoder", another_width, [], ["made for vectors of dimension 64", "says 32"]),
        ("st-encoder", a_dense_layer, [], ["after Dense the vector has left", "allowed: Dropout"]),
        ("st-encoder", nothing, ["--set", "pool_over", "all"],
         ["check of sentence-transformers failed", "at most 1e-05"]),
        ("st-encoder", nothing, ["--set", "pooling", "cls"], ["of sentence-transformers failed"]),
        ("st-decoder", nothing, ["--set", "pooling", "mean"], ["of sentence-transformers failed"]),
        ("st-decoder", nothing, ["--set", "template", "{text}"],
         ["check of sentence-transformers failed"]),
        ("st-decoder", nothing, ["--set", "prompts", "{query: {template: 'qu: {text}'}}"],
         ["check of sentence-transformers, prompt query failed"]),
        ("st-decoder", nothing, ["--set", "prompts", "{ask: {template: 'query:{text}'}}"],
         ["prompt ask failed", "one of document, query"]),
    ],
    ids=lambda value: getattr(value, "__name__", None),
)  # fmt: skip
def test_what_is_declared_wrongly_is_caught(
    cli, layouts, file, tmp_path, layout, spoil, words, parts
) -> None:
    file.write_text("# mine\n")
    folder = shutil.copytree(layouts(layout), tmp_path / "copy")
    assert cli("add", str(folder), "--dry-run").code == 0  # it is sound before it is spoilt
    spoil(folder)
    said = cli("add", str(folder), "--json", *words).users_error()
    for part in parts:
        assert part in said
    plain = cli("add", str(folder), *words)
    assert (plain.code, plain.err) == (2, said)
    assert file.read_text() == "# mine\n"


@pytest.mark.parametrize(
    ("words", "parts"),
    [
        (["all-minilm-l6-v2"], ["is in the registry already", "./all-minilm-l6-v2"]),
        (["nobody"], ["unknown embedder 'nobody'"]),
        (["FOLDER", "--name", "all-minilm-l6-v2"], ["is a name of the package"]),
        (["FOLDER", "--name", "a,b"], ["'a,b' cannot be a name", "--name"]),
        (["FOLDER", "--name", "-x"], ["cannot be a name"]),
        (["FOLDER", "--name", "a/b"], ["cannot be a name"]),
        (["FOLDER", "--set", "poolin", "mean"], ["unknown field 'poolin'", "did you mean pooling"]),
        (["FOLDER", "--set", "pooling", "max"], ["pooling", "'weighted_mean'"]),
        (["FOLDER", "--set", "name", "x"], ["--name"]),
        (["FOLDER", "--set", "normalise", "perhaps"], ["normalise", "boolean"]),
        (["FOLDER", "--set", "max_length", "0"], ["max_length", "greater than"]),
        (["FOLDER", "--set", "prompts", "{"], ["not valid YAML"]),
        (["FOLDER", "--set", "note", "a", "--set", "note", "b"], ["given twice"]),
        (["FOLDER", "--dtype", "int3"], ["unknown dtype 'int3'"]),
        (["FOLDER", "--device", "gpu"], ["device 'gpu' is not there"]),
        (["FOLDER", "--out", "x"], ["--run, which is not given"]),
        (["FOLDER", "-p", "limit", "3"], ["--run, which is not given"]),
        (["FOLDER", "--run", "universality", "--dry-run"], ["--dry-run writes no entry"]),
        (["FOLDER", "--run", "nineteenth"], ["unknown chapter 'nineteenth'"]),
        (["FOLDER", "--run", "1", "-p", "limt", "3"], ["unknown parameter 'limt'"]),
        (["FOLDER", "--run", "1", "-p", "embedders", "x"], ["embedders is the one added"]),
        (["FOLDER", "--run", "1", "-p", "k", "3", "-p", "k", "4"], ["'k' is given twice"]),
    ],
)
def test_bad_words_are_told_before_anything_is_written(cli, layouts, file, words, parts) -> None:
    folder = str(layouts("decoder"))
    said = cli("add", *(folder if w == "FOLDER" else w for w in words), "--json").users_error()
    for part in parts:
        assert part in said
    assert not file.exists()


def test_what_is_set_is_kept(cli, layouts, file) -> None:
    fields = {"template": "query: {text}", "pooling": "mean", "family": "control", "note": "null"}
    words = [word for field, value in fields.items() for word in ("--set", field, value)]
    entry = cli("add", str(layouts("decoder")), *words, "--json").document["entry"]
    assert entry["template"] == "query: {text}"
    assert (entry["pooling"], entry["family"], entry["note"]) == ("mean", "control", "null")
    file.unlink()
    entry = cli("add", str(layouts("decoder")), "--set", "revision", "null", "--json").document
    assert "revision" not in entry["entry"]


def test_folders_that_are_set_are_written_in_full(cli, layouts, checkpoint, monkeypatch) -> None:
    """The head of another checkpoint, named from the current folder."""
    base = checkpoint("llama")
    monkeypatch.chdir(base.parent)
    said = cli("add", str(layouts("lora")), "--set", "head", f"./{base.name}", "--json").document
    assert said["entry"]["head"] == str(base)
    assert {check["passed"] for check in said["checks"]} == {True}


def test_an_existing_entry_is_replaced_only_when_asked(cli, layouts, file) -> None:
    folder = str(layouts("decoder"))
    assert cli("add", folder, "--name", "mine").code == 0
    before = file.read_text()
    said = cli("add", folder, "--name", "mine", "--set", "pooling", "mean").users_error()
    assert "'mine' stands in" in said
    assert "--replace" in said
    assert file.read_text() == before
    words = ["--name", "mine", "--set", "pooling", "mean", "--replace"]
    assert cli("add", folder, *words, "--json").document["written"] is True
    assert read_entries(file.read_text(), "mine")["mine"].pooling == "mean"


def test_half_precision_has_its_own_bound(cli, layouts) -> None:
    said = cli("add", str(layouts("decoder")), "--dtype", "bfloat16", "--json").document
    bounds = {check["name"]: check["allowed"] for check in said["checks"]}
    assert bounds["own logits"] == bounds["padding side"] == "at most 0.05"


def test_a_configuration_folder_is_made(cli, layouts, tmp_path, monkeypatch) -> None:
    file = tmp_path / "not" / "there" / "mine.yaml"
    monkeypatch.setenv("TOKALIGN_EMBEDDERS", str(file))
    assert cli("add", str(layouts("decoder")), "--json").document["file"] == str(file)
    assert "decoder:" in file.read_text()


@pytest.mark.slow
def test_one_command_from_a_folder_to_its_page(layouts, tmp_path, monkeypatch, shell) -> None:
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    monkeypatch.chdir(tmp_path)
    # A file named from here: the chapter is executed elsewhere.
    monkeypatch.setenv("TOKALIGN_EMBEDDERS", "mine.yaml")
    words = ["--run", "universality", "-p", "limit", "12", "--out", str(tmp_path / "out")]
    folder = str(layouts("st-encoder"))
    said = shell("add", folder, "--name", "brand-new", *words, "--json").document
    assert said["written"] is True
    page = Path(said["page"])
    assert page.is_relative_to(tmp_path / "out")
    assert "brand-new" in (page.parent / "chapters" / "01_universality.html").read_text("utf-8")

"""The registry's entries: what the paper's table says of them, and what holds of every one."""

from __future__ import annotations

import json
import re
from importlib import resources

import pytest
from click.testing import CliRunner

from tokalign.cli.main import app
from tokalign.embedders.files.checkpoints import is_available
from tokalign.embedders.recipes.recipe import Recipe
from tokalign.embedders.recipes.registry import read_entries
from tokalign.train.contrastive.plans import plan

#: The package's own, whatever file of theirs a user has.
ENTRIES = read_entries(
    resources.files("tokalign.embedders.recipes").joinpath("registry.yaml").read_text("utf-8"),
    "registry.yaml",
)
#: Those that come with the book have no hub id.
ELSEWHERE = {n: r for n, r in ENTRIES.items() if r.family != "mini"}
MINIS = {n: r for n, r in ENTRIES.items() if r.family == "mini"}
EMBEDDERS = {n: r for n, r in ENTRIES.items() if r.role == "embedder"}

GPT_NEO, OPT, LLAMA = "EleutherAI/gpt-neo-1.3B", "facebook/opt-1.3b", "huggyllama/llama-7b"
INSTRUCT, MNTP = (
    "mistralai/Mistral-7B-Instruct-v0.2",
    "McGill-NLP/LLM2Vec-Mistral-7B-Instruct-v2-mntp",
)
EOL = 'This sentence : "{text}" means in one word:"'

#: Name -> checkpoint, adapters, backbone, owner of the head, pooling, attention, normalised.
PAPER = {
    "sgpt-nli": ("Muennighoff/SGPT-1.3B-weightedmean-nli", (), "gpt-neo", GPT_NEO,
                 "weighted_mean", "causal", False),
    "sgpt-msmarco": ("Muennighoff/SGPT-1.3B-weightedmean-msmarco-specb-bitfit", (), "gpt-neo",
                     GPT_NEO, "weighted_mean", "causal", False),
    "opt-eol": (OPT, (), "opt", OPT, "last", "causal", False),
    "opt-eol-cse": (OPT, ("royokong/prompteol-opt-1.3b",), "opt", OPT, "last", "causal", False),
    "llama-eol": (LLAMA, (), "llama", LLAMA, "last", "causal", False),
    "llama-eol-cse": (LLAMA, ("royokong/prompteol-llama-7b",), "llama", LLAMA, "last", "causal",
                      False),
    "gritlm": ("GritLM/GritLM-7B", (), "mistral", "GritLM/GritLM-7B", "mean", "bidirectional",
               True),
    "llm2vec": (INSTRUCT, (MNTP, f"{MNTP}-supervised"), "mistral-instruct", INSTRUCT, "mean",
                "bidirectional", False),
}  # fmt: skip

#: Name -> checkpoint, pooling, normalised.
BACKBONES = {
    "gpt-neo": (GPT_NEO, "weighted_mean", False),
    "opt": (OPT, "last", False),
    "llama": (LLAMA, "last", False),
    "mistral": ("mistralai/Mistral-7B-v0.1", "mean", True),
    "mistral-instruct": (INSTRUCT, "mean", False),
}

#: Name -> what the model reads without and with the instruction "I", for the text "T".
READ = {
    "sgpt-nli": ("T", None),
    "sgpt-msmarco": ("T", None),
    **dict.fromkeys(("opt-eol", "opt-eol-cse", "llama-eol", "llama-eol-cse", "llama2-eol",
                     "mini-opt-eol", "mini-opt-eol-cse"),
                    (EOL.format(text="T"), None)),
    "gritlm": ("<|embed|>\nT", "<|user|>\nI\n<|embed|>\nT"),
    "llm2vec": ("[INST] T [/INST]", "[INST] I T [/INST]"),
    "llm2vec-unsup": ("[INST] T [/INST]", "[INST] I T [/INST]"),
    "llm2vec-llama3": ("<|start_header_id|>user<|end_header_id|>\n\nT<|eot_id|>",
                       "<|start_header_id|>user<|end_header_id|>\n\nI T<|eot_id|>"),
    **dict.fromkeys(("e5-mistral", "sfr-embedding-mistral", "linq-embed-mistral",
                     "gte-qwen2-7b-instruct", "gte-qwen2-1.5b-instruct"),
                    ("T", "Instruct: I\nQuery: T")),
    **dict.fromkeys(("qwen3-embedding-0.6b", "qwen3-embedding-4b", "qwen3-embedding-8b"),
                    ("T", "Instruct: I\nQuery:T")),
    "bge-en-icl": ("T", "<instruct>I\n<query>T\n<response>"),
    "e5-base": ("query: T", None),
    "modernbert-embed-base": ("search_document: T", None),
}  # fmt: skip

HUB_ID = re.compile(r"[A-Za-z0-9][\w.-]*/[\w-][\w.-]*")
COMMIT = re.compile(r"[0-9a-f]{40}|refs/pr/\d+")


def read(recipe: Recipe, instruction: str | None = None) -> str:
    before, after = recipe.prompt(instruction)
    return f"{before}T{after}"


@pytest.mark.parametrize("name", PAPER)
def test_the_papers_embedders_are_those_of_its_table(name: str) -> None:
    recipe = ENTRIES[name]
    adapters = tuple(adapter.partition("@")[0] for adapter in recipe.adapters)
    found = (recipe.checkpoint, adapters, recipe.backbone, recipe.head_owner, recipe.pooling,
             recipe.attention, recipe.normalise)  # fmt: skip
    assert found == PAPER[name]
    assert (recipe.family, recipe.role, recipe.readout) == ("paper", "embedder", "lm_head")


@pytest.mark.parametrize("name", BACKBONES)
def test_the_papers_backbones_are_plain_language_models(name: str) -> None:
    recipe = ENTRIES[name]
    assert (recipe.checkpoint, recipe.pooling, recipe.normalise) == BACKBONES[name]
    assert (recipe.family, recipe.role, recipe.readout) == ("paper", "backbone", "lm_head")
    assert (recipe.attention, recipe.template) == ("causal", "{text}")


def test_no_other_entry_says_that_it_is_the_papers() -> None:
    of_the_paper = {name for name, recipe in ENTRIES.items() if recipe.family == "paper"}
    assert of_the_paper == {*PAPER, *BACKBONES}


@pytest.mark.parametrize("name", READ)
def test_a_model_reads_its_published_prompt_to_the_letter(name: str) -> None:
    bare, instructed = READ[name]
    recipe = ENTRIES[name]
    assert read(recipe) == bare
    assert recipe.takes_instruction == (instructed is not None)
    if instructed is not None:
        assert read(recipe, "I") == instructed
        assert read(recipe, "") == bare


def test_whatever_is_not_plain_text_has_its_prompt_written_out_above() -> None:
    assert {name for name, recipe in ENTRIES.items() if recipe.needs_prompt} <= set(READ)


@pytest.mark.parametrize("name", [n for n, r in EMBEDDERS.items() if r.takes_instruction])
def test_a_query_has_an_instruction_and_a_document_none(name: str) -> None:
    recipe = ENTRIES[name]
    query, document = recipe.named("query"), recipe.named("document")
    assert set(recipe.prompts) == {"query", "document"}
    assert read(query) == read(recipe, query.instruction) != read(recipe)
    assert read(document) == read(recipe)
    assert query.instruction == query.instruction.strip() != ""


def test_sgpt_puts_its_brackets_round_only_where_a_prompt_is_named() -> None:
    recipe = ENTRIES["sgpt-msmarco"]
    assert recipe.brackets is None
    assert recipe.named("query").brackets == ("[", "]")
    assert recipe.named("document").brackets == ("{", "}")
    assert (recipe.max_length, ENTRIES["sgpt-nli"].max_length) == (300, 75)


@pytest.mark.parametrize("name", ["gritlm", "llm2vec", "llm2vec-unsup", "llm2vec-llama3"])
def test_the_instruction_is_left_out_of_the_pool(name: str) -> None:
    recipe = ENTRIES[name]
    assert recipe.pool_over == ("after_prompt" if name == "gritlm" else "read_alone")
    assert recipe.text_max_length == (None if name == "gritlm" else 400)
    assert recipe.max_length == 512


@pytest.mark.parametrize("name", [n for n, r in EMBEDDERS.items() if r.pooling == "last"])
def test_what_is_read_at_its_last_token_ends_with_a_known_one(name: str) -> None:
    recipe = ENTRIES[name]
    assert recipe.end_token or recipe.template == EOL


@pytest.mark.parametrize("name", EMBEDDERS)
def test_an_embedder_and_its_backbone_agree_on_the_head(name: str) -> None:
    recipe = EMBEDDERS[name]
    if recipe.backbone not in ENTRIES:
        assert recipe.backbone is None
        return
    backbone = ENTRIES[recipe.backbone]
    assert backbone.role == "backbone"
    assert backbone.readout == recipe.readout
    assert recipe.head_owner in {backbone.head_owner, recipe.checkpoint}
    if recipe.head is not None:
        assert recipe.head == f"{backbone.checkpoint}@{backbone.revision}"
    if recipe.checkpoint == backbone.checkpoint:
        assert (recipe.revision, recipe.gated) == (backbone.revision, backbone.gated)


@pytest.mark.parametrize("name", ENTRIES)
def test_a_backbone_owns_its_head_and_has_no_backbone(name: str) -> None:
    recipe = ENTRIES[name]
    if recipe.role == "backbone":
        assert (recipe.head, recipe.backbone, recipe.adapters) == (None, None, ())


@pytest.mark.parametrize("name", ENTRIES)
def test_every_entry_says_where_it_comes_from(name: str) -> None:
    recipe = ENTRIES[name]
    assert recipe.source
    assert recipe.training
    assert recipe.licence
    assert recipe.parameters is not None
    assert recipe.parameters > 1_000_000
    prose = (recipe.note, recipe.source, recipe.training, recipe.licence, recipe.gated)
    assert all(said == said.strip() and "  " not in said for said in prose)


@pytest.mark.parametrize("name", ELSEWHERE)
def test_every_hub_id_and_revision_is_well_formed(name: str) -> None:
    recipe = ENTRIES[name]
    assert recipe.revision is None or COMMIT.fullmatch(recipe.revision)
    own = recipe.hub if recipe.checkpoint.startswith("package:") else recipe.checkpoint
    assert HUB_ID.fullmatch(own or "")
    for named in (*recipe.adapters, *([recipe.head] if recipe.head else [])):
        repo, at, commit = named.partition("@")
        assert HUB_ID.fullmatch(repo)
        assert COMMIT.fullmatch(commit) if at else not commit


@pytest.mark.parametrize("name", ELSEWHERE)
def test_a_revision_that_is_missing_is_accounted_for(name: str) -> None:
    recipe = ENTRIES[name]
    if recipe.revision is None or any("@" not in adapter for adapter in recipe.adapters):
        assert "commit" in recipe.note


@pytest.mark.parametrize("name", MINIS)
def test_a_miniature_is_there_and_read_as_it_was_trained(name: str) -> None:
    recipe = MINIS[name]
    assert is_available(recipe)
    backbone = recipe if recipe.role == "backbone" else MINIS[str(recipe.backbone)]
    assert backbone.checkpoint == f"book:{backbone.name}"
    assert recipe.checkpoint in (f"book:{name}", backbone.checkpoint)
    assert recipe.head_owner == recipe.checkpoint
    if recipe.role == "embedder":
        planned = plan(name).recipe(recipe.checkpoint, recipe.adapters)
        aside = {"parameters", "training", "licence", "note", "source"}
        assert recipe.model_dump(exclude=aside) == planned.model_dump(exclude=aside)


@pytest.mark.parametrize("name", ENTRIES)
def test_metas_weights_say_what_has_to_be_accepted(name: str) -> None:
    recipe = ENTRIES[name]
    if recipe.checkpoint.startswith(("meta-llama/", "huggyllama/")):
        assert "https://" in recipe.gated
    assert not recipe.gated or "https://" in recipe.gated


def test_the_command_lists_every_entry_with_the_fields_of_the_contract() -> None:
    done = CliRunner().invoke(app, ["embedders", "--json"])
    assert done.exit_code == 0, done.output
    rows = json.loads(done.stdout)
    assert [row["name"] for row in rows] == list(ENTRIES)
    fields = ["name", "family", "role", "backbone", "pooling", "readout", "available"]
    assert all(list(row) == fields for row in rows)
    assert all(isinstance(row["available"], bool) for row in rows)
    for row in rows:
        recipe = ENTRIES[row["name"]]
        assert {field: row[field] for field in fields[:-1]} == {
            field: getattr(recipe, field) for field in fields[:-1]
        }

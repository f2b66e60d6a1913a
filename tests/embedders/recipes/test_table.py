"""The registry in words."""

from __future__ import annotations

from tokalign.embedders import recipe_facts, recipes_frame, registry


def test_one_row_a_recipe_in_their_order():
    known = registry()
    frame = recipes_frame(known.values())
    assert frame["name"].tolist() == list(known)
    assert not frame.isna().any(axis=None)


def test_whose_head_decodes():
    frame = recipes_frame(registry().values()).set_index("name")["decoded by"]
    assert frame["sgpt-nli"] == "head of gpt-neo"
    assert frame["opt-eol-cse"] == "head of opt"
    assert frame["gritlm"] == "its own head"
    assert frame["llm2vec"] == "head of mistral-instruct"
    assert frame["gpt-neo"] == "its own head"
    assert frame["contriever"] == "masked-LM head of bert"
    assert frame["all-minilm-l6-v2"] == "its own input embeddings"


def test_the_facts_tell_what_an_entry_says():
    facts = recipe_facts(registry()["gritlm"])
    assert facts["reads"] == "<|user|>↵{instruction}↵<|embed|>↵{text}"
    assert facts["without an instruction"] == "<|embed|>↵{text}"
    assert facts["length"] == "brought to 1"
    assert "gated" not in facts
    assert "Meta" in recipe_facts(registry()["llama-eol"])["gated"]
    brackets = recipe_facts(registry()["sgpt-msmarco"])["prompts"]
    assert brackets == "query: brackets '[ ]'; document: brackets '{ }'"

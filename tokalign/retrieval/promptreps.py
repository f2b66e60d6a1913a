"""PromptReps (arXiv 2404.18424), the nearest sparse baseline that needs no training either.

A language model is asked for the one word that stands for a text. Of the logits of the next token
those of the text's own tokens are kept (see `literal`); the last hidden state is the dense vector.
Queries are read the same way. No text is expanded. The steps are those of the authors' published
code (ielab/PromptReps). What differs here:

- The prompts are written for this book and are plain text, without the marks of a chat model.
- Words are runs of letters and digits, and the stop words scikit-learn's; there they are NLTK's.

Tokens are columns as they are, unmerged, as published: a text is lower-cased and each word cut into
tokens by itself, and after a prompt that ends in a quotation mark comes a token without a leading
space. A small vocabulary has few of these, and cuts words to pieces: ``merge="case"`` gives a word
the tokens that it has after a space as well.
"""

from __future__ import annotations

import hashlib
from dataclasses import replace

from tokalign.datasets import RetrievalSet
from tokalign.embedders import Embedder, Recipe
from tokalign.embedders.recipes.recipe import Prompt
from tokalign.errors import TokalignError
from tokalign.retrieval.literal import LiteralVectors, literal_vectors
from tokalign.retrieval.sparse.settings import Merge
from tokalign.store import Store

#: How a document and a query are read.
PROMPTS = (
    'Passage: "{text}". In lower case, the one word that best helps to find this passage is: "',
    'Query: "{text}". In lower case, the one word that best helps to answer this query is: "',
)


def promptreps_recipe(recipe: Recipe, prompts: tuple[str, str] = PROMPTS) -> Recipe:
    """How a language model is read for PromptReps: by a prompt, at its last token.

    Args:
        recipe: Any causal model with a trained head; its own way of reading is laid aside.
        prompts: What is read of a document and of a query, ``{text}`` in each once.

    Raises:
        TokalignError: The model does not predict a next token, or a prompt lacks ``{text}``.

    >>> gpt = Recipe(name="gpt", checkpoint="c", readout="lm_head", pooling="mean",
    ...              attention="causal", max_length=64)
    >>> made = promptreps_recipe(gpt)
    >>> made.name, made.pooling, made.named("query").template[:14]
    ('gpt (promptreps)', 'last', 'Query: "{text}')
    """
    if recipe.attention != "causal" or recipe.readout != "lm_head":
        raise TokalignError(
            f"{recipe.name} predicts no next token (attention {recipe.attention}, readout "
            f"{recipe.readout}), so PromptReps cannot ask it for a word; allowed: attention causal "
            "with readout lm_head; literal_filter takes any embedder"
        )
    for prompt in prompts:
        if prompt.count("{text}") != 1:
            raise TokalignError(f"prompt {prompt!r} must hold {{text}} exactly once")
    named = {side: Prompt(template=prompts[i]) for i, side in enumerate(("document", "query"))}
    reading: dict[str, object] = {
        "name": f"{recipe.name} (promptreps)", "role": "embedder", "pooling": "last",
        "pool_over": "all", "template": prompts[0], "bare_template": None, "instruction": "",
        "prompts": named, "brackets": None, "end_token": None, "strip": "both",
        "text_max_length": None, "normalise": False, "lowercase": False,
    }  # fmt: skip
    return recipe.model_copy(update=reading)


def promptreps(
    embedder: Embedder,
    data: RetrievalSet,
    store: Store | None = None,
    *,
    prompts: tuple[str, str] = PROMPTS,
    merge: Merge = "none",
    progress: bool = False,
) -> LiteralVectors:
    """A collection as PromptReps represents it.

    Args:
        embedder: A loaded causal model, however its own recipe reads.
        data: The collection.
        store: Where the hidden states are kept; None computes everything.
        prompts: See `promptreps_recipe`.
        merge: Which tokens share a column, with the best of their logits; see `columns_of`.
        progress: Show progress bars on standard error.

    Raises:
        TokalignError: See `promptreps_recipe` and `embedded`.
    """
    recipe = promptreps_recipe(embedder.recipe, prompts)
    read = f"{embedder.fingerprint}\n{recipe.deciding()}"
    reader = replace(embedder, recipe=recipe, fingerprint=hashlib.sha256(read.encode()).hexdigest())
    return literal_vectors(reader, data, store, merge, progress)

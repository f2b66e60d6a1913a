"""What an embedder reads, where its vector is taken and which head decodes it: its recipe, drawn.

The drawings show kinds of tokens, not those of a real text: they are made from the recipe alone,
so an embedder can be drawn that is not on this machine.
"""

from __future__ import annotations

import html
from collections.abc import Sequence
from dataclasses import dataclass

import matplotlib.pyplot as plt
import seaborn as sns
from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from matplotlib.patches import FancyBboxPatch

from tokalign.embedders import Recipe
from tokalign.embedders.recipes.table import hub_id
from tokalign.figures.picture import BLUE, GREY, ORANGE, TEXT, Picture, picture, theme
from tokalign.figures.words import short

#: How many boxes stand for the tokens of a text.
_TOKENS = 4
_POOLING = {
    "mean": "mean",
    "weighted_mean": "mean, weighted by position",
    "last": "last one",
    "cls": "first one",
}


@dataclass(frozen=True)
class Slot:
    """One kind of token in what is read.

    Attributes:
        kind: ``special``, ``prompt``, ``text`` or ``end``.
        weight: Its share in the vector, relative to the largest; 0 where it is not pooled.
    """

    kind: str
    weight: float


def slots(recipe: Recipe) -> list[Slot]:
    """The kinds of tokens that a recipe reads, and what each has to say in the vector.

    Args:
        recipe: Whose.

    Returns:
        The slots in reading order.

    >>> eol = Recipe(name="x", checkpoint="c", readout="lm_head", pooling="last",
    ...              attention="causal", template='"{text}" means:"', max_length=64)
    >>> [(slot.kind, slot.weight) for slot in slots(eol)][-2:]
    [('text', 0.0), ('prompt', 1.0)]
    """
    before, after = recipe.prompt(recipe.instruction or ("…" if recipe.takes_instruction else ""))
    kinds = [
        *["bracket"] * bool(recipe.brackets),
        *["prompt"] * bool(before.strip()),
        *["text"] * _TOKENS,
        *["prompt"] * bool(after.strip()),
        *["end"] * bool(recipe.end_token),
        *["bracket"] * bool(recipe.brackets),
    ]
    first = kinds.index("text")
    pooled = {
        "all": range(len(kinds)),
        "after_prompt": range(first, len(kinds)),
        "read_alone": range(first, len(kinds)),
        "text": range(first, first + _TOKENS),
    }[recipe.pool_over]
    if recipe.pooling == "last":
        weights = {pooled[-1]: 1.0}
    elif recipe.pooling == "cls":
        weights = {pooled[0]: 1.0}
    elif recipe.pooling == "weighted_mean":
        weights = {place: (place + 1) / (pooled[-1] + 1) for place in pooled}
    else:
        weights = dict.fromkeys(pooled, 1.0)
    return [Slot(kind, weights.get(place, 0.0)) for place, kind in enumerate(kinds)]


_FILL = {"text": BLUE, "prompt": ORANGE, "bracket": ORANGE, "end": ORANGE}
_WORD = {"text": "text", "prompt": "prompt", "bracket": "mark", "end": "end"}


def anatomy(recipe: Recipe) -> Picture:
    """One embedder from bottom to top: tokens, layers, pooling, vector, head, aligned tokens.

    Args:
        recipe: Whose.
    """
    read = slots(recipe)
    with theme(f"anatomy-{recipe.name}"):
        figure, axes = plt.subplots(figsize=(6.2, 5.6))
        axes.set(xlim=(0, 10), ylim=(0, 11.2))
        axes.axis("off")
        step = 10 / len(read)
        middles = [step * (place + 0.5) for place in range(len(read))]
        for slot, x in zip(read, middles, strict=True):
            _box(axes, x, 0.6, min(step - 0.2, 1.5), 0.8, _WORD[slot.kind], _FILL[slot.kind])
            _arrow(axes, (x, 1.1), (x, 2.0))
            _arrow(axes, (x, 4.0), (x, 4.7))
            held = slot.weight > 0
            edge = BLUE if held else GREY
            axes.scatter([x], [5.0], s=150, marker="o", linewidths=1.4,
                         facecolors=BLUE if held else "none", edgecolors=edge)  # fmt: skip
            if held:
                _arrow(axes, (x, 5.35), (5 + 0.6 * (x - 5), 6.85), width=0.6 + 1.6 * slot.weight)
        layers = "the layers of " + hub_id(recipe.checkpoint)
        more = f"with {len(recipe.adapters)} adapter{'s'[: len(recipe.adapters) - 1]} over them"
        seen = {"causal": "each token sees those before it",
                "bidirectional": "each token sees all tokens"}[recipe.attention]  # fmt: skip
        told = [layers, *([more] if recipe.adapters else []), seen + "; the final norm comes last"]
        _box(axes, 5, 3.0, 9.8, 1.9, "\n".join(told), GREY)
        pooled = "pooling: " + _POOLING[recipe.pooling]
        if recipe.normalise:
            pooled += ", brought to length 1"
        _box(axes, 5, 7.3, 6.8, 0.8, pooled, BLUE)
        _arrow(axes, (5, 7.75), (5, 8.5))
        axes.text(5.2, 8.05, "the embedding", ha="left", fontsize="small")
        owner = {
            "lm_head": f"language-model head of {hub_id(recipe.head_owner)}",
            "mlm": f"masked-LM head of {hub_id(recipe.head_owner)}",
            "tied_input": f"input embeddings of {hub_id(recipe.head_owner)}, no trained head",
        }[recipe.readout]
        _box(axes, 5, 9.0, 9.8, 0.9, owner, ORANGE)
        _arrow(axes, (5, 9.5), (5, 10.3))
        axes.text(5, 10.5, "one logit a token; the highest are the aligned tokens",
                  ha="center", va="bottom", fontsize="small")  # fmt: skip
        parts = ", ".join(
            f"{_WORD[s.kind]} ({'pooled' if s.weight else 'not pooled'})" for s in read
        )
        drawn = picture(
            figure,
            f"How {recipe.name} makes a vector, from bottom to top. It reads {parts}; "
            f"{'; '.join(told)}; states after the final norm; {pooled}; then the {owner} gives "
            "one logit for each token.",
        )
        return Picture(drawn.markup + _read_as(recipe), drawn.alt)


def _read_as(recipe: Recipe) -> str:
    """The prompt itself, below the drawing."""
    bare = recipe.bare_template
    lines = [f"It reads <code>{html.escape(recipe.template)}</code>"]
    if bare is not None:
        lines.append(f"without an instruction <code>{html.escape(bare)}</code>")
    words = "; ".join(lines).replace("\n", "↵")
    return f'<p class="tokalign-legend">{words}.</p>'


def readings(recipes: Sequence[Recipe]) -> Picture:
    """What several embedders read and what they pool: one row each.

    Args:
        recipes: Whose; the highest box of a row counts most in the vector.
    """
    names = short([recipe.name for recipe in recipes])
    with theme("readings"):
        figure, axes = plt.subplots(figsize=(6.2, 0.55 * len(recipes) + 0.9))
        before = [_before_text(recipe) for recipe in recipes]
        for row, recipe in enumerate(recipes):
            # The texts stand below one another.
            for place, slot in enumerate(slots(recipe), max(before) - before[row]):
                colour = _FILL[slot.kind]
                axes.bar(place, 0.62, 0.84, row - 0.31, facecolor="none", edgecolor=colour,
                         linewidth=1.2)  # fmt: skip
                # The axis runs downwards: the filling grows from the box's lower edge.
                axes.bar(place, -0.62 * slot.weight, 0.84, row + 0.31, color=colour, linewidth=0)
            axes.annotate(recipe.attention, (1.0, row), xycoords=("axes fraction", "data"),
                          va="center", fontsize="small")  # fmt: skip
        axes.set_yticks(range(len(recipes)), [names[recipe.name] for recipe in recipes])
        axes.set(ylim=(len(recipes) - 0.5, -0.5), xticks=[], xlabel="")
        axes.tick_params(axis="y", length=0)
        sns.despine(figure, left=True, bottom=True)
        keys = [
            Line2D([], [], color=colour, marker="s", linestyle="none", label=words)
            for words, colour in (("the text", BLUE), ("prompt, mark or end token", ORANGE))
        ]
        figure.legend(handles=keys, loc="upper center", ncols=2, frameon=False,
                      bbox_to_anchor=(0.5, 0.03))  # fmt: skip
        figure.tight_layout()
        told = "; ".join(
            f"{recipe.name} ({recipe.attention}): "
            + ", ".join(f"{_WORD[slot.kind]} {slot.weight:.1f}" for slot in slots(recipe))
            for recipe in recipes
        )
        return picture(figure, "What each embedder reads, and each token's weight in the vector "
                       f"relative to the largest. {told}")  # fmt: skip


def _before_text(recipe: Recipe) -> int:
    return [slot.kind for slot in slots(recipe)].index("text")


def _box(axes: Axes, x: float, y: float, wide: float, high: float, word: str, colour: str) -> None:
    shape = FancyBboxPatch((x - wide / 2, y - high / 2), wide, high, linewidth=1.4,
                           boxstyle="round,pad=0.02,rounding_size=0.15",
                           facecolor="none", edgecolor=colour)  # fmt: skip
    axes.add_patch(shape)
    axes.text(x, y, word, ha="center", va="center", fontsize="small")


def _arrow(
    axes: Axes, start: tuple[float, float], end: tuple[float, float], width: float = 1.0
) -> None:
    axes.annotate("", xy=end, xytext=start,
                  arrowprops={"arrowstyle": "-|>", "color": TEXT, "linewidth": width,
                              "shrinkA": 0, "shrinkB": 0})  # fmt: skip

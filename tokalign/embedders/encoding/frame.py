"""Tokens that are put round what the tokenizer gives, by id and after the cut.

SGPT's brackets say whether a text is a query or a document. Written into the text they could melt
with its first or last character into another token, so they are put there as ids. The end token of
embedders that pool the last position is put there where the tokenizer does not do it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from tokalign.embedders.recipes.recipe import PoolOver, Recipe
from tokalign.errors import TokalignError


@dataclass(frozen=True)
class Frame:
    """Token ids before and after a text.

    Attributes:
        left: Left bracket.
        end: End token; it counts in the recipe's ``max_length``.
        right: Right bracket.
    """

    left: tuple[int, ...] = ()
    end: tuple[int, ...] = ()
    right: tuple[int, ...] = ()

    @classmethod
    def of(cls, tokenizer: Any, recipe: Recipe) -> Frame:
        """The frame that a recipe asks for.

        Raises:
            TokalignError: A bracket is not one token, or the tokenizer has no such end token.
        """
        marks: list[tuple[int, ...]] = [
            (_one_token(tokenizer, m, recipe.name),) for m in recipe.brackets or ()
        ]
        left, right = marks or [(), ()]
        return cls(left, _end(tokenizer, recipe), right)

    def put_round(
        self, sequence: list[int], pooled: tuple[int, int], over: PoolOver
    ) -> tuple[list[int], tuple[int, int]]:
        """The sequence with its frame, and the positions that are pooled in it.

        Args:
            sequence: Token ids.
            pooled: First and one past the last position that is pooled.
            over: The recipe's ``pool_over``: brackets are pooled with ``all``, an end token with
                all but ``text``.

        >>> Frame((7,), (), (8,)).put_round([1, 2], (0, 2), "all")
        ([7, 1, 2, 8], (0, 4))
        >>> Frame(end=(3,)).put_round([1, 2], (1, 2), "text")
        ([1, 2, 3], (1, 2))
        """
        framed = [*self.left, *sequence, *self.end, *self.right]
        first, last = (place + len(self.left) for place in pooled)
        if over == "all":
            return framed, (0, len(framed))
        return framed, (first, last if over == "text" else last + len(self.end))


def _end(tokenizer: Any, recipe: Recipe) -> tuple[int, ...]:
    if recipe.end_token is None:
        return ()
    end = tokenizer.get_vocab().get(recipe.end_token)
    if end is None:
        raise TokalignError(
            f"{recipe.name}: the tokenizer has no token {recipe.end_token!r} to end a text with"
        )
    already = tokenizer("a", verbose=False)["input_ids"][-1] == end
    return () if already else (int(end),)


def _one_token(tokenizer: Any, mark: str, name: str) -> int:
    ids = tokenizer(mark, add_special_tokens=False, verbose=False)["input_ids"]
    if len(ids) != 1:
        raise TokalignError(f"{name}: the bracket {mark!r} is {len(ids)} tokens; one is needed")
    return int(ids[0])

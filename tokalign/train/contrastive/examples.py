"""Training examples: an anchor, what it should be near to, and what it should not.

Every example keeps the names of the rules that made it, so that the share of each can be reported,
and one can be left out. In a file an example is one line of JSON.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from tokalign.datasets.files import bad_line, json_object
from tokalign.errors import TokalignError


@dataclass(frozen=True)
class Example:
    """One example.

    Attributes:
        anchor: A text.
        positive: A text that follows from it, answers it or overlaps it.
        rule: The name of what made the positive.
        negative: A text that looks like the positive and is not one; None where there is none.
        against: The name of what made the negative; empty where there is none.
        weight: How much it counts in the loss.
    """

    anchor: str
    positive: str
    rule: str
    negative: str | None = None
    against: str = ""
    weight: float = 1.0

    @property
    def texts(self) -> tuple[str, ...]:
        """Its two or three texts."""
        return tuple(t for t in (self.anchor, self.positive, self.negative) if t is not None)


def write_examples(examples: Iterable[Example], path: Path) -> int:
    """Write a file of examples, whole or not at all; gives their number."""
    part = path.with_name(path.name + ".part")
    part.parent.mkdir(parents=True, exist_ok=True)
    count = 0
    with part.open("w", encoding="utf-8") as file:
        for example in examples:
            file.write(json.dumps(asdict(example), ensure_ascii=False) + "\n")
            count += 1
    part.replace(path)
    return count


def read_examples(
    path: Path, *, without: Iterable[str] = (), limit: int | None = None
) -> list[Example]:
    """Read a file of examples.

    Args:
        path: What `write_examples` wrote.
        without: Names of rules whose examples are left out: an ablation.
        limit: At most so many, from its start.

    Raises:
        TokalignError: There is no such file, a line is no example, or none is left.
    """
    unwanted = set(without)
    found: list[Example] = []
    for example in _lines(path):
        if limit is not None and len(found) >= limit:
            break
        if not unwanted & rules_of(example):
            found.append(example)
    if not found:
        raise TokalignError(f"{path} holds no example to train on")
    return found


def _lines(path: Path) -> Iterator[Example]:
    try:
        with path.open(encoding="utf-8") as lines:
            for number, line in enumerate(lines, 1):
                row: dict[str, Any] = json_object(path, number, line)
                try:
                    example = Example(**row)
                except TypeError as error:
                    raise bad_line(path, number, f"is no example ({error})") from None
                if not all(isinstance(text, str) and text.strip() for text in example.texts):
                    raise bad_line(path, number, "needs texts that are not empty")
                yield example
    except (OSError, UnicodeDecodeError) as error:
        raise TokalignError(f"cannot read {path}: {error}") from None


def rules_of(example: Example) -> set[str]:
    """The single rules that made an example; a chain of rules is named with ``+``.

    >>> sorted(rules_of(Example("a", "b", "drop_time+synonym", "c", "negate")))
    ['drop_time', 'negate', 'synonym']
    """
    return {*example.rule.split("+"), *(example.against.split("+") if example.against else ())}


def shares(examples: Iterable[Example]) -> dict[str, float]:
    """Share of the examples that each rule had a part in, largest first.

    >>> shares([Example("a", "b", "drop_time"), Example("a", "b", "drop_time+synonym")])
    {'drop_time': 1.0, 'synonym': 0.5}
    """
    counts: Counter[str] = Counter()
    total = 0
    for example in examples:
        counts.update(rules_of(example))
        total += 1
    return {rule: round(count / total, 4) for rule, count in counts.most_common()}

"""A page with sliders of lambda on tiny checkpoints, and what must be seen on it."""

from __future__ import annotations

import html
import json
import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from checkpoints import TEXTS

from tokalign.embedders import Embedder, Recipe, load_embedder
from tokalign.embedders.inspecting.inspection import inspect_folder
from tokalign.figures.slider import lambda_slider
from tokalign.figures.words import token_shown
from tokalign.measures import MarkedText, mark
from tokalign.spectrum import Comparison
from tokalign.spectrum.moving import Case, MovingText, slider_case
from tokalign.tokens import load_head

HOSTILE = "<img src=x onerror=alert(1)> </script> & the parrots are sold in the market."
#: Sets a slider as a reader would, and reads what it shows then.
READ = """
const read = (root, pair, text, stop) => {
  const part = (name) => root.querySelector(`[data-part=${name}]`);
  const set = (name, field, value, event) => {
    if (value === null) return;
    part(name)[field] = value;
    part(name).dispatchEvent(new Event(event, { bubbles: true }));
  };
  set("pair", "selectedIndex", pair, "change");
  set("text", "selectedIndex", text, "change");
  set("range", "value", stop, "input");
  const rows = (name) => [...part(name).rows].map((row) => [
    row.cells[0].firstChild.textContent, row.cells[1].textContent.trim(), row.cells[3].textContent,
    row.cells[4].textContent, parseFloat(row.cells[2].firstChild.style.width),
  ]);
  return {
    moved: rows("moved"), own: rows("own"), lambda: part("lambda").textContent,
    score: [...part("score").querySelectorAll("b")].map((b) => +b.textContent),
    words: part("words").textContent,
    marked: [...part("words").querySelectorAll("mark")].map((m) => m.textContent),
    spoken: part("range").getAttribute("aria-valuetext"), stop: +part("range").value,
    hills: part("hills").querySelectorAll("path").length,
    wrong: root.querySelectorAll("img, .tokalign-text script").length,
  };
};
"""
DRIVE = """<script>{read}
addEventListener("load", () => {{
  const roots = document.querySelectorAll(".tokalign-slider");
  const found = {asked}.map(([root, ...set]) => read(roots[root], ...set));
  const result = document.createElement("pre");
  result.id = "result";
  result.textContent = JSON.stringify(found);
  document.body.append(result);
}});
</script>"""


@dataclass(frozen=True)
class World:
    """Two pairs on tiny checkpoints, and what tells their tokens."""

    cases: list[Case]
    tokenizer: Any

    def top(self, pair: int, text: int, lam: float) -> MarkedText:
        """The package's own top tokens, marked by its own function."""
        one = self.cases[pair].texts[text]
        found = one.lines.top(lam)
        return mark(one.text, found.ids[0].tolist(), found.logits[0].tolist(), self.tokenizer)


def make_world(checkpoint: Callable[..., Path]) -> World:
    """Random weights; the embedders have taken the mean off and moved each text a little."""
    cases = []
    for name, texts, spread in (
        ("llama", [TEXTS[0], HOSTILE, TEXTS[4]], 0.2),
        ("gpt_neo", [TEXTS[3], TEXTS[0]], 0.6),
    ):
        embedder = load_embedder(inspect_folder(checkpoint(name)))
        every = [*texts, *(f"{text} And more." for text in texts)]
        shown = np.arange(len(texts))
        h = embedder.encode(every)
        noise = spread * np.random.default_rng(0).standard_normal(h.vectors.shape)
        moved = replace(h, vectors=(h.vectors - h.vectors.mean(axis=0) + noise).astype(np.float32))
        head, named = load_head(embedder), replace(embedder, recipe=renamed(embedder, name))
        halves = (np.arange(len(texts), len(every)), shown)
        cases.append(
            slider_case(Comparison(named, embedder, head, h, moved, *halves), every, shown)
        )
        if name == "llama":
            tokenizer = embedder.tokenizer
    return World(cases, tokenizer)


def renamed(embedder: Embedder, name: str) -> Recipe:
    """A recipe with names that are trouble, and the same head."""
    names = {"name": f"{name} <b>moved</b>", "backbone": name}
    return embedder.recipe.model_copy(update=names)


def page(body: str, head: str = "") -> str:
    return f'<!DOCTYPE html><html lang="en"><meta charset="utf-8">{head}<body>{body}</body></html>'


def drive(cases: list[list[Case]], asked: list[list[Any]]) -> str:
    """A page with a slider for each list of cases, and the script that sets and reads them."""
    sliders = "".join(lambda_slider(some).markup for some in cases)
    return page(sliders + DRIVE.format(read=READ, asked=json.dumps(asked)))


def results(document: str, log: str) -> list[dict[str, Any]]:
    found = re.search(r'<pre id="result">(.*?)</pre>', document, re.DOTALL)
    assert found, log
    assert not [line for line in log.splitlines() if "CONSOLE" in line]
    return json.loads(html.unescape(found[1]))  # type: ignore[no-any-return]


def places(case: Case) -> list[int]:
    """Five lambdas: both ends, and the three that mean something."""
    marks = [int(np.searchsorted(case.lambdas, at)) for at in case.marks.values()]
    return [0, *marks, len(case.lambdas) - 1]


def same(shown: dict[str, Any], case: Case, one: MovingText, stop: int, top: MarkedText) -> None:
    """What is shown is the package's own at this lambda."""
    lam = float(case.lambdas[stop])
    sign = {"literal": "●", "variant": "◐", "other": "○"}
    own = [token_shown(string) for string in one.own_named.strings]
    ids = one.lines.top(lam).ids[0].tolist()
    shared = [token in one.own.ids[0].tolist() for token in ids]
    assert [row[0] for row in shown["moved"]] == [token_shown(token) for token in top.tokens]
    assert [row[1] for row in shown["moved"]] == [f"{sign[kind]} {kind}" for kind in top.marks]
    assert [row[3] for row in shown["moved"]] == ["✓shared" if is_ else "no" for is_ in shared]
    logits = [float(row[2].replace("−", "-")) for row in shown["moved"]]
    np.testing.assert_allclose(logits, top.logits, atol=0.0051)
    widths = [row[4] for row in shown["moved"]]
    assert np.argsort(widths).tolist() == np.argsort(np.abs(logits), kind="stable").tolist() or (
        len(set(logits)) < len(logits)
    )
    assert [row[0] for row in shown["own"]] == own
    assert float(shown["lambda"].replace("−", "-")) == pytest.approx(lam, abs=0.0051)
    assert shown["spoken"].startswith(shown["lambda"].replace("−", "minus "))
    assert shown["words"] == one.text
    assert sorted(shown["marked"]) == sorted(one.text[start:end] for start, end in top.matched)
    content = dict(zip(one.lines.ids.tolist(), one.named.content, strict=True))
    kinds = [kind if content[i] else "empty" for i, kind in zip(ids, top.marks, strict=True)]
    assert shown["score"] == [
        kinds.count("literal"), kinds.count("variant"), kinds.count("empty"), sum(shared)
    ]  # fmt: skip
    assert (shown["hills"], shown["wrong"]) == (5, 0)

"""The slider of lambda in a real browser: the numbers that it shows are the package's own."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from slider_page import World, drive, make_world, places, results, same

from tokalign.figures.words import token_shown

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def world(checkpoint: Callable[..., Path]) -> World:
    return make_world(checkpoint)


@pytest.mark.parametrize("opened", ["http", "file"])
def test_it_shows_the_package_s_numbers(
    world: World, serve: Any, chromium: Any, tmp_path: Path, opened: str
) -> None:
    (case, _) = world.cases
    asked = [[0, 0, text, stop] for text in (0, 1) for stop in places(case)]
    written = tmp_path / "slider.html"
    written.write_text(drive([world.cases], asked), encoding="utf-8")
    address = written.as_uri() if opened == "file" else f"{serve(tmp_path)}/slider.html"
    found = results(*chromium(address))
    for (_, pair, text, stop), shown in zip(asked, found, strict=True):
        top = world.top(pair, text, float(case.lambdas[stop]))
        same(shown, case, case.texts[text], stop, top)
    assert len({json.dumps(shown["moved"]) for shown in found}) > 5


def test_every_lambda_gives_the_order_of_the_package(
    world: World, serve: Any, chromium: Any, tmp_path: Path
) -> None:
    pair, text = 1, 0
    case = world.cases[pair]
    asked = [[0, pair, text, 0]] + [[0, None, None, n] for n in range(1, len(case.lambdas))]
    (tmp_path / "slider.html").write_text(drive([world.cases], asked), encoding="utf-8")
    found = results(*chromium(f"{serve(tmp_path)}/slider.html"))
    one = case.texts[text]
    string = dict(zip(one.lines.ids.tolist(), one.named.strings, strict=True))
    for lam, shown in zip(case.lambdas, found, strict=True):
        ids = one.lines.top(float(lam)).ids[0].tolist()
        assert [row[0] for row in shown["moved"]] == [token_shown(string[i]) for i in ids]


def test_two_sliders_on_one_page_leave_one_another_alone(
    world: World, serve: Any, chromium: Any, tmp_path: Path
) -> None:
    case = world.cases[0]
    first, *_, last = places(case)
    start = [0, None, None, None], [1, None, None, None]
    asked = [*start, [0, 0, 1, first], start[1], [1, 1, 0, last], start[0]]
    document = drive([world.cases, world.cases], asked)
    (tmp_path / "slider.html").write_text(document, encoding="utf-8")
    before, other, moved, unmoved, _, kept = results(*chromium(f"{serve(tmp_path)}/slider.html"))
    assert before == other == unmoved
    assert before["lambda"] == "0.00"
    assert moved == kept != before


def test_a_mark_stays_that_mark_in_the_next_pair(
    world: World, serve: Any, chromium: Any, tmp_path: Path
) -> None:
    marks = [places(case)[2] for case in world.cases]
    asked = [[0, 0, 1, marks[0]], [0, 1, None, None], [0, 0, None, 3], [0, 1, None, None]]
    (tmp_path / "slider.html").write_text(drive([world.cases], asked), encoding="utf-8")
    found = results(*chromium(f"{serve(tmp_path)}/slider.html"))
    assert [shown["stop"] for shown in found[:2]] == marks
    assert "its mean along u₁" in found[1]["spoken"]
    # Elsewhere the place on the track stays; and so does the text, or the last one there is.
    share = 3 / (len(world.cases[0].lambdas) - 1) * (len(world.cases[1].lambdas) - 1)
    assert found[3]["stop"] == round(share)
    assert found[1]["words"] == world.cases[1].texts[1].text

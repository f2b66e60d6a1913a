"""The ledger: a verdict follows from the criterion, and the committed criteria are sound."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from tokalign.embedders import registry
from tokalign.errors import TokalignError
from tokalign.report.ledger import Claim, judge, ledger_table, read_claims
from tokalign.report.project import find_project, list_chapters
from tokalign.train.contrastive.plans import plans

OTHERS = ("mini", "modern", "control")


def claim(**more: Any) -> Claim:
    fixed = {"id": "x", "claim": "It holds.", "where": "Table one.", "chapter": "01_universality",
             "quantity": "lar"}  # fmt: skip
    return Claim.model_validate({**fixed, **more})


def summary(
    value: float | None, low: float | None = None, high: float | None = None, **more: Any
) -> dict[str, Any]:
    row = {"value": value, "low": value if low is None else low,
           "high": value if high is None else high, "chance": 0.3, "chance_random_head": 0.1,
           **more}  # fmt: skip
    return {"lar": row, "content": {"lar": {**row, "value": 0.0, "low": 0.0, "high": 0.0}}}


@pytest.mark.parametrize(
    ("low", "value", "high", "paper", "other"),
    [
        (0.6, 0.7, 0.8, "reproduced", "holds here"),
        (0.5, 0.5, 0.5, "reproduced", "holds here"),
        (0.4, 0.6, 0.8, "partly", "holds here"),
        (0.4, 0.45, 0.5, "partly", "does not hold here"),
        (0.1, 0.2, 0.3, "not reproduced", "does not hold here"),
    ],
)
def test_at_least(low: float, value: float, high: float, paper: str, other: str) -> None:
    one, measured = claim(at_least=0.5), summary(value, low, high)
    assert judge(one, measured, "e", "paper").verdict == paper
    assert {judge(one, measured, "e", family).verdict for family in OTHERS} == {other}


@pytest.mark.parametrize(
    ("low", "value", "high", "paper", "other"),
    [
        (0.31, 0.4, 0.5, "reproduced", "holds here"),
        (0.3, 0.4, 0.5, "partly", "does not hold here"),
        (0.2, 0.4, 0.5, "partly", "does not hold here"),
        (0.1, 0.2, 0.29, "not reproduced", "does not hold here"),
    ],
)
def test_above_chance(low: float, value: float, high: float, paper: str, other: str) -> None:
    one, measured = claim(above="chance"), summary(value, low, high)
    assert judge(one, measured, "e", "paper").verdict == paper
    assert {judge(one, measured, "e", family).verdict for family in OTHERS} == {other}


@pytest.mark.parametrize(
    ("criterion", "low", "value", "high", "paper", "other"),
    [
        ({"at_most": 0.5}, 0.3, 0.4, 0.5, "reproduced", "holds here"),
        ({"at_most": 0.5}, 0.3, 0.4, 0.6, "partly", "holds here"),
        ({"at_most": 0.5}, 0.4, 0.6, 0.7, "partly", "does not hold here"),
        ({"at_most": 0.5}, 0.6, 0.7, 0.8, "not reproduced", "does not hold here"),
        ({"near": -50.0, "tolerance": 2.0}, -52, -50.5, -48, "reproduced", "holds here"),
        ({"near": -50.0, "tolerance": 2.0}, -53, -50.5, -49, "partly", "holds here"),
        ({"near": -50.0, "tolerance": 2.0}, -54, -52.5, -51, "partly", "does not hold here"),
        ({"near": -50.0, "tolerance": 2.0}, 49, 50, 51, "not reproduced", "does not hold here"),
        ({"below": "chance"}, 0.1, 0.2, 0.29, "reproduced", "holds here"),
        ({"below": "chance"}, 0.1, 0.2, 0.3, "partly", "does not hold here"),
        ({"below": "chance"}, 0.31, 0.4, 0.5, "not reproduced", "does not hold here"),
    ],
)
def test_the_other_criteria(
    criterion: dict[str, Any], low: float, value: float, high: float, paper: str, other: str
) -> None:
    one, measured = claim(**criterion), summary(value, low, high)
    assert judge(one, measured, "e", "paper").verdict == paper
    assert {judge(one, measured, "e", family).verdict for family in OTHERS} == {other}


def test_a_claim_about_some_embedders_is_judged_for_them_alone() -> None:
    one, measured = claim(at_least=0.5, only=("a", "b")), summary(0.9)
    assert judge(one, measured, "b", "mini").verdict == "holds here"
    assert judge(one, measured, "c", "mini").verdict == "not run"


def test_a_quantity_that_is_not_there_is_told() -> None:
    with pytest.raises(TokalignError, match=r"unknown quantity of a claim 'content\.lra'.*lar"):
        judge(claim(quantity="content.lra", at_least=0.5), summary(0.2), "e", "mini")


def test_the_level_is_the_one_that_is_named() -> None:
    measured = summary(0.2, 0.15, 0.25)
    assert judge(claim(above="chance"), measured, "e", "mini").level == 0.3
    other = judge(claim(above="chance_random_head"), measured, "e", "mini")
    assert (other.level, other.verdict) == (0.1, "holds here")


def test_the_view_is_the_one_that_is_named() -> None:
    measured = summary(0.9)
    assert judge(claim(at_least=0.5), measured, "e", "mini").verdict == "holds here"
    with_k = claim(at_least=0.5, k=10)
    assert judge(with_k, {**measured, "k": 10}, "e", "mini").verdict == "holds here"
    assert judge(with_k, {**measured, "k": 3}, "e", "mini").verdict == "not run"
    other = judge(claim(at_least=0.5, quantity="content.lar"), measured, "e", "mini")
    assert (other.value, other.verdict) == (0.0, "does not hold here")


@pytest.mark.parametrize("family", ["paper", *OTHERS])
def test_not_run_without_a_value_or_a_level(family: str) -> None:
    nothing = dict.fromkeys(("value", "low", "high", "chance", "chance_random_head"))
    for one in (claim(at_least=0.5), claim(above="chance")):
        assert judge(one, {"lar": nothing}, "e", family).verdict == "not run"
    one_text = summary(0.9, chance=None)
    assert judge(claim(above="chance"), one_text, "e", family).verdict == "not run"


shares = st.floats(0, 1)


@given(st.tuples(shares, shares, shares).map(sorted), shares, st.sampled_from(["paper", *OTHERS]))
def test_reproduced_is_said_of_the_paper_s_checkpoints_alone(
    bounds: list[float], level: float, family: str
) -> None:
    low, value, high = bounds
    measured = summary(value, low, high, chance=level)
    for one in (claim(at_least=level), claim(above="chance")):
        said = judge(one, measured, "e", family).verdict
        own = {"reproduced", "partly", "not reproduced"}
        assert said in (own if family == "paper" else {"holds here", "does not hold here"})
        # Whoever is judged, a verdict and its opposite exclude each other.
        if family == "paper" and said != "partly":
            elsewhere = judge(one, measured, "e", "mini").verdict
            assert (said == "reproduced") == (elsewhere == "holds here")


@pytest.mark.parametrize("criteria", [{}, {"at_least": 0.5, "above": "chance"}])
def test_a_claim_has_one_criterion(criteria: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="exactly one of at_least, at_most, near, above, below"):
        claim(**criteria)


def test_the_criterion_is_told_as_it_stands() -> None:
    assert claim(at_least=0.955).criterion == "0.955 or more"
    assert claim(at_most=0.5).criterion == "0.5 or less"
    assert claim(near=-50, tolerance=2.5).criterion == "-50, give or take 2.5"
    assert claim(below="chance").criterion == "upper bound below chance"
    assert claim(above="chance_random_head").criterion == "lower bound above chance random head"


GOOD = {"id": "a", "claim": "c", "where": "w", "chapter": "k", "quantity": "lar",
        "at_least": 0.5}  # fmt: skip


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (None, "cannot be read"),
        (b"\xff\xfe\x00", "cannot be read"),
        (b"- id: [", "cannot be read"),
        (b"", "must hold a list"),
        (b"a: b", "must hold a list"),
        (b"just words", "must hold a list"),
        (b"- one", "claim 1: entry: "),
        ([GOOD, {**GOOD, "id": "b", "quantity": 3}], "claim 2: quantity: "),
        ([{**GOOD, "colour": 1}], "claim 1: colour: "),
        ([{**GOOD, "tolerance": 1}], "near and tolerance go together"),
        ([{k: v for k, v in GOOD.items() if k != "where"}], "claim 1: where: "),
        ([{**GOOD, "above": "chance"}], "exactly one of at_least, at_most, near, above, below"),
        ([GOOD, {**GOOD, "claim": "d"}], "the id 'a' occurs twice"),
    ],
)
def test_a_malformed_file_is_told_in_one_line(
    tmp_path: Path, content: bytes | list[Any] | None, message: str
) -> None:
    path = tmp_path / "claims.yml"
    if content is not None:
        path.write_bytes(content if isinstance(content, bytes) else yaml.dump(content).encode())
    with pytest.raises(TokalignError, match=re.escape(message)) as caught:
        read_claims(path)
    assert str(path) in str(caught.value)
    assert "\n" not in str(caught.value)


def test_the_committed_claims_are_sound() -> None:
    claims = read_claims()
    assert len(claims) >= 3
    chapters = {chapter.name for chapter in list_chapters(find_project())}
    assert {one.chapter for one in claims} <= chapters
    for one in claims:
        assert re.fullmatch(r"[a-z0-9-]+", one.id)
        assert one.claim.endswith(".")
        assert one.where.endswith(".")
        assert one.at_least is None or 0 < one.at_least <= 1
        assert set(one.only) <= {*registry(), *plans()}


def test_the_table_tells_every_verdict() -> None:
    first = claim(claim="A <b>claim</b> & more", at_least=0.5)
    second = claim(id="y", above="chance")
    rows = [
        judge(first, summary(0.61234, 0.5, 0.7), "<i>e</i>", "mini"),
        judge(second, summary(None), "f", "paper"),
    ]
    made = ledger_table(rows)
    assert made.markup.count("<tr>") == 3
    for words in ("A &lt;b&gt;claim&lt;/b&gt; &amp; more", "&lt;i&gt;e&lt;/i&gt;", "0.612",
                  "0.500 to 0.700", "0.5 or more", "lower bound above chance (0.300)",
                  "<strong>holds here</strong>", "<strong>not run</strong>"):  # fmt: skip
        assert words in made.markup
    assert made.alt == "x, <i>e</i>: holds here; y, f: not run"

"""What the slider's page holds: the package's order, texts as texts, tables without scripts."""

from __future__ import annotations

import html
import json
from dataclasses import replace
from html.parser import HTMLParser
from importlib import resources
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tokalign.errors import TokalignError
from tokalign.figures.slider import lambda_slider
from tokalign.figures.slider_data import KINDS, inert, lambda_decimals, parts, rounded, slider_json
from tokalign.figures.words import text_shown, token_shown
from tokalign.report.offline import page_resources
from tokalign.spectrum import RangeTop
from tokalign.spectrum.lines import entering
from tokalign.spectrum.moving import Case, MovingText, NamedTokens, stops
from tokalign.tokens import AlignedTokens

HOSTILE = ["</script><script>alert(1)</script>", "<!--", "\u2028\u202e", "\ud800", "\n", " ",
           "&amp;", '"\\', "\x00", "$x$", "東京"]  # fmt: skip


def named(strings: list[str], seed: int) -> NamedTokens:
    draw = np.random.default_rng(seed)
    n = len(strings)
    marks = [KINDS[i] for i in draw.integers(0, 3, n)]
    words = [tuple(sorted(set(draw.integers(0, 2, draw.integers(0, 3)).tolist()))) for _ in marks]
    content = [bool(flag) for flag in draw.integers(0, 2, n)]
    return NamedTokens(tuple(strings), tuple(content), tuple(marks), tuple(words))  # type: ignore[arg-type]


def case_of(
    seed: int = 0, *, texts: int = 2, tokens: int = 60, scale: float = 1.0, k: int = 5,
    strings: list[str] | None = None, text: str = "The <b>sea</b> & the ship", m1: float = 6.0,
    intercepts: np.ndarray | None = None, names: tuple[str, str] = ("backbone", "embedder"),
) -> Case:  # fmt: skip
    """Random lines, or the same intercepts in every text."""
    draw = np.random.default_rng(seed)
    lambdas = stops([0.0, -m1 * scale, -0.8 * m1 * scale])
    slopes = draw.standard_normal(tokens)
    given_strings = strings or [f" t{i}" for i in range(tokens)]
    made = []
    for row in range(texts):
        start = draw.standard_normal(tokens) * 3 * scale if intercepts is None else intercepts
        rows = entering(start, slopes, lambdas, k)
        lines = RangeTop(5 * rows, start[rows], slopes[rows], lambdas[0], lambdas[-1], k)
        own = draw.permutation(tokens)[:k]
        made.append(
            MovingText(
                text, ((7, 10), (21, 25)), lines,
                named([given_strings[i % len(given_strings)] for i in rows], seed + row),
                AlignedTokens(5 * own[None], np.sort(draw.standard_normal((1, k)))[:, ::-1]),
                named([given_strings[i % len(given_strings)] for i in own], 1000 + seed + row),
            )
        )  # fmt: skip
    return Case(" → ".join(names), *names, lambdas, m1 * scale, -0.8 * m1 * scale, k, tuple(made))


def moved(pair: dict[str, Any], text: dict[str, Any], lam: float) -> list[tuple[str, float]]:
    """What the script does, in the same arithmetic."""
    rows = [(i + lam * pair["tokens"][t][1], t) for t, i, _, _ in text["lines"]]
    return [(pair["tokens"][t][0], logit) for logit, t in
            sorted(rows, key=lambda row: -row[0])[: pair["k"]]]  # fmt: skip


@settings(max_examples=25)
@given(st.integers(0, 10_000), st.integers(1, 12), st.sampled_from([1e-3, 0.05, 1.0, 40.0, 1e4]))
def test_the_order_is_the_package_s_at_every_lambda(seed: int, k: int, scale: float) -> None:
    case = case_of(seed, k=k, scale=scale)
    (pair,) = json.loads(slider_json([case]))["pairs"]
    assert pair["lambdas"] == case.lambdas.tolist()
    for one, text in zip(case.texts, pair["texts"], strict=True):
        string = dict(zip(one.lines.ids.tolist(), one.named.strings, strict=True))
        for lam in pair["lambdas"]:
            exact = one.lines.top(lam)
            found = moved(pair, text, lam)
            assert [token for token, _ in found] == [
                token_shown(string[i]) for i in exact.ids[0].tolist()
            ]
            unit = 10.0 ** -pair["decimals"][1]
            logits = [logit for _, logit in found]
            np.testing.assert_allclose(logits, exact.logits[0], atol=0.05 * unit, rtol=1e-6)


@pytest.mark.parametrize("apart", [1e-3, 1e-7, 1e-12])
def test_tokens_that_are_nearly_level_get_more_digits(apart: float) -> None:
    start = 2 + apart * np.random.default_rng(0).standard_normal(60)
    case = case_of(intercepts=start, k=20)
    made = rounded(case)
    for row, one in enumerate(case.texts):
        for lam, ids in zip(case.lambdas, made.top(one.lines, row, case.lambdas), strict=True):
            np.testing.assert_array_equal(ids, one.lines.top(lam).ids[0])
    digits = max(len(repr(x).split(".")[1]) for x in made.intercepts[0].tolist())
    assert digits >= -np.log10(apart)


def test_tokens_that_are_level_stand_by_id() -> None:
    case = case_of(intercepts=np.ones(60), k=4)
    (pair,) = json.loads(slider_json([case]))["pairs"]
    zero = moved(pair, pair["texts"][0], 0.0)
    assert [token for token, _ in zero] == [
        token_shown(string) for string in case.texts[0].named.strings[:4]
    ]


@pytest.mark.parametrize("scale", [1e-3, 1.0, 300.0])
def test_logits_are_shown_with_digits_that_tell_them_apart(scale: float) -> None:
    case = case_of(scale=scale)
    decimals = rounded(case).decimals
    assert decimals >= 2
    most = max(np.abs(one.lines.intercepts).max() for one in case.texts)
    assert most * 10**decimals > 50


def test_three_pairs_of_eight_texts_are_small() -> None:
    text = "It is a text of as many words as a sentence of the project's own may have. " * 2
    cases = [case_of(seed, texts=8, tokens=400, k=20, text=text) for seed in range(3)]
    assert min(len(one.lines.ids) for case in cases for one in case.texts) > 40
    assert len(slider_json(cases)) < 300_000


@pytest.mark.parametrize("string", HOSTILE)
def test_a_hostile_token_is_a_string(string: str) -> None:
    case = case_of(strings=[string], text=string * 30, names=(string, string))
    text = slider_json([case])
    assert text.isascii()
    assert not set("<>&\n") & set(text)
    (pair,) = json.loads(text)["pairs"]
    assert {token for token, _, _ in pair["tokens"]} == {token_shown(string)}
    assert "".join(pair["texts"][0]["parts"]) == text_shown(string * 30)
    markup = lambda_slider([case]).markup
    markup.encode("utf-8")
    page = Page(markup)
    assert (page.tags.count("script"), page.tags.count("style")) == (2, 1)
    assert token_shown(string) in page.text
    assert "alert" not in page.code


@given(st.text(min_size=12), st.lists(st.integers(0, 12), min_size=4, max_size=4))
def test_no_character_of_a_text_is_lost(text: str, ends: list[int]) -> None:
    a, b, c, d = sorted(ends)
    one = case_of(texts=1).texts[0]
    cut = parts(MovingText(text, ((a, b), (c, d)), one.lines, one.named, one.own, one.own_named))
    assert len(cut) == 5
    assert "".join(cut) == text_shown(text)
    assert (cut[1], cut[3]) == (text_shown(text[a:b]), text_shown(text[c:d]))


@given(st.text())
def test_inert_json_stays_the_same_json(text: str) -> None:
    assert json.loads(inert(json.dumps(text))) == text


class Page(HTMLParser):
    """Tags, visible text, the code of scripts, and the static table row by row."""

    def __init__(self, markup: str) -> None:
        super().__init__(convert_charrefs=True)
        self.tags: list[str] = []
        self.open: list[str] = []
        self.names: list[str] = []
        self.code = self.text = ""
        self.rows: list[list[str]] = []
        self.feed(markup)
        self.close()
        assert not self.open

    def handle_starttag(self, tag: str, attrs: Any) -> None:
        self.tags.append(tag)
        self.names += [value for name, value in attrs if name == "id"]
        if tag not in ("input", "col"):
            self.open.append(tag)
        if tag == "tr":
            self.rows.append([])
        if tag in ("th", "td") and self.rows:
            self.rows[-1].append("")

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if self.open and self.open[-1] in ("script", "style"):
            self.code += data if self.open[-1] == "script" and "{" not in data[:2] else ""
            return
        self.text += data
        if {"th", "td"} & set(self.open):
            self.rows[-1][-1] += data


def test_without_scripts_there_are_tables(monkeypatch: pytest.MonkeyPatch) -> None:
    cases = [case_of(1), case_of(2, names=("<b>", "e"))]
    page = Page(lambda_slider(cases).markup)
    static = [row for row in page.rows if row and (row[0][0] in "λĥ" or row[0].startswith("The"))]
    expected = []
    signs = {"literal": "●", "variant": "◐", "other": "○"}
    for case in cases:
        for one in case.texts:
            expected.append([one.text])
            for name, lam in case.marks.items():
                ids = one.lines.top(lam).ids[0].tolist()
                place = [one.lines.ids.tolist().index(i) for i in ids]
                tokens = [(one.named.strings[p], one.named.marks[p]) for p in place]
                shown = {"0": "0", "-m1": "−m₁ = −6.00", "v1": "v₁ = −4.80"}[name]
                expected.append([f"λ = {shown}", listed(tokens, signs)])
            own = list(zip(one.own_named.strings, one.own_named.marks, strict=True))
            expected.append(["ĥ, the embedder’s own", listed(own, signs)])
    assert static == expected
    assert "<b> → e" in page.text


def listed(tokens: list[tuple[str, str]], signs: dict[str, str]) -> str:
    return " ".join(f"{signs[mark]} {token_shown(token)} ({mark})" for token, mark in tokens)


def test_it_needs_nothing_and_shares_no_name() -> None:
    markup = lambda_slider([case_of()]).markup
    page = Page(markup)
    assert page_resources(markup) == []
    assert page.names == []
    assert "import" not in page.code
    assert "://" not in page.code.replace("http://www.w3.org/2000/svg", "")
    assert "tex2jax_ignore" in markup


def test_every_control_has_its_words() -> None:
    markup = html.unescape(lambda_slider([case_of()]).markup)
    for label in ("Backbone and embedder <select", "Text <select", "λ, the step along u₁"):
        assert label in markup
    assert markup.count("<label>") == markup.count("</label>") == 3


def test_what_it_shows_is_told() -> None:
    case = case_of(names=("mini-opt", "mini-opt-eol"))
    made = lambda_slider([case])
    one = case.texts[0]
    first = one.lines.ids.tolist().index(one.lines.top(0.0).ids[0, 0])
    assert "mini-opt → mini-opt-eol" in made.alt
    assert f"λ = 0: {token_shown(one.named.strings[first])}" in made.alt
    assert "−m₁ = −6.00" in made.alt


def test_the_files_come_with_the_package() -> None:
    for name in ("slider.html", "slider.css", "slider.js"):
        text = resources.files("tokalign.figures").joinpath(name).read_text("utf-8")
        assert "</script" not in text
        assert "</style" not in text


def test_lambdas_are_shown_apart() -> None:
    for scale in (1e-3, 0.1, 1.0, 50.0):
        lambdas = stops([0.0, -scale])
        shown = [f"{lam:.{lambda_decimals(lambdas)}f}" for lam in lambdas]
        assert len(set(shown)) == len(lambdas)


def test_an_embedder_alone_has_two_marks() -> None:
    alone = replace(case_of(), v1=None, name="e", backbone="e", embedder="e")
    (pair,) = json.loads(slider_json([alone]))["pairs"]
    assert list(pair["marks"]) == ["0", "-m1"]
    page = Page(lambda_slider([alone]).markup)
    assert "v₁ =" not in page.text
    assert [row[0] for row in page.rows if row and row[0].startswith("λ")] == [
        "λ = 0", "λ = −m₁ = −6.00", "λ = 0", "λ = −m₁ = −6.00"
    ]  # fmt: skip


def test_no_case_no_slider() -> None:
    for cases in ([], [case_of(texts=0)]):
        with pytest.raises(TokalignError, match="one or more cases with texts"):
            lambda_slider(cases)

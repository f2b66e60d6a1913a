from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tokalign.report.prose import digits_in_prose

REFUSED = [
    "It holds for 93 texts.",
    "About 97 % of it.",
    "a rise of .5",
    "half (½) of them",
    "- item\n- 12 items",
    "| a | b |\n|---|---|\n| x | 0.43 |",
    "```{note}\nOne of 8 embedders.\n```",
    ":::{admonition} The 8 embedders\nText.\n:::",
    "```{note}\nText.\n```\n\nThen 8 more.",
    "````{note}\n```python\nk = 10\n```\nThen 8 more.\n````",
    "<b>42</b> texts",
    "the value $\\lambda = -50.02$",
    "the value {math}`0.97` is high",
    "$$\nv_1 = 5.88\n$$",
    "```{math}\nv_1 = 58\n```",
    "$97\\%$ of it",
    "1. one of 3",
    "He said “nothing” about 3 of them",
    "`code` and 3 and `code`",
    "~~~\ncode\n~~~\n3 left",
]
ALLOWED = [
    "",
    "No digits at all.",
    "{glue:text}`hit::.2f` and {glue:}`x2` and {glue:text}`chapters/01_a.ipynb::v1:.3f`",
    "Found by {cite:t}`nie2025text`; see {numref}`figure-2`.",
    "## Chapter 2\n\nText.",
    "> Revealed in March 2003\n> in 12 places",
    'The text “released in 2003” and "item 4".',
    'the text "released\nin 2003" goes on',
    "`k = 10` and ``a `2` b``",
    "```python\nk = 10\n```",
    "~~~\n10\n~~~",
    "```{code-block} python\nk = 10\n```",
    "```{glue:figure} figure-2\n:name: fig-2\nA caption.\n```",
    "````{note}\n```python\nk = 10\n```\nText.\n````",
    "```{figure} images/f2.svg\n:width: 80%\nA caption.\n```",
    "[ACL 2025](https://a.org/2025.1) and <https://a.org/2> and https://a.org/3",
    "![figure 2](images/2.png) and [text][2]",
    "A footnote.[^1]\n\n[^1]: Said so.",
    '<div style="width: 80%" class="w-100">text</div>',
    "<!-- 12 texts -->Text.",
    "(section-2)=\nText.",
    "1. first\n2. second",
    "LLM2Vec, BM25 and u_1 are names.",
    "$u_1$, $\\ell_2$, $x^{10}$, $\\frac{1}{N}\\sum_{i=1}^{N} t_i$, $1 - x$",
    "$$\n\\mathrm{LAR} = \\frac{1}{N}\n$$ (eq-1)",
    "---\nnumber: 3\n---\nText.",
    "a&#160;b",
    "[@nie2025text]",
    "{{ version2 }}",
]


@pytest.mark.parametrize("text", REFUSED)
def test_a_typed_number_is_found(text: str) -> None:
    assert digits_in_prose(text)


@pytest.mark.parametrize("text", ALLOWED)
def test_what_is_no_typed_number_passes(text: str) -> None:
    assert digits_in_prose(text) == []


@pytest.mark.parametrize("text", ALLOWED)
def test_a_number_after_it_is_still_found(text: str) -> None:
    assert digits_in_prose(text + "\n\nThen 93 texts.") == ["Then 93 texts."]


@given(st.integers(min_value=0), st.sampled_from(["{} texts", "it is {}.", "({})", "-{}", "*{}*"]))
def test_any_number_is_found_in_a_plain_sentence(number: int, sentence: str) -> None:
    assert digits_in_prose(sentence.format(number))

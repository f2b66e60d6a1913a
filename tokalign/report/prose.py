"""Find numbers that a person typed into prose.

Prose takes its numbers by glue from what was measured, so a digit in a Markdown text is refused
outside glue and other roles, citations, headings, quotations, code and links. In mathematics,
indices and one-digit integers are allowed ($u_1$, $1/L$), measured-looking numbers are not. A
digit after a letter in one word (BM25, LLM2Vec) is a name. Does NOT find numbers spelled out.
"""

from __future__ import annotations

import re
import unicodedata

_FENCE = re.compile(r"^(?P<indent> *)(?P<mark>`{3,}|~{3,}|:{3,})(?P<info>.*)$")
_PASSED_OVER = re.compile(
    r"^[\w+-]+$|^\{(?:code|code-block|code-cell|literalinclude|math|glue|bibliography|toctree)\b"
)
_MATH_ROLE = re.compile(r"\{math\}`([^`]+)`")
_CODE = re.compile(r"(?<!`)(`+)(?!`).+?(?<!`)\1(?!`)", re.DOTALL)  # and every other role
_MATH = re.compile(r"\$\$(.+?)\$\$(?:\s*\([\w:-]+\))?|\$([^$\n]+?)\$", re.DOTALL)
# In this order: what may contain the later ones comes first.
_ALLOWED = [
    re.compile(r"!?\[(?:[^\[\]]|\[[^\[\]]*\])*\](?:\([^()]*(?:\([^()]*\)[^()]*)*\)|\[[^\]]*\])"),
    re.compile(r"\[\^[^\]]+\]:?|\[@[^\]]+\]"),
    re.compile(r"<(?:https?|mailto):[^>]*>|https?://[^\s)>\]]+"),
    re.compile(r"</?[a-zA-Z][^<>]*>"),
    re.compile(r"&#?\w+;"),
    re.compile(r"\{\{.*?\}\}"),
    re.compile(r"\"[^\"]*\"|“[^”]*”|«[^»]*»", re.DOTALL),
]
_INDEX = re.compile(r"[_^]\s*(?:\{[^{}]*\}|\\?\w)")
_MEASURED = re.compile(r"\d*[.,]\d+|\d{2,}|\d\s*\\?%")
_LINE_MARK = re.compile(r"^\s*(?:\d+[.)]\s|\([\w:-]+\)=\s*$|:[\w-]+:.*$|\[[^\]]+\]:\s+\S+)")


def digits_in_prose(text: str) -> list[str]:
    """List the typed numbers of a Markdown text.

    Args:
        text: The source of a Markdown cell or page (MyST).

    Returns:
        The words that hold them, with a little of what is around; empty for an honest text.

    >>> digits_in_prose("It decodes to {glue:text}`hit::.2f` of 93 texts.")
    ['of 93 texts.']
    >>> digits_in_prose("# Chapter 1\\nThe direction $u_1$, as `k=10` says.")
    []
    """
    prose, formulas = _split(re.sub(r"<!--.*?-->", "", text, flags=re.DOTALL))

    def take_formula(match: re.Match[str]) -> str:
        formulas.append(next(group for group in match.groups() if group is not None))
        return " "

    words: list[str] = []
    for block in re.split(r"\n\s*\n", prose):
        # Roles before code before maths: each may hold the signs of the next.
        block = _CODE.sub(" ", _MATH_ROLE.sub(take_formula, block))
        block = _MATH.sub(take_formula, block)
        for pattern in _ALLOWED:
            block = pattern.sub(" ", block)
        for line in block.splitlines():
            words += _in_line(_LINE_MARK.sub(" ", line))
    return words + [found for formula in formulas for found in _in_math(formula)]


def _split(text: str) -> tuple[str, list[str]]:
    """Take out headings, quotations, code and directive heads; give the maths blocks apart."""
    text = re.sub(r"\A---\n.*?\n---\n", "", text, flags=re.DOTALL)
    kept: list[str] = []
    maths: list[str] = []
    directives: list[str] = []  # the marks of those that are open; their bodies are prose
    skipped = ""  # the mark of the code or maths block that is being passed over
    in_math = False
    for line in text.splitlines():
        fence = _FENCE.match(line)
        mark, info = (fence["mark"], fence["info"].strip()) if fence else ("", "")
        if skipped:
            if fence and not info and mark.startswith(skipped):
                skipped, in_math = "", False
            elif in_math:
                maths.append(line)
        elif fence and not info and directives and mark.startswith(directives[-1]):
            directives.pop()
            kept.append("")
        elif fence and (_PASSED_OVER.match(info) or (not info and mark[0] != ":")):
            skipped, in_math = mark, info.startswith("{math}")
        elif fence:
            directives.append(mark)
            # A directive's title is prose: {admonition} Title.
            kept += ["", re.sub(r"^\{[^}]*\}", "", info), ""]
        elif re.match(r"^ {0,3}#{1,6}\s|^\s*>", line):
            kept.append("")
        else:
            kept.append(line)
    return "\n".join(kept), maths


def _in_math(formula: str) -> list[str]:
    bare = formula
    while (shorter := _INDEX.sub(" ", bare)) != bare:
        bare = shorter
    return [f"${formula.strip()}$"] if _MEASURED.search(bare) else []


def _in_line(line: str) -> list[str]:
    words = line.split()
    found = []
    for position, word in enumerate(words):
        if _is_number(word):
            found.append(" ".join(words[max(0, position - 1) : position + 2]))
    return found


def _is_number(word: str) -> bool:
    name = False  # inside a run of letters and digits that a letter began
    for char in word:
        if unicodedata.category(char).startswith("N"):
            if not name:
                return True
        else:
            name = char.isalpha() or (name and char == "_")
    return False

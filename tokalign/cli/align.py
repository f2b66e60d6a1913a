"""``tokalign align``: the aligned tokens of texts."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import click

from tokalign.cli.options import (
    MOST_TOKENS,
    check_range,
    embedder_options,
    json_option,
    note,
    print_json,
    print_table,
    show_progress,
)
from tokalign.errors import TokalignError


@click.command()
@click.argument("texts", nargs=-1, metavar="[TEXT]...")
@embedder_options
@click.option("--k", default=10, show_default=True, help="Tokens a text.")
@click.option("--file", "file", help="Read texts from here too: .txt, .jsonl, or - for stdin.")
@click.option("--instruction", help="In the place of {instruction} in the embedder's prompt.")
@click.option("--prompt-name", help="Read by this one of the embedder's named prompts.")
@json_option
def align(
    texts: tuple[str, ...],
    embedder: str,
    device: str,
    dtype: str,
    k: int,
    file: str | None,
    instruction: str | None,
    prompt_name: str | None,
    as_json: bool,
) -> None:
    """Show the tokens that each TEXT's embedding decodes to, the highest logit first."""
    every = [*texts, *(read_lines(file) if file else [])]
    if not every:
        raise TokalignError("no text given; allowed: TEXT..., --file FILE, or --file - for stdin")
    check_range("--k", k, 1, MOST_TOKENS)

    import numpy as np

    from tokalign.embedders import load_embedder
    from tokalign.tokens import decode, load_head
    from tokalign.tokens.aligned import token_strings

    loaded = load_embedder(embedder, device=device, dtype=dtype)
    head = load_head(loaded)
    vectors = loaded.encode(
        every, instruction=instruction, prompt_name=prompt_name, progress=show_progress()
    )
    found = decode(vectors if head.linear else vectors.unnormalised(), head, k)
    strings = found.strings(loaded.tokenizer)
    literal = loaded.tokenizer(every, verbose=False)["input_ids"]
    # Each different token is decoded once: a text may have a million.
    named = token_strings(loaded.tokenizer, np.array(sorted(set().union(*literal))))
    rows: list[dict[str, Any]] = [
        {
            "text": text,
            "literal": [named[i] for i in literal[number]],
            "aligned": [
                {"token": token, "id": int(i), "logit": float(logit)}
                for token, i, logit in zip(
                    strings[number], found.ids[number], found.logits[number], strict=True
                )
            ],
        }
        for number, text in enumerate(every)
    ]
    cut = int(vectors.truncated.sum())
    if cut:
        note(f"{cut} of {len(every)} texts cut to the {loaded.recipe.max_length} tokens "
             f"that {loaded.name} reads")  # fmt: skip
    if as_json:
        print_json(rows)
    else:
        print_table(
            f"Aligned tokens by {loaded.name}",
            ("text", "aligned"),
            [(_short(row["text"]), ", ".join(_plain(a["token"]) for a in row["aligned"]))
             for row in rows],
        )  # fmt: skip


def _plain(token: str) -> str:
    """A token without the space that leads it; a token of nothing else in quotation marks."""
    return token.strip(" ") or f"'{token}'"


def _short(text: str, most: int = 200) -> str:
    return text if len(text) <= most else text[:most] + f"... ({len(text)} characters)"


def read_lines(file: str) -> list[str]:
    """Texts of a file, one a line, blank lines kept so that answers stay in step with lines.

    Args:
        file: ``.jsonl`` with ``{"text": ...}`` a line; any other is plain text; ``-`` is stdin.

    Raises:
        TokalignError: No such file, not UTF-8, or a line that is not of that form.
    """
    if file == "-" and sys.stdin is None:
        raise TokalignError("--file - reads standard input, which is closed")
    try:
        data = sys.stdin.buffer.read() if file == "-" else Path(file).read_bytes()
        whole = data.decode("utf-8-sig")
    except OSError as error:
        raise TokalignError(f"cannot read {file}: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise TokalignError(f"{file} is not UTF-8 at byte {error.start}") from error
    lines = whole.split("\n")
    if lines[-1] == "":
        lines.pop()
    lines = [line.removesuffix("\r") for line in lines]
    if not file.endswith(".jsonl"):
        return lines
    found = []
    for number, line in enumerate(lines, 1):
        try:
            text = json.loads(line)["text"]
        except (ValueError, KeyError, TypeError, RecursionError) as error:
            raise TokalignError(f'{file}, line {number}: needs {{"text": ...}}') from error
        if not isinstance(text, str):
            raise TokalignError(f'{file}, line {number}: "text" must be a string')
        found.append(text)
    return found

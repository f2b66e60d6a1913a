"""The ledger: what the paper claims, what was measured here, and the verdict.

Criteria are data (``data/claims.yml``), kept apart from the chapters; a verdict is worked out from
them, never written by hand. "Reproduced" is said of the paper's own checkpoints alone.
"""

from __future__ import annotations

import html
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, Literal, Self

import yaml
from pydantic import BaseModel, ConfigDict, ValidationError, model_validator

from tokalign.errors import TokalignError
from tokalign.figures import Picture
from tokalign.report.project import find_project


class Claim(BaseModel):
    """One claim and the criterion that decides it; the fields are told in ``claims.yml``."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    id: str
    claim: str
    where: str
    chapter: str
    view: Literal["tokens", "content", "as_published"]
    metric: Literal["hit_at_k", "lar", "gar"]
    k: int | None = None
    at_least: float | None = None
    above: Literal["chance", "chance_random_head"] | None = None

    @model_validator(mode="after")
    def _one_criterion(self) -> Self:
        if (self.at_least is None) == (self.above is None):
            raise ValueError("needs exactly one of at_least and above")
        return self

    @property
    def criterion(self) -> str:
        """The criterion in words."""
        if self.at_least is not None:
            return f"{self.at_least:g} or more"
        return "lower bound above " + str(self.above).replace("_", " ")


class Verdict(BaseModel):
    """One row of the ledger: a claim, an embedder, the value and what follows."""

    claim: Claim
    embedder: str
    value: float | None
    low: float | None
    high: float | None
    level: float | None
    verdict: str


def read_claims(path: Path | None = None) -> list[Claim]:
    """Read the ledger's claims.

    Args:
        path: The file; ``data/claims.yml`` of the book where it is None.

    Raises:
        TokalignError: The file is missing or malformed, or an id occurs twice.
    """
    path = path or find_project() / "data" / "claims.yml"
    try:
        rows = yaml.safe_load(path.read_text("utf-8"))
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        why = str(error).splitlines()[0]
        raise TokalignError(f"{path} cannot be read as YAML: {why}") from error
    if not isinstance(rows, list):
        raise TokalignError(f"{path} must hold a list of claims")
    claims = []
    for number, row in enumerate(rows, 1):
        try:
            claims.append(Claim.model_validate(row))
        except ValidationError as error:
            first = error.errors()[0]
            field = ".".join(map(str, first["loc"])) or "entry"
            raise TokalignError(f"{path}, claim {number}: {field}: {first['msg']}") from error
    ids = [claim.id for claim in claims]
    if twice := {name for name in ids if ids.count(name) > 1}:
        raise TokalignError(f"{path}: the id {min(twice)!r} occurs twice")
    return claims


def judge(claim: Claim, summary: Mapping[str, Any], embedder: str, family: str) -> Verdict:
    """Work out the verdict on one claim for one embedder.

    Args:
        claim: The claim with its criterion.
        summary: `Measurement.summary`.
        embedder: Its name.
        family: Its family in the registry; ``paper`` for the paper's own checkpoints.

    Returns:
        ``reproduced``, ``partly`` or ``not reproduced`` for the paper's own checkpoints, else
        ``holds here`` or ``does not hold here``; ``not run`` without a value, or
        with another K than the claim's.

    >>> claim = Claim(id="x", claim="", where="", chapter="", view="tokens", metric="lar",
    ...               at_least=0.5)
    >>> measured = {"lar": {"value": 0.6, "low": 0.4, "high": 0.8}}
    >>> judge(claim, measured, "a", "mini").verdict, judge(claim, measured, "a", "paper").verdict
    ('holds here', 'partly')
    """
    row = (summary if claim.view == "tokens" else summary[claim.view])[claim.metric]
    value, low, high = (row[name] for name in ("value", "low", "high"))
    level = claim.at_least if claim.above is None else row[claim.above]
    other_k = claim.k is not None and summary.get("k", claim.k) != claim.k
    if value is None or level is None or other_k:
        said = "not run"
    elif family == "paper":
        reached = low >= level if claim.above is None else low > level
        said = "reproduced" if reached else "not reproduced" if high < level else "partly"
    else:
        reached = value >= level if claim.above is None else low > level
        said = "holds here" if reached else "does not hold here"
    return Verdict(
        claim=claim, embedder=embedder, value=value, low=low, high=high, level=level, verdict=said
    )


def ledger_table(verdicts: Iterable[Verdict]) -> Picture:
    """The rows of the ledger as a table for a page."""
    rows = list(verdicts)
    columns = ("claim", "embedder", "measured, with interval", "criterion", "verdict")
    head = "".join(f"<th>{name}</th>" for name in columns)
    body = "".join(
        # The label of each cell stands in for the head on a narrow page.
        "<tr>"
        + "".join(
            f'<td data-label="{name}">{cell}</td>'
            for name, cell in zip(columns, _cells(v), strict=True)
        )
        + "</tr>"
        for v in rows
    )
    told = "; ".join(f"{v.claim.id}, {v.embedder}: {v.verdict}" for v in rows)
    return Picture(
        f'<table class="tokalign-ledger"><thead><tr>{head}</tr></thead>'
        f"<tbody>{body}</tbody></table>",
        told,
    )


def _cells(v: Verdict) -> tuple[str, ...]:
    level = "" if v.claim.above is None else f" ({_number(v.level)})"
    return (
        f"{html.escape(v.claim.claim)}<br><small>{html.escape(v.claim.where)}</small>",
        html.escape(v.embedder),
        f"{_number(v.value)} ({_number(v.low)} to {_number(v.high)})",
        v.claim.criterion + level,
        f"<strong>{v.verdict}</strong>",
    )


def _number(value: float | None) -> str:
    return "none" if value is None else f"{value:.3f}"

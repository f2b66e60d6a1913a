"""The ledger: what the paper claims, what was measured here, and the verdict.

Criteria are data (``data/claims.yml``), kept apart from the chapters; a verdict is worked out from
them, never written by hand. "Reproduced" is said of the paper's own checkpoints alone.
"""

from __future__ import annotations

import html
import math
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, Self

import yaml
from pydantic import BaseModel, ConfigDict, ValidationError, model_validator

from tokalign.errors import TokalignError, unknown
from tokalign.figures import Picture
from tokalign.report.project import find_project

_CRITERIA = ("at_least", "at_most", "near", "above", "below")


class Claim(BaseModel):
    """One claim and the criterion that decides it; the fields are told in ``claims.yml``."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    id: str
    claim: str
    where: str
    chapter: str
    quantity: str
    k: int | None = None
    only: tuple[str, ...] = ()
    at_least: float | None = None
    at_most: float | None = None
    near: float | None = None
    tolerance: float | None = None
    above: str | None = None
    below: str | None = None

    @model_validator(mode="after")
    def _one_criterion(self) -> Self:
        if sum(getattr(self, name) is not None for name in _CRITERIA) != 1:
            raise ValueError(f"needs exactly one of {', '.join(_CRITERIA)}")
        if (self.near is None) != (self.tolerance is None):
            raise ValueError("near and tolerance go together")
        return self

    @property
    def level_name(self) -> str | None:
        """The level of the quantity that it is compared with; None for a number."""
        return self.above or self.below

    @property
    def criterion(self) -> str:
        """The criterion in words."""
        if self.at_least is not None:
            return f"{self.at_least:g} or more"
        if self.at_most is not None:
            return f"{self.at_most:g} or less"
        if self.near is not None:
            return f"{self.near:g}, give or take {self.tolerance:g}"
        bound = "lower bound above " if self.above else "upper bound below "
        return bound + str(self.level_name).replace("_", " ")

    def levels(self, row: Mapping[str, float | None]) -> tuple[float, float] | None:
        """The least and the most that the quantity may be; None where a level was not measured."""
        level = row.get(self.level_name) if self.level_name else 0.0
        if level is None:
            return None
        if self.near is not None:
            return self.near - float(self.tolerance or 0), self.near + float(self.tolerance or 0)
        least = level if self.above else self.at_least
        most = level if self.below else self.at_most
        return -math.inf if least is None else least, math.inf if most is None else most


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


def quantity(name: str, measured: Mapping[str, Any]) -> Mapping[str, float | None]:
    """One quantity of a nested mapping, by its path with dots.

    Raises:
        TokalignError: It is not there; with what is.

    >>> quantity("content.lar", {"content": {"lar": {"value": 0.5}}})
    {'value': 0.5}
    """
    found: Any = measured
    for part in name.split("."):
        if not isinstance(found, Mapping) or not isinstance(found.get(part), Mapping):
            raise unknown("quantity of a claim", name, _paths(measured))
        found = found[part]
    return found  # type: ignore[no-any-return]


def _paths(measured: Mapping[str, Any], before: str = "") -> list[str]:
    """The paths of all quantities, which are the mappings that hold a value."""
    inner = {name: part for name, part in measured.items() if isinstance(part, Mapping)}
    own = [before] if "value" in measured else []
    return own + [p for n, part in inner.items() for p in _paths(part, f"{before}.{n}".lstrip("."))]


def judge(claim: Claim, measured: Mapping[str, Any], embedder: str, family: str) -> Verdict:
    """Work out the verdict on one claim for one embedder.

    Args:
        claim: The claim with its criterion.
        measured: Quantities by name, nested, such as `Measurement.summary`: ``value``, ``low``,
            ``high`` and the levels that claims name; and ``k`` where there is one.
        embedder: Its name.
        family: Its family in the registry; ``paper`` for the paper's own checkpoints.

    Returns:
        ``reproduced``, ``partly`` or ``not reproduced`` for the paper's own checkpoints, else
        ``holds here`` or ``does not hold here``; ``not run`` without a value, with another K than
        the claim's, or for an embedder that it does not speak of.

    >>> claim = Claim(id="x", claim="", where="", chapter="", quantity="lar", at_least=0.5)
    >>> measured = {"lar": {"value": 0.6, "low": 0.4, "high": 0.8}}
    >>> judge(claim, measured, "a", "mini").verdict, judge(claim, measured, "a", "paper").verdict
    ('holds here', 'partly')
    """
    row = quantity(claim.quantity, measured)
    value, low, high = (row.get(name) for name in ("value", "low", "high"))
    levels = claim.levels(row)
    other = claim.k is not None and measured.get("k", claim.k) != claim.k
    other = other or (bool(claim.only) and embedder not in claim.only)
    if value is None or low is None or high is None or levels is None or other:
        said = "not run"
    else:
        said = _verdict(claim, (low, value, high), levels, family)
    level = row.get(claim.level_name) if claim.level_name else None
    return Verdict(
        claim=claim, embedder=embedder, value=value, low=low, high=high, level=level, verdict=said
    )


def _verdict(
    claim: Claim, found: tuple[float, float, float], levels: tuple[float, float], family: str
) -> str:
    low, value, high = found
    least, most = levels
    # A level is itself measured: to equal it is not to be beyond it.
    beyond = least < low and high < most
    surely = beyond if claim.level_name else least <= low and high <= most
    if family == "paper":
        never = high < least or low > most
        return "reproduced" if surely else "not reproduced" if never else "partly"
    holds = surely if claim.level_name else least <= value <= most
    return "holds here" if holds else "does not hold here"


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
    level = "" if v.claim.level_name is None else f" ({_number(v.level)})"
    return (
        f"{html.escape(v.claim.claim)}<br><small>{html.escape(v.claim.where)}</small>",
        html.escape(v.embedder),
        f"{_number(v.value)} ({_number(v.low)} to {_number(v.high)})",
        v.claim.criterion + level,
        f"<strong>{v.verdict}</strong>",
    )


def _number(value: float | None) -> str:
    return "none" if value is None else f"{value:.3f}"

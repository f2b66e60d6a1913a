"""What every chapter shows in the same way: how its page was made."""

from __future__ import annotations

import math
from collections.abc import Sequence

import pandas as pd
from pandas.io.formats.style import Styler

from tokalign.datasets import TextSet
from tokalign.embedders import Embedder
from tokalign.store import provenance


def how_made(loaded: Sequence[Embedder], texts: TextSet, seed: int) -> Styler:
    """The provenance of a page as a table.

    Args:
        loaded: The embedders of the run.
        texts: The texts that were measured.
        seed: Of everything random.

    Returns:
        What -> its value: versions, commit, hashes cut to twelve letters.
    """
    made = provenance(
        embedders=", ".join(e.name for e in loaded),
        weights=", ".join(e.fingerprint[:12] for e in loaded),
        dataset=texts.name,
        data=texts.sha256[:12],
        seed=seed,
    )
    if not made["git"]:
        made["git"] = "outside a checkout"
    else:
        changes = ", with local changes" if made["git"]["dirty"] else ""
        made["git"] = made["git"]["commit"][:12] + changes
    made["constraints"] = str(made["constraints"])[:12]
    # Whole, where a plain frame would cut long names off.
    shown = pd.Series(made, name="how this page was made").astype(str).to_frame().style
    return shown.set_uuid("provenance").set_table_attributes('class="dataframe"')


def number(value: float | None, digits: int = 2) -> str:
    """A number as prose shows it; ``none`` where there is none.

    >>> number(0.12345), number(-1.5, 1), number(float("nan"))
    ('0.12', '-1.5', 'none')
    """
    return "none" if value is None or math.isnan(value) else f"{value:.{digits}f}"


def plain_table(frame: pd.DataFrame, name: str, precision: int = 3) -> Styler:
    """A frame as a table of a page, numbers rounded, without its index.

    Args:
        frame: What it shows.
        name: A word that no other table of the page has.
        precision: Digits behind the point.
    """
    shown = frame.style.format(precision=precision, na_rep="none").hide(axis="index")
    return shown.set_uuid(name).set_table_attributes('class="dataframe"')

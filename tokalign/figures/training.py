"""How the miniatures were made: the loss against the tokens seen, and what comes with it."""

from __future__ import annotations

import matplotlib.pyplot as plt
import pandas as pd

from tokalign.figures.picture import BLUE, GREEN, GREY, ORANGE, Picture, picture, theme
from tokalign.figures.words import short, visible

_STYLES = ((BLUE, "o"), (ORANGE, "s"), (GREEN, "^"), (GREY, "D"))


def loss_curve(frame: pd.DataFrame) -> Picture:
    """The held-out loss of each language model against the tokens that it has seen.

    Args:
        frame: ``model``, ``tokens``, ``held_out_loss``.
    """
    return _lines(frame, "held_out_loss", "held-out loss, nats a token", "loss")


def growth_curve(frame: pd.DataFrame, what: str) -> Picture:
    """A measure of each language model's vectors against the tokens that it has seen.

    Args:
        frame: ``model``, ``tokens``, ``value``.
        what: What the value is, in words.
    """
    return _lines(frame, "value", what, "growth")


def watched_curve(frame: pd.DataFrame, what: str) -> Picture:
    """A measure of embedders in contrastive training against the steps taken.

    Args:
        frame: ``model``, ``step``, ``value``.
        what: What the value is, in words.
    """
    return _lines(frame, "value", what, "watched", across=("step", 1, "steps"))


def _lines(
    frame: pd.DataFrame,
    column: str,
    what: str,
    name: str,
    across: tuple[str, float, str] = ("tokens", 1e6, "million tokens"),
) -> Picture:
    place, unit, said = across
    names = short(frame["model"])
    with theme(f"training-{name}"):
        figure, axes = plt.subplots(figsize=(6.2, 3.2))
        told = []
        for number, model in enumerate(names):
            colour, sign = _STYLES[number % len(_STYLES)]
            rows = frame[frame["model"] == model].sort_values(place)
            axes.plot(rows[place] / unit, rows[column], color=colour, marker=sign, markersize=5,
                      linewidth=2, label=names[model])  # fmt: skip
            last = rows.iloc[-1]
            told.append(
                f"{visible(model)}: {rows.iloc[0][column]:.2f} at the first point, "
                f"{last[column]:.2f} after {last[place] / unit:g} {said}"
            )
        axes.set_xlabel(said)
        axes.set_title(what, loc="left", fontsize="medium")
        axes.yaxis.grid(True, color=GREY, alpha=0.3)
        axes.legend(frameon=False)
        figure.tight_layout()
        return picture(figure, f"{what} against {said}. " + "; ".join(told))

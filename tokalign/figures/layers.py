"""At which depth of a model its vectors begin to decode to the text."""

from __future__ import annotations

import matplotlib.pyplot as plt
import pandas as pd
from matplotlib.ticker import MaxNLocator

from tokalign.figures.picture import BLUE, GREY, ORANGE, Picture, picture, theme
from tokalign.figures.words import short, visible

_STYLES = (("before_pooling", BLUE, "-", "o", "token states normed, then pooled"),
           ("after_pooling", ORANGE, "--", "s", "pooled, then normed"))  # fmt: skip


def by_layer(frame: pd.DataFrame, what: str) -> Picture:
    """A measure of the aligned tokens after each layer, a panel for each model.

    Args:
        frame: ``model``, ``layer`` (0 for the input embeddings), ``norm`` (``before_pooling`` or
            ``after_pooling``), ``value``, ``low``, ``high``.
        what: What the value is, in words.
    """
    names = short(frame["model"])
    with theme("layers"):
        figure, grid = plt.subplots(
            1, len(names), sharey=True, squeeze=False, figsize=(max(4.2, 2.6 * len(names)), 3.0)
        )
        told = []
        for axes, model in zip(grid[0], names, strict=True):
            for norm, colour, line, sign, label in _STYLES:
                rows = frame[(frame["model"] == model) & (frame["norm"] == norm)]
                rows = rows.sort_values("layer")
                axes.fill_between(rows["layer"], rows["low"], rows["high"], color=colour,
                                  alpha=0.18, linewidth=0)  # fmt: skip
                axes.plot(rows["layer"], rows["value"], color=colour, linestyle=line, marker=sign,
                          markersize=5, linewidth=2, label=label)  # fmt: skip
                values = ", ".join(f"{value:.2f}" for value in rows["value"])
                told.append(f"{visible(model)}, {label}: {values}")
            axes.set_title(names[model], loc="left", fontsize="medium")
            axes.xaxis.set_major_locator(MaxNLocator(integer=True))
            axes.yaxis.grid(True, color=GREY, alpha=0.3)
            axes.set_xlabel("after layer")
        grid[0, 0].set_ylim(-0.02, 1.02)
        grid[0, 0].set_ylabel("share")
        handles, labels = grid[0, 0].get_legend_handles_labels()
        figure.legend(handles, labels, loc="upper center", ncols=2, frameon=False,
                      bbox_to_anchor=(0.5, 0.02))  # fmt: skip
        figure.suptitle(what, x=0.02, ha="left", fontsize="medium")
        figure.tight_layout()
        return picture(figure, f"{what}, after each layer from the input. " + "; ".join(told))

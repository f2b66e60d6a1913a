"""How far vectors are from those of the original packages: read rightly, and with one mistake."""

from __future__ import annotations

import math

import matplotlib.pyplot as plt
import pandas as pd
import seaborn as sns

from tokalign.embedders.checking.proofs import FAR, SAME
from tokalign.figures.picture import BLUE, GREY, ORANGE, Picture, picture, theme
from tokalign.figures.words import short

#: Below this, two computations agree to the last bit of their numbers; a logarithm has no zero.
_LEAST = 1e-8


def proof_distances(frame: pd.DataFrame) -> Picture:
    """One row an embedder: its right readings as dots, readings with one mistake as crosses.

    Args:
        frame: `proofs_frame`.
    """
    names = short(dict.fromkeys(frame["embedder"]))
    rows = frame.assign(
        place=frame["embedder"].map({name: place for place, name in enumerate(names)}),
        shown=frame["difference"].clip(lower=_LEAST),
    )
    with theme("proofs"):
        figure, axes = plt.subplots(figsize=(6.2, 0.36 * len(names) + 1.2))
        for right, sign, colour, word in ((False, "X", ORANGE, "with one mistake"),
                                          (True, "o", BLUE, "read by its entry")):  # fmt: skip
            sns.scatterplot(rows[rows["right"] == right], x="shown", y="place", marker=sign,
                            color=colour, s=42, alpha=0.75, linewidth=0, ax=axes, zorder=3,
                            label=word)  # fmt: skip
        for place, word, side in ((SAME, "← the same", "right"), (FAR, "another vector →", "left")):
            axes.axvline(place, color=GREY, linestyle="--", linewidth=1)
            axes.annotate(word, (place, 1.01), xycoords=("data", "axes fraction"), ha=side,
                          fontsize="small")  # fmt: skip
        axes.set(xscale="log", ylabel="", xlabel="largest absolute difference in any component")
        axes.xaxis.set_major_formatter(lambda value, _: _power(value))
        axes.set_yticks(range(len(names)), list(names.values()))
        axes.set_ylim(len(names) - 0.5, -0.5)
        axes.tick_params(axis="y", length=0)
        handles, labels = axes.get_legend_handles_labels()
        axes.legend().remove()
        figure.legend(handles[::-1], labels[::-1], loc="upper center", ncols=2, frameon=False,
                      bbox_to_anchor=(0.5, 0.02))  # fmt: skip
        figure.tight_layout()
        told = "; ".join(
            f"{name}: right at most {here[here['right']]['difference'].max():.0e}, with a mistake "
            f"at least {here[~here['right']]['difference'].min():.0e}"
            for name, here in rows.groupby("embedder", sort=False)
        )
        return picture(figure, f"Largest difference from the original packages. {told}")


def _power(value: float) -> str:
    """A power of ten as it is read, since no formulas are set in our figures.

    >>> _power(1e-5)
    '10⁻⁵'
    """
    exponent = round(math.log10(value))
    return "10" + str(exponent).translate(str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹"))

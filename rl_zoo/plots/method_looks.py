"""How a method looks: the same in every figure drawn from one set of results."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from rl_zoo.plots import style
from rl_zoo.plots.results import Method

_HATCHES = ("", "///", "...", "xxx", "\\\\\\")


@dataclass(frozen=True)
class Looks:
    """Colour and further cues of one method.

    Attributes:
        color: Says the algorithm (the label, where all methods share one algorithm).
        marker: Repeats the colour, for print without colour.
        linestyle: Says the label where one algorithm has several.
        hatch: The same for areas.
    """

    color: str
    marker: str
    linestyle: Any
    hatch: str


def method_looks(methods: Sequence[Method]) -> dict[Method, Looks]:
    """Return the looks of every method.

    Args:
        methods: (algorithm, label) of all methods of the results (``Results.methods()``), not only
            of those in one figure, so that a method looks the same in all of them.
    """
    one_algorithm = len({algo for algo, _ in methods}) == 1
    labels = list(dict.fromkeys(label for _, label in methods))
    looks = {}
    for algo, label in methods:
        number = labels.index(label)
        place = style.color_index(algo) + (number if one_algorithm else 0)
        looks[algo, label] = Looks(
            style.PALETTE[place % len(style.PALETTE)],
            style.MARKERS[place % len(style.MARKERS)],
            style.LINE_STYLES[number % len(style.LINE_STYLES)],
            "" if one_algorithm else _HATCHES[number % len(_HATCHES)],
        )
    return looks

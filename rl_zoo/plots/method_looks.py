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
    places = _color_places(list(dict.fromkeys(algo for algo, _ in methods)))
    looks = {}
    for algo, label in methods:
        number = labels.index(label)
        place = places[algo] + (number if one_algorithm else 0)
        looks[algo, label] = Looks(
            style.PALETTE[place % len(style.PALETTE)],
            style.MARKERS[place % len(style.MARKERS)],
            style.LINE_STYLES[number % len(style.LINE_STYLES)],
            "" if one_algorithm else _HATCHES[number % len(_HATCHES)],
        )
    return looks


def _color_places(algos: Sequence[str]) -> dict[str, int]:
    """Return the place of each algorithm in the palette.

    One of a plug-in whose place another algorithm of these results has gets the next free one.
    """
    known = [algo for algo in algos if algo.lower() in style.ALGORITHM_COLORS]
    places = {algo: style.color_index(algo) for algo in known}
    for algo in algos:
        if algo not in places:
            n, first = len(style.PALETTE), style.color_index(algo)
            free = [place % n for place in range(first, first + n)]
            taken = set(places.values())
            places[algo] = next((place for place in free if place not in taken), first)
    return places

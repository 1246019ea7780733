"""Read what figures are drawn from: the JSON and pickle of ``all_plots``, the zoo's pickle.

No file is unpickled as a program: a pickle may hold arrays, lists, dictionaries and numbers only.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from rl_zoo.errors import DamagedFileError, NothingFoundError, UsageError
from rl_zoo.plots.export import FORMAT, OWN_ENTRY
from rl_zoo.plots.results import AlignedSeries, Results
from rl_zoo.plots.results_json import parse_head, parse_series
from rl_zoo.plots.zoo_pickle import parse_zoo_entry
from rl_zoo.runs.safe_pickle import load_pickle
from rl_zoo.suggest import did_you_mean

_SUFFIXES = (".pkl", ".json")
_TABLE_KEY = "results_table"


def read_results(path: Path, *, trust: bool = False) -> Results:
    """Return the results that a file holds; see ``read_with_notes``."""
    return read_with_notes(path, trust=trust)[0]


def read_with_notes(
    path: Path, *, trust: bool = False, key: str | None = None
) -> tuple[Results, list[str]]:
    """Return the results that a file holds, and a sentence for everything that it does not tell.

    Args:
        path: JSON or pickle of ``all_plots``, pickle of the zoo's; the suffix may be left out.
        trust: Let a pickle name any class and call any function.
        key: What the numbers are; needed for pickles of the zoo, which do not say it.

    Raises:
        NothingFoundError: If there is no such file or it holds no evaluations.
        UnsafeFileError: If a pickle would execute code.
        DamagedFileError: If it is truncated, or another kind of file.
        UsageError: If it was written by a newer rl_zoo, or holds other numbers than ``key``.
    """
    file = find_results_file(path)
    notes: list[str] = []
    if _is_json(file):
        results = _from_json(file)
    else:
        results = _from_pickle(file, load_pickle(file, trust=trust), key, notes)
    if not results.series:
        raise NothingFoundError(f"{file}: holds no evaluations")
    if key not in (None, results.key):
        raise UsageError(f"-k {key}: {file} holds '{results.key}' and nothing else")
    return results, notes


def find_results_file(path: Path) -> Path:
    """Return the file that ``path`` names, with ``.pkl`` or ``.json`` appended if needed.

    Raises:
        NothingFoundError: If there is none; names the nearest in the folder.
    """
    places = [path, *(path.with_name(f"{path.name}{suffix}") for suffix in _SUFFIXES if path.name)]
    found = next((place for place in places if place.is_file()), None)
    if found is not None:
        return found
    if not path.parent.is_dir():
        raise NothingFoundError(f"{path}: there is no folder {path.parent}")
    if path.is_dir():
        raise NothingFoundError(f"{path}: a folder; all_plots -f {path} -o NAME makes a file of it")
    near = [file.name for file in path.parent.iterdir() if file.suffix in _SUFFIXES]
    raise NothingFoundError(f"{path}: no such file{did_you_mean(path.name, near, list_at_most=5)}")


def _is_json(file: Path) -> bool:
    if file.suffix in _SUFFIXES:
        return file.suffix == ".json"
    try:
        with file.open("rb") as stream:
            return stream.read(1) in (b"{", b"[")
    except OSError as error:
        raise DamagedFileError(f"{file}: cannot be read ({error.strerror})") from error


def _from_json(file: Path) -> Results:
    try:
        content = json.loads(file.read_text(encoding="utf-8"))
    except OSError as error:
        raise DamagedFileError(f"{file}: cannot be read ({error.strerror})") from error
    except (ValueError, RecursionError) as error:
        raise DamagedFileError(f"{file}: truncated or not JSON ({error})") from error
    if not isinstance(content, dict) or not isinstance(content.get("series"), list):
        raise DamagedFileError(f"{file}: no results of all_plots (it has no list 'series')")
    _check_format(content.get("format"), file)
    series = (
        parse_series(item, f"{file}: series[{i}]") for i, item in enumerate(content["series"])
    )
    return Results(tuple(series), **parse_head(content, str(file)))


def _check_format(number: object, file: Path) -> None:
    if not isinstance(number, int) or number < 1:
        raise DamagedFileError(f"{file}: no results of all_plots ('format' is {number!r})")
    if number > FORMAT:
        raise UsageError(
            f"{file}: written by a newer rl_zoo (layout {number}, this one reads up to {FORMAT})"
        )


def _from_pickle(file: Path, content: object, key: str | None, notes: list[str]) -> Results:
    if not isinstance(content, Mapping) or not all(isinstance(key, str) for key in content):
        raise DamagedFileError(f"{file}: no results of all_plots (not a dictionary of names)")
    head: dict[str, Any] | None = None
    series = []
    for env, entries in content.items():
        if env == _TABLE_KEY:
            continue
        if not isinstance(entries, Mapping):
            raise DamagedFileError(f"{file}: {env}: expected a dictionary of methods")
        for name, entry in entries.items():
            place = f"{file}: {env}: {name}"
            if not isinstance(entry, Mapping) or not isinstance(name, str):
                raise DamagedFileError(f"{place}: expected a dictionary of arrays")
            if OWN_ENTRY in entry:
                own = entry[OWN_ENTRY]
                head = parse_head(own, place)
                series.append(_own_series(own, name, place))
            else:
                series.append(parse_zoo_entry(entry, (env, name), place, notes))
    if head is None and key is None:
        notes.append(
            f"{file}: does not say which numbers it holds; they are taken for returns of "
            "evaluations (-k names others)"
        )
    return Results(tuple(series), **(head or {"key": key or "results"}))


def _own_series(own: object, name: str, place: str) -> AlignedSeries:
    """Read what our pickle holds beyond the zoo's; the label is that of the key."""
    if not isinstance(own, Mapping):
        raise DamagedFileError(f"{place}: {OWN_ENTRY}: expected a dictionary")
    return parse_series({**own, "label": name.partition("-")[2]}, f"{place}: {OWN_ENTRY}")

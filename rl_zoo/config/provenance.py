"""``provenance.yml``: where every value of a run's ``config.yml`` came from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from rl_zoo.config.model import RunConfig
from rl_zoo.config.show import config_rows
from rl_zoo.config.yaml import dump_yaml, load_saved_yaml
from rl_zoo.errors import DamagedFileError, UnsafeFileError
from rl_zoo.runs.atomic import write_text


@dataclass(frozen=True)
class Setting:
    """One value of a configuration.

    Attributes:
        key: Dotted key, e.g. ``policy_kwargs.net_arch``.
        value: As ``--show-config`` shows it.
        origin: A file and entry, a flag, or ``default``.
    """

    key: str
    value: str
    origin: str


def write_provenance(file: Path, config: RunConfig, *, is_new: bool) -> None:
    """Write where the values of ``config`` come from, as ``--show-config`` says it.

    A resumed run reads its configuration from ``config.yml``: what it did not change keeps the
    origin it had; a run from before origins were written stays without.

    Args:
        file: ``provenance.yml`` of the run.
        config: What is trained.
        is_new: The run is not resumed.
    """
    earlier: Mapping[str, Setting] = {}
    if not is_new:
        try:
            earlier = {setting.key: setting for setting in read_provenance(file) or ()}
        except (DamagedFileError, UnsafeFileError):
            earlier = {}
        if not earlier:
            return
    rows = {}
    for key, value, origin in config_rows(config):
        old = earlier.get(key)
        kept = old.origin if old is not None and old.value == value else origin
        rows[key] = {"value": value, "origin": kept}
    write_text(file, dump_yaml(rows))


def read_provenance(file: Path) -> tuple[Setting, ...] | None:
    """Return the values of a run with their origins; None if it has not recorded them.

    Raises:
        DamagedFileError: If the file holds something else.
        UnsafeFileError: If a tag in it would run code.
    """
    if not file.is_file():
        return None
    content = load_saved_yaml(file)
    try:
        return tuple(
            Setting(str(key), str(row["value"]), str(row["origin"])) for key, row in content.items()
        )
    except (AttributeError, KeyError, TypeError) as error:
        raise DamagedFileError(f"{file}: not a list of values with their origins") from error

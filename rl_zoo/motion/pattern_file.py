"""The file in which a run of ``openloop`` leaves its pattern; read without the learning library."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from rl_zoo.errors import ConfigError, DamagedFileError
from rl_zoo.motion.oscillator import JointPattern

PATTERN_FILE = "open_loop.json"
"""Name inside a run folder."""


def pattern_text(pattern: JointPattern) -> str:
    """Return the content of a pattern's file: every number exactly, one key per line."""
    return json.dumps(pattern.to_dict(), indent=2) + "\n"


def read_pattern(source: str | Path | Mapping[str, Any]) -> JointPattern:
    """Return a pattern given inline, by its file, or by the run folder that the file is in.

    Raises:
        ConfigError: If the file does not exist, or a key or value of the pattern does not fit.
        DamagedFileError: If the file holds something else.
    """
    if isinstance(source, Mapping):
        return JointPattern.from_dict(source)
    path = Path(source)
    file = path / PATTERN_FILE if path.is_dir() else path
    if not file.is_file():
        raise ConfigError(
            f"{file}: no such file; give the folder of a finished run of openloop, its "
            f"{PATTERN_FILE}, or the pattern itself"
        )
    try:
        content = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise DamagedFileError(f"{file}: cannot be read ({error})") from error
    if not isinstance(content, Mapping):
        raise DamagedFileError(f"{file}: holds no pattern")
    return JointPattern.from_dict(content)

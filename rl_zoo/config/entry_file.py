"""Put an entry into a hyperparameter file; every other line stays as it is.

YAML libraries forget comments and layout when they write a file, so the text is edited at the
places that the YAML scanner gives. The result is read back before anyone gets it.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from rl_zoo.config.yaml import dump_yaml, load_yaml, parse_yaml
from rl_zoo.errors import ConfigError
from rl_zoo.runs.atomic import write_bytes

SEARCH_SPACE_KEY = "search_space"
_CONTENT = (yaml.ScalarToken, yaml.AliasToken, yaml.FlowMappingEndToken, yaml.FlowSequenceEndToken)


def check_entry_file(path: Path, env_id: str) -> None:
    """Check that :func:`write_entry` will be able to write.

    Raises:
        ConfigError: If it will not.
    """
    if path.suffix not in (".yml", ".yaml"):
        raise ConfigError(f"{path}: a hyperparameter file must end in .yml or .yaml")
    if path.is_dir():
        raise ConfigError(f"{path}: is a folder, not a file")
    folder = path.resolve().parent
    if not folder.is_dir():
        raise ConfigError(f"{path}: there is no folder {folder}")
    if not os.access(folder, os.W_OK) or (path.exists() and not os.access(path, os.W_OK)):
        raise ConfigError(f"{path}: cannot be written (permission denied)")
    if path.exists():
        load_yaml(path)
        with_entry(_read(path), str(path), env_id, {"policy": "MlpPolicy"})


def write_entry(path: Path, env_id: str, hyperparams: Mapping[str, Any]) -> None:
    """Put ``hyperparams`` into the file as the entry of ``env_id``, atomically.

    The old entry's ``search_space`` is kept. A missing file is created.

    Raises:
        ConfigError: If the file cannot be read or written, or another entry would change.
    """
    text = _read(path) if path.exists() else ""
    content = with_entry(text, str(path), env_id, hyperparams)
    try:
        write_bytes(path.resolve(), content.encode("utf-8"))
    except OSError as error:
        raise ConfigError(f"{path}: cannot be written ({error.strerror})") from error


def with_entry(text: str, name: str, env_id: str, hyperparams: Mapping[str, Any]) -> str:
    """Return the text of a hyperparameter file with the entry of ``env_id`` replaced, or added.

    Args:
        text: Content of the file.
        name: The file, for messages.
        env_id: Environment id.
        hyperparams: The entry, complete.

    Raises:
        ConfigError: If the text holds no entries, or another entry would change.
    """
    mark = "\ufeff" if text.startswith("\ufeff") else ""
    text = text.removeprefix(mark)
    before = parse_yaml(text, name)
    before = {} if before is None else before
    if not isinstance(before, Mapping) or not all(isinstance(v, Mapping) for v in before.values()):
        raise ConfigError(f"{name}: holds no entries by environment id; write to another file")
    short = env_id.rpartition(":")[2]
    key = short if env_id not in before and short in before else env_id
    wanted = dict(hyperparams)
    if SEARCH_SPACE_KEY in before.get(key, {}):
        wanted[SEARCH_SPACE_KEY] = before[key][SEARCH_SPACE_KEY]
    line_end = "\r\n" if "\r\n" in text else "\n"
    block = dump_yaml({key: wanted}).replace("\n", line_end)
    edited = _replaced(text, name, key, block) if key in before else _appended(text, block)
    try:
        after = parse_yaml(edited, name)
    except ConfigError:
        after = None
    if after != {**before, key: parse_yaml(block, name)[key]}:
        raise ConfigError(
            f"{name}: the entry '{key}' cannot be replaced without changing others; write to "
            "another file"
        )
    return mark + edited


def _read(path: Path) -> str:
    return path.read_bytes().decode("utf-8")


def _appended(text: str, block: str) -> str:
    line_end = "\r\n" if "\r\n" in text else "\n"
    if not text.strip():
        return text + block
    return text.rstrip("\r\n") + 2 * line_end + block


@dataclass(frozen=True)
class _Region:
    """Where an entry stands in the text, as character offsets."""

    start: int
    """Of its key."""
    value: int
    """Behind the colon."""
    end: int
    """Behind the line end of its last line."""


def _replaced(text: str, name: str, key: str, block: str) -> str:
    tokens = list(yaml.scan(text, Loader=yaml.SafeLoader))
    region = _find_region(text, tokens, name, key)
    outside, own = _uses_outside(tokens, region, name)
    rest_of_key_line = text[region.value :].splitlines()[0] if own is None else ""
    comment = rest_of_key_line.strip() if rest_of_key_line.strip().startswith("#") else ""
    if comment:
        block = re.sub(r":(?=\r?\n)", f":  {comment}", block, count=1)
    if not outside:
        return text[: region.start] + block + text[region.end :]
    if own is None or outside[0].value != own.value:
        alias = outside[0]
        raise ConfigError(
            f"{name}:{alias.start_mark.line + 1}: uses &{alias.value} from within the entry "
            f"'{key}', which is to be replaced; give this line values of its own, or write to "
            "another file"
        )
    return _with_moved_body(text, region, own, outside[0], block)


def _find_region(text: str, tokens: list[yaml.Token], name: str, key: str) -> _Region:
    root = yaml.compose(text, Loader=yaml.SafeLoader)
    assert isinstance(root, yaml.MappingNode)
    if root.flow_style:
        raise ConfigError(f"{name}: is written in braces; write to another file")
    starts = [node.start_mark.index for node, _ in root.value] + [len(text) + 1]
    place = [node.value for node, _ in root.value].index(key)
    start, limit = starts[place], starts[place + 1]
    inside = [token for token in tokens if start <= token.start_mark.index < limit]
    colon = next(token for token in inside if isinstance(token, yaml.ValueToken))
    last = [token for token in inside if isinstance(token, _CONTENT)][-1]
    end = len(text[: last.end_mark.index].rstrip())
    line_end = text.find("\n", end)
    return _Region(start, colon.end_mark.index, len(text) if line_end < 0 else line_end + 1)


def _uses_outside(
    tokens: list[yaml.Token], region: _Region, name: str
) -> tuple[list[yaml.AliasToken], yaml.AnchorToken | None]:
    """Return what refers into the region from outside, and the anchor of the entry itself."""
    inside: dict[str, bool] = {}
    uses = []
    own = None
    previous: yaml.Token | None = None
    for token in tokens:
        is_inside = region.start <= token.start_mark.index < region.end
        if isinstance(token, yaml.AnchorToken):
            inside[token.value] = is_inside
            if isinstance(previous, yaml.ValueToken) and previous.end_mark.index == region.value:
                own = token
        if isinstance(token, yaml.AliasToken) and not is_inside and inside.get(token.value):
            uses.append(token)
        previous = token
    return uses, own


def _with_moved_body(
    text: str, region: _Region, own: yaml.AnchorToken, alias: yaml.AliasToken, block: str
) -> str:
    """Give the old values to the first entry that refers to them, with their anchor."""
    line_start = text.rfind("\n", 0, alias.start_mark.index) + 1
    line = text[line_start : alias.start_mark.index]
    indent = len(line) - len(line.lstrip(" "))
    body = text[own.end_mark.index : region.end]
    first, line_end, rest = body.partition("\n")
    moved = "".join(
        " " * indent + line if line.strip() else line for line in rest.splitlines(keepends=True)
    )
    if rest and not rest.endswith("\n"):
        moved += line_end
    tail_end = text.find("\n", alias.end_mark.index)
    tail_end = len(text) if tail_end < 0 else tail_end + 1
    tail = text[alias.end_mark.index : tail_end]
    if not tail.endswith("\n"):
        tail += "\n"
    if first.strip() and not first.strip().startswith("#"):  # a mapping in braces
        own_text = f"&{own.value}{first.rstrip()}" if not rest else None
        if own_text is None:  # over several lines: the comment of the alias goes
            own_text, tail = f"&{own.value}{first}{line_end}{moved.rstrip()}", "\n"
        new_user = own_text + tail
    else:
        new_user = f"&{own.value}{tail}{moved}"
    return (
        text[: region.start]
        + block
        + text[region.end : alias.start_mark.index]
        + new_user
        + text[tail_end:]
    )

"""Read a folder of evaluations, ``<algo>-<env id>/0.monitor.csv``, and a table published of one.

RL Baselines3 Zoo keeps its benchmark this way (``logs/benchmark``), and ``enjoy --reward-log``
writes such a file. The episodes are evaluations of a finished agent, not its training.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from rl_zoo.errors import DamagedFileError, NothingFoundError
from rl_zoo.runs.folder import RunFolder
from rl_zoo.runs.results import load_training_episodes
from rl_zoo.runs.search import match_env
from rl_zoo.suggest import did_you_mean

_LINK = re.compile(r"\[([^]]*)\]\([^)]*\)")
_RULE = re.compile(r":?-+:?")


@dataclass(frozen=True)
class BenchmarkEntry:
    """The evaluation of one agent.

    Attributes:
        algo: Algorithm, lower case.
        env_name: Environment id as the folder spells it.
        mean_reward: Mean return over the episodes.
        std_reward: Standard deviation of the return in these episodes (divided by n, not n - 1).
        eval_timesteps: Steps of all episodes together.
        eval_episodes: Number of episodes.
    """

    algo: str
    env_name: str
    mean_reward: float
    std_reward: float
    eval_timesteps: int
    eval_episodes: int

    @property
    def name(self) -> str:
        """The agent as a person names it: ``<algo> <env id>``."""
        return f"{self.algo} {self.env_name}"


@dataclass(frozen=True)
class Benchmark:
    """All evaluations of a folder.

    Attributes:
        entries: By algorithm and environment.
        left_out: One sentence for each folder without a number, and why.
    """

    entries: tuple[BenchmarkEntry, ...]
    left_out: tuple[str, ...] = ()


@dataclass(frozen=True)
class PublishedRow:
    """One row of a published table.

    Attributes:
        line: Its line in the file.
        cells: Column -> text, as published.
    """

    line: int
    cells: dict[str, str] = field(default_factory=dict)

    @property
    def key(self) -> tuple[str, str]:
        """Algorithm and environment."""
        return self.cells["algo"].lower(), self.cells["env_id"]


def read_benchmark(
    folder: Path, algos: Sequence[str] | None = None, envs: Sequence[str] | None = None
) -> Benchmark:
    """Read every ``<algo>-<env id>`` of a folder, of the algorithms and environments asked for.

    Raises:
        NothingFoundError: If there is none, or a name matches none.
    """
    if not folder.is_dir():
        raise NothingFoundError(
            f"-f {folder}: no such folder; give the one of <algo>-<env> folders"
        )
    found = sorted(_evaluation_folders(folder))
    if not found:
        raise NothingFoundError(
            f"-f {folder}: no <algo>-<env>/0.monitor.csv in it; folders of trainings are read by "
            "all_plots and plot_train"
        )
    entries, left_out = [], []
    for algo, env, path in _chosen(found, algos, envs):
        try:
            entries.append(_read_entry(algo, env, path))
        except (DamagedFileError, NothingFoundError) as error:
            left_out.append(str(error))
    return Benchmark(tuple(entries), tuple(left_out))


def read_published(file: Path) -> list[PublishedRow]:
    """Read the table with the columns ``algo`` and ``env_id`` of a Markdown file.

    Raises:
        NothingFoundError: If there is no such file.
        DamagedFileError: If it is no text or has no such table.
    """
    try:
        lines = file.read_text(encoding="utf-8").splitlines()
    except FileNotFoundError as error:
        raise NothingFoundError(f"--check {file}: no such file") from error
    except (OSError, UnicodeDecodeError) as error:
        raise DamagedFileError(f"--check {file}: cannot be read as text ({error})") from error
    names: list[str] = []
    rows = []
    for number, line in enumerate(lines, start=1):
        cells = _row_cells(line)
        if {"algo", "env_id"} <= set(cells):
            names = cells
        elif not cells:
            names = []
        elif names and not all(_RULE.fullmatch(cell) for cell in cells):
            if len(cells) != len(names):
                raise DamagedFileError(
                    f"{file}:{number}: {len(cells)} cells, but the table has {len(names)} columns"
                )
            rows.append(PublishedRow(number, dict(zip(names, cells, strict=True))))
    if not rows:
        raise DamagedFileError(f"--check {file}: no table with the columns algo and env_id in it")
    return rows


def compare_with_published(entry: BenchmarkEntry, row: PublishedRow) -> list[str]:
    """Return one sentence for each number of a published row that the episodes do not give.

    A number agrees if it is the row's when rounded to the row's decimals.
    """
    differences = []
    for name in ("mean_reward", "std_reward", "eval_timesteps", "eval_episodes"):
        text = row.cells.get(name)
        if text is None:
            continue
        value = float(getattr(entry, name))
        decimals = len(text.partition(".")[2])
        if not _is_rounded(value, text, decimals):
            differences.append(
                f"{entry.name}: {name} is {value:.{decimals}f}, published {text} (line {row.line})"
            )
    return differences


def _is_rounded(value: float, text: str, decimals: int) -> bool:
    try:
        published = float(text)
    except ValueError:
        return False
    # Half a unit of the last decimal; the rest is for how a binary number meets a decimal one.
    return abs(value - published) <= 0.5 * 10.0**-decimals + 1e-9 * abs(value)


def _evaluation_folders(folder: Path) -> Iterator[tuple[str, str, Path]]:
    for path in folder.iterdir():
        algo, dash, env = path.name.partition("-")
        if dash and algo and env and path.is_dir() and any(path.glob("*monitor.csv")):
            yield algo.lower(), env, path


def _chosen(
    found: Sequence[tuple[str, str, Path]],
    algos: Sequence[str] | None,
    envs: Sequence[str] | None,
) -> list[tuple[str, str, Path]]:
    if algos is not None:
        kept = _matching_algos(found, algos)
        found = [item for item in found if item[0] in kept]
    if envs is not None:
        kept = _matching_envs(found, envs)
        found = [item for item in found if item[1] in kept]
    return list(found)


def _matching_algos(found: Sequence[tuple[str, str, Path]], algos: Sequence[str]) -> set[str]:
    existing = sorted({algo for algo, _, _ in found})
    for name in algos:
        if name.lower() not in existing:
            hint = did_you_mean(name, existing)
            raise NothingFoundError(f"-a {name}: no evaluation of it{hint}")
    return {name.lower() for name in algos}


def _matching_envs(found: Sequence[tuple[str, str, Path]], envs: Sequence[str]) -> set[str]:
    existing = sorted({env for _, env, _ in found})
    matched: set[str] = set()
    for name in envs:
        names = match_env(name, existing)
        if not names:
            hint = did_you_mean(name, existing)
            raise NothingFoundError(f"-e {name}: no evaluation on it{hint}")
        matched.update(names)
    return matched


def _read_entry(algo: str, env: str, path: Path) -> BenchmarkEntry:
    import numpy as np

    episodes = load_training_episodes(RunFolder(path, env))
    returns = episodes.returns[episodes.whole]
    if not len(returns):
        raise NothingFoundError(f"{path}: no finished episode in its monitor file")
    if not np.isfinite(returns).all():
        raise DamagedFileError(f"{path}: a return in its monitor file is no finite number")
    return BenchmarkEntry(
        algo,
        env,
        float(np.mean(returns)),
        float(np.std(returns)),
        int(episodes.lengths[episodes.whole].sum()),
        len(returns),
    )


def _row_cells(line: str) -> list[str]:
    """Return the cells of a line of a Markdown table, links as their text; [] for other lines."""
    text = line.strip()
    if not text.startswith("|"):
        return []
    return [_LINK.sub(r"\1", cell.strip()) for cell in text.strip("|").split("|")]

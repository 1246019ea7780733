"""What a sweep consists of: every algorithm on every environment with every seed."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from rl_zoo.errors import ConfigError
from rl_zoo.runs.folder import file_name_of


@dataclass(frozen=True)
class SweepRow:
    """One run of a sweep."""

    algo: str
    env_id: str
    seed: int

    @property
    def key(self) -> str:
        """Name of the row in labels and file names: ``sac_Bert-v0_seed3``."""
        name = f"{file_name_of(self.algo)}_{file_name_of(self.env_id)}_seed{self.seed}"
        return re.sub(r"[^\w-]", "-", name)


@dataclass(frozen=True)
class SweepPlan:
    """A sweep."""

    name: str
    algos: tuple[str, ...]
    envs: tuple[str, ...]
    seeds: tuple[int, ...]
    flags: tuple[str, ...] = ()
    """Flags of ``train`` that every run gets, as typed."""
    working_folder: str = ""
    """Where it was started; relative paths and modules of the flags are meant from there."""
    id: str = ""
    """Tells its runs from those of a deleted sweep of the same name."""
    created_at: str = ""
    budgets: Mapping[str, int] = field(default_factory=dict)
    """Environment steps of each run, by ``<algo>/<env id>``."""

    def rows(self) -> list[SweepRow]:
        """Return all runs; the first seed of everything comes first, so that results do too."""
        return [
            SweepRow(algo, env_id, seed)
            for seed in self.seeds
            for env_id in self.envs
            for algo in self.algos
        ]

    def label(self, row: SweepRow) -> str:
        """Return what the run of ``row`` is labelled with in its ``run.json``."""
        return f"{self.label_start}{row.key}"

    @property
    def label_start(self) -> str:
        """What the labels of all its runs begin with."""
        return f"{self.name}.{self.id}/"

    def argv(self, row: SweepRow, log_folder: Path) -> list[str]:
        """Return the flags of ``train`` for ``row``, without its label."""
        own = ["--algo", row.algo, "--env", row.env_id, "--seed", str(row.seed)]
        return [*own, "-f", str(log_folder), *self.flags]

    def budget(self, row: SweepRow) -> int | None:
        """Return the environment steps of a run, if they are known."""
        return self.budgets.get(f"{row.algo}/{row.env_id}")

    def grown_to(self, other: SweepPlan) -> SweepPlan:
        """Return this sweep with the algorithms, environments and seeds of ``other``.

        Raises:
            ConfigError: If ``other`` lacks some that are in this sweep.
        """
        for flag, mine, theirs in (
            ("--algo", self.algos, other.algos),
            ("--env", self.envs, other.envs),
            ("--seeds", self.seeds, other.seeds),
        ):
            missing = [str(item) for item in mine if item not in theirs]
            if missing:
                raise ConfigError(
                    f"{flag}: the sweep '{self.name}' also has {', '.join(missing)}; it can grow, "
                    f"not shrink: name all of it, leave {flag} out, or choose another --name"
                )
        return replace(
            self,
            algos=_united(self.algos, other.algos),
            envs=_united(self.envs, other.envs),
            seeds=_united(self.seeds, other.seeds),
            budgets={**self.budgets, **other.budgets},
        )


def default_name(algos: Sequence[str], envs: Sequence[str]) -> str:
    """Return what a sweep is called without ``--name``, but for its number."""
    parts = []
    for names, kind in ((algos, "algos"), (envs, "envs")):
        shown = "-".join(map(file_name_of, names)) if len(names) <= 3 else f"{len(names)}-{kind}"
        parts.append(re.sub(r"[^\w.-]", "-", shown))
    return "_".join(parts)


def _united(first: tuple, second: tuple) -> tuple:  # type: ignore[type-arg]
    return tuple(dict.fromkeys((*first, *second)))

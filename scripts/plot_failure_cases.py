"""Where plots of the zoo show wrong numbers or none: command line, exit code, words of ours."""

from __future__ import annotations

import json
import os
import pickle
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

CARTPOLE = "all_plots -a ppo -e CartPole-v1 --no-display -f {dir}"
SCORES = "all_plots -a sac ppo -e Robot-v0 --no-display -f {dir}/robot --plots"
SAVED = "plot_from_file -i {dir}/saved/results --no-display"
SAVE = "all_plots --no-display -f {dir}/robot -o {dir}/saved/results"
"""Command that writes what ``plot_from_file`` reads."""

NUMBERS = "numbers that are not there"
SEEDS = "what counts as a seed"
FIGURES = "figures"
FILES = "files"


@dataclass(frozen=True)
class Case:
    """One situation.

    Attributes:
        group: Heading it stands under.
        name: What is the matter, in words.
        zoo: What RL Baselines3 Zoo 2.9.2 does with the same folders; ``--peer`` shows it.
        command: Command line after ``rl_zoo``; ``{dir}`` is the folder of ``write_runs``.
        code: Exit code.
        words: What the output must contain.
        absent: What it must not contain.
    """

    group: str
    name: str
    zoo: str
    command: str
    code: int
    words: tuple[str, ...]
    absent: tuple[str, ...] = ("| 0.0", " ± 0 ")


_ZERO = "`0.0 +/- 0.0`, exit code 0"

CASES = (
    Case(NUMBERS, "no such folder", _ZERO, f"{CARTPOLE}/nowhere", 3, ("nowhere: no such folder",)),
    Case(
        NUMBERS,
        "algorithm misspelt",
        _ZERO,
        "all_plots -a pppo -e CartPole-v1 --no-display -f {dir}/one",
        3,
        ("-a pppo", "did you mean 'ppo'?"),
    ),
    Case(
        NUMBERS,
        "environment misspelt",
        _ZERO,
        "all_plots -a ppo -e CartPol-v1 --no-display -f {dir}/one",
        3,
        ("-e CartPol-v1", "did you mean 'CartPole-v1'?"),
    ),
    Case(
        NUMBERS,
        "runs without evaluations",
        _ZERO,
        f"{CARTPOLE}/none",
        3,
        ("no evaluations.npz", "--eval-freq"),
    ),
    Case(
        NUMBERS,
        "one algorithm has no run on one environment",
        _ZERO,
        "all_plots -a ppo sac -e CartPole-v1 Pendulum-v1 --no-display -f {dir}/gap",
        0,
        ("| CartPole-v1 ", "–"),
    ),
    Case(
        NUMBERS,
        "a single evaluation",
        _ZERO,
        f"{CARTPOLE}/brief",
        0,
        ("12.00 (n=1)",),
    ),
    Case(
        NUMBERS,
        "one run",
        "`20 +/- 0`",
        f"{CARTPOLE}/one",
        0,
        ("20.00 (n=1)",),
        ("20.00 ±",),
    ),
    Case(
        NUMBERS,
        "a key that was not recorded",
        "traceback, exit code 1",
        f"{CARTPOLE}/one -k speed",
        3,
        ("-k speed", "valid: results"),
    ),
    Case(
        SEEDS,
        "a run that was continued in a second folder",
        "`83 +/- 23`: the halves are two seeds",
        f"{CARTPOLE}/resumed -print",
        0,
        ("116.0 (n=1)", "CartPole-v1_1 -> ppo/CartPole-v1_2"),
        ("n=2", "83"),
    ),
    Case(
        SEEDS,
        "runs with 8 and with 4 evaluations",
        "`80 +/- 0`: one is dropped in silence",
        f"{CARTPOLE}/unequal",
        0,
        ("60 ± 20 (n=2, at 400–800 steps)",),
    ),
    Case(
        SEEDS,
        "an environment whose name contains the other's",
        "`265 +/- 173`: MyCartPole-v1 is counted as CartPole-v1",
        f"{CARTPOLE}/names",
        0,
        ("20.00 (n=1)",),
        ("n=2", "265"),
    ),
    Case(
        SEEDS,
        "runs that end before `-min`",
        "kept: `20 +/- 0`",
        f"{CARTPOLE}/one -min 1000",
        3,
        ("-min",),
        ("20.00",),
    ),
    Case(
        SEEDS,
        "a folder named twice",
        "the same runs in two columns",
        f"{CARTPOLE}/one {{dir}}/one/",
        2,
        ("counted twice",),
    ),
    Case(
        FIGURES,
        "normalised scores of an environment without reference",
        'the raw score under "Normalized Score", a profile that is flat at 1',
        f"{SCORES} aggregates",
        2,
        ("Robot-v0", "--reference", "--normalize min-max"),
    ),
    Case(
        FIGURES,
        "the same, normalised by what is there",
        "no such choice",
        f"{SCORES} aggregates profiles --normalize min-max",
        0,
        ("aggregates.png", "profiles.png"),
    ),
    Case(
        FIGURES,
        "probability of improvement with one method",
        "an empty figure",
        "all_plots -a sac --no-display -f {dir}/robot --normalize min-max --plots improvement",
        3,
        ("two",),
    ),
    Case(
        FIGURES,
        "a window longer than the run",
        "a blank figure, exit code 0",
        "plot_train -a ppo -e CartPole-v1 -f {dir}/short --no-display -w 100",
        0,
        ("wrote", "30 episodes"),
    ),
    Case(
        FIGURES,
        "no display",
        "no picture, exit code 0",
        f"{CARTPOLE}/one",
        0,
        ("all_plots_CartPole-v1.png",),
    ),
    Case(
        FIGURES,
        "`-o` of plot_from_file",
        'the bar chart alone, titled "PyBullet envs", in a file without suffix',
        f"{SAVED} -b -o {{dir}}/figure",
        0,
        ("figure_Robot-v0.png", "figure_bars.png", "figure_boxes.png"),
    ),
    Case(
        FIGURES,
        "two methods, one label",
        "traceback of `zip()`, exit code 1",
        f"{SAVED} -l Mine",
        2,
        ("-l", "1 label", "2 "),
    ),
    Case(
        FIGURES,
        "TeX is asked for and not installed",
        "traceback, exit code 1",
        f"{SAVED} -latex",
        0,
        ("wrote",),
    ),
    Case(
        FILES,
        "no such results file",
        "traceback, exit code 1",
        "plot_from_file -i {dir}/nothing.pkl --no-display",
        3,
        ("nothing.pkl: no such file",),
    ),
    Case(
        FILES,
        "a pickle that runs a command",
        "runs it",
        "plot_from_file -i {dir}/malicious.pkl --no-display",
        2,
        ("malicious.pkl", "could execute code"),
    ),
    Case(
        FILES,
        "a damaged evaluations.npz",
        "traceback, exit code 1",
        f"{CARTPOLE}/damaged",
        0,
        ("left out", "CartPole-v1_2", "20.00 (n=1)"),
    ),
    Case(
        FILES,
        "a table published of evaluations, with another number",
        "cannot be checked",
        "benchmark_table -f {dir}/benchmark --check {dir}/benchmark/published.md",
        1,
        ("ppo CartPole-v1: mean_reward is 15.000, published 16.000",),
        (),
    ),
)


def write_runs(folder: Path) -> None:
    """Write the folders that the cases read."""
    _write_run(folder / "one", "CartPole-v1_1", [10, 20])
    _write_run(folder / "none", "CartPole-v1_1", [])
    _write_run(folder / "gap", "CartPole-v1_1", [10, 20])
    _write_run(folder / "gap", "Pendulum-v1_1", [10, 20])
    _write_run(folder / "gap", "Pendulum-v1_1", [10, 30], algo="sac")
    _write_run(folder / "brief", "CartPole-v1_1", [12])
    first = _write_run(folder / "resumed", "CartPole-v1_1", [10, 30, 50])
    parent = first / "CartPole-v1.zip"
    parent.write_bytes(b"")
    _write_run(folder / "resumed", "CartPole-v1_2", [70, 90, 116], start=300, parent=parent)
    _write_run(folder / "unequal", "CartPole-v1_1", range(10, 90, 10))
    _write_run(folder / "unequal", "CartPole-v1_2", range(10, 50, 10))
    _write_run(folder / "names", "CartPole-v1_1", [10, 20])
    _write_run(folder / "names", "MyCartPole-v1_1", [400, 510])
    for algo, scores in {"sac": (3, 5, 9), "ppo": (1, 2, 4)}.items():
        for number, score in enumerate(scores, start=1):
            _write_run(folder / "robot", f"Robot-v0_{number}", [0, score], algo=algo)
    short = _write_run(folder / "short", "CartPole-v1_1", [])
    _write_monitor(short, "CartPole-v1", [(10.0 + i, 10) for i in range(30)])
    _write_run(folder / "damaged", "CartPole-v1_1", [10, 20])
    damaged = _write_run(folder / "damaged", "CartPole-v1_2", [10, 20]) / "evaluations.npz"
    damaged.write_bytes(damaged.read_bytes()[:100])
    (folder / "malicious.pkl").write_bytes(pickle.dumps(_Malicious()))
    evaluated = folder / "benchmark" / "ppo-CartPole-v1"
    evaluated.mkdir(parents=True)
    _write_monitor(evaluated, "CartPole-v1", [(10.0, 10), (20.0, 20)])
    (folder / "benchmark" / "published.md").write_text(
        "|algo|env_id|mean_reward|std_reward|eval_timesteps|eval_episodes|\n"
        "|----|------|----------:|---------:|-------------:|------------:|\n"
        "|ppo |CartPole-v1|16.000|    5.000|            30|            2|\n"
    )


class _Malicious:
    def __reduce__(self) -> tuple[object, tuple[str]]:
        return os.system, ("touch executed",)


def _write_run(
    log_folder: Path,
    name: str,
    scores: Sequence[float],
    *,
    algo: str = "ppo",
    start: int = 0,
    parent: Path | None = None,
) -> Path:
    """Write a run as the zoo does: an evaluation of two equal episodes every 100 steps."""
    path = log_folder / algo / name
    env = name.rpartition("_")[0]
    (path / env).mkdir(parents=True)
    tag = "!!python/object/apply:collections.OrderedDict\n"
    (path / env / "config.yml").write_text(f"{tag}- []\n")
    (path / env / "args.yml").write_text(
        f"{tag}- - - algo\n    - {algo}\n  - - env\n    - {env}\n"
        f"  - - trained_agent\n    - '{parent or ''}'\n"
    )
    if len(scores):
        steps = start + 100 * np.arange(1, len(scores) + 1)
        pairs = np.repeat(np.array(scores, dtype=float)[:, None], 2, axis=1)
        lengths = np.ones_like(pairs, dtype=int)
        np.savez(path / "evaluations.npz", timesteps=steps, results=pairs, ep_lengths=lengths)
    return path


def _write_monitor(folder: Path, env: str, episodes: Sequence[tuple[float, int]]) -> None:
    header = {"t_start": 1000.0, "env_id": env}
    lines = [f"#{json.dumps(header)}", "r,l,t"]
    lines += [f"{reward},{length},{i + 1.0}" for i, (reward, length) in enumerate(episodes)]
    (folder / "0.monitor.csv").write_text("\n".join(lines) + "\n")

"""Change a robot that walks; show its speed before, after the change, and after learning on.

The old policy goes on learning on the changed robot (`train -i`), and a new one learns there from
scratch with the same budget. Prints a Markdown table and keeps it in <log folder>/adaptation.json.
With --stand-in a HalfCheetah gets a heavier torso instead: cheap, and compared by return.
"""

from __future__ import annotations

import argparse
import contextlib
import io
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from rl_zoo.cli import main as rl_zoo
from rl_zoo.config.literals import format_literal
from rl_zoo.console import message, result
from rl_zoo.runs.folder import latest_run_number

EVALUATION_SEED = 1000
SCRATCH = "from scratch"
LOADED_HALF_CHEETAH = "LoadedHalfCheetah-v5"


@dataclass(frozen=True)
class Change:
    """Something about the robot that is not as it was."""

    name: str
    env_kwargs: Mapping[str, Any]
    after: str | None = None
    """Another change whose adapted policy is the old one here; None: the first training's."""


@dataclass(frozen=True)
class Subject:
    """Who is changed, and how long it learns; times are of the robot, min."""

    env_ids: Mapping[str, str]
    """By algorithm."""
    control_frequency: float
    """Hz."""
    learn_minutes: float
    minutes: float
    changes: Mapping[str, Change]
    params: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Hyperparameters by algorithm."""

    def steps(self, minutes: float) -> int:
        """Return the number of control periods in ``minutes``."""
        return max(1, round(60.0 * minutes * self.control_frequency))


BERT = Subject(
    {"openloop": "Bert-v0", "droq": "Bert-CPG-v0"},
    control_frequency=50.0,
    learn_minutes=8.0,
    minutes=4.0,
    changes={
        "arm": Change("+1 kg arm", {"payload": {"mass": 1.0, "position": [0.05, 0.0, 0.06]}}),
        "moved-arm": Change(
            "arm moved to the rear",
            {"payload": {"mass": 1.0, "position": [-0.06, 0.0, 0.06]}},
            after="arm",
        ),
        "weak-motor": Change("knee FR at half strength", {"motor_strength": {"FR_knee": 0.5}}),
        "stiff-leg": Change("leg FR at 10 N m/rad", {"spring_stiffness": {"FR": 10.0}}),
    },
)
HALF_CHEETAH = Subject(
    {"openloop": LOADED_HALF_CHEETAH},
    control_frequency=20.0,
    learn_minutes=1e6 / 1200.0,
    minutes=1.5e5 / 1200.0,
    changes={"torso": Change("torso +32 % of all mass", {"torso_load": 0.32})},
    params={
        "openloop": (
            "env_wrapper:[{'JointPDWrapper': {'kp': 1.0, 'kd': 0.05}}]",
            "frequency_range:[0.4, 4.0]",
            "amplitude_range:[-1.5, 1.5]",
            "offset_range:[-1.0, 1.0]",
        )
    },
)


@dataclass(frozen=True)
class Lab:
    """What all trainings of one seed share."""

    subject: Subject
    log_folder: Path
    seed: int
    learn_steps: int
    steps: int
    n_episodes: int
    """Of each measurement."""
    params: Mapping[str, tuple[str, ...]]
    """More hyperparameters by algorithm."""
    keep_buffer: str | None = None
    """As for ``train --keep-buffer``; None: nothing of the old robot."""

    def train(
        self, algo: str, n_steps: int, env_kwargs: Mapping[str, Any], parent: Path | None = None
    ) -> Path:
        """Train and return the run's folder.

        Args:
            algo: Algorithm.
            n_steps: Budget.
            env_kwargs: The robot.
            parent: Run to start from; None: from scratch.
        """
        env_id = self.subject.env_ids[algo]
        flags = ["--algo", algo, "--env", env_id, "-f", str(self.log_folder)]
        flags += ["-n", str(n_steps), "--seed", str(self.seed), "--verbose", "0"]
        flags += ["--num-threads", "1", "--save-freq", str(n_steps)]
        flags += ["--eval-freq", str(n_steps), "--eval-episodes", str(self.n_episodes)]
        params = [*self.subject.params.get(algo, ()), *self.params.get(algo, ())]
        flags += ["-params", *params] if params else []
        flags += ["--env-kwargs", *_literals(env_kwargs)] if env_kwargs else []
        if parent is not None:
            flags += ["-i", str(parent)]
            learns_from_buffer = self.keep_buffer is not None and algo != "openloop"
            flags += ["--keep-buffer", str(self.keep_buffer)] if learns_from_buffer else []
        run_command("train", flags)
        folder = self.log_folder / algo
        return folder / f"{env_id}_{latest_run_number(folder, env_id)}"

    def measure(self, run: Path) -> Measured:
        """Run the final policy of a run on the robot it was trained on, in fresh episodes."""
        flags = ["--run", str(run), "--json", "--no-render", "--num-threads", "1"]
        flags += ["--n-episodes", str(self.n_episodes), "--seed", str(EVALUATION_SEED)]
        found = json.loads(run_command("enjoy", flags))
        speed = found["metrics"].get("motion/forward_speed")
        falls = found["end_reasons"].get("fall", 0)
        return Measured(found["mean_return"], speed, falls, found["n_episodes"])


@dataclass(frozen=True)
class Measured:
    """What a policy does."""

    mean_return: float
    forward_speed: float | None
    """m/s; None: no robot of ours."""
    falls: int
    n: int
    """Episodes."""

    def __str__(self) -> str:
        """Return speed and falls, or the return."""
        if self.forward_speed is None:
            return f"{self.mean_return:.0f}"
        return f"{self.forward_speed:.2f} ({self.falls}/{self.n})"


@dataclass(frozen=True)
class Row:
    """One change and what came of it."""

    change: str
    algo: str
    seed: int
    before: Measured
    after: Measured
    adapted: Measured
    scratch: Measured
    run: str
    """Folder of the adapted run."""

    def text(self) -> str:
        """Return the row of the table."""
        cells = [self.change, self.algo, self.seed, self.before, self.after, self.adapted]
        return f"| {' | '.join(map(str, [*cells, self.scratch]))} |"


def main(argv: Sequence[str] | None = None) -> None:
    """Train, change, measure, tabulate."""
    arguments = build_parser().parse_args(argv)
    subject = HALF_CHEETAH if arguments.stand_in else BERT
    if arguments.stand_in:
        register_loaded_half_cheetah()
    changes = [*subject.changes] if arguments.stand_in else arguments.changes
    learn_minutes = arguments.learn_minutes or subject.learn_minutes
    minutes = arguments.minutes or subject.minutes
    result(heading(minutes, is_robot=not arguments.stand_in))
    rows = []
    for seed in arguments.seeds:
        lab = Lab(
            subject,
            arguments.log_folder,
            seed,
            subject.steps(learn_minutes),
            subject.steps(minutes),
            arguments.n_episodes,
            read_params(arguments.params),
            arguments.keep_buffer,
        )
        for row in adapt_all(lab, ["openloop"] if arguments.stand_in else arguments.algos, changes):
            result(row.text())
            rows.append(row)
    file = arguments.log_folder / "adaptation.json"
    file.write_text(json.dumps(rows, default=vars, indent=1) + "\n", encoding="utf-8")


def build_parser() -> argparse.ArgumentParser:
    """Return the parser of all flags."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--algos", nargs="+", choices=["openloop", "droq"], help="algorithms")
    parser.add_argument("--changes", nargs="+", choices=[*BERT.changes], help="what changes")
    parser.add_argument("--seeds", type=int, nargs="+", default=[0], help="random seeds")
    parser.add_argument("--learn-minutes", type=float, help="first training, min of robot time")
    parser.add_argument("--minutes", type=float, help="learning after a change, likewise")
    parser.add_argument("--n-episodes", type=int, default=10, help="of each measurement")
    parser.add_argument("--keep-buffer", metavar="{none,N,all}", help="as for train (droq)")
    parser.add_argument("--params", nargs="+", default=[], help="ALGO.KEY:VALUE hyperparameters")
    parser.add_argument("--stand-in", action="store_true", help="HalfCheetah, open loop only")
    parser.add_argument("-f", "--log-folder", type=Path, default=Path("logs/adaptation"))
    parser.set_defaults(algos=["openloop", "droq"], changes=[*BERT.changes])
    return parser


def read_params(given: Sequence[str]) -> dict[str, tuple[str, ...]]:
    """Return ``ALGO.KEY:VALUE`` texts as ``KEY:VALUE`` by algorithm."""
    params: dict[str, tuple[str, ...]] = {}
    for text in given:
        algo, _, value = text.partition(".")
        params[algo] = (*params.get(algo, ()), value)
    return params


def heading(minutes: float, *, is_robot: bool) -> str:
    """Return the first two lines of the table."""
    unit = "m/s (falls)" if is_robot else "return"
    times = f"after {minutes:g} min"
    columns = ["change", "algorithm", "seed", f"before, {unit}", "changed, old policy"]
    columns += [f"{times} from the old policy", f"{times} {SCRATCH}"]
    return f"| {' | '.join(columns)} |\n|---|---|--:|--:|--:|--:|--:|"


def adapt_all(lab: Lab, algos: Sequence[str], changes: Sequence[str]) -> Iterator[Row]:
    """Train the first policy of each algorithm, adapt it to each change, and yield the results."""
    for algo in algos:
        first = lab.train(algo, lab.learn_steps, {})
        adapted: dict[str, Path] = {}
        for name in with_predecessors(lab.subject, changes):
            row = adapt(lab, algo, lab.subject.changes[name], adapted, first)
            adapted[name] = Path(row.run)
            if name in changes:
                yield row


def with_predecessors(subject: Subject, changes: Sequence[str]) -> list[str]:
    """Return the changes in an order in which each has its old policy."""
    order: list[str] = []
    for name in changes:
        before = subject.changes[name].after
        order += [item for item in (before, name) if item is not None and item not in order]
    return order


def adapt(lab: Lab, algo: str, change: Change, adapted: Mapping[str, Path], first: Path) -> Row:
    """Adapt the old policy to one change, and learn from scratch beside it.

    Args:
        lab: Seed and budget.
        algo: Algorithm.
        change: What changes.
        adapted: Runs that adapted to earlier changes.
        first: Run on the unchanged robot.
    """
    parent = first if change.after is None else adapted[change.after]
    before = lab.measure(parent)
    run = lab.train(algo, lab.steps, change.env_kwargs, parent)
    baseline = json.loads((run / "run.json").read_text(encoding="utf-8"))["baseline"]
    after = Measured(*(baseline[key] for key in ("mean_return", "forward_speed", "falls", "n")))
    new = lab.train(algo, lab.steps, change.env_kwargs)
    scratch = lab.measure(new)
    return Row(change.name, algo, lab.seed, before, after, lab.measure(run), scratch, str(run))


def run_command(name: str, flags: list[str]) -> str:
    """Run a command of rl_zoo and return what it wrote to stdout.

    Raises:
        SystemExit: If it fails.
    """
    message(f"rl_zoo {name} {' '.join(flags)}")
    output = io.StringIO()
    with contextlib.redirect_stdout(output):
        code = rl_zoo([name, *flags])
    if code != 0:
        raise SystemExit(code)
    return output.getvalue()


def register_loaded_half_cheetah() -> None:
    """Register a HalfCheetah whose torso carries a part of its mass more (``torso_load``)."""
    import gymnasium
    from gymnasium.envs.mujoco.half_cheetah_v5 import HalfCheetahEnv

    class LoadedHalfCheetah(HalfCheetahEnv):
        """A HalfCheetah with a heavier torso of the same shape."""

        def __init__(self, torso_load: float = 0.0, **kwargs: Any) -> None:
            super().__init__(**kwargs)
            import mujoco

            torso = self.model.body("torso").id
            load = torso_load * float(self.model.body_mass.sum())
            self.model.body_inertia[torso] *= 1.0 + load / self.model.body_mass[torso]
            self.model.body_mass[torso] += load
            mujoco.mj_setConst(self.model, self.data)

    gymnasium.register(LOADED_HALF_CHEETAH, LoadedHalfCheetah, max_episode_steps=1000)


def _literals(values: Mapping[str, Any]) -> list[str]:
    return [f"{key}:{format_literal(value)}" for key, value in values.items()]


if __name__ == "__main__":
    main()

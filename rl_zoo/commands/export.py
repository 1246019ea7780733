"""``export``: one ONNX file that runs a policy without PyTorch."""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence
from datetime import datetime, timezone
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rl_zoo import console
from rl_zoo.commands.options import ExtendAction, ZooArgumentParser, run_command
from rl_zoo.cpu_budget import apply_cpu_budget
from rl_zoo.errors import ConfigError, UsageError

if TYPE_CHECKING:
    from rl_zoo.agents.load_run import LoadSettings, RunIdentity
    from rl_zoo.config.model import RunConfig
    from rl_zoo.deploy.export import Export
    from rl_zoo.runs.folder import RunFolder
    from rl_zoo.runs.select import SelectedModel

BUNDLE = "bundle.onnx"
"""Name of the file in the run's folder, unless -o says another."""
_EXAMPLES = """
examples:
  export logs/droq/Bert-v0_1
  export logs/droq/Bert-v0_1 --best -o walk.onnx
  export --algo sac --env Pendulum-v1 --checkpoint 10000
"""


def build_parser() -> ZooArgumentParser:
    """Return the parser of ``export``."""
    parser = ZooArgumentParser(
        prog="rl_zoo export",
        description="Write one ONNX file with everything between sensors and motors: the "
        "normalisation and the policy, and in its metadata history, filters, oscillators and "
        "safety limits. It is compared with the original first, and not written if it differs by "
        "more than 1e-5.",
        epilog=_EXAMPLES,
    )
    add = parser.add_argument
    add("run", type=Path, nargs="?", metavar="RUN", help="run folder (instead of --algo, --env)")
    add("-o", "--output", type=Path, metavar="FILE", help=f"default: {BUNDLE} in the run's folder")
    weights = parser.add_mutually_exclusive_group()
    weights.add_argument("--best", "--load-best", action="store_true", help="take the best model")
    checkpoint_help = "take the checkpoint of step N"
    weights.add_argument(
        "--checkpoint", "--load-checkpoint", type=int, metavar="N", help=checkpoint_help
    )
    weights.add_argument(
        "--last-checkpoint", action="store_true", help="take the last complete one"
    )
    add("--algo", help="algorithm")
    add("--env", help="environment id")
    add("-f", "--folder", type=Path, default=Path("logs"), help="log folder of --algo and --env")
    add("--exp-id", type=int, default=0, help="number of the run; 0: the latest that has a model")
    add("-n", "--steps", type=int, default=1000, help="recorded steps to compare")
    add("--random", type=int, default=1000, help="random observations to compare")
    add("--seed", type=int, default=0, help="seed of both")
    add(
        "--env-kwargs",
        nargs="+",
        action=ExtendAction,
        metavar="KEY:VALUE",
        help="keywords of the environment, over those of the run",
    )
    add(
        "--gym-packages",
        nargs="+",
        default=[],
        action=ExtendAction,
        metavar="MODULE",
        help="modules to import first, which register environments",
    )
    add("--trust", action="store_true", help="let the run's files execute code")
    return parser


def main(argv: Sequence[str] | None = None) -> int:
    """Run ``export`` and return its exit code."""
    return run_command(build_parser(), argv, _export)


def _export(arguments: argparse.Namespace) -> int:
    _check(arguments)
    apply_cpu_budget(1)
    folder, identity = _find(arguments)
    model = _model(folder, arguments)
    file = arguments.output if arguments.output is not None else folder.path / BUNDLE
    _check_output(file)
    result = _made(arguments, identity, model)
    from rl_zoo.runs.atomic import write_bytes

    try:
        write_bytes(file, result.content)
    except OSError as error:
        raise UsageError(
            f"-o {file}: cannot be written ({error.strerror}); choose another place with -o"
        ) from error
    _print(result, file)
    return 0


def _made(arguments: argparse.Namespace, identity: RunIdentity, model: SelectedModel) -> Export:
    import torch

    torch.set_num_threads(1)
    from rl_zoo.agents.load_run import load_config, load_run
    from rl_zoo.deploy.export import ExportSettings, export

    settings = _load_settings(arguments)
    config = load_config(model.folder, identity, settings)
    played = _simulated(config, settings.gym_packages)
    run = load_run(model, played, settings)
    try:
        return export(
            run,
            ExportSettings(
                n_steps=arguments.steps,
                n_random=arguments.random,
                seed=arguments.seed,
                deployed=config,
                packages=settings.gym_packages,
                about_run=_about(identity, model),
            ),
        )
    finally:
        run.env.close()


def _check(arguments: argparse.Namespace) -> None:
    """Refuse flags that contradict each other or mean nothing."""
    problems = []
    if arguments.run is not None:
        problems += [
            f"{flag} and {arguments.run}: name the run by folder or by flags"
            for flag, value in (("--algo", arguments.algo), ("--env", arguments.env))
            if value is not None
        ]
    elif arguments.algo is None or arguments.env is None:
        problems.append("RUN: name a run folder, or give --algo and --env")
    for flag in ("steps", "random"):
        value = getattr(arguments, flag)
        if value < 1:
            problems.append(f"--{flag} {value}: must be at least 1")
    if not 0 <= arguments.seed < 2**32:
        problems.append(f"--seed {arguments.seed}: must be from 0 to {2**32 - 1}")
    if problems:
        raise ConfigError(problems)


def _check_output(file: Path) -> None:
    """Refuse a place that cannot be written before anything is computed."""
    try:
        is_folder = file.is_dir()
    except (OSError, ValueError) as error:  # of a name that no file can have
        raise UsageError(f"-o {file}: is no name of a file ({error})") from error
    if is_folder:
        raise UsageError(f"-o {file}: is a folder; give a file name, e.g. {file / BUNDLE}")
    if file.suffix != ".onnx":
        raise UsageError(f"-o {file}: must end in .onnx, e.g. {file.with_suffix('.onnx')}")
    if not file.parent.is_dir():
        raise UsageError(f"-o {file}: there is no folder {file.parent}")


def _find(arguments: argparse.Namespace) -> tuple[RunFolder, RunIdentity]:
    from rl_zoo.commands.run_options import find_run

    return find_run(arguments)


def _model(folder: RunFolder, arguments: argparse.Namespace) -> SelectedModel:
    from rl_zoo.runs.select import WeightsRequest, select_model

    if arguments.best:
        return select_model(folder, WeightsRequest("best"))
    if arguments.checkpoint is not None or arguments.last_checkpoint:
        return select_model(folder, WeightsRequest("checkpoint", arguments.checkpoint))
    return select_model(folder, WeightsRequest())


def _load_settings(arguments: argparse.Namespace) -> LoadSettings:
    from rl_zoo.agents.load_run import LoadSettings
    from rl_zoo.commands.run_options import read_env_kwargs

    return LoadSettings(
        seed=arguments.seed,
        device="cpu",
        env_kwargs=read_env_kwargs(arguments.env_kwargs or ()),
        gym_packages=tuple(arguments.gym_packages),
        trust=arguments.trust,
    )


def _simulated(config: RunConfig, packages: tuple[str, ...]) -> RunConfig:
    """Return the configuration to play in: of a real robot that of its simulation.

    Raises:
        ConfigError: If no simulation of the robot is known.
    """
    from dataclasses import replace

    from rl_zoo.config.lookup import simulation_of
    from rl_zoo.envs.ids import is_known_builtin, require_env, takes_run_folder
    from rl_zoo.envs.robot_options import OPTION_NAMES

    require_env(config.env_id, packages)
    if not takes_run_folder(config.env_id):
        return config
    twin = simulation_of(config.env_id)
    if twin is None or not is_known_builtin(twin):
        raise ConfigError(
            f"{config.env_id}: is a real robot, and no simulation of it is known to compare the "
            "bundle in"
        )
    console.message(f"note: {config.env_id} is a robot; the bundle is compared in {twin}")
    kwargs, evaluation = (
        {name: value for name, value in options.items() if name in OPTION_NAMES}
        for options in (config.env_kwargs, config.eval_env_kwargs)
    )
    return replace(config, env_id=twin, env_kwargs=kwargs, eval_env_kwargs=evaluation)


def _about(identity: RunIdentity, model: SelectedModel) -> dict[str, Any]:
    """Return where the weights come from."""
    from rl_zoo.runs.record import read_record

    record = read_record(model.folder)
    about: dict[str, Any] = {
        "folder": model.folder.path.name,
        "algo": identity.algo,
        "env_id": identity.env_id,
        "weights": model.label,
        "exported": datetime.now(timezone.utc).isoformat(timespec="seconds"),
    }
    if record is None:  # a run of the zoo
        return about if model.steps is None else about | {"steps": model.steps}
    return about | {
        "seed": record.seed,
        "steps": _steps(model, record.num_timesteps),
        "started": record.started_at,
        "git_commit": record.git_commit,
        "command": record.command,
        "trained_with": dict(record.versions),
    }


def _steps(model: SelectedModel, at_the_end: int | None) -> int | None:
    """Return the training step of the weights; None: the run does not say."""
    if model.kind != "best":
        return at_the_end if model.steps is None else model.steps
    try:
        best = json.loads(model.folder.best_record.read_text(encoding="utf-8"))
        return int(best["steps"])
    except (OSError, ValueError, KeyError, TypeError, OverflowError, RecursionError):
        return None


def _print(result: Export, file: Path) -> None:
    metadata = result.metadata
    for item in result.comparisons:
        ties = f", {item.n_ties} ties left out" if item.n_ties else ""
        console.result(
            f"{item.stage}: {item.n} {item.what}s, largest error {item.max_error:.2g}{ties}"
        )
    original, bundle = metadata.parity["original"], metadata.parity["bundle"]
    console.result(
        f"one step: original p50 {original['p50_us']:.0f} us, p99 {original['p99_us']:.0f} us; "
        f"bundle p50 {bundle['p50_us']:.1f} us, p99 {bundle['p99_us']:.1f} us"
    )
    carried = ", ".join(str(layer["kind"]) for layer in metadata.layers) or "none"
    kept = ", ".join(str(item["name"]) for item in metadata.environment.wrappers)
    console.result(f"layers: {carried}" + (f"; left to the environment: {kept}" if kept else ""))
    if result.guard_is_kept:
        console.warn(
            "the safety limits are not in the bundle: a wrapper outside of SafetyWrapper stays "
            "with the environment, and they with it"
        )
    console.result(f"wrote {file} ({len(result.content) / 1e3:.0f} kB)")


if __name__ == "__main__":
    raise SystemExit(main())

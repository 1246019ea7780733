"""Train on a simulated robot in another process while faults happen; then prove the data right.

Starts ``rl_zoo robot simulate`` behind a wire protocol with random faults, trains on it for some
minutes, and compares replay buffer and wire with the simulated robot's own record. Exit code 1 if
one transition or one command is wrong.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import re
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Sequence
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from rl_zoo.console import result  # noqa: E402
from rl_zoo.errors import RobotFault  # noqa: E402
from rl_zoo.robots.catalog import ROBOTS  # noqa: E402
from rl_zoo.robots.simulated.fault_socket import inject  # noqa: E402
from rl_zoo.robots.simulated.record import read_events  # noqa: E402
from rl_zoo.runs.episode_file import EPISODES  # noqa: E402
from scripts.soak_checks import (  # noqa: E402
    Findings,
    RobotTruth,
    check_buffer,
    check_transitions,
    check_wire,
)

SOCKET = "faults.sock"
_PROMPT = re.compile(r"\[echo yes > (\S+?),")


def main(argv: Sequence[str] | None = None) -> int:
    """Run the soak; return 1 if anything is wrong."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path, help="where everything goes; emptied first")
    parser.add_argument("--protocol", choices=("unitree", "remote"), default="unitree")
    parser.add_argument("--robot", default="bert")
    parser.add_argument("--env", default="Bert-Real-v0")
    parser.add_argument("--algo", default="droq")
    parser.add_argument("--minutes", type=float, default=10.0, help="of training, wall time")
    parser.add_argument("--faults", type=int, default=40)
    parser.add_argument("--kinds", nargs="+", help="of faults; default: all")
    parser.add_argument("--domain", type=int, default=77, help="of DDS")
    parser.add_argument("--rate", type=float, default=500.0, help="of the control loop, Hz")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument(
        "--params",
        nargs="+",
        default=["train_freq:[1, 'episode']", "gradient_steps:-1"],
        help="hyperparameters; by default it learns between episodes, so that two cores suffice",
    )
    parser.add_argument("--check", action="store_true", help="only check what is there")
    arguments = parser.parse_args(argv)
    if not arguments.check:
        _run(arguments)
    return _check(arguments)


def _run(arguments: argparse.Namespace) -> None:
    folder: Path = arguments.folder
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    seconds = 60.0 * arguments.minutes
    if arguments.protocol == "unitree":
        address = {"domain": arguments.domain}
        served = [f"domain:{arguments.domain}"]
    else:
        address = {"address": f"unix://{folder.resolve()}/robot.sock"}
        served = [f"address:'unix://{folder.resolve()}/robot.sock'"]
    simulator = ["robot", "simulate", "--robot", arguments.robot, "--protocol", arguments.protocol]
    simulator += ["--protocol-options", *served, "--record", str(folder / "robot")]
    simulator += ["--random-faults", str(arguments.faults), "--over", str(0.95 * seconds)]
    simulator += ["--seed", str(arguments.seed), "--socket", str(folder / SOCKET)]
    if arguments.kinds:
        simulator += ["--random-kinds", *arguments.kinds]
    training = ["train", "--algo", arguments.algo, "--env", arguments.env, "-f", str(folder)]
    training += ["--seed", str(arguments.seed), "-n", "1000000", "--eval-freq", "-1"]
    training += [
        "-params",
        *arguments.params,
        "--save-replay-buffer",
        "--env-kwargs",
        f"driver:{arguments.protocol!r}",
    ]
    training += [f"driver_options:{address!r}", f"control:{{'rate': {arguments.rate}}}"]
    training += ["reset:{'auto_rearm': True}"]
    with (folder / "simulator.log").open("w") as log:
        robot = subprocess.Popen(_command(simulator), stdout=log, stderr=subprocess.STDOUT)
    try:
        _wait_for(folder / "simulator.log", "ready", robot)
        with (folder / "training.log").open("w") as log:
            trainer = subprocess.Popen(_command(training), stdout=log, stderr=subprocess.STDOUT)
        done = threading.Event()
        operator = threading.Thread(target=_answer_prompts, args=(folder, done), daemon=True)
        operator.start()
        try:
            trainer.wait(timeout=seconds)
        except subprocess.TimeoutExpired:
            trainer.terminate()
            trainer.wait(timeout=120)
        done.set()
    finally:
        robot.terminate()
        robot.wait(timeout=30)


def _command(arguments: list[str]) -> list[str]:
    return [sys.executable, "-m", "rl_zoo.cli", *arguments]


def _wait_for(log: Path, word: str, process: subprocess.Popen[bytes]) -> None:
    end = time.monotonic() + 60.0
    while word not in log.read_text():
        if process.poll() is not None or time.monotonic() > end:
            raise SystemExit(f"the simulated robot did not start:\n{log.read_text()}")
        time.sleep(0.1)


def _answer_prompts(folder: Path, done: threading.Event) -> None:
    """Be the operator: lay the robot on its belly whenever something is asked, then say yes."""
    n_answered = 0
    while not done.wait(0.5):
        prompts = _PROMPT.findall((folder / "training.log").read_text())
        if len(prompts) > n_answered:
            with contextlib.suppress(RobotFault):  # the boards may be off at this moment
                inject(folder / SOCKET, "put_down")
            done.wait(1.0)
            Path(prompts[-1]).write_text("yes\n")
        n_answered = len(prompts)


def _check(arguments: argparse.Namespace) -> int:
    folder: Path = arguments.folder
    (run,) = (file.parent for file in folder.glob("*/*/run.json"))
    spec = ROBOTS.load(arguments.robot)
    step = 1000.0 / spec.physics_frequency if arguments.protocol == "unitree" else 1.0
    truth = RobotTruth(folder / "robot", step)
    faults = [event for event in read_events(folder / "robot") if event["event"] == "begin"]
    result(f"faults: {len(faults)}")
    checks = {
        "transitions": check_transitions(run / EPISODES, truth, 2.5 / spec.control_frequency),
        "buffer": check_buffer(_load_buffer(run), run / EPISODES),
        "wire": check_wire(folder / "robot", arguments.protocol, spec, arguments.rate),
    }
    for name, findings in checks.items():
        _report(name, findings)
    record = json.loads((run / "run.json").read_text())
    result(f"robot use: {json.dumps(record.get('robot_use'), indent=1)}")
    return int(any(findings.wrong for findings in checks.values()))


def _load_buffer(run: Path) -> object:
    from stable_baselines3.common.save_util import load_from_pkl

    return load_from_pkl(run / "replay_buffer.pkl")


def _report(name: str, findings: Findings) -> None:
    counts = ", ".join(f"{what}: {count}" for what, count in sorted(findings.counts.items()))
    result(f"{name}: {counts}; WRONG: {len(findings.wrong)}")
    for text in findings.wrong[:10]:
        result(f"  {text}")


if __name__ == "__main__":
    raise SystemExit(main())

"""Run a bundle in an environment without PyTorch against a simulated robot, also when things fail.

Called by scripts/check_robot_computer.sh. The simulated robot runs with this Python; the policy
with that of --python, which has only requirements/robot.txt. Prints a Markdown table; exits with 1
if a row is not as it should be.
"""

from __future__ import annotations

import argparse
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from rl_zoo.console import message, result  # noqa: E402
from rl_zoo.deploy.metadata import KEY, Metadata, from_json, to_json  # noqa: E402
from scripts.served_robot import (  # noqa: E402
    ServedRobot,
    served,
    settle,
    time_until_safe,
    time_until_soft,
    wait_for,
)

_TOLD = ("Mean reward", "No complete episode")
_PATIENCE = 60.0  # s, for a command to end
_NAN_MODULE = '''
import pathlib, time
import gymnasium, numpy

class NanAfter(gymnasium.ObservationWrapper):
    """A sensor that breaks."""

    steps = 0

    def observation(self, observation):
        self.steps += 1
        if self.steps < 50:
            return observation
        if self.steps == 50:
            pathlib.Path("broken_at").write_text(str(time.monotonic()))
        return observation * numpy.float32(numpy.nan)
'''


@dataclass(frozen=True)
class Place:
    """Where the checks run."""

    python: Path
    """Of the robot's computer."""
    folder: Path
    """For everything that is written."""
    robot: ServedRobot


@dataclass(frozen=True)
class Ended:
    """How ``enjoy --onnx`` ended."""

    code: int
    said: str
    """The error; without one the main line of the result."""
    soft_after: float | None = None
    """Time from the event until the motors were without stiffness, s."""
    safe_after: float | None = None
    """Time from the event until they were, or sat down with soft gains, s."""


@dataclass(frozen=True)
class Case:
    """One row of the table."""

    name: str
    run: Callable[[Place, Path], Ended]
    code: int
    """Exit code that is right."""


def main(argv: Sequence[str] | None = None) -> int:
    """Run all cases; return 1 if one is not as it should be."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("bundle", type=Path, help="of a policy for Bert-v0")
    parser.add_argument("--python", type=Path, required=True, help="of the robot's computer")
    arguments = parser.parse_args(argv)
    wrong = 0
    with tempfile.TemporaryDirectory() as name:
        os.environ["XDG_RUNTIME_DIR"] = name
        folder = Path(name)
        (folder / "broken_sensor.py").write_text(_NAN_MODULE)
        result("| case | exit | said | safe after s | soft after s |\n|---|--:|---|--:|--:|")
        for number, case in enumerate(CASES):
            with served(folder / f"robot_{number}") as robot:
                place = Place(arguments.python, folder, robot)
                ended = case.run(place, arguments.bundle.resolve())
            times = " | ".join(_time_text(t) for t in (ended.safe_after, ended.soft_after))
            result(f"| {case.name} | {ended.code} | {ended.said} | {times} |")
            if ended.code != case.code or "Traceback" in ended.said:
                message(f"wrong: {case.name}: exit {ended.code}, not {case.code}")
                wrong += 1
    return 1 if wrong else 0


def _time_text(seconds: float | None) -> str:
    return "" if seconds is None else f"{seconds:.2f}"


def _command(place: Place, bundle: Path, *more: str) -> list[str]:
    address = place.robot.options["address"]
    command = [str(place.python), "-m", "rl_zoo.enjoy", "--onnx", str(bundle), "--no-render"]
    command += ["--env", "Bert-Real-v0", "--env-kwargs", "driver:'remote'"]
    command += [f"driver_options.address:'{address}'", "operator.assume_yes:True"]
    return [*command, *more]


def _start(place: Place, command: list[str]) -> subprocess.Popen[str]:
    """Start a command outside of the repository, so that only what is installed is found."""
    environment = {**os.environ, "PYTHONPATH": str(place.folder)}
    log = (place.folder / "output").open("w")
    return subprocess.Popen(
        command,
        cwd=place.folder,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=log,
        stderr=log,
        text=True,
    )


def _end(place: Place, process: subprocess.Popen[str], since: float | None = None) -> Ended:
    try:
        code = process.wait(_PATIENCE)
    except subprocess.TimeoutExpired:
        process.kill()
        code = process.wait()
    lines = (place.folder / "output").read_text().strip().splitlines()
    errors = [line for line in lines if line.startswith(("error", "Traceback"))]
    told = [line for line in lines if line.startswith(_TOLD) or "largest error" in line]
    said = (errors or told or [""])[-1].strip()
    said = said.replace(str(place.folder), "...")
    if since is None:
        return Ended(code, said)
    if place.robot.process.poll() is None:
        settle(place.robot)
    soft, safe = time_until_soft(place.robot, since), time_until_safe(place.robot, since)
    return Ended(code, said, soft, safe)


def _runs(place: Place, bundle: Path) -> Ended:
    return _end(place, _start(place, _command(place, bundle, "--n-episodes", "2")))


def _plays(place: Place, bundle: Path, *more: str) -> subprocess.Popen[str]:
    """Start an endless run and wait until the robot is in the middle of its second episode."""
    command = _command(place, bundle, "max_episode_steps:150", "-n", "1000000", *more)
    process = _start(place, command)
    output = place.folder / "output"
    try:
        wait_for(lambda: process.poll() is not None or "Reward" in output.read_text(), _PATIENCE)
    except TimeoutError:
        process.kill()
        process.wait()
        last = output.read_text().strip().rpartition("\n")[2]
        raise SystemExit(f"no episode within {_PATIENCE:g} s; it says: {last}") from None
    time.sleep(2.5)
    return process


def _is_stiff(robot: ServedRobot) -> bool:
    _, stiffness = robot.stiffness()
    return bool(stiffness.size and stiffness[-1] > 0.9)


def _interrupted(place: Place, bundle: Path) -> Ended:
    process = _plays(place, bundle)
    since = time.monotonic()
    process.send_signal(signal.SIGINT)
    return _end(place, process, since)


def _killed(place: Place, bundle: Path) -> Ended:
    process = _plays(place, bundle)
    since = time.monotonic()
    process.kill()
    process.wait()
    time.sleep(4.0)  # its control process goes on, and lets the robot sit
    return _end(place, process, since)


def _control_lost(place: Place, bundle: Path) -> Ended:
    process = _plays(place, bundle)
    since = time.monotonic()
    for child in _children(process.pid):
        os.kill(child, signal.SIGKILL)
    return _end(place, process, since)


def _children(pid: int) -> list[int]:
    words = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return [int(word) for word in words]


def _silent(place: Place, bundle: Path) -> Ended:
    limits = ("max_episode_steps:150", "--n-episodes", "1")
    process = _start(place, _command(place, bundle, *limits))
    wait_for(lambda: process.poll() is not None or _is_stiff(place.robot), 30.0)
    time.sleep(1.5)
    since = place.robot.inject("silence", duration=1.0)
    ended = _end(place, process)  # somebody re-armed it, and it walked on
    times, stiffness = place.robot.stiffness()
    soft = times[(times >= since) & (stiffness == 0.0)]
    first = float(soft[0] - since) if soft.size else None
    return replace(ended, soft_after=first, safe_after=first)


def _robot_gone(place: Place, bundle: Path) -> Ended:
    process = _plays(place, bundle)
    place.robot.close()
    time.sleep(3.0)
    process.send_signal(signal.SIGINT)
    return _end(place, process)


def _not_a_number(place: Place, bundle: Path) -> Ended:
    broken = _changed(
        place,
        bundle,
        "broken",
        lambda old: replace(
            old,
            environment=replace(
                old.environment,
                wrappers=(*old.environment.wrappers, {"name": "broken_sensor:NanAfter"}),
            ),
        ),
    )
    command = _command(place, broken, "-n", "1000", "--gym-packages", "broken_sensor")
    process = _start(place, command)
    when = place.folder / "broken_at"
    wait_for(lambda: process.poll() is not None or when.exists(), _PATIENCE)
    return _end(place, process, float(when.read_text()) if when.exists() else None)


def _other_robot(place: Place, bundle: Path) -> Ended:
    def rename(old: Metadata) -> Metadata:
        text = json.dumps(old.robot).replace("FR_knee", "FR_elbow")
        return replace(old, robot={**json.loads(text), "name": "other"})

    other = _changed(place, bundle, "other_robot", rename)
    return _end(place, _start(place, _command(place, other, "-n", "10")))


def _other_period(place: Place, bundle: Path) -> Ended:
    other = _changed(place, bundle, "other_period", lambda old: replace(old, control_period=0.01))
    return _end(place, _start(place, _command(place, other, "-n", "10")))


def _truncated(place: Place, bundle: Path) -> Ended:
    cut = place.folder / "cut.onnx"
    cut.write_bytes(bundle.read_bytes()[:1000])
    return _end(place, _start(place, _command(place, cut, "-n", "10")))


def _no_robot(place: Place, bundle: Path) -> Ended:
    place.robot.close()
    return _end(place, _start(place, _command(place, bundle, "-n", "10")))


def _inspected(place: Place, bundle: Path) -> Ended:
    command = [str(place.python), "-m", "rl_zoo.cli", "inspect", str(bundle), "--check"]
    return _end(place, _start(place, command))


def _changed(place: Place, bundle: Path, name: str, change: Callable[[Metadata], Metadata]) -> Path:
    """Write a bundle that says something else about itself."""
    import onnx

    model = onnx.load(bundle)
    entry = next(item for item in model.metadata_props if item.key == KEY)
    entry.value = to_json(change(from_json(entry.value, str(bundle))))
    file = place.folder / f"{name}.onnx"
    onnx.save(model, file)
    return file


CASES = (
    Case("two episodes", _runs, 0),
    Case("inspect --check", _inspected, 0),
    Case("Ctrl-C while it walks", _interrupted, 130),
    Case("policy killed (SIGKILL)", _killed, -signal.SIGKILL),
    Case("control process killed", _control_lost, 4),
    Case("no states for 1 s", _silent, 0),
    Case("robot gone, then Ctrl-C", _robot_gone, 130),
    Case("NaN in an observation", _not_a_number, 4),
    Case("robot does not answer", _no_robot, 4),
    Case("bundle of another robot", _other_robot, 2),
    Case("bundle of another control period", _other_period, 2),
    Case("bundle cut off", _truncated, 2),
)
"""What is tried."""


if __name__ == "__main__":
    raise SystemExit(main())

"""Run every failure class through the real command line and write ``docs/failures.md``.

``python scripts/failure_table.py`` takes a few minutes; ``tests/cli/test_failures.py`` and
``tests/experiment`` check the same in less.
"""

from __future__ import annotations

import os
import resource
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from scripts.failure_cases import CASES, GOOD_RUNS, prepare  # noqa: E402

PAGE = ROOT / "docs" / "failures.md"
INTRODUCTION = """\
# What goes wrong, and what you see

Every mistake gets one sentence that says what is wrong, where, what is nearest, and what to do;
nothing is opened and nothing is left behind. Exit codes: 0 done, 1 internal error or disk, 2 usage
or configuration, 3 nothing found, 4 robot fault or a number that is not finite, 130 interrupted
with everything saved. `--debug` adds the traceback.

This page is written by `python scripts/failure_table.py`, which runs every line below.
"""
PROBES = "--gym-packages tests.probe_envs --device cpu --seed 1 --eval-freq -1 --verbose 0"
TINY = "policy:MlpPolicy n_timesteps:400 policy_kwargs.net_arch:[8,8]"
OFF_POLICY = f"{TINY} batch_size:8 learning_starts:40"
TINY_ENV = f"train --algo sac --env Tiny-v0 {PROBES} -f {{dir}}"
FAULTY = "train --algo {algo} --env Faulty-v0 {probes} -f {dir} -n 200 --env-kwargs fault:{fault} "
LONG = f"{TINY_ENV} -n 5000 --env-kwargs delay:0.005 -params {OFF_POLICY}"
SHORT = f"{TINY_ENV} -n 300 --save-freq 100 -params {OFF_POLICY}"


@dataclass(frozen=True)
class Row:
    """One line of the table."""

    name: str
    command: str
    code: int | str
    message: str


def main() -> int:
    """Run everything; return 1 if a command behaved otherwise than it should."""
    wrong = 0
    sections: dict[str, list[Row]] = {}
    with tempfile.TemporaryDirectory() as temporary:
        good = Path(temporary) / "good"
        for command in GOOD_RUNS:
            run(command.replace("{dir}", str(good)).split(" "))
        for number, case in enumerate(CASES):
            folder = Path(temporary) / str(number)
            folder.mkdir()
            arguments = prepare(case, good, folder)
            code, message = run(arguments, folder)
            wrong += code != case.code or any(word not in message for word in case.words)
            row = Row(case.name, " ".join(arguments), code, message)
            sections.setdefault(case.group, []).append(shown(row, folder))
        for index, fault in enumerate(FAULTS):
            folder = Path(temporary) / f"fault_{index}"
            folder.mkdir()
            sections.setdefault("faults while training", []).append(shown(fault(folder), folder))
    PAGE.write_text(page(sections), encoding="utf-8")
    print(f"{PAGE}: {sum(map(len, sections.values()))} rows, {wrong} not as expected")
    return int(wrong > 0)


def environment(folder: Path | None) -> dict[str, str]:
    """Return the environment of a command: the repository and ``folder`` can be imported from."""
    paths = [str(ROOT), *([str(folder)] if folder else [])]
    kept = {name: value for name, value in os.environ.items() if not name.startswith("WANDB")}
    paths_text = os.pathsep.join(paths)
    home = str(folder or ROOT)
    own = {"PYTHONPATH": paths_text, "HOME": home, "XDG_RUNTIME_DIR": home}  # no robots of others
    return {**kept, **own, "OMP_NUM_THREADS": "1"}


def start(
    arguments: Sequence[str], folder: Path | None = None, limit: int | None = None
) -> subprocess.Popen[str]:
    """Start ``rl_zoo <arguments>``; with ``limit`` no file can grow beyond so many bytes."""

    def limit_files() -> None:
        if limit is not None:
            resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))

    return subprocess.Popen(
        [sys.executable, "-m", "rl_zoo.cli", *arguments],
        cwd=folder or ROOT,
        env=environment(folder),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        preexec_fn=limit_files,
    )


def run(arguments: Sequence[str], folder: Path | None = None) -> tuple[int, str]:
    """Run ``rl_zoo <arguments>``; return its exit code and what it said of importance."""
    return finish(start(arguments, folder))


def finish(process: subprocess.Popen[str]) -> tuple[int, str]:
    """Wait for the end; return the exit code and the errors, warnings and notes."""
    out, err = process.communicate(timeout=300)
    lines = [line for line in (out + err).splitlines() if line.strip()]
    if any(line.startswith("Traceback") for line in lines):
        return process.returncode, "TRACEBACK"
    kinds = ("error:", "warning:", "note:", "Finished")
    important = [line for line in lines if line.startswith(kinds)]
    errors = [line.removeprefix("error: ") for line in important if line.startswith("error:")]
    return process.returncode, "\n".join(errors or important)


def shown(row: Row, folder: Path) -> Row:
    """Return ``row`` without the names of temporary folders."""
    return Row(
        row.name,
        _short(row.command.replace(f"{folder}/", "").replace(str(folder), "logs")),
        row.code,
        row.message.replace(f"{folder}/", "").replace(str(folder), "logs"),
    )


def _short(command: str) -> str:
    """Leave out what only makes the command fast."""
    for text in (f"{PROBES} ", f"{OFF_POLICY} ", OFF_POLICY, f"{TINY} "):
        command = command.replace(text, "")
    return command.removesuffix(" ").removesuffix(" -params")


def page(sections: dict[str, list[Row]]) -> str:
    """Return the page as Markdown."""
    lines = [INTRODUCTION]
    for title, rows in sections.items():
        lines += [f"## {title[0].upper()}{title[1:]}", "", "| what | command | code | message |"]
        lines += ["|---|---|--:|---|"]
        for row in rows:
            message = "<br>".join(cell(line) for line in row.message.splitlines()[:4])
            lines.append(f"| {row.name} | `{cell(row.command)}` | {row.code} | {message} |")
        lines.append("")
    return "\n".join(lines)


def cell(text: str) -> str:
    """Return ``text`` fit for a table cell."""
    return text.replace("|", "\\|").replace("<", "&lt;")


def faulty(
    number: str, name: str, algo: str, fault: str, more: str = "", *, at: int = 60
) -> Callable[[Path], Row]:
    """Return a fault of the environment."""
    params = OFF_POLICY if algo in ("sac", "td3") else f"{TINY} n_steps:32 batch_size:32"

    def fail(folder: Path) -> Row:
        command = FAULTY.format(algo=algo, probes=PROBES, dir=folder, fault=fault)
        command = f"{command}at:{at} -params {params} {more}".strip()
        return Row(f"{number} {name}", command, *run(command.split(" ")))

    return fail


def signalled(number: str, name: str, *signals: signal.Signals) -> Callable[[Path], Row]:
    """Return a run that gets signals a second after it began to learn."""

    def fail(folder: Path) -> Row:
        command = LONG.format(dir=folder)
        process = start(command.split(" "))
        wait_for_episodes(folder / "sac/Tiny-v0_1")
        for which in signals:
            process.send_signal(which)
            time.sleep(0.02)
        return Row(f"{number} {name}", command, *finish(process))

    return fail


def wait_for_episodes(run_folder: Path, episodes: int = 5) -> None:
    """Wait until so many episodes are over."""
    file = run_folder / "0.monitor.csv"
    for _ in range(6000):
        if file.is_file() and len(file.read_text().splitlines()) >= episodes + 2:
            return
        time.sleep(0.01)
    raise RuntimeError(f"{file}: no episodes")


def kill_and_resume(folder: Path) -> Row:
    """SIGKILL, then resume."""
    command = LONG.replace("-n 5000", "-n 300 --save-freq 60").format(dir=folder)
    process = start(command.split(" "))
    wait_for_episodes(folder / "sac/Tiny-v0_1", 8)
    process.kill()
    process.wait()
    again = f"train --resume {folder}/sac/Tiny-v0_1"
    return Row("F64 kill -9, then --resume", again, *run(again.split(" ")))


def full_disk(number: str, name: str, limit: int) -> Callable[[Path], Row]:
    """Return a run whose files cannot grow beyond ``limit`` bytes."""

    def fail(folder: Path) -> Row:
        command = SHORT.format(dir=folder)
        return Row(f"{number} {name}", command, *finish(start(command.split(" "), limit=limit)))

    return fail


def deleted_folder(folder: Path) -> Row:
    """Delete the run while it is trained."""
    command = LONG.replace("-n 5000", "-n 300 --save-freq 60").format(dir=folder)
    process = start(command.split(" "))
    wait_for_episodes(folder / "sac/Tiny-v0_1")
    shutil.rmtree(folder / "sac/Tiny-v0_1")
    return Row("F68 folder deleted while training (made anew)", command, *finish(process))


def dead_worker(folder: Path) -> Row:
    """Kill one process environment."""
    command = LONG.replace("--algo sac", "--algo ppo --vec-env subproc").format(dir=folder)
    command = command.replace(OFF_POLICY, f"{TINY} n_envs:2 n_steps:32 batch_size:32")
    process = start(command.split(" "))
    wait_for_episodes(folder / "ppo/Tiny-v0_1")
    server = children_of(process.pid)
    workers = [child for pid in server for child in children_of(pid)] or server
    os.kill(max(workers), signal.SIGKILL)
    return Row("F69 process environment killed", command, *finish(process))


def children_of(pid: int) -> list[int]:
    """Return the processes that ``pid`` started."""
    listed = subprocess.run(
        ["ps", "-o", "pid=", "--ppid", str(pid)], capture_output=True, text=True, check=False
    )
    return [int(line) for line in listed.stdout.split()]


def six_at_once(folder: Path) -> Row:
    """Start six runs together."""
    command = SHORT.replace("-n 300", "-n 60").format(dir=folder)
    codes = [process.wait() for process in [start(command.split(" ")) for _ in range(6)]]
    made = sorted(path.name for path in (folder / "sac").iterdir())
    return Row("F70 six runs started together", command, max(codes), f"folders: {', '.join(made)}")


def plain(number: str, name: str, command: str) -> Callable[[Path], Row]:
    """Return a command without more to it."""

    def fail(folder: Path) -> Row:
        text = command.replace("{dir}", str(folder))
        return Row(f"{number} {name}", text, *run(text.split(" ")))

    return fail


WRAPPED = f"{TINY_ENV} -n 300 --eval-freq 100 -params {OFF_POLICY} env_wrapper:"
TIME_LIMIT = WRAPPED.replace("Tiny-v0", "Pendulum-v1")
TIME_LIMIT += "[{gymnasium.wrappers.TimeLimit:{max_episode_steps:20}}]"
FAULTS: list[Callable[[Path], Row]] = [
    faulty("F53", "NaN in an observation, SAC", "sac", "nan_observation"),
    faulty("F53", "NaN in an observation, PPO", "ppo", "nan_observation"),
    faulty("F54", "NaN in an observation, TD3", "td3", "nan_observation"),
    faulty("F55", "NaN in a reward, SAC", "sac", "nan_reward"),
    faulty("F55", "NaN in a reward, TD3", "td3", "nan_reward"),
    faulty("F56", "infinity in an observation", "sac", "inf_observation"),
    faulty(
        "F57", "NaN in an observation, normalize on", "sac", "nan_observation", "normalize:true"
    ),
    faulty("F58", "environment raises in step", "sac", "raise_in_step"),
    faulty("F59", "environment raises in reset", "ppo", "raise_in_reset", at=4),
    plain(
        "F60",
        "evaluation environment raises (training goes on)",
        f"train --algo sac --env Faulty-v0 {PROBES} -n 120 -f {{dir}} --eval-freq 50 "
        f"--eval-env-kwargs fault:raise_in_step at:20 -params {OFF_POLICY}",
    ),
    plain(
        "F61",
        "device that allows one instance (evaluated between episodes)",
        f"train --algo sac --env Single-v0 {PROBES} -f {{dir}} -n 120 --eval-freq 50 "
        f"-params {OFF_POLICY}",
    ),
    signalled("F62", "SIGINT", signal.SIGINT),
    signalled("F63", "SIGTERM", signal.SIGTERM),
    signalled("F63", "SIGHUP", signal.SIGHUP),
    kill_and_resume,
    signalled("F65", "SIGINT twice", signal.SIGINT, signal.SIGINT),
    full_disk("F66", "no room for a checkpoint (training goes on)", 100_000),
    full_disk("F67", "no room for a model", 16_000),
    plain(
        "F72",
        "Weights & Biases without a key",
        f"train --algo sac --env Tiny-v0 {PROBES} -n 60 -f {{dir}} --track -params {OFF_POLICY}",
    ),
    deleted_folder,
    dead_worker,
    six_at_once,
    plain(
        "F73",
        "wrapper that ends episodes by a fall (each is recorded)",
        f"{WRAPPED}[tests.probe_envs.FallWrapper]",
    ),
    plain("F74", "TimeLimit wrapper below the environment's limit", TIME_LIMIT),
    plain(
        "F75",
        "the same without evaluation",
        TIME_LIMIT.replace("--eval-freq 100", "--eval-freq -1"),
    ),
]
"""F71 is in the section on run folders, F76 is F74 in a Python configuration."""

if __name__ == "__main__":
    raise SystemExit(main())

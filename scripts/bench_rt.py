"""Whether a robot gets its actions in time while the learner updates at full speed.

``train --realtime`` beside SB3's and SBX's SAC, which act and learn in one thread. Ours is asked
for more updates than the learner can do, so that it never rests; the row of DroQ is asked for 20
per action, as robots that learn to walk are.

    python scripts/bench_rt.py [--ticks 3000]

Needs SBX (scripts/peers.sh). Writes the table into docs/benchmarks.md. Exit code 1 beyond a limit.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from rl_zoo.console import message  # noqa: E402
from scripts.child_times import child_environment  # noqa: E402
from scripts.conclusion import conclude  # noqa: E402
from scripts.peer_python import peer_python  # noqa: E402
from scripts.realtime_run import Settings, Ticks, run_realtime  # noqa: E402
from scripts.turns import ONE_THREAD, describe_machine, load  # noqa: E402

PLAIN = ("setpriv", "--bounding-set=-sys_nice,-ipc_lock", "--inh-caps=-sys_nice,-ipc_lock")
"""Start a command without the right to real-time scheduling and locked memory."""
READY, PAUSE, FIRST_UPDATE, REACHED, MISSED_PLAIN = 0.6e-3, 0.05, 0.1, 0.95, 0.02

Check = Callable[[str, Ticks], list[str]]


def has_privileges() -> bool:
    """Say whether this user may ask for real-time scheduling; nothing stays changed."""
    done = subprocess.run(["chrt", "-f", "1", "true"], capture_output=True, check=False)
    return done.returncode == 0


def check_real_time(name: str, ticks: Ticks, control: Ticks) -> list[str]:
    """Return what is beyond a limit of a run with real-time scheduling."""
    allowed = 1 if control.n_missed else 0
    problems = {
        f"{ticks.n_missed} deadlines missed, {ticks.n_stood_still} while a core stood still": (
            ticks.n_missed - ticks.n_stood_still > allowed
        ),
        f"action ready p99 {1e3 * ticks.ready_p99:.2f} ms": ticks.ready_p99 > READY,
        f"{ticks.n_long_pauses} pauses above 50 ms": ticks.n_long_pauses > allowed,
        f"first update {1e3 * ticks.report['first_update_s']:.0f} ms": (
            ticks.report["first_update_s"] > FIRST_UPDATE
        ),
    }
    return [f"{name}: {text}" for text, is_wrong in problems.items() if is_wrong]


def check_plain(name: str, ticks: Ticks) -> list[str]:
    """Return what is beyond a limit of a run without privileges."""
    share = ticks.share_missed
    return [f"{name}: {share:.1%} of the deadlines missed"] * (share > MISSED_PLAIN)


def check_rate(name: str, ticks: Ticks) -> list[str]:
    """Return whether the learner kept up."""
    reached = float(ticks.report["updates_reached"] or 0.0)
    return [f"{name}: {reached:.1%} of the updates reached"] * (reached < REACHED)


def row(name: str, ticks: Ticks) -> str:
    """Return a row of ours."""
    cadence = ticks.cadence
    late = [1e3 * cadence[f"lateness_{key}"] for key in ("p50", "p99", "max")]
    reached = ticks.report["updates_reached"]
    updates = "" if reached is None else f"{ticks.report['n_updates']} ({reached:.0%})"
    return (
        f"| {name} | {ticks.n_ticks} | {ticks.n_missed} ({ticks.share_missed:.2%}) | "
        f"{ticks.n_stood_still} | "
        f"{late[0]:.2f} / {late[1]:.2f} / {late[2]:.1f} | {1e3 * ticks.ready_p99:.2f} | "
        f"{1e3 * ticks.longest_pause:.1f} | {1e3 * ticks.report['first_update_s']:.0f} | "
        f"{1e3 * ticks.report['longest_stall_s']:.0f} | {updates} |\n"
    )


def peer_rows(library: str, n_ticks: int) -> str:
    """Run a peer and return its rows."""
    command = [peer_python(), "scripts/rt_peer.py", library, str(n_ticks)]
    environment = child_environment(ONE_THREAD)
    done = subprocess.run(
        command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False
    )
    if done.returncode != 0:
        raise SystemExit(f"{' '.join(command)} gave {done.returncode}:\n{done.stderr[-2000:]}")
    told: dict[str, dict[str, float]] = json.loads(done.stdout.splitlines()[-1])
    first = told.pop("first")
    rows = []
    for how, found in told.items():
        rows.append(
            f"| {library} SAC, 1 update per action, one thread, {how} scheduling, 50 Hz | "
            f"{found['n_ticks']:.0f} | **{found['missed']:.1%}** | | p99 "
            f"{1e3 * found['late_p99']:.2f} | {1e3 * found['ready_p99']:.1f} | "
            f"{1e3 * (found['ready_max'] - 0.02):.1f} | {1e3 * first['ready_max']:.0f} | | |\n"
        )
        message(rows[-1].strip())
    return "".join(rows)


def cases(n_ticks: int, control: Ticks) -> list[tuple[str, Settings, Check]]:
    """Return what is run with a learner, and how it is judged."""
    python = (sys.executable,)

    def limits(name: str, ticks: Ticks) -> list[str]:
        return check_real_time(name, ticks, control)

    def robot(name: str, ticks: Ticks) -> list[str]:
        return check_rate(name, ticks)

    full: dict[str, Any] = {"algo": "sac", "gradient_steps": 50}
    found: list[tuple[str, Settings, Check]] = []
    if has_privileges():
        for rate in (50.0, 100.0):
            settings = Settings(python, rate=rate, n_ticks=n_ticks, **full)
            found.append((f"ours, SAC at full speed, {rate:g} Hz", settings, limits))
    without = (*PLAIN, *python) if os.geteuid() == 0 else python
    plain = Settings(without, rate=100.0, n_ticks=max(n_ticks // 6, 50), **full)
    found.append(("ours, the same without privileges, 100 Hz", plain, check_plain))
    walk = Settings(python, "droq", 20.0, max(n_ticks // 6, 60), gradient_steps=20)
    found.append(("ours, DroQ, 20 updates per action, 20 Hz", walk, robot))
    return found


def main() -> int:
    """Measure, write the table, and return the exit code."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--ticks", type=int, default=3000, help="of a long run (default: 3000)")
    parser.add_argument("--no-peers", action="store_true", help="ours only; no table is written")
    options = parser.parse_args()
    before, failures = load(), []
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        no_updates = Settings(
            (sys.executable,), "sac", 50.0, max(options.ticks // 15, 50), 1, learns=False
        )
        control = run_realtime(no_updates, folder)
        rows = [row("ours, no updates (control), 50 Hz", control)]
        message(rows[-1].strip())
        for name, settings, check in cases(options.ticks, control):
            ticks = run_realtime(settings, folder)
            rows.append(row(name, ticks))
            message(rows[-1].strip())
            failures += check(name, ticks)
    if not options.no_peers:
        rows += [peer_rows(library, max(options.ticks // 30, 50)) for library in ("SB3", "SBX")]
    text = (
        f"{describe_machine(before, ['torch', 'stable-baselines3'])} At most: with real-time "
        "scheduling 0 deadlines missed (1 if the control run misses one; without those in whose "
        "period a core stood still), action ready p99 0.6 ms, first update 100 ms, no pause above "
        "50 ms; without 2 % missed; DroQ at least 95 % of the updates.\n\n"
        "| | ticks | deadlines missed | of them while a core stood still | tick late p50 / p99 / "
        "max, ms | action ready p99, ms | longest pause, ms | first update, ms | longest stall of "
        "the learner, ms | updates (of those asked for) |\n"
        "|---|---|---|---|---|---|---|---|---|---|\n" + "".join(rows)
    )
    return conclude("bench_rt", text, failures, is_kept=not options.no_peers)


if __name__ == "__main__":
    sys.exit(main())

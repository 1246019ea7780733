"""Measure the way of a command to a robot and of its state back, over DDS on the loopback.

``python scripts/benchmark_unitree.py``: the robot is another process that answers every command
with a state that repeats its target. A state is stamped when it arrives, so the time between the
stamp and the command is the round trip, packing and unpacking of the robot's end included.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import time
from typing import Any

import numpy as np

from rl_zoo.robots.bert import BERT
from rl_zoo.robots.driver import RobotCommand, RobotState
from rl_zoo.robots.drivers.unitree import UnitreeDriver
from rl_zoo.robots.simulated.unitree_server import UnitreeServer

PERIOD = 0.002  # s
PATIENCE = 0.5  # s
ADDRESS: dict[str, Any] = {"interface": "lo", "peers": ["127.0.0.1"]}


def answer_commands(domain: int) -> None:
    """Be the robot: publish the target of every command as the joints' positions."""
    from cyclonedds.core import InstanceState, ReadCondition, SampleState, ViewState, WaitSet
    from cyclonedds.util import duration

    server = UnitreeServer(BERT, domain=domain, motion_service=False, **ADDRESS)
    server.open()
    link = server._link
    assert link is not None
    waitset = WaitSet(link.bus.participant)
    news = SampleState.NotRead | ViewState.Any | InstanceState.Alive
    condition = ReadCondition(link.reader, news)
    waitset.attach(condition)
    zero, n_states = np.zeros(BERT.n_joints), 0
    while os.getppid() != 1:
        waitset.wait(duration(milliseconds=100))
        positions = [command.joint_positions for command in server.receive()] or [zero]
        n_states += 1
        level = (1.0, 0.0, 0.0, 0.0)
        measured = positions[-1], zero, zero, positions[-1], level, np.zeros(3)
        server.publish(RobotState(0.0, *measured, sequence=n_states))


def measure(driver: UnitreeDriver, n_commands: int) -> list[float]:
    """Return the round trips of commands that were answered (one may get lost), s."""
    trips, target = [], np.zeros(BERT.n_joints)
    deadline = time.monotonic()
    for number in range(1, n_commands + 1):
        target[0] = number
        start = time.monotonic()
        driver.write(RobotCommand(target))
        deadline = max(deadline, start) + PERIOD
        time.sleep(max(0.0, deadline - time.monotonic()))
        while (state := _state(driver)).joint_positions[0] != number:
            if time.monotonic() > start + PATIENCE:
                break
            time.sleep(PERIOD / 10)
        else:
            trips.append(state.time - start)
    return trips


def _state(driver: UnitreeDriver) -> RobotState:
    state = driver.read()
    assert state is not None, "it is connected"
    return state


def main() -> None:
    """Print round trip and processor time."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--commands", type=int, default=5000)
    parser.add_argument("--robot-in-domain", type=int, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.robot_in_domain is not None:
        answer_commands(arguments.robot_in_domain)
        return
    domain = 2 + os.getpid() % 220
    robot = subprocess.Popen([sys.executable, __file__, "--robot-in-domain", str(domain)])
    driver = UnitreeDriver(BERT, domain=domain, release_motion_service=False, **ADDRESS)
    try:
        driver.connect()
        measure(driver, 200)
        wall, cpu = time.monotonic(), time.process_time()
        trips = measure(driver, arguments.commands)
        wall, cpu = time.monotonic() - wall, time.process_time() - cpu
        median, high, longest = 1e3 * np.percentile(trips, [50, 99, 100])
        print(
            f"{arguments.commands / wall:.0f} Hz: round trip p50 {median:.2f} ms, "
            f"p99 {high:.2f} ms, max {longest:.1f} ms; "
            f"{arguments.commands - len(trips)} of {arguments.commands} lost; "
            f"driver {100 * cpu / wall:.0f} % of a core"
        )
    finally:
        driver.close()
        robot.kill()
        robot.wait()


if __name__ == "__main__":
    main()

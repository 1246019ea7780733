"""Measure a full cycle over simulated moteus servos: ``python scripts/bench_moteus.py``."""

from __future__ import annotations

import multiprocessing
import os
import sys
import time

import numpy as np

from rl_zoo.robots.driver import RobotCommand, RobotState
from rl_zoo.robots.drivers.moteus import MoteusDriver
from rl_zoo.robots.go2 import GO2
from rl_zoo.robots.simulated.moteus_server import MoteusServer

N_CYCLES = 500
BUS = {"channel": "239.74.163.8", "bus_options": {"port": 20000 + os.getpid() % 20000}}


def serve(options: dict[str, object]) -> None:
    """Be the servos, for ever."""
    server = MoteusServer(GO2, **options)
    server.open()
    zero = np.zeros(12)
    trunk = {"orientation": (1.0, 0.0, 0.0, 0.0), "angular_velocity_in_body": np.zeros(3)}
    sequence = 0
    while True:
        server.receive()
        pose = GO2.default_pose
        server.publish(RobotState(0.0, pose, zero, zero, pose, **trunk, sequence=sequence))  # type: ignore[arg-type]
        sequence += 1
        server.respond(time.monotonic() + 0.002)


def main() -> int:
    """Print the times of a cycle."""
    process = multiprocessing.get_context("spawn").Process(target=serve, args=(BUS,), daemon=True)
    process.start()
    driver = MoteusDriver(GO2, bus="udp_multicast", imu="can", timeout=20.0, **BUS)
    driver.connect()
    command = RobotCommand(GO2.default_pose)
    cycles, writes = [], []
    for _ in range(N_CYCLES):
        before, start = driver.read(), time.perf_counter()
        driver.write(command)
        writes.append(time.perf_counter() - start)
        while driver.read() is before and time.perf_counter() - start < 0.1:
            time.sleep(0.0)
        cycles.append(time.perf_counter() - start)
        time.sleep(0.003)
    driver.close()
    process.kill()
    for name, times in (("write", writes), ("write until all 12 have answered", cycles)):
        p50, p99 = 1e3 * np.percentile(times, [50, 99])
        print(f"{name:36} p50 {p50:5.2f} ms, p99 {p99:5.2f} ms")
    return 0


if __name__ == "__main__":
    sys.exit(main())

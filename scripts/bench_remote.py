"""Measure what a packet of the `remote` protocol costs: ``python scripts/bench_remote.py``."""

from __future__ import annotations

import sys
import threading
import time
import timeit
from collections.abc import Callable

import numpy as np

from rl_zoo.robots.driver import RobotCommand, RobotState
from rl_zoo.robots.drivers.remote import RemoteDriver
from rl_zoo.robots.go2 import GO2
from rl_zoo.robots.simulated.remote_server import RemoteServer
from rl_zoo.robots.wire.remote_packets import CommandMode, CommandPacket, Header, StatePacket
from rl_zoo.robots.wire.remote_protocol import pack, unpack
from rl_zoo.robots.wire.remote_readings import command_values, packet_to_state, state_to_packet

ZERO = np.zeros(12)
STATE = RobotState(
    time=0.0,
    joint_positions=ZERO,
    joint_velocities=ZERO,
    joint_torques=ZERO,
    motor_positions=ZERO,
    orientation=(1.0, 0.0, 0.0, 0.0),
    angular_velocity_in_body=np.zeros(3),
    acceleration_in_body=np.zeros(3),
    foot_forces=np.zeros(4),
    temperatures=ZERO,
    battery_voltage=24.0,
    sequence=1,
    motors_online=(True,) * 12,
    buttons=frozenset({"A"}),
)
COMMAND = RobotCommand(GO2.default_pose)
HEADER = Header(12, 4, 1, 2, 3.0)


def pack_state() -> bytes:
    """Return the bytes of a state."""
    return pack(state_to_packet(STATE, HEADER, acknowledged=1))


def pack_command() -> bytes:
    """Return the bytes of a command."""
    values = command_values(GO2, COMMAND)
    return pack(CommandPacket(HEADER, CommandMode.SERVO, 1, values))


def unpack_state(data: bytes) -> RobotState:
    """Return the state in a packet."""
    packet = unpack(data)
    assert isinstance(packet, StatePacket)
    return packet_to_state(packet, 0.0)


def microseconds(function: Callable[[], object]) -> float:
    """Return the time of a call, the best of five series."""
    return min(timeit.repeat(function, number=2000, repeat=5)) / 2000 * 1e6


def connect(address: str) -> tuple[RemoteServer, RemoteDriver]:
    """Return a robot and a driver that know each other."""
    server = RemoteServer(GO2, address=address)
    server.open()
    driver = RemoteDriver(GO2, address=server.address, release_after=60.0)
    thread = threading.Thread(target=driver.connect)
    thread.start()
    while thread.is_alive():
        server.receive()
        server.publish(STATE)
        time.sleep(0.001)
    return server, driver


def main() -> int:
    """Print a table."""
    state, command = pack_state(), pack_command()
    server, driver = connect("udp://127.0.0.1:0")

    def send_state() -> None:
        server.publish(STATE)
        driver.read()

    def send_command() -> None:
        driver.write(COMMAND)
        server.receive()

    rows: dict[str, Callable[[], object]] = {
        f"pack a state ({len(state)} bytes)": pack_state,
        "unpack a state": lambda: unpack_state(state),
        f"check and pack a command ({len(command)} bytes)": pack_command,
        "unpack a command": lambda: unpack(command),
        "state over UDP: publish and read": send_state,
        "command over UDP: write and receive": send_command,
    }
    for name, function in rows.items():
        print(f"{name:40} {microseconds(function):6.1f} us")
    driver.close()
    server.close()
    return 0


if __name__ == "__main__":
    sys.exit(main())

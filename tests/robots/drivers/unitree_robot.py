"""A robot without physics, to be run in a process of its own.

Its joints are at once where they are told to be. One line of JSON in is one wish, one line out its
answer; it ends with its input.
"""

import dataclasses
import json
import select
import sys

import numpy as np

from rl_zoo.robots.catalog import ROBOTS
from rl_zoo.robots.driver import RobotState
from rl_zoo.robots.simulated.unitree_server import UnitreeServer
from rl_zoo.robots.wire.unitree_layout import LOW_CMD
from tests.robots.wire.unitree_messages import bitwise_checksum

PERIOD = 0.004
"""Shorter than any time-out, long enough for a busy machine, s."""


class Robot:
    def __init__(self, robot, **options):
        self.spec = ROBOTS.load(robot)
        self.server = UnitreeServer(self.spec, **options)
        self.server.packets = self._look_at
        self.changes = {}
        self.is_publishing = True
        self._start()

    def _start(self):
        self.server.open()
        self.sequence = 0
        self.positions = self.spec.default_pose
        self.counts = {"obeyed": 0, "packets": 0, "wrong": 0}
        self.last = None
        self.seen = set()

    def _look_at(self, _, data):
        structure = LOW_CMD.from_cdr(data)
        is_right = structure is not None and (
            bitwise_checksum(structure) == int.from_bytes(structure[-4:], "little")
        )
        self.counts["packets"] += 1
        self.counts["wrong"] += not is_right

    def turn(self):
        for command in self.server.receive():
            self.counts["obeyed"] += 1
            self.last = command
            self.positions = np.where(command.kp > 0, command.joint_positions, self.positions)
        if self.is_publishing:
            self.sequence += 1
            self.server.publish(self._state())

    def _state(self):
        zero = np.zeros(self.spec.n_joints)
        state = RobotState(
            time=self.sequence / self.spec.physics_frequency,
            joint_positions=self.positions,
            joint_velocities=zero,
            joint_torques=zero,
            motor_positions=self.positions,
            orientation=(1.0, 0.0, 0.0, 0.0),
            angular_velocity_in_body=np.zeros(3),
            foot_forces=np.full(4, 7.0),
            temperatures=zero + 30.0,
            battery_voltage=24.0,
            sequence=self.sequence,
            motors_online=(True,) * self.spec.n_joints,
            buttons=frozenset({"A"}),
        )
        return dataclasses.replace(state, **self.changes)

    def answer(self, wish):
        if wish == "restart":
            self.server.close()
            self._start()
        elif wish in ("silence", "speak"):
            self.is_publishing = wish == "speak"
        last = self.last and {
            name: getattr(self.last, name).tolist() for name in ("joint_positions", "kp", "kd")
        }
        bus = self.server._link.bus
        self.seen |= {str(endpoint.type_hash) for endpoint in bus.endpoints()}
        return {
            **self.counts,
            "ignored": self.server.n_ignored,
            "refused": self.server.n_refused,
            "mode": self.server.motion_mode,
            "sequence": self.sequence,
            "seen": sorted(self.seen),
            "last": last,
        }


def main():
    robot = Robot(**json.loads(sys.argv[1]))
    print("{}", flush=True)
    while True:
        robot.turn()
        ready, _, _ = select.select([sys.stdin], [], [], PERIOD)
        if ready:
            line = sys.stdin.readline()
            if not line:
                break
            print(json.dumps(robot.answer(json.loads(line))), flush=True)


if __name__ == "__main__":
    main()

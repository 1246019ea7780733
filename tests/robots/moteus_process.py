"""Simulated moteus servos as a process of its own: ``python -m tests.robots.moteus_process PORT``.

One line of JSON in, one out: ``{"do": name, ...}`` -> what the servos are and were told.
"""

from __future__ import annotations

import json
import select
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).parents[2]
CHANNEL = "239.74.163.9"


def bus_options(port):
    return {"bus": "udp_multicast", "channel": CHANNEL, "bus_options": {"port": port}}


class ServoProcess:
    """The process, seen from a test."""

    def __init__(self, port, **options):
        self.options = {**bus_options(port), **options}
        command = [sys.executable, "-m", "tests.robots.moteus_process", json.dumps(self.options)]
        self.process = subprocess.Popen(
            command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        assert self.process.stdout.readline() == "ready\n"

    def ask(self, do="look", **values):
        self.process.stdin.write(json.dumps({"do": do, **values}) + "\n")
        self.process.stdin.flush()
        return json.loads(self.process.stdout.readline())

    def close(self):
        self.process.kill()
        self.process.wait()
        self.process.stdin.close()
        self.process.stdout.close()


class Robot:
    """Joints that follow a stiff command at once; everything else leaves them where they are."""

    def __init__(self, options):
        import numpy as np

        from rl_zoo.robots.bert import BERT
        from rl_zoo.robots.simulated.moteus_server import MoteusServer

        self.np, self.spec = np, BERT
        self.server = MoteusServer(BERT, **options)
        self.server.packets = lambda time, data: self.frames.append(data)
        self.reset()

    def reset(self):
        self.server.close()
        self.server.open()
        self.positions = self.spec.default_pose + 0.05
        self.deflection = 0.0
        self.absent, self.sequence, self.is_frozen = [], 0, False
        self.frames, self.command = [], None

    def turn(self, deadline):
        for command in self.server.receive():
            self.command = command
            self.positions = self.np.where(command.kp > 0, command.joint_positions, self.positions)
        if not self.is_frozen:
            self.server.publish(self.state())
            self.sequence += 1
        self.server.respond(deadline)

    def state(self):
        from rl_zoo.robots.driver import RobotState

        np, q = self.np, self.positions
        return RobotState(
            time=0.002 * self.sequence,
            joint_positions=q - self.deflection,
            joint_velocities=0.1 * q,
            joint_torques=0.2 * q,
            motor_positions=q,
            orientation=(0.8, 0.6, 0.0, 0.0),
            angular_velocity_in_body=np.array([0.1, 0.2, 0.3]),
            acceleration_in_body=np.array([0.0, 9.4176, 2.7468]),  # of that orientation, at rest
            temperatures=30.0 + np.arange(8.0),
            battery_voltage=24.5,
            sequence=self.sequence,
            motors_online=tuple(i not in self.absent for i in range(8)),
        )

    def answer(self, request):
        do = request.pop("do")
        if do == "reset":
            self.reset()
        elif do == "fail":
            self.server.servos[request["motor"]].fail(request["code"])
        elif do == "mute_sensor":
            self.server._imu_due = float("inf")
        elif do == "set":
            vars(self).update(request)
        self.turn(time.monotonic())
        command = self.command
        law = None
        if command is not None:
            rows = (
                command.joint_positions,
                command.joint_velocities,
                command.kp,
                command.kd,
                command.joint_torques,
            )
            law = [row.tolist() for row in rows]
        return {
            "modes": [servo.mode for servo in self.server.servos],
            "law": law,
            "frames": [frame.hex() for frame in self.frames],
            "n_refused": self.server.n_refused,
            "sequence": self.sequence,
        }


def main():
    robot = Robot(json.loads(sys.argv[1]))
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    while True:
        robot.turn(time.monotonic() + 0.003)
        if select.select([sys.stdin], [], [], 0)[0]:
            line = sys.stdin.readline()
            if not line:
                return
            sys.stdout.write(json.dumps(robot.answer(json.loads(line))) + "\n")
            sys.stdout.flush()


if __name__ == "__main__":
    main()

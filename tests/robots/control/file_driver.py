"""A robot that stands where it is told, writes down every command, and fails on request."""

import os
import signal
import sys
import time
from pathlib import Path

import numpy as np

from rl_zoo.errors import RobotFault
from rl_zoo.robots.clock import MonotonicClock
from rl_zoo.robots.driver import Capabilities, RobotState, damping_command
from rl_zoo.robots.postures import folded_pose

ROW = np.dtype([("time", "f8"), ("kp", "f8"), ("kd", "f8"), ("is_stop", "?")])


class FileDriver:
    """``file`` gets one row of ``ROW`` per command, ``<file>.modules`` what was imported.

    ``fail``: ``connect``, ``never`` (connects), or half a second after connecting ``crash`` (raises
    in read), ``exit`` (kills the process), ``hang``.
    """

    def __init__(self, spec, *, file, fail="", address="a"):
        self.spec = spec
        self.clock = MonotonicClock()
        self.capabilities = Capabilities(state_rate=1000.0)
        self._file = file
        self._fail = fail
        self._position = folded_pose(spec)
        self._stiffness = 0.0

    def connect(self):
        if self._fail == "connect":
            raise RobotFault("no robot answers at address 'a'")
        if self._fail == "never":
            time.sleep(1000.0)
        self._output = os.open(self._file, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
        self._start = time.monotonic()
        self._count = 0

    def read(self):
        if time.monotonic() > self._start + 0.5:
            self._misbehave()
        self._count += 1
        zero = np.zeros(self.spec.n_joints)
        return RobotState(
            time=time.monotonic(),
            joint_positions=self._position,
            joint_velocities=zero,
            joint_torques=zero,
            motor_positions=self._position,
            orientation=(1.0, 0.0, 0.0, 0.0),
            angular_velocity_in_body=np.zeros(3),
            acceleration_in_body=np.array([0.0, 0.0, 9.81]),
            sequence=self._count,
        )

    def write(self, command):
        kp = float(self.spec.kp[0] if command.kp is None else command.kp[0])
        kd = float(self.spec.kd[0] if command.kd is None else command.kd[0])
        if kp > 0.0:
            self._position = np.array(command.joint_positions)
        self._note(kp, kd, False)

    def stop(self):
        self.write(damping_command(self.read_without_fault(), self.spec.kd))
        self._note(0.0, float(self.spec.kd[0]), True)

    def close(self):
        os.close(self._output)
        Path(f"{self._file}.modules").write_text("\n".join(sys.modules))

    def read_without_fault(self):
        self._fail = ""
        return self.read()

    def _note(self, kp, kd, is_stop):
        row = np.array((time.monotonic(), kp, kd, is_stop), ROW)
        os.write(self._output, row.tobytes())

    def _misbehave(self):
        if self._fail == "crash":
            raise ValueError("the driver has a bug")
        if self._fail == "exit":
            os.kill(os.getpid(), signal.SIGKILL)
        if self._fail == "hang":
            time.sleep(1000.0)


def read_commands(file):
    """Return every whole row that has been written so far."""
    raw = file.read_bytes() if file.exists() else b""
    return np.frombuffer(raw[: len(raw) // ROW.itemsize * ROW.itemsize], ROW)

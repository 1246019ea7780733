"""A mock robot, a control loop and a policy in virtual time, for the tests of the control loop."""

from __future__ import annotations

import numpy as np

from rl_zoo.robots.bert import BERT
from rl_zoo.robots.control.link import Order
from rl_zoo.robots.control.loop import ControlLoop
from rl_zoo.robots.control.modes import Interruption, Mode, Request
from rl_zoo.robots.control.settings import ControlSettings
from rl_zoo.robots.drivers.mock import MockDriver

SOFT = {Mode.DISCONNECTED, Mode.IDLE, Mode.DAMP, Mode.FAULT}


class Rig:
    """Runs ticks at 500 Hz; ``policy`` sends an action every 20 ms while it is on.

    The robot hangs in its default pose and is up at once, unless it is ``lying``.
    """

    def __init__(self, spec=BERT, *, options=None, lying=False, **settings):
        self.spec = spec
        pose, stand_time = ("folded", 2.0) if lying else ("default", 0.05)
        self.driver = MockDriver(spec, **{"pose": pose, **(options or {})})
        self.settings = ControlSettings(**{"stand_time": stand_time, **settings})
        self.driver.connect()
        self.loop = ControlLoop(self.driver, self.settings)
        self.loop.start(0.0)
        self.n_ticks = 0
        self.policy = False
        self.is_alive = True
        self.records = []
        self.action = spec.default_pose
        self._request, self._request_sequence = Request.NONE, 0
        self._target, self._target_sequence = None, 0

    @property
    def snapshot(self):
        return self.loop.last.snapshot

    @property
    def mode(self):
        return self.loop.mode

    @property
    def now(self):
        return self.n_ticks * self.loop.period

    def request(self, request):
        """Ask, and do one tick."""
        self._request = request
        self._request_sequence += 1
        return self.tick()

    def act(self, target):
        self._target = np.asarray(target, dtype=float)
        self._target_sequence += 1

    def tick(self, now=None):
        period = round(self.settings.action_period * self.settings.rate)
        if self.policy and self.n_ticks % period == 0:
            self.act(self.action)
        self.driver.clock.sleep_until(self.now if now is None else now)
        order = Order(
            self._request,
            self._request_sequence,
            self._target,
            self._target_sequence,
            self.is_alive,
        )
        snapshot = self.loop.tick(self.driver.clock.now(), order)
        self.n_ticks += 1
        self.records.append(self.loop.last)
        return snapshot

    def run(self, seconds):
        for _ in range(round(seconds * self.settings.rate)):
            self.tick()
        return self.snapshot

    def until(self, mode, at_most=10.0):
        """Tick until a mode is reached; return the seconds it took."""
        start = self.now
        while self.mode is not mode:
            assert self.now - start < at_most, f"{self.mode.name}, not {mode.name}"
            self.tick()
        return self.now - start

    def stand(self):
        self.tick()
        self.request(Request.STAND)
        self.until(Mode.READY)
        return self

    def walk(self):
        """Stand, and follow a policy."""
        self.stand()
        self.policy = True
        self.request(Request.RUN)
        self.run(0.1)
        assert self.mode is Mode.RUN
        assert self.snapshot.interruption is Interruption.NONE
        assert self.snapshot.epoch == 1
        return self

    def since(self, n_ticks):
        return self.records[n_ticks:]


def is_soft(command):
    """Say whether a command has damping but neither stiffness nor torque."""
    return (
        not command.kp.any()
        and not command.joint_torques.any()
        and not command.joint_velocities.any()
        and (command.kd > 0.0).all()
    )

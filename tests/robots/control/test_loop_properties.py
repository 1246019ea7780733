"""Whatever the robot says and whatever is ordered: no command that is not safe."""

import dataclasses
import math

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from rl_zoo.robots.bert import BERT
from rl_zoo.robots.control.modes import Mode, Request
from tests.robots.control.rig import SOFT, Rig, is_soft
from tests.robots.guarded_robots import TWELVE, numbers, vectors

RANGE_STRICT = {Mode.READY, Mode.RUN, Mode.HOLD}
QUICK = {
    "rate": 200.0,
    "options": {"pose": "default"},
    "stand_time": 0.02,
    "sit_time": 0.02,
    "sit_after": 0.05,
    "ending_grace": 0.02,
}
TINY = 5e-6  # rad: the guard stays 1e-6 inside; the rest is rounding


def events(n):
    """What can happen between two stretches of ticks."""
    good = st.tuples(st.just("run"), st.integers(1, 40))
    fault = st.one_of(
        st.tuples(st.just("freeze"), st.booleans()),
        st.tuples(st.sampled_from(["drop", "nan"]), st.sampled_from([1, 3, 60])),
        st.tuples(
            st.just("spike"), st.integers(0, n - 1), st.floats(-20, 20), st.sampled_from([1, 60])
        ),
        st.tuples(st.sampled_from(["restart", "disconnect", "reconnect"])),
        st.tuples(st.just("lose_motor"), st.integers(0, n - 1), st.booleans()),
        st.tuples(st.just("heat"), st.integers(0, n - 1), st.sampled_from([0.0, 40, 70, 90])),
        st.tuples(st.just("battery"), st.sampled_from([0.0, 24.0, 18.0, math.nan])),
        st.tuples(st.just("tilt"), st.sampled_from([0.0, 0.5, 2.0])),
        st.tuples(st.just("press"), st.sampled_from(["select", "estop", "start"])),
        st.tuples(st.just("release")),
    )
    garbage = st.tuples(st.just("garbage"), vectors(n), vectors(n), vectors(n), numbers())
    request = st.tuples(st.just("request"), st.sampled_from(list(Request)[:-1]))
    walk = st.tuples(st.just("walk"))
    act = st.tuples(st.just("act"), st.one_of(vectors(n), vectors(n, st.floats(-3, 3))))
    owner = st.tuples(st.just("owner"), st.booleans())
    late = st.tuples(st.just("late"), st.floats(0.0, 0.3))
    return st.lists(
        st.one_of(good, walk, walk, act, act, request, request, fault, garbage, late, owner),
        min_size=3,
        max_size=20,
    )


class Checked(Rig):
    """A rig that judges every tick by the definitions alone."""

    def __init__(self, spec, **options):
        self.sent = None  # newest stiff target; None: soft
        self.entry = None  # what a posture began with
        self.before = Mode.DISCONNECTED
        self.epoch = 0
        self.offset = 0.0
        super().__init__(spec, **options)

    def tick(self, now=None):
        count = len(self.driver.written)
        snapshot = super().tick(self.now + self.offset)
        assert self.loop.error is None
        mode, record = self.mode, self.records[-1]
        self._check_modes(mode)
        written = list(self.driver.written)[count:]
        assert len(written) <= 1
        if written:
            self._check_command(mode, written[0][1], record.snapshot.state)
        else:
            assert mode in SOFT
        assert np.isfinite(snapshot.command).all()
        self.before = mode
        return snapshot

    def _check_modes(self, mode):
        if self.before is Mode.FAULT and mode is not Mode.FAULT:
            assert self._request is Request.REARM
        self.epoch += (mode is Mode.RUN) != (self.before is Mode.RUN)
        assert self.snapshot.epoch == self.epoch

    def _check_command(self, mode, command, state):
        for field in dataclasses.fields(command):
            assert np.isfinite(getattr(command, field.name)).all()
        if mode in SOFT:
            assert is_soft(command)
            self.sent = None
            return
        assert (command.kp >= 0.0).all()
        assert (command.kp <= self.spec.kp).all()
        assert (command.kd > 0.0).all()
        target = command.joint_positions
        previous = state.motor_positions if self.sent is None else self.sent
        lower, upper = self.spec.lower_limits, self.spec.upper_limits
        if mode not in RANGE_STRICT:
            if mode is not self.before:
                self.entry = [previous, state.motor_positions]
            lower, upper = np.minimum(lower, self.entry[0]), np.maximum(upper, self.entry[0])
            lower, upper = np.minimum(lower, self.entry[1]), np.maximum(upper, self.entry[1])
        assert (target >= lower).all()
        assert (target <= upper).all()
        self._check_rate(target, previous, state, (lower, upper))
        self.sent = target

    def _check_rate(self, target, previous, state, joint_range):
        step = self.spec.max_velocities / self.settings.rate
        too_fast = np.abs(target - previous) > step + TINY
        # Faster only where a limit of higher priority asks for it: range, then torque.
        lower, upper = joint_range
        asked = (previous < lower) | (previous > upper)
        if self.settings.limits.get("max_torque", 0.0) is not None:
            relaxed = state.joint_positions + self.spec.kd / self.spec.kp * state.joint_velocities
            reach = self.spec.max_torques / self.spec.kp
            asked |= np.abs(previous - relaxed) > reach - step
        assert not (too_fast & ~asked).any()

    def garbage(self, positions, velocities, torques, time):
        """Let one sample be anything."""
        make = self.driver._make_sample

        def once(stamp):
            self.driver._make_sample = make
            sample = make(stamp)
            return dataclasses.replace(
                sample,
                time=time if abs(time) < 10.0 else stamp,
                joint_positions=positions,
                motor_positions=velocities,
                joint_velocities=velocities,
                joint_torques=torques,
                orientation=tuple(torques[:4].tolist()),
            )

        self.driver._make_sample = once

    def walk(self):
        self.request(Request.REARM)
        self.request(Request.STAND)
        for _ in range(250):
            if self.mode is not Mode.STANDUP:
                break
            self.tick()
        self.request(Request.RUN)

    def run_ticks(self, n):
        for _ in range(n):
            self.tick()

    def delay(self, seconds):
        self.offset += seconds

    def set_alive(self, is_alive):
        self.is_alive = is_alive

    def happen(self, name, *values):
        own = {"run": self.run_ticks, "late": self.delay, "owner": self.set_alive}
        if name in own:
            own[name](*values)
        else:
            getattr(self if hasattr(self, name) else self.driver, name)(*values)
        self.tick()


@pytest.mark.parametrize("spec", [BERT, TWELVE], ids=["bert", "twelve"])
@settings(
    max_examples=20,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.data_too_large, HealthCheck.too_slow],
)
@given(data=st.data(), has_torque_limit=st.booleans())
def test_every_command_is_safe(spec, data, has_torque_limit):
    limits = {"max_joint_velocity": None, "min_battery_voltage": 21.0}
    if not has_torque_limit:
        limits["max_torque"] = None
    rig = Checked(spec, limits=limits, **QUICK)
    # Some robots lie on the floor beyond their range.
    rig.driver._positions = spec.default_pose + data.draw(st.sampled_from([0.0, -1.2, 1.2]))
    rig.happen("run", 30)  # until it is believed
    rig.happen("walk")
    for event in data.draw(events(spec.n_joints)):
        rig.happen(*event)
    rig.happen("run", 20)


def test_the_rig_of_these_tests_does_walk():
    rig = Checked(BERT, **QUICK)
    rig.happen("walk")
    rig.run(0.05)
    assert rig.mode is Mode.RUN

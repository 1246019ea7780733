"""Energy, impacts and reversals of motions whose numbers are known in closed form."""

from dataclasses import replace

import numpy as np
import pytest

from rl_zoo.robots.bert import BERT
from rl_zoo.robots.driver import RobotState
from rl_zoo.robots.velocity_estimator import GRAVITY
from rl_zoo.robots.wear import MotionMeter, cost_of_transport, motor_work

N = BERT.n_joints
WEIGHT = BERT.mass * GRAVITY


def state(time, motors=0.0, torques=0.0, forces=None, joints=None):
    motors = np.full(N, motors)
    return RobotState(
        time=time,
        joint_positions=motors if joints is None else np.full(N, joints),
        joint_velocities=np.zeros(N),
        joint_torques=np.full(N, torques),
        motor_positions=motors,
        orientation=(1.0, 0.0, 0.0, 0.0),
        angular_velocity_in_body=np.zeros(3),
        foot_forces=None if forces is None else np.array(forces),
    )


def measure(states):
    meter = MotionMeter(BERT)
    for reading in states:
        meter.add(reading)
    return meter.metrics()


def test_work_is_mean_torque_times_way():
    work = motor_work(np.array([[0.1, 0.0], [0.3, -1.0]]), np.array([[2.0, 0.5], [4.0, 0.5]]))
    assert work == pytest.approx(np.array([[3.0 * 0.2, -0.5]]))


def test_the_way_is_that_of_the_motor_not_of_the_joint():
    held_joint = [state(0.0, 0.1, 2.0, joints=0.0), state(0.02, 0.3, 4.0, joints=0.0)]
    assert measure(held_joint)["energy"] == pytest.approx(N * 3.0 * 0.2)


def test_energy_of_a_sinusoidal_motion():
    """Torque t0 cos(wt) at speed v0 cos(wt): all work is positive, t0 v0 / 2 on average."""
    frequency, amplitude, torque, duration = 2.0, 0.3, 1.5, 3.0
    w = 2 * np.pi * frequency
    times = np.arange(0, duration + 1e-9, 0.002)
    found = measure(state(t, amplitude * np.sin(w * t), torque * np.cos(w * t)) for t in times)
    assert found["power"] == pytest.approx(N * 0.5 * torque * amplitude * w, rel=1e-3)
    assert found["energy"] == pytest.approx(found["power"] * duration, rel=1e-6)
    assert found["mean_torque"] == pytest.approx(torque * 2 / np.pi, rel=1e-3)
    assert found["peak_torque"] == pytest.approx(torque)
    assert found["direction_changes"] == pytest.approx(2 * frequency, abs=1 / duration)


def test_braking_is_neither_paid_for_nor_paid_back():
    assert measure([state(0.0, 0.0, 1.0), state(0.1, 0.5, 1.0)])["energy"] == pytest.approx(0.5 * N)
    there_and_back = [state(0.0, 0.0, 1.0), state(0.1, 0.5, 1.0), state(0.2, 0.0, 1.0)]
    assert measure(there_and_back)["energy"] == pytest.approx(0.5 * N)


def test_cost_of_transport_is_energy_per_weight_and_way():
    assert cost_of_transport(10.0, 3.1, 2.0) == pytest.approx(10.0 / (3.1 * 9.81 * 2.0))
    assert cost_of_transport(10.0, 3.1, -2.0) == cost_of_transport(10.0, 3.1, 2.0)
    assert cost_of_transport(10.0, 3.1, 0.05) is None


def test_touch_downs_are_counted_once_per_contact():
    """A square wave of 60 contacts of one foot in 30 s, with chatter of the sensor in each."""
    high, chatter = 0.3 * WEIGHT, 0.03 * WEIGHT
    one = [0.0, 0.0, high, chatter, high, 0.0]
    forces = [[value, 0.0, 0.0, 0.0] for value in one * 60]
    times = np.linspace(0, 30.0, len(forces))
    found = measure(state(t, forces=force) for t, force in zip(times, forces, strict=True))
    assert found["touch_downs"] == pytest.approx(60 / 30.0)
    assert found["peak_foot_force"] == pytest.approx(high)


def test_a_foot_on_the_ground_at_the_start_has_not_touched_down():
    found = measure(state(t, forces=[0.25 * WEIGHT] * 4) for t in (0.0, 0.02, 0.04))
    assert found["touch_downs"] == 0.0


def test_without_foot_sensors_nothing_is_said_about_feet():
    found = measure([state(0.0), state(0.02)])
    assert not {"touch_downs", "peak_foot_force"} & found.keys()


def test_noise_at_rest_is_no_reversal():
    rng = np.random.default_rng(0)
    found = measure(state(t, 1e-4 * rng.normal()) for t in np.arange(0, 2, 0.02))
    assert found["direction_changes"] == 0.0


def test_a_pause_between_two_ways_is_one_reversal():
    found = measure(state(0.1 * i, way) for i, way in enumerate([0.0, 0.1, 0.1, 0.1, 0.0]))
    assert found["direction_changes"] == pytest.approx(1 / 0.4)


def test_long_episodes_are_evaluated_in_blocks_without_a_seam():
    """The numbers of 1000 readings at once, computed here in one go."""
    rng = np.random.default_rng(3)
    motors = np.cumsum(rng.choice([-0.1, 0.1], size=(1000, N)), axis=0)
    torques = rng.normal(size=(1000, N))
    forces = 0.04 * WEIGHT * rng.exponential(size=(1000, 4))
    readings = [
        replace(state(0.02 * i, forces=forces[i]), motor_positions=motors[i], joint_torques=torque)
        for i, torque in enumerate(torques)
    ]
    found = measure(readings)
    work = 0.5 * (torques[1:] + torques[:-1]) * np.diff(motors, axis=0)
    turns = np.diff(np.sign(np.diff(motors, axis=0)), axis=0) != 0
    in_contact, touch_downs = [None] * 4, 0
    for row in forces:
        for foot, force in enumerate(row):
            if force > 0.05 * WEIGHT:
                touch_downs += in_contact[foot] is False
                in_contact[foot] = True
            elif force < 0.02 * WEIGHT:
                in_contact[foot] = False
    duration = 999 * 0.02
    assert found["energy"] == pytest.approx(work.clip(0).sum())
    assert found["direction_changes"] == pytest.approx(turns.sum() / duration / N)
    assert found["touch_downs"] == pytest.approx(touch_downs / duration)
    assert found["mean_torque"] == pytest.approx(np.abs(torques[1:]).mean())
    assert found["peak_torque"] == pytest.approx(np.abs(torques[1:]).max())


def test_times_are_those_of_the_stamps():
    """A reading that came twice counts once, whatever the caller's clock says."""
    twice = [state(0.0), state(0.0), state(0.1, 0.5, 1.0), state(0.1, 0.5, 1.0)]
    found = measure(twice)
    assert found["power"] == pytest.approx(found["energy"] / 0.1)


def test_nothing_is_measured_across_a_gap():
    meter = MotionMeter(BERT)
    meter.add(state(0.0, 0.0, 1.0))
    meter.add(state(0.1, 0.1, 1.0))
    meter.skip()
    meter.add(state(9.0, 5.0, 1.0))
    meter.add(state(9.1, 5.0, 1.0))
    assert meter.metrics()["energy"] == pytest.approx(0.1 * N)
    assert meter.metrics()["duration"] == pytest.approx(0.2)


def test_a_motor_that_turned_during_a_gap_is_no_reversal():
    meter = MotionMeter(BERT)
    for time, way in ((0.0, 0.0), (0.1, 0.1)):
        meter.add(state(time, way))
    meter.skip()
    for time, way in ((9.0, 0.1), (9.1, 0.0)):
        meter.add(state(time, way))
    assert meter.metrics()["direction_changes"] == 0.0


def test_an_episode_without_time_has_no_numbers():
    assert measure([state(0.0)]) == {}
    meter = MotionMeter(BERT)
    for reading in (state(0.0), state(0.1, 1.0, 1.0)):
        meter.add(reading)
    meter.restart()
    meter.add(state(0.2))
    assert meter.metrics() == {}

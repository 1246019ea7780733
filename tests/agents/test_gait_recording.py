"""One recorded episode of a robot."""

import numpy as np
import pytest

pytest.importorskip("mujoco")

from rl_zoo.agents.gait_recording import record_gait, save_recording
from rl_zoo.config.resolve import ConfigRequest, resolve
from rl_zoo.envs.stack import StackSettings, make_vec_env
from rl_zoo.errors import UsageError
from rl_zoo.motion.oscillator import JointPattern
from rl_zoo.robots.bert import BERT

PRIOR = {
    "gait": "trot",
    "swing_frequency": 4.6,
    "stance_frequency": 3.8,
    "step_length": 0.098,
    "clearance": 0.016,
    "penetration": 0.0024,
    "x_shift": -0.03,
    "height": 0.135,
}
TROT = {"CPGResidualWrapper": {"space": "foot", "mode": "residual", "prior": PRIOR}}


class Still:
    """A policy whose action is zero."""

    def predict(self, observations, state=None, episode_start=None, deterministic=True):
        return np.zeros((len(observations), 8), np.float32), None


@pytest.fixture
def stack(request):
    """Make the stack of an environment."""

    def make(wrapper=None, env_id="Bert-v0"):
        params = ["policy:MlpPolicy", "n_timesteps:10"]
        params += [f"env_wrapper:{wrapper}"] if wrapper else []
        config = resolve(ConfigRequest(algo="ars", env_id=env_id, params=tuple(params)))
        env = make_vec_env(config, StackSettings(mode="evaluate", seed=0))
        request.addfinalizer(env.close)
        return env

    return make


def test_a_trot_is_recorded_as_one(stack):
    recording = record_gait(Still(), stack(TROT), 200)
    assert recording.duration == pytest.approx(4.0)
    period = 0.5 / 4.6 + 0.5 / 3.8
    for strides in recording.strides():
        assert strides.frequency == pytest.approx(1.0 / period, rel=0.03)
    front_right, front_left, rear_right, rear_left = recording.contacts[50:].T
    together = np.mean(front_right == rear_left) + np.mean(front_left == rear_right)
    apart = np.mean(front_right == front_left) + np.mean(rear_right == rear_left)
    assert together > 1.4 > apart
    assert recording.mean_speed > 0.2
    assert recording.end_reason is None


def test_rows_belong_together(stack):
    env = stack(TROT)
    recording = record_gait(Still(), env, 40)
    assert recording.start_time == 0.0
    assert recording.times == pytest.approx(0.02 * np.arange(1, 41))
    state = env.get_attr("robot_state")[0]
    assert recording.joint_positions[-1].tolist() == state.joint_positions.tolist()
    assert recording.foot_forces[-1].tolist() == state.foot_forces.tolist()
    expected = state.motor_positions - state.joint_positions
    assert recording.spring_deflections[-1].tolist() == expected.tolist()
    assert recording.joint_targets[-1] == pytest.approx(env.get_attr("unwrapped")[0].robot.target)
    assert recording.phases.shape == (40, 4)
    assert recording.phases[:, 0] == pytest.approx(recording.phases[:, 3])
    assert recording.feet == ("FR", "FL", "RR", "RL")
    assert recording.joints == BERT.joint_names


def test_the_reading_after_the_reset_is_not_of_this_episode(stack):
    env = stack({"TimeLimit": {"max_episode_steps": 10}})
    recording = record_gait(Still(), env, 500)
    assert recording.times == pytest.approx(0.02 * np.arange(1, 10))
    assert recording.end_reason == "time_limit"
    assert recording.phases.shape == (9, 0)


def test_the_phases_of_an_open_loop_policy_are_its_state(stack):
    from rl_zoo.agents.open_loop_policy import OscillatorPolicy

    env = stack()
    phases = tuple(0.3 * joint for joint in range(8))
    policy = OscillatorPolicy(env.observation_space, env.action_space)
    policy.pattern = JointPattern((0.2,) * 8, phases, (0.0,) * 8, 2.0, 2.0)
    policy.control_period = 0.02

    class Agent:
        def __init__(self):
            self.policy = policy
            self.predict = policy.predict

    recording = record_gait(Agent(), env, 30)
    steps = np.arange(1, 31)[:, np.newaxis]
    expected = np.array(phases) + 2.0 * np.pi * 2.0 * 0.02 * steps
    assert np.exp(1j * recording.phases) == pytest.approx(np.exp(1j * expected))
    # Each command is made at the phase of the row before.
    ranges = BERT.default_pose + BERT.action_ranges * 0.2 * np.sin(recording.phases[10])
    assert recording.joint_targets[11] == pytest.approx(ranges, abs=1e-6)


def test_no_robot(stack):
    with pytest.raises(UsageError, match="Pendulum-v1: there is no robot with legs in it"):
        record_gait(Still(), stack(env_id="Pendulum-v1"), 10)


def test_an_episode_of_one_step(stack):
    with pytest.raises(UsageError, match=r"over after one step \(time_limit\)"):
        record_gait(Still(), stack({"TimeLimit": {"max_episode_steps": 1}}), 10)


def test_a_robot_that_feels_no_ground(stack):
    from dataclasses import replace

    env = stack()
    robot = env.get_attr("unwrapped")[0].robot
    read = robot.read
    robot.read = lambda: replace(read(), foot_forces=None)
    with pytest.raises(UsageError, match="bert: has no sensors under its feet"):
        record_gait(Still(), env, 10)


def test_saved_arrays_have_the_names_of_the_fields(stack, tmp_path):
    recording = record_gait(Still(), stack(), 5)
    save_recording(recording, tmp_path / "new" / "gait.npz")
    with np.load(tmp_path / "new" / "gait.npz", allow_pickle=False) as saved:
        assert saved["contacts"].tolist() == recording.contacts.tolist()
        assert saved["feet"].tolist() == list(recording.feet)
        assert set(saved) == set(vars(recording))


def test_arrays_that_cannot_be_saved(stack, tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(UsageError, match="cannot be written"):
        save_recording(record_gait(Still(), stack(), 2), tmp_path / "file" / "gait.npz")

"""What ``enjoy`` reports beside the return."""

import json

import gymnasium
import numpy as np
import pytest

from rl_zoo.motion.smoothness import continuity_cost
from rl_zoo.runs.folder import RunFolder


class Recorder(gymnasium.Wrapper):
    """Remembers the actions of each episode."""

    def __init__(self, env):
        super().__init__(env)
        self.episodes = []

    def reset(self, **kwargs):
        self.episodes.append([])
        return self.env.reset(**kwargs)

    def step(self, action):
        self.episodes[-1].append(np.array(action))
        return self.env.step(action)


def test_continuity_cost_is_that_of_the_agents_actions(pendulum_run, enjoy):
    from stable_baselines3 import PPO
    from stable_baselines3.common.evaluation import evaluate_policy
    from stable_baselines3.common.vec_env import DummyVecEnv, VecNormalize

    from rl_zoo.wrappers.history import HistoryWrapper

    recorder = Recorder(HistoryWrapper(gymnasium.make("Pendulum-v1"), horizon=2))
    made = DummyVecEnv([lambda: recorder])
    made.seed(3)
    env = VecNormalize.load(str(pendulum_run.final_normalizer), made)
    env.training, env.norm_reward = False, False
    evaluate_policy(PPO.load(pendulum_run.final_model), env, 2, warn=False)
    expected = np.mean([continuity_cost(episode, [-2], [2]) for episode in recorder.episodes[:2]])

    flags = ("--env", "Pendulum-v1", "--n-episodes", 2, "--seed", 3)
    metrics = json.loads(enjoy(*flags, "--json")[1])["metrics"]
    assert metrics == {"motion/continuity_cost": pytest.approx(expected, rel=1e-4)}
    assert f"Continuity cost: {expected:.2f}" in enjoy(*flags)[1].splitlines()


def test_an_agent_with_discrete_actions_has_none(logs, enjoy):
    assert json.loads(enjoy("--n-episodes", 1, "--json")[1])["metrics"] == {}
    assert "Continuity" not in enjoy("--n-episodes", 1)[1]


@pytest.fixture
def robot_run(tmp_path, monkeypatch):
    """A run of an untrained policy that drives bert; it does not know when to stop."""
    pytest.importorskip("mujoco")
    from stable_baselines3 import PPO

    from rl_zoo.envs.ids import require_env

    monkeypatch.chdir(tmp_path)
    require_env("Bert-v0", ())
    folder = RunFolder(tmp_path / "logs" / "ppo" / "Bert-v0_1", "Bert-v0")
    folder.params.mkdir(parents=True)
    agent = PPO("MlpPolicy", gymnasium.make("Bert-v0"), n_steps=32, batch_size=32, seed=0)
    agent.save(folder.final_model)
    folder.config_file.write_text(
        "policy: MlpPolicy\nn_timesteps: 64\n"
        "env_wrapper:\n- ActionFilterWrapper:\n    filter: rate_limit\n    max_rate: 5.0\n"
    )
    return folder


def test_a_robots_motion_is_reported(robot_run, enjoy):
    flags = ("--env", "Bert-v0", "--stochastic", "--n-episodes", 2, "--json")
    code, out, err = enjoy(*flags)
    assert code == 0, err
    metrics = json.loads(out)["metrics"]
    for name in ("power", "mean_torque", "touch_downs", "peak_foot_force", "direction_changes"):
        assert metrics[f"motion/{name}"] > 0.0
    # 5 actions per s at 50 Hz: at most 0.1 of a range of 2 per step.
    assert metrics["motion/continuity_cost_executed"] <= 100 * 0.05**2 + 1e-9
    assert metrics["motion/continuity_cost"] > 100 * 0.05**2
    lines = enjoy(*flags[:-1])[1].splitlines()
    assert f"Falls: {2 * metrics['motion/falls']:.0f} of 2" in lines
    assert any(line.startswith("Forward speed: ") for line in lines)

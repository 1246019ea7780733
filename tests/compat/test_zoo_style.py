"""Files in the style of a zoo user's: dict(...) strings, !!float, anchors, old keys."""

import pytest

from rl_zoo.config.model import Component, Normalize, Schedule, Symbol
from rl_zoo.config.resolve import ConfigRequest, resolve
from rl_zoo.errors import ConfigError

FILE = """
# A lab's own file
default: &defaults
  n_timesteps: !!float 2e5
  policy: 'MlpPolicy'
  learning_rate: !!float 7.3e-4
  policy_kwargs: "dict(log_std_init=-3,
                       net_arch=dict(pi=[64, 64], qf=[256]),
                       )"

Leg-v0:
  <<: *defaults
  env_wrapper:
    - sb3_contrib.common.wrappers.TimeFeatureWrapper
    - rl_zoo3.wrappers.HistoryWrapper:
        horizon: 2
    - gym.wrappers.time_limit.TimeLimit:
        max_episode_steps: 500
  normalize: "{'norm_obs': True, 'norm_reward': False}"
  train_freq: [1, "episode"]
  learning_rate: lin_3e-4
  use_sde: True

Goal-v0:
  <<: *defaults
  policy: 'MultiInputPolicy'
  replay_buffer_class: HerReplayBuffer
  replay_buffer_kwargs: "dict(
    goal_selection_strategy='future',
    n_sampled_goal=4,
  )"

OldGoal-v0:
  <<: *defaults
  model_class: 'sac'
  n_sampled_goal: 2
  goal_selection_strategy: 'episode'
  online_sampling: True
  max_episode_length: 100
"""


@pytest.fixture
def load(tmp_path):
    path = tmp_path / "lab.yml"
    path.write_text(FILE)
    return lambda env_id, algo="sac", **request: resolve(
        ConfigRequest(algo, env_id, path, **request)
    )


def test_default(load):
    config = load("Other-v0")
    assert config.n_timesteps == 200_000
    assert config.algo_kwargs == {
        "learning_rate": 7.3e-4,
        "policy_kwargs": {"log_std_init": -3, "net_arch": {"pi": [64, 64], "qf": [256]}},
    }


def test_merged_entry(load):
    config = load("Leg-v0")
    assert config.algo_kwargs["learning_rate"] == Schedule("linear", 3e-4)
    assert config.algo_kwargs["train_freq"] == (1, "episode")
    assert config.algo_kwargs["policy_kwargs"]["log_std_init"] == -3
    assert config.normalize == Normalize(norm_reward=False)
    assert config.env_wrappers == (
        Component("sb3_contrib.common.wrappers.TimeFeatureWrapper"),
        Component("HistoryWrapper", {"horizon": 2}),
        Component("gymnasium.wrappers.TimeLimit", {"max_episode_steps": 500}),
    )


def test_hindsight_replay(load):
    kwargs = load("Goal-v0").algo_kwargs
    assert kwargs["replay_buffer_class"] == Symbol("stable_baselines3:HerReplayBuffer")
    assert kwargs["replay_buffer_kwargs"] == {
        "goal_selection_strategy": "future",
        "n_sampled_goal": 4,
    }


def test_hindsight_keys_of_the_first_zoo(load):
    config = load("OldGoal-v0")
    assert config.policy == "MultiInputPolicy"
    assert config.algo_kwargs["replay_buffer_kwargs"] == {
        "n_sampled_goal": 2,
        "goal_selection_strategy": "episode",
    }
    assert len(config.notes) == 3
    assert any("online_sampling: ignored" in note for note in config.notes)
    with pytest.raises(ConfigError, match="use --algo sac"):
        load("OldGoal-v0", algo="tqc")


def test_tuned_hindsight_values_go_to_the_buffer(load):
    """The zoo leaves them beside the algorithm's own and crashes."""
    config = load("Goal-v0", trial={"n_sampled_goal": 1, "goal_selection_strategy": "final"})
    assert config.algo_kwargs["replay_buffer_kwargs"] == {
        "goal_selection_strategy": "final",
        "n_sampled_goal": 1,
    }


def test_tuned_noise_none(load):
    """The zoo raises TypeError for a TD3 trial without noise."""
    trial = {"noise_type": None, "noise_std": 0.3}
    assert load("Other-v0", trial=trial).action_noise is None


def test_recurrent_policy_names(tmp_path):
    path = tmp_path / "f.yml"
    path.write_text("default: {policy: MlpPolicy, n_timesteps: 5}\nA-v0: {policy: CnnLstmPolicy}\n")
    config = resolve(ConfigRequest("ppo_lstm", "B-v0", path))
    assert config.policy == "MlpLstmPolicy"
    assert any("MlpPolicy does not fit here; using MlpLstmPolicy" in note for note in config.notes)
    assert resolve(ConfigRequest("ppo_lstm", "A-v0", path, n_timesteps=5)).policy == "CnnLstmPolicy"


@pytest.mark.parametrize("old", ["normalize_kwargs: {norm_reward: false}"])
def test_normalize_kwargs_beside_normalize(tmp_path, old):
    path = tmp_path / "f.yml"
    path.write_text(f"policy: MlpPolicy\nn_timesteps: 5\nnormalize: true\n{old}\n")
    assert resolve(ConfigRequest("sac", "A-v0", path)).normalize == Normalize(norm_reward=False)

"""A run that was killed and resumed ends with the same bits as one that was not."""

import pytest

from rl_zoo.runs.checkpoints import complete_checkpoints
from tests.same_runs import assert_same_run

CASES = {
    "sac": ("sac", "Tiny-v0", []),
    "tqc": ("tqc", "Tiny-v0", []),
    "dqn": ("dqn", "TinyDiscrete-v0", []),
    "ppo-3-envs": ("ppo", "Tiny-v0", ["n_envs:3"]),
    "ppo-gsde": ("ppo", "Tiny-v0", ["use_sde:True"]),
    "a2c": ("a2c", "Tiny-v0", ["n_envs:2"]),
    "ars": ("ars", "Tiny-v0", []),
    "openloop": ("openloop", "Tiny-v0", []),
    "openloop-3-envs": ("openloop", "Tiny-v0", ["n_envs:3", "random_start_phase:True"]),
    "crossq": ("crossq", "Tiny-v0", []),
    "droq": ("droq", "Tiny-v0", []),
    "ddpg": ("ddpg", "Tiny-v0", ["normalize:False"]),
    "ppo_lstm": ("ppo_lstm", "Tiny-v0", []),
    "qrdqn": ("qrdqn", "TinyDiscrete-v0", []),
    "sac-gsde": ("sac", "Tiny-v0", ["use_sde:True", "train_freq:8", "gradient_steps:8"]),
    "sac-n-step": ("sac", "Tiny-v0", ["n_steps:3"]),
    "sac-episodes": ("sac", "Tiny-v0", ["train_freq:(1,'episode')", "gradient_steps:-1"]),
    "td3-2-envs": ("td3", "Tiny-v0", ["n_envs:2"]),
    "trpo": ("trpo", "Tiny-v0", []),
    "td3-interrupted": ("td3", "GappyRing-v0", ["n_envs:2"]),
    "ppo-interrupted": ("ppo", "GappyRing-v0", ["n_envs:2"]),
    "ppo-schedules": ("ppo", "Tiny-v0", ["learning_rate:lin_0.003", "clip_range:lin_0.2"]),
    "dict-observations": ("sac", "TinyDict-v0", ["policy:MultiInputPolicy"]),
    "her": (
        "sac",
        "Goal-v0",
        ["policy:MultiInputPolicy", "replay_buffer_class:HerReplayBuffer", "learning_starts:50"],
    ),
}
BUDGET = {"sac-gsde": 200, "ars": 600, "openloop": 900, "openloop-3-envs": 900, "ppo_lstm": 130}
FAST = {"sac", "tqc", "dqn", "ppo-3-envs", "ppo-gsde", "ars", "openloop", "a2c", "her"}


@pytest.mark.parametrize(
    "case",
    [case if case in FAST else pytest.param(case, marks=pytest.mark.slow) for case in CASES],
)
def test_resumed_equals_uninterrupted(case, train, train_run, train_killed, tmp_path):
    algo, env, params = CASES[case]
    budget = BUDGET.get(case, 260)
    more = ("-n", budget, "--save-freq", budget // 4, "--eval-freq", budget // 3)
    straight = train_run(algo, env, *more, params=params, folder=tmp_path / "straight")

    killed = train_killed(straight, 0.6 * budget, algo, env, *more, params=params)
    assert complete_checkpoints(killed)
    assert not killed.final_model.exists()

    code, _, err = train("--resume", killed.path)
    assert code == 0, err
    assert "Resuming" in err
    assert_same_run(straight, killed)

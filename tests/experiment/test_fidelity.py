"""Nothing we add changes the learning: the weights are those of SB3 called directly."""

import gymnasium as gym
import pytest
import stable_baselines3 as sb3
from stable_baselines3.common.env_util import make_vec_env as sb3_make_vec_env
from stable_baselines3.common.utils import LinearSchedule
from stable_baselines3.common.vec_env import VecNormalize

from rl_zoo.config.resolve import load_saved
from rl_zoo.envs.stack import StackSettings, make_vec_env
from tests.same_runs import assert_same_values, parameters_of

SEED = 3
NETWORK = {"net_arch": [16, 16]}
OFF_POLICY = {"buffer_size": 2000, "learning_starts": 100, "batch_size": 16}
CASES = {
    "sac": ("SAC", "Pendulum-v1", 1, 500, {**OFF_POLICY, "gamma": 0.97}),
    "dqn": ("DQN", "CartPole-v1", 1, 1500, {**OFF_POLICY, "train_freq": 4, "gradient_steps": 2}),
    "ppo": ("PPO", "Pendulum-v1", 2, 1024, {"n_steps": 128, "batch_size": 64, "n_epochs": 3}),
    "ppo-gsde": ("PPO", "Pendulum-v1", 1, 512, {"n_steps": 128, "use_sde": True}),
    "ppo-discrete": ("PPO", "CartPole-v1", 2, 1024, {"n_steps": 128, "ent_coef": 0.01}),
}


@pytest.fixture
def ours(train, tmp_path):
    """Train with the command line, evaluation and checkpoints on; return the finished run."""
    from rl_zoo.runs.folder import open_run_folder

    def run(case, *params):
        name, env_id, n_envs, budget, keywords = CASES[case]
        lines = [f"  {key}: {value}\n" for key, value in keywords.items()]
        lines += [f"  n_envs: {n_envs}\n", f"  n_timesteps: {budget}\n", "  policy: MlpPolicy\n"]
        lines += [f"  policy_kwargs: {NETWORK}\n"]
        config = tmp_path / "config.yml"
        config.write_text(f"{env_id}:\n{''.join(lines)}")
        command = ["--algo", name.lower(), "--env", env_id, "-conf", config, "--seed", SEED]
        command += ["-f", tmp_path / "logs", "--eval-freq", budget // 3, "--eval-episodes", 2]
        command += ["--backend", "sb3", "--num-threads", 1, "--device", "cpu", "-params", *params]
        code, _, err = train(*command)
        assert code == 0, err
        assert err.count("Evaluation at step") >= 2
        return open_run_folder(tmp_path / "logs" / name.lower() / f"{env_id}_1")

    return run


def train_directly(case, env, tmp_path, **more):
    name, _, _, budget, keywords = CASES[case]
    arguments = {"seed": SEED, "device": "cpu", "policy_kwargs": dict(NETWORK), **keywords, **more}
    agent = getattr(sb3, name)("MlpPolicy", env, **arguments)
    agent.learn(budget)
    agent.save(tmp_path / "direct.zip")
    return parameters_of(tmp_path / "direct.zip")


@pytest.mark.parametrize("case", ["sac", "dqn", "ppo"])
def test_same_as_sb3_on_our_stack(case, ours, tmp_path):
    run = ours(case, "normalize:True")
    name, env_id, n_envs, _, _ = CASES[case]
    config = load_saved(run.config_file, name.lower(), env_id, trust=False)
    env = make_vec_env(config, StackSettings(seed=SEED, n_envs=n_envs))
    assert_same_values(parameters_of(run.final_model), train_directly(case, env, tmp_path))


@pytest.mark.parametrize("case", CASES)
def test_same_as_sb3_on_its_own_stack(case, ours, tmp_path):
    """Off-policy without observation statistics: there SB3 rounds terminal observations."""
    on_policy = case.startswith("ppo")
    observations = str(on_policy)
    normalize = f"normalize:{{'norm_obs': {observations}, 'norm_reward': True}}"
    run = ours(case, normalize)
    _, env_id, n_envs, _, keywords = CASES[case]
    env = sb3_make_vec_env(env_id, n_envs, seed=SEED)
    gamma = keywords.get("gamma", 0.99)
    env = VecNormalize(env, norm_obs=on_policy, norm_reward=True, gamma=gamma)
    assert_same_values(parameters_of(run.final_model), train_directly(case, env, tmp_path))


def test_schedule_is_sb3s_linear_schedule(ours, tmp_path):
    run = ours("ppo", "normalize:False", "learning_rate:lin_0.001", "clip_range:lin_0.3")
    env = sb3_make_vec_env("Pendulum-v1", 2, seed=SEED)
    expected = train_directly(
        "ppo",
        env,
        tmp_path,
        learning_rate=LinearSchedule(0.001, 0.0, 1.0),
        clip_range=LinearSchedule(0.3, 0.0, 1.0),
    )
    assert_same_values(parameters_of(run.final_model), expected)


def test_comparison_notices_another_seed(ours, tmp_path):
    run = ours("ppo", "normalize:False")
    env = sb3_make_vec_env("Pendulum-v1", 2, seed=SEED)
    direct = train_directly("ppo", env, tmp_path, seed=SEED + 1)
    with pytest.raises(AssertionError):
        assert_same_values(parameters_of(run.final_model), direct)


def test_plain_sb3_loads_our_model(ours, tmp_path):
    run = ours("sac", "normalize:False", "learning_rate:lin_0.001")
    agent = sb3.SAC.load(run.final_model, env=gym.make("Pendulum-v1"), device="cpu")
    assert agent.num_timesteps == 500
    assert agent.lr_schedule(0.5) == pytest.approx(0.0005)

"""What ``enjoy`` runs and reports."""

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest


def test_reports_mean_std_and_n(logs, enjoy):
    code, out, _ = enjoy("--n-episodes", 3)
    assert code == 0
    rewards = [float(line.split()[-1]) for line in out.splitlines() if "Episode Reward" in line]
    assert len(rewards) == 3
    expected = f"Mean reward: {np.mean(rewards):.2f} +/- {np.std(rewards):.2f} (n = 3)"
    assert expected in out.splitlines()
    assert "Ended by: terminated 3" in out


def test_equals_sb3_on_the_same_seed(cartpole_run, enjoy):
    """The numbers of SB3's own evaluation of the same file, episode by episode."""
    from stable_baselines3 import PPO
    from stable_baselines3.common.env_util import make_vec_env
    from stable_baselines3.common.evaluation import evaluate_policy

    env = make_vec_env("CartPole-v1", seed=7)
    agent = PPO.load(cartpole_run.final_model)
    returns, lengths = evaluate_policy(agent, env, 4, return_episode_rewards=True)

    report = json.loads(enjoy("--n-episodes", 4, "--seed", 7, "--json")[1])

    assert report["returns"] == returns
    assert report["lengths"] == lengths


def test_normalised_run_equals_sb3(pendulum_run, enjoy):
    import gymnasium
    from stable_baselines3 import PPO
    from stable_baselines3.common.env_util import make_vec_env
    from stable_baselines3.common.evaluation import evaluate_policy
    from stable_baselines3.common.vec_env import VecNormalize

    from rl_zoo.wrappers.history import HistoryWrapper

    made = make_vec_env(
        lambda: HistoryWrapper(gymnasium.make("Pendulum-v1"), horizon=2), n_envs=1, seed=3
    )
    env = VecNormalize.load(str(pendulum_run.final_normalizer), made)
    env.training, env.norm_reward = False, False
    agent = PPO.load(pendulum_run.final_model)
    returns, _ = evaluate_policy(agent, env, 2, return_episode_rewards=True)

    code, out, err = enjoy("--env", "Pendulum-v1", "--n-episodes", 2, "--seed", 3, "--json")

    assert code == 0, err
    assert json.loads(out)["returns"] == pytest.approx(returns, abs=1e-6)


def test_stochastic_dqn_explores_as_at_the_end_of_training(cartpole_run, enjoy):
    import shutil

    from stable_baselines3 import DQN
    from stable_baselines3.common.env_util import make_vec_env
    from stable_baselines3.common.evaluation import evaluate_policy

    trained = DQN("MlpPolicy", "CartPole-v1", buffer_size=10, seed=1)
    trained.exploration_rate = 0.5
    shutil.move(cartpole_run.path.parent, "logs/dqn")
    trained.save("logs/dqn/CartPole-v1_1/CartPole-v1.zip")
    config = "policy: MlpPolicy\nn_timesteps: 64\n"
    (Path("logs/dqn/CartPole-v1_1/CartPole-v1") / "config.yml").write_text(config)
    env = make_vec_env("CartPole-v1", seed=0)
    agent = DQN.load("logs/dqn/CartPole-v1_1/CartPole-v1.zip", seed=0)
    returns, _ = evaluate_policy(agent, env, 5, deterministic=False, return_episode_rewards=True)

    out = enjoy("--algo", "dqn", "--stochastic", "--n-episodes", 5, "--json")[1]

    assert json.loads(out)["returns"] == returns


def test_json_is_the_only_line_on_stdout(logs, enjoy):
    code, out, _ = enjoy("-n", 300, "--json")
    report = json.loads(out)
    assert code == 0
    assert report["n_steps"] == 300
    assert report["n_episodes"] == len(report["returns"]) == len(report["lengths"])
    assert report["mean_return"] == pytest.approx(np.mean(report["returns"]))
    assert report["end_reasons"] == {"terminated": report["n_episodes"]}
    assert report["weights"] == "final"
    assert sum(report["lengths"]) + sum(part["length"] for part in report["unfinished"]) == 300


def test_several_environments_share_the_episodes(logs, enjoy):
    report = json.loads(enjoy("--n-envs", 3, "--n-episodes", 7, "--json")[1])
    assert report["n_episodes"] == 7
    assert report["n_envs"] == 3


def test_steps_are_counted_per_environment(logs, enjoy):
    code, out, _ = enjoy("--n-envs", 2, "-n", 200)
    assert code == 0
    assert "Mean reward" in out


def test_verbose_0_still_prints_the_result(logs, enjoy):
    _, out, err = enjoy("--verbose", 0, "--n-episodes", 2)
    assert len(out.splitlines()) == 1
    assert out.startswith("Mean reward: ")
    assert err == ""


def test_says_so_if_no_episode_was_completed(logs, enjoy):
    code, out, _ = enjoy("-n", 3)
    assert code == 0
    assert "No complete episode within 3 steps" in out
    assert "3 steps with reward 3.00" in out
    assert json.loads(enjoy("-n", 3, "--json")[1])["mean_return"] is None


def test_stochastic_actions_differ_from_deterministic_ones(logs, enjoy):
    runs = [
        json.loads(enjoy("--n-episodes", 4, mode, "--json")[1])
        for mode in ("--stochastic", "--deterministic")
    ]
    assert [run["deterministic"] for run in runs] == [False, True]
    assert runs[0]["returns"] != runs[1]["returns"]


def test_reward_log_holds_every_episode(logs, enjoy, tmp_path):
    out = enjoy("--n-episodes", 3, "--reward-log", tmp_path / "rewards", "--json")[1]
    rows = (tmp_path / "rewards" / "0.monitor.csv").read_text().splitlines()[2:]
    assert [float(row.split(",")[0]) for row in rows] == json.loads(out)["returns"]


def test_progress_bar_goes_to_stderr(logs, enjoy):
    _, out, err = enjoy("-n", 20, "-P", "--json")
    assert "20/20" in err
    json.loads(out)


def test_package_env_reports_falls_and_successes(pixel_run, enjoy):
    arguments = ("--env", "Pixel-v0", "--gym-packages", "tiny_pixels", "--n-episodes", 4)
    code, out, _ = enjoy(*arguments, "--json")
    report = json.loads(out)
    assert code == 0
    assert report["end_reasons"] == {"fell": 2, "time_limit": 2}
    assert report["success_rate"] == 0.5
    assert report["lengths"] == [7, 3, 7, 3]
    assert "Success rate: 50.00%" in enjoy(*arguments)[1]


def test_env_kwargs_come_from_the_run_and_then_from_the_flag(pixel_run, enjoy, write):
    arguments = ("--env", "Pixel-v0", "--gym-packages", "tiny_pixels", "-n", 7, "--json")
    write.args(pixel_run, algo="ppo", env="Pixel-v0", env_kwargs={"reward": 2.0})
    assert json.loads(enjoy(*arguments)[1])["returns"] == [14.0]
    overridden = enjoy(*arguments, "--env-kwargs", "reward:3.0")[1]
    assert json.loads(overridden)["returns"] == [21.0]


def test_norm_reward_reports_normalised_rewards(pendulum_run, enjoy):
    arguments = ("--env", "Pendulum-v1", "--n-episodes", 1)
    raw = json.loads(enjoy(*arguments, "--json")[1])["mean_return"]
    normalised = json.loads(enjoy(*arguments, "--json", "--norm-reward")[1])["mean_return"]
    assert abs(normalised) < abs(raw)
    assert "normalised" in enjoy(*arguments, "--norm-reward")[1]


def test_norm_reward_of_a_run_without_normalisation_is_not_called_normalised(cartpole_run, enjoy):
    arguments = ("--run", cartpole_run.path, "-n", 60, "--norm-reward")
    assert "normalised" not in enjoy(*arguments)[1]
    assert json.loads(enjoy(*arguments, "--json")[1])["normalized_reward"] is False


def test_run_by_path(cartpole_run, enjoy):
    code, out, _ = enjoy("--run", cartpole_run.path, "-n", 50, "--json")
    assert code == 0
    assert json.loads(out)["run"] == str(cartpole_run.path)


def test_without_a_display_one_note_and_no_window(logs, capsys):
    from rl_zoo.enjoy import main

    assert main(["-n", "20"]) == 0
    notes = [line for line in capsys.readouterr().err.splitlines() if "window" in line]
    assert notes == ["No window, because there is no display (--video FILE.mp4 films the agent)"]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--load-best", "--load-checkpoint", "32"], "--load-best and --load-checkpoint: choose"),
        (["--load-best", "--load-last-checkpoint"], "choose one"),
        (["--stochastic", "--deterministic"], "--stochastic and --deterministic: choose one"),
        (["-n", "0"], "--n-timesteps 0: must be at least 1"),
        (["--n-envs", "0"], "--n-envs 0"),
        (["--env-kwargs", "g=9"], "--env-kwargs"),
        (["--algo", "poo"], "did you mean 'ppo'?"),
        (["--device", "cuba"], "--device cuba"),
        (["--video", "film.avi"], "film.avi: videos are written as mp4"),
        (["--env-kwargs", "gravity:9.81"], "gravity"),
    ],
)
def test_usage_errors(logs, enjoy, arguments, message):
    code, out, err = enjoy(*arguments)
    assert code == 2
    assert message in err
    assert out == ""


def test_mistyped_flag_names_the_nearest(capsys):
    from rl_zoo.enjoy import main

    with pytest.raises(SystemExit) as exit_info:
        main(["--load-bst"])
    assert exit_info.value.code == 2
    assert "--load-best" in capsys.readouterr().err


def test_takes_every_flag_of_the_zoo():
    """Names, short forms and defaults of the zoo's enjoy (``-f`` is ``logs`` here)."""
    from rl_zoo.enjoy import build_parser

    command = (
        "--env A -f b --algo c -n 1 --num-threads 1 --n-envs 1 --exp-id 1 --verbose 1 --no-render "
        "--deterministic --device cpu --load-best --load-checkpoint 1 --load-last-checkpoint "
        "--stochastic --norm-reward --seed 1 --reward-log d --gym-packages e --env-kwargs f:1 "
        "--custom-objects -P"
    )
    arguments = build_parser().parse_args(command.split())
    assert arguments.env_kwargs == ["f:1"]
    defaults = vars(build_parser().parse_args([]))
    expected = {
        "env": "CartPole-v1",
        "algo": "ppo",
        "num_threads": -1,
        "n_envs": 1,
        "exp_id": 0,
        "verbose": 1,
        "device": "auto",
        "load_checkpoint": None,
        "seed": 0,
        "reward_log": "",
        "gym_packages": [],
        "env_kwargs": None,
    }
    assert {key: defaults[key] for key in expected} == expected


def test_help_imports_nothing_heavy():
    code = (
        "import sys, contextlib, io\n"
        "from rl_zoo import enjoy\n"
        "from rl_zoo.commands import record_training, record_video\n"
        "for module in (enjoy, record_training, record_video):\n"
        "    module.build_parser().format_help()\n"
        "heavy = {'torch', 'numpy', 'gymnasium', 'stable_baselines3', 'yaml'} & set(sys.modules)\n"
        "assert not heavy, heavy\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True)

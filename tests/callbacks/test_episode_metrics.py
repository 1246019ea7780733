"""Metrics of training episodes and of evaluations in the log of every algorithm."""

import json

import gymnasium as gym
import pytest

from rl_zoo.callbacks.episode_metrics import summary

ALGORITHMS = ["a2c", "ars", "crossq", "ddpg", "droq", "ppo", "sac", "tqc", "trpo"]


class NumberedEpisodes(gym.Wrapper):
    """Reports the number of the episode as a term of the reward, and a limit that corrects."""

    number = -1

    def reset(self, **kwargs):
        self.number += 1
        return self.env.reset(**kwargs)

    def step(self, action):
        *result, info = self.env.step(action)
        info |= {"reward/number": self.number, "safety/limit": 0.5, "cost": 2.0}
        return *result, info


def logged(run, name):
    rows = [json.loads(line) for line in run.progress_file.read_text().splitlines()]
    return {row["step"]: row[name] for row in rows if name in row}


@pytest.mark.parametrize("algo", ALGORITHMS)
def test_every_run_logs_its_continuity_cost(algo, train_run):
    """The tiny environment has an episode in every log line; random actions cost 16.7 there."""
    run = train_run(algo, "Tiny-v0", "-n", 120, "--log-interval", 1)
    costs = logged(run, "motion/continuity_cost")
    assert costs
    assert all(0.0 <= cost <= 100.0 for cost in costs.values())


def test_discrete_actions_have_none(train_run):
    run = train_run("dqn", "TinyDiscrete-v0", "-n", 120, "--log-interval", 1)
    assert logged(run, "rollout/ep_rew_mean")
    assert not logged(run, "motion/continuity_cost")


def test_evaluations_log_theirs(train_run):
    """Two environments, and a stop in mid-episode: only whole episodes count."""
    flags = ("-n", 64, "--eval-freq", 32, "--eval-episodes", 3, "--n-eval-envs", 2)
    run = train_run("ppo", "Tiny-v0", *flags)
    assert list(logged(run, "eval/motion/continuity_cost")) == [32, 64]


def test_the_mean_is_that_of_the_last_episodes(train_run):
    """Ten episodes of four steps; the window is two of them."""
    wrapper = "env_wrapper:tests.callbacks.test_episode_metrics.NumberedEpisodes"
    params = [wrapper, "stats_window_size:2", "learning_starts:100"]
    flags = ("-n", 40, "--log-interval", 1)
    run = train_run("sac", "Counting-v0", *flags, params=params)
    sums = list(logged(run, "reward/number").values())
    assert sums == pytest.approx([0.0, *(4 * (number - 0.5) for number in range(1, 10))])
    assert set(logged(run, "safety/limit").values()) == {0.5}
    assert set(logged(run, "safety/cost").values()) == {8.0}


def test_means_are_in_tensorboard_and_not_all_in_the_table(train, arguments, tmp_path):
    accumulator = pytest.importorskip("tensorboard.backend.event_processing.event_accumulator")
    params = ["env_wrapper:tests.callbacks.test_episode_metrics.NumberedEpisodes"]
    flags = ("-n", 64, "-tb", tmp_path / "tb", "--verbose", 1)
    code, out, err = train(*arguments("ppo", "Counting-v0", *flags, params=params))
    assert code == 0, err
    (events,) = (tmp_path / "tb").rglob("events*")
    scalars = accumulator.EventAccumulator(str(events)).Reload().Tags()["scalars"]
    assert {"motion/continuity_cost", "reward/number", "safety/limit"} <= set(scalars)
    assert "continuity_cost" in out
    assert "number" not in out


def test_an_episode_cut_from_outside_does_not_count(train_run, monkeypatch):
    """A checkpoint in the middle of the second episode cuts it; the next one is the third."""
    params = ["env_wrapper:tests.callbacks.test_episode_metrics.NumberedEpisodes", "n_steps:7"]
    flags = ("-n", 14, "--log-interval", 1, "--save-freq", 7)
    run = train_run("a2c", "Counting-v0", *flags, params=params)
    assert list(logged(run, "reward/number").values()) == [0.0, 4.0]


def test_a_robots_summary_is_one_line():
    means = {
        "motion/energy": 10.0,
        "motion/forward_speed": 0.412,
        "motion/power": 2.346,
        "motion/continuity_cost": 1.0,
        "motion/falls": 0.05,
    }
    assert summary(means) == "0.41 m/s, 2.35 W, continuity cost 1.00, 5% fell"
    assert summary({"motion/continuity_cost": 1.0}) == ""


def test_training_a_robot_ends_with_its_summary(train, arguments, tmp_path):
    params = ["env_wrapper:[{TimeLimit: {max_episode_steps: 20}}]"]
    code, _, err = train(*arguments("ppo", "Bert-v0", "-n", 128, params=params))
    assert code == 0, err
    (line,) = [line for line in err.splitlines() if line.startswith("Last ")]
    assert line.startswith("Last 6 episodes: ")
    assert " W, " in line
    (progress,) = tmp_path.glob("logs/ppo/*/**/progress.jsonl")
    (*_, row) = (json.loads(text) for text in progress.read_text().splitlines())
    for name in ("power", "mean_torque", "direction_changes", "velocity_error", "falls"):
        assert row[f"motion/{name}"] >= 0.0
    assert "reward/forward" in row


@pytest.mark.parametrize("flags", [("--vec-env", "subproc"), ("--eval-on-train-env",)])
def test_other_stacks_log_them_too(flags, train_run):
    """From worker processes; and evaluations on the training environment are no training."""
    params = ["env_wrapper:tests.callbacks.test_episode_metrics.NumberedEpisodes"]
    numbers = ("-n", 64, "--eval-freq", 32, "--eval-episodes", 2)
    run = train_run("ppo", "Counting-v0", *numbers, *flags, params=params)
    assert set(logged(run, "eval/safety/cost").values()) == {8.0}
    assert logged(run, "motion/continuity_cost")
    trained = list(logged(run, "reward/number").values())
    assert trained[0] == pytest.approx(4 * 3.5), "episodes 0 to 7"
    if flags == ("--eval-on-train-env",):
        assert trained[-1] == pytest.approx(4 * (3.5 * 8 + sum(range(10, 18))) / 16), "not 8 and 9"

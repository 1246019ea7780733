"""Finding runs by algorithm and environment."""

from __future__ import annotations

import uuid

import pytest

from rl_zoo.errors import NothingFoundError
from rl_zoo.runs.search import find_runs, list_runs, match_env


def make(log_folder, *names):
    for name in names:
        (log_folder / name).mkdir(parents=True)


def names(runs):
    return [run.name for run in runs]


def test_environment_is_matched_whole(tmp_path):
    make(tmp_path, "ppo/CartPole-v1_1", "ppo/MyCartPole-v1_1", "ppo/CartPole-v10_1")
    assert names(find_runs([tmp_path], ["ppo"], ["CartPole-v1"])) == ["ppo/CartPole-v1_1"]


def test_run_names_with_uuid_and_underscores(tmp_path):
    suffix = uuid.uuid4()
    make(tmp_path, f"ppo/My_Env_2-v0_3_{suffix}", "ppo/My_Env_2-v0_12", "ppo/videos", "plots/a_b")
    runs = list_runs(tmp_path)
    assert [(run.env_name, run.number) for run in runs] == [("My_Env_2-v0", 3), ("My_Env_2-v0", 12)]


@pytest.mark.parametrize(
    ("requested", "expected"),
    [
        ("CartPole-v1", ["CartPole-v1"]),
        ("CartPole", ["CartPole-v0", "CartPole-v1"]),
        ("HalfCheetah", ["HalfCheetah-v4"]),
        ("HalfCheetahBulletEnv", ["HalfCheetahBulletEnv-v0"]),
        ("Half", ["HalfCheetah-v4", "HalfCheetahBulletEnv-v0"]),
        ("ns/Robot-v0", ["ns-Robot-v0"]),
        ("Pole", []),
        ("Cheetah", []),
        ("cartpole", []),
        ("", []),
    ],
)
def test_short_forms(requested, expected):
    existing = ["CartPole-v0", "CartPole-v1", "MyCartPole-v1", "HalfCheetah-v4"]
    existing += ["HalfCheetahBulletEnv-v0", "ns-Robot-v0"]
    assert match_env(requested, existing) == expected


def test_prefix_is_used_only_where_nothing_matches_whole():
    assert match_env("Ant", ["Ant-v4", "AntMaze-v1"]) == ["Ant-v4"]
    assert match_env("Ant", ["AntMaze-v1"]) == ["AntMaze-v1"]


def test_all_runs_without_a_choice(tmp_path):
    make(tmp_path, "sac/Ant-v4_10", "sac/Ant-v4_9", "ppo/CartPole-v1_1")
    assert names(find_runs([tmp_path])) == ["ppo/CartPole-v1_1", "sac/Ant-v4_9", "sac/Ant-v4_10"]


def test_algorithm_case_is_ignored(tmp_path):
    make(tmp_path, "sac/Ant-v4_1")
    assert names(find_runs([tmp_path], ["SAC"], ["Ant-v4"])) == ["sac/Ant-v4_1"]


def test_algorithm_in_one_of_two_folders_is_enough(tmp_path):
    make(tmp_path, "a/sac/Ant-v4_1", "b/ppo/Ant-v4_1")
    runs = find_runs([tmp_path / "a", tmp_path / "b"], ["sac"], ["Ant"])
    assert [run.log_folder for run in runs] == [tmp_path / "a"]


@pytest.mark.parametrize(
    ("algos", "envs", "sentence"),
    [
        (["sacc"], None, "-a sacc: .*did you mean 'sac'"),
        (["sac"], ["Antt-v4"], "-e Antt-v4: .*did you mean 'Ant-v4'"),
        (None, ["CartPole-v1", "Nothing-v0"], "-e Nothing-v0"),
    ],
)
def test_what_is_not_there_is_named(tmp_path, algos, envs, sentence):
    make(tmp_path, "sac/Ant-v4_1", "ppo/CartPole-v1_1")
    with pytest.raises(NothingFoundError, match=sentence):
        find_runs([tmp_path], algos, envs)


def test_missing_and_empty_log_folders(tmp_path):
    with pytest.raises(NothingFoundError, match="no such folder"):
        find_runs([tmp_path / "nowhere"])
    with pytest.raises(NothingFoundError, match="no run in it"):
        find_runs([tmp_path])


def test_short_name_keeps_the_first_part_of_a_uuid(tmp_path):
    make(tmp_path, "ppo/A-v0_1_c322a576-effc-42ed-bf22-dc21b74ec9cd", "ppo/A-v0_2")
    assert [run.short_name for run in list_runs(tmp_path)] == ["A-v0_1_c322a576", "A-v0_2"]

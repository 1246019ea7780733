"""What is known of a run that lies in no log folder of a zoo."""

from __future__ import annotations

import pytest

from rl_zoo.errors import NothingFoundError
from rl_zoo.runs.plain_folder import name_plain_run
from rl_zoo.runs.search import find_runs

HEADER = '#{{"t_start": 1.0, "env_id": "{}"}}\nr,l,t\n1.0,10,1.0\n'


@pytest.mark.parametrize(
    ("name", "env_id", "expected"),
    [
        ("ppo_cartpole", "CartPole-v1", ("ppo", "CartPole-v1")),
        ("sac-HalfCheetah-v5", "None", ("sac", "HalfCheetah-v5")),
        ("my-ppo_lstm.run", "CartPole-v1", ("ppo_lstm", "CartPole-v1")),
        ("seed 3", "ale/Pong-v5", ("seed_3", "ale-Pong-v5")),
        ("Pendulum-v1", "", ("run", "Pendulum-v1")),
    ],
)
def test_name_and_monitor_tell_algorithm_and_environment(tmp_path, name, env_id, expected):
    folder = tmp_path / name
    folder.mkdir()
    (folder / "monitor.csv").write_text(HEADER.format(env_id))
    assert name_plain_run(folder) == expected
    (run,) = find_runs([folder])
    assert (run.algo, run.env_name) == expected


def test_a_damaged_header_leaves_the_folders_name(tmp_path):
    folder = tmp_path / "dqn"
    folder.mkdir()
    (folder / "0.monitor.csv").write_text("rubbish")
    assert name_plain_run(folder) == ("dqn", "dqn")


def test_a_run_folder_can_be_named_itself(tmp_path):
    folder = tmp_path / "logs" / "ppo" / "CartPole-v1_2"
    (folder / "CartPole-v1").mkdir(parents=True)
    (folder / "0.monitor.csv").write_text(HEADER.format("CartPole-v1"))
    (run,) = find_runs([folder])
    assert (run.algo, run.env_name, run.number) == ("ppo", "CartPole-v1", 2)
    assert run.folder.path == folder.resolve()


def test_runs_inside_come_first(tmp_path):
    """A stray file beside the algorithms' folders does not hide them."""
    (tmp_path / "monitor.csv").write_text(HEADER.format("CartPole-v1"))
    (tmp_path / "ppo" / "Ant-v5_1").mkdir(parents=True)
    assert [run.env_name for run in find_runs([tmp_path])] == ["Ant-v5"]


def test_an_empty_folder_is_no_run(tmp_path):
    with pytest.raises(NothingFoundError, match="no run in it"):
        find_runs([tmp_path])

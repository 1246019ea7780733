"""Trainings side by side, and what becomes of them when one fails."""

import os
import signal
import threading

import pytest

from rl_zoo.commands.demo_training import train_all
from rl_zoo.errors import TrainingInterrupted, ZooError
from rl_zoo.runs.record import read_record

TINY = ["--eval-freq", "-1", "--verbose", "0", "--device", "cpu"]


def command(tmp_path, env="CartPole-v1", steps="64", *more):
    flags = ["--algo", "ppo", "--env", env, "-n", steps, "-f", str(tmp_path), *TINY]
    return [*flags, *more, "-params", "n_envs:1", "n_steps:32", "batch_size:32"]


def test_each_training_has_its_own_run(tmp_path):
    envs = ("CartPole-v1", "Acrobot-v1")
    for expected in ("1", "2"):  # the second time there are older runs beside them
        done = train_all([command(tmp_path, env) for env in envs])
        assert [training.env_id for training in done] == list(envs)
        for training in done:
            assert training.folder.path.name == f"{training.env_id}_{expected}"
            assert training.steps == 64
            assert training.seconds > 0.0
            record = read_record(training.folder)
            assert record is not None
            assert record.state == "finished"


def test_trainings_in_one_folder_are_told_apart(tmp_path):
    commands = [command(tmp_path, "CartPole-v1", "64", "--seed", seed) for seed in ("3", "7")]
    seeds = [read_record(training.folder).seed for training in train_all(commands)]
    assert seeds == [3, 7]


def test_a_failure_is_reported_with_its_own_words(tmp_path):
    commands = [command(tmp_path), command(tmp_path, "CartPole-v1", "64", "--seed", "x")]
    with pytest.raises(ZooError, match=r"CartPole-v1 failed: .*--seed"):
        train_all(commands)


@pytest.fixture
def heard_ctrl_c():
    """Hear SIGINT as a terminal's program does: what a shell starts with & ignores it."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.mark.usefixtures("heard_ctrl_c")
def test_ctrl_c_stops_all_and_everything_is_saved(tmp_path):
    def interrupt_when_learning():
        monitor = tmp_path / "ppo" / "CartPole-v1_1" / "0.monitor.csv"
        while not (monitor.is_file() and monitor.read_text().count("\n") > 5):
            if stopped.wait(0.1):
                return
        os.kill(os.getpid(), signal.SIGINT)

    stopped = threading.Event()
    watcher = threading.Thread(target=interrupt_when_learning)
    watcher.start()
    try:
        with pytest.raises(TrainingInterrupted):
            train_all([command(tmp_path, steps="1000000")])
    finally:
        stopped.set()
        watcher.join()
    folder = tmp_path / "ppo" / "CartPole-v1_1"
    assert (folder / "CartPole-v1.zip").is_file()

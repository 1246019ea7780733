"""Whole runs on a robot behind a driver, in virtual time."""

import json
import signal

import numpy as np
import pytest
from stable_baselines3.common.save_util import load_from_pkl

from rl_zoo.commands.robot_to_buffer import main as to_buffer
from rl_zoo.runs.episode_file import episode_files, episodes_folder, read_episode
from rl_zoo.runs.folder import open_run_folder
from rl_zoo.runs.record import read_record
from tests.processes import wait_until

FAULTS = (
    "[[4.0,'tilt',1.5],[5.5,'tilt',0.0],[9.0,'freeze'],[10.0,'freeze',False],"
    "[14.0,'restart'],[18.0,'press','select'],[18.5,'release']]"
)
MOCK = ["--env-kwargs", "driver:'mock'", f"driver_options.faults:{FAULTS}"]
MOCK += ["operator.assume_yes:True", "reset.auto_rearm:True", "max_episode_steps:100"]


def same_rows(one, two, n):
    for name in ("observations", "next_observations", "rewards", "discarded"):
        np.testing.assert_array_equal(getattr(one, name)[:n], getattr(two, name)[:n], err_msg=name)
    np.testing.assert_allclose(one.actions[:n], two.actions[:n], atol=1e-6)
    for name in ("dones", "timeouts"):  # the last trajectory is cut in a rebuilt buffer
        np.testing.assert_array_equal(
            getattr(one, name)[: n - 1], getattr(two, name)[: n - 1], err_msg=name
        )


def test_a_buffer_built_from_episodes_is_that_of_the_run(train_run, tmp_path, capsys):
    flags = ("-n", 500, "--save-replay-buffer", "--eval-freq", 200, "--eval-episodes", 1, *MOCK)
    run = train_run("sac", "Bert-Real-v0", *flags, normalize=False)
    record = read_record(run)
    assert record.discarded >= 2
    assert record.end_reasons.keys() >= {"fall", "stale"}
    with np.load(run.evaluations) as evaluations:
        assert len(evaluations["timesteps"]) == 2
    files = episode_files(episodes_folder(run))
    assert sum(read_episode(file).n_steps for file in files) == 500, "no evaluation is among them"
    output = tmp_path / "buffer.pkl"
    assert to_buffer([str(run.path), "-o", str(output)]) == 0
    assert f"{output}: 500 transitions" in capsys.readouterr().out
    own, built = load_from_pkl(run.replay_buffer), load_from_pkl(output)
    assert own.size() == built.size() == 500
    assert own.discarded.sum() == built.discarded.sum() == record.discarded
    same_rows(own, built, 500)


def test_normalised_runs_store_raw_rows(train_run, tmp_path):
    flags = ("-n", 200, "--save-replay-buffer", *MOCK)
    run = train_run("sac", "Bert-Real-v0", *flags, normalize=True)
    output = tmp_path / "buffer.pkl"
    assert to_buffer([str(run.path), "-o", str(output)]) == 0
    same_rows(load_from_pkl(run.replay_buffer), load_from_pkl(output), 200)


def test_an_episode_file_says_what_happened(train_run):
    run = train_run("sac", "Bert-Real-v0", "-n", 120, *MOCK, normalize=False)
    first = read_episode(episode_files(episodes_folder(run))[0])
    n = first.n_steps
    assert first.about["robot"] == "bert"
    assert first.about["dt"] == 0.02
    assert sum(first.about["layout"].values()) == first.arrays["observations"].shape[1]
    assert first.arrays["state/joint_positions"].shape == (n + 1, 8)
    assert np.allclose(np.diff(first.arrays["time"][1:]), 0.02)
    assert first.about["end"] in ("fall", "time_limit")
    use = read_record(run).robot_use
    assert use["minutes_running"] == pytest.approx(120 * 0.02 / 60, rel=0.3)


@pytest.mark.slow
def test_a_stopped_run_continues_with_a_new_episode(start, arguments, tmp_path, train):
    flags = arguments("sac", "Bert-Real-v0", "-n", 3000, "--save-freq", 200, *MOCK, normalize=False)
    command = start(*flags)
    folder = tmp_path / "logs" / "sac" / "Bert-Real-v0_1"
    wait_until(lambda: len(list(folder.glob("rl_model_*_steps.json"))) > 0, 120)
    command.send(signal.SIGTERM)
    assert command.wait() == 130
    run = open_run_folder(folder)
    stopped_at = read_record(run).num_timesteps
    use = read_record(run).robot_use
    assert sum(read_episode(file).n_steps for file in episode_files(folder / "episodes")) == (
        stopped_at
    )
    code, _, err = train("--resume", folder, "-n", stopped_at + 300, "--save-replay-buffer")
    assert code == 0, err
    assert "a robot cannot repeat an episode" in err.lower()
    assert read_record(run).robot_use["minutes_running"] > use["minutes_running"]
    output = tmp_path / "buffer.pkl"
    assert to_buffer([str(folder), "-o", str(output)]) == 0
    own, built = load_from_pkl(run.replay_buffer), load_from_pkl(output)
    assert own.size() == built.size()
    same_rows(own, built, own.size())


@pytest.mark.slow
def test_a_killed_run_continues_and_sets_aside_what_it_forgot(start, arguments, tmp_path, train):
    flags = arguments("sac", "Bert-Real-v0", "-n", 3000, "--save-freq", 200, *MOCK, normalize=False)
    command = start(*flags)
    folder = tmp_path / "logs" / "sac" / "Bert-Real-v0_1"
    wait_until(lambda: len(list(folder.glob("rl_model_*_steps.json"))) > 0, 120)
    n_files = len(episode_files(folder / "episodes"))
    wait_until(lambda: len(episode_files(folder / "episodes")) > n_files, 120)
    command.send(signal.SIGKILL)
    command.process.join(30)
    kept = max(int(file.name.split("_")[2]) for file in folder.glob("rl_model_*_steps.json"))
    code, _, err = train("--resume", folder, "-n", kept + 200, "--save-replay-buffer")
    assert code == 0, err
    run = open_run_folder(folder)
    output = tmp_path / "buffer.pkl"
    assert to_buffer([str(folder), "-o", str(output)]) == 0
    own, built = load_from_pkl(run.replay_buffer), load_from_pkl(output)
    same_rows(own, built, own.size())


@pytest.mark.slow
def test_a_simulated_robot_is_trained_evaluated_and_played_on_another(train, tmp_path, capsys):
    pytest.importorskip("mujoco")
    from rl_zoo.enjoy import main as enjoy

    shared = ["--algo", "droq", "-f", str(tmp_path / "logs"), "--seed", "1", "--verbose", "0"]
    shared += ["-params", "policy_kwargs.net_arch:[16,16]", "learning_starts:50"]
    shared += ["gradient_steps:1", "--eval-freq", "150", "--eval-episodes", "1", "-n", "300"]
    world = ["--env-kwargs", "max_episode_steps:100"]
    real = [*world, "driver:'sim'"]
    code, _, err = train(*shared, "--env", "Bert-Real-v0", *real)
    assert code == 0, err
    folder = tmp_path / "logs" / "droq" / "Bert-Real-v0_1"
    assert (folder / "evaluations.npz").is_file()
    use = json.loads((folder / "run.json").read_text())["robot_use"]
    assert use["operator_prompts"] == 0
    model = folder / "Bert-Real-v0.zip"
    code, _, err = train(*shared, "--env", "Bert-v0", *world, "-i", model)
    assert code == 0, err
    other = tmp_path / "logs" / "droq" / "Bert-v0_1"
    flags = ["--run", str(other), "--on", "Bert-Real-v0", "--env-kwargs", "driver:'sim'"]
    assert enjoy([*flags, "--n-episodes", "1", "--no-render"]) == 0
    captured = capsys.readouterr()
    assert "Mean reward" in captured.out
    assert "min under power" in captured.err

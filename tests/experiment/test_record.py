"""What a run leaves: its record, its parameters, and a configuration that can be used again."""

import json

import yaml

from rl_zoo.runs.record import RunRecord, read_record, write_record
from tests.same_runs import assert_same_run


def test_record_of_a_finished_run(train_run):
    run = train_run("ppo", "Tiny-v0", "-n", 100, "--eval-freq", 50)
    record = read_record(run)
    assert (record.algo, record.env_id, record.seed) == ("ppo", "Tiny-v0", 1)
    assert (record.n_timesteps, record.num_timesteps) == (100, 128), "whole rollouts of 32"
    assert (record.state, record.reason, record.parent) == ("finished", "", None)
    assert {"python", "rl_zoo", "torch", "stable-baselines3", "gymnasium"} <= record.versions.keys()
    assert record.host
    assert record.command.startswith("python -m rl_zoo.train --algo ppo")
    assert record.command == run.command_file.read_text().strip()
    assert record.started_at <= record.ended_at
    assert record.wall_time_s > 0
    (session,) = record.sessions
    assert (session["from_step"], session["to_step"], session["state"]) == (0, 128, "finished")
    assert sum(record.end_reasons.values()) == len(run.monitor_file(0).read_text().splitlines()) - 2
    assert set(record.end_reasons) <= {"time_limit", "terminated"}
    truncated = {"time_limit": record.end_reasons.get("time_limit", 0)}
    assert record.truncations == {name: count for name, count in truncated.items() if count}


def test_folder_has_the_names_of_the_zoo(train_run):
    run = train_run("sac", "Tiny-v0", "-n", 120, "--eval-freq", 60, "--save-replay-buffer")
    names = {str(file.relative_to(run.path)) for file in run.path.rglob("*") if file.is_file()}
    assert names >= {
        "0.monitor.csv",
        "Tiny-v0.zip",
        "best_model.zip",
        "evaluations.npz",
        "replay_buffer.pkl",
        "Tiny-v0/args.yml",
        "Tiny-v0/config.yml",
        "Tiny-v0/command.txt",
        "Tiny-v0/vecnormalize.pkl",
    }
    arguments = yaml.safe_load(run.args_file.read_text())
    assert (arguments["algo"], arguments["env"], arguments["seed"]) == ("sac", "Tiny-v0", 1)


def test_origin_of_every_value_is_kept_and_survives_a_resume(train_run, train):
    from rl_zoo.config.provenance import read_provenance

    run = train_run("ppo", "Tiny-v0", "-n", 64, "--save-freq", 64, params=["gamma:0.9"])
    first = {setting.key: setting for setting in read_provenance(run.provenance_file)}
    assert (first["gamma"].value, first["gamma"].origin) == ("0.9", "-params")
    assert first["n_timesteps"].origin == "-n"
    assert first["policy"].origin.endswith("empty.yml: default")
    code, _, err = train("--resume", run.path, "-n", 128, "--gym-packages", "tests.probe_envs")
    assert code == 0, err
    second = {setting.key: setting for setting in read_provenance(run.provenance_file)}
    changed = {key for key in second if second[key] != first[key]}
    assert changed == {"n_timesteps"}
    assert (second["n_timesteps"].value, second["n_timesteps"].origin) == ("128", "-n")


def test_drawn_seed_is_recorded(arguments, train, tmp_path):
    from rl_zoo.runs.folder import open_run_folder

    command = arguments("ppo", "Tiny-v0", "-n", 32)
    command[command.index("--seed") + 1] = "-1"
    assert train(*command)[0] == 0
    run = open_run_folder(tmp_path / "logs/ppo/Tiny-v0_1")
    seed = read_record(run).seed
    assert seed >= 0
    assert yaml.safe_load(run.args_file.read_text())["seed"] == seed


def test_saved_configuration_gives_the_same_run(train_run, train, tmp_path):
    params = ["learning_rate:lin_0.003", "policy_kwargs.activation_fn:nn.ELU", "n_envs:2"]
    first = train_run("ppo", "Tiny-v0", "-n", 128, params=params)
    shared = ["--gym-packages", "tests.probe_envs", "--seed", 1, "--verbose", 0, "--eval-freq", -1]
    code, _, err = train(
        "--algo", "ppo", "--env", "Tiny-v0", "-conf", first.config_file, "-f", tmp_path / "again",
        "--device", "cpu", *shared,
    )  # fmt: skip
    assert code == 0, err
    from rl_zoo.runs.folder import open_run_folder

    second = open_run_folder(tmp_path / "again/ppo/Tiny-v0_1")
    assert second.config_file.read_text() == first.config_file.read_text()
    assert_same_run(first, second)


def test_record_survives_fields_of_a_later_version(tmp_path):
    from rl_zoo.runs.folder import create_run_folder

    run = create_run_folder(tmp_path, "ppo", "Tiny-v0")
    write_record(run, RunRecord("ppo", "Tiny-v0", seed=1, n_timesteps=5))
    content = json.loads(run.record_file.read_text())
    run.record_file.write_text(json.dumps({**content, "from_the_future": 1}))
    assert read_record(run).n_timesteps == 5

"""``rl_zoo sweep``: dry run, runs, status, restart, growth, and every way to mistype it."""

import json
import re
import shlex

import pytest

from rl_zoo.commands.train_parser import build_parser as build_train_parser
from rl_zoo.runs.folder import open_run_folder
from rl_zoo.runs.record import read_record
from rl_zoo.sweep.folder import find_sweep
from rl_zoo.sweep.locks import FileLock


def runs_in(logs, algo="sac"):
    return [open_run_folder(path) for path in sorted((logs / algo).glob("*_*"))]


def test_dry_run_prints_every_command_and_creates_nothing(sweep, flags_of_train, logs):
    what = ["--algo", "sac", "td3", "--env", "Tiny-v0", "--seeds", "3"]
    code, out, err = sweep(*what, "--dry-run", *flags_of_train)
    assert code == 0, err
    *lines, last = out.splitlines()
    assert last == "# 6 runs, 720 steps in all"
    found = []
    for line in lines:
        words = shlex.split(line)
        assert words[:3] == ["python", "-m", "rl_zoo.train"]
        arguments = build_train_parser().parse_args(words[3:])
        found.append((arguments.algo, arguments.seed, arguments.n_timesteps))
    assert found == [(algo, seed, 120) for seed in range(3) for algo in ("sac", "td3")]
    assert not logs.exists()


def test_runs_are_trained_once_and_counted(here, sweep, logs):
    code, out, err = here("--seeds", "2", "-n", "60")
    assert code == 0, err
    first, second = runs_in(logs)
    records = [read_record(run) for run in (first, second)]
    assert [record.state for record in records] == ["finished"] * 2
    assert [record.label.partition("/")[2] for record in records] == [
        "sac_Tiny-v0_seed0",
        "sac_Tiny-v0_seed1",
    ]
    assert [record.seed for record in records] == [0, 1]
    assert "walk, 2 runs: 2 finished; 100 % of all steps" in out
    assert "2 of 2" in out
    (plot,) = [line for line in out.splitlines() if line.startswith("Plot it with")]
    assert "--sweep walk" in plot

    before = first.record_file.stat().st_mtime_ns
    code, out, _ = here("--seeds", "2", "-n", "60")
    assert code == 0
    assert len(runs_in(logs)) == 2
    assert first.record_file.stat().st_mtime_ns == before

    code, out, err = sweep("--name", "walk", "--seeds", "3", "--cluster", "debug")
    assert code == 0, err
    assert [read_record(run).seed for run in runs_in(logs)] == [0, 1, 2]

    code, out, _ = sweep("--status", "--name", "walk")
    assert code == 0
    table = [line.split() for line in out.splitlines() if line.startswith("sac")]
    assert [row[2:7] for row in table[:3]] == [
        [str(k), "finished", "60", "of", "60"] for k in "012"
    ]
    assert table[3][-3:] == ["3", "of", "3"]


def test_figures_of_a_sweep_leave_out_other_runs(here, train, arguments, logs, tmp_path, capsys):
    assert here("--seeds", "1", "-n", "60")[0] == 0
    assert train(*arguments("sac", "Tiny-v0", "-n", 60, "--eval-freq", 50))[0] == 0
    from rl_zoo.cli import main

    shared = ["all_plots", "-f", str(logs), "-o", str(tmp_path / "figure"), "--no-display"]
    assert main(shared) == 0
    assert "(n=2)" in capsys.readouterr().out
    assert main([*shared, "--sweep", "walk"]) == 0
    assert "(n=1)" in capsys.readouterr().out


def test_the_same_command_without_a_name_continues(sweep, flags_of_train, logs):
    what = ["--algo", "sac", "--env", "Tiny-v0", "--seeds", "1", "--cluster", "debug"]
    for flags in (flags_of_train, [*flags_of_train[2:], *flags_of_train[:2]]):
        code, _, err = sweep(*what, *flags)
        assert code == 0, err
        assert "sac_Tiny-v0_1" in err
    assert len(runs_in(logs)) == 1
    assert sweep(*what, *flags_of_train, "-n", "60")[0] == 0
    assert {path.name for path in (logs / "sweeps").glob("*_*")} == {
        "sac_Tiny-v0_1",
        "sac_Tiny-v0_2",
    }


def test_a_crash_stops_no_other_run_and_is_resumed_later(sweep, flags_of_train, logs, tmp_path):
    broken = tmp_path / "broken"
    broken.touch()
    what = ["--algo", "sac", "--env", "Faulty-v0", "--seeds", "2", "--cluster", "debug"]
    what += [*flags_of_train, "--env-kwargs", "fault:raise_in_step", "at:80"]
    what += [f"while_exists:'{broken}'"]
    code, out, err = sweep(*what)
    assert code == 1
    assert "2 crashed" in out
    assert "motor driver lost" in out
    assert "sac_Faulty-v0_seed1 failed, see" in err
    assert "continue with the same command" in err

    broken.unlink()
    code, out, err = sweep(*what)
    assert code == 0, err
    assert "resumed at step" in err
    runs = runs_in(logs)
    assert len(runs) == 2
    assert [len(read_record(run).sessions) for run in runs] == [2, 2]


def test_a_run_without_a_checkpoint_is_kept_apart_and_started_anew(here, logs):
    assert here("--seeds", "1")[0] == 0
    (run,) = runs_in(logs)
    content = json.loads(run.record_file.read_text())
    run.record_file.write_text(json.dumps({**content, "state": "running"}))
    for file in run.path.glob("rl_model_*"):
        file.unlink()
    code, _, err = here("--seeds", "1")
    assert code == 0, err
    assert "left no complete checkpoint" in err
    assert (logs / "sweeps/walk/set_aside/sac/Tiny-v0_1/run.json").is_file()
    assert [read_record(run).state for run in runs_in(logs)] == ["finished"]


def test_a_run_killed_after_its_last_checkpoint_is_declared_finished(here, sweep, logs):
    assert here("--seeds", "1", "-n", "119", "--save-freq", "17", "--eval-freq", "-1")[0] == 0
    (run,) = runs_in(logs)
    last = run.checkpoint_steps()[-1]
    content = json.loads(run.record_file.read_text())
    content.update(state="running", num_timesteps=0, n_timesteps=last)
    run.record_file.write_text(json.dumps(content))
    weights = run.final_model.read_bytes()
    run.final_model.unlink()
    assert "1 lost" in sweep("--status", "--name", "walk")[1]
    code, _, err = sweep("--name", "walk", "--cluster", "debug")
    assert code == 0, err
    assert run.final_model.stat().st_size == pytest.approx(len(weights), rel=0.1)
    record = read_record(run)
    assert (record.state, record.num_timesteps, len(record.sessions)) == ("finished", last, 1)


def test_status_tells_running_from_lost(here, sweep, logs):
    assert here("--seeds", "1")[0] == 0
    (run,) = runs_in(logs)
    content = json.loads(run.record_file.read_text())
    run.record_file.write_text(json.dumps({**content, "state": "running", "num_timesteps": 0}))
    code, out, _ = sweep("--status")
    assert code == 0
    assert "1 lost" in out
    folder = find_sweep(logs, "walk")
    lock = FileLock(folder.path / "rows" / "sac_Tiny-v0_seed0.lock")
    assert lock.acquire()
    out = sweep("--status", "--name", "all")[1]
    assert "1 running" in out
    assert "120 of 120" in out
    lock.release()


def test_one_process_at_a_time_runs_a_sweep(here, logs):
    assert here("--seeds", "1", "-n", "40")[0] == 0
    lock = FileLock(find_sweep(logs, "walk").lock_file)
    assert lock.acquire()
    code, _, err = here("--seeds", "2", "-n", "40")
    lock.release()
    assert code == 2
    assert "is being run by another process" in err
    assert len(runs_in(logs)) == 1


def test_runs_of_a_single_device_go_one_after_another_here(sweep, flags_of_train, logs):
    code, _, err = sweep("--algo", "sac", "--env", "Single-v0", "--seeds", "2", *flags_of_train)
    assert code == 0, err
    assert "this process, one job after another" in err
    assert [read_record(run).state for run in runs_in(logs)] == ["finished"] * 2


SAC = ("--algo", "sac", "--env", "Tiny-v0")
BAD = {
    "nothing": ((), "--algo and --env: say what to train"),
    "no env": (("--algo", "sac"), "--env: say what to train"),
    "algo": (("--algo", "sca", "--env", "Tiny-v0"), "--algo sca: .*did you mean 'sac'"),
    "env": (("--algo", "sac", "--env", "Tny-v0"), "'Tny-v0'.*did you mean 'Tiny-v0'"),
    "spaces": (
        ("--algo", "sac", "dqn", "--env", "Tiny-v0", "TinyDiscrete-v0", "-params", "gamma:0.9"),
        "(?s)--algo dqn: cannot handle.*--algo sac: cannot handle",
    ),
    "parameter": ((*SAC, "-params", "gama:0.9"), "did you mean 'gamma'"),
    "flag of train": ((*SAC, "--evalfreq", "3"), "'--evalfreq'; did you mean '--eval-freq'"),
    "own flag": ((*SAC, "--worker", "3"), "'--worker'; did you mean '--workers'"),
    "stray word": ((*SAC, "-n", "100", "oops"), "unknown argument 'oops'"),
    "seed": ((*SAC, "--seed", "3"), "--seed: every run of a sweep has its own"),
    "resume": ((*SAC, "--resume", "x"), "--resume: a sweep resumes its runs itself"),
    "optimize": ((*SAC, "-optimize"), "-optimize: a sweep trains"),
    "search": ((*SAC, "--n-trials", "3"), "--n-trials: belongs to a search"),
    "label": ((*SAC, "--label", "x"), "--label: a sweep labels its runs itself"),
    "seeds": ((*SAC, "--seeds", "0"), "--seeds 0: must be at least 1"),
    "both seeds": ((*SAC, "--seeds", "2", "--seed-list", "1"), "not allowed with argument"),
    "negative seed": ((*SAC, "--seed-list", "1", "-2"), "--seed-list -2: must be from 0"),
    "name": ((*SAC, "--name", "../x"), r"--name '\.\./x': use letters"),
    "workers": ((*SAC, "--workers", "0"), "--workers 0: must be at least 1"),
    "cluster": ((*SAC, "--cluster", "slrum"), "did you mean 'slurm'"),
    "device": ((*SAC, "--device", "cuda:77"), "--device cuda:77"),
    "single": (
        ("--algo", "sac", "--env", "Single-v0", "--workers", "2"),
        "--workers 2: there is only one Single-v0",
    ),
}


@pytest.mark.parametrize("case", BAD)
def test_bad_input_is_one_sentence_and_nothing_is_created(case, sweep, empty_config, logs):
    flags, text = BAD[case]
    shared = ["--gym-packages", "tests.probe_envs", "-conf", str(empty_config)]
    code, out, err = sweep(*shared, *flags)
    assert code == 2
    assert not out
    assert "Traceback" not in err
    assert re.search(text, err), err
    assert not logs.exists()


def test_a_log_folder_that_cannot_be_written_is_named(here, logs):
    logs.write_text("a file")
    code, _, err = here("--seeds", "1", "-n", "40")
    assert code == 2
    assert f"--log-folder {logs}: no sweep can be kept there" in err


def test_a_started_sweep_keeps_its_flags(here, sweep, logs, monkeypatch, tmp_path):
    assert here("--seeds", "1", "-n", "40")[0] == 0
    code, _, err = here("--seeds", "1", "-n", "50")
    assert code == 2
    assert "--n-timesteps: in the sweep 'walk' it was 40, now it is 50" in err
    code, _, err = sweep("--name", "walk", "--algo", "td3")
    assert code == 2
    assert "also has sac" in err
    monkeypatch.chdir(tmp_path)
    code, _, err = sweep("--name", "walk")
    assert code == 2
    assert "continue it there" in err
    assert sweep("--status", "--name", "walk")[0] == 0


def test_status_of_what_is_not_there(here, sweep, logs):
    code, _, err = sweep("--status")
    assert code == 3
    assert "no sweep in it" in err
    assert here("--seeds", "1", "-n", "40")[0] == 0
    code, _, err = sweep("--status", "--name", "wlak")
    assert code == 3
    assert "did you mean 'walk'" in err

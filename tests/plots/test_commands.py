"""``all_plots`` and ``plot_train`` as a person calls them."""

from __future__ import annotations

import json
import pickle
import re
import subprocess
import sys

import numpy as np
import pytest

from rl_zoo.commands import all_plots, plot_train

EPISODES = [(float(i), 10, float(i + 1)) for i in range(50)]


@pytest.fixture(autouse=True)
def headless(monkeypatch):
    monkeypatch.delenv("DISPLAY", raising=False)
    monkeypatch.delenv("WAYLAND_DISPLAY", raising=False)


@pytest.fixture
def logs(make_run, tmp_path):
    folder = tmp_path / "logs"
    make_run(folder, "CartPole-v1_1", results=[[1.0], [2.0], [10.0]], episodes=EPISODES)
    make_run(folder, "CartPole-v1_2", results=[[1.0], [2.0], [20.0]], episodes=EPISODES)
    make_run(folder, "MyCartPole-v1_1", episodes=EPISODES)
    make_run(folder, "CartPole-v1_1", algo="dqn", episodes=EPISODES)
    return folder


def test_table_and_figures(logs, tmp_path, capsys):
    argv = ["-a", "PPO", "-e", "CartPole", "-f", str(logs), "-o", str(tmp_path / "out")]
    assert all_plots.main([*argv, "--format", "png", "pdf", "svg"]) == 0
    captured = capsys.readouterr()
    # Mean of 10 and 20, standard error 7.07 / sqrt(2) = 5.
    assert re.search(r"\| CartPole-v1 +\| 15\.0 ± 5\.0 \(n=2\) \|", captured.out)
    assert "MyCartPole" not in captured.out and captured.err == ""
    for suffix in ("_CartPole-v1.png", "_CartPole-v1.pdf", "_CartPole-v1.svg", ".pkl", ".json"):
        assert (tmp_path / f"out{suffix}").is_file()
        assert f"wrote {tmp_path}/out{suffix}" in captured.out
    assert "PPO (n=2)" in (tmp_path / "out_CartPole-v1.svg").read_text()


def test_everything_found_is_the_default(logs, capsys):
    assert all_plots.main(["-f", str(logs)]) == 0
    out = capsys.readouterr().out
    assert "DQN" in out and "PPO" in out and "MyCartPole-v1" in out
    assert (logs / "plots" / "all_plots_CartPole-v1.png").is_file()
    assert all_plots.main(["-f", str(logs)]) == 0, "the plots folder is not taken for runs"


def test_missing_pair_has_no_number(logs, capsys):
    all_plots.main(["-f", str(logs), "-a", "dqn", "ppo", "-e", "MyCartPole-v1", "CartPole-v1"])
    rows = [line for line in capsys.readouterr().out.splitlines() if line.startswith("|")]
    assert [cell.strip() for cell in rows[0].strip("|").split("|")] == ["Environment", "DQN", "PPO"]
    assert rows[2].split("|")[2].strip() == "–"
    assert not re.search(r"\b0\.0\b", "\n".join(rows))


def test_resumed_run_is_one_seed_and_said_on_stderr(make_run, logs, capsys):
    make_run(logs, "CartPole-v1_3", trained_agent=str(logs / "ppo/CartPole-v1_2/CartPole-v1.zip"))
    assert all_plots.main(["-f", str(logs), "-a", "ppo", "-e", "CartPole-v1", "-print"]) == 0
    captured = capsys.readouterr()
    assert "(n=2, at 3k–6k steps)" in captured.out
    assert "CartPole-v1 PPO: n=2" in captured.out
    assert "ppo/CartPole-v1_2 -> ppo/CartPole-v1_3: a run and its continuation" in captured.err


@pytest.mark.parametrize(
    ("argv", "sentence"),
    [
        (["-f", "nowhere"], "nowhere: no such folder"),
        (["-a", "pppo"], "-a pppo: .*did you mean 'ppo'"),
        (["-e", "CartPole-v7"], "-e CartPole-v7: .*did you mean"),
        (["-e", "Pole"], "-e Pole"),
        (["-k", "successes"], "none of the 4 runs found has evaluations"),
        (["-min", "1e6"], "none of the 4 runs found has evaluations"),
    ],
)
def test_nothing_found_prints_no_number(logs, capsys, argv, sentence):
    folder = [] if "-f" in argv else ["-f", str(logs)]
    assert all_plots.main([*argv, *folder]) == 3
    captured = capsys.readouterr()
    assert captured.out == ""
    assert re.search(sentence, captured.err)
    assert not (logs / "plots").exists()


def test_runs_without_evaluations_end_with_3(make_run, tmp_path, capsys):
    make_run(tmp_path, timesteps=None)
    assert all_plots.main(["-f", str(tmp_path), "-o", str(tmp_path / "out")]) == 3
    assert capsys.readouterr().out == ""
    assert not list(tmp_path.glob("out*"))


def test_damaged_run_is_left_out_aloud(logs, capsys):
    (logs / "ppo" / "CartPole-v1_2" / "evaluations.npz").write_bytes(b"PK\x03\x04")
    assert all_plots.main(["-f", str(logs), "-a", "ppo", "-e", "CartPole-v1"]) == 0
    captured = capsys.readouterr()
    assert "(n=1)" in captured.out
    assert "ppo/CartPole-v1_2: left out" in captured.err


@pytest.mark.parametrize(
    ("argv", "sentence"),
    [
        (["-l", "a", "b"], "2 labels for 1 folder;"),
        (["--figsize", "1e5", "4"], "1e5 is not 1 to 60 inches"),
        (["-f", "logs", "./logs"], "named twice"),
        (["--plots", "curve"], "unknown plot 'curve'; did you mean 'curves'"),
        (["-x", "step"], "did you mean 'steps'"),
        (["--statistic", "avg"], "avg"),
        (["-max", "ten"], "'ten' is not a whole number of steps"),
        (["-ci", "95"], "95 is not between 0 and 1"),
        (["--format", "jpg"], "jpg"),
    ],
)
def test_flags_that_cannot_be_used_end_with_2(capsys, argv, sentence):
    try:
        code = all_plots.main(argv)
    except SystemExit as stop:
        code = stop.code
    captured = capsys.readouterr()
    assert code == 2 and captured.out == ""
    assert sentence in captured.err


@pytest.mark.parametrize("output", [".", "..", "/"])
def test_a_folder_alone_is_no_file_name(logs, capsys, output):
    assert all_plots.main(["-f", str(logs), "-a", "ppo", "-o", output, "--no-display"]) == 2
    assert f"-o {output}: names a folder; add how files begin" in capsys.readouterr().err


def test_labels_tell_folders_apart(make_run, logs, tmp_path, capsys):
    make_run(tmp_path / "other", "CartPole-v1_1", results=[[1.0], [2.0], [99.0]])
    folders = ["-f", str(logs), str(tmp_path / "other"), "-l", "ours", "zoo"]
    assert (
        all_plots.main([*folders, "-a", "ppo", "-e", "CartPole-v1", "-o", str(tmp_path / "x.pkl")])
        == 0
    )
    out = capsys.readouterr().out
    assert "PPO ours" in out and "99.00 (n=1)" in out
    results = pickle.loads((tmp_path / "x.pkl").read_bytes())
    assert list(results["CartPole-v1"]) == ["PPO-ours", "PPO-zoo"]


def test_folders_of_one_label_are_taken_together(make_run, logs, tmp_path, capsys):
    make_run(tmp_path / "other", "CartPole-v1_1", results=[[1.0], [2.0], [30.0]])
    folders = ["-f", str(logs), str(tmp_path / "other"), "-l", "ours", "ours"]
    assert all_plots.main([*folders, "-a", "ppo", "-e", "CartPole-v1"]) == 0
    assert "(n=3)" in capsys.readouterr().out


def test_statistic_is_that_of_curve_and_table(make_run, tmp_path, capsys):
    for number, value in enumerate((0.0, 1.0, 2.0, 100.0), start=1):
        make_run(tmp_path / "l", f"E-v0_{number}", timesteps=[10], results=[[value]])
    argv = ["-f", str(tmp_path / "l"), "-o", str(tmp_path / "o.svg"), "--statistic", "iqm"]
    assert all_plots.main(argv) == 0
    assert "interquartile mean [95 % CI] over n seeds" in capsys.readouterr().out
    content = json.loads((tmp_path / "o.json").read_text())
    assert content["statistic"] == "iqm"
    assert content["series"][0]["center"] == [1.5]
    assert "IQM, 95 % CI over seeds" in (tmp_path / "o_E-v0.svg").read_text()


def test_evaluations_over_episodes_and_what_cannot_be_told(make_run, logs, tmp_path, capsys):
    make_run(logs, "CartPole-v1_3", results=[[1.0], [2.0], [90.0]])
    argv = ["-f", str(logs), "-a", "ppo", "-e", "CartPole-v1", "-o", str(tmp_path / "out")]
    assert all_plots.main([*argv, "-x", "episodes"]) == 0
    captured = capsys.readouterr()
    assert "(n=2)" in captured.out
    assert "ppo/CartPole-v1_3: left out of -x episodes: " in captured.err
    content = json.loads((tmp_path / "out.json").read_text())
    # 50 episodes of 10 steps had ended before the first evaluation at step 1000.
    assert content["x_axis"] == "episodes" and content["series"][0]["x"] == [50.0]


@pytest.mark.parametrize("x_axis", ["robot-minutes", "gradient-steps"])
def test_an_axis_that_no_run_can_tell_ends_with_3(logs, capsys, x_axis):
    for command in (all_plots, plot_train):
        assert command.main(["-f", str(logs), "-x", x_axis]) == 3
        captured = capsys.readouterr()
        assert captured.out == ""
        assert f"left out of -x {x_axis}" in captured.err
        assert "none of the 4 runs found" in captured.err
    assert not (logs / "plots").exists()


def test_plots_and_tables_are_written_together(logs, tmp_path, capsys):
    argv = ["-f", str(logs), "-e", "CartPole-v1", "-o", str(tmp_path / "x"), "--table", "md", "csv"]
    assert all_plots.main([*argv, "-latex", "--plots", "bars", "-r", "--normalize", "min-max"]) == 0
    capsys.readouterr()
    names = {path.name for path in tmp_path.glob("x*")}
    expected = {"x.md", "x.csv", "x.tex", "x.pkl", "x.json", "x_aggregates.png", "x_profiles.png"}
    assert expected <= names
    assert "x_CartPole-v1.png" not in names, "curves were not asked for"


def test_one_sentence_for_several_runs(make_run, tmp_path, capsys):
    for number in (1, 2, 3):
        make_run(tmp_path, f"E-v0_{number}", algo="ars")
    assert all_plots.main(["-f", str(tmp_path), "-x", "gradient-steps"]) == 3
    assert "ars/E-v0_1, ars/E-v0_2 and 1 more: left out" in capsys.readouterr().err


def test_a_folder_of_sb3_itself_is_one_run(make_run, tmp_path, capsys):
    """As EvalCallback(log_path=...) and Monitor(env, folder) leave it."""
    path = make_run(tmp_path / "zoo", "CartPole-v1_1", episodes=EPISODES)
    plain = tmp_path / "my_ppo_run"
    plain.mkdir()
    (path / "evaluations.npz").rename(plain / "evaluations.npz")
    (path / "0.monitor.csv").rename(plain / "monitor.csv")
    assert all_plots.main(["-f", str(plain), "-o", str(tmp_path / "o")]) == 0
    out = capsys.readouterr().out
    assert "| CartPole-v1" in out and "PPO" in out and "(n=1)" in out
    assert plot_train.main(["-f", str(plain), "-o", str(tmp_path / "t"), "-w", "5"]) == 0
    assert (tmp_path / "t_CartPole-v1.png").is_file()


def test_median_and_other_keys(make_run, tmp_path, capsys):
    for number, value in ((1, 0.0), (2, 0.5), (3, 1.0)):
        successes = [[value]] * 3
        make_run(tmp_path, f"E-v0_{number}", results=[[5.0]] * 3, successes=successes)
    assert all_plots.main(["-f", str(tmp_path), "-k", "successes", "-median"]) == 0
    assert "0.50 [0.00, 1.00] (n=3)" in capsys.readouterr().out


def test_pickle_is_what_the_zoo_reads(logs, tmp_path):
    all_plots.main(["-f", str(logs), "-a", "ppo", "-e", "CartPole-v1", "-o", str(tmp_path / "out")])
    results = pickle.loads((tmp_path / "out.pkl").read_bytes())
    entry = results["CartPole-v1"][f"PPO-{logs}"]
    assert entry["timesteps"].tolist() == [1000, 2000, 3000]
    assert entry["mean"].tolist() == [1.0, 2.0, 15.0]
    assert entry["std_error"] == pytest.approx([0.0, 0.0, 5.0])
    assert entry["last_evals"].tolist() == [10.0, 20.0]
    assert entry["std_error_last_eval"] == pytest.approx(5.0)
    assert entry["mean_per_eval"].shape == (3, 2)
    assert results["results_table"]["headers"] == ["Environments", "PPO"]
    assert results["results_table"]["value_matrix"][1][0] == "CartPole-v1"


def test_environments_of_different_length_leave_out_what_the_zoo_fails_on(make_run, tmp_path):
    make_run(tmp_path / "logs", "A-v0_1", timesteps=[10, 20], results=[[1.0], [2.0]])
    make_run(tmp_path / "logs", "B-v0_1", timesteps=[10], results=[[1.0]])
    all_plots.main(["-f", str(tmp_path / "logs"), "-o", str(tmp_path / "out")])
    results = pickle.loads((tmp_path / "out.pkl").read_bytes())
    entries = [entry for env in ("A-v0", "B-v0") for entry in results[env].values()]
    assert all("mean_per_eval" not in entry for entry in entries)


def test_json_holds_the_same_numbers_and_the_runs(logs, tmp_path):
    all_plots.main(["-f", str(logs), "-a", "ppo", "-e", "CartPole-v1", "-o", str(tmp_path / "out")])
    (series,) = json.loads((tmp_path / "out.json").read_text())["series"]
    assert series["center"] == [1.0, 2.0, 15.0]
    assert series["per_seed"] == [[1.0, 2.0, 10.0], [1.0, 2.0, 20.0]]
    assert (series["ci_low"][2], series["ci_high"][2]) == (10.0, 20.0)
    assert series["n"] == 2 and series["n_per_point"] == [2, 2, 2]
    assert series["runs"][1] == [str(logs / "ppo" / "CartPole-v1_2")]
    one = ["-f", str(logs), "-a", "dqn", "-o", str(tmp_path / "one")]
    all_plots.main(one)
    assert json.loads((tmp_path / "one.json").read_text())["series"][0]["ci_low"] == [None] * 3


def test_no_window_without_display_and_with_no_display(logs, monkeypatch):
    shown = []
    monkeypatch.setattr("matplotlib.pyplot.show", lambda: shown.append(1))
    assert all_plots.main(["-f", str(logs), "-a", "dqn"]) == 0
    monkeypatch.setenv("DISPLAY", ":99")
    assert all_plots.main(["-f", str(logs), "-a", "dqn", "--no-display"]) == 0
    assert shown == []
    monkeypatch.setenv("MPLBACKEND", "Agg")
    assert all_plots.main(["-f", str(logs), "-a", "dqn"]) == 0
    assert shown == [1]


def test_plot_train_writes_one_figure_per_environment(logs, tmp_path, capsys):
    argv = ["-a", "ppo", "-e", "CartPole", "MyCartPole-v1", "-f", str(logs), "-w", "10"]
    assert plot_train.main([*argv, "-o", str(tmp_path / "t.svg")]) == 0
    captured = capsys.readouterr()
    assert captured.err == ""
    text = (tmp_path / "t_CartPole-v1.svg").read_text()
    assert "CartPole-v1_1" in text and "CartPole-v1_2" in text and "MyCartPole" not in text
    assert (tmp_path / "t_MyCartPole-v1.svg").is_file()


def test_plot_train_over_seeds_of_several_folders(make_run, logs, tmp_path):
    make_run(tmp_path / "other", "CartPole-v1_1", timesteps=None, episodes=EPISODES)
    folders = ["-f", str(logs), str(tmp_path / "other"), "-l", "ours", "theirs"]
    argv = ["-a", "ppo", "dqn", "-e", "CartPole-v1", *folders, "-w", "10", "--seeds"]
    assert plot_train.main([*argv, "-o", str(tmp_path / "t.svg")]) == 0
    text = (tmp_path / "t_CartPole-v1.svg").read_text()
    for words in ("PPO ours (n=2)", "PPO theirs (n=1)", "DQN ours (n=1)", "mean of 10 episodes"):
        assert words in text


def test_plot_train_shrinks_a_window_that_is_too_long(logs, capsys):
    assert plot_train.main(["-a", "dqn", "-e", "CartPole", "-f", str(logs)]) == 0
    captured = capsys.readouterr()
    assert "50 episodes are too few for -w 100: mean of 10 shown" in captured.err
    assert (logs / "plots" / "plot_train_CartPole-v1.png").is_file()


@pytest.mark.parametrize(
    ("argv", "sentence"),
    [
        (["-a", "sac", "-e", "CartPole"], "-a sac"),
        (["-a", "ppo", "-e", "Ant"], "-e Ant"),
        (["-a", "ppo", "-e", "CartPole", "-y", "success"], "with a success to plot"),
        (["-a", "ppo", "-e", "CartPole", "-f", "nowhere"], "no such folder"),
    ],
)
def test_plot_train_without_data_ends_with_3(logs, capsys, argv, sentence):
    folder = [] if "-f" in argv else ["-f", str(logs)]
    assert plot_train.main([*argv, *folder]) == 3
    captured = capsys.readouterr()
    assert captured.out == "" and sentence in captured.err
    assert not (logs / "plots").exists()


def test_flags_and_defaults_are_the_zoos():
    found = vars(all_plots.build_parser().parse_args([]))
    assert found["key"] == "results" and found["max_timesteps"] == 2_000_000
    assert found["min_timesteps"] == -1 and not found["median"] and not found["no_million"]
    pairs = {
        "-a": "--algos",
        "-e": "--env",
        "-f": "--exp-folders",
        "-l": "--labels",
        "-k": "--key",
        "-max": "--max-timesteps",
        "-min": "--min-timesteps",
        "-o": "--output",
    }
    switches = {"-median": "--median", "-print": "--print-n-trials"}
    short = [word for flag in pairs for word in (flag, "7")] + [*switches]
    long = [word for flag in pairs.values() for word in (flag, "7")] + [*switches.values()]
    parse = all_plots.build_parser().parse_args
    assert parse(short) == parse(long)
    required = ["-a", "sac", "-e", "Ant", "-f", "x"]
    found = vars(plot_train.build_parser().parse_args(required))
    assert found["figsize"] == [6.4, 4.8] and found["fontsize"] == 14
    assert found["max_timesteps"] is None and found["episode_window"] == 100
    assert (found["x_axis"], found["y_axis"]) == ("steps", "reward")


def test_plotting_imports_no_learning_library(logs):
    code = (
        "import sys\n"
        "from rl_zoo.commands import all_plots\n"
        "assert not {'numpy', 'matplotlib', 'yaml'} & set(sys.modules)\n"
        f"assert all_plots.main(['-f', {str(logs)!r}]) == 0\n"
        "heavy = 'torch stable_baselines3 gymnasium pandas seaborn scipy optuna'.split()\n"
        "print([name for name in heavy if name in sys.modules])\n"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout.splitlines()[-1] == "[]"


def test_nan_safe_export(make_run, tmp_path):
    make_run(tmp_path / "l", "E-v0_1", timesteps=[10, 20], results=[[1.0], [2.0]])
    make_run(tmp_path / "l", "E-v0_2", timesteps=[10], results=[[3.0]])
    assert all_plots.main(["-f", str(tmp_path / "l"), "-o", str(tmp_path / "o")]) == 0
    (series,) = json.loads((tmp_path / "o.json").read_text())["series"]
    assert series["per_seed"][1] == [3.0, None]
    entry = next(iter(pickle.loads((tmp_path / "o.pkl").read_bytes())["E-v0"].values()))
    assert np.isnan(entry["mean_per_eval"][1, 1])

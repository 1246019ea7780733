"""``report`` as a person calls it."""

from __future__ import annotations

import importlib.util
import re
import sys
from pathlib import Path

import pytest

from rl_zoo.commands import report

_SPEC = importlib.util.spec_from_file_location(
    "plots_conftest", Path(__file__).parents[1] / "plots" / "conftest.py"
)
assert _SPEC is not None and _SPEC.loader is not None
_MODULE = importlib.util.module_from_spec(_SPEC)
_SPEC.loader.exec_module(_MODULE)
write_run = _MODULE.write_run

EPISODES = [(float(i), 10, float(i + 1)) for i in range(50)]


@pytest.fixture
def logs(tmp_path):
    folder = tmp_path / "logs"
    for number in (1, 2, 10):
        write_run(folder, f"CartPole-v1_{number}", episodes=EPISODES)
    write_run(folder, "CartPole-v1_1", algo="a2c", episodes=EPISODES)
    return folder


def test_page_of_one_run_stands_in_its_folder(logs, capsys):
    run = logs / "ppo" / "CartPole-v1_1"
    assert report.main([str(run)]) == 0

    assert re.fullmatch(rf"wrote {run}/report.html \([\d.]+ MB\)\n", capsys.readouterr().out)
    text = (run / "report.html").read_text(encoding="utf-8")
    assert "<title>ppo/CartPole-v1_1</title>" in text and "<svg" in text


def test_comparison_stands_beside_the_plots(logs):
    runs = [str(logs / "ppo" / "CartPole-v1_1"), str(logs / "a2c" / "CartPole-v1_1")]
    assert report.main(runs) == 0
    text = (logs / "plots" / "comparison.html").read_text(encoding="utf-8")
    assert "PPO (n=1)" in text and "A2C (n=1)" in text


@pytest.mark.parametrize(
    ("output", "written"), [("page.html", "page.html"), ("page", "page.html"), (".", "report.html")]
)
def test_output(logs, tmp_path, output, written):
    place = tmp_path / "out"
    place.mkdir()
    assert report.main([str(logs / "ppo" / "CartPole-v1_1"), "-o", str(place / output)]) == 0
    assert [file.name for file in place.iterdir()] == [written]


def test_flags_find_the_latest_run_by_number(logs):
    assert report.main(["--algo", "ppo", "--env", "CartPole", "-f", str(logs)]) == 0
    assert (logs / "ppo" / "CartPole-v1_10" / "report.html").is_file()


def test_numbers_choose_runs(logs):
    flags = ["--algo", "ppo", "--env", "CartPole-v1", "-f", str(logs)]
    assert report.main([*flags, "--exp-id", "1", "2"]) == 0
    text = (logs / "plots" / "comparison.html").read_text(encoding="utf-8")
    assert "ppo/CartPole-v1_2" in text and "CartPole-v1_10" not in text


def test_labels_name_the_methods(logs, tmp_path):
    runs = [str(logs / "ppo" / f"CartPole-v1_{number}") for number in (1, 2)]
    label = "<script>alert(1)</script>"
    assert report.main([*runs, "-l", label, "plain", "-o", str(tmp_path / "c.html")]) == 0
    text = (tmp_path / "c.html").read_text(encoding="utf-8")
    assert "<script" not in text and "&lt;script&gt;" in text


def test_zoo_folder_and_run_without_numbers(logs, capsys):
    empty = write_run(logs, "Acrobot-v1_1", timesteps=None)
    assert report.main([str(empty)]) == 0, "a run that has just begun has its hyperparameters"

    nothing = logs / "ppo" / "Acrobot-v1_2"
    nothing.mkdir()
    assert report.main([str(nothing)]) == 3
    assert "nothing to report" in capsys.readouterr().err
    assert not list(nothing.iterdir())


@pytest.mark.parametrize(
    ("argv", "code", "told"),
    [
        ([], 2, "which run? Name its folder"),
        (["{logs}/ppo/CartPole-v1_3"], 3, "no such run folder; did you mean 'CartPole-v1_"),
        (["{logs}"], 2, "holds runs; name them, e.g. {logs}/a2c/CartPole-v1_1"),
        (["{logs}/ppo"], 2, "holds runs; name them, e.g. {logs}/ppo/CartPole-v1_1"),
        (["{run}", "{run}"], 2, "named twice"),
        (["{run}", "--algo", "ppo"], 2, "name runs by folder or by flags"),
        (["{run}", "-l", "a"], 2, "there is one run"),
        (["{run}", "{logs}/a2c/CartPole-v1_1", "-l", "a"], 2, "1 labels for 2 runs"),
        (["{run}", "-o", "{logs}/x.pdf"], 2, "a report is an HTML page; name it e.g. x.html"),
        (["{run}", "-o", "{run}/0.monitor.csv/x.html"], 2, "cannot be written"),
        (["--algo", "sac", "--env", "CartPole-v1", "-f", "{logs}"], 3, "-a sac: no run of it"),
        (
            ["--algo", "ppo", "--env", "CartPole-v1", "-f", "{logs}", "--exp-id", "4"],
            3,
            "--exp-id 4: no such run of CartPole-v1; 1, 2, 10 exist",
        ),
    ],
)
def test_mistakes_are_told_in_one_sentence(logs, capsys, argv, code, told):
    places = {"logs": str(logs), "run": str(logs / "ppo" / "CartPole-v1_1")}
    assert report.main([word.format(**places) for word in argv]) == code
    captured = capsys.readouterr()
    assert told.format(**places) in captured.err
    assert len(captured.err.splitlines()) == 1 and captured.out == ""
    assert not list(logs.rglob("*.html"))


def test_study_and_sweep_are_sent_to_their_commands(tmp_path, capsys):
    study = tmp_path / "studies" / "mine"
    study.mkdir(parents=True)
    (study / "study.json").write_text("{}")
    assert report.main([str(study)]) == 2
    assert f"rl_zoo study report {study}" in capsys.readouterr().err

    sweep = tmp_path / "sweeps" / "grid"
    sweep.mkdir(parents=True)
    (sweep / "sweep.json").write_text("{}")
    assert report.main([str(sweep)]) == 2
    assert f"rl_zoo all_plots -f {tmp_path} --sweep grid" in capsys.readouterr().err


def test_damaged_files_are_told_in_the_page(logs):
    run = logs / "ppo" / "CartPole-v1_1"
    (run / "evaluations.npz").write_bytes(b"PK\x03\x04 cut")
    assert report.main([str(run)]) == 0
    text = (run / "report.html").read_text(encoding="utf-8")
    assert re.search(r'class="notice"[^>]*>[^<]*evaluations\.npz', text)


def test_report_loads_no_learning_library(logs):
    import subprocess

    run = logs / "ppo" / "CartPole-v1_1"
    code = (
        "import sys; from rl_zoo.commands import report; "
        f"assert report.main([{str(run)!r}]) == 0; "
        "sys.exit(any(name in sys.modules for name in ('torch', 'stable_baselines3', 'optuna')))"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0

"""The flags of comparisons over environments, through ``all_plots`` as a person calls it."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from rl_zoo.commands import all_plots


@pytest.fixture
def logs(make_run, tmp_path):
    folder = tmp_path / "logs"
    for algo, gain in (("ppo", 1.0), ("trpo", 0.8)):
        for env, best in (("CartPole-v1", 500.0), ("Pendulum-v1", -200.0)):
            for seed in (1, 2, 3):
                start = 20.0 if best > 0 else -1200.0
                end = start + gain * (best - start) * (1.0 - 0.01 * seed)
                make_run(
                    folder,
                    f"{env}_{seed}",
                    algo=algo,
                    results=[[start], [(start + end) / 2], [end]],
                )
    return folder


@pytest.fixture
def run(logs, tmp_path, capsys, monkeypatch):
    monkeypatch.delenv("DISPLAY", raising=False)
    monkeypatch.delenv("WAYLAND_DISPLAY", raising=False)

    def call(*flags: str) -> tuple[int, str, str]:
        code = all_plots.main(["-f", str(logs), "-o", str(tmp_path / "out"), "-n", "500", *flags])
        captured = capsys.readouterr()
        return code, captured.out, captured.err

    return call


def files(tmp_path: Path) -> set[str]:
    return {file.name for file in tmp_path.glob("out*")}


def test_rliable_versus_and_iqm_write_their_figures_and_print_their_numbers(run, tmp_path):
    code, out, _ = run("-r", "-vs", "-iqm")
    assert code == 0
    names = ("aggregates", "profiles", "improvement", "efficiency", "CartPole-v1", "Pendulum-v1")
    assert {f"out_{name}.png" for name in names} <= files(tmp_path)
    assert "Scale of the scores" in out
    assert "0 (random)" in out
    assert "95 % stratified bootstrap over seeds, 500 resamples; numpy" in out
    (row,) = re.findall(r"\| PPO +\| +TRPO \|(.*)\|", out)
    # Of the nine pairs per environment PPO wins all.
    assert "1.000 [1.000, 1.000]" in row


def test_a_method_that_lacks_an_environment_is_told(run, logs, make_run):
    make_run(logs, "CartPole-v1_1", algo="dqn")
    code, out, err = run("-r")
    assert code == 0
    assert "warning: DQN: left out of the scores, it has no runs on Pendulum-v1" in err
    scores = out.partition("Scores over environments")[2]
    assert "PPO" in scores
    assert "DQN" not in scores


def test_an_environment_without_a_reference_stops_before_anything_is_written(
    run, logs, make_run, tmp_path
):
    make_run(logs, "MyRobot-v0_1")
    code, out, err = run("-r")
    assert code == 2
    assert "error: MyRobot-v0: no reference score; add it with --reference FILE.yml" in err
    assert "|" not in out
    assert files(tmp_path) == set()


def test_a_table_of_ones_own(run, logs, make_run, tmp_path):
    for algo in ("ppo", "trpo"):
        make_run(logs, "MyRobot-v0_1", algo=algo, results=[[0.0], [5.0], [15.0]])
    table = tmp_path / "mine.yml"
    table.write_text("MyRobot-v0: {random: 5, reference: 25}\n")
    code, out, _ = run("-e", "MyRobot-v0", "-r", "--reference", str(table))
    assert code == 0
    assert "0.500" in out.partition("Scores over environments")[2]


def test_min_max_is_stated(run):
    code, out, _ = run("-r", "--normalize", "min-max")
    assert code == 0
    assert "0 (worst evaluation shown)" in out


def test_lengths_of_episodes_have_no_installed_reference(run):
    code, _, err = run("-k", "ep_lengths", "-r")
    assert code == 2
    assert "-k ep_lengths: the installed reference scores are returns" in err


def test_one_method_cannot_be_compared(run, tmp_path):
    code, _, err = run("-a", "ppo", "-vs")
    assert code == 3
    assert "needs two methods" in err
    assert files(tmp_path) == set()


@pytest.mark.parametrize(
    ("flags", "message"),
    [
        (["-n", "3"], "-n/--resamples: 3 resamples: give a whole number of at least 100"),
        (["-n", "many"], "'many' is not a whole number"),
        (["--normalize", "minmax"], "unknown value 'minmax'; did you mean 'min-max'?"),
        (["--engine", "rlible"], "unknown value 'rlible'; did you mean 'rliable'?"),
    ],
)
def test_mistyped_values_are_told(run, capsys, flags, message):
    with pytest.raises(SystemExit) as caught:
        run("-r", *flags)
    assert caught.value.code == 2
    assert message in capsys.readouterr().err


def test_min_max_and_a_table_exclude_each_other(run, tmp_path):
    code, _, err = run("-r", "--normalize", "min-max", "--reference", str(tmp_path / "x.yml"))
    assert code == 2
    assert "give one of the two" in err

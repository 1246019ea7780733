"""The demo end to end, with budgets of seconds."""

import json

import pytest

from rl_zoo.commands.demo import RESULT_FILE, main

TINY = ["--n-episodes", "1", "--no-video", "--seed", "1"]


@pytest.mark.slow
def test_demo_measures_both_trainings_and_the_prior(tmp_path, capsys):
    assert main(["-n", "600", "-f", str(tmp_path), *TINY]) == 0
    shown = capsys.readouterr().out
    for label in ("with prior", "without prior", "open-loop prior"):
        assert label in shown
    for env in ("Bert-CPG-v0", "Bert-v0"):
        run = tmp_path / "droq" / f"{env}_1"
        measured = json.loads((run / RESULT_FILE).read_text(encoding="utf-8"))
        assert measured["robot_minutes"] == pytest.approx(600 / 50 / 60)
        assert len(measured["forward_speed_m_per_s"]) == measured["n_episodes"] == 1
        assert "motion/cost_of_transport" in measured["means"]
        assert "safety/intervention_rate" in measured["means"]
    prior = float(shown.split("open-loop prior")[1].split()[1])
    assert 0.25 < prior < 0.35


def test_bad_values_are_named(capsys):
    assert main(["--n-episodes", "0"]) == 2
    assert "--n-episodes" in capsys.readouterr().err

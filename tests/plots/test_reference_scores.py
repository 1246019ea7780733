"""The table of reference scores: what is installed, and what is said of a user's mistakes."""

from __future__ import annotations

from pathlib import Path

import pytest

from rl_zoo.errors import ConfigError
from rl_zoo.plots.reference_scores import read_reference_scores


def test_every_installed_score_says_how_it_was_measured() -> None:
    table = read_reference_scores()
    for env, score in table.items():
        assert score.random_measured is not None, env
        assert {"command", "episodes", "date"} <= set(score.random_measured), env
        if score.reference is not None:
            assert score.reference_measured is not None, env
            assert {"policy", "command", "seeds", "episodes", "date"} <= set(
                score.reference_measured
            ), env


def test_known_returns_stand_in_the_installed_table() -> None:
    table = read_reference_scores()
    assert table["MountainCar-v0"].random == -200.0  # random actions never reach the flag
    assert table["CartPole-v1"].reference == 500.0  # its time limit
    assert 20 < table["CartPole-v1"].random < 27
    assert -1300 < table["Pendulum-v1"].random < -1100
    for env in ("HalfCheetah-v5", "Ant-v5", "Bert-v0", "Bert-CPG-v0", "Acrobot-v1"):
        assert table[env].reference is not None


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "not a table of environments"),
        ("[1, 2]", "not a table of environments"),
        ("A-v0: 3", "A-v0: not a table with the keys random and reference"),
        (
            "A-v0: {random: 1, references: 2}",
            "A-v0.references: unknown key; did you mean 'reference'?",
        ),
        ("A-v0: {reference: 2}", "A-v0.random: missing"),
        ("A-v0: {random: low, reference: 2}", "A-v0.random: 'low' is not a finite number"),
        ("A-v0: {random: .nan, reference: 2}", "A-v0.random: nan is not a finite number"),
        ("A-v0: {random: true, reference: 2}", "A-v0.random: True is not a finite number"),
        ("A-v0: {random: 3, reference: 2}", "A-v0: reference 2 is not above random 3"),
        ("A-v0: {random: 1\n", "scores.yml:"),
    ],
)
def test_mistakes_are_told_with_their_place(tmp_path: Path, text: str, message: str) -> None:
    file = tmp_path / "scores.yml"
    file.write_text(text)
    with pytest.raises(ConfigError) as caught:
        read_reference_scores(file)
    assert message in str(caught.value)
    assert "scores.yml" in str(caught.value)


def test_all_mistakes_are_told_at_once(tmp_path: Path) -> None:
    file = tmp_path / "scores.yml"
    file.write_text("A-v0: 3\nB-v0: {reference: 2}\nC-v0: {random: 0, reference: 1}\n")
    with pytest.raises(ConfigError) as caught:
        read_reference_scores(file)
    assert len(caught.value.problems) == 2

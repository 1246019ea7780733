"""An installed third-party package adds parts by entry points, without a change to ours."""

from __future__ import annotations

import csv
import json
import sys
from pathlib import Path

import pytest

from rl_zoo.cli import main

SITE = Path(__file__).parent / "site"

CONFIG = """
Pendulum-v1:
  policy: MlpPolicy
  n_timesteps: 450
  learning_starts: 100
  policy_kwargs: {net_arch: [8]}
"""


@pytest.fixture(autouse=True)
def installed(monkeypatch: pytest.MonkeyPatch) -> None:
    """Put the example where an installed package would be."""
    monkeypatch.syspath_prepend(str(SITE))
    monkeypatch.delitem(sys.modules, "rl_zoo_example", raising=False)


@pytest.fixture
def config(tmp_path: Path) -> str:
    """Return a configuration file for the example algorithm."""
    file = tmp_path / "patient_sac.yml"
    file.write_text(CONFIG)
    return str(file)


def train(config: str, logs: Path, *params: str) -> Path:
    """Train with the example algorithm and return the run folder."""
    flags = ["--algo", "patient_sac", "--env", "Pendulum-v1", "-conf", config, "--verbose", "0"]
    flags += ["-f", str(logs), "--seed", "1", "--eval-freq", "-1", "-params", "gamma:0.98", *params]
    assert main(["train", *flags]) == 0
    return logs / "patient_sac" / "Pendulum-v1_1"


def returns_of(run: Path) -> list[float]:
    """Return the episode returns that Monitor wrote."""
    with (run / "0.monitor.csv").open() as stream:
        next(stream)
        return [float(row["r"]) for row in csv.DictReader(stream)]


def test_plugin_parts_are_listed(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["list", "algos", "patient"]) == 0
    assert "patient_sac" in capsys.readouterr().out
    assert main(["list", "wrappers", "ScaleReward"]) == 0
    assert "rl_zoo_example:ScaleRewardWrapper" in capsys.readouterr().out


def test_plugin_algorithm_and_wrapper_train(config: str, tmp_path: Path) -> None:
    plain = train(config, tmp_path / "plain")
    scaled = train(config, tmp_path / "scaled", "env_wrapper:{'ScaleReward':{'factor':0.0}}")
    assert min(returns_of(plain)) < -100
    assert set(returns_of(scaled)) == {0.0}
    assert (scaled / "Pendulum-v1.zip").is_file()


def test_plugin_callback_stops_training_cleanly(config: str, tmp_path: Path) -> None:
    run = train(config, tmp_path, "callback:{'StopAfter':{'calls':150}}")
    record = json.loads((run / "run.json").read_text())
    # The step at which it asks is stored, and the episode is ended by one more.
    assert record["num_timesteps"] == 151
    assert record["state"] == "finished"


def test_mistyped_plugin_wrapper_is_answered_with_the_nearest(
    config: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    flags = ["--algo", "patient_sac", "--env", "Pendulum-v1", "-conf", config]
    flags += ["-f", str(tmp_path), "-params", "env_wrapper:ScaleRewards"]
    assert main(["train", *flags]) == 2
    assert "did you mean 'ScaleReward'" in capsys.readouterr().err

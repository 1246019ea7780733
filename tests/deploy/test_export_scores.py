"""Discrete actions: the scores behind the choices are compared too."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from onnx import numpy_helper

from rl_zoo.commands.export import main as export
from rl_zoo.deploy import export as exporter
from rl_zoo.deploy.runtime import Policy
from rl_zoo.train import main as train

_CASES = {
    "ppo": ("normalize:True", "n_steps:64", "n_envs:1", "policy_kwargs:{'net_arch':[16]}"),
    "ppo_lstm": ("n_steps:64", "n_envs:1", "policy_kwargs:{'net_arch':[8],'lstm_hidden_size':8}"),
    "dqn": ("learning_starts:20", "policy_kwargs:{'net_arch':[16]}"),
    "qrdqn": ("learning_starts:20", "policy_kwargs:{'net_arch':[16],'n_quantiles':5}"),
    "ars": ("n_delta:2", "n_envs:1"),
}


@pytest.fixture(scope="module", params=list(_CASES))
def run(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    algo, folder = request.param, tmp_path_factory.mktemp("logs")
    arguments = ["--algo", algo, "--env", "CartPole-v1", "-f", str(folder), "-n", "128"]
    code = train([*arguments, "--eval-freq", "-1", "--seed", "1", "-params", *_CASES[algo]])
    assert code == 0
    return folder / algo / "CartPole-v1_1"


def _export(run: Path, file: Path) -> int:
    return export([str(run), "-n", "60", "--random", "60", "-o", str(file)])


def test_scores_are_those_of_the_original(run: Path, tmp_path: Path) -> None:
    assert _export(run, tmp_path / "bundle.onnx") == 0
    parity = Policy(tmp_path / "bundle.onnx").metadata.parity
    for stage in ("scores, recorded", "scores, random"):
        assert parity["n"][stage] == 60
        assert parity["max_error"][stage] <= 1e-5


def test_a_weight_that_changes_no_choice_is_found(
    run: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    genuine = exporter.build_network

    def damaged(*arguments: Any) -> Any:
        built = genuine(*arguments)
        floats = [item for item in built.model.graph.initializer if item.data_type == 1]
        weights = max(floats, key=lambda item: len(item.raw_data))
        values = numpy_helper.to_array(weights).copy()
        values *= 1.003
        weights.CopyFrom(numpy_helper.from_array(values, weights.name))
        return built

    monkeypatch.setattr(exporter, "build_network", damaged)
    assert _export(run, tmp_path / "bundle.onnx") == 2
    assert "of the score (scores, r" in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []

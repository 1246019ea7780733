"""``export`` as a user types it: what it writes, and that it refuses what is not the same."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from onnx import numpy_helper

from rl_zoo.commands.export import main as export
from rl_zoo.deploy import export as exporter
from rl_zoo.deploy.runtime import Policy
from rl_zoo.train import main as train

_PARAMS = (
    "normalize:True",
    "env_wrapper:[{'SafetyWrapper':{'limits':{'max_action_change':0.5}}},"
    "{'HistoryWrapper':{'horizon':2}}]",
    "learning_starts:50",
    "policy_kwargs:{'net_arch':[16]}",
)


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("logs")
    arguments = ["--algo", "sac", "--env", "Pendulum-v1", "-f", str(folder), "-n", "150"]
    code = train([*arguments, "--eval-freq", "100", "--seed", "3", "-params", *_PARAMS])
    assert code == 0
    return folder / "sac" / "Pendulum-v1_1"


def _export(run: Path, *more: str) -> int:
    return export([str(run), "-n", "250", "--random", "100", *more])


def test_the_bundle_lies_in_the_run_and_says_where_it_is_from(
    run: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert _export(run) == 0
    printed = capsys.readouterr().out
    assert "network, recorded: 250 actions" in printed
    assert "network, random: 100 actions" in printed
    assert "layers: safety, history" in printed
    policy = Policy(run / "bundle.onnx")
    about = policy.metadata.run
    assert (about["algo"], about["env_id"], about["weights"]) == (
        "sac",
        "Pendulum-v1",
        "final-model",
    )
    assert (about["seed"], about["steps"]) == (3, 150)
    assert policy.metadata.observation[0].shape == (3,)
    assert policy.metadata.control_period == pytest.approx(0.05)
    assert policy.metadata.parity["max_error"]["whole bundle, recorded"] <= 1e-5
    assert len(policy.metadata.examples) == 20


def test_the_graph_is_plain_onnx(run: Path) -> None:
    assert _export(run) == 0
    onnx.checker.check_model(onnx.load(run / "bundle.onnx"), full_check=True)


@pytest.mark.parametrize(
    ("flags", "label"),
    [(("--best",), "best-model"), (("--last-checkpoint",), "checkpoint-")],
)
def test_other_weights_can_be_chosen(
    run: Path, tmp_path: Path, flags: tuple[str, ...], label: str
) -> None:
    file = tmp_path / "chosen.onnx"
    assert _export(run, "-o", str(file), *flags) == 0
    assert str(Policy(file).metadata.run["weights"]).startswith(label)


def test_a_wrong_weight_is_refused_and_nothing_is_written(
    run: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    genuine = exporter.build_network

    def damaged(*arguments: Any) -> Any:
        built = genuine(*arguments)
        weights = max(built.model.graph.initializer, key=lambda item: len(item.raw_data))
        values = numpy_helper.to_array(weights).copy()
        values.flat[0] += 0.05
        weights.CopyFrom(numpy_helper.from_array(values, weights.name))
        return built

    monkeypatch.setattr(exporter, "build_network", damaged)
    file = tmp_path / "wrong.onnx"
    assert _export(run, "-o", str(file)) == 2
    assert "not exported: the bundle differs from the original by" in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []


def test_another_limit_is_refused(
    run: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    genuine = exporter.split_stack

    def careless(*arguments: Any) -> Any:
        split = genuine(*arguments)
        safety = split.layers[0]
        tight = {**safety, "limits": {**safety["limits"], "max_action_change": [1e-3]}}
        object.__setattr__(split, "layers", (tight, *split.layers[1:]))
        return split

    monkeypatch.setattr(exporter, "split_stack", careless)
    assert _export(run, "-o", str(tmp_path / "tight.onnx")) == 2
    assert "whole bundle, recorded" in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []


def test_an_existing_bundle_survives_a_refusal(
    run: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "kept.onnx"
    assert _export(run, "-o", str(file)) == 0
    before = file.read_bytes()
    monkeypatch.setattr("rl_zoo.deploy.parity.LARGEST_ERROR", -1.0)
    assert _export(run, "-o", str(file)) == 2
    assert file.read_bytes() == before


def test_a_run_can_be_named_by_flags(run: Path) -> None:
    flags = ["--algo", "sac", "--env", "Pendulum-v1", "-f", str(run.parents[1])]
    assert export([*flags, "-n", "50", "--random", "10"]) == 0


def test_the_bundle_does_not_move_with_a_damaged_normaliser(
    run: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    copy = tmp_path / "sac" / "Pendulum-v1_1"
    shutil.copytree(run, copy)
    (copy / "Pendulum-v1" / "vecnormalize.pkl").unlink()
    assert _export(copy) == 2
    assert "vecnormalize.pkl" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "code", "text"),
    [
        ([], 2, "RUN: name a run folder"),
        (["nowhere"], 2, "no such run folder"),
        (["--algo", "sac"], 2, "RUN: name a run folder"),
        (["nowhere", "--algo", "sac"], 2, "name the run by folder or by flags"),
        (["nowhere", "-n", "0"], 2, "--steps 0"),
        (["nowhere", "--best", "--checkpoint", "3"], 2, "not allowed with"),
    ],
)
def test_bad_arguments_are_one_sentence(
    arguments: list[str], code: int, text: str, capsys: pytest.CaptureFixture[str]
) -> None:
    try:
        found = export(arguments)
    except SystemExit as stop:
        found = int(stop.code or 0)
    assert found == code
    assert text in capsys.readouterr().err


@pytest.mark.parametrize(
    ("name", "text"),
    [("there", "is a folder"), ("bundle.txt", "must end in .onnx"), ("no/b.onnx", "no folder")],
)
def test_a_place_that_cannot_be_written_is_said_first(
    run: Path, tmp_path: Path, name: str, text: str, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "there").mkdir()
    assert _export(run, "-o", str(tmp_path / name)) == 2
    assert text in capsys.readouterr().err


def test_a_checkpoint_that_is_not_there_is_named(
    run: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert _export(run, "--checkpoint", "77") != 0
    assert "77" in capsys.readouterr().err


def test_the_order_of_recorded_examples_is_that_of_an_episode(run: Path) -> None:
    assert _export(run) == 0
    policy = Policy(run / "bundle.onnx")
    policy.reset()
    for example in policy.metadata.examples:
        action = policy.step(np.array(example["observation"], np.float32))
        np.testing.assert_allclose(action, example["action"], atol=1e-5)

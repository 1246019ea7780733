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
    assert policy.metadata.parity["max_error"]["layers, random actions"] == 0.0
    assert policy.metadata.parity["max_error"]["layers, what they show"] == 0.0
    assert len(policy.metadata.examples) == 20


def test_the_graph_is_plain_onnx(run: Path) -> None:
    assert _export(run) == 0
    onnx.checker.check_model(onnx.load(run / "bundle.onnx"), full_check=True)


@pytest.mark.parametrize(
    ("flags", "label", "steps"),
    [(("--best",), "best-model", 100), (("--last-checkpoint",), "checkpoint-150", 150)],
)
def test_other_weights_can_be_chosen(
    run: Path, tmp_path: Path, flags: tuple[str, ...], label: str, steps: int
) -> None:
    file = tmp_path / "chosen.onnx"
    assert _export(run, "-o", str(file), *flags) == 0
    about = Policy(file).metadata.run
    assert (about["weights"], about["steps"]) == (label, steps)


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
    monkeypatch.setattr("rl_zoo.deploy.tolerance.LARGEST_ERROR", -1.0)
    monkeypatch.setattr("rl_zoo.deploy.tolerance._RELATIVE", -1.0)
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
    [
        ("there", "is a folder"),
        ("bundle.txt", "must end in .onnx"),
        ("no/b.onnx", "no folder"),
        ("a" * 300 + ".onnx", "is no name of a file"),
    ],
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


@pytest.mark.parametrize("content", ['{"steps": Infinity}', "[]", "nonsense"])
def test_a_record_of_the_best_model_that_says_nothing(
    run: Path, tmp_path: Path, content: str
) -> None:
    copy = tmp_path / "sac" / "Pendulum-v1_1"
    shutil.copytree(run, copy)
    (copy / "best_model.json").write_text(content)
    assert _export(copy, "--best") == 0
    assert Policy(copy / "bundle.onnx").metadata.run["steps"] is None


def test_a_checkpoint_of_the_zoo_says_its_step(run: Path, tmp_path: Path) -> None:
    copy = tmp_path / "sac" / "Pendulum-v1_1"
    shutil.copytree(run, copy)
    (copy / "run.json").unlink()
    assert _export(copy, "--last-checkpoint") == 0
    assert Policy(copy / "bundle.onnx").metadata.run["steps"] == 150


def test_a_run_that_normalises_rewards_only(tmp_path: Path) -> None:
    arguments = ["--algo", "a2c", "--env", "Pendulum-v1", "-f", str(tmp_path), "-n", "20"]
    only_rewards = "normalize:{'norm_obs': False, 'norm_reward': True}"
    assert train([*arguments, "--eval-freq", "-1", "-params", only_rewards]) == 0
    assert _export(tmp_path / "a2c" / "Pendulum-v1_1") == 0


def test_ctrl_c_while_recording_writes_nothing(
    run: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupt(recorder: Any, action: Any) -> Any:
        raise KeyboardInterrupt

    monkeypatch.setattr("rl_zoo.deploy.recording.StepRecorder.step", interrupt)
    assert _export(run, "-o", str(tmp_path / "cut.onnx")) == 130
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("value", ["float('inf')", "1e999", "{1: 2}"])
def test_what_a_bundle_cannot_hold_is_named(
    tmp_path: Path, value: str, capsys: pytest.CaptureFixture[str]
) -> None:
    arguments = ["--algo", "a2c", "--env", "Pendulum-v1", "-f", str(tmp_path), "-n", "20"]
    assert train([*arguments, "--eval-freq", "-1"]) == 0
    capsys.readouterr()
    assert _export(tmp_path / "a2c" / "Pendulum-v1_1", "--env-kwargs", f"g:{value}") == 2
    error = capsys.readouterr().err
    assert error.count("\n") == 1
    assert "g=" in error or "g: " in error


@pytest.mark.slow
def test_a_robot_behind_any_driver_is_compared_in_its_simulation(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    arguments = ["--algo", "sac", "--env", "Quadruped-Remote-v0", "-f", str(tmp_path), "-n", "60"]
    arguments += ["--env-kwargs", "driver:'sim'", "-params", "learning_starts:50"]
    assert train([*arguments, "--eval-freq", "-1"]) == 0
    run = tmp_path / "sac" / "Quadruped-Remote-v0_1"
    assert _export(run) == 0
    assert "is compared in Bert-v0" in capsys.readouterr().err
    environment = Policy(run / "bundle.onnx").metadata.environment
    assert (environment.id, environment.kwargs["driver"]) == ("Quadruped-Remote-v0", "sim")

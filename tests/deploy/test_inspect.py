"""``rl_zoo inspect``: everything of a bundle in words, and its examples replayed."""

from __future__ import annotations

import dataclasses
import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import onnx
import pytest

from rl_zoo.cli import main
from rl_zoo.deploy.inspection.onnx_file import graph_size
from rl_zoo.deploy.metadata import ActionLayout, ArrayLayout, NetworkInput, NetworkLayout, Part
from rl_zoo.robots.bert import BERT
from rl_zoo.robots.descriptor import describe_robot
from rl_zoo.robots.simulation import SimulationOptions

MakeBundle = Callable[..., Path]
EXAMPLE = {"observation": [1.0, 2.0, 3.0], "action": [2.5, -3.25]}
"""Of the linear policy of conftest.py."""


def test_every_quantity_of_the_policy_is_shown(
    make_bundle: MakeBundle, capsys: pytest.CaptureFixture[str]
) -> None:
    parts = (
        Part(
            "joint_targets", 0, 2, "rad", scale=2.0, entries=("hip", "knee"), note="+ default pose"
        ),
    )
    array = ArrayLayout("action", (2,), "float32", (-1.0, -0.5), (1.0, 0.5), parts)
    robot = describe_robot(BERT, SimulationOptions())
    file = make_bundle(
        action=ActionLayout("box", array),
        robot=robot,
        examples=(EXAMPLE,),
        parity={"max_error": {"network": 2.5e-7}, "n": {"network": 2000}},
    )

    code, text = _run([str(file)], capsys)
    lines = [" ".join(line.split()) for line in text.splitlines()]

    assert code == 0
    for expected in (
        "control period 20 ms (50 Hz)",
        "algo sac",
        "folder Toy-v0_1",
        "2 speed m/s heading 0.5",
        "0 hip joint_targets -1 .. 1 -0.5 .. 0.5 rad",
        "1 knee joint_targets -0.5 .. 0.5 -0.25 .. 0.25 rad",
        "+ default pose",
        "input observation observation batch x 3 float32",
        "6 parameters, 1 nodes, operator set 17",
        "network 2000 2.5e-07",
        "motor_lag 0.02 s",
    ):
        assert expected in lines
    first = BERT.joints[0]
    (row,) = [line for line in lines if line.startswith(first.name)]
    assert f" {first.lower_limit:g} {first.upper_limit:g} " in row


def test_no_line_is_wider_than_a_page(
    make_bundle: MakeBundle, capsys: pytest.CaptureFixture[str]
) -> None:
    feet = tuple(f"foot_of_leg_{index}" for index in range(8))
    parts = (Part("contacts", 0, 8, frame="world", entries=feet, note="1 on the ground " * 12),)
    array = ArrayLayout("observation", (8,), "float32", (-1.0,) * 8, (1.0,) * 8, parts)
    run = {"algo": "sac", "command": "python -m rl_zoo.train " + "--flag value " * 30}

    code, text = _run([str(make_bundle(run=run, observation=(array,)))], capsys)

    assert code == 0
    shown = text.splitlines()[1:]  # the first line is the file's path
    assert max(map(len, shown)) <= 100
    words = text.split()
    assert (words.count("--flag"), words.count("ground")) == (30, 12), "nothing is left out"


def test_layers_are_shown_with_their_numbers(
    make_bundle: MakeBundle, capsys: pytest.CaptureFixture[str]
) -> None:
    layer = {
        "kind": "action_smoothing",
        "coefficient": 0.75,
        "shape": [2],
        "action_dtype": "float32",
    }

    code, text = _run([str(make_bundle(layers=(layer,)))], capsys)

    assert code == 0
    assert "layer 1 of 1, from the environment: action_smoothing" in text
    assert "a[k] = c a[k-1] + (1 - c) u[k]" in text
    assert "coefficient  0.75" in text


def test_json_holds_all_of_the_metadata(
    make_bundle: MakeBundle, capsys: pytest.CaptureFixture[str]
) -> None:
    code, text = _run([str(make_bundle(examples=(EXAMPLE,))), "--json", "--check"], capsys)
    found = json.loads(text)

    assert code == 0
    assert found["metadata"]["control_period"] == 0.02
    assert found["metadata"]["observation"][0]["parts"][1]["scale"] == 0.5
    assert (found["nodes"], found["parameters"], found["opset"]) == (1, 6, 17)
    assert found["check"] == {
        "n": 1,
        "max_error": 0.0,
        "is_equal": True,
        "first_difference": None,
        "allowed": 1e-5,
    }


def test_check_refuses_another_action(
    make_bundle: MakeBundle, capsys: pytest.CaptureFixture[str]
) -> None:
    wrong = {**EXAMPLE, "action": [2.5, -3.2501]}
    file = make_bundle(examples=(EXAMPLE, wrong))

    assert main(["inspect", str(file), "--check"]) == 2
    shown = capsys.readouterr()

    assert "step 1 differs, largest error 0.0001, allowed 1e-05" in shown.err
    assert "error:" not in shown.out


def test_check_of_a_damaged_example_is_one_sentence(
    make_bundle: MakeBundle, capsys: pytest.CaptureFixture[str]
) -> None:
    file = make_bundle(examples=({"observation": [1.0, 2.0, 3.0]},))

    assert main(["inspect", str(file), "--check"]) == 2
    assert capsys.readouterr().err == (
        f"error: {file}: its example 0 cannot be replayed (KeyError: 'action')\n"
    )


@pytest.mark.parametrize(
    ("content", "code", "words"),
    [
        (None, 3, "no such file"),
        (b"", 2, "is no ONNX model that onnxruntime can load"),
        (b"hello", 2, "is no ONNX model that onnxruntime can load"),
    ],
)
def test_what_is_no_bundle_is_one_sentence(
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    content: bytes | None,
    code: int,
    words: str,
) -> None:
    file = tmp_path / "other.onnx"
    if content is not None:
        file.write_bytes(content)

    assert main(["inspect", str(file)]) == code
    shown = capsys.readouterr().err
    assert words in shown
    assert str(file) in shown
    assert shown.count("\n") == 1


def test_a_folder_is_one_sentence(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["inspect", str(tmp_path)]) == 2
    assert f"{tmp_path}: is a folder" in capsys.readouterr().err


def test_size_is_that_of_the_onnx_package(make_bundle: MakeBundle) -> None:
    model = onnx.load(make_bundle())
    for _ in range(3):
        model.graph.node.add(op_type="Relu", input=["action"], output=["ignored"])
    size = graph_size(model.SerializeToString())

    assert size.operators == {"Relu": 3, "Gemm": 1}
    assert size.n_nodes == len(model.graph.node)
    assert size.opset == model.opset_import[0].version
    assert size.n_parameters == sum(
        onnx.numpy_helper.to_array(item).size for item in model.graph.initializer
    )


def test_needs_no_learning_library(make_bundle: MakeBundle) -> None:
    file = make_bundle(examples=(EXAMPLE,))
    script = (
        "import sys; from rl_zoo.cli import main; code = main(['inspect', sys.argv[1], '--check']);"
        "heavy = {'torch', 'stable_baselines3', 'gymnasium', 'yaml', 'onnx', 'rich', 'scipy'};"
        "sys.exit(code or sorted(heavy & set(sys.modules)) or 0)"
    )
    ended = subprocess.run(
        [sys.executable, "-c", script, str(file)], capture_output=True, text=True, check=False
    )

    assert ended.returncode == 0, ended.stderr


def test_examples_with_states_of_a_dict_observation(
    make_bundle: MakeBundle, capsys: pytest.CaptureFixture[str]
) -> None:
    network = dataclasses.replace(_linear_network(), inputs=(_input("joints"),))
    arrays = (ArrayLayout("joints", (3,), "float32"), ArrayLayout("unused", (1,), "float32"))
    example = {**EXAMPLE, "observation": {"joints": [1.0, 2.0, 3.0], "unused": [0.0]}}
    file = make_bundle(
        observation=arrays, observation_is_dict=True, network=network, examples=(example,)
    )

    code, text = _run([str(file), "--check"], capsys)

    assert code == 0
    assert "1 recorded actions repeated, largest error 0" in text


def _linear_network() -> NetworkLayout:
    return NetworkLayout((_input("observation"),), "action", (2,), "float32")


def _input(key: str) -> NetworkInput:
    return NetworkInput("observation", key, (3,), "float32")


def _run(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> tuple[int, str]:
    code = main(["inspect", *arguments])
    return code, capsys.readouterr().out

"""The deployed policy: actions, memory, refusals, and how little it imports."""

from __future__ import annotations

import dataclasses
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from rl_zoo.deploy.runtime import Policy
from rl_zoo.errors import DamagedFileError, NonFiniteError, NothingFoundError, RobotFault
from tests.deploy.conftest import (
    GAIN,
    MakeBundle,
    linear_metadata,
    linear_model,
    summing_metadata,
    summing_model,
    write_bundle,
)

_FOREIGN = "torch gymnasium yaml stable_baselines3 sb3_contrib onnx scipy jax matplotlib wandb"


def test_the_action_is_that_of_the_graph(make_bundle: MakeBundle) -> None:
    policy = Policy(make_bundle())
    for values in np.random.default_rng(0).standard_normal((20, 3)).astype(np.float32):
        action = policy.step(values)
        assert action.dtype == np.float32
        np.testing.assert_allclose(action, GAIN @ values, rtol=1e-6)


def test_an_action_is_not_overwritten_by_the_next(make_bundle: MakeBundle) -> None:
    policy = Policy(make_bundle())
    first = policy.step(np.ones(3, np.float32))
    kept = first.copy()
    policy.step(np.zeros(3, np.float32))
    np.testing.assert_array_equal(first, kept)


def test_a_bundle_can_be_given_as_bytes(make_bundle: MakeBundle) -> None:
    path = make_bundle()
    ones = np.ones(3, np.float32)
    np.testing.assert_array_equal(Policy(path.read_bytes()).step(ones), Policy(path).step(ones))


def test_states_go_on_within_an_episode_and_start_anew_with_the_next(tmp_path: Path) -> None:
    path = write_bundle(summing_model(), summing_metadata((5.0, 0.0, -1.0)), tmp_path / "b.onnx")
    policy = Policy(path)
    start = np.array([5.0, 0.0, -1.0], np.float32)
    for _ in range(3):
        policy.reset()
        for steps in range(1, 5):
            action = policy.step(np.ones(3, np.float32))
            np.testing.assert_array_equal(action, start + steps)


def test_two_policies_of_one_file_share_no_memory(tmp_path: Path) -> None:
    path = write_bundle(summing_model(), summing_metadata(), tmp_path / "b.onnx")
    one, two = Policy(path), Policy(path)
    one.step(np.ones(3, np.float32))
    np.testing.assert_array_equal(two.step(np.ones(3, np.float32)), np.ones(3))


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_an_observation_that_is_not_finite_is_refused_by_place(
    make_bundle: MakeBundle, bad: float
) -> None:
    policy = Policy(make_bundle())
    with pytest.raises(NonFiniteError, match=r"not finite at \[2\] \(speed\)"):
        policy.step(np.array([0.0, 0.0, bad], np.float32))


def test_large_but_finite_numbers_are_no_fault(make_bundle: MakeBundle) -> None:
    values = np.array([1e25, 0.0, 0.0], np.float32)  # its square overflows
    np.testing.assert_allclose(Policy(make_bundle()).step(values)[0], 1e25, rtol=1e-6)


def test_a_refused_observation_leaves_the_memory_alone(tmp_path: Path) -> None:
    policy = Policy(write_bundle(summing_model(), summing_metadata(), tmp_path / "b.onnx"))
    policy.step(np.ones(3, np.float32))
    with pytest.raises(RobotFault):
        policy.step(np.full(3, np.nan, np.float32))
    np.testing.assert_array_equal(policy.step(np.ones(3, np.float32)), np.full(3, 2.0))


@pytest.mark.parametrize("shape", [(2,), (4,), (1, 3), ()])
def test_another_shape_is_refused(make_bundle: MakeBundle, shape: tuple[int, ...]) -> None:
    with pytest.raises(RobotFault, match=r"not \(3,\)"):
        Policy(make_bundle()).step(np.zeros(shape, np.float32))


def test_text_is_no_observation(make_bundle: MakeBundle) -> None:
    with pytest.raises(RobotFault, match="not made of numbers"):
        Policy(make_bundle()).step(np.array(["a", "b", "c"]))


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(NothingFoundError, match=r"nowhere\.onnx: no such file"):
        Policy(tmp_path / "nowhere.onnx")


def test_another_file_is_no_model(tmp_path: Path) -> None:
    file = tmp_path / "notes.onnx"
    file.write_text("hello")
    with pytest.raises(DamagedFileError, match=r"notes\.onnx: is no ONNX model"):
        Policy(file)


def test_half_a_bundle_is_no_model(make_bundle: MakeBundle) -> None:
    path = make_bundle()
    path.write_bytes(path.read_bytes()[:100])
    with pytest.raises(DamagedFileError, match="is no ONNX model"):
        Policy(path)


def test_another_programs_model_is_no_bundle(tmp_path: Path) -> None:
    path = write_bundle(linear_model(), None, tmp_path / "other.onnx")
    with pytest.raises(DamagedFileError, match=r"other\.onnx: is an ONNX model but no bundle"):
        Policy(path)


def test_a_layer_cannot_name_a_module(make_bundle: MakeBundle) -> None:
    path = make_bundle(layers=({"kind": "os:system"},))
    with pytest.raises(DamagedFileError, match="a layer 'os:system'"):
        Policy(path)


def test_a_layout_that_is_not_the_graphs_is_damaged(tmp_path: Path) -> None:
    plain = linear_metadata()
    network = dataclasses.replace(plain.network, output="torques")
    path = write_bundle(
        linear_model(), dataclasses.replace(plain, network=network), tmp_path / "b.onnx"
    )
    with pytest.raises(DamagedFileError, match="torques"):
        Policy(path)


def test_only_numpy_and_onnxruntime_are_imported(make_bundle: MakeBundle) -> None:
    program = (
        "import sys, numpy as np\n"
        "from rl_zoo.deploy.runtime import Policy\n"
        f"Policy({str(make_bundle())!r}).step(np.zeros(3, np.float32))\n"
        f"print([name for name in {_FOREIGN.split()!r} if name in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "[]"


@pytest.mark.parametrize(
    "change",
    [
        {"output_dtype": "int8"},
        {"output_dtype": "float64"},
        {"inputs": "int8"},
        {"inputs": "float64"},
    ],
    ids=str,
)
def test_a_type_that_is_not_the_graphs_is_refused_before_the_first_step(
    tmp_path: Path, change: dict[str, str]
) -> None:
    plain = linear_metadata()
    layout = plain.network
    if "inputs" in change:
        item = dataclasses.replace(layout.inputs[0], dtype=change["inputs"])
        layout = dataclasses.replace(layout, inputs=(item,))
    else:
        layout = dataclasses.replace(layout, output_dtype=change["output_dtype"])
    file = write_bundle(
        linear_model(), dataclasses.replace(plain, network=layout), tmp_path / "b.onnx"
    )
    with pytest.raises(DamagedFileError, match="does not run as it is described"):
        Policy(file)


def test_a_graph_made_for_two_environments_is_refused(tmp_path: Path) -> None:
    model = linear_model()
    for item in (*model.graph.input, *model.graph.output):
        item.type.tensor_type.shape.dim[0].dim_value = 2
    file = write_bundle(model, linear_metadata(), tmp_path / "b.onnx")
    with pytest.raises(DamagedFileError, match="does not run as it is described"):
        Policy(file)


@pytest.mark.parametrize("dtype", ["float16", ">f4", "longdouble"])
def test_every_type_of_float_is_searched_for_nan(make_bundle: MakeBundle, dtype: str) -> None:
    with pytest.raises(NonFiniteError):
        Policy(make_bundle()).step(np.array([0.0, np.nan, 0.0], np.dtype(dtype)))


def test_after_a_failure_inside_only_a_reset_goes_on(tmp_path: Path) -> None:
    class Fails:
        def start(self, observation: np.ndarray, reading: object) -> np.ndarray:
            return observation

        def observe(self, observation: np.ndarray) -> np.ndarray:
            raise ValueError("broken")

        def held(self, inner: object) -> object:
            return inner

        def act(self, action: np.ndarray, reading: object) -> np.ndarray:
            return action

    policy = Policy(write_bundle(summing_model(), summing_metadata(), tmp_path / "b.onnx"))
    policy.layers = (Fails(),)  # type: ignore[assignment]
    ones = np.ones(3, np.float32)
    policy.step(ones)
    with pytest.raises(RobotFault, match=r"cannot act \(ValueError: broken\)"):
        policy.step(ones)
    with pytest.raises(RobotFault, match=r"reset\(\) begins an episode"):
        policy.step(ones)
    policy.reset()
    np.testing.assert_array_equal(policy.step(ones), ones)

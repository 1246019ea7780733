"""``enjoy --onnx``: bundles made by hand, in the environments of other tests."""

import dataclasses
import json
import subprocess
import sys

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from rl_zoo.deploy.metadata import (
    ActionLayout,
    ArrayLayout,
    EnvironmentRecord,
    Metadata,
    NetworkInput,
    NetworkLayout,
)
from tests.deploy.conftest import write_bundle

PROBES = ("--gym-packages", "tests.probe_envs")


def _model(layers, n_observations, n_actions, last):
    """A chain of matrix products with tanh between them; ``last`` is the node of the action."""
    nodes, constants, name = [], [], "observation"
    for index, (weight, bias) in enumerate(layers):
        constants += [
            numpy_helper.from_array(weight, f"w{index}"),
            numpy_helper.from_array(bias, f"b{index}"),
        ]
        nodes.append(
            helper.make_node("Gemm", [name, f"w{index}", f"b{index}"], [f"y{index}"], transB=1)
        )
        name = f"y{index}"
        if index < len(layers) - 1:
            nodes.append(helper.make_node("Tanh", [name], [f"a{index}"]))
            name = f"a{index}"
    is_discrete = last == "ArgMax"
    keywords = {"axis": 1, "keepdims": 0} if is_discrete else {}
    nodes.append(helper.make_node(last, [name], ["action"], **keywords))
    values = (
        helper.make_tensor_value_info("observation", TensorProto.FLOAT, ["batch", n_observations]),
        helper.make_tensor_value_info(
            "action",
            TensorProto.INT64 if is_discrete else TensorProto.FLOAT,
            ["batch"] if is_discrete else ["batch", n_actions],
        ),
    )
    graph = helper.make_graph(nodes, "policy", values[:1], values[1:], constants)
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9)


def _metadata(env_id, n_observations, action_layout, **changes):
    layout = ArrayLayout("observation", (n_observations,), "float32")
    network = NetworkLayout(
        (NetworkInput("observation", "observation", (n_observations,), "float32"),),
        "action",
        action_layout.array.shape,
        action_layout.array.dtype,
    )
    return dataclasses.replace(
        Metadata(
            run={"algo": "ppo", "folder": "ppo/run", "weights": "final"},
            versions={},
            observation=(layout,),
            observation_is_dict=False,
            action=action_layout,
            network=network,
            environment=EnvironmentRecord(env_id),
        ),
        **changes,
    )


DISCRETE = ActionLayout("discrete", ArrayLayout("action", (), "int64"), (2,))


def box(n, low=-1.0, high=1.0):
    return ActionLayout("box", ArrayLayout("action", (n,), "float32", low, high))


@pytest.fixture
def tiny_bundle(tmp_path):
    """Write a bundle for a probe environment: two observations, one action."""

    def make(env_id="Tiny-v0", **changes):
        rng = np.random.default_rng(0)
        layer = (rng.standard_normal((1, 2)).astype(np.float32), np.zeros(1, np.float32))
        metadata = _metadata(env_id, 2, box(1), **changes)
        return write_bundle(_model([layer], 2, 1, "Tanh"), metadata, tmp_path / "tiny.onnx")

    return make


@pytest.fixture
def bert_bundle(tmp_path):
    """Write a bundle for Bert that hardly moves."""

    def make(**changes):
        from rl_zoo.robots.bert import BERT

        robot = {
            "name": "bert",
            "joint_names": list(BERT.joint_names),
            "default_pose": BERT.default_pose.tolist(),
            "action_ranges": BERT.action_ranges.tolist(),
        }
        environment = EnvironmentRecord("Bert-v0", max_episode_steps=500)
        values = {"robot": robot, "control_period": 0.02, "environment": environment, **changes}
        layer = (np.full((8, 43), 0.01, np.float32), np.zeros(8, np.float32))
        metadata = _metadata("Bert-v0", 43, box(8), **values)
        return write_bundle(_model([layer], 43, 8, "Tanh"), metadata, tmp_path / "bert.onnx")

    return make


def test_episodes_are_those_of_the_run_it_was_made_from(cartpole_run, enjoy, tmp_path):
    from stable_baselines3 import PPO

    state = PPO.load(cartpole_run.final_model).policy.state_dict()
    names = ("mlp_extractor.policy_net.0", "mlp_extractor.policy_net.2", "action_net")
    layers = [(state[f"{n}.weight"].numpy(), state[f"{n}.bias"].numpy()) for n in names]
    metadata = _metadata(
        "CartPole-v1", 4, DISCRETE, environment=EnvironmentRecord("CartPole-v1", {}, 500)
    )
    bundle = write_bundle(_model(layers, 4, 2, "ArgMax"), metadata, tmp_path / "pole.onnx")

    by_torch = json.loads(enjoy("--n-episodes", 10, "--seed", 5, "--json")[1])
    by_onnx = json.loads(enjoy("--onnx", bundle, "--n-episodes", 10, "--seed", 5, "--json")[1])

    differing = {key for key in by_torch if by_torch[key] != by_onnx[key]}
    assert differing == {"run", "model"}
    assert len(by_onnx["returns"]) == 10
    assert by_onnx["env"] == "CartPole-v1"


ON_A_ROBOTS_COMPUTER = """
cloudpickle farama_notifications flatbuffers google gymnasium numpy onnxruntime packaging
typing_extensions yaml
"""  # what requirements/robot.txt installs


@pytest.mark.parametrize(
    "flags",
    [
        (),
        ("--env", "Bert-Real-v0", "--env-kwargs", "driver:'mock'", "max_episode_steps:20"),
    ],
)
def test_only_what_a_robots_computer_has_is_imported(bert_bundle, flags):
    more = () if flags else ("mujoco", "glfw", "absl", "etils", "OpenGL")  # of the simulation
    code = f"""
import sys
from rl_zoo.enjoy import main
code = main(["--onnx", {str(bert_bundle())!r}, "-n", "60", "--no-render", *{flags!r}])
files = {{name: getattr(module, "__file__", None) for name, module in sys.modules.items()}}
found = {{name.partition(".")[0] for name, file in files.items() if "site-packages" in str(file)}}
# Files of an environment that Python itself reads when it starts are nothing that we import.
found = {{name for name in found if not name.startswith(("_", "__editable__", "distutils"))}}
print("third parties:", *sorted(found - {{"rl_zoo"}}))
raise SystemExit(code)
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    line = next(line for line in done.stdout.splitlines() if line.startswith("third parties:"))
    found = set(line.split()[2:])
    assert found <= {*ON_A_ROBOTS_COMPUTER.split(), *more}
    assert "cut off after" in done.stdout or "Ended by: time_limit" in done.stdout


@pytest.mark.parametrize(
    ("fault", "said"),
    [
        ("nan_observation", "observation is not finite at [1]"),
        ("inf_observation", "observation is not finite at [0]"),
        ("nan_reward", "reward is nan in step 5"),
        ("raise_in_step", "the environment failed at step 5: RuntimeError: motor driver lost"),
    ],
)
def test_a_fault_while_running_closes_the_environment(tiny_bundle, enjoy, monkeypatch, fault, said):
    from tests import probe_envs

    closed = []
    monkeypatch.setattr(probe_envs.FaultyEnv, "close", lambda self: closed.append(self.steps))
    bundle = tiny_bundle(
        environment=EnvironmentRecord("Faulty-v0", {"fault": fault, "at": 5}),
    )
    code, out, err = enjoy("--onnx", bundle, *PROBES)
    assert (code, out) == (4, "")
    assert said in err
    assert closed


def test_an_interruption_reports_what_was_seen(tiny_bundle, enjoy, monkeypatch):
    from tests import probe_envs

    step = probe_envs.TinyEnv.step

    def interrupted(self, action):
        self.total = getattr(self, "total", 0) + 1
        if self.total == 40:
            raise KeyboardInterrupt
        return step(self, action)

    monkeypatch.setattr(probe_envs.TinyEnv, "step", interrupted)
    code, out, _ = enjoy("--onnx", tiny_bundle(), *PROBES, "--json")
    report = json.loads(out)
    assert code == 130
    assert report["interrupted"]
    assert report["n_steps"] == 39
    assert report["n_episodes"] >= 2


@pytest.mark.parametrize(
    ("flags", "said"),
    [
        (("--algo", "sac"), "--algo: not with --onnx"),
        (("--run", "logs/x"), "--run: not with --onnx: the bundle is the run"),
        (("--load-best",), "choose them with rl_zoo export"),
        (("--stochastic",), "--stochastic: not with --onnx"),
        (("--n-envs", 2), "--n-envs: not with --onnx: a bundle runs one environment"),
        (("--on", "Bert-Real-v0"), "--on: not with --onnx: use --env"),
        (("--env", "Pendulum-v1"), "does not fit Pendulum-v1: the policy's observation has shape"),
        (("--env-kwargs", "delai:1"), "Tiny-v0.env_kwargs.delai: unknown keyword"),
        (("--env", "Tini-v0"), "did you mean 'Tiny-v0'?"),
    ],
)
def test_what_makes_no_sense_is_said_in_one_sentence(tiny_bundle, enjoy, flags, said):
    code, out, err = enjoy("--onnx", tiny_bundle(), *PROBES, *flags)
    errors = [line for line in err.splitlines() if not line.startswith(("Loading", "No window"))]
    assert (code, out, len(errors)) == (2, "", 1), err
    assert said in errors[0]


def test_a_bundle_imports_nothing_that_nobody_named(tiny_bundle, enjoy, tmp_path, monkeypatch):
    monkeypatch.syspath_prepend(str(tmp_path))
    planted = tmp_path / "planted_module.py"
    planted.write_text(f"open({str(tmp_path / 'executed')!r}, 'w')\n")
    for environment in (
        EnvironmentRecord("planted_module:Tiny-v0"),
        EnvironmentRecord("Tiny-v0", packages=("planted_module",)),
        EnvironmentRecord("Tiny-v0", wrappers=({"name": "planted_module:Wrapper"},)),
        EnvironmentRecord("Bert-v0", {"robot": "planted_module:SPEC"}),
        EnvironmentRecord("Bert-v0", {"task": "planted_module.task"}),
    ):
        code, _, err = enjoy("--onnx", tiny_bundle(environment=environment), *PROBES)
        assert code == 2
        assert "wants to import the module 'planted_module'" in err
    assert not (tmp_path / "executed").exists()
    bundle = tiny_bundle(environment=EnvironmentRecord("Tiny-v0", packages=("planted_module",)))
    assert enjoy("--onnx", bundle, "-n", 1, "--gym-packages", "planted_module", PROBES[1])[0] == 0
    assert (tmp_path / "executed").exists()


def test_wrappers_that_stay_with_the_environment_are_applied(tiny_bundle, enjoy):
    environment = EnvironmentRecord(
        "Tiny-v0",
        max_episode_steps=9,
        wrappers=({"name": "TruncatedOnSuccessWrapper", "kwargs": {"reward_offset": 100.0}},),
    )
    bundle = tiny_bundle(environment=environment)
    report = json.loads(enjoy("--onnx", bundle, *PROBES, "--n-episodes", 3, "--json")[1])
    episodes = report["returns"], report["lengths"]
    assert max(report["lengths"]) == 9
    assert all(100 * n < r < 101 * n for r, n in zip(*episodes, strict=True))


def _renamed(robot):
    return {**robot, "name": "spot", "joint_names": ["FR_elbow", *robot["joint_names"][1:]]}


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (
            lambda robot: {"robot": _renamed(robot)},
            "it is for the robot 'spot', this is 'bert'; it commands FR_elbow, "
            "the robot here has FR_hip",
        ),
        (
            lambda robot: {"robot": {**robot, "joint_names": robot["joint_names"][::-1]}},
            "joint 0 is 'RL_knee' there and 'FR_hip' here",
        ),
        (
            lambda robot: {"robot": {**robot, "default_pose": [0.1] * 8}},
            "the default pose of joint 'FR_hip' is 0.1 rad for the policy and",
        ),
        (
            lambda robot: {"robot": {**robot, "action_ranges": [0.1] * 8}},
            "the action range of joint 'FR_hip' is 0.1 rad for the policy and",
        ),
        (
            lambda robot: {"control_period": 0.01},
            "the policy acts every 10 ms, this environment every 20 ms",
        ),
        (
            lambda robot: {"action": box(8, -2.0, 2.0)},
            "action 0 has low -2 for the policy and -1 here",
        ),
        (
            lambda robot: {"action": ActionLayout("box", ArrayLayout("action", (12,), "float32"))},
            "the policy's action has shape (12,), that here (8,)",
        ),
    ],
)
def test_another_robots_bundle_is_refused(bert_bundle, enjoy, change, said):
    from rl_zoo.deploy.runtime import Policy

    robot = Policy(bert_bundle()).metadata.robot
    code, out, err = enjoy(
        "--onnx", bert_bundle(**change(dict(robot))), "--env", "Bert-Real-v0",
        "--env-kwargs", "driver:'sim'",
    )  # fmt: skip
    assert (code, out) == (2, "")
    assert f"does not fit Bert-Real-v0: {said}" in err


def test_options_of_the_simulation_stay_behind_on_a_robot(bert_bundle, enjoy):
    environment = EnvironmentRecord("Bert-v0", {"reset_noise": 0.1}, max_episode_steps=500)
    bundle = bert_bundle(environment=environment)
    code, out, err = enjoy(
        "--onnx", bundle, "--env", "Bert-Real-v0", "--n-episodes", 1,
        "--env-kwargs", "driver:'sim'", "max_episode_steps:25",
    )  # fmt: skip
    assert code == 0, err
    assert "left out of env_kwargs: reset_noise" in err
    assert "Mean episode length: 25.00" in out
    assert "min under power" in err


def test_films(pixel_run, enjoy, tmp_path):
    pytest.importorskip("imageio_ffmpeg")
    layer = (np.zeros((2, 2), np.float32), np.zeros(2, np.float32))
    bundle = write_bundle(
        _model([layer], 2, 2, "ArgMax"), _metadata("Pixel-v0", 2, DISCRETE), tmp_path / "pixel.onnx"
    )
    code, _, err = enjoy("--onnx", bundle, "-n", 5, "--video", "pixel.mp4")
    assert code == 0, err
    assert (tmp_path / "pixel.mp4").stat().st_size > 0


def test_what_is_no_bundle(enjoy, tmp_path):
    (tmp_path / "text.onnx").write_text("no model")
    onnx.save(_model([(np.zeros((1, 2), np.float32),) * 2], 2, 1, "Tanh"), tmp_path / "plain.onnx")
    for name, code, said in (
        ("missing.onnx", 3, "no such file"),
        ("", 2, "is a folder"),
        ("text.onnx", 2, "is no ONNX model"),
        ("plain.onnx", 2, "no bundle of rl_zoo; make one with: rl_zoo export RUN"),
    ):
        found, _, err = enjoy("--onnx", tmp_path / name)
        assert found == code
        assert said in err

"""A run of ``--backend jax`` is played and exported like every other, without being told so."""

import json

import pytest

pytest.importorskip("sbx")

from rl_zoo.commands.export import main as export
from rl_zoo.enjoy import main as enjoy

CASES = {
    "sac-simba": ("sac", "Tiny-v0", ["policy:SimbaPolicy", "policy_kwargs.net_arch:[8]"]),
    "crossq": ("crossq", "Tiny-v0", []),
    "ppo": ("ppo", "Tiny-v0", ["policy_kwargs.activation_fn:nn.ELU"]),
    "dqn": ("dqn", "TinyDiscrete-v0", []),
}


@pytest.mark.slow  # JAX compiles for seconds
@pytest.mark.parametrize("case", CASES)
def test_a_run_is_played_and_exported(case, train_run, tmp_path, capsys):
    algo, env, params = CASES[case]
    run = train_run(algo, env, "-n", 100, "--backend", "jax", "--save-freq", 50, params=params)
    record = json.loads(run.record_file.read_text())
    assert record["backend"]["name"] == "jax"
    assert {"sbx-rl", "jax", "flax"} <= record["versions"].keys()

    flags = ["--gym-packages", "tests.probe_envs", "--no-render", "-f", str(run.path.parents[1])]
    flags += ["--algo", algo, "--env", env, "-n", "50"]
    for which in ([], ["--load-last-checkpoint"]):
        assert enjoy([*flags, *which]) == 0, capsys.readouterr().err

    bundle = tmp_path / "policy.onnx"
    few = ["-n", "20", "--random", "20", "--gym-packages", "tests.probe_envs"]
    assert export([str(run.path), "-o", str(bundle), *few]) == 0, capsys.readouterr().err
    assert bundle.is_file()

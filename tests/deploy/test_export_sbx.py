"""`rl_zoo export` of a run that SBX trained; the parts that need SBX are skipped without it."""

import json
import zipfile

import numpy as np
import pytest

from rl_zoo.commands.export import main
from rl_zoo.deploy.runtime import Policy
from rl_zoo.runs.folder import RunFolder

ENV = "Pendulum-v1"


@pytest.fixture
def folder(tmp_path):
    """Return the folder of a run as the zoo's train_sbx.py leaves it, without a model."""
    folder = RunFolder(tmp_path / "sac" / f"{ENV}_1", ENV)
    folder.config_file.parent.mkdir(parents=True)
    folder.config_file.write_text("n_timesteps: 100\npolicy: MlpPolicy\npolicy_delay: 2\n")
    return folder


def test_a_run_of_sbx_is_refused_without_trust(folder, capsys):
    with zipfile.ZipFile(folder.final_model, "w") as archive:
        archive.writestr("data", json.dumps({"policy_class": {"__module__": "sbx.sac.policies"}}))
    assert main([str(folder.path)]) == 2
    said = capsys.readouterr().err
    assert "saved by SBX, whose files execute code" in said
    assert "--trust" in said
    assert not list(folder.path.glob("*.onnx"))


def test_a_run_of_sbx_becomes_a_bundle_that_acts_as_it_does(folder, tmp_path):
    sbx = pytest.importorskip("sbx")
    agent = sbx.SAC("SimbaPolicy", ENV, policy_kwargs={"net_arch": [16]}, buffer_size=10, seed=0)
    agent.save(folder.final_model)
    bundle = tmp_path / "pendulum.onnx"
    few = ["-n", "20", "--random", "20"]
    assert main([str(folder.path), "--trust", "-o", str(bundle), *few]) == 0
    policy = Policy(bundle)
    policy.reset()
    observations = agent.get_env().observation_space
    for _ in range(50):
        observation = observations.sample()
        expected, _ = agent.predict(observation, deterministic=True)
        np.testing.assert_allclose(policy.step(observation), expected, rtol=0, atol=5e-6)

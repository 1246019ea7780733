"""Running somebody else's run executes nothing that came with it, unless ``--trust`` is given."""

import os
import pickle

import pytest

PPO = "n_steps: 32\nbatch_size: 32\npolicy: MlpPolicy\nn_timesteps: 64\n"


class Payload:
    """Pickled, it runs a shell command when it is read."""

    def __init__(self, mark):
        self.command = f"touch {mark}"

    def __reduce__(self):
        return os.system, (self.command,)


def test_pickled_command_in_statistics(pendulum_run, enjoy, mark):
    pendulum_run.final_normalizer.write_bytes(pickle.dumps(Payload(mark)))
    code, _, err = enjoy("--env", "Pendulum-v1", "-n", 10)
    assert code == 2
    assert not mark.exists()
    assert "vecnormalize.pkl: wants to use posix.system" in err
    assert "--trust" in err


def test_trust_reads_it_after_all(pendulum_run, enjoy, mark):
    pendulum_run.final_normalizer.write_bytes(pickle.dumps(Payload(mark)))
    code, _, err = enjoy("--env", "Pendulum-v1", "-n", 10, "--trust")
    assert mark.exists()
    assert code == 2
    assert "holds a int" in err


def test_command_hidden_in_real_statistics(pendulum_run, enjoy, mark):
    statistics = pickle.loads(pendulum_run.final_normalizer.read_bytes())
    statistics.__dict__.update(venv=None, class_attributes={}, returns=None)
    statistics.ret_rms = Payload(mark)
    pendulum_run.final_normalizer.write_bytes(pickle.dumps(statistics))
    assert enjoy("--env", "Pendulum-v1", "-n", 10)[0] == 2
    assert not mark.exists()


@pytest.mark.parametrize("name", ["config_file", "args_file"])
def test_python_tag(cartpole_run, enjoy, mark, name):
    file = getattr(cartpole_run, name)
    text = f'env_kwargs: !!python/object/apply:os.system ["touch {mark}"]\n'
    file.write_text((PPO if name == "config_file" else "algo: ppo\nenv: CartPole-v1\n") + text)
    code, _, err = enjoy("-n", 10)
    assert code == 2
    assert not mark.exists()
    assert file.name in err
    assert "--trust" in err


def test_model_file_is_not_unpickled(cartpole_run, enjoy, mark):
    """SB3's own loading would execute the pickle inside the zip file's ``data``."""
    import base64
    import json
    import zipfile

    planted = cartpole_run.path / "planted.zip"
    code = base64.b64encode(pickle.dumps(Payload(mark))).decode()
    with (
        zipfile.ZipFile(cartpole_run.final_model) as source,
        zipfile.ZipFile(planted, "w") as target,
    ):
        for name in source.namelist():
            content = source.read(name)
            if name == "data":
                data = json.loads(content)
                data["lr_schedule"] = {":type:": "function", ":serialized:": code}
                content = json.dumps(data).encode()
            target.writestr(name, content)
    planted.replace(cartpole_run.final_model)
    assert enjoy("-n", 10)[0] == 0
    assert not mark.exists()


@pytest.fixture
def planted_module(tmp_path, mark, monkeypatch):
    """A module beside the run that executes something when it is imported."""
    monkeypatch.syspath_prepend(str(tmp_path))
    (tmp_path / "planted.py").write_text(f"open({str(mark)!r}, 'w').close()\nclass Thing: pass\n")


@pytest.mark.parametrize(
    "line",
    [
        "env_wrapper: planted.Thing",
        "env_wrapper: [{'planted.Thing': {'a': 1}}]",
        "vec_env_wrapper: planted.Thing",
        "policy_kwargs: dict(activation_fn='planted.Thing')",
        "policy_kwargs: {features_extractor_class: planted.Thing}",
        "env_wrapper: subprocess.Popen",
        "env_wrapper: torch.hub.load",
        "env_wrapper: torch.nn.Linear",
        "env_wrapper: rl_zoo.runs.safe_pickle.load_pickle",
        "policy_kwargs: {features_extractor_class: torch.utils.cpp_extension.load}",
    ],
)
@pytest.mark.usefixtures("planted_module")
def test_parts_outside_the_known_libraries(cartpole_run, enjoy, write, mark, line):
    write.config(cartpole_run, PPO + line + "\n")
    code, _, err = enjoy("-n", 10)
    assert code == 2
    assert not mark.exists()
    assert "config.yml" in err


@pytest.mark.usefixtures("planted_module")
def test_refused_part_names_the_ways_out(cartpole_run, enjoy, write):
    write.config(cartpole_run, PPO + "env_wrapper: planted.Thing\n")
    _, _, err = enjoy("-n", 10)
    assert "env_wrapper names planted:Thing" in err
    assert "--gym-packages planted" in err
    assert "--trust" in err


@pytest.mark.usefixtures("planted_module")
def test_policy_class_outside_the_known_libraries(cartpole_run, enjoy, write, mark):
    write.config(cartpole_run, PPO.replace("MlpPolicy", "planted.Thing"))
    assert enjoy("-n", 10)[0] == 2
    assert not mark.exists()


@pytest.mark.usefixtures("planted_module")
def test_environment_module_named_by_the_run(cartpole_run, enjoy, write, mark):
    write.args(cartpole_run, algo="ppo", env="planted:CartPole-v1")
    code, _, err = enjoy("--run", cartpole_run.path, "-n", 10)
    assert code == 2
    assert not mark.exists()
    assert "--gym-packages planted" in err


def test_wrapper_of_a_named_package_is_used(pixel_run, enjoy, write):
    write.config(pixel_run, PPO + "env_wrapper: tiny_pixels.Shift\n")
    code, _, err = enjoy("--env", "Pixel-v0", "--gym-packages", "tiny_pixels", "-n", 10)
    assert code == 0, err


def test_callbacks_of_the_run_are_not_imported(cartpole_run, enjoy, write):
    write.config(cartpole_run, PPO + "callback: no_such_module.Callback\n")
    assert enjoy("-n", 10)[0] == 0

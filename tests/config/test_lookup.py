"""Which entry of which file belongs to an environment."""

import pytest

from rl_zoo.config.lookup import find_entry, hyperparams_folder, is_atari_id
from rl_zoo.config.parameters import ALGORITHM_PARAMETERS
from rl_zoo.config.resolve import ConfigRequest, resolve
from rl_zoo.errors import ConfigError

FILE = """
default: {policy: MlpPolicy, n_timesteps: 1}
atari: {policy: CnnPolicy, n_timesteps: 2}
Walker2d-v5: {policy: MlpPolicy, n_timesteps: 3}
"""


@pytest.fixture
def write(tmp_path):
    def write_file(text, name="mine.yml"):
        path = tmp_path / name
        path.write_text(text)
        return path

    return write_file


@pytest.mark.parametrize(
    ("env_id", "entry"),
    [
        ("Walker2d-v5", "Walker2d-v5"),
        ("my_package:Walker2d-v5", "Walker2d-v5"),
        ("ALE/Pong-v5", "atari"),
        ("PongNoFrameskip-v4", "atari"),
        ("Robot-v0", "default"),
    ],
)
def test_choice(write, env_id, entry):
    path = write(FILE)
    assert find_entry("sac", env_id, path).origin == f"{path}: {entry}"


def test_default_is_announced_with_the_nearest_entry(write):
    path = write(FILE)
    config = resolve(ConfigRequest("sac", "Waker2d-v5", path))
    assert config.notes == (
        f"no entry Waker2d-v5 in {path}; using default; nearest entry is Walker2d-v5",
    )
    assert config.origins["policy"] == f"{path}: default"
    assert find_entry("sac", "Zzz-v0", path).notes == (f"no entry Zzz-v0 in {path}; using default",)
    assert find_entry("sac", "Walker2d-v5", path).notes == ()


def test_caller_knows_better_what_is_atari(write):
    path = write(FILE)
    assert find_entry("sac", "Pong-v4", path, is_atari=True).origin.endswith("atari")
    assert find_entry("sac", "ALE/Pong-v5", path, is_atari=False).origin.endswith("default")


def test_atari_without_such_an_entry_is_default(write):
    path = write("default: {policy: MlpPolicy}\n")
    assert find_entry("sac", "ALE/Pong-v5", path).origin.endswith("default")


@pytest.mark.parametrize("env_id", ["ALE/Pong-v5", "PongNoFrameskip-v4", "ale_py:ALE/Pong-v5"])
def test_atari_ids(env_id):
    assert is_atari_id(env_id)
    assert not is_atari_id("CartPole-v1")


def test_flat_file_is_used_as_it_is(write):
    path = write("policy: MlpPolicy\nn_timesteps: 7\ngamma: 0.5\n", "config.yml")
    config = resolve(ConfigRequest("sac", "Any-v0", path))
    assert config.n_timesteps == 7
    assert config.notes == ()
    with pytest.raises(ConfigError, match=r"config\.yml: gamma: must be in"):
        resolve(
            ConfigRequest(
                "sac",
                "Any-v0",
                write("policy: MlpPolicy\nn_timesteps: 7\ngamma: 5\n", "config.yml"),
            )
        )


@pytest.mark.parametrize(
    ("text", "name", "sentence"),
    [
        ("", "a.yml", "is empty; write an entry 'Env-v0:' or 'default:'"),
        ("- a\n", "a.yml", "must be a mapping of environment ids"),
        ("word", "a.yml", "must be a mapping of environment ids"),
        ("Env-v0: 3\n", "a.yml", "Env-v0: must be a mapping of hyperparameters"),
        ("Env-v0:\ngamma: 1\n", "a.yml", "Env-v0: must be a mapping of hyperparameters"),
        ("Env-v1: {}\n", "a.yml", "no entry 'Env-v0' and no 'default'; did you mean 'Env-v1'?"),
        ("{}", "a.json", "must end in .yml, .yaml or .py"),
    ],
)
def test_unusable_file(write, text, name, sentence):
    path = write(text, name)
    with pytest.raises(ConfigError) as caught:
        find_entry("sac", "Env-v0", path)
    (problem,) = caught.value.problems
    assert problem.startswith(f"{path}: ")
    assert sentence in problem


@pytest.mark.parametrize("name", ["absent.yml", "absent.json", "absent.py", "absent"])
def test_missing_file(tmp_path, name):
    with pytest.raises(ConfigError, match="no such file"):
        find_entry("sac", "Env-v0", tmp_path / name)


def test_folder(tmp_path):
    with pytest.raises(ConfigError, match="is a folder, not a file"):
        find_entry("sac", "Env-v0", tmp_path)


def test_algorithm_without_packaged_file():
    with pytest.raises(ConfigError, match=r"hyperparams/redq\.yml: no tuned values for 'redq'"):
        find_entry("redq", "Env-v0")


def test_packaged_files_are_found():
    names = {path.stem for path in hyperparams_folder().glob("*.yml")}
    assert names >= {"her", *ALGORITHM_PARAMETERS}


@pytest.mark.parametrize(
    ("env_id", "simulation"),
    [
        ("Bert-Real-v0", "Bert-v0"),
        ("Bert-CPG-Real-v0", "Bert-CPG-v0"),
        ("Quadruped-Remote-v0", "Bert-v0"),
    ],
)
def test_a_robot_is_trained_like_its_simulation_unless_it_has_an_entry(write, env_id, simulation):
    both = "default: {n_timesteps: 1}\nBert-v0: {n_timesteps: 2}\nBert-CPG-v0: {n_timesteps: 3}\n"
    path = write(both)
    entry = find_entry("sac", env_id, path)
    assert entry.origin == f"{path}: {simulation}"
    assert f"using that of its simulation, {simulation}" in entry.notes[0]
    path = write(both + f"{env_id}: {{n_timesteps: 4}}\n")
    assert find_entry("sac", env_id, path).values == {"n_timesteps": 4}

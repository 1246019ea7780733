"""Python configurations: run only when trusted."""

import sys
from pathlib import Path

import pytest

from rl_zoo.config.model import Component, Symbol
from rl_zoo.config.resolve import ConfigRequest, resolve
from rl_zoo.errors import ConfigError

SOURCE = """
from pathlib import Path
from collections import OrderedDict, Counter
Path("EVIDENCE").touch()
hyperparams = {
    "Env-v0": dict(
        policy="MlpPolicy",
        n_timesteps=1e3,
        policy_kwargs=dict(features_extractor_class=OrderedDict, net_arch=[64]),
        env_wrapper=[{Counter: {"a": 1}}, "FrameSkip"],
    )
}
"""


@pytest.fixture
def config_file(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "my_config.py"
    path.write_text(SOURCE)
    return path


def test_refused_by_default(config_file):
    with pytest.raises(ConfigError, match="add --trust-config if you trust it"):
        resolve(ConfigRequest("sac", "Env-v0", config_file))
    assert not Path("EVIDENCE").exists()


def test_classes_become_paths(config_file):
    config = resolve(ConfigRequest("sac", "Env-v0", config_file, trust_config=True))
    assert config.n_timesteps == 1000
    extractor = config.algo_kwargs["policy_kwargs"]["features_extractor_class"]
    assert extractor == Symbol("collections:OrderedDict")
    assert config.env_wrappers == (
        Component("collections:Counter", {"a": 1}),
        Component("FrameSkip"),
    )


def test_module_by_its_dotted_name(config_file, tmp_path, monkeypatch):
    (tmp_path / "pack_of_configs").mkdir()
    (tmp_path / "pack_of_configs" / "mine.py").write_text(SOURCE)
    monkeypatch.setattr(sys, "path", [str(tmp_path), *sys.path])
    request = ConfigRequest("sac", "Env-v0", Path("pack_of_configs.mine"), trust_config=True)
    assert resolve(request).n_timesteps == 1000


@pytest.mark.parametrize(
    ("source", "sentence"),
    [
        ("x = 1/0", "failed with ZeroDivisionError: division by zero"),
        ("x = 1", "has no dictionary called 'hyperparams'"),
        ("hyperparams = 3", "has no dictionary called 'hyperparams'"),
        ("import no_such_module_anywhere", "failed with ModuleNotFoundError"),
    ],
)
def test_unusable_source(config_file, source, sentence):
    config_file.write_text(source)
    with pytest.raises(ConfigError, match=sentence):
        resolve(ConfigRequest("sac", "Env-v0", config_file, trust_config=True))

"""Well-known environments of other packages: imported where installed, named where not."""

import sys
import types

import gymnasium
import pytest

from rl_zoo.envs import ids
from rl_zoo.envs.known_packages import package_of
from rl_zoo.errors import ConfigError
from tests.probe_envs import TinyEnv


@pytest.mark.parametrize(
    ("env_id", "package"),
    [
        ("MiniGrid-Empty-Random-5x5-v0", "minigrid"),
        ("PandaReach-v3", "panda_gym"),
        ("HalfCheetahBulletEnv-v0", "pybullet_envs_gymnasium"),
        ("FetchReach-v4", "gymnasium_robotics"),
        ("ALE/Pong-v5", "ale_py"),
        ("parking-v0", "highway_env"),
    ],
)
def test_package_is_known(env_id, package):
    assert package_of(env_id)[0] == package


@pytest.mark.parametrize("env_id", ["CartPole-v1", "Bert-v0", "HalfCheetah-v5"])
def test_gymnasiums_own_need_no_package(env_id):
    assert package_of(env_id) is None


def test_missing_package_is_named_with_what_installs_it(monkeypatch):
    monkeypatch.setattr(ids, "is_installed", lambda module: False)
    with pytest.raises(
        ConfigError, match='minigrid, which is not installed; pip install "minigrid"'
    ):
        ids.require_env("MiniGrid-Nowhere-v0")


def test_installed_package_is_imported(monkeypatch):
    package = types.ModuleType("minigrid")
    package.__spec__ = types.SimpleNamespace(name="minigrid")
    monkeypatch.setitem(sys.modules, "minigrid", package)
    monkeypatch.setattr(ids, "is_installed", lambda module: module == "minigrid")

    def register(name):
        assert name == "minigrid"
        gymnasium.register("MiniGrid-Fake-v0", entry_point=TinyEnv)

    monkeypatch.setattr(ids, "import_package", register)
    ids.require_env("MiniGrid-Fake-v0")
    gymnasium.registry.pop("MiniGrid-Fake-v0")

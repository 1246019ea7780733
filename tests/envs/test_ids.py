"""Environment ids: what exists, what is near, what is missing."""

import sys

import gymnasium
import pytest

from rl_zoo.envs import ids
from rl_zoo.errors import ConfigError, MissingDependencyError, UsageError


def test_registration_twice_is_one_registration():
    ids.register_environments()
    spec = gymnasium.registry["Bert-v0"]
    ids.register_environments()
    assert gymnasium.registry["Bert-v0"] is spec
    assert spec.max_episode_steps == 500


@pytest.mark.parametrize(
    "env_id", ["Bert-v0", "CartPole-v1", "gymnasium:CartPole-v1", "HalfCheetah-v5"]
)
def test_existing_ids_pass(env_id):
    ids.require_env(env_id)


@pytest.mark.parametrize(
    ("env_id", "message"),
    [
        ("Bertt-v0", "did you mean 'Bert-v0'?"),
        ("bert-v0", "did you mean 'Bert-v0'?"),
        ("Bert-v7", "'Bert' has no version 7; use one of: 'Bert-v0'"),
        ("Bert", "'Bert' has no version in it; use one of: 'Bert-v0'"),
        ("nowhere/Bert-v0", "namespace 'nowhere'"),
        ("Xqzw-v0", "--gym-packages"),
        ("no_such_module:Bert-v0", "module 'no_such_module' cannot be imported"),
        ("??", "not an environment id"),
        ("Ant-v3", "no longer has it; use 'Ant-v5'"),
    ],
)
def test_unknown_ids_say_what_is_wrong(env_id, message):
    with pytest.raises(ConfigError) as caught:
        ids.require_env(env_id)
    assert message in str(caught.value)
    assert env_id in str(caught.value)


def test_a_package_registers_its_environments(tmp_path, monkeypatch):
    (tmp_path / "their_robots.py").write_text(
        "import gymnasium\n"
        "gymnasium.register('Theirs-v3', 'gymnasium.envs.classic_control:CartPoleEnv',"
        " kwargs={'single_instance': True})\n"
    )
    monkeypatch.syspath_prepend(tmp_path)
    try:
        with pytest.raises(ConfigError):
            ids.require_env("Theirs-v3")
        ids.require_env("Theirs-v3", ["their_robots"])
        ids.require_env("their_robots:Theirs-v3")
        assert ids.is_single_instance("Theirs-v3")
        with pytest.raises(ConfigError, match="use one of: 'Theirs-v3'"):
            ids.require_env("Theirs-v1")
    finally:
        gymnasium.registry.pop("Theirs-v3", None)
        sys.modules.pop("their_robots", None)


def test_packages_that_cannot_be_imported_are_named(tmp_path, monkeypatch):
    (tmp_path / "needs_more.py").write_text("import a_module_nobody_has\n")
    (tmp_path / "broken_one.py").write_text("1 / 0\n")
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(UsageError, match="--gym-packages: no module named 'a_typo'"):
        ids.check_env_id("Bert-v0", ["a_typo"])
    with pytest.raises(UsageError, match="'needs_more' needs the module 'a_module_nobody_has'"):
        ids.check_env_id("Bert-v0", ["needs_more"])
    with pytest.raises(UsageError, match="'broken_one' cannot be imported: ZeroDivisionError"):
        ids.check_env_id("Bert-v0", ["broken_one"])


@pytest.mark.parametrize(
    ("env_id", "package", "command"),
    [
        ("LunarLander-v3", "Box2D", 'pip install "gymnasium[box2d]"'),
        ("Bert-v0", "mujoco", "pip install mujoco"),
        ("Ant-v5", "mujoco", 'pip install "gymnasium[mujoco]"'),
    ],
)
def test_missing_dependencies_come_with_their_command(monkeypatch, env_id, package, command):
    monkeypatch.setattr(ids.importlib.util, "find_spec", lambda name: None)
    with pytest.raises(MissingDependencyError) as caught:
        ids.require_env(env_id)
    assert f"'{package}'" in str(caught.value)
    assert command in str(caught.value)


def test_single_instance_is_declared_by_the_environment(monkeypatch):
    from rl_zoo.envs.robot_env import RobotEnv

    gymnasium.register("Mine-v0", "rl_zoo.envs.robot_env:RobotEnv")
    assert not ids.is_single_instance("Mine-v0") and not ids.takes_run_folder("Mine-v0")
    monkeypatch.setitem(RobotEnv.metadata, "single_instance", True)
    monkeypatch.setitem(RobotEnv.metadata, "takes_run_folder", True)
    assert ids.is_single_instance("Mine-v0") and ids.takes_run_folder("Mine-v0")
    del gymnasium.registry["Mine-v0"]


def test_robots_of_ours_are_known_without_importing_them():
    from rl_zoo.envs.real_robot_env import RealRobotEnv
    from rl_zoo.envs.robot_env import RobotEnv

    for env_id, registered in ids.OUR_ENVIRONMENTS.items():
        environment = RealRobotEnv if "driver" in registered["kwargs"] else RobotEnv
        metadata = environment.metadata
        assert ids.is_single_instance(env_id) == metadata.get("single_instance", False)
        assert ids.takes_run_folder(env_id) == metadata.get("takes_run_folder", False)
    assert not ids.is_single_instance("CartPole-v1")


def test_known_builtin_ids_are_those_of_gymnasium():
    ids.register_environments()
    assert ids.is_known_builtin("Bert-v0")
    assert not ids.is_known_builtin("Bertt-v0")
    assert set(gymnasium.registry) >= ids.GYMNASIUM_ENVIRONMENTS


def test_parts_of_an_id():
    assert ids.parse_env_id("a.b:ns/Name-x-v12") == ("a.b", "ns", "Name-x", 12)
    assert ids.parse_env_id("Name") == (None, None, "Name", None)

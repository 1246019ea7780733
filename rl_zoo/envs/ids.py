"""Environment ids: ours, Gymnasium's and those of third-party packages.

Importing this module does not import Gymnasium, so that a mistyped id of ours is answered at once.
"""

from __future__ import annotations

import importlib
import importlib.util
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from rl_zoo.envs.known_packages import is_installed, package_of
from rl_zoo.errors import ConfigError, MissingDependencyError, UsageError
from rl_zoo.suggest import did_you_mean, nearest_name
from rl_zoo.wrappers.masked_ids import MASKED_ENVIRONMENTS, register_masked_environments

ROBOT_ENTRY_POINT = "rl_zoo.envs.robot_env:RobotEnv"
REAL_ROBOT_ENTRY_POINT = "rl_zoo.envs.real_robot_env:RealRobotEnv"

_ROBOT_OF = {
    "Bert-v0": "bert",
    "Bert-CPG-v0": "bert",  # the same; its entries in hyperparams/ put a CPG prior in front
    "Go1-v0": "go1",
    "Go2-v0": "go2",
    "MiniCheetah-v0": "mini_cheetah",
    "Solo8-v0": "solo8",
}
_REAL_ROBOT_OF = {
    "Bert-Real-v0": ("bert", "remote"),
    "Bert-CPG-Real-v0": ("bert", "remote"),
    "Go1-Real-v0": ("go1", "remote"),
    "Go2-Real-v0": ("go2", "unitree"),
    "MiniCheetah-Real-v0": ("mini_cheetah", "remote"),
    "Solo8-Real-v0": ("solo8", "remote"),
    "Quadruped-Remote-v0": ("bert", "remote"),  # any robot: env_kwargs robot
}


def _registration(entry_point: str, **kwargs: str) -> Mapping[str, Any]:
    return {
        "entry_point": entry_point,
        "max_episode_steps": 500,  # 10 s; the time limit truncates
        "disable_env_checker": True,  # our tests check it; its wrapper costs speed
        "kwargs": kwargs,
    }


OUR_ENVIRONMENTS: Mapping[str, Mapping[str, Any]] = {
    **{
        env_id: _registration(ROBOT_ENTRY_POINT, robot=robot) for env_id, robot in _ROBOT_OF.items()
    },
    **{
        env_id: _registration(REAL_ROBOT_ENTRY_POINT, robot=robot, driver=driver)
        for env_id, (robot, driver) in _REAL_ROBOT_OF.items()
    },
}
"""Arguments of ``gymnasium.register`` for each of our ids."""

_MUJOCO_NAMES = (
    "Ant HalfCheetah Hopper Humanoid HumanoidStandup InvertedDoublePendulum InvertedPendulum "
    "Pusher Reacher Swimmer Walker2d"
)
GYMNASIUM_ENVIRONMENTS = frozenset(
    {
        "Acrobot-v1",
        "CartPole-v0",
        "CartPole-v1",
        "MountainCar-v0",
        "MountainCarContinuous-v0",
        "Pendulum-v1",
        "BipedalWalker-v3",
        "BipedalWalkerHardcore-v3",
        "CarRacing-v3",
        "LunarLander-v3",
        "LunarLanderContinuous-v3",
        *(f"{name}-v{version}" for name in _MUJOCO_NAMES.split() for version in (4, 5)),
    }
)
"""Ids that Gymnasium 1.x registers by itself."""

_ID_PATTERN = re.compile(
    r"(?:(?P<module>[\w.]+):)?(?:(?P<namespace>[\w:-]+)/)?(?P<name>[\w:.-]+?)(?:-v(?P<version>\d+))?"
)
_NEEDS = (
    ("rl_zoo.envs.robot_env", "mujoco", "pip install mujoco"),
    ("gymnasium.envs.mujoco", "mujoco", 'pip install "gymnasium[mujoco]"'),
    ("gymnasium.envs.box2d", "Box2D", 'pip install "gymnasium[box2d]"'),
    ("gymnasium.envs.phys2d", "jax", 'pip install "gymnasium[jax]"'),
    ("gymnasium.envs.tabular", "jax", 'pip install "gymnasium[jax]"'),
)  # module of the entry point, the import it needs, what installs it


class EnvName(NamedTuple):
    """The parts of an environment id, ``[module:][namespace/]name[-v<version>]``."""

    module: str | None
    namespace: str | None
    name: str
    version: int | None


def parse_env_id(env_id: str) -> EnvName:
    """Return the parts of ``env_id``.

    Raises:
        ConfigError: If it is not of the form ``[module:][namespace/]name[-v<version>]``.
    """
    match = _ID_PATTERN.fullmatch(env_id)
    if match is None:
        raise ConfigError(
            f"--env '{env_id}': not an environment id such as Bert-v0 or package.module:Name-v0"
        )
    version = match["version"]
    return EnvName(
        match["module"],
        match["namespace"],
        match["name"],
        None if version is None else int(version),
    )


def is_known_builtin(env_id: str) -> bool:
    """Say, without importing Gymnasium, whether the id is ours or one of Gymnasium's own."""
    return any(
        env_id in known for known in (OUR_ENVIRONMENTS, GYMNASIUM_ENVIRONMENTS, MASKED_ENVIRONMENTS)
    )


def register_environments() -> None:
    """Make our environments known to Gymnasium; a second call changes nothing."""
    import gymnasium

    for env_id, arguments in OUR_ENVIRONMENTS.items():
        if env_id not in gymnasium.registry:
            gymnasium.register(id=env_id, **arguments)
    register_masked_environments()


def check_env_id(env_id: str, gym_packages: Sequence[str] = ()) -> None:
    """Import the packages that register environments, and check that ``env_id`` is one.

    Args:
        env_id: ``[module:][namespace/]name-v<version>``.
        gym_packages: Modules of ``--gym-packages``, which register environments when imported.

    Raises:
        UsageError: If a package does not exist or cannot be imported.
        ConfigError: If no such environment is registered; names the nearest one.
    """
    for package in gym_packages:
        import_package(package)
    register_environments()
    module = parse_env_id(env_id).module
    if module is not None:
        try:
            importlib.import_module(module)
        except ImportError as error:
            raise ConfigError(
                f"--env '{env_id}': module '{module}' cannot be imported: {error}"
            ) from error
    import gymnasium

    wanted = registered_id(env_id)
    known = package_of(wanted)
    if wanted not in gymnasium.registry and known is not None:
        package, distribution = known
        if not is_installed(package):
            raise ConfigError(
                f"--env '{env_id}': is in the package {package}, which is not installed; "
                f'pip install "{distribution}"'
            )
        import_package(package)
    if wanted not in gymnasium.registry:
        raise ConfigError(_unknown_id_message(env_id, list(gymnasium.registry)))


def registered_id(env_id: str) -> str:
    """Return the id under which Gymnasium knows ``env_id``: without the ``module:`` before it."""
    module = parse_env_id(env_id).module
    return env_id if module is None else env_id[len(module) + 1 :]


def require_env(env_id: str, gym_packages: Sequence[str] = ()) -> None:
    """Check that ``env_id`` exists and that what it needs is installed, without opening it.

    Raises:
        UsageError: If a package of ``gym_packages`` cannot be imported.
        ConfigError: If there is no such environment, or Gymnasium no longer has it.
        MissingDependencyError: If a package that the environment needs is not installed.
    """
    check_env_id(env_id, gym_packages)
    original = MASKED_ENVIRONMENTS.get(registered_id(env_id), env_id)
    entry_point = _entry_point(original)
    if not isinstance(entry_point, str):
        if is_removed(entry_point):
            raise ConfigError(_removed_message(env_id))
        return
    module = entry_point.partition(":")[0]
    for prefix, needed, command in _NEEDS:
        if module.startswith(prefix) and importlib.util.find_spec(needed) is None:
            raise MissingDependencyError(
                f"environment '{env_id}' needs the package '{needed}', which is not installed: "
                f"{command}"
            )
    package = module.partition(".")[0]
    if importlib.util.find_spec(package) is None:
        raise MissingDependencyError(
            f"environment '{env_id}' needs the package '{package}', which is not installed: "
            f"pip install {package}"
        )


def is_removed(entry_point: object) -> bool:
    """Say whether Gymnasium keeps the id only to say that the environment is gone."""
    return getattr(entry_point, "__name__", "").startswith("_raise")


def is_single_instance(env_id: str) -> bool:
    """Say whether only one instance of the environment may be open at a time (a robot).

    An environment says so by ``metadata["single_instance"] = True``, by a class attribute
    ``single_instance`` or in the keyword arguments of its registration. Its module is imported
    unless the id is one of ours or of Gymnasium.

    Raises:
        ConfigError: If there is no such environment.
    """
    if is_known_builtin(env_id):
        return _is_real_robot(env_id)
    check_env_id(env_id)
    kwargs = registration_of(env_id)
    if "single_instance" in kwargs:
        return bool(kwargs["single_instance"])
    entry_point = _imported_entry_point(env_id)
    metadata = getattr(entry_point, "metadata", None) or {}
    declared = metadata.get("single_instance", getattr(entry_point, "single_instance", False))
    return declared is True


def takes_run_folder(env_id: str) -> bool:
    """Say whether the environment wants to know the run's folder (keyword ``run_folder``).

    One of a robot does: its ``metadata["takes_run_folder"]`` is True, and its episodes are kept.
    """
    if is_known_builtin(env_id):
        return _is_real_robot(env_id)
    metadata = getattr(_imported_entry_point(env_id), "metadata", None) or {}
    return metadata.get("takes_run_folder") is True


def registration_of(env_id: str) -> Mapping[str, Any]:
    """Return the keyword arguments with which the environment is registered."""
    if env_id in OUR_ENVIRONMENTS:
        kwargs: Mapping[str, Any] = OUR_ENVIRONMENTS[env_id]["kwargs"]
        return kwargs
    import gymnasium

    return gymnasium.registry[registered_id(env_id)].kwargs


def _is_real_robot(env_id: str) -> bool:
    return OUR_ENVIRONMENTS.get(env_id, {}).get("entry_point") == REAL_ROBOT_ENTRY_POINT


def _imported_entry_point(env_id: str) -> Any:
    entry_point: Any = _entry_point(env_id)
    if isinstance(entry_point, str):
        module, _, attribute = entry_point.partition(":")
        entry_point = getattr(importlib.import_module(module), attribute)
    return entry_point


def import_package(package: str) -> None:
    """Import a package that registers environments.

    Raises:
        UsageError: If there is no such package.
    """
    try:
        importlib.import_module(package)
    except ModuleNotFoundError as error:
        if error.name is not None and f"{package}.".startswith(f"{error.name}."):
            raise UsageError(
                f"--gym-packages: no module named '{package}'; install it or add its folder to "
                "PYTHONPATH"
            ) from error
        raise UsageError(
            f"--gym-packages: '{package}' needs the module '{error.name}', which is not installed"
        ) from error
    # Importing another person's package may raise anything; the user must learn whose fault it is.
    except Exception as error:
        raise UsageError(
            f"--gym-packages: '{package}' cannot be imported: {type(error).__name__}: {error}"
        ) from error


def _entry_point(env_id: str) -> object:
    import gymnasium

    spec = gymnasium.registry[registered_id(env_id)]
    return spec.entry_point or spec.vector_entry_point


def _unknown_id_message(env_id: str, known_ids: Iterable[str]) -> str:
    names = [parse_env_id(known) for known in known_ids]
    wanted = parse_env_id(env_id)
    here = [known for known in names if known.namespace == wanted.namespace]
    if wanted.namespace is not None and not here:
        namespaces = sorted({known.namespace for known in names if known.namespace is not None})
        return (
            f"--env '{env_id}': no environment is registered in the namespace '{wanted.namespace}'"
            f"{did_you_mean(wanted.namespace, namespaces, list_at_most=0)}; "
            "name the package that registers it with --gym-packages"
        )
    versions = sorted({known.version or 0 for known in here if known.name == wanted.name})
    if versions:
        nearest = ", ".join(f"'{_join(wanted, wanted.name, version)}'" for version in versions)
        what = (
            "has no version in it" if wanted.version is None else f"has no version {wanted.version}"
        )
        return f"--env '{env_id}': '{wanted.name}' {what}; use one of: {nearest}"
    name = nearest_name(wanted.name, [known.name for known in here])
    if name is None:
        return (
            f"--env '{env_id}': no such environment; name the package that registers it with "
            "--gym-packages"
        )
    version = max(known.version or 0 for known in here if known.name == name)
    return f"--env '{env_id}': no such environment; did you mean '{_join(wanted, name, version)}'?"


def _join(wanted: EnvName, name: str, version: int) -> str:
    namespace = "" if wanted.namespace is None else f"{wanted.namespace}/"
    return f"{namespace}{name}-v{version}"


def _removed_message(env_id: str) -> str:
    import gymnasium

    name = parse_env_id(env_id).name
    usable = sorted(
        known
        for known, spec in gymnasium.registry.items()
        if parse_env_id(known).name == name and isinstance(spec.entry_point, str)
    )
    then = f"; use '{usable[-1]}'" if usable else "; another package provides it"
    return f"--env '{env_id}': Gymnasium 1.x no longer has it{then}"

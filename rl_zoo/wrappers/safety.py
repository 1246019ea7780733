"""Let nothing reach the environment that the guard does not admit."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal, SupportsFloat

import gymnasium as gym
from gymnasium.utils import RecordConstructorArgs
from numpy.typing import NDArray

from rl_zoo.errors import ConfigError
from rl_zoo.wrappers.action_meaning import changes_meaning, is_filter
from rl_zoo.wrappers.argument_checks import check_box, check_mapping, check_number
from rl_zoo.wrappers.safe_actions import BoxActions, RobotActions, is_robot
from rl_zoo.wrappers.safety_report import SafetyReport

Action = NDArray[Any]
STORED_ACTIONS = ("proposed", "executed")


class SafetyWrapper(gym.Wrapper[Any, Action, Any, Action], RecordConstructorArgs):
    """Execute the nearest admissible action; end the episode where that is not enough.

    Around the environment of a robot this is ``rl_zoo.robots.guard``, the code that guards the real
    one. Around any other Box action space: finite, inside the space, limited change per step. An
    admissible action reaches the environment unchanged, bit by bit; a NaN never does.

    ``info`` of each step:

    * ``safety/<limit>``: how far action or state were outside, 0 inside; ``safety_margins``: the
      normalised distance to each limit, ``safety/margin``: the smallest; ``safety_conflicts``:
      limits that one of higher priority left no room for;
    * ``intervention`` (bool): the action was changed; ``cost``: sum of the weights of the limits
      that were reached; ``action_proposed``, ``action_executed`` (by the innermost layer),
      ``safe_action`` (by this one);
    * ``episode_cost``, ``episode_interventions``, ``episode_max_correction``: so far in this
      episode (``monitor_kwargs: {info_keywords: [...]}``).

    At the end of an episode also ``safety_counts``, steps in which each limit was reached, and, if
    a limit ended it, ``safety_stop``, its name.

    Args:
        env: Environment with a Box action space.
        limits: Keywords of ``rl_zoo.robots.guard_limits.SafetyLimits.from_spec``; without a robot
            ``max_action_change`` (per step).
        reactions: ``report``, ``soft``, ``truncate`` or ``terminate`` by name of the limit.
        cost_weights: Cost of a step in which a limit was reached, by its name.
        penalty: Taken from the reward per unit of mean absolute correction of the action; an entry
            that is not finite counts as half of its range.
        store_action: What an off-policy agent keeps in its replay buffer: the action it
            ``proposed`` or the one ``executed``.

    Raises:
        ConfigError: If an argument has no meaning for this environment.
    """

    def __init__(
        self,
        env: gym.Env[Any, Action],
        limits: Mapping[str, Any] | None = None,
        *,
        reactions: Mapping[str, str] | None = None,
        cost_weights: Mapping[str, float] | None = None,
        penalty: float = 0.0,
        store_action: Literal["proposed", "executed"] = "proposed",
    ) -> None:
        RecordConstructorArgs.__init__(
            self,
            limits=limits,
            reactions=reactions,
            cost_weights=cost_weights,
            penalty=penalty,
            store_action=store_action,
        )
        gym.Wrapper.__init__(self, env)
        self._box = check_box("SafetyWrapper", "action space", env.action_space)
        self.penalty = check_number("SafetyWrapper.penalty", penalty, zero=True)
        self.store_action = _check_stored(store_action)
        options = _read_options(limits, reactions=reactions, cost_weights=cost_weights)
        self.guarded_actions: RobotActions | BoxActions
        try:
            if is_robot(env):
                _check_order(env)
                self.guarded_actions = RobotActions(env, self._box, options)
            else:
                self.guarded_actions = BoxActions(env, self._box, options)
        except ConfigError as error:
            raise ConfigError([f"SafetyWrapper.{text}" for text in error.problems]) from error
        self._report = SafetyReport(
            self.guarded_actions.names, self.guarded_actions.weights, self._box.low, self._box.high
        )

    @property
    def safe_action_space(self) -> gym.spaces.Box:
        """Return the space whose actions are guarded here."""
        return self._box

    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[Any, dict[str, Any]]:
        """Reset the environment and start from the command it holds."""
        observation, info = self.env.reset(seed=seed, options=options)
        self.guarded_actions.start()
        self._report.begin_episode()
        return observation, info

    def step(self, action: Action) -> tuple[Any, SupportsFloat, bool, bool, dict[str, Any]]:
        """Step the environment with the nearest admissible action."""
        safe = self.guarded_actions.make_safe(action)
        observation, reward, terminated, truncated, info = self.env.step(safe.action)
        reached, stop = self.guarded_actions.judge_state()
        stop = safe.stop or stop
        correction = self._report.add(info, action, safe, reached, stop)
        terminated, truncated = self._report.end(info, stop, terminated, truncated)
        if self.penalty:
            reward = float(reward) - self.penalty * correction
        return observation, reward, terminated, truncated, info


def _read_options(limits: Any, **others: Any) -> dict[str, Any]:
    options = dict(check_mapping("SafetyWrapper.limits", limits))
    for key, value in others.items():
        if key in options:
            raise ConfigError(f"SafetyWrapper.limits.{key}: belongs beside limits, not into it")
        if value is not None:
            options[key] = check_mapping(f"SafetyWrapper.{key}", value)
    return options


def _check_order(env: gym.Env[Any, Any]) -> None:
    """Refuse an inner wrapper between the guard and the robot."""
    layer: Any = env
    while isinstance(layer, gym.Wrapper):
        if changes_meaning(type(layer)):
            raise ConfigError(
                f"order: the robot's limits need the robot's own action; name SafetyWrapper before "
                f"{type(layer).__name__}, which then sits outside of it"
            )
        if is_filter(type(layer)):
            raise ConfigError(
                f"order: what {type(layer).__name__} makes of a command would not be guarded; "
                "name SafetyWrapper before it"
            )
        layer = layer.env


def _check_stored(value: Any) -> str:
    if value not in STORED_ACTIONS:
        raise ConfigError(
            f"SafetyWrapper.store_action: '{value}' is unknown; valid: {', '.join(STORED_ACTIONS)}"
        )
    return str(value)

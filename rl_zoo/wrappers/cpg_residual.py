"""A policy on top of oscillators: it corrects their command, changes their pace, or both."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, SupportsFloat

import gymnasium as gym
import numpy as np
from gymnasium import spaces
from gymnasium.utils import RecordConstructorArgs
from numpy.typing import NDArray

from rl_zoo.errors import ConfigError
from rl_zoo.motion.action_bounds import ActionBounds
from rl_zoo.motion.cpg_residual import CpgResidual, Generator
from rl_zoo.motion.gait_prior import GaitPrior
from rl_zoo.wrappers.argument_checks import check_vector
from rl_zoo.wrappers.cpg_residual_foot import foot_generator, joint_units
from rl_zoo.wrappers.cpg_residual_joint import joint_generator, read_joint_pattern
from rl_zoo.wrappers.cpg_residual_settings import (
    WRAPPER,
    control_period,
    read_group,
    read_prior,
    read_scale,
    read_settings,
)

Vector = NDArray[Any]
FloatArray = NDArray[np.float64]


class CPGResidualWrapper(gym.Wrapper[Any, Vector, Any, Vector], RecordConstructorArgs):
    """Execute ``clip(f(oscillators) + ramp * residual_scale * action)``.

    Raffin et al., "Learning to Exploit Elastic Actuators", 2022 (feet, ``mode: residual``);
    Bellegarda and Ijspeert, "CPG-RL", RA-L 2022 (``modulate``). An action of zeros is the prior
    itself, bit by bit. The action of the policy lies in [-1, 1]: first the residual (one entry per
    joint; in foot space x, (y,) z of each foot), then the modulation (amplitude, frequency, phase,
    heading rate; each for all legs or one per leg).

    The observation gets, in this order: sine and cosine of each distinct oscillator's phase at
    which the next command is made; with a modulated amplitude, its factor minus 1 and its rate in
    units of 10/s, per group; with a modulated heading, its sine and cosine per group.

    ``info`` holds ``action_proposed``, ``action_executed``, ``cpg/phase`` (all phases after the
    step, rad), ``cpg/clipped`` (whether the inner action space cut the command), and in foot space
    ``cpg/foot_target`` (m, trunk's frame, before the clip).

    Args:
        env: Environment with a Box action space of one dimension.
        prior: Joint space: the keys of a ``JointPattern``, in units of the inner action, or the
            folder of an open-loop run. Foot space: the keys of ``GaitPrior``. A path of a JSON
            file with those keys serves for both.
        space: ``joint``, or ``foot`` for a robot with legs.
        mode: ``residual``, ``modulate`` or ``both``.
        residual_scale: What an action of 1 adds: units of the inner action (default 0.2) or m
            (0.01); one number, or one per entry, or in foot space a mapping of axis to number.
        ramp_steps: Training steps of this environment over which the influence of the policy
            grows from 0 to 1. Evaluation, enjoy and deployment always use 1.
        modulation: Keys of ``ModulationRanges``.
        observe_phase: Extend the observation (a Box of one dimension).
        random_initial_phase: Start each episode at a random time of the cycle.
        dt: Time between two actions in s, if the environment does not say it.

    Raises:
        ConfigError: If a keyword, the prior or the environment does not fit.
    """

    def __init__(self, env: gym.Env[Any, Vector], prior: Any = None, **settings: Any) -> None:
        if prior is not None:
            settings["prior"] = prior
        RecordConstructorArgs.__init__(self, **settings)
        gym.Wrapper.__init__(self, env)
        self.settings = read_settings(settings)
        self.cpg = self._make_cpg()
        self.action_space = spaces.Box(-1.0, 1.0, self.cpg.action.shape, np.float32)
        self._steps = 0
        self._ramp_is_over = self.settings.ramp_steps == 0
        if self.settings.observe_phase:
            self.observation_space = self._extended_space()

    @property
    def generator(self) -> Generator:
        """Return the oscillators."""
        return self.cpg.generator

    @property
    def ramp(self) -> float:
        """Return the present factor of the policy's action, in [0, 1]."""
        if self._ramp_is_over:
            return 1.0
        return min(1.0, self._steps / self.settings.ramp_steps)

    @property
    def current_action(self) -> FloatArray:
        """Return the last action of the policy; zeros, the prior itself, at the start."""
        return self.cpg.action.copy()

    @staticmethod
    def keyword_problems(kwargs: Mapping[str, Any]) -> list[str]:
        """Return what is wrong with the keywords of this class, without an environment."""
        try:
            settings = read_settings(kwargs)
            _ = settings.modulation_ranges
            prior = read_prior(settings.prior)
            if settings.space == "foot":
                read_group(GaitPrior, prior, f"{WRAPPER}.prior")
            else:
                read_joint_pattern(prior)
        except ConfigError as error:
            return [text.removeprefix(f"{WRAPPER}.") for text in error.problems]
        return []

    def finish_ramp(self) -> None:
        """Give the policy its full influence from now on: this is no training."""
        self._ramp_is_over = True
        self._steps = max(self._steps, self.settings.ramp_steps)  # in checkpoints too

    def continue_ramp(self, n_steps: int) -> None:
        """Go on where a run was after ``n_steps`` training steps of this environment."""
        self._steps = max(self._steps, n_steps)

    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[Any, dict[str, Any]]:
        """Reset the environment and the oscillators."""
        observation, info = self.env.reset(seed=seed, options=options)
        is_random = self.settings.random_initial_phase
        self.cpg.start(float(self.np_random.random()) if is_random else 0.0)
        info["cpg/phase"] = self.generator.phases
        return self._observe(observation), info

    def step(self, action: Vector) -> tuple[Any, SupportsFloat, bool, bool, dict[str, Any]]:
        """Step the environment with the command of the oscillators and the policy."""
        executed = self.cpg.command(action, self.ramp)
        observation, reward, terminated, truncated, info = self.env.step(executed)
        self.cpg.advance()
        self._steps += 1
        info["action_proposed"] = action
        info.setdefault("action_executed", executed)
        info["cpg/phase"] = self.generator.phases
        info["cpg/clipped"] = self.cpg.is_clipped
        info.update(self.generator.info())
        return self._observe(observation), reward, terminated, truncated, info

    def checkpoint_state(self) -> dict[str, Any]:
        """Return the steps of the ramp and the state of the oscillators."""
        return {"steps": self._steps, "oscillators": self.generator.state()}

    def restore_checkpoint_state(self, state: Mapping[str, Any]) -> None:
        """Continue from ``checkpoint_state``."""
        self._steps = int(state["steps"])
        self.generator.restore(state["oscillators"])

    def deployment_state(self) -> dict[str, Any]:
        """Return everything that a controller without Gymnasium needs, JSON-able.

        ``CpgResidual.from_dict`` reads it. ``joint_units`` is None in joint space, which needs
        none, and where the environment's ``positions_to_action`` is not affine joint by joint.
        """
        settings = self.settings
        units = joint_units(self.env) if settings.space == "foot" else None
        return {
            "kind": "cpg_residual",
            "mode": settings.mode,
            "observe_phase": settings.observe_phase,
            "observation_dtype": str(self._observation_dtype),
            "random_initial_phase": settings.random_initial_phase,
            "joint_units": None if units is None else units.to_dict(),
            **self.cpg.to_dict(),
        }

    def _make_cpg(self) -> CpgResidual:
        settings, box = self.settings, check_vector(WRAPPER, "action space", self.env.action_space)
        dt = control_period(self.env, settings.dt)
        ranges = settings.modulation_ranges
        prior = read_prior(settings.prior)
        generator: Generator
        if settings.space == "foot":
            generator = foot_generator(self.env, prior, ranges)
        else:
            generator = joint_generator(self.env, prior, ranges, box.shape[0])
        names = generator.residual_names if settings.has_residual else ()
        scale = read_scale(settings.residual_scale, names, generator.default_scale)
        return CpgResidual(generator, ranges, scale, ActionBounds(box.low, box.high), dt)

    @property
    def _observation_dtype(self) -> np.dtype[Any]:
        return np.dtype(self.observation_space.dtype)

    def _extended_space(self) -> spaces.Box:
        space = self.env.observation_space
        if not isinstance(space, spaces.Box) or len(space.shape) != 1:
            raise ConfigError(
                f"{WRAPPER}.observe_phase: needs a Box observation of one dimension, this "
                f"environment has {space}; set observe_phase: false"
            )
        bounds = self.cpg.feature_bounds()
        return spaces.Box(
            np.concatenate([space.low, -bounds]).astype(space.dtype),
            np.concatenate([space.high, bounds]).astype(space.dtype),
            dtype=space.dtype,
        )

    def _observe(self, observation: Any) -> Any:
        if not self.settings.observe_phase:
            return observation
        return self.cpg.extended(observation, self._observation_dtype)

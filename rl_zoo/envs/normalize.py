"""Running normalisation that keeps the raw terminal observation.

SB3's ``VecNormalize`` clips a normalised terminal observation, and off-policy algorithms store what
they get by undoing the normalisation: a terminal observation outside the clip range is stored wrong
(5.0 became 0.689 in one measurement), and the value bootstrapped from it with it.
"""

from __future__ import annotations

import pickle
from copy import deepcopy
from pathlib import Path
from typing import Any

import numpy as np
from stable_baselines3.common.vec_env import VecNormalize
from stable_baselines3.common.vec_env.base_vec_env import VecEnvStepReturn

from rl_zoo.envs.guarded import GuardedVecEnv, layer_of
from rl_zoo.errors import DamagedFileError

Observation = np.ndarray | dict[str, np.ndarray]


class RawTerminalVecNormalize(VecNormalize):
    """``VecNormalize`` whose ``unnormalize_obs`` gives terminal observations back exactly.

    ``info["terminal_observation"]`` stays normalised and clipped, as policies were trained to see
    it; ``info["terminal_observation_raw"]``, set by ``GuardedVecEnv`` below, is what the sensors
    said.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._terminal: list[tuple[Observation, Observation]] = []

    def step_wait(self) -> VecEnvStepReturn:
        """Step, remembering the raw terminal observations of this step."""
        result = super().step_wait()
        infos = result[3]
        self._terminal = [
            (infos[index]["terminal_observation"], infos[index]["terminal_observation_raw"])
            for index in np.flatnonzero(result[2])
            if "terminal_observation_raw" in infos[index]
        ]
        return result

    def _update_reward(self, reward: np.ndarray) -> None:
        """Update the statistics of returns, leaving out environments that were interrupted."""
        guard = layer_of(self.venv, GuardedVecEnv)
        if guard is None or not guard.discarded.any():
            super()._update_reward(reward)
            return
        self.returns = self.returns * self.gamma + reward
        if not guard.discarded.all():
            self.ret_rms.update(self.returns[~guard.discarded])

    def unnormalize_obs(self, obs: Observation) -> Observation:
        """Undo the normalisation; exact for the terminal observations of the last step."""
        for normalized, raw in self._terminal:
            if _equal(obs, normalized):
                return _copy(raw)
        restored: Observation = super().unnormalize_obs(obs)
        return restored

    def statistics(self) -> VecNormalize:
        """Return a plain SB3 ``VecNormalize`` with these statistics, to be pickled without us."""
        plain = VecNormalize.__new__(VecNormalize)
        state = self.__getstate__()
        del state["_terminal"]
        plain.__dict__.update(state)
        plain.__dict__.update(venv=None, class_attributes={}, returns=None)
        return plain

    def save(self, save_path: str) -> None:
        """Pickle the statistics so that plain SB3 and the zoo load them."""
        with Path(save_path).open("wb") as stream:
            pickle.dump(self.statistics(), stream)

    def adopt(self, statistics: VecNormalize) -> None:
        """Copy the running statistics of ``statistics``: several stacks may start from them.

        Raises:
            DamagedFileError: If those of observations are missing and needed.
        """
        held = vars(statistics)  # getattr would look in the environments, of which there are none
        if self.norm_obs:
            if "obs_rms" not in held:
                raise DamagedFileError(
                    "the normalisation statistics (vecnormalize.pkl) hold none of observations, "
                    "which this run normalises; restore the file"
                )
            self.obs_rms = deepcopy(held["obs_rms"])
        self.ret_rms = deepcopy(statistics.ret_rms)


def _equal(left: Observation, right: Observation) -> bool:
    if isinstance(left, dict) and isinstance(right, dict):
        return left.keys() == right.keys() and all(_equal(left[key], right[key]) for key in left)
    if isinstance(left, dict) or isinstance(right, dict):
        return False
    return bool(np.array_equal(left, right))


def _copy(observation: Observation) -> Observation:
    if isinstance(observation, dict):
        return {key: value.copy() for key, value in observation.items()}
    return np.array(observation)

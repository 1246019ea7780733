"""Write every episode of a robot to a file: what it saw, did and got."""

from __future__ import annotations

import json
from datetime import datetime, timezone
from pathlib import Path
from typing import Any, SupportsFloat

import gymnasium as gym
import numpy as np

from rl_zoo import console
from rl_zoo.errors import ConfigError
from rl_zoo.runs.episode_file import Episode, episode_path, next_episode_number, write_episode
from rl_zoo.wrappers.episode_control import DISCARD, end_reason

UNFINISHED = "unfinished"
_READINGS = (
    "joint_positions",
    "joint_velocities",
    "joint_torques",
    "motor_positions",
    "orientation",
    "angular_velocity_in_body",
    "acceleration_in_body",
    "foot_forces",
    "temperatures",
    "battery_voltage",
)


class EpisodeRecorder(gym.Wrapper[Any, Any, Any, Any]):
    """Outermost around Monitor: write ``episode_<number>.npz`` at the end of every episode.

    Not while recording is paused (evaluation on the training environment). An episode that is
    running when the environment is closed is written as ``unfinished``. A file that cannot be
    written is lost, the run goes on.

    Args:
        env: Environment with array observations.
        folder: Of the files; numbers go on after those in it.
        about: What belongs into every file beside the arrays.

    Raises:
        ConfigError: If observations are no arrays.
    """

    def __init__(self, env: gym.Env[Any, Any], folder: Path, about: dict[str, Any]) -> None:
        super().__init__(env)
        if not isinstance(env.observation_space, gym.spaces.Box):
            raise ConfigError(
                f"--save-episodes: cannot store observations of {env.observation_space}"
            )
        self.folder = folder
        self._about = {**about, **_describe(env)}
        self._number = next_episode_number(folder)
        self._is_paused = False
        self._has_failed = False
        self._rows: list[dict[str, Any]] = []
        self._started_at = ""

    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[Any, dict[str, Any]]:
        """Reset; an episode that is still running is over."""
        if len(self._rows) > 1:
            self._finish(UNFINISHED)
        observation, info = self.env.reset(seed=seed, options=options)
        self._started_at = datetime.now(timezone.utc).isoformat(timespec="milliseconds")
        self._rows = [{"observations": np.array(observation), **self._readings(info)}]
        return observation, info

    def step(self, action: Any) -> tuple[Any, SupportsFloat, bool, bool, dict[str, Any]]:
        """Step and remember."""
        observation, reward, terminated, truncated, info = self.env.step(action)
        if np.isfinite(observation).all() and np.isfinite(float(reward)):
            row = {
                "observations": np.array(observation),
                "actions": np.array(action),
                "executed": np.array(info.get("action_executed", action)),
                "rewards": float(reward),
                "terminated": bool(terminated),
                "truncated": bool(truncated),
                "discarded": bool(info.get(DISCARD, False)),
                "late": bool(info.get("late", False)),
                **self._readings(info),
            }
            safe = info.get("safe_action")
            if safe is not None:
                row["safe_actions"] = np.array(safe)
                row["corrected"] = not np.array_equal(safe, info.get("action_proposed", safe))
            self._rows.append(row)
        if terminated or truncated:
            self._finish(end_reason(info) or "unknown")
        return observation, reward, terminated, truncated, info

    def close(self) -> None:
        """Write what is not written yet, then close the environment."""
        self.flush_episode()
        super().close()

    def flush_episode(self) -> int:
        """Write the running episode, if it has steps; return the number of the next one."""
        if len(self._rows) > 1:
            self._finish(UNFINISHED)
        return self._number

    def pause_recording(self) -> None:
        """Write no episodes until ``resume_recording``, neither here nor in Monitor."""
        self._is_paused = True
        if self.env.has_wrapper_attr("pause_recording"):
            self.env.get_wrapper_attr("pause_recording")()

    def resume_recording(self) -> None:
        """Write episodes again."""
        self._is_paused = False
        if self.env.has_wrapper_attr("resume_recording"):
            self.env.get_wrapper_attr("resume_recording")()

    def _readings(self, info: dict[str, Any]) -> dict[str, Any]:
        state = None
        if self.env.has_wrapper_attr("robot_state"):
            state = self.env.get_wrapper_attr("robot_state")
        found: dict[str, Any] = {}
        for name in _READINGS:
            value = getattr(state, name, None)
            if value is not None:
                found[f"state/{name}"] = np.array(value, dtype=np.float64)
        stamp = info.get("time", getattr(state, "time", None))
        for name, value in (
            ("time", stamp),
            ("robot_tick", info.get("robot_tick")),
            ("sequence", info.get("sequence", getattr(state, "sequence", None))),
        ):
            found[name] = np.nan if value is None else float(value)
        return found

    def _finish(self, end: str) -> None:
        rows, self._rows = self._rows, self._rows[-1:]
        if self._is_paused or len(rows) < 2:
            return
        about = {**self._about, "end": end, "started_at": self._started_at}
        try:
            write_episode(episode_path(self.folder, self._number), Episode(_stacked(rows), about))
            self._number += 1
        except OSError as error:
            if not self._has_failed:
                console.warn(f"{self.folder}: episodes are lost ({error.strerror or error})")
            self._has_failed = True


def _stacked(rows: list[dict[str, Any]]) -> dict[str, np.ndarray]:
    """Return one array per key: of all rows if the first has it, else of the steps."""
    arrays = {}
    for key in dict.fromkeys(key for row in rows for key in row):
        wanted = rows if key in rows[0] else rows[1:]
        shaped = next(np.asarray(row[key]) for row in wanted if key in row)
        missing = np.full_like(shaped, np.nan) if shaped.dtype.kind == "f" else shaped
        arrays[key] = np.stack([np.asarray(row.get(key, missing)) for row in wanted])
    return arrays


def _describe(env: gym.Env[Any, Any]) -> dict[str, Any]:
    about: dict[str, Any] = {}
    if isinstance(env.action_space, gym.spaces.Box):
        about["action_low"] = env.action_space.low.tolist()
        about["action_high"] = env.action_space.high.tolist()
    for key, attribute in (("dt", "dt"), ("layout", "observation_parts")):
        if env.has_wrapper_attr(attribute):
            about[key] = env.get_wrapper_attr(attribute)
    if env.has_wrapper_attr("robot_spec"):
        about["robot"] = env.get_wrapper_attr("robot_spec").name
    about["env_id"] = None if env.spec is None else env.spec.id
    plain: dict[str, Any] = json.loads(json.dumps(about))
    return plain

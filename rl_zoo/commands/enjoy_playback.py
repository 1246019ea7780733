"""Let a policy play for ``enjoy`` and write the report, whoever the policy is."""

from __future__ import annotations

import argparse
import contextlib
import itertools
import sys
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

from rl_zoo import console
from rl_zoo.commands.run_options import DEFAULT_STEPS
from rl_zoo.errors import MissingDependencyError
from rl_zoo.stop_signals import InterruptSignals

if TYPE_CHECKING:
    from rl_zoo.agents.playback import Episode, Playback, PlayedEnv
    from rl_zoo.commands.enjoy_report import Shown


def play_and_report(
    agent: Any,
    env: PlayedEnv,
    shown: Shown,
    arguments: argparse.Namespace,
    signals: InterruptSignals,
) -> tuple[str, bool]:
    """Play, close the environment whatever happens, and tell.

    Args:
        agent: Anything with SB3's ``predict``.
        env: Where it acts.
        shown: What is acting, for the report.
        arguments: Flags of ``enjoy``.
        signals: Held while the environment is closed: a robot sits down first.

    Returns:
        The report, and whether a signal cut the playback short.
    """
    from rl_zoo.commands.enjoy_report import json_report, text_report

    try:
        playback = _play(agent, env, arguments, deterministic=shown.deterministic)
    finally:
        signals.hold()  # a robot sits down first
        env.close()
        _tell_robot_use(env)
    write = json_report if arguments.json else text_report
    return write(shown, playback, arguments), playback.interrupted


def _tell_robot_use(env: PlayedEnv) -> None:
    from rl_zoo.runs.robot_use import ROBOT_USE, describe_use

    if env.num_envs == 1 and env.has_attr(ROBOT_USE):
        console.message(describe_use(env.get_attr(ROBOT_USE)[0]))


def _play(
    agent: Any, env: PlayedEnv, arguments: argparse.Namespace, *, deterministic: bool
) -> Playback:
    from rl_zoo.agents.playback import PlaySettings, play
    from rl_zoo.agents.video import record

    n_steps = arguments.n_timesteps
    if n_steps is None and arguments.n_episodes is None:
        n_steps = DEFAULT_STEPS
    with _progress(arguments.progress, n_steps) as on_step:
        settings = PlaySettings(
            n_steps=n_steps,
            n_episodes=arguments.n_episodes,
            deterministic=deterministic,
            stack_rewards=arguments.norm_reward,
            on_step=on_step,
            on_episode=_print_episode if arguments.verbose > 0 and not arguments.json else None,
        )
        if arguments.video is None:
            return play(agent, env, settings)
        playback = record(agent, env, arguments.video, settings)
    console.message(f"Video: {arguments.video}")
    return playback


def _print_episode(episode: Episode) -> None:
    console.result(f"Episode Reward: {episode.episode_return:.2f}")
    console.result(f"Episode Length {episode.length}")


@contextlib.contextmanager
def _progress(wanted: bool, n_steps: int | None) -> Iterator[Callable[[], None] | None]:
    if not wanted:
        yield None
        return
    try:
        from tqdm import tqdm
    except ImportError as error:
        raise MissingDependencyError(
            "--progress: the package 'tqdm' is not installed: pip install tqdm"
        ) from error

    with tqdm(total=n_steps, unit="step", file=sys.stderr) as bar:
        calls = itertools.count()

        def advance() -> None:
            if next(calls) > 0:  # the first is the reset
                bar.update()

        yield advance

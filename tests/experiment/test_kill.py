"""SIGKILL at any moment costs what came after the last checkpoint, not a bit of the result."""

import random
import signal
import time

import pytest

from rl_zoo.runs.checkpoints import complete_checkpoints
from rl_zoo.runs.folder import RunFolder
from tests.processes import wait_until
from tests.same_runs import assert_same_run

WRAPPERS = """env_wrapper:[
    {'SafetyWrapper': {'penalty': 0.1}},
    {'ActionFilterWrapper': {'filter': 'butterworth'}},
    {'CPGResidualWrapper': {'prior': {'amplitudes': [0.4, 0.5, 0.4, 0.5, 0.4, 0.5, 0.4, 0.5],
        'phases': [0, 1, 3, 4, 3, 4, 0, 1], 'offsets': [0, 0, 0, 0, 0, 0, 0, 0],
        'swing_frequency': 2.0, 'stance_frequency': 1.5},
        'ramp_steps': 600, 'random_initial_phase': True}},
    {'TruncationWrapper': {'max_steps': 40, 'limits': {'max_gap': 0.1}}},
    'HistoryWrapper']"""

CASES = {
    "sac": ("sac", "Tiny-v0", [], 400),
    "tqc": ("tqc", "Tiny-v0", [], 400),
    "dqn": ("dqn", "TinyDiscrete-v0", [], 1500),
    "openloop": ("openloop", "Tiny-v0", [], 4000),
    "ppo-3-envs": ("ppo", "Tiny-v0", ["n_envs:3"], 3000),
    "sac-every-layer": ("sac", "Bert-v0", [WRAPPERS], 900),
    "ppo-gsde": ("ppo", "Tiny-v0", ["use_sde:True", "sde_sample_freq:4"], 1500),
}
KILLS = 2


def kill_and_resume(case, arguments, start, tmp_path, wait_for_the_moment):
    """Train uninterrupted and with several kills; return both folders."""
    algo, env, params, budget = CASES[case]
    flags = ("-n", budget, "--save-freq", budget // 10, "--eval-freq", budget // 4)
    began = time.monotonic()
    whole = start(*arguments(algo, env, *flags, params=params, folder=tmp_path / "a"))
    assert whole.wait() == 0, whole.err
    duration = time.monotonic() - began

    command = start(*arguments(algo, env, *flags, params=params, folder=tmp_path / "b"))
    run = RunFolder(tmp_path / "b" / algo / f"{env}_1", env)
    for _ in range(KILLS):
        wait_for_another_checkpoint(run, command)
        wait_for_the_moment(run, command, duration)
        command.send(signal.SIGKILL)
        if command.wait() == 0:
            break
        command = start("--resume", run.path)
    assert command.wait() == 0, command.err
    return RunFolder(tmp_path / "a" / algo / f"{env}_1", env), run


def wait_for_another_checkpoint(run, command):
    count = len(complete_checkpoints(run))
    wait_until(lambda: len(complete_checkpoints(run)) > count or not alive(command))


def alive(command):
    return command.process.is_alive()


@pytest.mark.parametrize("case", [pytest.param(name, marks=pytest.mark.slow) for name in CASES])
def test_killed_at_random_moments(case, arguments, start, tmp_path):
    chance = random.Random(case)

    def a_while(run, command, duration):
        time.sleep(chance.uniform(0, 0.3 * duration))

    assert_same_run(*kill_and_resume(case, arguments, start, tmp_path, a_while))


@pytest.mark.parametrize("case", ["sac", pytest.param("ppo-3-envs", marks=pytest.mark.slow)])
def test_killed_while_a_checkpoint_is_written(case, arguments, start, tmp_path):
    def a_temporary_file(run, command, duration):
        wait_until(lambda: any(run.path.glob(".rl_model*tmp*")) or not alive(command))

    straight, killed = kill_and_resume(case, arguments, start, tmp_path, a_temporary_file)
    assert_same_run(straight, killed)
    assert not list(killed.path.glob(".*tmp*")), "left over by the killed process"

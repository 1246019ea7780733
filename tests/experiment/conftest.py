"""Runs that are killed, for the tests that resume them."""

import pytest

from rl_zoo.envs.guarded import GuardedVecEnv


class Killed(SystemExit):
    """What this process 'dies' of: nothing is saved when it passes, as with SIGKILL."""


@pytest.fixture
def kill_at(monkeypatch):
    """Let training die before its ``step``-th environment step."""

    def arm(step):
        send = GuardedVecEnv.step_async

        def step_async(guard, actions):
            if guard.steps * guard.num_envs >= step and guard._stop_reason.__name__ == "reason":
                monkeypatch.undo()
                raise Killed(137)
            send(guard, actions)

        monkeypatch.setattr(GuardedVecEnv, "step_async", step_async)

    return arm


@pytest.fixture
def train_killed(arguments, train, kill_at, tmp_path):
    """Train as ``arguments`` says until a step at which the run dies; return its folder."""

    def run(like, step, algo, env, *more, params=()):
        kill_at(step)
        command = arguments(algo, env, *more, params=params, folder=tmp_path / "killed")
        assert train(*command)[0] == 137
        (path,) = (tmp_path / "killed").glob("*/*_1")
        return type(like)(path, like.env_name)

    return run

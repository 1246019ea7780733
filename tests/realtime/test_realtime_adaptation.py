"""``--realtime -i``: the old policy acts from the first step, is taken over once, and goes on."""

import contextlib
import json
import os
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import gymnasium as gym
import numpy as np
import pytest
import torch
from stable_baselines3 import SAC, TD3
from stable_baselines3.common.vec_env import DummyVecEnv, VecNormalize

from rl_zoo.errors import UsageError
from rl_zoo.realtime.adaptation import begin_with_old_policy
from rl_zoo.realtime.ring import Ring
from rl_zoo.realtime.snapshots import newest_snapshot
from rl_zoo.runs.folder import open_run_folder
from rl_zoo.runs.record import read_record
from rl_zoo.train import main
from tests.realtime.learner_rig import ACTION, OBSERVATION, Rig, work_off

PLACE = "logs/td3/Pendulum-v1_1"
FLAGS = [
    *("--algo", "td3", "--env", "Pendulum-v1", "--realtime", "--control-frequency", "200"),
    *("--seed", "3", "--verbose", "0", "--eval-episodes", "2"),
    *("-params", "noise_type:None", "normalize:False", "batch_size:16"),
]


@pytest.fixture
def always_right(tmp_path):
    """A TD3 model whose policy always says the largest action."""
    networks = {"net_arch": [8, 8]}
    agent = TD3("MlpPolicy", gym.make("Pendulum-v1"), policy_kwargs=networks, device="cpu")
    with torch.no_grad():
        agent.actor.mu[-2].bias.fill_(100.0)
    agent.save(tmp_path / "right.zip")
    return tmp_path / "right.zip"


def flags_of(tmp_path, model, *more, starts=100_000, arch="[8,8]"):
    params = [f"learning_starts:{starts}", f"policy_kwargs.net_arch:{arch}"]
    return [*FLAGS, *params, "-f", str(tmp_path / "logs"), "-i", str(model), *map(str, more)]


def actions_of(place):
    ring = Ring(place / "realtime/transitions.ring")
    return ring.read(0, ring.committed)["action"][:, 0]


def test_old_policy_is_evaluated_then_acts_from_the_first_step(tmp_path, always_right, capfd):
    assert main(flags_of(tmp_path, always_right, "-n", 60, "--eval-freq", 1000)) == 0
    folder, err = open_run_folder(tmp_path / PLACE), capfd.readouterr().err
    assert actions_of(folder.path).tolist() == [1.0] * 60
    record = read_record(folder)
    assert record.parent == str(always_right) and record.num_timesteps == 60
    assert record.restored["weights and optimisers"].startswith("restored from ")
    assert record.restored["warm-up"].endswith("learning starts after 100000 steps")
    assert record.restored["replay buffer"].startswith("not restored: the ring holds")
    for what, how in record.restored.items():
        assert f"  {what}: {how}\n" in err
    evaluations = np.load(folder.evaluations)
    assert evaluations["timesteps"].tolist()[0] == 0
    assert record.baseline["mean_return"] == pytest.approx(evaluations["results"][0].mean())
    assert record.baseline["n"] == 2 and record.baseline["steps"] == 400
    assert "Baseline, the old policy here: return" in err
    assert json.loads(folder.best_record.read_text())["steps"] == 0
    best = TD3.load(folder.best_model).policy.state_dict()
    for name, value in TD3.load(always_right).policy.state_dict().items():
        torch.testing.assert_close(best[name], value, rtol=0, atol=0)


def test_warm_up_is_repeated_if_asked(tmp_path, always_right):
    flags = flags_of(tmp_path, always_right, "-n", 40, "--eval-freq", -1, "--repeat-warmup")
    assert main(flags) == 0
    assert len(set(actions_of(tmp_path / PLACE).tolist())) == 40, "random"
    record = read_record(open_run_folder(tmp_path / PLACE))
    assert record.restored["warm-up"] == "repeated, as asked"
    assert record.baseline is None and "not evaluated" in record.restored["baseline"]


def test_a_run_that_was_killed_goes_on_with_its_policy(tmp_path, always_right):
    """Before its first update, and without the file that the weights came from."""
    flags = flags_of(tmp_path, always_right, "-n", 2000, "--eval-freq", -1)
    command = [sys.executable, "-m", "rl_zoo.train", *flags]
    process = subprocess.Popen(command, process_group=0, stderr=subprocess.PIPE)
    place, deadline = tmp_path / PLACE, time.monotonic() + 60.0
    n_rows = 0
    while n_rows < 20:
        assert process.poll() is None and time.monotonic() < deadline, process.stderr.read()
        time.sleep(0.02)
        with contextlib.suppress(OSError):
            n_rows = Ring(place / "realtime/transitions.ring").committed
    os.killpg(process.pid, signal.SIGKILL)
    process.communicate()
    always_right.unlink()
    n_rows = Ring(place / "realtime/transitions.ring").committed
    assert main(["--resume", str(place), "-n", str(n_rows + 50)]) == 0
    assert actions_of(place).tolist() == [1.0] * (n_rows + 50)
    record = read_record(open_run_folder(place))
    assert record.parent == str(always_right) and record.restored["weights and optimisers"]


def test_network_that_does_not_fit_leaves_nothing_behind(tmp_path, always_right, capfd):
    flags = flags_of(tmp_path, always_right, "-n", 60, "--eval-freq", -1, arch="[4]")
    assert main(flags) == 2
    err = capfd.readouterr().err
    assert "right.zip: does not fit a TD3 agent" in err and "Traceback" not in err
    assert not (tmp_path / PLACE).exists()


def test_no_model_and_no_buffer_are_refused_at_once(tmp_path, always_right, capfd):
    assert main(flags_of(tmp_path, tmp_path / "gone.zip", "-n", 60)) == 2
    assert "gone.zip: no such file" in capfd.readouterr().err
    assert main(flags_of(tmp_path, always_right, "-n", 60, "--keep-buffer", 500)) == 2
    (line,) = (x for x in capfd.readouterr().err.splitlines() if x.startswith("error:"))
    assert "--keep-buffer 500" in line and line.endswith("train with --lockstep")
    assert not (tmp_path / "logs").exists()


# The learner by itself


@pytest.fixture
def old_run(tmp_path):
    """Return agent, files and statistics of an old policy with Adam's moments."""

    class Noise(gym.Env):
        observation_space, action_space = OBSERVATION, ACTION

        def reset(self, *, seed=None, options=None):
            super().reset(seed=seed)
            return self.np_random.normal(3.0, 2.0, 3).astype(np.float32), {}

        def step(self, action):
            return *self.reset()[:1], 1.0, False, False, {}

    env = VecNormalize(DummyVecEnv([Noise]))
    networks = {"net_arch": [16, 16]}
    agent = SAC("MlpPolicy", env, policy_kwargs=networks, learning_starts=20, seed=7)
    agent.learn(60)
    agent.save(tmp_path / "old.zip")
    return agent, tmp_path / "old.zip"


def rig_of(tmp_path, model, **more):
    rig = Rig(tmp_path, **more)
    rig.options = replace(rig.options, trained_agent=model)
    return rig


def expect_same_weights(agent, old):
    theirs = old.policy.state_dict()
    for name, value in agent.policy.state_dict().items():
        torch.testing.assert_close(value, theirs[name], rtol=0, atol=0)
    left, right = agent.actor.optimizer.state_dict(), old.actor.optimizer.state_dict()
    for number, state in right["state"].items():
        for name in ("step", "exp_avg", "exp_avg_sq"):
            torch.testing.assert_close(left["state"][number][name], state[name], rtol=0, atol=0)
    torch.testing.assert_close(agent.log_ent_coef.data, old.log_ent_coef.data, rtol=0, atol=0)


@pytest.mark.parametrize("backend", ["sb3", "auto"])
def test_next_learner_does_not_take_the_old_weights_again(tmp_path, old_run, backend):
    old, model = old_run
    rig = rig_of(tmp_path, model, backend=backend)
    learner = rig.learner()
    begin_with_old_policy(learner, rig.options, rig.events)
    expect_same_weights(learner.agent, old)
    (told,) = (event for event in rig.told.read() if event["kind"] == "restored")
    assert "weights and optimisers" in told["lines"]
    assert newest_snapshot(rig.folder, 0)[1] == 0, "kept before anyone can see the policy"
    rig.act(60)
    work_off(learner)
    assert learner.agent._n_updates == 20, "after learning_starts transitions of its own"
    learner.publish()
    version = rig.board.learner["policy_version"]
    model.unlink()
    successor = rig.learner()  # of one that died without a checkpoint
    expect_same_weights(successor.agent, old)
    successor.turn()
    assert rig.board.learner["policy_version"] == version, "no way back to the old policy"
    work_off(successor)
    assert successor.agent._n_updates == 20
    successor.files.save_checkpoint()
    third = rig.learner(restored_step=60)
    assert third.agent._n_updates == 20, "of its own checkpoint, not of the old policy"


def test_normaliser_is_taken_over_and_goes_on(tmp_path, old_run):
    old, model = old_run
    folder = tmp_path / "sac" / "Pendulum-v1_7"
    (folder / "Pendulum-v1").mkdir(parents=True)
    (folder / "run.json").write_text("{}")
    (folder / "Pendulum-v1" / "config.yml").write_text("normalize: true\n")
    (folder / "Pendulum-v1" / "args.yml").write_text("{}\n")
    normalizer = old.get_vec_normalize_env()
    normalizer.save(folder / "Pendulum-v1" / "vecnormalize.pkl")
    model = Path(model).rename(folder / "Pendulum-v1.zip")
    rig = rig_of(tmp_path, folder)
    learner = rig.learner()
    begin_with_old_policy(learner, rig.options, rig.events)
    mine = learner.agent.get_vec_normalize_env()
    np.testing.assert_array_equal(mine.obs_rms.mean, normalizer.obs_rms.mean)
    assert mine.ret_rms.count == normalizer.ret_rms.count
    before = mine.obs_rms.count
    rig.act(25)
    work_off(learner)
    assert mine.obs_rms.count == before + 25, "every observation but the last of the episode"
    shown = rig.learner().agent.get_vec_normalize_env()
    np.testing.assert_array_equal(shown.obs_rms.mean, normalizer.obs_rms.mean)


def test_weights_that_are_not_finite_move_no_robot(tmp_path, old_run):
    old, model = old_run
    with torch.no_grad():
        next(iter(old.actor.parameters())).fill_(float("nan"))
    old.save(model)
    rig = rig_of(tmp_path, model)
    learner = rig.learner()
    with pytest.raises(UsageError, match=r"old\.zip: its weights are not finite"):
        begin_with_old_policy(learner, rig.options, rig.events)
    assert rig.published.newest() is None and newest_snapshot(rig.folder, 0) is None

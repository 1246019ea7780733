"""What is learned from on a robot with faults, compared with the simulated robot's own record."""

import itertools

import numpy as np
import pytest
from stable_baselines3.common.buffers import RolloutBuffer
from stable_baselines3.common.save_util import load_from_pkl

from rl_zoo.envs.real_robot_env import RealRobotEnv
from rl_zoo.robots.drivers.sim import SimDriver
from rl_zoo.robots.simulated.fault_kinds import make_fault
from rl_zoo.robots.simulated.record import Record
from rl_zoo.runs.episode_file import episode_files, episodes_folder, read_episode
from rl_zoo.runs.record import read_record
from scripts.soak_checks import RobotTruth, check_buffer, check_transitions

pytest.importorskip("mujoco")

FAULTS = [
    ("loss", {"share": 0.2, "duration": 0.3}), ("freeze", {"duration": 0.5}),
    ("delay", {"ms": 30.0, "duration": 0.3}), ("nan", {"duration": 0.5}), ("push", {"y": 1.0}),
    ("crash", {"duration": 0.5}), ("pause", {}), ("freeze", {"duration": 0.05}), ("fall", {}),
    ("lost_motor", {"duration": 1.0}), ("battery", {"duration": 2.0}), ("silence", {}),
]  # fmt: skip
EVERY = 21
"""Steps between two faults: an episode of an evaluation must come to its end between them."""
SIM = ["--env-kwargs", "driver:'sim'", "operator.assume_yes:True", "reset.auto_rearm:True"]
SIM += ["max_episode_steps:20", "--eval-freq", "150", "--eval-episodes", "1", "--seed", "3"]


@pytest.fixture(autouse=True)
def faults(monkeypatch):
    """Let a fault begin every so many steps, at a time of its own within the step."""
    plain, steps = RealRobotEnv.step, itertools.count(1)

    def step(self, action):
        number = next(steps)
        if number % EVERY == 0:
            name, values = FAULTS[number // EVERY % len(FAULTS)]
            driver = self.link.driver
            driver.faults.add(make_fault(name, driver.body.time + 0.001 * (number % 20), values))
        return plain(self, action)

    monkeypatch.setattr(RealRobotEnv, "step", step)


@pytest.fixture
def truth(monkeypatch, tmp_path):
    """Record every physics step of the simulated robot; return how to read it afterwards."""
    folder, records = tmp_path / "truth", []
    plain = SimDriver.__init__

    def recorded(self, spec, **options):
        plain(self, spec, **options)
        body, advance = self.body, self.body.advance
        record = Record(folder / str(len(records)), body, self.faults, {})
        records.append(record)

        def advance_and_record(n_steps=1):
            for _ in range(n_steps):
                advance()
                record.step(0, 0, [])

        body.advance = advance_and_record

    monkeypatch.setattr(SimDriver, "__init__", recorded)

    def read():
        for record in records:
            record.close()
        sizes = [(folder / str(n) / "steps.bin").stat().st_size for n in range(len(records))]
        found = RobotTruth(folder / str(int(np.argmax(sizes))))
        found.rows = found.rows.copy()
        found.rows["wall_time"] = found.rows["time"]  # the driver's clock is the simulation's
        return found

    return read


def check_episodes(run, truth, n_steps):
    record = read_record(run)
    findings = check_transitions(episodes_folder(run), truth(), 2.5 * 0.02 + 1e-6)
    assert findings.wrong == []
    assert findings.counts["stored transitions"] > 0.9 * n_steps
    assert findings.counts["discarded transitions"] == record.discarded >= 5
    return findings


@pytest.mark.slow
@pytest.mark.parametrize(
    ("algo", "params"),
    [
        ("sac", ["n_steps:3"]),
        ("tqc", ["train_freq:[1,'episode']", "env_wrapper:[{'HistoryWrapper':{'horizon':3}}]"]),
        ("sac", ["normalize:True"]),
    ],
)
def test_every_stored_row_happened(train_run, truth, algo, params):
    flags = ("-n", 400, "--save-replay-buffer", *SIM)
    run = train_run(algo, "Bert-Real-v0", *flags, normalize=False, params=params)
    check_episodes(run, truth, 400)
    findings = check_buffer(load_from_pkl(run.replay_buffer), episodes_folder(run))
    assert findings.wrong == []


@pytest.mark.slow
def test_every_row_of_a_rollout_happened(train_run, truth, monkeypatch):
    rollouts = []
    plain = RolloutBuffer.compute_returns_and_advantage

    def spy(self, *arguments, **more):
        rollouts.append({k: getattr(self, k)[:, 0].copy() for k in ("observations", "actions")})
        rollouts[-1]["discarded"] = self.discarded[:, 0].copy()
        plain(self, *arguments, **more)

    monkeypatch.setattr(RolloutBuffer, "compute_returns_and_advantage", spy)
    params = ["n_steps:64", "batch_size:32"]
    run = train_run("ppo", "Bert-Real-v0", "-n", 320, *SIM, normalize=False, params=params)
    check_episodes(run, truth, 320)
    episodes = [read_episode(file).arrays for file in episode_files(episodes_folder(run))]
    for key in ("observations", "actions"):
        whole = np.concatenate([e[key][: len(e["actions"])][~e["discarded"]] for e in episodes])
        learned = np.concatenate([rows[key][~rows["discarded"].astype(bool)] for rows in rollouts])
        if key == "actions":  # PPO stores its own, unclipped
            learned = np.clip(learned, -1.0, 1.0)
        np.testing.assert_array_equal(learned, whole.astype(learned.dtype))

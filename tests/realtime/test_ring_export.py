"""A ring becomes the buffer that SB3 itself would have filled."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from gymnasium.spaces import Box
from stable_baselines3.common.buffers import ReplayBuffer
from stable_baselines3.common.save_util import load_from_pkl

from rl_zoo.agents.discard_replay import ReplayDiscards
from rl_zoo.agents.extended_buffer import extend
from rl_zoo.commands.robot_to_buffer import main as to_buffer
from rl_zoo.realtime.ring import Ring, RingWriter, create_ring
from rl_zoo.realtime.ring_export import plain_buffer
from rl_zoo.realtime.ring_layout import DISCARD, START, TERMINATED, TRUNCATED, BoxSpec, RingSpec

NAMES = ("observations", "next_observations", "actions", "rewards", "dones", "timeouts")


@pytest.mark.parametrize("n_steps", [0, 1, 57, 100, 233])
def test_the_buffer_is_the_one_that_sb3_fills(tmp_path: Path, n_steps: int) -> None:
    random = np.random.default_rng(0)
    observation, action = Box(-1.0, 1.0, (2, 3), np.float64), Box(-1.0, 1.0, (2,), np.float32)
    create_ring(
        tmp_path / "replay.ring", RingSpec(BoxSpec.of(observation), BoxSpec.of(action), 100)
    )
    writer = RingWriter(tmp_path / "replay.ring")
    plain: Any = ReplayBuffer(100, observation, action, device="cpu")
    extend(plain, ReplayDiscards)
    plain.prepare()
    start = True
    for step in range(n_steps):
        kind = int(random.choice([0, 0, 0, TERMINATED, TRUNCATED, DISCARD | TRUNCATED]))
        is_last = step == n_steps - 1
        parts = (random.random((2, 3)), random.random((2, 3)), random.random(2), random.random())
        writer.append(parts[0], parts[2], parts[3], parts[1], kind | (START if start else 0))
        start = kind != 0
        info = {
            "TimeLimit.truncated": bool(kind & TRUNCATED) or (is_last and not kind),
            "discard": bool(kind & DISCARD),
        }
        done = np.array([bool(kind) or is_last])  # what broke off is cut by a timeout
        now, following, taken, reward = (np.asarray(part)[None] for part in parts)
        plain.add(now, following, taken, reward, done, [info])
    found = plain_buffer(Ring(writer.path))
    assert (found.pos, found.full) == (plain.pos, plain.full)
    assert np.array_equal(found.discarded, plain.discarded)
    for name in NAMES:
        expected = getattr(plain, name)
        assert getattr(found, name).dtype == expected.dtype
        assert np.array_equal(getattr(found, name), expected), name


def test_robot_to_buffer_takes_the_ring(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    box = BoxSpec.of(Box(-1.0, 1.0, (2,), np.float32))
    run = tmp_path / "Env-v0_1"
    (run / "realtime").mkdir(parents=True)
    file = run / "realtime" / "transitions.ring"
    create_ring(file, RingSpec(box, box, 100))
    assert to_buffer([str(run)]) == 3
    assert f"{file}: holds no transitions" in capsys.readouterr().err
    writer = RingWriter(file)
    for number in range(30):
        flags = TRUNCATED | DISCARD if number == 7 else 0
        writer.append(np.full(2, number), np.zeros(2), number, np.full(2, number + 1), flags)
    assert to_buffer([str(run)]) == 0
    assert f"30 transitions of {file}, 1 of them discarded" in capsys.readouterr().out
    memory = load_from_pkl(run / "replay_buffer.pkl")
    assert type(memory) is ReplayBuffer
    assert memory.rewards[: memory.pos, 0].tolist() == [*range(7), 0, *range(8, 30)]

"""Copy a ring into a replay buffer of SB3, for programs that know nothing of rings."""

from __future__ import annotations

from typing import Any

import numpy as np
from stable_baselines3.common.buffers import NStepReplayBuffer, ReplayBuffer

from rl_zoo.agents.discard_replay import ReplayDiscards
from rl_zoo.agents.extended_buffer import extend
from rl_zoo.realtime.ring import Ring


def plain_buffer(ring: Ring, n_steps: int = 1, gamma: float = 0.99) -> Any:
    """Return a buffer with the transitions to learn from, each at the place SB3 had given it.

    Interrupted transitions are the holes of ``ReplayDiscards``. An episode that broke off without
    an end (a process was killed) is cut by a timeout, as a saved buffer is.

    Args:
        ring: That nobody writes to.
        n_steps: Of the returns that the buffer is to be sampled for.
        gamma: Their discount per step.

    Returns:
        SB3's buffer; saved with ``save_to_pkl`` it needs nothing of this package.
    """
    spec = ring.spec
    spaces = (spec.observation.space(), spec.action.space())
    returns: dict[str, Any] = {} if n_steps == 1 else {"n_steps": n_steps, "gamma": gamma}
    kind: Any = NStepReplayBuffer if returns else ReplayBuffer
    memory: Any = kind(spec.buffer_size, *spaces, device="cpu", **returns)
    extend(memory, ReplayDiscards)
    memory.prepare()
    numbers = np.arange(max(0, ring.committed - spec.buffer_size), ring.committed)
    rows = ring.read(int(numbers[0]), ring.committed) if len(numbers) else ring.rows[:0]
    places = numbers % spec.buffer_size
    holes = rows["discard"] != 0
    terminated = (rows["terminated"] != 0) & ~holes
    broken_off = np.append(rows["start"][1:] != 0, True) | np.append(holes[1:], False)
    is_over = terminated | (rows["truncated"] != 0) | broken_off | holes
    following = rows["next_observation"].copy()
    following[holes] = rows["observation"][holes]
    memory.observations[places, 0] = rows["observation"]
    memory.next_observations[places, 0] = following
    memory.actions[places, 0] = rows["action"].reshape(-1, memory.action_dim)
    memory.rewards[places, 0] = np.where(holes, 0.0, rows["reward"])
    memory.dones[places, 0] = is_over
    memory.timeouts[places, 0] = is_over & ~terminated
    memory.discarded[places, 0] = holes
    memory.pos, memory.full = (
        ring.committed % spec.buffer_size,
        ring.committed >= spec.buffer_size,
    )
    return memory

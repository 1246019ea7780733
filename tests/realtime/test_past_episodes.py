"""After a SIGKILL of everything: episodes that are in the ring and in no log are written down."""

import numpy as np
import pytest
from gymnasium.spaces import Box

from rl_zoo.realtime.past_episodes import count_again, read_events, unlogged_episodes
from rl_zoo.realtime.ring import Ring, RingWriter, create_ring
from rl_zoo.realtime.ring_layout import DISCARD, START, TERMINATED, TRUNCATED, BoxSpec, RingSpec
from rl_zoo.runs.record import RunRecord

SPACE = BoxSpec.of(Box(-1.0, 1.0, (2,), np.float32))


@pytest.fixture
def ring(tmp_path):
    """A ring with rows of reward 1, 2, 3, ... and these flags."""
    create_ring(tmp_path / "ring", RingSpec(SPACE, SPACE, 100))
    flags = [START, 0, TRUNCATED]  # logged
    flags += [START, TERMINATED]  # not logged
    flags += [START, 0]  # killed in the middle
    flags += [START | TRUNCATED | DISCARD]
    flags += [START, 0]  # running
    writer = RingWriter(tmp_path / "ring")
    for number, flag in enumerate(flags):
        writer.append([0, 0], [0, 0], number + 1.0, [0, 0], flag)
    writer.close()
    return Ring(tmp_path / "ring")


def test_episodes_after_the_last_logged_one_are_found(ring):
    logged = [{"kind": "episode", "step": 3}, {"kind": "evaluation", "step": 3}]
    found = list(unlogged_episodes(ring, logged, 12.0))
    numbers = [(event["step"], event["r"], event["l"], event["t"]) for event in found]
    assert numbers == [(5, 9.0, 2, 12.0), (8, 8.0, 1, 12.0)]
    assert [event["is_termination"] for event in found] == [True, False]
    assert [event["discarded"] for event in found] == [0, 1]
    assert [event["cut"] for event in found] == [0, 1]
    assert len(list(unlogged_episodes(ring, [], 0.0))) == 3
    assert not list(unlogged_episodes(ring, [{"kind": "episode", "step": 8}], 0.0))


def test_line_that_was_cut_short_is_removed(tmp_path):
    file = tmp_path / "events.jsonl"
    assert read_events(file) == []
    file.write_text('{"kind": "episode", "step": 3}\n{"kind": "epis')
    assert read_events(file) == [{"kind": "episode", "step": 3}]
    assert file.read_text() == '{"kind": "episode", "step": 3}\n'


def test_record_counts_what_is_logged():
    record = RunRecord("sac", "Env-v0", 0, 10, end_reasons={"fall": 9}, truncations={}, discarded=5)
    events = [
        {"kind": "episode", "end_reason": "fall", "is_termination": True, "discarded": 0},
        {"kind": "evaluation", "number": 1},
        {"kind": "episode", "end_reason": "time_limit", "is_termination": False, "discarded": 2},
    ]
    count_again(record, events)
    assert record.end_reasons == {"fall": 1, "time_limit": 1}
    assert record.truncations == {"time_limit": 1} and record.discarded == 2

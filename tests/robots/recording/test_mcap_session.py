"""Sessions as MCAP: read back by the format's own reader, whole and torn."""

import json
import time

import numpy as np
import pytest

from rl_zoo.errors import DamagedFileError
from rl_zoo.robots.recording.session_schemas import COMMAND, FIELDS, MODE, STATE
from tests.robots.recording.ticks import make_ticks

reader = pytest.importorskip("mcap.reader")

from rl_zoo.robots.recording.mcap_session import McapSession, read_session  # noqa: E402

RATE = 500.0


def write(path, n_ticks=1000, finish=True, per_call=8):
    session = McapSession(path, RATE, {"robot": "bert"})
    for start in range(0, n_ticks, per_call):
        session.add(make_ticks(min(per_call, n_ticks - start), start))
    if finish:
        session.finish()
    return path


def test_whole_session_is_read_by_the_formats_own_reader(tmp_path):
    path = write(tmp_path / "session.mcap")
    with path.open("rb") as file:
        source = reader.make_reader(file, validate_crcs=True)
        assert isinstance(source, reader.SeekingReader)
        messages = list(source.iter_messages())
        summary = source.get_summary()
    states = [json.loads(m.data) for _, channel, m in messages if channel.topic == STATE]
    assert [state["tick"] for state in states] == list(range(1000))
    assert states[7]["joint_positions"] == pytest.approx(np.arange(8) + 0.008)
    assert states[0]["battery_voltage"] is None
    assert {channel.topic for channel in summary.channels.values()} == {STATE, COMMAND, MODE}
    assert summary.statistics.message_count == len(messages)
    assert len(summary.chunk_indexes) > 30


def test_schemas_describe_every_field_with_its_unit(tmp_path):
    path = write(tmp_path / "session.mcap", 10)
    with path.open("rb") as file:
        messages = list(reader.make_reader(file).iter_messages())
    seen = set()
    for schema, channel, message in messages:
        assert (schema.encoding, channel.message_encoding) == ("jsonschema", "json")
        properties = json.loads(schema.data)["properties"]
        values = json.loads(message.data, parse_constant=lambda name: pytest.fail(name))
        assert set(values) == set(properties) == set(FIELDS[channel.topic])
        assert all(entry["description"] for entry in properties.values())
        seen.add(channel.topic)
    assert seen == {STATE, COMMAND, MODE}


def test_stamps_are_dates_in_nanoseconds(tmp_path):
    session = McapSession(tmp_path / "session.mcap", RATE, {})
    rows = make_ticks(1)
    rows["time"] = time.monotonic()
    session.add(rows)
    session.finish()
    (first, *_) = read_session(tmp_path / "session.mcap")
    assert first.time == pytest.approx(time.time(), abs=5.0)


def test_mode_is_written_when_it_changes_and_every_second(tmp_path):
    session = McapSession(tmp_path / "session.mcap", RATE, {})
    rows = make_ticks(1000)
    rows["mode"][250:] = 8
    rows["interruption"][250:] = 8
    session.add(rows)
    session.finish()
    modes = [m.data for m in read_session(tmp_path / "session.mcap") if m.topic == MODE]
    assert [(m["tick"], m["mode"], m["interruption"]) for m in modes] == [
        (0, "RUN", "none"),
        (250, "FAULT", "estop"),
        (750, "FAULT", "estop"),
    ]


@pytest.mark.parametrize("lost", [1, 100, 5000])
def test_torn_session_is_read_up_to_the_tear(tmp_path, lost):
    path = write(tmp_path / "session.mcap", finish=False)
    content = path.read_bytes()
    path.write_bytes(content[:-lost])
    ticks = [m.data["tick"] for m in read_session(path) if m.topic == STATE]
    assert ticks == list(range(len(ticks)))
    per_tick = len(content) / 1000
    assert len(ticks) >= 1000 - lost / per_tick - 0.1 * RATE


def test_damaged_chunk_ends_the_session(tmp_path):
    path = write(tmp_path / "session.mcap")
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 0xFF
    path.write_bytes(content)
    ticks = [m.data["tick"] for m in read_session(path) if m.topic == STATE]
    assert ticks == list(range(len(ticks)))
    assert 100 < len(ticks) < 900


def test_unfinished_session_lacks_less_than_a_tenth_of_a_second(tmp_path):
    path = write(tmp_path / "session.mcap", finish=False)
    newest = max(m.data["tick"] for m in read_session(path))
    assert newest >= 999 - 0.1 * RATE


def test_other_file_is_refused(tmp_path):
    (tmp_path / "other").write_bytes(b"something else")
    with pytest.raises(DamagedFileError, match="no MCAP"):
        list(read_session(tmp_path / "other"))

"""A session comes back as it was read, a broken one as far as it goes."""

from dataclasses import fields, replace

import numpy as np
import pytest

from rl_zoo.errors import ConfigError, DamagedFileError
from rl_zoo.robots.bert import BERT
from rl_zoo.robots.driver import Capabilities
from rl_zoo.robots.recording.session_file import (
    SessionHeader,
    SessionWriter,
    read_session,
    record_dtype,
)
from tests.robots.guarded_robots import make_state

HEADER = SessionHeader.of(BERT, "remote", Capabilities(500.0, frozenset({"battery", "torque"})))
FULL = make_state(
    BERT,
    time=1234.000001,
    joint_velocities=np.linspace(-1, 1, 8),
    joint_torques=np.linspace(-2, 2, 8),
    motor_positions=np.linspace(-0.5, 0.5, 8),
    orientation=(0.5, -0.5, 0.5, 0.5),
    acceleration_in_body=np.array([0.0, 1.0, 9.81]),
    foot_forces=np.array([0.0, 1.0, 2.0, 3.0]),
    temperatures=np.arange(30.0, 38.0),
    battery_voltage=16.4,
    sequence=70000,
    motors_online=(True, False, *[True] * 6),
    buttons=frozenset({"L2", "estop"}),
)


def write(path, states, targets=None, **options):
    with SessionWriter(path, HEADER, **options) as writer:
        for index, state in enumerate(states):
            writer.append(state, None if targets is None else targets[index])


@pytest.mark.parametrize("state", [FULL, make_state(BERT, time=0.25)], ids=["full", "unknown"])
def test_every_field_comes_back(tmp_path, state):
    write(tmp_path / "a", [state])
    session = read_session(tmp_path / "a")
    assert session.header == HEADER
    assert session.header.measures == ("battery", "torque")
    (read,) = session.states()
    for field in fields(read):
        expected, found = getattr(state, field.name), getattr(read, field.name)
        if expected is None or isinstance(expected, (int, bool, tuple, frozenset)):
            assert found == expected, field.name
        else:
            np.testing.assert_allclose(found, expected, rtol=1e-6, err_msg=field.name)
    assert read.time == state.time, "stamps are exact"


def test_what_broke_off_is_read_up_to_the_last_whole_sample(tmp_path):
    write(tmp_path / "a", [replace(FULL, time=float(i)) for i in range(10)])
    content = (tmp_path / "a").read_bytes()
    size = record_dtype(8, 4).itemsize
    (tmp_path / "b").write_bytes(content[: -size // 2])
    assert list(read_session(tmp_path / "b").times) == list(range(9))


def test_samples_are_on_disk_while_it_records(tmp_path):
    writer = SessionWriter(tmp_path / "a", HEADER, flush_every=5)
    for i in range(12):
        writer.append(replace(FULL, time=float(i)))
    assert len(read_session(tmp_path / "a")) >= 10
    writer.close()
    assert len(read_session(tmp_path / "a")) == 12


def test_targets_are_the_commands_else_where_the_motors_were(tmp_path):
    states = [replace(FULL, motor_positions=np.full(8, 0.1 * i)) for i in range(3)]
    write(tmp_path / "read", states)
    session = read_session(tmp_path / "read")
    assert not session.has_targets
    np.testing.assert_allclose(session.targets()[:, 0], [0.0, 0.1, 0.2], atol=1e-6)

    write(tmp_path / "sent", states, [None, np.full(8, 0.5), None])
    session = read_session(tmp_path / "sent")
    assert session.has_targets
    np.testing.assert_allclose(session.targets()[:, 7], 0.5)


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b"", "is no session"),
        (b"PK\x03\x04" + bytes(100), "is no session"),
        (b"RLZS\x02\x00\x00\x00\x00\x00", "version 2; 1 can be read"),
        (b"RLZS\x01\x00\x04\x00\x00\x00{}{}", "header"),
    ],
)
def test_another_file_is_refused(tmp_path, content, why):
    (tmp_path / "x").write_bytes(content)
    with pytest.raises(DamagedFileError, match=why):
        read_session(tmp_path / "x")


def test_an_empty_session_and_a_missing_file(tmp_path):
    write(tmp_path / "a", [])
    with pytest.raises(DamagedFileError, match="holds no sample"):
        read_session(tmp_path / "a")
    with pytest.raises(ConfigError, match="cannot be read"):
        read_session(tmp_path / "none")


def test_a_session_is_never_written_over(tmp_path):
    write(tmp_path / "a", [FULL])
    with pytest.raises(ConfigError, match="exists already"):
        SessionWriter(tmp_path / "a", HEADER)
    assert len(read_session(tmp_path / "a")) == 1

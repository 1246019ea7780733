"""Faults at run time over a Unix datagram socket."""

import socket
import threading

import pytest

from rl_zoo.errors import ConfigError, RobotFault
from rl_zoo.robots.bert import BERT
from rl_zoo.robots.simulated.body import SimulatedBody
from rl_zoo.robots.simulated.fault_socket import FaultSocket, ask, default_path, inject
from rl_zoo.robots.simulated.faults import Faults
from rl_zoo.robots.simulated.runner import Runner


class Silent:
    """A bus on which nothing happens."""

    n_refused, packets, address = 0, None, "nowhere"

    def open(self): ...
    def close(self): ...
    def receive(self):
        return []

    def publish(self, state): ...


@pytest.fixture
def robot(tmp_path):
    """A robot that runs in a thread, and the path of its socket."""
    body = SimulatedBody(BERT)
    runner = Runner(body, Silent(), Faults(body))
    path = tmp_path / "s"
    runner.socket = FaultSocket(path)
    runner.open()
    stop = threading.Event()
    thread = threading.Thread(target=lambda: runner.run(should_stop=stop.is_set))
    thread.start()
    yield runner, path
    stop.set()
    thread.join(30)
    assert not path.exists()


def test_faults_begin_and_end_on_request(robot):
    runner, path = robot
    assert inject(path, "overheat", motor=2, temperature=99, duration=1000) == 0
    assert inject(path, "freeze", duration="1000") == 1
    while (status := ask(path, {"do": "status"}))["n_faults"] != 2:
        pass
    assert len(status["active"]) == 2
    assert status["height"] < 0.1
    assert runner.body.heat.read()[2] == 99.0
    ask(path, {"do": "clear"})
    assert ask(path, {"do": "status"})["active"] == []


@pytest.mark.parametrize(
    ("request_", "message"),
    [
        ({"do": "inject", "fault": "pussh"}, "did you mean 'push'"),
        ({"do": "inject", "fault": "push", "w": 1}, "push.w: unknown"),
        ({"do": "inject", "fault": "stuck", "joint": 12}, "joints 0 to 7"),
        ({"do": "explode"}, "no 'explode'"),
        ({}, "do: no"),
        ({"do": "inject", "fault": "push", "y": [1]}, "must be a number"),
    ],
)
def test_a_wrong_request_is_answered_and_harmless(robot, request_, message):
    with pytest.raises(ConfigError, match=message):
        ask(robot[1], request_)
    assert ask(robot[1], {"do": "status"})["n_faults"] == 0


def test_noise_on_the_socket_is_survived(robot):
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as noise:
        for data in (b"", b"\xff\x00", b"[1, 2]", b'{"do": "inject"', b"null", b"7"):
            noise.sendto(data, str(robot[1]))
    assert ask(robot[1], {"do": "status"})["n_faults"] == 0


def test_a_dead_program_s_socket_is_replaced_and_a_living_one_s_is_not(tmp_path):
    path = tmp_path / "s"
    first = FaultSocket(path)
    with pytest.raises(RobotFault, match="another simulated robot"):
        FaultSocket(path)
    first._socket.close()  # as if killed: the file stays
    assert path.exists()
    FaultSocket(path).close()
    assert not path.exists()


def test_nobody_there(tmp_path):
    with pytest.raises(RobotFault, match="no simulated robot answers"):
        inject(tmp_path / "nobody", "push")


def test_an_impossible_place_is_one_sentence(tmp_path):
    with pytest.raises(RobotFault, match="no socket for faults"):
        FaultSocket(tmp_path / ("x" * 200))


def test_the_default_place_is_the_users_own(monkeypatch, tmp_path):
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path))
    assert default_path("bert").is_relative_to(tmp_path)
    assert default_path("bert") != default_path("go2")

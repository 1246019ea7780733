"""check_driver passes the drivers of real protocols, against simulated robots that speak them."""

import importlib.util
import os
import socket
import subprocess
import sys
import threading

import pytest

from rl_zoo.robots.bert import BERT
from rl_zoo.robots.drivers.catalog import make_driver
from rl_zoo.testing import check_driver


def needs(module):
    missing = importlib.util.find_spec(module) is None
    return pytest.mark.skipif(missing, reason=f"{module} is not installed")


def free_port():
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@pytest.fixture
def simulate(tmp_path):
    """Start a simulated bert behind a protocol; it ends with the test."""
    processes = []

    def run(protocol, *options):
        command = [sys.executable, "-m", "rl_zoo.cli", "robot", "simulate", "--robot", "bert"]
        command += ["--protocol", protocol, "--protocol-options", *options]
        command += ["--socket", str(tmp_path / "faults")]
        process = subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )
        processes.append(process)
        timer = threading.Timer(60, process.kill)
        timer.start()
        line = process.stdout.readline()
        timer.cancel()
        assert "ready" in line, process.stderr.read()

    yield run
    for process in processes:
        process.kill()
        process.communicate()


UNICAST = f"udp://127.0.0.1:{free_port()}"
PORT = free_port()
MULTICAST = f"239.74.{os.getpid() % 250}.{os.getpid() // 250 % 250}"
DOMAIN = 60 + os.getpid() % 150


@pytest.mark.slow
@pytest.mark.parametrize(
    ("protocol", "options", "more", "nowhere"),
    [
        ("remote", {"address": UNICAST}, {}, {"address": "udp://127.0.0.1:9"}),
        pytest.param(
            "unitree",
            {"domain": DOMAIN, "interface": "lo"},
            {},
            {"domain": DOMAIN + 1, "connect_timeout": 0.5},
            marks=needs("cyclonedds"),
        ),
        pytest.param(
            "moteus",
            {"channel": MULTICAST, "bus_options": {"port": PORT}},
            {"bus": "udp_multicast", "imu": "can"},
            {"bus_options": {"port": free_port()}, "timeout": 0.5},
            marks=[needs("moteus"), needs("can"), needs("msgpack")],
        ),
    ],
)
def test_it_conforms(simulate, protocol, options, more, nowhere):
    simulate(protocol, *(f"{key}:{value}" for key, value in options.items()))
    chosen = {**options, **more}
    report = check_driver(
        lambda: make_driver(protocol, BERT, chosen),
        may_move=protocol == "remote",
        min_rate_share=0.2,  # two cores, both busy
        make_unreachable=lambda: make_driver(protocol, BERT, {**chosen, **nowhere}),
    )
    report.raise_if_failed()

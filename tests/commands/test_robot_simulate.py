"""``robot simulate``: one line when ready, a summary at the end, faults on request."""

import contextlib
import os
import signal
import subprocess
import sys
import threading

import pytest

from rl_zoo.commands import robot_simulate
from rl_zoo.robots.bert import BERT
from rl_zoo.robots.driver import RobotCommand
from rl_zoo.robots.drivers.catalog import make_driver
from rl_zoo.robots.simulated.fault_socket import ask
from rl_zoo.robots.simulated.record import read_events, read_packets, read_record


def simulate(*arguments):
    return robot_simulate.main([str(each) for each in arguments])


@pytest.fixture
def bus(tmp_path):
    """Flags of a bus and a socket of this test alone."""
    return [
        *("--protocol-options", f"address:unix://{tmp_path}/bus"),
        *("--socket", tmp_path / "faults"),
    ]


@contextlib.contextmanager
def running(*arguments):
    """Run the command in a process; yield it and its first line."""
    code = "import sys; from rl_zoo.commands.robot_simulate import main; sys.exit(main())"
    process = subprocess.Popen(
        [sys.executable, "-c", code, *map(str, arguments)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    watchdog = threading.Timer(60, process.kill)
    watchdog.start()
    try:
        yield process, process.stdout.readline()
    finally:
        watchdog.cancel()
        process.kill()
        process.communicate()


def test_ready_line_and_summary(bus, capsys):
    assert simulate("--robot", "bert", *bus, "--duration", "0.2", "--start", "standing") == 0
    ready, summary = capsys.readouterr().out.splitlines()
    assert ready.startswith("simulated bert ready: remote unix:///")
    assert "8 joints, standing, 500 states/s" in ready
    assert "0 commands, 0 refused, 0 unsafe" in summary


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--robot", "brt"], "did you mean 'bert'"),
        (["--robot", "mock"], "'mock'"),
        (["--protocol", "remot"], "did you mean 'remote'"),
        (["--protocol-options", "adress:udp://:1"], "did you mean 'address'"),
        (["--simulation", "frction:0.5"], "did you mean 'friction'"),
        (["--start", "lyng"], "did you mean 'lying'"),
        (["--fault", "pusch@1"], "did you mean 'push'"),
        (["--fault", "stuck@1:joint=9"], "joints 0 to 7"),
        (["--state-rate", "1000"], "at most 500 Hz"),
        (["--duration", "-1"], "--duration"),
        (["--watchdog", "nan"], "--watchdog"),
        (["--random-faults", "3", "--random-kinds", "pull"], "no 'pull'"),
        (["--inject", "push"], "no simulated robot answers"),
    ],
)
def test_mistakes_are_one_sentence(arguments, message, bus, capsys, tmp_path):
    with_bus = bus if "--protocol-options" not in arguments else bus[2:]
    code = simulate(*with_bus, "--duration", "0.1", *arguments)
    assert code == (4 if "--inject" in arguments else 2)
    error = capsys.readouterr().err
    assert message in error
    assert "Traceback" not in error
    assert not (tmp_path / "faults").exists()


def test_list_of_faults(capsys):
    assert simulate("--list-faults") == 0
    assert "crash" in capsys.readouterr().out


def test_a_driver_and_a_fault_in_another_process(bus, tmp_path, capsys):
    record = tmp_path / "record"
    with running("--robot", "bert", *bus, "--record", record, "--seed", "3") as (process, ready):
        assert "ready" in ready
        driver = make_driver("remote", BERT, {"address": f"unix://{tmp_path}/bus"})
        driver.connect()
        assert driver.read() is not None
        assert simulate("--inject", "overheat:motor=3,temperature=99", *bus[2:]) == 0
        assert "overheat" in capsys.readouterr().out
        deadline = driver.clock.now() + 30
        status = {"n_commands": 0}
        while driver.read().temperatures[3] != 99.0 or status["n_commands"] == 0:
            assert driver.clock.now() < deadline
            driver.write(RobotCommand(driver.read().motor_positions))
            driver.clock.sleep_until(driver.clock.now() + 0.005)
            status = ask(tmp_path / "faults", {"do": "status"})
        assert status["n_unsafe"] == 0
        driver.stop()
        driver.close()
        process.send_signal(signal.SIGTERM)
        assert "commands" in process.stdout.read()
        assert process.wait(30) == 0
    header, rows = read_record(record)
    assert header["robot"] == "bert"
    assert rows["n_commands"].sum() <= len(read_packets(record))
    assert read_events(record)[0]["event"] == "begin"


def test_a_record_survives_a_killed_robot(bus, tmp_path):
    record = tmp_path / "record"
    with running("--robot", "bert", *bus, "--record", record) as (process, _):
        while ask(tmp_path / "faults", {"do": "status"})["sequence"] < 100:
            pass
        os.kill(process.pid, signal.SIGKILL)
        process.wait(30)
    _, rows = read_record(record)
    assert len(rows) >= 75
    assert list(rows["sequence"]) == list(range(1, len(rows) + 1))
    # What was left behind does not stop the next one.
    assert simulate("--robot", "bert", *bus, "--duration", "0.05") == 0

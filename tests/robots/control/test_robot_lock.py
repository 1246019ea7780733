"""One owner per robot: who is refused, and that nothing dead ever refuses."""

import os
import signal
import subprocess
import sys

import pytest

from rl_zoo.errors import RobotFault
from rl_zoo.robots.control.robot_lock import acquire_lock, lock_folder, owner_of, owners
from tests.robots.control.control_processes import FILE_DRIVER, wait_for

OPTIONS = {"file": "x"}


class AddressedDriver:
    """A driver whose robot is found by other names than the usual ones."""

    ADDRESS_OPTIONS = ("leg",)

    def __init__(self, spec, *, leg=1, address="a"):
        pass


def test_second_owner_gets_one_sentence_with_pid_and_command():
    lock = acquire_lock(FILE_DRIVER, OPTIONS)
    with pytest.raises(RobotFault) as refusal:
        acquire_lock(FILE_DRIVER, OPTIONS)
    text = str(refusal.value)
    assert f"process {os.getpid()}:" in text
    assert sys.orig_argv[0] in text
    assert "\n" not in text
    lock.release()
    acquire_lock(FILE_DRIVER, OPTIONS).release()


def test_owner_is_told_while_there_is_one():
    assert owner_of(FILE_DRIVER, OPTIONS) is None
    lock = acquire_lock(FILE_DRIVER, OPTIONS)
    lock.record(control_pid=4711)
    owner = owner_of(FILE_DRIVER, OPTIONS)
    assert (owner.pid, owner.control_pid) == (os.getpid(), 4711)
    assert owners() == [owner]
    lock.release()
    assert owner_of(FILE_DRIVER, OPTIONS) is None
    assert owners() == []


def test_other_address_is_another_robot():
    lock = acquire_lock(FILE_DRIVER, OPTIONS)
    other = acquire_lock(FILE_DRIVER, {**OPTIONS, "address": "b"})
    assert len(owners()) == 2
    lock.release()
    other.release()


def test_default_address_is_the_same_robot_as_when_it_is_written_out():
    lock = acquire_lock(FILE_DRIVER, OPTIONS)
    with pytest.raises(RobotFault):
        acquire_lock(FILE_DRIVER, {"file": "another", "address": "a"})
    lock.release()


def test_driver_may_say_which_options_are_its_address():
    driver = f"{__name__}:AddressedDriver"
    sys.modules.setdefault(__name__, sys.modules[AddressedDriver.__module__])
    lock = acquire_lock(driver, {"address": "a"})
    with pytest.raises(RobotFault):
        acquire_lock(driver, {"address": "b"})
    acquire_lock(driver, {"leg": 2}).release()
    lock.release()


def test_lock_of_a_killed_process_does_not_block():
    code = (
        "import time; from rl_zoo.robots.control.robot_lock import acquire_lock;"
        f"lock = acquire_lock({FILE_DRIVER!r}, {OPTIONS!r}); print('mine', flush=True);"
        "time.sleep(1000)"
    )
    process = subprocess.Popen(
        [sys.executable, "-c", code], stdout=subprocess.PIPE, env=_environment()
    )
    try:
        process.stdout.readline()
        with pytest.raises(RobotFault, match=f"process {process.pid}:"):
            acquire_lock(FILE_DRIVER, OPTIONS)
    finally:
        process.send_signal(signal.SIGKILL)
        process.wait()
        process.stdout.close()
    acquire_lock(FILE_DRIVER, OPTIONS).release()


def test_heir_keeps_the_lock_and_is_named():
    lock = acquire_lock(FILE_DRIVER, OPTIONS)
    heir = subprocess.Popen(["sleep", "1000"], pass_fds=[lock.descriptor])
    lock.record(heir.pid)
    lock.release()
    try:
        assert owner_of(FILE_DRIVER, OPTIONS).control_pid == heir.pid
        with pytest.raises(RobotFault):
            acquire_lock(FILE_DRIVER, OPTIONS)
    finally:
        heir.kill()
        heir.wait()
    wait_for(lambda: owner_of(FILE_DRIVER, OPTIONS) is None)


def test_robot_that_is_still_brought_down_is_told_apart():
    lock = acquire_lock(FILE_DRIVER, OPTIONS)
    raw = os.pread(lock.descriptor, 4096, 0).replace(
        str(os.getpid()).encode(), b"4194305"
    )  # No process has this number: it is above the largest.
    os.pwrite(lock.descriptor, raw, 0)
    with pytest.raises(RobotFault, match="still brought down"):
        acquire_lock(FILE_DRIVER, OPTIONS)
    lock.release()


def test_folder_of_someone_else_is_refused(tmp_path, monkeypatch):
    (tmp_path / "rl_zoo").write_text("no folder")
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path))
    with pytest.raises(RobotFault, match="lock"):
        lock_folder()


def _environment():
    return {**os.environ, "PYTHONPATH": os.pathsep.join(path for path in sys.path if path)}

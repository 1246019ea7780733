"""Full disks, deleted folders and crowds: what is saved stays, and ids never collide."""

import errno
import os
import resource
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from rl_zoo.runs import atomic
from rl_zoo.runs.checkpoints import complete_checkpoints, verify_checkpoint
from rl_zoo.runs.folder import create_run_folder, open_run_folder
from rl_zoo.runs.record import read_record
from tests.processes import wait_until


@pytest.fixture
def disk(monkeypatch):
    """A disk that is full while ``disk.full`` is true: nothing can be flushed to it."""

    class Disk:
        full = False
        fills_up = True

    flush = os.fsync

    def fsync(descriptor):
        if Disk.full:
            raise OSError(errno.ENOSPC, "No space left on device")
        flush(descriptor)

    monkeypatch.setattr(atomic.os, "fsync", fsync)
    return Disk


def fill_disk_during(monkeypatch, disk, first, last):
    """Let the disk be full from the ``first`` to the ``last`` checkpoint."""
    from rl_zoo.callbacks import checkpoint

    save, count = checkpoint.save_checkpoint, [0]

    def save_checkpoint(*arguments):
        count[0] += 1
        disk.full = first <= count[0] <= last and disk.fills_up
        return save(*arguments)

    monkeypatch.setattr(checkpoint, "save_checkpoint", save_checkpoint)


def test_full_disk_at_a_checkpoint_costs_this_checkpoint_only(
    arguments, train, disk, monkeypatch, train_run, tmp_path
):
    flags = ("-n", 260, "--save-freq", 50)
    fill_disk_during(monkeypatch, disk, 2, 3)
    code, _, err = train(*arguments("sac", "Tiny-v0", *flags))
    assert code == 0, err
    assert err.count("No space left on device") == 2
    run = open_run_folder(tmp_path / "logs/sac/Tiny-v0_1")
    steps = complete_checkpoints(run)
    assert len(steps) == 3, "the first, the fourth and the one at the end"
    for step in steps:
        verify_checkpoint(run, step)
    assert not list(run.path.rglob(".*tmp*"))
    assert run.checkpoint_steps() == steps, "nothing of those that failed takes up room"


def test_good_checkpoint_of_the_same_step_is_never_overwritten(train_run, train, disk, arguments):
    """A resumed run that is stopped before its first step must not risk what it came from."""
    run = train_run("sac", "Tiny-v0", "-n", 100, "--save-freq", 50)
    steps = complete_checkpoints(run)
    disk.full = True
    from rl_zoo.agents.checkpoint import save_checkpoint

    class Agent:
        num_timesteps = steps[-1]

    assert save_checkpoint(run, Agent(), None, {}) == steps[-1]
    assert complete_checkpoints(run) == steps


def test_full_disk_at_the_end(arguments, train, disk, monkeypatch, tmp_path):
    fill_disk_during(monkeypatch, disk, 2, 99)
    code, _, err = train(*arguments("sac", "Tiny-v0", "-n", 160, "--save-freq", 60))
    assert code == 1
    assert "No space left on device" in err
    assert "internal error" not in err
    run = open_run_folder(tmp_path / "logs/sac/Tiny-v0_1")
    (first, *_) = complete_checkpoints(run)
    assert not run.final_model.exists()
    disk.full = disk.fills_up = False
    code, _, err = train("--resume", run.path)
    assert code == 0, err
    assert f"from step {first}" in err
    assert read_record(run).state == "finished"


@pytest.mark.slow
def test_files_cut_short_by_the_system(arguments, tmp_path, train_run, train):
    """A limit on the size of files makes writing fail in the middle, as a full disk does."""
    straight = train_run(
        "sac", "Tiny-v0", "-n", 300, "--save-freq", 50, folder=tmp_path / "straight"
    )
    flags = ["-n", 300, "--save-freq", 50, "--eval-freq", 100]
    command = [sys.executable, "-m", "rl_zoo.train"]
    command += arguments("sac", "Tiny-v0", *flags, folder=tmp_path / "limited")
    size = straight.checkpoint_model(straight.checkpoint_steps()[0]).stat().st_size

    def limit():
        resource.setrlimit(resource.RLIMIT_FSIZE, (size // 2, size // 2))

    result = subprocess.run(command, preexec_fn=limit, capture_output=True, text=True, check=False)
    assert result.returncode == 1, result.stderr
    assert "Traceback" not in result.stderr
    assert "File too large" in result.stderr
    run = open_run_folder(tmp_path / "limited/sac/Tiny-v0_1")
    assert not complete_checkpoints(run)
    assert not run.final_model.exists(), "no stub that looks like a model"


def test_failed_write_leaves_the_old_content(tmp_path, disk):
    file = tmp_path / "file"
    atomic.write_text(file, "old")
    disk.full = True
    with pytest.raises(OSError, match="No space"):
        atomic.write_text(file, "new")
    with pytest.raises(OSError, match="No space"):
        atomic.write_with(file, lambda name: Path(name).touch())
    assert file.read_text() == "old"
    assert list(tmp_path.iterdir()) == [file]


def test_log_folder_that_is_a_file(arguments, train, tmp_path):
    (tmp_path / "logs").write_text("mine")
    code, _, err = train(*arguments("sac", "Tiny-v0", "-n", 50))
    assert code == 2
    assert "cannot create a run folder there" in err
    assert (tmp_path / "logs").read_text() == "mine"


def test_read_only_log_folder(arguments, train, tmp_path, monkeypatch):
    def mkdir(path, *args, **kwargs):
        raise PermissionError(errno.EACCES, "Permission denied", str(path))

    command = arguments("sac", "Tiny-v0", "-n", 50)
    monkeypatch.setattr(Path, "mkdir", mkdir)
    code, _, err = train(*command)
    assert code == 2
    assert "Permission denied" in err
    assert "choose a writable folder with -f" in err


def test_folder_deleted_while_training(arguments, start, train, tmp_path):
    flags = ("-n", 400, "--save-freq", 100, "--eval-freq", 80, "--log-interval", 2)
    command = start(*arguments("sac", "Tiny-v0", *flags, "--env-kwargs", "delay:0.002"))
    path = tmp_path / "logs/sac/Tiny-v0_1"
    monitor = path / "0.monitor.csv"
    wait_until(lambda: monitor.is_file() and len(monitor.read_text().splitlines()) > 5)
    shutil.rmtree(path)
    assert command.wait() == 0, command.err
    run = open_run_folder(path)
    assert run.final_model.is_file()
    assert run.config_file.is_file()
    assert complete_checkpoints(run)
    assert read_record(run).state == "finished"
    code, _, err = train("--resume", path, "-n", 500)
    assert code == 0, err
    from stable_baselines3.common.monitor import load_results

    assert len(load_results(str(path))) > 3


def test_runs_started_together_get_folders_of_their_own(arguments, start, tmp_path):
    commands = [start(*arguments("ppo", "Tiny-v0", "-n", 64)) for _ in range(6)]
    assert [command.wait() for command in commands] == [0] * 6
    runs = sorted((tmp_path / "logs/ppo").iterdir())
    assert [run.name for run in runs] == [f"Tiny-v0_{number}" for number in range(1, 7)]
    for run in runs:
        assert len((run / "0.monitor.csv").read_text().splitlines()) >= 4
        assert (run / "Tiny-v0.zip").is_file()


def test_id_taken_in_between_is_skipped(tmp_path, monkeypatch):
    from rl_zoo.runs import folder

    create_run_folder(tmp_path, "ppo", "Tiny-v0")
    monkeypatch.setattr(folder, "latest_run_number", lambda *_: 0)
    assert create_run_folder(tmp_path, "ppo", "Tiny-v0").path.name == "Tiny-v0_2"


def test_run_resumed_twice_at_once(arguments, start, train, train_run):
    run = train_run("sac", "Tiny-v0", "-n", 60, "--save-freq", 30)
    first = start("--resume", run.path, "-n", 5000)
    wait_until(lambda: read_record(run).state == "running")
    code, _, err = train("--resume", run.path, "-n", 200)
    assert code == 2
    assert "is being trained by another process" in err
    first.process.kill()
    first.wait()
    assert train("--resume", run.path, "-n", 120)[0] == 0, "a killed process keeps no lock"


def test_uuid_folders_can_be_opened_and_counted(arguments, train, tmp_path):
    code, _, err = train(*arguments("ppo", "Tiny-v0", "-n", 64, "-uuid"))
    assert code == 0, err
    (path,) = (tmp_path / "logs/ppo").iterdir()
    assert path.name.startswith("Tiny-v0_1_")
    assert open_run_folder(path).env_name == "Tiny-v0"
    assert create_run_folder(tmp_path / "logs", "ppo", "Tiny-v0").path.name == "Tiny-v0_2"

"""A SLURM of one machine for tests: sbatch, srun, squeue, scancel, scontrol in a folder.

``install(folder)`` writes the commands; what runs is kept as files in ``folder/jobs``: ``<id>.pid``
of the process that runs the batch script, ``<id>.task`` of the one that srun started,
``<id>.requeue`` once it shall run again, and ``submitted`` with every script.
"""

import contextlib
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

COMMANDS = ("sbatch", "srun", "squeue", "scancel", "scontrol")


def install(folder):
    """Write the commands into ``folder`` and return it."""
    (folder / "jobs").mkdir(parents=True)
    for name in COMMANDS:
        script = folder / name
        script.write_text(
            f'#!/bin/sh\nexec env FAKE_SLURM={folder} {sys.executable} -S {__file__} {name} "$@"\n'
        )
        script.chmod(0o755)
    return folder


def sbatch(jobs, script):
    text = Path(script).read_text()
    number = 1 + len(list(jobs.glob("*.sh")))
    (jobs / f"{number}.sh").write_text(text)
    array = re.search(r"--array=0-(\d+)", text)
    elements = [f"{number}_{k}" for k in range(int(array[1]) + 1)] if array else [f"{number}"]
    for job_id in elements:
        command = [sys.executable, "-S", __file__, "job", job_id, script]
        streams = dict.fromkeys(("stdin", "stdout", "stderr"), subprocess.DEVNULL)
        process = subprocess.Popen(command, start_new_session=True, **streams)
        (jobs / f"{job_id}.pid").write_text(str(process.pid))
    print(f"Submitted batch job {number}")


def job(jobs, job_id, script):
    """Run a batch script until nobody wants it again."""
    array, _, task = job_id.partition("_")
    variables = {**os.environ, "SLURM_JOB_ID": job_id.replace("_", "00")}
    if task:
        variables |= {"SLURM_ARRAY_JOB_ID": array, "SLURM_ARRAY_TASK_ID": task}
    null = subprocess.DEVNULL
    while True:
        subprocess.run(["bash", script], env=variables, stdin=null, stdout=null, stderr=null)
        if not (jobs / f"{job_id}.requeue").exists():
            break
        (jobs / f"{job_id}.requeue").unlink()
        with (jobs / f"{job_id}.runs").open("a") as file:
            file.write("again\n")
    (jobs / f"{job_id}.pid").unlink()


def srun(jobs, *argv):
    job_id = os.environ["SLURM_JOB_ID"]
    if "SLURM_ARRAY_JOB_ID" in os.environ:
        job_id = os.environ["SLURM_ARRAY_JOB_ID"] + "_" + os.environ["SLURM_ARRAY_TASK_ID"]
    start = next(k for k, word in enumerate(argv) if word == sys.executable)
    log = os.open(jobs / f"{job_id}.log", os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    (jobs / f"{job_id}.task").write_text(str(os.getpid()))
    for descriptor in (1, 2):
        os.dup2(log, descriptor)
    os.execv(argv[start], argv[start:])


def squeue(jobs, *argv):
    for file in sorted(jobs.glob("*.pid")):
        print(f"{file.stem}|RUNNING")


def scancel(jobs, *argv):
    # scancel ID [--signal NAME]
    job_id = argv[0]
    with contextlib.suppress(OSError):
        task = int((jobs / f"{job_id}.task").read_text())
        if "--signal" in argv:
            os.kill(task, getattr(signal, "SIG" + argv[-1].removeprefix("SIG")))
            return
        os.kill(task, signal.SIGTERM)
        time.sleep(1)  # KillWait
        os.kill(task, signal.SIGKILL)


def scontrol(jobs, word, job_id):
    assert word == "requeue"
    (jobs / f"{job_id}.requeue").write_text("")


if __name__ == "__main__":
    globals()[sys.argv[1]](Path(os.environ["FAKE_SLURM"]) / "jobs", *sys.argv[2:])

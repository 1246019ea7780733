"""A cluster of a third party: it has one place, and submitting waits until the job has ended."""

import subprocess
import sys

from rl_zoo.executors.job import JobState


class PatientExecutor:
    def __init__(self, options):
        self.options = options

    def submit(self, jobs):
        return [EndedJob(job) for job in jobs]

    def detaches(self):
        return False

    def describe(self):
        return "a patient cluster"

    def earlier(self):
        return []

    def cancel_command(self, handles):
        return ""

    def close(self):
        pass


class EndedJob:
    def __init__(self, job):
        self.job = job
        job.log.parent.mkdir(parents=True, exist_ok=True)
        with job.log.open("ab") as log:
            command = [sys.executable, "-m", job.module, *job.argv]
            self.code = subprocess.run(command, stdout=log, stderr=log).returncode

    def state(self):
        return JobState.DONE if self.code == 0 else JobState.FAILED

    def exit_code(self):
        return self.code

    def process_id(self):
        return None

    def describe(self):
        return "done"

    def cancel(self):
        pass

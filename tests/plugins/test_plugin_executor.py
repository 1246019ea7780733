"""A cluster of an installed third-party package runs jobs like one of ours."""

import sys
from pathlib import Path

import pytest

from rl_zoo.errors import ConfigError
from rl_zoo.executors.catalog import EXECUTORS, make_executor
from rl_zoo.executors.job import ExecutorOptions, Job, JobState

SITE = Path(__file__).parent / "site"


@pytest.fixture
def _installed(monkeypatch):
    monkeypatch.syspath_prepend(str(SITE))
    for name in ("rl_zoo_example", "rl_zoo_example.executors"):
        monkeypatch.delitem(sys.modules, name, raising=False)


@pytest.fixture
def options(tmp_path):
    return ExecutorOptions(places=2, folder=tmp_path)


@pytest.mark.usefixtures("_installed")
@pytest.mark.parametrize("name", ["patient", "rl_zoo_example.executors:PatientExecutor"])
def test_its_cluster_runs_jobs(options, tmp_path, name):
    executor = make_executor(options, name)
    file = tmp_path / "number"
    jobs = [
        Job("a", "tests.job_command", ("count", str(file), "3"), tmp_path / "a.log"),
        Job("b", "tests.job_command", ("exit", "2"), tmp_path / "b.log"),
    ]
    assert [handle.state() for handle in executor.submit(jobs)] == [JobState.DONE, JobState.FAILED]
    assert file.read_text() == "3"
    assert "saved 3" in (tmp_path / "a.log").read_text()


@pytest.mark.usefixtures("_installed")
def test_its_name_is_known(options):
    assert "patient" in EXECUTORS.names()
    with pytest.raises(ConfigError, match=r"--cluster patent: .*did you mean 'patient'\?"):
        make_executor(options, "patent")


def test_what_is_no_executor_is_refused(options):
    with pytest.raises(ConfigError, match="--cluster pathlib:Path: TypeError"):
        make_executor(options, "pathlib:Path")
    with pytest.raises(ConfigError, match="is no executor: it has no submit, detaches"):
        make_executor(options, "builtins:repr")


@pytest.mark.usefixtures("_installed")
def test_a_study_runs_on_it(tmp_path, capsys):
    from rl_zoo.tune import main

    file = tmp_path / "a2c.yml"
    file.write_text("default:\n  policy: MlpPolicy\n  n_timesteps: 64\n  n_steps: 16\n")
    flags = ["--algo", "a2c", "--env", "Tiny-v0", "-conf", str(file), "-f", str(tmp_path / "logs")]
    flags += ["--gym-packages", "tests.probe_envs", "--n-trials", "1", "--eval-episodes", "1"]
    flags += ["--no-optim-plots", "--cluster", "patient", "--device", "cpu"]
    code = main(flags)
    captured = capsys.readouterr()
    assert code == 0, captured.err
    assert "workers: a patient cluster" in captured.err
    assert "Trial 0 of the study" in captured.out

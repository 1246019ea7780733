"""What the tests of sweeps share: the command in this process, with tiny networks."""

import pytest

from tests.conftest import OFF_POLICY


@pytest.fixture
def flags_of_train(empty_config):
    """Flags with which SAC and TD3 learn for a few hundred steps in a second."""
    return [
        *("--gym-packages", "tests.probe_envs", "--verbose", "0", "--device", "cpu"),
        *("--num-threads", "1", "--eval-freq", "50", "--eval-episodes", "1", "-n", "120"),
        *("--save-freq", "50", "-conf", str(empty_config), "-params", *OFF_POLICY),
    ]


@pytest.fixture
def logs(tmp_path):
    """The log folder."""
    return tmp_path / "logs"


@pytest.fixture
def sweep(capsys, logs):
    """Run ``rl_zoo sweep`` in this process; return exit code, stdout and stderr."""
    from rl_zoo.cli import main

    def run(*flags):
        try:
            code = main(["sweep", "-f", str(logs), *map(str, flags)])
        except SystemExit as end:
            code = end.code
        captured = capsys.readouterr()
        return code, captured.out, captured.err

    return run


@pytest.fixture
def here(sweep, flags_of_train):
    """Run a sweep of SAC on Tiny-v0 whose runs are trained in this process, called ``walk``."""

    def run(*flags):
        what = ["--algo", "sac", "--env", "Tiny-v0"]
        return sweep("--name", "walk", *what, "--cluster", "debug", *flags_of_train, *flags)

    return run

"""What the tests of whole runs share."""

import os

os.environ.setdefault("OMP_NUM_THREADS", "1")
# As rl_zoo.tuning.grpc_library does, for tests that import gRPC themselves.
os.environ.setdefault("GRPC_ENABLE_FORK_SUPPORT", "0")

import atexit
import contextlib
import shutil
import signal
import tempfile

import pytest

from rl_zoo.runs.folder import open_run_folder

# Locks and sockets of robots: not those of whoever drives one on this machine meanwhile.
os.environ["XDG_RUNTIME_DIR"] = tempfile.mkdtemp(prefix="zoo-")
atexit.register(shutil.rmtree, os.environ["XDG_RUNTIME_DIR"], ignore_errors=True)

# A program that ignores a signal hands that on to its children: tests in the background of a shell
# (no SIGINT) or under nohup (no SIGHUP) would send signals that nobody hears.
for number in (signal.SIGINT, signal.SIGHUP):
    if signal.getsignal(number) is signal.SIG_IGN:
        default = signal.default_int_handler if number is signal.SIGINT else signal.SIG_DFL
        signal.signal(number, default)

TINY_NETWORK = ["policy_kwargs.net_arch:[8,8]"]
OFF_POLICY = [*TINY_NETWORK, "batch_size:8", "buffer_size:1000", "learning_starts:40"]
PARAMETERS = {
    "a2c": [*TINY_NETWORK, "n_steps:16"],
    "ars": [*TINY_NETWORK, "n_delta:2"],
    "crossq": [*OFF_POLICY, "policy_kwargs.net_arch:[8]"],
    "ddpg": [*OFF_POLICY, "noise_type:normal", "noise_std:0.1"],
    "dqn": [*OFF_POLICY, "train_freq:8", "gradient_steps:2", "target_update_interval:50"],
    "droq": [*OFF_POLICY, "gradient_steps:2", "policy_delay:2"],
    "openloop": ["policy:OscillatorPolicy", "control_period:0.05", "n_top_episodes:1"],
    "ppo": [*TINY_NETWORK, "n_steps:32", "batch_size:16", "n_epochs:2"],
    "ppo_lstm": [*TINY_NETWORK, "n_steps:32", "batch_size:16", "policy_kwargs.lstm_hidden_size:4"],
    "qrdqn": [*OFF_POLICY, "train_freq:4", "policy_kwargs.n_quantiles:4"],
    "sac": OFF_POLICY,
    "td3": [*OFF_POLICY, "noise_type:ornstein-uhlenbeck", "noise_std:0.1"],
    "tqc": [*OFF_POLICY, "policy_kwargs.n_quantiles:4", "policy_kwargs.n_critics:2"],
    "trpo": [*TINY_NETWORK, "n_steps:32", "batch_size:16"],
}
"""Values with which each algorithm learns for a few hundred steps in a second."""

_SHARED = [
    "--gym-packages",
    "tests.probe_envs",
    "--seed",
    "1",
    "--verbose",
    "0",
    "--eval-freq",
    "-1",
]
_SHARED += ["--num-threads", "1", "--device", "cpu"]


@pytest.fixture(scope="session", autouse=True)
def _one_thread():
    import torch

    torch.set_num_threads(1)


@pytest.fixture(scope="session", autouse=True)
def _native_library():
    """Build the native learner before the first test, not in the time of one."""
    from rl_zoo.agents.native.build import NativeBuildError, library_path

    with contextlib.suppress(NativeBuildError):  # without a compiler: as every user without one
        library_path()


@pytest.fixture
def empty_config(tmp_path):
    """A configuration file that leaves everything to the command line."""
    file = tmp_path / "empty.yml"
    file.write_text("default:\n  policy: MlpPolicy\n  n_timesteps: 100\n")
    return file


@pytest.fixture
def arguments(empty_config, tmp_path):
    """Return the command line that trains ``algo`` on ``env`` with a tiny network."""

    def command(algo, env="Tiny-v0", *more, params=(), folder=None, normalize=True):
        values = [*PARAMETERS[algo], f"normalize:{normalize}", *params]
        values = [*values, "policy:MlpLstmPolicy"] if algo == "ppo_lstm" else values
        flags = ["--algo", algo, "--env", env, *_SHARED, "-conf", str(empty_config)]
        flags += ["-f", str(folder or tmp_path / "logs"), "-params", *values]
        return [*flags, *map(str, more)]

    return command


@pytest.fixture
def train(capsys):
    """Run ``rl_zoo.train`` in this process; return exit code, stdout and stderr."""
    from rl_zoo.train import main

    def run(*flags):
        try:
            code = main([str(flag) for flag in flags])
        except SystemExit as end:
            code = end.code
        captured = capsys.readouterr()
        return code, captured.out, captured.err

    return run


@pytest.fixture
def train_run(train, arguments, tmp_path):
    """Train as ``arguments`` says and return the finished run's folder."""

    def run(algo, *more, **choices):
        folder = choices.get("folder") or tmp_path / "logs"
        before = set(folder.glob("*/*_*"))
        code, _, err = train(*arguments(algo, *more, **choices))
        assert code == 0, err
        (path,) = set(folder.glob("*/*_*")) - before
        return open_run_folder(path)

    return run


@pytest.fixture
def start(tmp_path):
    """Start ``rl_zoo.train`` in a process of its own; whatever still runs at the end is killed."""
    from tests.processes import Command

    running = []

    def run(*flags):
        running.append(Command(flags, tmp_path / f"output_{len(running)}"))
        return running[-1]

    yield run
    for command in running:
        if command.process.is_alive():
            command.process.kill()
            command.process.join()


@pytest.fixture
def copy_of(tmp_path):
    """Return a copy of a run folder in a log folder of its own."""

    def copy(folder, name="copy"):
        target = tmp_path / name / folder.algo / folder.path.name
        shutil.copytree(folder.path, target)
        return open_run_folder(target)

    return copy

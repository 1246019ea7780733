"""What cannot act and learn in two processes is refused in one sentence, before anything starts."""

import pytest

from rl_zoo.train import main


def refused(capfd, tmp_path, *flags):
    """Return what is printed; nothing may be left behind."""
    code = main(["-f", str(tmp_path / "logs"), *flags])
    assert code == 2 and not (tmp_path / "logs").exists()
    (line,) = (line for line in capfd.readouterr().err.splitlines() if line.startswith("error:"))
    return line


@pytest.mark.parametrize(
    ("flags", "named"),
    [
        (["--algo", "ppo"], "ppo (possible: crossq, ddpg, droq, sac, td3, tqc)"),
        (["--algo", "sac", "-params", "n_envs:2"], "n_envs: 2 (one environment acts in real time)"),
        (["--algo", "sac", "-params", "frame_stack:2"], "frame_stack"),
        (
            ["--algo", "sac", "-params", "callback:RawStatisticsCallback"],
            "callback RawStatisticsCallback (it would see no step",
        ),
        (
            ["--algo", "sac", "-params", "replay_buffer_class:HerReplayBuffer"],
            "replay_buffer_class (the ring is the buffer: n_steps works, HER does not)",
        ),
    ],
)
def test_what_does_not_fit_is_named(capfd, tmp_path, flags, named):
    line = refused(capfd, tmp_path, "--env", "Pendulum-v1", "--realtime", *flags)
    assert line.startswith("error: --realtime does not go with ") and named in line
    assert line.endswith("; train with --lockstep")


def test_everything_that_does_not_fit_is_named_at_once(capfd, tmp_path):
    flags = ["--env", "Pendulum-v1", "--realtime", "--algo", "sac"]
    line = refused(capfd, tmp_path, *flags, "-params", "n_envs:2", "frame_stack:2")
    assert "n_envs: 2" in line and "frame_stack" in line


@pytest.mark.parametrize(
    ("flags", "told"),
    [
        (["--control-frequency", "50"], "--control-frequency: only with --realtime"),
        (["--actor-core", "0", "--lockstep"], "--actor-core: only with --realtime"),
        (["--learner-timeout", "5"], "--learner-timeout: only with --realtime"),
        (["--realtime", "--control-frequency", "-1"], "--control-frequency -1: must be positive"),
        (["--realtime", "--control-frequency", "nan"], "--control-frequency nan: must be positive"),
        (["--realtime", "-optimize"], "--realtime and -optimize: trials act and learn in turn"),
        (["--realtime", "--learner-timeout", "0"], "--learner-timeout 0: must be positive"),
        (["--realtime", "--actor-core", "999"], "--actor-core 999: this process may use the cores"),
    ],
)
def test_flags_that_make_no_sense(capfd, tmp_path, flags, told):
    assert told in refused(capfd, tmp_path, "--algo", "sac", "--env", "Pendulum-v1", *flags)


def test_realtime_and_lockstep_exclude_each_other(capfd):
    with pytest.raises(SystemExit, match="2"):
        main(["--realtime", "--lockstep"])
    assert "not allowed with argument" in capfd.readouterr().err


def mode_of(flags, capfd):
    """Return whether a run would act in real time, and what is said about that."""
    code = main(["--dry-run", "-n", "100", *flags])
    assert code == 0
    err = capfd.readouterr().err
    return "acting and learning in two processes" in err, err


@pytest.mark.parametrize("flags", [["--env", "Pendulum-v1"], ["--env", "Bert-v0"]])
def test_simulations_act_and_learn_in_turn(capfd, flags):
    assert not mode_of(["--algo", "sac", *flags], capfd)[0]
    assert mode_of(["--algo", "sac", "--realtime", *flags], capfd)[0]


def test_robots_act_in_real_time_where_that_can_be():
    from rl_zoo.commands.realtime_training import is_hardware
    from rl_zoo.config.model import RunConfig

    def is_one(env_id, **kwargs):
        return is_hardware(RunConfig("sac", env_id, 100, "MlpPolicy", env_kwargs=kwargs))

    assert is_one("Bert-Real-v0") and is_one("Go2-Real-v0")
    assert is_one("Quadruped-Remote-v0", driver="moteus")
    assert not is_one("Bert-Real-v0", driver="mock") and not is_one("Bert-Real-v0", driver="sim")
    assert not is_one("Bert-v0") and not is_one("HalfCheetah-v5")


def test_on_a_robot_the_configuration_decides(monkeypatch, capfd):
    from rl_zoo.commands import realtime_training

    monkeypatch.setattr(realtime_training, "is_hardware", lambda config: True)
    pendulum = ["--env", "Pendulum-v1"]
    assert mode_of(["--algo", "sac", *pendulum], capfd)[0]
    assert not mode_of(["--algo", "sac", "--lockstep", *pendulum], capfd)[0]
    is_realtime, err = mode_of(["--algo", "ppo", *pendulum], capfd)
    assert not is_realtime
    assert "note: one process acts and learns in turn, because of ppo (possible:" in err

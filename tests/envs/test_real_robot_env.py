"""The environment of a robot behind a driver: whole transitions, interruptions, resets."""

import contextlib
import os
import subprocess
import sys
import threading

import gymnasium
import numpy as np
import pytest

from rl_zoo.envs.guarded import GuardedVecEnv
from rl_zoo.envs.ids import OUR_ENVIRONMENTS, is_single_instance, register_environments
from rl_zoo.envs.real_robot_env import RealRobotEnv
from rl_zoo.errors import RobotFault, TrainingInterrupted
from rl_zoo.robots.control.modes import Mode, Request
from rl_zoo.robots.control.robot_lock import acquire_lock
from rl_zoo.wrappers.episode_control import EpisodeControlWrapper

DT = 0.02
YES = {"assume_yes": True}
QUIET = np.zeros(8, np.float32)


@pytest.fixture(scope="module")
def standing():
    """Return when the first reset is over, s after connecting."""
    register_environments()
    env = gymnasium.make("Bert-Real-v0", driver="mock")
    time_of_reset = env.reset(seed=0)[1]["time"]
    env.close()
    return time_of_reset


@pytest.fixture
def make(tmp_path, standing):
    """Return a function that makes Bert-Real-v0 on the mock driver in virtual time.

    Times of its faults count from the end of the first reset.
    """
    opened = []

    def env(faults=(), **options):
        script = [[standing + when, *what] for when, *what in faults]
        options = {
            "driver": "mock",
            "driver_options": {"faults": script},
            "run_folder": str(tmp_path),
            **options,
        }
        opened.append(gymnasium.make("Bert-Real-v0", **options))
        return opened[-1]

    yield env
    for item in opened:
        item.close()


def run_until_end(env, n=400, action=QUIET):
    """Step until the episode ends; return the last step's outcome and the number of steps."""
    env.reset(seed=0)
    for step in range(1, n + 1):
        outcome = env.step(action)
        if outcome[2] or outcome[3]:
            return outcome, step
    raise AssertionError("the episode did not end")


def test_spaces_and_observation_are_those_of_the_simulation(make):
    simulated = gymnasium.make("Bert-v0", observe_velocity="estimated").unwrapped
    env = make(observe_velocity="estimated")
    assert env.observation_space == simulated.observation_space
    assert env.action_space == simulated.action_space
    assert env.unwrapped.observation_parts == simulated.observation_parts
    assert env.unwrapped.dt == simulated.dt
    observation, _ = env.reset(seed=0)
    assert observation in env.observation_space
    # Upright, looking along +x, at rest, in the default pose but for the motors' lag.
    assert np.allclose(observation[:4], [0, 0, -1, 0], atol=1e-6)
    assert np.allclose(observation[4:], 0.0, atol=0.02)


def test_every_id_of_a_robot_is_a_single_instance():
    register_environments()
    real = [name for name, item in OUR_ENVIRONMENTS.items() if "driver" in item["kwargs"]]
    assert {"Bert-Real-v0", "Go2-Real-v0", "Quadruped-Remote-v0"} <= set(real)
    for env_id in real:
        assert is_single_instance(env_id)
        simulation = env_id.replace("-Real", "")
        if simulation in OUR_ENVIRONMENTS:
            robot = OUR_ENVIRONMENTS[simulation]["kwargs"]["robot"]
            assert OUR_ENVIRONMENTS[env_id]["kwargs"]["robot"] == robot


@pytest.mark.parametrize(
    ("options", "problem"),
    [
        ({"payload": 1.0}, "payload: only a simulation has it"),
        ({"randomize": {"friction": [0.5, 1]}}, "randomize: only a simulation has it"),
        ({"observe_velocity": "true"}, "observe_velocity: 'true' is known to a simulation only"),
        ({"task": "stand_up"}, "task: 'stand_up' starts on the floor"),
        ({"render_mode": "rgb_array"}, "render_mode: a robot cannot be rendered"),
        ({"driver": "mok"}, "driver: unknown driver 'mok'; did you mean 'mock'?"),
        ({"driver_options": {"posse": "x"}}, "driver_options.posse: unknown keyword"),
        ({"control": {"rat": 1}}, "control.rat: unknown; did you mean 'rate'?"),
        ({"control": {"rate": 10}}, "control.rate: 10 Hz is less than the policy's 50 Hz"),
        ({"control": {"limits": {"max_tild": 1}}}, "control.limits.max_tild"),
        ({"control": {"require": ["mood"]}}, "control.require: 'mood' is unknown"),
        ({"reset": {"get_up": "policy"}}, "reset.get_up: 'policy' is neither of operator, ramp"),
        ({"operator": {"fil": "x"}}, "operator.fil: unknown; did you mean 'file'?"),
        ({"max_gap": 1.0}, "max_gap: must be more than 1 control period"),
        ({"drver": "mock"}, "drver: unknown keyword; did you mean 'driver'?"),
    ],
)
def test_options_are_checked_without_opening_anything(options, problem):
    given = {"robot": "bert", "driver": "mock", **options}
    (found,) = RealRobotEnv.keyword_problems(given)
    assert found.startswith(problem)


def test_the_simulated_driver_takes_the_options_of_the_simulation():
    pytest.importorskip("mujoco")
    given = {"robot": "bert", "driver": "sim", "payload": 0.5, "friction": 0.6}
    assert RealRobotEnv.keyword_problems(given) == []
    assert RealRobotEnv.keyword_problems({**given, "friction": -1}) != []


def test_transitions_are_whole_and_evenly_paced(make):
    env = make()
    _, info = env.reset(seed=0)
    stamps, ticks, sequences = [], [], []
    generator = np.random.default_rng(0)
    for _ in range(60):
        *_, terminated, truncated, info = env.step(
            generator.uniform(-0.3, 0.3, 8).astype(np.float32)
        )
        assert not (terminated or truncated)
        assert not info["late"]
        stamps.append(info["time"])
        ticks.append(info["robot_tick"])
        sequences.append(info["sequence"])
    assert np.allclose(np.diff(stamps), DT, atol=1e-9)
    assert set(np.diff(ticks)) == {10}, "500 Hz between actions at 50 Hz"
    assert set(np.diff(sequences)) == {10}
    assert "x_position" not in info
    assert "velocity_error" not in info
    assert np.isfinite(info["forward_speed"])
    assert env.unwrapped.link.snapshot().mode is Mode.RUN


def test_the_command_follows_the_action(make):
    env = make()
    env.reset(seed=0)
    action = np.full(8, 0.1, np.float32)
    for _ in range(30):
        env.step(action)
    robot = env.unwrapped
    assert np.allclose(robot.current_action, 0.1, atol=1e-6)
    wanted = robot.robot_spec.default_pose + 0.1 * robot.robot_spec.action_ranges
    assert np.allclose(robot.robot_state.motor_positions, wanted, atol=1e-3)


FAULTS = [
    # fault, termination or truncation reason, discarded, options
    ([0.5, "tilt", 1.5], "fall", False, {}),
    ([0.5, "freeze"], "stale", True, {}),
    ([0.5, "disconnect"], "stale", True, {}),
    ([0.5, "nan", 1000], "stale", True, {}),
    ([0.5, "restart"], "link", True, {}),
    ([0.5, "lose_motor", 3], "motor", True, {}),
    ([0.5, "press", "select"], "pause", True, {}),
    ([0.5, "press", "estop"], "estop", True, {}),
    ([0.5, "heat", 2, 90.0], "overheat", False, {}),
    (
        [0.5, "battery", 10.0],
        "battery",
        False,
        {"control": {"limits": {"min_battery_voltage": 14.0}}},
    ),
]


@pytest.mark.parametrize(("fault", "reason", "discarded", "options"), FAULTS)
def test_every_interruption_ends_the_episode_by_its_name(make, fault, reason, discarded, options):
    env = EpisodeControlWrapper(make([fault], **options))
    last_whole, step = None, 0
    env.reset(seed=0)
    while step < 200:
        step += 1
        observation, reward, terminated, truncated, info = env.step(QUIET)
        if terminated or truncated:
            break
        last_whole = observation
    assert step > 20
    assert bool(info.get("discard")) == discarded
    if reason == "fall":
        assert (terminated, truncated) == (True, False)
        assert info["termination_reason"] == "fall"
        assert info["cut"] == 0, "the return of a fall counts"
        assert reward < 0
    else:
        assert (terminated, truncated) == (False, True)
        assert info["truncation_reason"] == reason
        assert info["cut"] == 1
    if discarded:
        np.testing.assert_array_equal(observation, last_whole)
        assert reward == 0
    soft_or_holding = {Mode.FAULT, Mode.DAMP, Mode.HOLD, Mode.SIT, Mode.RUN}
    assert env.unwrapped.link.snapshot().mode in soft_or_holding


@pytest.mark.parametrize("fault", [["nan", 2], ["drop", 20], ["spike", 0, 5.0, 1]])
def test_a_few_bad_samples_do_not_end_anything(make, fault):
    env = make([[0.2, *fault]])
    env.reset(seed=0)
    for _ in range(60):
        observation, _, terminated, truncated, info = env.step(QUIET)
        assert not (terminated or truncated)
        assert np.isfinite(observation).all()
    assert "discard" not in info


def test_a_gap_between_samples_is_no_transition(make):
    # 30 samples of 2 ms are lost: the motors' side goes on, but two samples are 80 ms apart.
    env = make([[0.2, "drop", 44]], max_gap=2.5)
    (_, reward, terminated, truncated, info), _ = run_until_end(env)
    assert (terminated, truncated, info["discard"], reward) == (False, True, True, 0.0)


def test_a_slow_learner_gets_a_discarded_step_and_moves_nothing(make):
    env = make()
    env.reset(seed=0)
    for _ in range(5):
        whole, *_ = env.step(QUIET)
    link = env.unwrapped.link
    link.wait_until(link.clock.now() + 0.3)
    before = link.snapshot()
    assert before.mode is Mode.HOLD
    observation, reward, terminated, truncated, info = env.step(np.ones(8, np.float32))
    np.testing.assert_array_equal(observation, whole)
    assert (reward, terminated, truncated) == (0.0, False, True)
    assert info["truncation_reason"] == "late"
    assert info["discard"]
    assert link.snapshot().tick == before.tick
    env.reset()
    *_, truncated, info = env.step(QUIET)
    assert not truncated, "the next episode is whole again"


def test_a_learner_may_take_its_time_after_a_reset(make):
    env = make()
    env.reset(seed=0)
    link = env.unwrapped.link
    link.wait_until(link.clock.now() + 8.0)
    *_, truncated, info = env.step(QUIET)
    assert not truncated
    assert "discard" not in info


@pytest.mark.parametrize("change", [["tilt", 0.4], ["tilt", 0.03], ["spike", 5, 0.03, 10**6]])
def test_a_robot_that_was_moved_after_its_reset_starts_no_episode(make, change):
    env = make([[1.0, *change]])
    first, _ = env.reset(seed=0)
    link = env.unwrapped.link
    link.wait_until(link.clock.now() + 2.0)
    observation, _, _, truncated, info = env.step(QUIET)
    assert truncated
    assert info["discard"]
    np.testing.assert_array_equal(observation, first)
    env.reset()
    assert not env.step(QUIET)[3], "from its new pose the next episode begins"


def test_a_reset_waits_until_the_robot_stands_still(make):
    # One joint creeps by 0.5 rad/s, then stands still.
    creep = [[0.01 * step, "spike", 2, 0.005 * step, 10**6] for step in range(1, 60)]
    still = make()
    still.reset(seed=0)
    at_rest = still.unwrapped.link.clock.now()
    env = make([[when - 0.2, *what] for when, *what in creep])
    env.reset(seed=0)
    later = env.unwrapped.link.clock.now() - at_rest
    assert 0.3 < later < 1.0
    env.unwrapped.link.wait_until(env.unwrapped.link.clock.now() + 0.3)
    assert "discard" not in env.step(QUIET)[4]


def test_the_elastic_robot_normally_starts_where_its_reset_saw_it(make):
    pytest.importorskip("mujoco")
    env = make(driver="sim", driver_options={})
    generator = np.random.default_rng(0)
    whole = []
    for _ in range(3):
        env.reset()
        robot = env.unwrapped
        robot.link.wait_until(robot.link.clock.now() + 0.5)  # of a learner
        info = env.step(QUIET)[4]
        whole.append("discard" not in info)
        for _ in range(20):
            env.step(generator.uniform(-0.5, 0.5, 8).astype(np.float32))
    assert sum(whole) >= 2


def test_plus_x_is_where_the_robot_looks_at_its_reset(make):
    env = make()
    env.reset(seed=0)
    robot = env.unwrapped
    robot._yaw = 0.5 * np.pi
    state = robot._in_episode_frame(robot.link.snapshot().state)
    assert state.orientation == pytest.approx((np.sqrt(0.5), 0, 0, -np.sqrt(0.5)))


def test_two_runs_are_equal_to_the_last_bit(make):
    def trace():
        env = make([[0.5, "tilt", 1.5], [2.0, "tilt", 0.0]], operator=YES)
        generator = np.random.default_rng(1)
        rows = [env.reset(seed=3)[0]]
        for _ in range(80):
            observation, reward, terminated, truncated, _ = env.step(
                generator.uniform(-1, 1, 8).astype(np.float32)
            )
            rows.append(np.append(observation, reward))
            if terminated or truncated:
                rows.append(env.reset()[0])
        return np.concatenate(rows)

    np.testing.assert_array_equal(trace(), trace())


@contextlib.contextmanager
def person(file, word, when=lambda: True):
    """Say ``word`` in the control file again and again once ``when()``, until the block ends."""
    is_over = threading.Event()

    def talk():
        while not is_over.wait(0.1):
            if when():
                file.write_text(f"{word}\n")

    thread = threading.Thread(target=talk)
    thread.start()
    try:
        yield
    finally:
        is_over.set()
        thread.join()


def test_an_emergency_stop_waits_for_a_person(make, tmp_path, capsys):
    faults = [[0.3, "press", "estop"], [1.0, "release"]]
    env = make(faults, reset={"auto_rearm": True}, operator=YES)
    run_until_end(env)
    link = env.unwrapped.link
    until = link.snapshot().time + 2.0
    with person(tmp_path / "operator.txt", "yes", lambda: link.snapshot().time > until):
        env.reset()
    assert link.snapshot().time > until, "neither option clears an emergency stop"
    assert "emergency stop" in capsys.readouterr().err
    assert link.snapshot().mode is Mode.READY
    assert env.unwrapped.robot_use["operator_prompts"] >= 1


@pytest.mark.parametrize("word", ["yes", "resume", "battery"])
def test_a_yes_from_before_the_emergency_stop_re_arms_nothing(make, tmp_path, word):
    env = make([[0.3, "press", "estop"]])
    file = tmp_path / "operator.txt"
    run_until_end(env)
    link = env.unwrapped.link
    file.write_text(word)
    link.driver.press("start")
    link.wait_until(link.clock.now() + 0.01)  # all of it before anything is asked
    later = []
    env.unwrapped.stop_waiting_when(lambda: later[0] if later else None)
    threading.Timer(0.5, lambda: later.append("SIGTERM")).start()
    if word != "yes":  # that is no answer to this question at all
        with person(file, word):
            assert env.reset()[1]["stop_requested"] == "SIGTERM"
    else:
        assert env.reset()[1]["stop_requested"] == "SIGTERM"
    assert link.snapshot().mode is Mode.FAULT


@pytest.mark.parametrize(
    ("fault", "cure"),
    [("freeze", ["freeze", False]), ("disconnect", ["reconnect"]), ("restart", ["release"])],
)
def test_other_faults_are_cleared_by_themselves_if_wished(make, fault, cure):
    env = make([[0.3, fault], [4.0, *cure]], reset={"auto_rearm": True})
    run_until_end(env)
    env.reset()
    assert env.unwrapped.link.snapshot().mode is Mode.READY
    assert not env.step(QUIET)[3]
    assert env.unwrapped.robot_use["operator_prompts"] == 0


def test_a_hot_robot_rests_on_the_floor_until_it_is_cool(make, capsys):
    faults = [[0.3, "heat", 0, 90.0], [10.0, "heat", 0, 50.0]]
    env = make(faults)
    run_until_end(env)
    env.reset()
    snapshot = env.unwrapped.link.snapshot()
    assert snapshot.mode is Mode.READY
    assert snapshot.time > 12.0
    assert capsys.readouterr().err.count("a motor is at 90 C") == 1, "said once"
    use = env.unwrapped.robot_use
    assert use["max_temperature"] == 90.0
    assert use["minutes_powered"] < 9.0 / 60, "it lay with soft motors"


def test_a_battery_can_be_changed(make, tmp_path):
    faults = [[0.3, "battery", 10.0], [6.0, "battery", 16.0]]
    env = make(faults, control={"limits": {"min_battery_voltage": 14.0}})
    run_until_end(env)
    link = env.unwrapped.link
    until = link.snapshot().time + 6.0
    with person(tmp_path / "operator.txt", "battery", lambda: link.snapshot().time > until):
        env.reset()
    assert link.snapshot().time > until
    assert link.snapshot().mode is Mode.READY
    assert env.unwrapped.robot_use["min_battery_voltage"] == 10.0


@pytest.mark.parametrize("answer_at", [20.0, 40.0])
def test_the_robot_may_be_switched_off_to_change_its_battery(make, tmp_path, answer_at):
    """It is off from 10 s to 30 s; the person says so before, or after it is on again."""
    faults = [[0.3, "battery", 10.0], [10.0, "disconnect"], [30.0, "restart"]]
    faults += [[30.0, "battery", 16.0], [30.0, "reconnect"]]
    env = make(faults, control={"limits": {"min_battery_voltage": 14.0}, "rate": 100})
    outcome, _ = run_until_end(env)
    assert outcome[4]["truncation_reason"] == "battery"
    assert "discard" not in outcome[4]
    link = env.unwrapped.link
    start = link.snapshot().time
    before = env.unwrapped.robot_use["minutes_powered"]
    with person(tmp_path / "operator.txt", "yes", lambda: link.snapshot().time > start + answer_at):
        _, info = env.reset()
    assert info["time"] > start + max(answer_at, 29.0)
    for _ in range(20):
        *_, terminated, truncated, info = env.step(QUIET)
        assert not (terminated or truncated or "discard" in info)
    use = env.unwrapped.robot_use
    assert use["minutes_powered"] - before < 10.0 / 60, "its motors were off meanwhile"
    assert use["operator_prompts"] >= 1
    assert use["min_battery_voltage"] == 10.0
    assert use["episodes"] == 2


def test_a_robot_on_its_side_is_not_stood_up_without_a_person(make, tmp_path):
    env = make([[0.3, "tilt", 1.6]])
    run_until_end(env)
    link = env.unwrapped.link
    until = link.snapshot().time + 2.0
    modes = []

    def turned_over():
        if link.snapshot().time > until:
            modes.append(link.snapshot().mode)
            link.driver.tilt(0.0)
        return link.snapshot().time > until

    with person(tmp_path / "operator.txt", "yes", turned_over):
        env.reset()
    assert modes[0] is Mode.IDLE
    assert link.snapshot().mode is Mode.READY
    assert env.unwrapped.robot_use["falls"] == 1


def test_the_control_file_pauses_a_running_episode(make, tmp_path):
    env = EpisodeControlWrapper(make())
    env.reset(seed=0)
    file = tmp_path / "operator.txt"
    file.write_text("pause")
    *_, terminated, truncated, info = env.step(QUIET)
    assert (terminated, truncated, info["truncation_reason"]) == (False, True, "pause")
    assert "discard" not in info, "this transition is whole"
    assert info["cut"] == 1
    assert not file.exists(), "said once, heard once"
    with person(file, "resume"):
        env.reset()
    assert env.unwrapped.link.snapshot().mode is Mode.READY


def test_the_operator_stops_the_run_and_the_robot_sits(make, tmp_path):
    from stable_baselines3.common.vec_env import DummyVecEnv

    env = make()
    guarded = GuardedVecEnv(DummyVecEnv([lambda: EpisodeControlWrapper(env)]))
    guarded.reset()
    (tmp_path / "operator.txt").write_text("stop")
    _, _, dones, infos = guarded.step(QUIET[None])
    assert dones[0], "the last transition can be stored"
    assert infos[0]["truncation_reason"] == "operator"
    with pytest.raises(TrainingInterrupted, match="operator"):
        guarded.step(QUIET[None])
    link = env.unwrapped.link
    link.wait_until(link.clock.now() + 0.1)
    assert link.snapshot().mode is Mode.SIT


def test_a_signal_ends_the_wait_in_a_reset(make):
    from stable_baselines3.common.vec_env import DummyVecEnv

    env = make([[0.3, "freeze"]])
    guarded = GuardedVecEnv(DummyVecEnv([lambda: EpisodeControlWrapper(env)]))
    stop = []
    guarded.stop_when(lambda: stop[0] if stop else None)
    guarded.reset()
    threading.Timer(0.3, lambda: stop.append("SIGTERM")).start()
    done = False
    while not done:
        _, _, (done,), infos = guarded.step(QUIET[None])
    assert infos[0]["truncation_reason"] == "stale"
    assert guarded.venv.reset_infos[0]["stop_requested"] == "SIGTERM"
    with pytest.raises(TrainingInterrupted, match="SIGTERM"):
        guarded.step(QUIET[None])


def test_a_dead_control_loop_costs_no_stored_transition(make):
    env = make()
    env.reset(seed=0)
    env.step(QUIET)
    env.unwrapped.link.close()
    last, _ = env.reset()
    assert np.isfinite(last).all()
    with pytest.raises(RobotFault):
        env.step(QUIET)


def test_closing_sits_the_robot_down(make):
    env = make()
    env.reset(seed=0)
    env.step(QUIET)
    driver = env.unwrapped.link.driver
    env.close()
    env.close()
    _, command = driver.written[-1]
    assert np.all(command.kp == 0.0)
    heights = [float(np.max(np.abs(item.joint_positions))) for _, item in list(driver.written)]
    assert len(heights) > 700, "it took its time to sit"


def test_what_the_robot_was_used_for_is_counted(make):
    env = make([[0.5, "tilt", 1.5], [1.5, "tilt", 0.0]], operator=YES)
    run_until_end(env)
    env.reset()
    for _ in range(50):
        env.step(QUIET)
    use = env.unwrapped.robot_use
    assert use["episodes"] == 2
    assert use["falls"] == 1
    assert use["interruptions"] == {} or use["interruptions"] == {"fall": 1}
    assert use["minutes_running"] == pytest.approx(1.6 / 60, abs=0.3 / 60)
    assert use["minutes_powered"] > use["minutes_running"]


def test_a_request_of_somebody_else_is_seen(make):
    env = make()
    env.reset(seed=0)
    env.step(QUIET)
    env.unwrapped.link.request(Request.DAMP)
    *_, truncated, info = env.step(QUIET)
    assert truncated
    assert info["discard"]


def test_a_robot_that_still_sits_down_for_a_killed_trainer_is_waited_for(monkeypatch, tmp_path):
    register_environments()
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path))
    options = {"clock": "real"}
    lock = acquire_lock("mock", options)
    ended = subprocess.Popen(["true"])
    ended.wait()
    monkeypatch.setattr(os, "getpid", lambda: ended.pid)
    lock.record(control_pid=1)
    monkeypatch.undo()
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path))
    threading.Timer(1.0, lock.release).start()
    control = {"stand_time": 0.3, "sit_time": 0.3}
    env = gymnasium.make("Bert-Real-v0", driver="mock", driver_options=options, control=control)
    env.close()
    lock = acquire_lock("mock", options)  # of somebody who is alive
    with pytest.raises(RobotFault, match="already driven by process"):
        gymnasium.make("Bert-Real-v0", driver="mock", driver_options=options, control=control)
    lock.release()


def test_a_robot_needs_neither_mujoco_nor_a_model():
    code = (
        "import sys; sys.modules['mujoco'] = None\n"
        "import gymnasium, rl_zoo.envs.ids as ids; ids.register_environments()\n"
        "env = gymnasium.make('Solo8-Real-v0', driver='mock')\n"
        "env.reset(); env.step(env.action_space.sample()); env.close()\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr

"""Each fault does what its name says, for as long as it says."""

import numpy as np
import pytest

from rl_zoo.errors import ConfigError
from rl_zoo.motion.rotations import tilt
from rl_zoo.robots.bert import BERT
from rl_zoo.robots.driver import RobotCommand
from rl_zoo.robots.simulated.body import BodyOptions, SimulatedBody
from rl_zoo.robots.simulated.fault_kinds import FAULT_KINDS, make_fault, random_faults, read_fault
from rl_zoo.robots.simulated.faults import Faults, active_names


class Wire:
    """A standing robot whose boards hear a command at every step."""

    def __init__(self):
        self.body = SimulatedBody(BERT, body=BodyOptions(start="standing"))
        self.faults = Faults(self.body)
        self.states = []
        self.command = RobotCommand(BERT.default_pose)

    def run(self, seconds):
        """Let time pass; return the states on the wire meanwhile."""
        first = len(self.states)
        for _ in range(round(seconds * 500)):
            for command in self.faults.incoming([self.command]):
                self.body.command(command)
            self.faults.step()
            self.body.advance()
            self.states += self.faults.outgoing(self.body.state())
        return self.states[first:]

    def during(self, text, seconds=None):
        """Let a fault begin now; return the states while it lasts."""
        fault = read_fault(f"{text.partition(':')[0]}@{self.body.time}:{text.partition(':')[2]}")
        self.faults.add(fault)
        return self.run(fault.duration if seconds is None else seconds)


@pytest.fixture
def wire():
    wire = Wire()
    wire.run(0.1)
    return wire


def test_without_faults_every_state_passes(wire):
    assert [state.sequence for state in wire.run(0.1)] == list(range(51, 101))
    assert wire.faults.mask == 0


def test_freeze_repeats_state_and_counter_and_ends(wire):
    frozen = wire.during("freeze:duration=0.1")
    assert len(frozen) == 50
    assert {state.sequence for state in frozen} == {50}
    assert len({state.time for state in frozen}) == 1
    assert [state.sequence for state in wire.run(0.01)] == [101, 102, 103, 104, 105]


def test_silence_keeps_states_back_but_commands_are_obeyed(wire):
    before = wire.body.counters.n_commands
    assert wire.during("silence:duration=0.1") == []
    assert wire.body.counters.n_commands == before + 50
    assert len(wire.run(0.1)) == 50


@pytest.mark.parametrize("field", ["joint_positions", "orientation", "temperatures"])
def test_nan_in_a_field(wire, field):
    for state in wire.during(f"nan:duration=0.02,field={field}"):
        assert np.isnan(getattr(state, field)).all()
        assert np.isfinite(state.joint_velocities).all()
    assert np.isfinite(getattr(wire.run(0.002)[0], field)).all()


def test_jump_of_one_joint(wire):
    state = wire.during("jump:duration=0.002,field=joint_velocities,joint=3,by=500")[0]
    true = wire.body.state().joint_velocities
    assert state.joint_velocities[3] == pytest.approx(true[3] + 500.0)
    np.testing.assert_array_equal(np.delete(state.joint_velocities, 3), np.delete(true, 3))


def test_delay_of_states(wire):
    late = wire.during("delay:duration=0.2,ms=50,on=states")
    assert len(late) == 75
    assert late[0].sequence == 51
    assert wire.body.is_watchdog_active is False


def test_lost_commands_wake_the_watchdog(wire):
    wire.during("loss:duration=0.3,share=1,on=commands")
    assert wire.body.counters.n_watchdog == 1
    assert wire.body.is_watchdog_active
    wire.run(0.01)
    assert not wire.body.is_watchdog_active


def test_crash_silences_the_robot_and_restarts_it_without_torque(wire):
    height = wire.body.ground_truth().height
    assert wire.during("crash:duration=0.5") == []
    assert wire.faults.is_crashed
    assert wire.body.ground_truth().height < 0.7 * height
    assert not wire.body.boards.law[2].any()
    wire.command = RobotCommand(np.full(8, np.nan))  # none that is obeyed
    states = wire.run(0.01)
    assert [state.sequence for state in states] == [1, 2, 3, 4, 5]
    assert not wire.body.boards.law[2].any()


def test_overheat_battery_and_lost_motor_are_told_and_end(wire):
    hot = wire.during("overheat:duration=0.1,motor=2,temperature=90")[-1]
    assert hot.temperatures[2] == 90.0
    assert hot.temperatures[1] < 30.0
    assert wire.run(0.002)[0].temperatures[2] < 30.0

    assert wire.during("battery:duration=0.1,cell=3")[-1].battery_voltage == 12.0
    assert wire.run(0.002)[0].battery_voltage > 16.0

    lost = wire.during("lost_motor:duration=0.1,motor=5")[-1]
    assert lost.motors_online.index(False) == 5
    assert lost.joint_torques[5] == 0.0
    assert all(wire.run(0.002)[0].motors_online)


def test_a_stuck_joint_does_not_move(wire):
    wire.command = RobotCommand(BERT.default_pose + np.array([0, 0.5] * 4))
    before = wire.body.state().joint_positions
    after = wire.during("stuck:duration=0.3,joint=1")[-1].joint_positions
    assert abs(after[1] - before[1]) < 0.01
    assert abs(after[3] - before[3]) > 0.2
    assert abs(wire.run(0.3)[-1].joint_positions[1] - before[1]) > 0.2


def test_a_joint_that_gets_stuck_in_motion_does_not_break_the_physics():
    """Too much damping did: feet on the ground flew apart at 800 rad/s."""
    generator, fastest = np.random.default_rng(0), 0.0
    body = SimulatedBody(BERT, body=BodyOptions(start="standing"))
    for step in range(160):
        if step % 20 == 10:
            body.lock(step // 20, True)
        if step % 20 == 19:
            body.lock(step // 20, False)
        body.command(RobotCommand(BERT.default_pose + generator.uniform(-0.6, 0.6, 8)))
        body.advance(10)
        fastest = max(fastest, float(np.abs(body.robot.data.qvel).max()))
    assert fastest < 40.0


def test_push_gives_the_trunk_its_impulse():
    body = SimulatedBody(BERT, body=BodyOptions(start="standing"))
    body.robot.reset(BERT.default_pose)
    body.robot.data.qpos[2] += 5.0  # in free flight nothing else acts sideways
    body.switch_off()
    faults = Faults(body)
    faults.inject("push", {"y": 0.9, "duration": 0.05})
    for _ in range(40):
        faults.step()
        body.advance()
    model, data = body.robot.model, body.robot.data
    momentum = sum(model.body_mass[i] * velocity_of(body, i)[1] for i in range(1, model.nbody))
    assert momentum == pytest.approx(0.9, rel=0.02)
    assert not data.xfrc_applied.any()


def velocity_of(body, index):
    import mujoco

    velocity = np.zeros(6)
    model, data = body.robot.model, body.robot.data
    mujoco.mj_forward(model, data)
    mujoco.mj_objectVelocity(model, data, mujoco.mjtObj.mjOBJ_BODY, index, velocity, 0)
    return velocity[3:]


@pytest.mark.parametrize("side", ["left", "right", "front", "rear"])
def test_fall_tips_the_robot_over_and_a_helper_puts_it_down(wire, side):
    tilts = [tilt(state.orientation) for state in wire.during(f"fall:side={side}")]
    assert max(tilts) > 1.0
    wire.body.robot.data.qpos[3:7] = 0.0, 1.0, 0.0, 0.0  # wherever it rolled: on its back
    wire.during("put_down:", seconds=0.002)
    assert tilt(wire.body.state().orientation) < 0.1
    assert wire.body.state().sequence == wire.body.n_steps, "its boards went on counting"


def test_put_down_leaves_a_standing_robot_alone(wire):
    before = wire.body.ground_truth().height
    wire.during("put_down:", seconds=0.01)
    assert wire.body.ground_truth().height == pytest.approx(before, abs=0.005)


@pytest.mark.parametrize(
    ("name", "pressed"),
    [
        ("estop", {"L2", "B", "estop"}),
        ("pause", {"select"}),
        ("resume", {"start"}),
        ("buttons:pressed=L1+X", {"L1", "X"}),
    ],
)
def test_buttons_are_held_as_long_as_told(wire, name, pressed):
    states = wire.during(name + ("," if ":" in name else ":") + "duration=0.1")
    assert all(state.buttons == pressed for state in states)
    assert wire.run(0.002)[0].buttons == frozenset()


def test_two_faults_at_once_end_on_their_own(wire):
    wire.faults.inject("nan", {"duration": 0.1})
    wire.faults.inject("freeze", {"duration": 0.2})
    wire.run(0.05)
    assert active_names(wire.faults.mask) == ("freeze", "nan")
    wire.run(0.1)
    assert active_names(wire.faults.mask) == ("freeze",)
    wire.faults.clear()
    assert wire.faults.mask == 0
    assert wire.faults.is_quiet


def test_every_kind_begins_and_ends(wire):
    seen = []
    wire.faults.on_event = lambda what, number, fault: seen.append((what, fault.name))
    for name in FAULT_KINDS:
        wire.faults.inject(name, {"duration": 0.004})
        wire.run(0.02)
        assert wire.faults.is_quiet or wire.faults.mask == 0
    assert [name for what, name in seen if what == "begin"] == list(FAULT_KINDS)
    assert [name for what, name in seen if what == "end"] == list(FAULT_KINDS)


def test_a_fault_can_be_read_and_written_as_text():
    fault = read_fault("push@3.5:x=0.2,duration=0.1")
    assert (fault.name, fault.start, fault.duration) == ("push", 3.5, 0.1)
    assert fault.parameters == {"x": 0.2, "y": 1.0, "z": 0.0}
    assert read_fault(fault.describe()) == fault


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("pusch@3", "no 'pusch'; did you mean 'push'"),
        ("push@3:w=1", "push.w: unknown"),
        ("push@soon", "not a number: 'soon'"),
        ("push", "must be NAME@SECONDS"),
        ("loss@1:share=2", r"loss.share: must be a number in \[0, 1\]"),
        ("nan@1:field=joint_position", "did you mean 'joint_positions'"),
        ("buttons@1:pressed=L9", "no button 'L9'"),
        ("push@1:x", "must be key=value"),
        ("push@-1", "must be a number"),
        ("push@1:duration=nan", "must be a number"),
    ],
)
def test_a_wrong_fault_is_explained(text, message):
    with pytest.raises(ConfigError, match=message):
        read_fault(text)


def test_a_joint_that_does_not_exist_is_refused(wire):
    with pytest.raises(ConfigError, match="bert has joints 0 to 7, not 8"):
        wire.faults.inject("stuck", {"joint": 8})


def test_random_faults_are_reproducible_and_spread():
    faults = random_faults(40, 600.0, seed=1)
    assert faults == random_faults(40, 600.0, seed=1) != random_faults(40, 600.0, seed=2)
    drawn = [fault for fault in faults if fault.name not in ("put_down", "resume")]
    assert len(drawn) == 40
    assert [fault.start for fault in faults] == sorted(fault.start for fault in faults)
    gaps = np.diff([0.0, *(fault.start for fault in drawn), 602.0])
    assert gaps.max() <= 32.0
    assert len({fault.name for fault in drawn}) > 8
    n_stops = sum(fault.name in ("estop", "pause") for fault in faults)
    assert sum(fault.name == "resume" for fault in faults) == n_stops
    only = random_faults(5, 10.0, seed=1, names=["push"])
    assert {fault.name for fault in only} == {"push"}
    with pytest.raises(ConfigError, match="no 'pull'"):
        random_faults(5, 10.0, seed=1, names=["pull"])


def test_make_fault_has_defaults():
    assert make_fault("freeze", 1.0).duration == FAULT_KINDS["freeze"].duration

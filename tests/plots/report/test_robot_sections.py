"""What a roboticist looks for: safety, ends of episodes, energy, smoothness, deadlines."""

import pytest

from rl_zoo.plots.report.endings import endings
from rl_zoo.plots.report.energy import energy
from rl_zoo.plots.report.robot import robot
from rl_zoo.plots.report.safety import safety
from rl_zoo.plots.report.sections import Drawing, Table
from rl_zoo.plots.report.smoothness import smoothness
from rl_zoo.plots.report.timing import timing

SPACE = "\u202f"
USE = {
    "minutes_powered": 7.4787, "minutes_running": 1.1237, "episodes": 76, "falls": 66,
    "guarded_ticks": 3000, "late_steps": 5, "late_actions": 9, "stale_ticks": 250,
    "operator_prompts": 13, "interruptions": {"estop": 4, "stale": 15}, "max_temperature": 95.0,
    "min_battery_voltage": 11.2,
    "cadence": {
        "rate": 500.0, "achieved_rate": 499.25, "n_ticks": 29900, "n_missed": 100,
        "longest_gap": 0.0265, "lateness_p50": 5e-05, "lateness_p99": 0.00014,
        "lateness_max": 0.0245, "work_p50": 0.0006, "work_p99": 0.0011, "work_max": 0.0128,
    },
}  # fmt: skip


@pytest.fixture
def simulated(make_reported):
    """A simulated robot that logged three lines."""
    rows = []
    for number, step in enumerate((1000, 2000, 3000)):
        row = {
            "safety/intervention_rate": 0.4 - 0.1 * number, "safety/margin": 0.5,
            "safety/tilt": 0.0, "safety/torque": 0.02 * (3 - number), "safety/cost": 0.0,
            "motion/energy": 100.0 + number, "motion/forward_speed": 0.25 * number,
            "motion/continuity_cost": 10.0, "motion/continuity_cost_executed": 2.0 + number,
            "motion/falls": 1.0 - 0.5 * number, "time/fps": 60 - number,
        }  # fmt: skip
        evaluated = {f"eval/{key}": value / 2 for key, value in row.items() if "time" not in key}
        rows.append({"step": step, **row, **evaluated})
    record = {
        "robot": {"name": "bert", "control_frequency": 50.0, "latency": 0.0, "mass": 3.1,
                  "payload": {"mass": 1.0, "position": [0.05, 0, 0.06]},
                  "joints": {"FR_hip": {"max_torque": 4.0}}},
        "end_reasons": {"time_limit": 30, "fall": 90, "safety_tilt": 0},
        "wall_time_s": 30.0,
    }  # fmt: skip
    return make_reported(record=record, progress=rows)


@pytest.fixture
def real(make_reported):
    """A real robot."""
    record = {"robot": {"name": "bert", "driver": "unitree"}, "robot_use": USE, "discarded": 7}
    record |= {"end_reasons": {"fall": 66, "estop": 1}, "sessions": [{"from_step": 0}]}
    run = make_reported(record=record)
    (run.folder.path / "episodes").mkdir()
    (run.folder.path / "episodes/episode_00000.npz").touch()
    return run


def test_interventions_over_time_and_the_limits_reached(simulated, read):
    section = safety(simulated)
    assert f"changed 20{SPACE}% of the actions in the last" in read.text(section)
    assert f"(40{SPACE}% at the beginning)" in read.text(section)
    assert f"10{SPACE}% of those in the last evaluation" in read.text(section)
    lines = read.lines(section)
    training, evaluated = lines["Steps with a changed action (%)"]
    assert training[0] == pytest.approx([1000, 40])
    assert evaluated[-1] == pytest.approx([3000, 10])
    assert "Outside torque (rad)" in lines
    assert "Cost per episode" not in lines, "it is always zero"
    (table,) = read.blocks(section, Table)
    assert table.rows == (("Torque", "rad", "0.02", "0.06", "0.01"),)
    assert "Never reached: tilt." in read.text(section)


def test_guard_of_the_control_loop(real, read):
    text = read.text(safety(real))
    assert f"3{SPACE}000 ticks of 29{SPACE}900 (10{SPACE}%)" in text


def test_ends_are_counted_with_their_share(simulated, read):
    section = endings(simulated)
    (table,) = read.blocks(section, Table)
    assert [row[0] for row in table.rows] == ["fall", "time_limit", "safety_tilt"]
    assert table.rows[0][1:] == ("termination", "the robot fell", "90", f"75{SPACE}%")
    assert table.rows[2][1] == "termination"
    falls = read.lines(section)["Falls among the last 100 episodes, or those evaluated (%)"]
    assert [y for _, y in falls[0]] == [100.0, 50.0, 0.0]


def test_kinds_are_those_that_were_counted(make_reported, read):
    reasons = {"fall": 5, "goal": 4, "time_limit": 3}
    truncations = {"fall": 5, "time_limit": 1}
    run = make_reported(record={"end_reasons": reasons, "truncations": truncations})
    (table,) = read.blocks(endings(run), Table)
    assert table.headers[1] == "kind"
    kinds = ["truncation", "termination", "truncation (1) or termination"]
    assert [row[1] for row in table.rows] == kinds
    assert table.rows[1][2] == "", "nobody knows what 'goal' means"


def test_discarded_transitions_and_interruptions(real, read):
    section = endings(real)
    assert "7 transitions were interrupted" in read.text(section)
    assert read.facts(section) == {"stale": "15", "estop": "4"}
    bars = read.blocks(section, Drawing)[0].figure.axes[0].patches
    assert [bar.get_width() for bar in bars if bar.get_width()] == [66, 1]


def test_energy_and_speed(simulated, read):
    section = energy(simulated)
    (table,) = read.blocks(section, Table)
    assert dict((row[0], row[1:]) for row in table.rows) == {
        "Forward speed (m/s)": ("0.5", "0.25", "0", "0.25"),
        "Energy per episode (J)": ("102", "51", "50", "51"),
    }
    training, _ = read.lines(section)["Energy per episode (J)"]
    assert training == [[1000.0, 100.0], [2000.0, 101.0], [3000.0, 102.0]]


def test_robot_time_is_the_axis_above(simulated, read):
    drawing = read.blocks(energy(simulated), Drawing)[0]
    drawing.figure.draw_without_rendering()
    (above,) = drawing.figure.axes[0].child_axes
    low, high = above.get_xlim()
    assert (low, high) == pytest.approx((0.0, 1.02)), "3000 steps at 50 Hz are a minute"


def test_continuity_of_agent_and_executed_actions(simulated, make_reported, read):
    asked, _, done, _ = read.lines(smoothness(simulated))["Continuity cost"]
    assert [y for _, y in asked] == [10.0, 10.0, 10.0]
    assert [y for _, y in done] == [2.0, 3.0, 4.0]
    same = {"motion/continuity_cost": 5.0, "motion/continuity_cost_executed": 5.001}
    run = make_reported("Bert-v0_2", progress=[{"step": 10, **same}])
    lines = read.lines(smoothness(run))
    assert len(lines["Continuity cost (agent and executed: the same)"]) == 1


def test_speed_of_training(simulated, read):
    facts = read.facts(timing(simulated))
    assert facts["Environment steps per second"] == "100", "3000 steps in 30 s"
    assert facts["Robot time per training time"] == f"200{SPACE}%"
    assert facts["Training time, evaluations included"] == "30.0 s"


def test_deadlines_of_a_robot(real, read):
    facts = read.facts(timing(real))
    assert facts["Rate"] == "499.25 of 500 Hz"
    assert facts["Deadlines missed"] == f"100 (0.333{SPACE}%)", "100 of 30 000"
    assert facts["Longest gap between two ticks"] == "26.500 ms"
    assert facts["Tick behind its deadline"] == "median 0.050 ms, 99 % 0.140 ms, most 24.500 ms"
    assert facts["Steps whose action came after its deadline"] == "5"
    assert facts["Ticks without a fresh reading of the robot"] == "250"


def test_robot_and_its_use(real, read):
    facts = read.facts(robot(real))
    assert (facts["Driver"], facts["Under power"]) == ("unitree", "7.48 min")
    assert (facts["Hottest motor"], facts["Lowest battery voltage"]) == ("95 °C", "11.2 V")
    assert facts["Recorded episodes"] == "1"


def test_simulated_robot_with_its_load_and_joints(simulated, read):
    facts = read.facts(robot(simulated))
    assert facts["Payload"] == "1 kg at (0.05, 0, 0.06)"
    assert "Latency" not in facts
    assert facts["FR_hip"] == "4"


def test_a_run_without_robot_has_none_of_it(make_reported):
    run = make_reported(progress=[{"step": 10, "rollout/ep_rew_mean": 1.0}])
    for section in (safety, endings, energy, smoothness, robot, timing):
        assert section(run) is None, section.__name__


def test_axes_have_units_and_time(simulated, read):
    drawing = read.blocks(energy(simulated), Drawing)[0]
    axes = drawing.figure.axes[0]
    assert drawing.caption == "Forward speed (m/s)"
    assert (axes.get_ylabel(), axes.get_xlabel()) == ("m/s", "Environment steps")
    assert axes.child_axes[0].get_xlabel() == "Robot time (min)"
    (legend,) = drawing.figure.legends
    assert [text.get_text() for text in legend.get_texts()] == ["training", "evaluation"]

"""The use of a robot adds up over sessions."""

from rl_zoo.runs.robot_use import describe_use, merged_use

FIRST = {
    "minutes_powered": 3.0,
    "minutes_running": 1.5,
    "falls": 2,
    "interruptions": {"late": 1},
    "max_temperature": 60.0,
    "min_battery_voltage": None,
    "cadence": None,
}
SECOND = {
    "minutes_powered": 1.0,
    "minutes_running": 0.5,
    "falls": 1,
    "interruptions": {"late": 1, "estop": 1},
    "max_temperature": 55.0,
    "min_battery_voltage": 22.5,
    "cadence": {"rate": 500.0, "achieved_rate": 499.9, "n_ticks": 30000, "n_missed": 3},
}


def test_two_sessions_together():
    use = merged_use(FIRST, SECOND)
    assert (use["minutes_powered"], use["minutes_running"], use["falls"]) == (4.0, 2.0, 3)
    assert use["interruptions"] == {"late": 2, "estop": 1}
    assert (use["max_temperature"], use["min_battery_voltage"]) == (60.0, 22.5)
    assert use["cadence"]["rate"] == 500.0
    assert merged_use(None, FIRST) == FIRST
    assert merged_use(None, None) is None


def test_it_is_told_in_a_few_lines():
    told = describe_use(merged_use(FIRST, SECOND))
    assert "4.0 min under power, 2.0 min following the policy, 3 falls" in told
    assert "2 late, 1 estop" in told
    assert "hottest motor 60 C, lowest battery 22.5 V" in told
    assert "499.9 of 500 Hz" in told

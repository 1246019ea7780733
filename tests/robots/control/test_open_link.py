"""Which kind of link a driver gets."""

import pytest

from rl_zoo.errors import ConfigError
from rl_zoo.robots.control import open_link
from rl_zoo.robots.control.local_link import LocalLink
from rl_zoo.robots.control.open_link import make_link
from rl_zoo.robots.control.process_link import ProcessLink
from rl_zoo.robots.control.settings import ControlSettings


@pytest.mark.parametrize(("clock", "kind"), [("virtual", LocalLink), ("real", ProcessLink)])
def test_clock_of_the_driver_decides(clock, kind):
    assert type(make_link("bert", "mock", {"clock": clock}, ControlSettings())) is kind


@pytest.mark.parametrize(
    ("robot", "driver", "options", "text"),
    [
        ("berd", "mock", {}, "bert"),
        ("bert", "mokc", {}, "mock"),
        ("bert", "mock", {"clok": "real"}, "clock"),
        ("rl_zoo.robots.drivers.mock:MockDriver", "mock", {}, "not a robot"),
    ],
)
def test_mistakes_are_told_before_anything_is_started(robot, driver, options, text):
    with pytest.raises(ConfigError, match=text):
        make_link(robot, driver, options, ControlSettings())


@pytest.mark.parametrize("setting", ["read_only", "dry_run"])
def test_a_link_that_sends_nothing_only_looks_on(monkeypatch, setting):
    """Connecting to drive would make a Unitree robot give up its own control, and drop."""
    made = {}
    monkeypatch.setattr(
        open_link, "ProcessLink", lambda driver, robot, options, *_, **__: made.update(options)
    )
    options = {"address": "unix:///nowhere"}
    make_link("bert", "remote", options, ControlSettings(**{setting: True}))
    assert made == {"address": "unix:///nowhere", "observe": True}
    made.clear()
    make_link("bert", "remote", options, ControlSettings())
    assert made == {"address": "unix:///nowhere"}


def test_mock_with_a_real_clock_in_its_own_process():
    link = make_link("bert", "mock", {"clock": "real"}, ControlSettings(rate=100.0))
    link.open()
    try:
        assert link.snapshot().state.battery_voltage == 24.0
        assert link.snapshot().state.buttons == frozenset()
    finally:
        link.close()

"""Refuse a robot that does not tell what its user relies on."""

from __future__ import annotations

from collections.abc import Iterable

from rl_zoo.errors import RobotFault
from rl_zoo.robots.control.samples import without_zeros
from rl_zoo.robots.driver import MEASURES, Driver, RobotState

_PATIENCE = 1.0  # s: some robots send temperatures or the battery rarely
_POLL = 0.01  # s


def wait_for_required(driver: Driver, required: Iterable[str]) -> None:
    """Return once a sample tells everything that is required.

    Args:
        driver: Connected.
        required: Of ``MEASURES``. Telemetry of exactly 0 is unknown.

    Raises:
        RobotFault: If something is still missing after a second; it names what.
    """
    names = [name for name in MEASURES if name in set(required)]
    able = driver.capabilities.measures
    missing = [name for name in names if name not in able]
    deadline = driver.clock.now() + _PATIENCE
    while not missing:
        missing = _unknown(driver.read(), names)
        if not missing:
            return
        if driver.clock.now() >= deadline:
            break
        driver.clock.sleep_until(driver.clock.now() + _POLL)
        missing = []
    raise RobotFault(
        f"control.require: '{driver.spec.name}' does not tell {', '.join(missing)} (a value of "
        "exactly 0 is unknown); take it from control.require or repair the sensor"
    )


def _unknown(state: RobotState | None, names: list[str]) -> list[str]:
    if state is None:
        return names
    state = without_zeros(state)
    known = {
        "acceleration": state.acceleration_in_body is not None,
        "foot_forces": state.foot_forces is not None,
        "temperature": state.temperatures is not None,
        "battery": state.battery_voltage is not None,
        "motors_online": state.motors_online is not None,
    }
    return [name for name in names if not known.get(name, True)]

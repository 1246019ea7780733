"""Temperature and battery: lower gains for a warm robot, an announced end for a hot or empty one.

Both have a hysteresis: a robot that sat down because it was hot stands up again only once it is
cool. What the robot does not tell is not judged (``require`` refuses such a robot at the start).
"""

from __future__ import annotations

from rl_zoo.robots.control.modes import Interruption
from rl_zoo.robots.control.samples import CONFIRM
from rl_zoo.robots.driver import RobotState
from rl_zoo.robots.guard_limits import SafetyLimits

LOWEST_GAIN = 0.5
"""Share of the gains at the temperature at which the robot stops."""
_GAIN_SPEED = 0.5  # per second: a step of the gains is felt as a push
_COOL_BELOW = 5.0  # degrees below the limit, if the warning is not lower
_CHARGED_ABOVE = 1.03  # times the smallest voltage: a battery recovers a little without load


class Health:
    """Memory of temperature and battery.

    Args:
        limits: Of the robot; a limit whose reaction is ``report`` does not end anything.
        warn_temperature: Beyond it the gains are lowered, degrees Celsius.
        joint_names: For messages.
    """

    def __init__(
        self, limits: SafetyLimits, warn_temperature: float, joint_names: tuple[str, ...]
    ) -> None:
        self.ending = Interruption.NONE
        """OVERHEAT or BATTERY while the robot must not stand."""
        self.since = 0.0
        """When ``ending`` began, s."""
        self.words = ""
        """The reason in words."""
        self.gain = 1.0
        """Share of stiffness and damping that a warm robot is given."""
        self._names = joint_names
        self._hottest = limits.max_temperature if limits.enforces("temperature") else None
        self._emptiest = limits.min_battery_voltage if limits.enforces("battery") else None
        self._warn = warn_temperature
        if self._hottest is not None:
            self._warn = min(warn_temperature, self._hottest - _COOL_BELOW)
        self._n_hot = self._n_empty = 0
        self._is_hot = self._is_empty = False
        self._before: float | None = None

    def update(self, state: RobotState, now: float) -> None:
        """Take a new sample.

        Args:
            state: Good, zeros of telemetry replaced by None.
            now: s.
        """
        elapsed = 0.0 if self._before is None else now - self._before
        self._before = now
        hot, empty = self._judge_temperature(state, elapsed), self._judge_battery(state)
        before = self.ending
        if self._is_hot:
            self.ending, self.words = Interruption.OVERHEAT, hot or self.words
        elif self._is_empty:
            self.ending, self.words = Interruption.BATTERY, empty or self.words
        else:
            self.ending, self.words = Interruption.NONE, ""
        if before is Interruption.NONE and self.ending is not Interruption.NONE:
            self.since = now

    def _judge_temperature(self, state: RobotState, elapsed: float) -> str:
        if state.temperatures is None:
            return ""
        hottest = int(state.temperatures.argmax())
        temperature = float(state.temperatures[hottest])
        self._move_gain(temperature, elapsed)
        if self._hottest is None:
            return ""
        self._n_hot = self._n_hot + 1 if temperature > self._hottest else 0
        self._is_hot = temperature >= self._warn if self._is_hot else self._n_hot >= CONFIRM
        return (
            f"the motor of '{self._names[hottest]}' has {temperature:.0f} degrees, beyond "
            f"{self._hottest:g}; it rests until below {self._warn:g}"
        )

    def _judge_battery(self, state: RobotState) -> str:
        if state.battery_voltage is None or self._emptiest is None:
            return ""
        voltage = state.battery_voltage
        self._n_empty = self._n_empty + 1 if voltage < self._emptiest else 0
        if self._is_empty:
            self._is_empty = voltage < self._emptiest * _CHARGED_ABOVE
        else:
            self._is_empty = self._n_empty >= CONFIRM
        return f"the battery has {voltage:.1f} V, below {self._emptiest:g} V"

    def _move_gain(self, temperature: float, elapsed: float) -> None:
        """Lower the gains between warning and stop, slowly."""
        span = _COOL_BELOW if self._hottest is None else self._hottest - self._warn
        excess = min(max((temperature - self._warn) / span, 0.0), 1.0)
        wanted = 1.0 - (1.0 - LOWEST_GAIN) * excess
        step = _GAIN_SPEED * max(elapsed, 0.0)
        self.gain = min(max(wanted, self.gain - step), self.gain + step)

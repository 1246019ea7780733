"""Compare what a run learned from, and what it sent, with the simulated robot's own record."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rl_zoo.motion.rotations import tilt
from rl_zoo.robots.simulated.record import read_packets, read_record
from rl_zoo.robots.spec import RobotSpec
from rl_zoo.robots.wire import remote_packets, remote_protocol
from rl_zoo.robots.wire.unitree_crc import stored_checksum
from rl_zoo.robots.wire.unitree_layout import LOW_CMD
from rl_zoo.robots.wire.unitree_slots import motor_slots
from rl_zoo.runs.episode_file import Episode, episode_files, read_episode

WIRE_PRECISION = 1e-5
"""Largest error of a position that went over the wire as float32, rad."""
CLOCK_TOLERANCE = 1.0
"""Between a sample's arrival and the step of the same counter in the record, s."""
STILL = 0.02
"""Largest change of a joint of a robot that stands still, rad."""
FALLEN = 0.5
"""Tilt of a fall, rad, as in the tasks."""


@dataclass
class Findings:
    """What a check counted, and the first things that are wrong."""

    counts: Counter[str] = field(default_factory=Counter)
    wrong: list[str] = field(default_factory=list)

    def expect(self, is_right: bool, what: str, where: str) -> None:
        """Count what is wrong."""
        if not is_right:
            self.counts[f"wrong: {what}"] += 1
            self.wrong.append(f"{where}: {what}")


class RobotTruth:
    """The simulated robot's record, looked up by what a driver saw.

    Args:
        folder: Of the record.
        counter_step: Difference of the driver's ``sequence`` between two physics steps.
    """

    def __init__(self, folder: Path, counter_step: float = 1.0) -> None:
        header, self.rows = read_record(folder)
        self.joints = header["joint_addresses"]
        self.bits = {name: 1 << place for place, name in enumerate(header["faults"])}
        counters = np.round(self.rows["sequence"] * counter_step).astype(np.int64)
        self._places: dict[int, list[int]] = {}
        for place, counter in enumerate(counters.tolist()):
            self._places.setdefault(counter, []).append(place)

    def find(self, counter: float, arrival: float) -> int | None:
        """Return the place of the step with this counter around this time (monotonic, s)."""
        places = self._places.get(int(counter), ())
        wall = self.rows["wall_time"]
        near = [place for place in places if abs(wall[place] - arrival) < CLOCK_TOLERANCE]
        return min(near, key=lambda place: abs(wall[place] - arrival), default=None)

    def had(self, fault: str, first: int, last: int) -> bool:
        """Say whether a fault was active between two places."""
        return bool((self.rows["faults"][first : last + 1] & self.bits[fault]).any())


def check_transitions(episodes: Path, truth: RobotTruth, max_gap: float) -> Findings:
    """Compare every transition that was not discarded with what the robot did.

    Both samples must be the robot's own, from one uninterrupted time with stiff motors, at most
    ``max_gap`` s of the robot's time apart; what ended in a fall must have fallen, nothing else.
    """
    findings = Findings()
    for file in episode_files(episodes):
        episode = read_episode(file)
        findings.counts["episodes"] += 1
        findings.counts[f"end: {episode.about['end']}"] += 1
        arrays = episode.arrays
        for step in range(episode.n_steps):
            if arrays["discarded"][step]:
                findings.counts["discarded transitions"] += 1
                continue
            findings.counts["stored transitions"] += 1
            _check_transition(findings, f"{file.name} step {step}", episode, step, truth, max_gap)
    return findings


def _check_transition(
    findings: Findings,
    where: str,
    episode: Episode,
    step: int,
    truth: RobotTruth,
    max_gap: float,
) -> None:
    arrays, rows = episode.arrays, truth.rows
    places = []
    for index in (step, step + 1):
        place = truth.find(arrays["sequence"][index], arrays["time"][index])
        if place is None:
            findings.expect(False, "a sample that the robot never took", where)
            return
        error = rows["qpos"][place][truth.joints] - arrays["state/joint_positions"][index]
        findings.expect(float(np.abs(error).max()) < WIRE_PRECISION, "joints were elsewhere", where)
        places.append(place)
    first, last = places
    between = rows[first : last + 1]
    if step == 0:  # the robot stood and waited for the first action: only then it ran
        first = _start_of_motion(rows, truth.joints, first, last)
    elapsed = float(rows["time"][last] - rows["time"][first])
    findings.expect(last - first >= 0, "time ran backwards", where)
    findings.expect(elapsed <= max_gap, f"a gap of more than {1e3 * max_gap:.0f} ms", where)
    findings.expect(len(set(between["boot"].tolist())) <= 1, "the boards restarted", where)
    has_fallen = bool(arrays["terminated"][step])
    findings.expect(has_fallen or not between["watchdog"].any(), "motors were soft", where)
    findings.expect(not truth.had("put_down", first, last), "somebody moved the robot", where)
    lean = tilt(tuple(rows["qpos"][last][3:7].tolist()))
    findings.expect(has_fallen or lean <= FALLEN, "a fall is not a termination", where)
    findings.counts["same sample twice"] += last == first
    findings.counts["late actions"] += bool(arrays["late"][step])


def _start_of_motion(rows: NDArray[Any], joints: list[int], first: int, last: int) -> int:
    """Return the last place at which a standing robot was still as it was at ``first``."""
    change = np.abs(rows["qpos"][first : last + 1][:, joints] - rows["qpos"][first][joints])
    return first + int(np.flatnonzero(change.max(axis=1) < STILL)[-1])


def stored_rows(episodes: Path) -> dict[str, NDArray[Any]]:
    """Return what a replay buffer must hold after these episodes, in order."""
    parts: dict[str, list[NDArray[Any]]] = {
        key: [] for key in ("observations", "next_observations", "rewards", "terminated")
    }
    for file in episode_files(episodes):
        arrays = read_episode(file).arrays
        kept = ~arrays["discarded"]
        parts["observations"].append(arrays["observations"][:-1][kept])
        parts["next_observations"].append(arrays["observations"][1:][kept])
        parts["rewards"].append(arrays["rewards"][kept])
        parts["terminated"].append(arrays["terminated"][kept])
    return {key: np.concatenate(values) for key, values in parts.items()}


def check_buffer(buffer: Any, episodes: Path) -> Findings:
    """Compare SB3's replay buffer, not overwritten yet, with the episodes row by row."""
    findings, rows = Findings(), stored_rows(episodes)
    size = int(buffer.size())
    learned = ~buffer.discarded[:size, 0]  # a discarded transition leaves a hole, never sampled
    n, n_whole = int(learned.sum()), len(rows["rewards"])
    findings.counts.update({"rows that can be sampled": n, "holes": size - n})
    findings.expect(n == n_whole, f"{n} rows for {n_whole} whole transitions", "buffer")
    stored: Mapping[str, NDArray[Any]] = {
        "observations": buffer.observations[:size, 0],
        "next_observations": buffer.next_observations[:size, 0],
        "rewards": buffer.rewards[:size, 0],
        "terminated": (buffer.dones * (1.0 - buffer.timeouts))[:size, 0],
    }
    n = min(n, n_whole)
    for key, everything in stored.items():
        values = everything[learned][:n]
        same = (values == rows[key][:n].astype(values.dtype)).reshape(n, -1).all(axis=1)
        findings.expect(bool(same.all()), f"{int((~same).sum())} rows: other {key}", "buffer")
    return findings


def commands_on_wire(
    folder: Path, protocol: str, spec: RobotSpec
) -> Iterator[tuple[float, NDArray[np.float64] | None, str]]:
    """Yield arrival (s), q, dq, kp, kd, tau (5, n_joints) and what is wrong with each packet."""
    slots = list(motor_slots(spec))
    for arrival, data in read_packets(folder):
        if protocol == "unitree":
            structure = LOW_CMD.from_cdr(data)
            if structure is None:
                yield arrival, None, "no LowCmd_"
                continue
            fault = "" if bitwise_checksum(structure) == stored_checksum(structure) else "CRC"
            motors = LOW_CMD.view(structure)["motor_cmd"][slots]
            values = np.stack([motors[name] for name in ("q", "dq", "kp", "kd", "tau")])
            yield arrival, values.astype(np.float64), fault
        else:
            packet = remote_protocol.unpack(data)
            if isinstance(packet, remote_packets.CommandPacket):
                yield arrival, packet.values, ""
            elif isinstance(packet, remote_protocol.Refusal):
                yield arrival, None, f"refused: {packet.name.lower()}"


def bitwise_checksum(structure: bytes) -> int:
    """Return the vendor's CRC-32 with a table by byte: a second implementation."""
    register = 0xFFFFFFFF
    for place in range(0, len(structure) - 4, 4):
        for byte in structure[place : place + 4][::-1]:
            register = (register << 8 & 0xFFFFFFFF) ^ _TABLE[register >> 24 ^ byte]
    return register


def _table_entry(byte: int) -> int:
    register = byte << 24
    for _ in range(8):
        register = (register << 1) ^ (0x104C11DB7 if register >> 31 else 0)
    return register


_TABLE = [_table_entry(byte) for byte in range(256)]


def check_wire(folder: Path, protocol: str, spec: RobotSpec, rate: float) -> Findings:
    """Check every command that reached the simulated robot's end of the bus.

    Finite, right checksum, gains and torque within the robot's, targets within its joint limits or
    (a robot on the floor) not further outside than its joints are, and steps within its speed: but
    a target may come back to the joint faster, since the torque limit wins.
    """
    findings = Findings()
    header, rows = read_record(folder)
    joints = rows["qpos"][:, header["joint_addresses"]]
    times = rows["wall_time"]
    before: tuple[float, NDArray[np.float64]] | None = None
    for arrival, values, fault in commands_on_wire(folder, protocol, spec):
        findings.counts["commands"] += 1
        where = f"packet at {arrival:.3f} s"
        findings.expect(not fault, fault, where)
        if values is None:
            continue
        findings.expect(bool(np.isfinite(values).all()), "not finite", where)
        q, _, kp, kd, tau = values
        findings.expect(bool((kp <= spec.kp * 1.001).all()), "kp above the robot's", where)
        findings.expect(bool((np.abs(tau) <= spec.max_torques).all()), "torque", where)
        findings.expect(bool(((kd >= 0.0) & (kp >= 0.0)).all()), "negative gains", where)
        if not (kp > 0.0).any():
            findings.counts["soft commands"] += 1
            before = None
            continue
        place = min(int(np.searchsorted(times, arrival)), len(times) - 1)
        near = joints[max(0, place - 500) : place + 1]
        low = np.minimum(spec.lower_limits, near.min(axis=0)) - 1e-4
        high = np.maximum(spec.upper_limits, near.max(axis=0)) + 1e-4
        findings.expect(bool(((q >= low) & (q <= high)).all()), "outside joint limits", where)
        if before is not None:
            elapsed = max(1.0 / rate, arrival - before[0])  # more where packets were lost
            is_fast = np.abs(q - before[1]) > 1.05 * elapsed * spec.max_velocities + 1e-5
            is_away = np.abs(q - joints[place]) > np.abs(before[1] - joints[place])
            findings.counts["steps back for the torque limit"] += bool(is_fast.any())
            findings.expect(not (is_fast & is_away).any(), "too fast a step", where)
        before = arrival, q
    return findings

"""Bridge from a robot's own middleware to the `remote` driver: copy it, fill in class Robot.

Needs Python >= 3.8 and nothing else; protocol version 1, docs/remote_protocol.md.
Run: python bridge_template.py [--port 9870]
"""

import argparse
import math
import os
import socket
import struct
import time
import zlib
from typing import Any, Dict, Optional, Tuple  # noqa: UP035  (robots have old Pythons)

JOINTS = "FR_hip FR_knee FL_hip FL_knee RR_hip RR_knee RL_hip RL_knee".split()  # noqa: SIM905
FEET, RATE, WATCHDOG, NAME = 4, 500.0, 0.1, b"my_robot"
MEASURES = 0b100010000  # validity bits: torque 4, sample counter 8 (the others: see the page)
N = len(JOINTS)


class Robot:
    """The only part to write: fill it from the callbacks of ROS 2, LCM, ODRI, ..."""

    def __init__(self) -> None:
        self.q, self.dq, self.tau, self.sample = [0.0] * N, [0.0] * N, [0.0] * N, 0

    def read(self) -> Dict[str, Any]:  # noqa: UP006
        """Return the newest sample: rad, rad/s, N m, quaternion w x y z, V, degrees Celsius."""
        self.sample += 1  # count what the sensors deliver, not the calls of this method
        trunk = {"orientation": [1.0, 0, 0, 0], "gyro": [0.0] * 3, "acceleration": [0.0] * 3}
        joints = {"q": self.q, "dq": self.dq, "tau": self.tau, "motor": self.q, "heat": [0.0] * N}
        rest = {"feet": [0.0] * FEET, "volts": 0.0, "buttons": 0, "online": (1 << N) - 1}
        return {**trunk, **joints, **rest, "sample": self.sample}

    def servo(self, q: Any, dq: Any, kp: Any, kd: Any, tau: Any) -> None:
        """Send to the motors: torque = tau + kp (q - measured) + kd (dq - measured)."""
        self.q = list(q) if any(kp) else self.q

    def soften(self) -> None:
        """Damp all motors: no command came for WATCHDOG seconds."""


def padded(text: bytes) -> bytes:
    """Return a name as it stands in a packet."""
    return text[:32].ljust(32, b"\0")


class Bridge:
    """The robot's side of the protocol."""

    def __init__(self, robot: Robot, port: int) -> None:
        self.robot, self.session, self.sequence = robot, int.from_bytes(os.urandom(4), "little"), 0
        self.names = b"".join(padded(name.encode()) for name in JOINTS)
        self.owner: Optional[Tuple[int, Any, float, bytes]] = None  # noqa: UP006, UP045
        self.heard = self.commanded = 0.0
        self.obeyed = 0
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.bind(("0.0.0.0", port))
        self.socket.setblocking(False)

    def send(self, kind: int, body: bytes, place: Any, feet: int = 0) -> None:
        """Send a packet: header, body, CRC-32."""
        self.sequence = (self.sequence + 1) % 2**32
        counts = N, feet, self.session, self.sequence, time.monotonic()
        data = struct.pack("<4sBBBBIId", b"RLZR", 1, kind, *counts) + body
        self.socket.sendto(data + struct.pack("<I", zlib.crc32(data)), place)

    def receive(self) -> None:
        """Take in every waiting packet; what is damaged, old or a stranger's is dropped."""
        while True:
            try:
                data, place = self.socket.recvfrom(65535)
            except BlockingIOError:
                return
            if len(data) < 28 or struct.unpack("<I", data[-4:])[0] != zlib.crc32(data[:-4]):
                continue
            magic, version, kind, n, _, session, sequence, _ = struct.unpack_from(
                "<4sBBBBIId", data
            )
            if magic == b"RLZR" and version != 1:
                self.describe(place, False)
            elif magic == b"RLZR" and kind == 1 and len(data) == 76:
                self.greet(session, place, *struct.unpack_from("<IId32s", data, 24))
            elif magic == b"RLZR" and self.owner and session == self.owner[0]:
                if kind == 3 and n == N and len(data) == 36 + 40 * N:
                    self.obey(sequence, data)
                elif kind == 5:
                    self.owner = None

    def greet(self, session: int, place: Any, *hello: Any) -> None:
        """Answer a HELLO: the first driver owns the robot until it is silent for its time-out."""
        purpose, checksum, time_out, label = hello
        now, fits = time.monotonic(), checksum == zlib.crc32(self.names)
        if fits and purpose == 0:
            if self.owner and self.owner[0] != session:
                if now - self.heard <= self.owner[2]:
                    self.send(6, self.owner[3], place)  # BUSY
                    return
                self.owner = None
            self.obeyed = self.obeyed if self.owner else -1
            self.owner, self.heard = (session, place, time_out, label), now
        self.describe(place, fits and purpose == 0)  # looking on (purpose 1) is not offered here

    def describe(self, place: Any, accepted: bool) -> None:
        """Say what the robot is."""
        self.send(
            2, struct.pack("<IIdd32s", MEASURES, accepted, RATE, WATCHDOG, NAME) + self.names, place
        )

    def obey(self, sequence: int, data: bytes) -> None:
        """Pass a command on, unless it is old, for another life of this robot or not finite."""
        mode, robot = struct.unpack_from("<II", data, 24)
        values = struct.unpack_from("<%dd" % (5 * N), data, 32)  # noqa: UP031
        is_newer = self.obeyed < 0 or 0 < (sequence - self.obeyed) % 2**32 < 2**31
        if robot == self.session and mode < 2 and is_newer and all(map(math.isfinite, values)):
            self.obeyed, self.heard = sequence, time.monotonic()
            self.commanded = self.heard
            q, dq, kp, kd, tau = (values[i * N : i * N + N] for i in range(5))
            zero = [0.0] * N
            self.robot.servo(*((q, dq, kp, kd, tau) if mode == 1 else (q, zero, zero, kd, zero)))

    def publish(self) -> None:
        """Send a sample to the owner."""
        if not self.owner or time.monotonic() - self.heard > self.owner[2]:
            return
        s = self.robot.read()
        head = s["sample"], MEASURES, s["buttons"], s["online"], max(self.obeyed, 0), s["volts"]
        names = "orientation gyro acceleration q dq tau motor heat feet".split()  # noqa: SIM905
        values = [value for name in names for value in s[name]]
        body = struct.pack("<QIIIId%dd" % len(values), *head, *values)  # noqa: UP031
        self.send(4, body, self.owner[1], FEET)


def main() -> None:
    """Serve until interrupted."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, default=9870, help="UDP port | default 9870")
    bridge = Bridge(Robot(), parser.parse_args().port)
    print(f"listening on UDP port {bridge.socket.getsockname()[1]}", flush=True)
    due = time.monotonic()
    while True:
        bridge.receive()
        if time.monotonic() - bridge.commanded > WATCHDOG:
            bridge.robot.soften()
        bridge.publish()
        due = max(due + 1.0 / RATE, time.monotonic() - 0.1)
        time.sleep(max(0.0, due - time.monotonic()))


if __name__ == "__main__":
    main()

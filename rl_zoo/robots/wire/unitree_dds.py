"""One DDS participant: who else is there, and what they announce; readers and writers."""

from __future__ import annotations

import socket
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID
from weakref import WeakValueDictionary
from xml.sax.saxutils import quoteattr

from rl_zoo.errors import RobotFault
from rl_zoo.robots.wire.unitree_idl import (
    CAN_TELL_VARIANTS,
    ROBOT_VARIANT,
    VARIANTS,
    message_types,
    type_hash,
)
from rl_zoo.suggest import did_you_mean

# Only here and in unitree_idl, which says what to install if it is absent.
from cyclonedds.builtin import (  # isort: skip
    BuiltinDataReader,
    BuiltinTopicDcpsPublication,
    BuiltinTopicDcpsSubscription,
)
from cyclonedds.core import (
    DDSException,
    InstanceState,
    Policy,
    Qos,
)
from cyclonedds.domain import Domain, DomainParticipant
from cyclonedds.pub import DataWriter
from cyclonedds.sub import DataReader
from cyclonedds.topic import Topic
from cyclonedds.util import duration

COMMAND_TOPIC = "rt/lowcmd"
STATE_TOPIC = "rt/lowstate"
_LONGEST_WRITE = 0.01
"""A writer may wait this long for a reliable reader that is behind, s."""
_MANY = 256
_POLL = 0.01  # s


@dataclass(frozen=True)
class Place:
    """Where a robot is on the network."""

    domain: int = 0
    interface: str | None = None
    peers: tuple[str, ...] = ()

    @property
    def config(self) -> str:
        """Return the configuration of cyclonedds; empty: its own (``CYCLONEDDS_URI``)."""
        if self.interface is None and not self.peers:
            return ""
        interface = quoteattr(self.interface) if self.interface else '"" autodetermine="true"'
        general = f"<Interfaces><NetworkInterface name={interface}/></Interfaces>"
        peers = "".join(f"<Peer address={quoteattr(peer)}/>" for peer in self.peers)
        # Only a participant with an index has a port that others can guess without multicast.
        discovery = f"<ParticipantIndex>auto</ParticipantIndex><Peers>{peers}</Peers>"
        return (
            '<CycloneDDS><Domain Id="any">'
            + (f"<General>{general}</General>" if self.interface else "")
            + (f"<Discovery>{discovery}</Discovery>" if self.peers else "")
            + "</Domain></CycloneDDS>"
        )

    def __str__(self) -> str:
        """Return the place as messages name it."""
        through = f" through interface {self.interface}" if self.interface else ""
        peers = f" with peers {', '.join(self.peers)}" if self.peers else ""
        return f"DDS domain {self.domain}{through}{peers}"


@dataclass(frozen=True)
class Endpoint:
    """A reader or writer of another participant."""

    topic: str
    type_name: str
    type_hash: str | None
    """Complete hash of its type; None: it announces none."""
    is_writer: bool
    participant: UUID


class Bus:
    """A participant of a DDS domain, and the endpoints made from it.

    Raises:
        RobotFault: If the network interface does not exist, or this process is in the domain by
            another way already.
    """

    def __init__(self, place: Place) -> None:
        self.place = place
        _check_interface(place)
        try:
            self._domain = _open_domain(place)
            self.participant = DomainParticipant(place.domain)
        except DDSException:
            raise RobotFault(f"cannot join {place}: is the network up (`ip address`)?") from None
        self._key = self.participant.guid
        self._others: dict[UUID, Endpoint] = {}
        self._lists = (
            (True, BuiltinDataReader(self.participant, BuiltinTopicDcpsPublication)),
            (False, BuiltinDataReader(self.participant, BuiltinTopicDcpsSubscription)),
        )

    def endpoints(self) -> list[Endpoint]:
        """Return what the others announce now; creates nothing that they could see."""
        for is_writer, reader in self._lists:
            for sample in reader.take(N=_MANY):
                if sample.sample_info.instance_state != InstanceState.Alive:
                    self._others.pop(sample.key, None)
                elif sample.participant_key != self._key:
                    self._others[sample.key] = _endpoint(sample, is_writer)
        return list(self._others.values())

    def find(self, topic: str, *, is_writer: bool) -> list[Endpoint]:
        """Return the others' writers (or readers) of a topic."""
        return [
            endpoint
            for endpoint in self.endpoints()
            if endpoint.topic == topic and endpoint.is_writer == is_writer
        ]

    def wait_for(self, topic: str, seconds: float, *, is_writer: bool) -> list[Endpoint]:
        """Return the others' writers (or readers) of a topic as soon as there is one."""
        deadline = time.monotonic() + seconds
        while not (found := self.find(topic, is_writer=is_writer)):
            if time.monotonic() >= deadline:
                break
            time.sleep(_POLL)
        return found

    def make_writer(self, topic: str, message_type: Any) -> DataWriter[Any]:
        """Return a reliable writer of the newest message."""
        qos = Qos(
            Policy.Reliability.Reliable(duration(seconds=_LONGEST_WRITE)),
            Policy.History.KeepLast(1),
            Policy.Durability.Volatile,
        )
        return DataWriter(self.participant, Topic(self.participant, topic, message_type), qos=qos)

    def make_reader(self, topic: str, message_type: Any, depth: int = 1) -> DataReader[Any]:
        """Return a reader of the newest ``depth`` messages that asks for none again."""
        qos = Qos(
            Policy.Reliability.BestEffort,
            Policy.History.KeepLast(depth),
            Policy.Durability.Volatile,
        )
        return DataReader(self.participant, Topic(self.participant, topic, message_type), qos=qos)


def send(writer: DataWriter[Any], message: Any) -> bool:
    """Write a message; say whether the network took it."""
    try:
        writer.write(message)
    except DDSException:
        return False
    return True


def choose_variant(endpoints: Sequence[Endpoint], wanted: str, place: Place) -> str:
    """Return the variant of types that can be created without harm to anyone in the domain.

    Args:
        endpoints: What the others announce.
        wanted: Of ``VARIANTS``, or ``auto``.
        place: For messages.

    Raises:
        RobotFault: If the wanted variant would not be heard, or would kill a peer.
    """
    announced = announced_variants(endpoints)
    if announced == set(VARIANTS):
        raise RobotFault(
            f"peers in {place} announce both byte and uint8 types: a uint8 type kills peers of "
            "cyclonedds 0.10; stop the simulator or give it a domain of its own"
        )
    chosen = next(iter(announced), ROBOT_VARIANT)
    if wanted not in ("auto", chosen):
        raise RobotFault(
            f"type_variant: {wanted}: the peer in {place} speaks {chosen}; take {chosen} or auto"
        )
    if chosen not in (ROBOT_VARIANT, "uint8" if CAN_TELL_VARIANTS else ROBOT_VARIANT):
        raise RobotFault(
            f"the peer in {place} speaks uint8, which the installed cyclonedds 0.10 cannot; "
            "install cyclonedds 11 (Python 3.11 to 3.13)"
        )
    return chosen


def announced_variants(endpoints: Sequence[Endpoint]) -> set[str]:
    """Return the variants of the types we know that others announce; no hash counts as byte."""
    hashes = {
        type_hash(getattr(message_types(variant), name)): variant
        for variant in (VARIANTS if CAN_TELL_VARIANTS else (ROBOT_VARIANT,))
        for name in ("low_cmd", "low_state", "request", "response")
    }
    known = {endpoint.type_hash for endpoint in endpoints} & hashes.keys()
    return {hashes[found] for found in known if found is not None}


_DOMAINS: WeakValueDictionary[int, Any] = WeakValueDictionary()


def _open_domain(place: Place) -> Any:
    """Return the domain of this process: there can be one of a number, with one configuration."""
    if not place.config:
        return None
    known: Any = _DOMAINS.get(place.domain)
    if known is None:
        known = _DOMAINS[place.domain] = Domain(place.domain, place.config)
        known.place = place
    elif known.place != place:
        raise RobotFault(f"cannot join {place}: this process is in {known.place} already")
    return known


def _check_interface(place: Place) -> None:
    names = [name for _, name in socket.if_nameindex()]
    if place.interface is not None and place.interface not in names:
        raise RobotFault(
            f"no network interface '{place.interface}' here{did_you_mean(place.interface, names)}"
        )


def _endpoint(sample: Any, is_writer: bool) -> Endpoint:
    value = getattr(sample.type_id, "value", None)
    complete = value.hex() if isinstance(value, bytes) else None
    return Endpoint(
        sample.topic_name, sample.type_name, complete, is_writer, sample.participant_key
    )

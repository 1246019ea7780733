"""Types of Unitree's messages as DDS announces them, with bodies that are packed elsewhere.

Peers compare types by a hash of every name and type in them. The IDL of Unitree calls its 8-bit
fields ``uint8``; the library of the robots (cyclonedds 0.10.2) announces that as ``byte``, newer
ones really as ``uint8``, which is another type, and kills a peer of the old kind that hears of it.
Hence two variants of each type: ``byte`` for robots, ``uint8`` only for a peer that announces it.
"""

from __future__ import annotations

import dataclasses
from functools import cache
from typing import Any

from rl_zoo.errors import MissingDependencyError
from rl_zoo.robots.wire.unitree_layout import LOW_CMD, LOW_STATE, Struct

try:
    from cyclonedds.idl import annotations as idl_annotations
    from cyclonedds.idl import make_idl_struct
    from cyclonedds.idl import types as idl_types
except ImportError as error:
    raise MissingDependencyError(
        f'Unitree robots need cyclonedds ({error}): pip install "rl_zoo[unitree]"; it has wheels '
        "for Python 3.10 to 3.13 on x86-64"
    ) from error

types: Any = idl_types
VARIANTS = ("byte", "uint8")
ROBOT_VARIANT = "byte"
"""What robots announce, and the only variant of cyclonedds 0.10."""
GO_MODULE = "unitree_go.msg.dds_"
API_MODULE = "unitree_api.msg.dds_"
CAN_TELL_VARIANTS = hasattr(types, "byte")
"""Whether the installed cyclonedds knows both."""

_SINGLE = {
    "u2": types.uint16,
    "u4": types.uint32,
    "i2": types.int16,
    "i4": types.int32,
    "f4": types.float32,
}


@dataclasses.dataclass(frozen=True)
class MessageTypes:
    """The types of one variant. Requests and responses are dataclasses; the others hold bytes."""

    low_cmd: Any
    low_state: Any
    request: Any
    request_header: Any
    identity: Any
    lease: Any
    policy: Any
    response: Any
    response_header: Any
    status: Any


@cache
def message_types(variant: str = ROBOT_VARIANT) -> MessageTypes:
    """Return the types of a variant, the same at every call.

    Args:
        variant: Of ``VARIANTS``.
    """
    octet = types.byte if CAN_TELL_VARIANTS and variant == "byte" else types.uint8
    identity = _plain("RequestIdentity_", id=types.int64, api_id=types.int64)
    lease = _plain("RequestLease_", id=types.int64)
    policy = _plain("RequestPolicy_", priority=types.int32, noreply=bool)
    header = _plain("RequestHeader_", identity=identity, lease=lease, policy=policy)
    status = _plain("ResponseStatus_", code=types.int32)
    answer_header = _plain("ResponseHeader_", identity=identity, status=status)
    binary = types.sequence[octet]
    return MessageTypes(
        low_cmd=_packed(LOW_CMD, octet),
        low_state=_packed(LOW_STATE, octet),
        request=_plain("Request_", header=header, parameter=str, binary=binary),
        request_header=header,
        identity=identity,
        lease=lease,
        policy=policy,
        response=_plain("Response_", header=answer_header, data=str, binary=binary),
        response_header=answer_header,
        status=status,
    )


def type_hash(message_type: Any) -> str:
    """Return the complete hash by which peers know a type, in hexadecimal."""
    return str(message_type.__idl__.get_type_id().value.hex())


def struct_type(struct: Struct, octet: Any) -> Any:
    """Return the type of a structure as a dataclass that cyclonedds packs field by field.

    Args:
        struct: The structure.
        octet: Type of 8-bit fields: ``types.byte`` or ``types.uint8``.
    """
    return _annotated(
        make_idl_struct(struct.name, f"{GO_MODULE}.{struct.name}", _fields(struct, octet))
    )


def _plain(name: str, **fields: Any) -> Any:
    return _annotated(make_idl_struct(name, f"{API_MODULE}.{name}", fields))


def _packed(struct: Struct, octet: Any) -> Any:
    """Return a type whose objects hold their bytes: ``packed(cdr)``, ``.cdr``.

    The functions are set afterwards: a base class would become a part of the announced type.
    """
    name = f"{GO_MODULE}.{struct.name}"
    packed: Any = make_idl_struct(struct.name, name, _fields(struct, octet), dataclassify=False)

    def hold(self: Any, cdr: bytes) -> None:
        self.cdr = cdr

    def serialize(self: Any, *_: Any, **__: Any) -> bytes:
        return bytes(self.cdr)

    def deserialize(cls: Any, data: bytes, *_: Any, **__: Any) -> Any:
        return cls(data)

    packed.__init__ = hold
    packed.serialize = serialize
    packed.deserialize = classmethod(deserialize)
    packed.deserialize_key = classmethod(deserialize)
    return _annotated(packed)


def _fields(struct: Struct, octet: Any) -> dict[str, Any]:
    fields = {}
    for name, kind, count in struct.fields:
        if isinstance(kind, Struct):
            single = struct_type(kind, octet)
        else:
            single = octet if kind == "u1" else _SINGLE[kind]
        fields[name] = types.array[single, count] if count else single
    return fields


def _annotated(message_type: Any) -> Any:
    """Say what the vendor's types say; it is a part of the hash."""
    idl_annotations.final(message_type)
    idl_annotations.autoid("sequential")(message_type)
    return message_type

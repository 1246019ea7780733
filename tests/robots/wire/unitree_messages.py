"""Random messages, and second implementations to compare ours with."""

import numpy as np

from rl_zoo.robots.wire.unitree_layout import Struct


def random_record(struct, rng):
    """Return the fields of a message as nested dicts, lists and plain numbers."""
    return {
        name: [_value(kind, rng) for _ in range(count)] if count else _value(kind, rng)
        for name, kind, count in struct.fields
    }


def as_message(struct, record, make_type):
    """Return a record as the dataclass that cyclonedds packs field by field."""

    def convert(kind, value):
        return as_message(kind, value, make_type) if isinstance(kind, Struct) else value

    fields = {
        name: [convert(kind, item) for item in record[name]]
        if count
        else convert(kind, record[name])
        for name, kind, count in struct.fields
    }
    return make_type(struct)(**fields)


def fill(view, struct, record):
    """Write a record into the fields of a C structure."""
    for name, kind, count in struct.fields:
        if not isinstance(kind, Struct):
            view[name] = record[name]
        elif count:
            for index in range(count):
                fill(view[name][index : index + 1].reshape(()), kind, record[name][index])
        else:
            fill(view[name], kind, record[name])


def bitwise_checksum(structure):
    """Return the vendor's CRC as the textbook computes it: one bit after the other."""
    register = 0xFFFFFFFF
    for start in range(0, len(structure) - 4, 4):
        word = int.from_bytes(structure[start : start + 4], "little")
        for bit in range(31, -1, -1):
            feedback = (register >> 31) ^ (word >> bit & 1)
            register = (register << 1) & 0xFFFFFFFF
            if feedback:
                register ^= 0x04C11DB7
    return register


def _value(kind, rng):
    if isinstance(kind, Struct):
        return random_record(kind, rng)
    dtype = np.dtype(kind)
    if dtype.kind == "f":
        return float(np.float32(rng.normal(scale=100.0)))
    limits = np.iinfo(dtype)
    return int(rng.integers(limits.min, limits.max, endpoint=True))

"""Bytes of the Go2's messages against golden bytes, a bitwise checksum and cyclonedds itself."""

import json
from pathlib import Path

import numpy as np
import pytest

from rl_zoo.robots.wire.unitree_crc import checksum, store_checksum, stored_checksum
from rl_zoo.robots.wire.unitree_layout import LOW_CMD, LOW_STATE
from tests.robots.wire.unitree_messages import as_message, bitwise_checksum, fill, random_record

GOLDEN = json.loads((Path(__file__).parent / "unitree_golden.json").read_text())
MESSAGES = {"LowCmd_": LOW_CMD, "LowState_": LOW_STATE}
HASHES = {
    ("byte", "low_cmd"): "52cc8eb0d427d692aa2b20a90540",
    ("byte", "low_state"): "08f239c471d3a27e67e7c7723184",
    ("byte", "request"): "c47a4429fcbf539486498753c48f",
    ("byte", "response"): "d1c32cc02214901a464a6c51325d",
    ("uint8", "low_cmd"): "12da99179559f14db8b7ab23acdd",
    ("uint8", "low_state"): "ef1819d05896c24741d6dbde9167",
}


@pytest.mark.parametrize(("name", "size"), [("LowCmd_", 812), ("LowState_", 1180)])
def test_sizes_are_the_vendors(name, size):
    assert MESSAGES[name].cdr_size == size
    assert MESSAGES[name].dtype.itemsize == size


@pytest.mark.parametrize("name", MESSAGES)
def test_golden_message(name):
    """Packed by cyclonedds 11.0.1, checksum by the bitwise implementation; see the file."""
    struct, golden = MESSAGES[name], GOLDEN[name]
    structure = bytearray(struct.dtype.itemsize)
    fill(struct.view(structure), struct, golden["fields"])
    store_checksum(structure)
    assert struct.to_cdr(structure).hex() == golden["cdr"]
    assert stored_checksum(structure) == golden["crc"]


@pytest.mark.parametrize("name", MESSAGES)
def test_bytes_equal_those_of_cyclonedds(name):
    pytest.importorskip("cyclonedds")
    from rl_zoo.robots.wire.unitree_idl import struct_type, types

    struct, rng = MESSAGES[name], np.random.default_rng(1)
    octet = getattr(types, "byte", types.uint8)
    made = {}

    def make_type(kind):
        # One type per structure: the nested objects must be of the types of the fields.
        return made.setdefault(kind.name, struct_type(kind, octet))

    for _ in range(30):
        record = random_record(struct, rng)
        theirs = as_message(struct, record, make_type).serialize()
        structure = bytearray(struct.dtype.itemsize)
        fill(struct.view(structure), struct, record)
        assert struct.to_cdr(structure) == theirs
        assert struct.from_cdr(theirs) == bytes(structure)
        back = make_type(struct).deserialize(struct.to_cdr(structure))
        assert back == make_type(struct).deserialize(theirs)


@pytest.mark.parametrize("name", MESSAGES)
def test_bytes_of_another_message_are_none(name):
    struct = MESSAGES[name]
    cdr = bytes.fromhex(GOLDEN[name]["cdr"])
    assert struct.from_cdr(cdr) is not None
    assert struct.from_cdr(cdr[:-1]) is None
    assert struct.from_cdr(b"\x00\x00" + cdr[2:]) is None, "big-endian"
    assert struct.from_cdr(b"") is None


def test_checksum_equals_the_bitwise_one():
    rng = np.random.default_rng(2)
    for struct in (LOW_CMD, LOW_STATE):
        for _ in range(20):
            structure = rng.integers(0, 256, struct.dtype.itemsize, np.uint8).tobytes()
            assert checksum(structure) == bitwise_checksum(structure)


def test_every_bit_changes_the_checksum():
    structure = bytearray(LOW_CMD.dtype.itemsize)
    plain = checksum(structure)
    for place in range(0, len(structure) - 4, 37):
        structure[place] ^= 0x10
        assert checksum(structure) != plain
        structure[place] ^= 0x10


@pytest.mark.parametrize(("variant", "message"), HASHES)
def test_type_hash_is_what_peers_announce(variant, message):
    pytest.importorskip("cyclonedds")
    from rl_zoo.robots.wire.unitree_idl import CAN_TELL_VARIANTS, message_types, type_hash

    if variant == "uint8" and not CAN_TELL_VARIANTS:
        pytest.skip("cyclonedds 0.10 has one variant")
    assert type_hash(getattr(message_types(variant), message)) == HASHES[variant, message]

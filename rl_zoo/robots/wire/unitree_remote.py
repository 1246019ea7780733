"""The operator's remote as the Go2 hands it on: 40 bytes in every state."""

from __future__ import annotations

from collections.abc import Collection

SIZE = 40
"""Bytes of the remote in a message."""
_HEAD = b"\x55\x51"
_FIRST, _SECOND = 2, 3  # place of the bytes with buttons
_FIRST_BUTTONS = ("R1", "L1", "start", "select", "R2", "L2")
_SECOND_BUTTONS = ("A", "B", "X", "Y", "up", "right", "down", "left")


def unpack_buttons(remote: bytes) -> frozenset[str]:
    """Return the buttons that are held.

    Args:
        remote: ``wireless_remote`` of a state; all zeros if no remote is switched on.
    """
    if not remote[_FIRST] and not remote[_SECOND]:
        return frozenset()
    return frozenset(
        name
        for place, names in ((_FIRST, _FIRST_BUTTONS), (_SECOND, _SECOND_BUTTONS))
        for bit, name in enumerate(names)
        if remote[place] >> bit & 1
    )


def pack_buttons(buttons: Collection[str]) -> bytes:
    """Return the remote's bytes with these buttons held and the sticks in the middle.

    A remote has no stop button of its own: ``estop`` is sent as the vendor's chord L2 + B.
    """
    held = {*buttons, "L2", "B"} if "estop" in buttons else set(buttons)
    remote = bytearray(SIZE)
    remote[: len(_HEAD)] = _HEAD
    for place, names in ((_FIRST, _FIRST_BUTTONS), (_SECOND, _SECOND_BUTTONS)):
        remote[place] = sum(1 << bit for bit, name in enumerate(names) if name in held)
    return bytes(remote)

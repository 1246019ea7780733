"""Which variant of the types is created, and what is refused before anything is created."""

from uuid import UUID

import pytest

pytest.importorskip("cyclonedds")

from rl_zoo.errors import RobotFault
from rl_zoo.robots.wire.unitree_dds import Bus, Endpoint, Place, choose_variant
from rl_zoo.robots.wire.unitree_idl import CAN_TELL_VARIANTS

PLACE = Place(3, "lo", ("10.0.0.1",))
LOW_STATE = "unitree_go::msg::dds_::LowState_"
BYTE = "08f239c471d3a27e67e7c7723184"
UINT8 = "ef1819d05896c24741d6dbde9167"
needs_both = pytest.mark.skipif(not CAN_TELL_VARIANTS, reason="cyclonedds 0.10 has one variant")


def announce(*hashes):
    return [Endpoint("rt/lowstate", LOW_STATE, text, True, UUID(int=1)) for text in hashes]


@needs_both
@pytest.mark.parametrize(
    ("hashes", "wanted", "chosen"),
    [
        ((), "auto", "byte"),
        ((None,), "auto", "byte"),
        (("00" * 14,), "auto", "byte"),
        ((BYTE,), "auto", "byte"),
        ((UINT8,), "auto", "uint8"),
        ((UINT8, "00" * 14), "auto", "uint8"),
        ((BYTE,), "byte", "byte"),
        ((UINT8,), "uint8", "uint8"),
    ],
)
def test_the_peer_decides(hashes, wanted, chosen):
    assert choose_variant(announce(*hashes), wanted, PLACE) == chosen


@needs_both
@pytest.mark.parametrize(
    ("hashes", "wanted", "problem"),
    [
        ((BYTE,), "uint8", "speaks byte"),
        ((), "uint8", "speaks byte"),
        ((UINT8,), "byte", "speaks uint8"),
        ((BYTE, UINT8), "auto", "kills peers"),
    ],
)
def test_types_that_would_kill_or_go_unheard_are_refused(hashes, wanted, problem):
    with pytest.raises(RobotFault, match=problem):
        choose_variant(announce(*hashes), wanted, PLACE)


def test_configuration_of_a_place():
    assert Place(0).config == "", "cyclonedds' own, or CYCLONEDDS_URI"
    config = PLACE.config
    assert '<NetworkInterface name="lo"/>' in config
    assert '<ParticipantIndex>auto</ParticipantIndex><Peers><Peer address="10.0.0.1"/>' in config
    assert "<General>" not in Place(0, None, ("10.0.0.1",)).config


def test_an_interface_that_does_not_exist():
    with pytest.raises(RobotFault, match=r"no network interface 'loo' here; did you mean 'lo'\?"):
        Bus(Place(3, "loo"))

"""The collector leaves imported libraries alone, and goes on with everything else."""

from __future__ import annotations

import gc
import weakref

from rl_zoo.garbage import importing_libraries


class Knot:
    """Refers to itself: only the collector finds it."""

    def __init__(self) -> None:
        self.itself = self


def test_what_is_imported_is_left_alone_and_the_rest_is_collected() -> None:
    gc.unfreeze()
    with importing_libraries():
        assert not gc.isenabled()
        kept = Knot()
    try:
        assert gc.isenabled()
        assert gc.get_freeze_count() > 0
        assert all(item is not kept for item in gc.get_objects())
        lost = weakref.ref(Knot())
        gc.collect()
        assert lost() is None
    finally:
        gc.unfreeze()


def test_a_collector_that_was_off_stays_off() -> None:
    gc.disable()
    try:
        with importing_libraries():
            pass
        assert not gc.isenabled()
    finally:
        gc.enable()
        gc.unfreeze()

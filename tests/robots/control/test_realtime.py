"""What is said when the system refuses real time, and that nothing fails then."""

import ctypes
import gc
import os
import resource

import pytest

from rl_zoo.robots.control import realtime


def refuse(*arguments):
    raise PermissionError(1, "Operation not permitted")


def test_refused_priority_is_one_sentence_with_reason_and_way_out(monkeypatch):
    monkeypatch.setattr(os, "sched_setscheduler", refuse)
    text = realtime.set_fifo(50)
    assert "SCHED_FIFO" in text
    assert "Operation not permitted" in text
    assert "CAP_SYS_NICE" in text
    assert "\n" not in text


def test_refused_memory_is_one_sentence(monkeypatch):
    class Library:
        @staticmethod
        def mlockall(flags):
            ctypes.set_errno(12)
            return -1

    monkeypatch.setattr(ctypes, "CDLL", lambda *arguments, **options: Library)
    text = realtime.lock_memory()
    assert "Cannot allocate memory" in text
    assert "memlock" in text


@pytest.mark.parametrize(
    ("limit", "capabilities", "flags"),
    [(resource.RLIM_INFINITY, 0, 3), (1 << 33, 0, 1), (8 << 20, 1 << 14, 3)],
)
def test_future_memory_is_locked_only_where_that_cannot_fail(
    limit, capabilities, flags, monkeypatch
):
    asked = []

    class Library:
        @staticmethod
        def mlockall(flags):
            asked.append(flags)
            return 0

    monkeypatch.setattr(ctypes, "CDLL", lambda *arguments, **options: Library)
    monkeypatch.setattr(resource, "getrlimit", lambda which: (limit, limit))
    monkeypatch.setattr(realtime, "_capabilities", lambda: capabilities)
    assert realtime.lock_memory() is None
    assert asked == [flags]


def test_core_that_does_not_exist_is_refused_in_words():
    assert realtime.pin(None) is None
    assert "core 9999 refused" in realtime.pin(9999)


def test_garbage_collector_is_off_and_can_be_turned_on_again():
    try:
        realtime.freeze_garbage()
        assert not gc.isenabled()
        assert gc.get_freeze_count() > 0
    finally:
        gc.unfreeze()
        gc.enable()

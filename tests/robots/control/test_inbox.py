"""What the control loop is told when owner and signals speak at once."""

import numpy as np
import pytest

from rl_zoo.robots.bert import BERT
from rl_zoo.robots.control.exchange import Exchange, OrderWriter
from rl_zoo.robots.control.inbox import Inbox
from rl_zoo.robots.control.modes import Request
from rl_zoo.robots.control.shared_memory import create_memory, map_memory


class Owner:
    def __init__(self):
        self.alive = True

    def is_alive(self):
        return self.alive


@pytest.fixture
def sides():
    """The owner's writer, the inbox and the owner itself."""
    exchange = Exchange(map_memory(create_memory("test", Exchange.size_for(BERT))), BERT)
    owner = Owner()
    return OrderWriter(exchange.orders, 8), Inbox(exchange.orders, owner), owner


def requests(inbox, n_ticks):
    """Return the requests of some ticks, NONE where nothing new was asked for."""
    seen, sequence = [], 0
    for _ in range(n_ticks):
        order = inbox.order()
        seen.append(order.request if order.request_sequence != sequence else Request.NONE)
        sequence = order.request_sequence
    return seen


def test_nothing_is_asked_for_at_first(sides):
    order = sides[1].order()
    assert (order.request_sequence, order.target, order.target_sequence) == (0, None, 0)
    assert order.is_alive


def test_several_requests_between_two_ticks_are_all_carried_out(sides):
    writer, inbox, _ = sides
    writer.request(Request.REARM)
    writer.request(Request.STAND)
    assert requests(inbox, 3) == [Request.REARM, Request.STAND, Request.NONE]


def test_newest_target_counts(sides):
    writer, inbox, _ = sides
    for value in (0.1, 0.2):
        writer.act(np.full(8, value))
    order = inbox.order()
    assert order.target_sequence == 2
    assert order.target.tolist() == [0.2] * 8


def test_emergency_stop_overtakes(sides):
    writer, inbox, _ = sides
    for request in (Request.REARM, Request.STAND, Request.RUN):
        writer.request(request)
    inbox.interrupt(Request.STOP)
    assert requests(inbox, 2) == [Request.STOP, Request.NONE]


def test_emergency_stop_does_not_swallow_the_owners_wish_to_close(sides):
    writer, inbox, _ = sides
    writer.request(Request.CLOSE)
    inbox.interrupt(Request.STOP)
    assert requests(inbox, 3) == [Request.STOP, Request.CLOSE, Request.NONE]


def test_after_a_signal_to_close_the_owner_cannot_move_the_robot(sides):
    writer, inbox, _ = sides
    inbox.interrupt(Request.CLOSE)
    assert requests(inbox, 1) == [Request.CLOSE]
    writer.request(Request.STAND)
    writer.request(Request.RUN)
    assert inbox.order().request == Request.CLOSE
    writer.request(Request.DAMP)
    assert inbox.order().request == Request.DAMP


def test_emergency_stop_does_not_forget_to_close(sides):
    _, inbox, _ = sides
    inbox.interrupt(Request.CLOSE)
    inbox.interrupt(Request.STOP)
    assert requests(inbox, 3) == [Request.STOP, Request.CLOSE, Request.NONE]


def test_owner_that_is_gone(sides):
    sides[2].alive = False
    assert not sides[1].order().is_alive

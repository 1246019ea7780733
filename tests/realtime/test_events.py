"""Events arrive whole and in order, and are never waited for."""

import os

import numpy as np

from rl_zoo.realtime.events import EventReader, EventWriter, event_pipe


def test_events_arrive_in_order_with_numbers_of_numpy():
    reading, writing = event_pipe()
    writer, reader = EventWriter(writing), EventReader(reading)
    assert reader.read() == []
    writer.send({"kind": "episode", "r": np.float32(1.5), "l": np.int64(7), "x": np.arange(2)})
    writer.send({"kind": "note", "text": "größer"})
    assert reader.read() == [
        {"kind": "episode", "r": 1.5, "l": 7, "x": [0, 1]},
        {"kind": "note", "text": "größer"},
    ]


def test_writer_of_a_full_pipe_neither_waits_nor_tears():
    reading, writing = event_pipe()
    writer, reader = EventWriter(writing), EventReader(reading)
    sent = 0
    while not writer.n_dropped:
        writer.send({"number": sent, "text": "x" * 5000})
        sent += 1
    arrived = []
    while not writer.flush():
        arrived += reader.read()
    arrived += reader.read()
    assert [event["number"] for event in arrived] == list(range(sent - 1))
    writer.send({"number": -1})
    assert reader.read() == [{"number": -1}]


def test_half_an_event_waits_for_its_rest_and_nonsense_is_skipped():
    reading, writing = event_pipe()
    reader = EventReader(reading)
    os.write(writing, b'{"kind": "no')
    assert reader.read() == []
    os.write(writing, b'te"}\n{"kind": \n[1]\n')
    assert reader.read() == [{"kind": "note"}]


def test_writer_survives_its_reader():
    reading, writing = event_pipe()
    os.close(reading)
    writer = EventWriter(writing)
    writer.send({"kind": "note"})
    assert writer.flush() and writer.n_dropped == 0

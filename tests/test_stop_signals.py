"""Which signals end a run, and what becomes of the others."""

import os
import signal

import pytest

from rl_zoo.stop_signals import InterruptSignals, StopSignals


@pytest.mark.parametrize("kind", [StopSignals, InterruptSignals])
def test_nohup_is_respected(kind):
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        with kind() as signals:
            os.kill(os.getpid(), signal.SIGHUP)
            assert getattr(signals, "reason", lambda: None)() is None
        assert signal.getsignal(signal.SIGHUP) is signal.SIG_IGN
    finally:
        signal.signal(signal.SIGHUP, before)


def test_the_first_signal_interrupts_and_the_next_ones_do_not(capfd):
    with InterruptSignals():
        with pytest.raises(KeyboardInterrupt):
            os.kill(os.getpid(), signal.SIGTERM)
        os.kill(os.getpid(), signal.SIGINT)
    assert "SIGTERM: ending" in capfd.readouterr().err

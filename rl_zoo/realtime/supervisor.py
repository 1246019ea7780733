"""Lead a real-time run: start its processes, watch them, ask for what is due, write down the rest.

Neither torch nor SB3 is imported here: the process that survives is the one that does least.
"""

from __future__ import annotations

import contextlib
import os
import select
import signal
import time
from dataclasses import dataclass, field, replace

from rl_zoo import console
from rl_zoo.errors import ZooError
from rl_zoo.realtime.actor_watch import ActorWatch, end_hanging
from rl_zoo.realtime.board import Board, Phase, beat
from rl_zoo.realtime.launch import Task
from rl_zoo.realtime.members import ACTOR, LEARNER, Member, start_member
from rl_zoo.realtime.parameters import create_parameter_memory
from rl_zoo.realtime.preparation import OpenedRun, begins_with_policy, is_baseline_due
from rl_zoo.realtime.progress import ProgressLines
from rl_zoo.realtime.requests import Requests
from rl_zoo.realtime.ring import Ring
from rl_zoo.realtime.run_books import RunBooks
from rl_zoo.realtime.snapshots import newest_checkpoint
from rl_zoo.realtime.watchdog import LearnerWatch, Verdict
from rl_zoo.stop_signals import StopSignals
from rl_zoo.train_options import TrainOptions

_PERIOD = 0.05
"""Seconds between two looks at everything that does not announce itself."""
_DEBT_TIME = 30.0
"""Seconds that the learner gets after the last transition for the updates it still owes."""
_PATIENCE = 10.0
"""Seconds that an actor told to end at once has for it."""
_SAVING_TIME = 300.0
"""Seconds that the learner has for the final files."""
_BEYOND_HELP = ("NonFiniteError", "ConfigError", "UsageError", "UnsavedError")
"""Errors of a learner that the next one would meet, too."""


@dataclass
class Crew:
    """The processes of a run, and the memory they share with this one."""

    board: Board
    task: Task
    """Of every process, but for its events."""
    alive_pipe: int
    """Its other end tells the processes that this one is gone."""
    actor: Member
    learner: Member
    watch: LearnerWatch
    actor_watch: ActorWatch = field(default_factory=ActorWatch)
    ring: Ring | None = None
    n_rows: int = 0
    """Transitions stored; kept up to date by ``Supervisor``."""
    learner_error: ZooError | None = None
    """Why no learner is started any more."""


def start_crew(options: TrainOptions, run: OpenedRun) -> Crew:
    """Start actor and learner; the actor first, since its environment takes its time."""
    board = Board()
    alive_reading, alive_writing = os.pipe()
    task = Task(
        options=options,
        folder=run.folder,
        board=board.descriptor,
        parameters=create_parameter_memory(),
        events=-1,
        owner_pid=os.getpid(),
        owner_pipe=alive_reading,
        restored_step=0 if run.is_new else newest_checkpoint(run.folder),
        elapsed=run.elapsed,
        begins_with_policy=begins_with_policy(options, run),
    )
    if is_baseline_due(options, run):
        board.supervisor["evaluation"] = 1  # before the actor could begin an episode
    beat(board.supervisor, Phase.RUNNING)
    actor = start_member("actor", ACTOR, replace(task, core=options.actor_core))
    try:
        learner = start_member("learner", LEARNER, replace(task, core=options.learner_core))
    except BaseException:
        actor.end()
        raise
    watch = LearnerWatch(options.learner_timeout, time.monotonic())
    actor_watch = ActorWatch(options.control_frequency)
    return Crew(board, task, alive_writing, actor, learner, watch, actor_watch, n_rows=run.n_rows)


class Supervisor:
    """Leads the processes of one run to its end.

    Args:
        options: How to run.
        run: The folder and what is in it.
        crew: The processes.
        books: The run's files.
        stop: Requests to end.
    """

    def __init__(
        self,
        options: TrainOptions,
        run: OpenedRun,
        crew: Crew,
        books: RunBooks,
        stop: StopSignals,
    ) -> None:
        self.options, self.run, self.crew, self.books, self.stop = options, run, crew, books, stop
        self._requests = Requests(options, books, crew.board.supervisor, run)
        self._progress = ProgressLines(options, run.n_rows)
        self._is_holding = False
        self.n_updates_in_time = 0
        """When the actor had ended."""

    def lead(self) -> None:
        """Return when the actor has ended, by itself or asked to."""
        crew = self.crew
        try:
            while crew.actor.exit_code is None:
                self._look()
                self._watch_actor()
                self._ask_for_what_is_due()
                self._pass_on_stop()
        except KeyboardInterrupt:
            self.end_actor_now()
        self.n_updates_in_time = int(crew.board.learner["n_updates"])
        self.take_events()

    def end_actor_now(self) -> None:
        """End the actor without waiting for its episode; its motors go to rest by themselves."""
        self.crew.board.supervisor["stop"] = 2
        self.stop.request("SIGINT")
        self.crew.actor.end(_PATIENCE)

    def finish_learner(self, *, debt: bool, checkpoint: bool) -> bool:
        """Let the learner write the final files; return whether it did.

        Args:
            debt: Let it do the updates it still owes first, for a while.
            checkpoint: Write a complete checkpoint too.
        """
        crew = self.crew
        if debt:
            self._let_learner_catch_up()
        self.stop.hold()
        crew.board.supervisor["finish"] = 2 if checkpoint else 1
        deadline = time.monotonic() + _SAVING_TIME
        while crew.learner_error is None and time.monotonic() < deadline:
            if crew.learner.exit_code == 0:
                self.take_events()
                return True
            self._look()
        return False

    def close(self) -> None:
        """End whatever still runs, and let go of the pipes."""
        crew = self.crew
        for member in (crew.actor, crew.learner):
            member.end(0.0 if member.exit_code is not None else 1.0)
        self.take_events()
        self.books.candidates.settle(is_over=True)
        task = crew.task
        for descriptor in (crew.alive_pipe, task.owner_pipe, task.board, task.parameters):
            with contextlib.suppress(OSError):
                os.close(descriptor)

    def take_events(self) -> None:
        """Write down what has been reported, and how many transitions there are."""
        crew = self.crew
        for member in (crew.actor, crew.learner):
            self.books.take(member.read())
        if crew.ring is None and self.run.folder.ring.is_file():
            crew.ring = Ring(self.run.folder.ring)
        if crew.ring is not None:
            crew.n_rows = crew.ring.committed

    def _look(self) -> None:
        """Wait a moment for news, then see to everything that cannot wait for an episode."""
        crew = self.crew
        poll = select.poll()
        for member in (crew.actor, crew.learner):
            poll.register(member.events, select.POLLIN)
        with contextlib.suppress(InterruptedError):
            poll.poll(1e3 * _PERIOD)
            time.sleep(_PERIOD / 10)  # an end of pipe is always readable
        beat(crew.board.supervisor, Phase.RUNNING)
        self.take_events()
        self._watch_learner()

    def _watch_actor(self) -> None:
        crew = self.crew
        hangs = crew.actor_watch.look(crew.board.actor, crew.n_rows, time.monotonic())
        if hangs is not None and crew.actor.exit_code is None:
            end_hanging(crew.actor, hangs)

    def _watch_learner(self) -> None:
        crew, now = self.crew, time.monotonic()
        if crew.learner_error is not None:
            return
        verdict = crew.watch.verdict(crew.board.learner, crew.learner.exit_code, now)
        if verdict is Verdict.KILL:
            console.warn("the learner hangs; it is started again")
            crew.learner.end()
        elif crew.learner.exit_code == 0 and int(crew.board.supervisor["finish"]):
            return
        elif verdict is Verdict.GIVE_UP or self._is_beyond_help():
            crew.learner_error = crew.learner.error()
        elif verdict is Verdict.RESTART:
            self._restart_learner()
        self._hold_if_needed(now)

    def _is_beyond_help(self) -> bool:
        """Say whether the next learner would fail in the same way."""
        fault = self.crew.learner.fault
        if self.crew.learner.exit_code is None or fault is None:
            return False
        return fault.get("error") in _BEYOND_HELP

    def _restart_learner(self) -> None:
        crew = self.crew
        self.books.take(crew.learner.read())
        crew.learner.events.close()
        step = newest_checkpoint(self.run.folder)
        place = f"checkpoint {step}" if step else "the beginning; every transition is in the ring"
        console.warn(f"{crew.learner.error()}; a new one starts from {place}")
        task = replace(crew.task, restored_step=step, core=self.options.learner_core)
        crew.learner = start_member("learner", LEARNER, task)
        crew.watch.restarted(time.monotonic())
        crew.board.supervisor["n_restarts"] = crew.watch.n_restarts

    def _hold_if_needed(self, now: float) -> None:
        should_hold = self.crew.watch.should_hold(now)
        if should_hold and not self._is_holding:
            console.warn(
                f"no learner for {self.options.learner_timeout:g} s: the actor ends its episode "
                "and waits for it"
            )
        elif self._is_holding and not should_hold:
            console.message("The learner is back: the actor goes on")
        self._is_holding = should_hold
        self.crew.board.supervisor["pause"] = int(should_hold)

    def _ask_for_what_is_due(self) -> None:
        self._requests.ask(self.crew.n_rows, int(self.crew.board.actor["policy_version"]))
        self._progress.show(self.crew.n_rows)

    def _pass_on_stop(self) -> None:
        """Tell the actor to end, once somebody wants it or no learner can go on."""
        board = self.crew.board.supervisor
        if int(board["stop"]):
            return
        reason = self.stop.reason()
        if reason is not None:
            names = signal.Signals.__members__
            board["stop_signal"] = int(names[reason]) if reason in names else 0
        if reason is not None or self.crew.learner_error is not None:
            board["stop"] = 1

    def _let_learner_catch_up(self) -> None:
        """Wait while the learner does the updates it owes, at most some seconds."""
        crew, deadline = self.crew, time.monotonic() + _DEBT_TIME
        with contextlib.suppress(KeyboardInterrupt):
            while time.monotonic() < deadline and self.stop.reason() is None:
                learner = crew.board.learner
                has_all = int(learner["n_seen"]) >= crew.n_rows
                if has_all and int(learner["n_updates"]) >= int(learner["n_requested"]):
                    return
                if crew.learner_error is not None:
                    return
                self._look()

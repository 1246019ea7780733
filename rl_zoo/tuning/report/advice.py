"""What a reader of a report should be warned of."""

from __future__ import annotations

from typing import TYPE_CHECKING

from optuna.trial import TrialState

from rl_zoo.tuning.ranking import infeasible_sentence
from rl_zoo.tuning.report.axes import parameter_axes

if TYPE_CHECKING:
    from rl_zoo.tuning.report.content import Findings

FEW_TRIALS = 10


def warnings_of(findings: Findings) -> list[str]:
    """Return a sentence for everything that weakens the result."""
    best = findings.best
    trials = findings.trials
    told = []
    running = sum(trial.state == TrialState.RUNNING for trial in trials)
    if running:
        told.append(f"{running} trials still run: this report is not the last one.")
    if best is None:
        return told
    n_complete = len(findings.standings)
    if n_complete < FEW_TRIALS:
        told.append(f"{n_complete} completed trials are few: what is best here may be chance.")
    if not best.n:
        told.append("The best trial was not re-evaluated on fresh seeds: expect less of it.")
    elif best.n_failed:
        told.append(f"Of the best trial, {best.n_failed} trainings on fresh seeds failed.")
    sentence = infeasible_sentence(findings.study)
    if sentence is not None:
        told.append(f"{sentence[0].upper()}{sentence[1:]}.")
    elif not best.is_feasible:
        told.append("On fresh seeds, no trial respects the constraints.")
    return told + _at_the_end(findings)


def _at_the_end(findings: Findings) -> list[str]:
    """Tell which of the best values lie at an end of their range."""
    best = findings.best
    if best is None or best.is_entry:
        return []
    ends = []
    for axis in parameter_axes([best.trial]):
        value = best.trial.params[axis.name]
        if axis.end(value) is not None:
            ends.append(f"{axis.label} ({axis.text(value)}, searched {axis.range_text()})")
    if not ends:
        return []
    return [
        f"Of the best trial, these values lie at an end of their range: {'; '.join(ends)}. "
        "A wider range may hold better ones (`--search-space`)."
    ]

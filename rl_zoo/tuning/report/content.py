"""What a report says, block by block."""

from __future__ import annotations

import shlex
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import optuna
from optuna.study import StudyDirection
from optuna.trial import FrozenTrial, TrialState

from rl_zoo.tuning.attributes import (
    ERROR_ATTRIBUTE,
    INTERRUPTED_ATTRIBUTE,
    LOST_ATTRIBUTE,
    SURPLUS_ATTRIBUTE,
)
from rl_zoo.tuning.display import duration_text
from rl_zoo.tuning.failures import is_failure
from rl_zoo.tuning.options import TuneOptions
from rl_zoo.tuning.ranking import infeasible_sentence, pareto_front
from rl_zoo.tuning.report.advice import warnings_of
from rl_zoo.tuning.report.axes import parameter_axes
from rl_zoo.tuning.report.document import Block, Code, Heading, Paragraph, Picture, Table
from rl_zoo.tuning.standing import BestTrial, entry_trial
from rl_zoo.tuning.storage import redacted
from rl_zoo.tuning.wear import describe_wear

_MOST_ROWS = 20
_NONE = "\u2013"


@dataclass(frozen=True)
class Findings:
    """A study, read once."""

    study: optuna.Study
    options: TuneOptions
    standings: Sequence[BestTrial]
    """Completed trials, best first."""
    objectives: Sequence[str]
    """Name of each objective, as the user gave it."""
    best_block: str | None = None
    """The best trial's entry as YAML."""
    pictures: Sequence[Picture] = field(default=())
    remarks: Sequence[str] = field(default=())
    """Why a figure is missing."""

    @property
    def best(self) -> BestTrial | None:
        """The best completed trial."""
        return next(iter(self.standings), None)

    @property
    def entry(self) -> BestTrial | None:
        """The completed trial of the configuration's own values."""
        return entry_trial(self.standings)

    @property
    def trials(self) -> list[FrozenTrial]:
        """All trials."""
        return self.study.get_trials(deepcopy=False)

    @property
    def maximize(self) -> bool:
        """Whether larger is better in the (first) objective."""
        return bool(self.study.directions[0] == StudyDirection.MAXIMIZE)


def title_of(findings: Findings) -> str:
    """Return the title of the report."""
    config = findings.options.config
    return f"{findings.study.study_name}: {config.algo} on {config.env_id}"


def blocks_of(findings: Findings) -> list[Block]:
    """Return the content of the report below its title."""
    return [
        *_summary(findings),
        *[Paragraph(text, "warning") for text in warnings_of(findings)],
        *_result(findings),
        *_pareto(findings),
        *_constraints(findings),
        *_best_values(findings),
        *_reevaluated(findings),
        *_figures(findings),
        *_failures(findings),
        *_searched(findings),
    ]


def result_sentence(findings: Findings) -> str:
    """Return in one sentence what the study found; both figures of the best trial are in it."""
    best = findings.best
    if best is None:
        return "No trial was completed, so there are no best values."
    name = findings.objectives[0]
    who = f"trial {best.trial.number}" + (", the entry's own values" if best.is_entry else "")
    searched = f"{name} {number(best.value)} in the search"
    title = "best" if best.is_feasible else "nearest to the constraints"
    if best.mean is None:
        return f"{title}: {who}: {searched}; not re-evaluated: expect less"
    return f"{title}: {who}: {searched}, {spread_text(best)} over {_seeds(best.n)}"


def number(value: float | None) -> str:
    """Return a value as a person reads it."""
    if value is None:
        return _NONE
    if value == 0 or 0.01 <= abs(value) < 1e5:
        return f"{value:.2f}" if abs(value) < 1000 else f"{value:.0f}"
    return f"{value:.3g}"


def spread_text(item: BestTrial, objective: int = 0) -> str:
    """Return the mean and the standard deviation over fresh seeds."""
    mean, std = item.mean_of(objective), item.std_of(objective)
    return number(mean) + ("" if std is None else f" \u00b1 {number(std)}")


def _seeds(count: int) -> str:
    return "1 fresh seed" if count == 1 else f"{count} fresh seeds"


def _summary(findings: Findings) -> Iterator[Block]:
    options, trials = findings.options, findings.trials
    ended = Counter(trial.state for trial in trials)
    failed = sum(map(is_failure, trials))
    counts = [f"{ended[TrialState.COMPLETE]} completed", f"{ended[TrialState.PRUNED]} pruned"]
    counts += [f"{failed} failed"]
    for attribute, name in (
        (INTERRUPTED_ATTRIBUTE, "interrupted"),
        (LOST_ATTRIBUTE, "lost with their worker"),
    ):
        n_such = sum(bool(trial.user_attrs.get(attribute)) for trial in trials)
        counts += [f"{n_such} {name}"] if n_such else []
    counts += [f"{ended[TrialState.RUNNING]} running"] if ended[TrialState.RUNNING] else []
    seconds = sum(t.duration.total_seconds() for t in trials if t.duration is not None)
    goals = ", ".join(
        f"{name} ({'larger' if direction == StudyDirection.MAXIMIZE else 'smaller'} is better)"
        for name, direction in zip(findings.objectives, findings.study.directions, strict=True)
    )
    seeds = "" if options.seeds_per_trial == 1 else f", {options.seeds_per_trial} seeds each"
    rows = [
        ("trials", ", ".join(counts)),
        (
            "each trial",
            f"{options.config.n_timesteps} steps, {options.evaluations} evaluations of "
            f"{options.eval_episodes} episodes{seeds}",
        ),
        ("objective", goals),
    ]
    if options.constraints:
        rows.append(("constraints", ", ".join(options.constraints)))
    rows.append(("search", f"sampler {options.sampler}, pruner {options.pruner}"))
    rows.append(("training time", duration_text(seconds)))
    wear = describe_wear(findings.study, options.wear_budget)
    if wear is not None:
        rows.append(("robot", wear))
    yield Table(("", ""), rows)


def _result(findings: Findings) -> Iterator[Block]:
    best, entry = findings.best, findings.entry
    yield Heading("Result")
    if best is None:
        yield Paragraph(result_sentence(findings), "result")
        return
    yield Paragraph(_verdict(findings), "result")
    name = findings.objectives[0]
    header = ("", "trial", f"{name} in the search", "mean over fresh seeds", "fresh seeds")
    rows = [("best" if best.is_feasible else "nearest", *_figures_of(best))]
    if entry is not None and entry is not best:
        rows.append(("the entry's own values", *_figures_of(entry)))
    yield Table(header, rows)
    yield Paragraph(
        "The value in the search is what the trial was chosen by, so luck is in it. The mean over "
        "fresh seeds is what to expect: other weights at the start, other episodes. It decides "
        "which of the re-evaluated trials is the best, so it is a little optimistic, too."
    )


def _figures_of(item: BestTrial) -> tuple[str, str, str, str]:
    mean = spread_text(item) if item.n else "not re-evaluated"
    failed = f" ({item.n_failed} failed)" if item.n_failed else ""
    return str(item.trial.number), number(item.value), mean, f"{item.n}{failed}"


def _verdict(findings: Findings) -> str:
    """Return whether tuning was worth it, by fresh seeds where there are any."""
    best, entry = findings.best, findings.entry
    assert best is not None
    told = f"**{result_sentence(findings)[0].upper()}{result_sentence(findings)[1:]}**."
    if not best.is_feasible:
        return told
    if entry is None:
        return (
            f"{told} The entry's own values were not completed: there is nothing to compare with."
        )
    if best.is_entry:
        return f"{told} No trial was better: keep the entry."
    fresh = best.mean is not None and entry.mean is not None
    after, before = (best.mean, entry.mean) if fresh else (best.value, entry.value)
    assert after is not None and before is not None
    gain = (after - before) if findings.maximize else (before - after)
    share = f" ({100 * gain / abs(before):+.0f} %)" if abs(before) > 1e-9 else ""
    basis = "over fresh seeds" if fresh else "in the search"
    if gain <= 0:
        return (
            f"{told} That is no better than the entry's {number(before)} {basis}: keep the entry."
        )
    doubt = ""
    spread = (best.std or 0.0) + (entry.std or 0.0)
    if fresh and gain < spread:
        doubt = " The seeds differ by more than that: use more of them (`--reevaluate-seeds`)."
    return (
        f"{told} Against the entry's {number(before)} {basis} that is a gain of {number(gain)}"
        f"{share}.{doubt}"
    )


def _pareto(findings: Findings) -> Iterator[Block]:
    if len(findings.objectives) < 2:
        return
    yield Heading("Pareto front")
    yield Paragraph(
        "No other trial is at least as good in everything and better in something. "
        f"The values below are those of the best in {findings.objectives[0]}; "
        "`--trial N` takes any other."
    )
    by_number = {item.trial.number: item for item in findings.standings}
    header = ["trial", *findings.objectives, *[f"{n}, fresh seeds" for n in findings.objectives]]
    rows = []
    for trial in pareto_front(findings.study):
        item = by_number[trial.number]
        places = range(len(findings.objectives))
        rows.append(
            [
                f"{trial.number}{' (entry)' if item.is_entry else ''}",
                *[number(float(trial.values[place])) for place in places],
                *[spread_text(item, place) if item.n else _NONE for place in places],
            ]
        )
    yield Table(header, rows)


def _constraints(findings: Findings) -> Iterator[Block]:
    best = findings.best
    if best is None or not best.trial.constraints:
        return
    yield Heading("Constraints")
    sentence = infeasible_sentence(findings.study)
    n_broken = sum(not item.is_feasible for item in findings.standings)
    yield Paragraph(
        f"{sentence[0].upper()}{sentence[1:]}."
        if sentence
        else f"{len(findings.standings) - n_broken} of {len(findings.standings)} completed trials "
        "respect all constraints."
    )
    fresh = best.fresh_violations()
    rows = []
    for text, by in best.trial.constraints.items():
        again = _violation(fresh[text]) if text in fresh else "not re-evaluated"
        rows.append((f"`{text}`", _violation(by), again))
    yield Table(("constraint", f"trial {best.trial.number} in the search", "fresh seeds"), rows)


def _violation(by: float) -> str:
    if by > 0:
        return f"violated by {by:.3g}"
    return "respected" if by == 0 else f"respected, {-by:.3g} to spare"


def _best_values(findings: Findings) -> Iterator[Block]:
    best = findings.best
    if best is None or findings.best_block is None:
        return
    yield Heading("Best values")
    yield Code(findings.best_block, "yaml")
    yield Paragraph("Train with them, or repeat exactly what the trial did:")
    yield Code("\n".join(commands(findings)), "bash")


def commands(findings: Findings) -> list[str]:
    """Return the commands that train the best trial's configuration, and that repeat it."""
    options, best = findings.options, findings.best
    assert best is not None
    where = ["--study", options.study_name]
    default = options.study_folder is not None and options.study_folder.parent.name == "studies"
    if default and options.study_folder is not None:
        folder = options.study_folder.parent.parent
        where += [] if str(folder) == "logs" else ["-f", str(folder)]
    if options.storage is not None and not _is_in_folder(options):
        where += ["--storage", redacted(options.storage)]
    if options.gym_packages:
        where += ["--gym-packages", *options.gym_packages]
    budget = options.entry_timesteps or options.config.n_timesteps
    train = ["python", "-m", "rl_zoo.train", *where]
    number_text = str(best.trial.number)
    told = [shlex.join([*train, "--trial", "best", "-n", str(budget)])]
    if best.seed is not None:
        told.append(shlex.join([*train, "--trial", number_text, "--seed", str(best.seed)]))
    return told


def _is_in_folder(options: TuneOptions) -> bool:
    """Say whether the study's folder holds its journal, so that its name finds it."""
    folder = options.study_folder
    return folder is not None and options.storage == str(folder / "study.log")


def _reevaluated(findings: Findings) -> Iterator[Block]:
    again = [item for item in findings.standings if item.n or item.n_failed]
    if not again or len(findings.objectives) > 1:
        return
    yield Heading("Trained again on fresh seeds")
    rows = [
        (
            f"{item.trial.number}{' (entry)' if item.is_entry else ''}",
            number(item.value),
            spread_text(item) if item.n else _NONE,
            ", ".join(number(result.values[0]) for result in item.fresh) or _NONE,
            str(item.n_failed or _NONE),
        )
        for item in again
    ]
    yield Table(("trial", "in the search", "mean", "each seed", "failed"), rows)


def _figures(findings: Findings) -> Iterator[Block]:
    if findings.pictures or findings.remarks:
        yield Heading("Figures")
    yield from findings.pictures
    for text in findings.remarks:
        yield Paragraph(text)


def _failures(findings: Findings) -> Iterator[Block]:
    rows = []
    for trial in findings.trials:
        known = trial.user_attrs
        if trial.state != TrialState.FAIL or SURPLUS_ATTRIBUTE in known:
            continue
        reason = known.get(ERROR_ATTRIBUTE) or known.get(LOST_ATTRIBUTE)
        if known.get(INTERRUPTED_ATTRIBUTE):
            reason = "interrupted; run again later"
        rows.append((str(trial.number), str(reason or "unknown reason")))
    if rows:
        yield Heading("Failures")
        yield Table(("trial", "reason"), rows[:_MOST_ROWS])
    if len(rows) > _MOST_ROWS:
        yield Paragraph(f"{len(rows) - _MOST_ROWS} more are in trials.csv.")


def _searched(findings: Findings) -> Iterator[Block]:
    axes = parameter_axes(findings.trials)
    best = findings.best
    if axes:
        yield Heading("What was searched")
        rows = [
            (
                axis.label,
                axis.range_text(),
                axis.text(best.trial.params[axis.name])
                if best is not None and axis.name in best.trial.params
                else _NONE,
            )
            for axis in axes
        ]
        yield Table(("hyperparameter", "range", "best trial"), rows)
    if findings.options.command:
        yield Paragraph("The study was started by")
        yield Code(redacted(findings.options.command), "bash")

"""Write everything a study leaves; each file is replaced as a whole."""

from __future__ import annotations

import functools
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import optuna
from optuna.trial import TrialState

from rl_zoo import console
from rl_zoo.config.entry_file import write_entry
from rl_zoo.errors import NothingFoundError, ZooError
from rl_zoo.runs.atomic import write_text, write_with
from rl_zoo.runs.folder import file_name_of
from rl_zoo.tuning.report.axes import parameter_axes
from rl_zoo.tuning.report.content import Findings, blocks_of, result_sentence, title_of
from rl_zoo.tuning.report.document import Picture, to_html, to_markdown
from rl_zoo.tuning.report.table import trials_csv
from rl_zoo.tuning.standing import standings
from rl_zoo.tuning.stored_config import entry_block, entry_of
from rl_zoo.tuning.stored_options import stored_options
from rl_zoo.tuning.study_folder import STUDIES, folder_name

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from rl_zoo.tuning.find_study import FoundStudy
    from rl_zoo.tuning.options import TuneOptions

FINISHED = (TrialState.COMPLETE, TrialState.PRUNED, TrialState.FAIL)
_DPI = 130
_FIGURES = {
    "history": "Every trial in its order",
    "pareto": "Pareto front",
    "importances": "Importance of the hyperparameters",
    "parallel_coordinates": "Values of the completed trials",
    "slices": "Objective over each hyperparameter",
}


def write_report(study: optuna.Study, options: TuneOptions, *, is_over: bool = True) -> Path | None:
    """Write the report, print the best values and put them where ``--write-best`` says.

    Args:
        study: The study.
        options: What it was asked to do.
        is_over: Whether it ended as asked; a study that was stopped changes no one's file.

    Returns:
        The page to read; None if no trial has ended yet, or nothing is kept in a folder.
    """
    finished = study.get_trials(deepcopy=False, states=FINISHED)
    if not finished or options.is_worker:
        return None
    frame = study.trials_dataframe()
    table = zoo_table(options, len(finished))
    write_with(table, lambda name: frame.to_csv(name, index=False))
    findings = read_findings(study, options)
    if findings.best_block is not None:
        console.result(findings.best_block.rstrip())
    page = write_folder(findings)
    console.message(result_sentence(findings))
    if page is not None:
        console.message(f"report: {page}")
    _write_best(findings, is_over=is_over)
    return page


def rewrite_report(found: FoundStudy, log_folder: Path) -> Path:
    """Write the report of a stored study anew and return the page to read.

    Raises:
        NothingFoundError: If none of its trials has ended yet.
    """
    study = found.study
    if not study.get_trials(deepcopy=False, states=FINISHED):
        raise NothingFoundError(f"the study {study.study_name} has no finished trials yet")
    folder = found.folder or log_folder / STUDIES / folder_name(study.study_name)
    page = write_folder(read_findings(study, stored_options(study, found.storage, folder)))
    assert page is not None
    return page


def read_findings(study: optuna.Study, options: TuneOptions) -> Findings:
    """Read a study once, for all parts of its report."""
    findings = Findings(study, options, standings(study, options), tuple(options.objective))
    best = findings.best
    if best is None or not best.is_feasible:
        return findings
    remark = result_sentence(findings).partition(": ")[2].partition(": ")[2]
    block = entry_block(best.trial, options, f"{remark}, after {options.config.n_timesteps} steps")
    return replace(findings, best_block=block)


def write_folder(findings: Findings) -> Path | None:
    """Write ``report/`` in the study's folder and return the page to read."""
    if findings.options.study_folder is None:
        return None
    folder = findings.options.study_folder / "report"
    folder.mkdir(parents=True, exist_ok=True)
    csv = trials_csv(findings.study, findings.standings, findings.objectives)
    write_text(folder / "trials.csv", csv)
    best_file = folder / "best.yml"
    if findings.best_block is not None:
        write_text(best_file, findings.best_block)
    else:
        best_file.unlink(missing_ok=True)  # of an earlier report
    if findings.options.figures:
        findings = _with_figures(findings, folder)
    title, blocks = title_of(findings), blocks_of(findings)
    write_text(folder / "report.md", to_markdown(title, blocks))
    images = {picture.file: (folder / picture.file).read_bytes() for picture in findings.pictures}
    page = folder / "report.html"
    write_text(page, to_html(title, blocks, images))
    return page


def zoo_table(options: TuneOptions, n_finished: int) -> Path:
    """Return the path of the table that RL Zoo writes, and its scripts read."""
    config = options.config
    name = (
        f"report_{file_name_of(config.env_id)}_{n_finished}-trials-{config.n_timesteps}-"
        f"{options.sampler}-{options.pruner}_{int(time.time())}.csv"
    )
    return options.log_folder / config.algo / name


def _write_best(findings: Findings, *, is_over: bool) -> None:
    path, best, options = findings.options.write_best, findings.best, findings.options
    if path is None or best is None:
        return
    if not is_over:
        console.message(f"--write-best: {path} stays as it is until the study has its end")
    elif not best.is_feasible:
        console.warn(f"--write-best: {path} stays as it is: no trial respects the constraints")
    else:
        write_entry(path, options.config.env_id, entry_of(best.trial, options))
        told = f"trial {best.trial.number} is now the entry {options.config.env_id} in {path}"
        console.message(told)


def _with_figures(findings: Findings, folder: Path) -> Findings:
    """Draw what can be drawn; remove what an earlier report left and this one cannot show."""
    pictures: list[Picture] = []
    figures, remarks = _figures(findings)
    for name, caption in _FIGURES.items():
        path = folder / f"{name}.png"
        if name not in figures:
            path.unlink(missing_ok=True)
            continue
        try:
            figure = figures[name]()
            write_with(path, functools.partial(_save, figure))
            pictures.append(Picture(path.name, caption))
        except (RuntimeError, ValueError, ZooError) as error:
            path.unlink(missing_ok=True)
            remarks.append(f"No figure '{caption}': {error}")
    return replace(findings, pictures=tuple(pictures), remarks=tuple(remarks))


def _save(figure: Figure, file: str) -> None:
    from rl_zoo.plots.style import zoo_style

    with zoo_style():
        figure.savefig(file, dpi=_DPI)


def _figures(findings: Findings) -> tuple[dict[str, Callable[[], Figure]], list[str]]:
    import matplotlib

    matplotlib.use("Agg")
    from rl_zoo.tuning.report import history_figure, parameter_figures, pareto_figure

    study, known, labels = findings.study, findings.standings, list(findings.objectives)
    figures: dict[str, Callable[[], Figure]] = {
        "history": lambda: history_figure.plot_history(study, known, labels)
    }
    best = findings.best
    if best is None:
        return figures, []
    if len(labels) > 1:
        figures["pareto"] = lambda: pareto_figure.plot_pareto(study, known, labels)
    trials = [item.trial for item in sorted(known, key=lambda item: item.trial.number)]
    axes = parameter_axes(trials)
    if len(trials) < 2 or not axes:
        return figures, []
    remarks = []
    if len(trials) >= parameter_figures.MIN_TRIALS:
        shares = [parameter_figures.importances(study, number) for number in range(len(labels))]
        axes.sort(key=lambda axis: -shares[0].get(axis.name, 0.0))
        by_name = {axis.name: axis for axis in axes}
        figures["importances"] = lambda: parameter_figures.plot_importances(shares, by_name, labels)
    else:
        remarks.append(
            f"Importances need at least {parameter_figures.MIN_TRIALS} completed trials; there "
            f"are {len(trials)}."
        )
    figures["parallel_coordinates"] = lambda: parameter_figures.plot_parallel_coordinates(
        study, trials, axes, best.trial, labels[0]
    )
    figures["slices"] = lambda: parameter_figures.plot_slices(trials, axes, best.trial, labels[0])
    return figures, remarks

"""What a study leaves: a table of its trials, its best values as YAML, and figures."""

from __future__ import annotations

import time
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from optuna.trial import FrozenTrial, TrialState

from rl_zoo import console
from rl_zoo.config.yaml import dump_yaml
from rl_zoo.runs.atomic import write_text, write_with
from rl_zoo.runs.folder import file_name_of
from rl_zoo.tuning.load_trial import VALUES_ATTRIBUTE
from rl_zoo.tuning.objective import ENTRY_ATTRIBUTE
from rl_zoo.tuning.options import TuneOptions

if TYPE_CHECKING:
    import optuna

FINISHED = (TrialState.COMPLETE, TrialState.PRUNED, TrialState.FAIL)


def write_report(study: optuna.Study, options: TuneOptions) -> None:
    """Write the table, the best values and the figures; print the best values."""
    finished = study.get_trials(deepcopy=False, states=FINISHED)
    if not finished:
        return
    stem = report_stem(options, len(finished))
    table = stem.with_name(f"{stem.name}.csv")
    frame = study.trials_dataframe()
    write_with(table, lambda name: frame.to_csv(name, index=False))
    written = [table]
    best = best_trial(study)
    if best is not None:
        block = best_values_block(best, options)
        values = stem.with_name(f"{stem.name}.yml")
        write_text(values, block)
        written.append(values)
        console.result(block.rstrip())
    if options.figures and best is not None:
        written += _write_figures(study, stem)
    console.message("written: " + ", ".join(str(path) for path in written))


def best_trial(study: optuna.Study) -> FrozenTrial | None:
    """Return the completed trial with the highest value, None if there is none."""
    complete = study.get_trials(deepcopy=False, states=[TrialState.COMPLETE])
    return max(complete, key=lambda trial: trial.value or 0.0, default=None)


def report_stem(options: TuneOptions, n_finished: int) -> Path:
    """Return the path of the report's files without their endings."""
    config = options.config
    name = (
        f"report_{file_name_of(config.env_id)}_{n_finished}-trials-{config.n_timesteps}-"
        f"{options.sampler}-{options.pruner}_{int(time.time())}"
    )
    return options.log_folder / config.algo / name


def best_values_block(best: FrozenTrial, options: TuneOptions) -> str:
    """Return the best trial's whole entry as YAML, for ``hyperparams/<algo>.yml`` or ``-conf``."""
    values = dict(best.user_attrs.get(VALUES_ATTRIBUTE, {}))
    tuned = options.resolve({key: values[key] for key in values if key not in options.fixed})
    hyperparams = dict(tuned.hyperparams)
    hyperparams["n_timesteps"] = options.entry_timesteps or options.config.n_timesteps
    source = "the configuration's own values" if ENTRY_ATTRIBUTE in best.user_attrs else "sampled"
    return (
        f"# Trial {best.number} of the study {options.study_name} ({source}): mean return "
        f"{best.value:.2f} over {options.eval_episodes} episodes after "
        f"{options.config.n_timesteps} steps\n"
    ) + dump_yaml({options.config.env_id: hyperparams})


def _write_figures(study: optuna.Study, stem: Path) -> list[Path]:
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot
    from optuna.importance import PedAnovaImportanceEvaluator
    from optuna.visualization.matplotlib import plot_optimization_history, plot_param_importances

    figures: dict[str, Callable[[], Any]] = {
        "history": lambda: plot_optimization_history(study),
        "importances": lambda: plot_param_importances(
            study, evaluator=PedAnovaImportanceEvaluator()
        ),
    }
    written = []
    for name, plot in figures.items():
        path = stem.with_name(f"{stem.name}_{name}.png")
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                figure: Any = plot().figure
            figure.set_size_inches(8, 5)
            figure.tight_layout()
            write_with(path, figure.savefig)
            written.append(path)
        except (RuntimeError, ValueError) as error:
            console.message(f"no figure of the {name}: {error}")
        finally:
            pyplot.close("all")
    return written

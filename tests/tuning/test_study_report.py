"""What a report says and shows; made-up studies, so that every case is there."""

import csv
import io
import re

import optuna
import pytest

from rl_zoo.config.model import RunConfig
from rl_zoo.config.yaml import dump_yaml
from rl_zoo.tuning.options import TuneOptions
from rl_zoo.tuning.report import rewrite_report, write_report
from rl_zoo.tuning.report.axes import ParameterAxis
from rl_zoo.tuning.report.content import number
from rl_zoo.tuning.report.history_figure import robust_limits
from rl_zoo.tuning.report.write import read_findings, write_folder

CONFIG = RunConfig("tqc", "Tiny-v0", 500, "MlpPolicy")


@pytest.fixture(autouse=True)
def _quiet():
    from rl_zoo.tuning.storage import quiet

    quiet()


@pytest.fixture
def report(tmp_path):
    """Return the folder of the report on a study, after reading what it says."""

    def write(study, **more):
        options = {"objective": ("return", "energy")[: len(study.directions)], "figures": False}
        options = TuneOptions(
            config=CONFIG,
            resolve=None,
            seed=3,
            entry_timesteps=9000,
            study_name="s",
            study_folder=tmp_path,
            storage=str(tmp_path / "study.log"),
            **{**options, **more},
        )
        page = write_folder(read_findings(study, options))
        return page.parent, (page.parent / "report.md").read_text()

    return write


def sample(trial):
    trial.suggest_float("learning_rate", 1e-5, 1e-2, log=True)
    trial.suggest_int("batch_size_pow", 2, 11)
    trial.suggest_float("one_minus_gamma", 1e-4, 0.03, log=True)
    trial.suggest_categorical("noise_type", ["ornstein-uhlenbeck", "normal", None])
    trial.set_user_attr("seed", 100 + trial.number)
    trial.set_user_attr("values", {"policy_kwargs.net_arch": [8], "noise_type": None})
    values = {"policy": "MlpPolicy", "n_timesteps": 500, "learning_rate": 0.1 * trial.number}
    trial.set_user_attr("config", dump_yaml(values))
    if trial.number == 0:
        trial.set_user_attr("entry", True)


def study_of(values, fresh=None, directions=("maximize",), violations=None):
    """Return a study of trials that got ``values``; None: pruned, text: failed."""
    study = optuna.create_study(
        study_name="s", directions=list(directions), sampler=optuna.samplers.RandomSampler(seed=1)
    )
    for place, value in enumerate(values):
        trial = study.ask()
        sample(trial)
        if violations:
            trial.set_constraint("falls<=0.5", violations[place])
        if isinstance(value, str):
            trial.set_user_attr("error", value)
            study.tell(trial, state=optuna.trial.TrialState.FAIL)
        elif value is None:
            trial.report(1.5, 1)
            study.tell(trial, state=optuna.trial.TrialState.PRUNED)
        else:
            study.tell(trial, value)
    for number_of_trial, results in (fresh or {}).items():
        again = optuna.create_study(
            study_name="s/reevaluation",
            storage=study._storage,
            directions=list(directions),
            load_if_exists=True,
        )
        for seed, value in enumerate(results):
            trial = again.ask()
            trial.set_user_attr("trial", number_of_trial)
            trial.set_user_attr("seed", seed)
            again.tell(trial, value)
    return study


def test_both_figures_of_the_best_trial_and_the_gain(report):
    study = study_of([10.0, 50.0, 30.0], {1: [20.0, 24.0], 2: [27.0, 29.0], 0: [8.0, 8.0]})
    folder, text = report(study)
    assert "trial 2: return 30.00 in the search, 28.00 \u00b1 1.41 over 2 fresh seeds" in text
    assert "Against the entry's 8.00 over fresh seeds that is a gain of 20.00 (+250 %)" in text
    assert "| best | 2 | 30.00 | 28.00 \u00b1 1.41 | 2 |" in text
    assert "| the entry's own values | 0 | 10.00 | 8.00 \u00b1 0.00 | 2 |" in text
    assert "few: what is best here may be chance" in text
    assert "python -m rl_zoo.train --study s" in text
    assert "--trial 2 --seed 102" in text
    best = (folder / "best.yml").read_text()
    assert "n_timesteps: 9000" in best, "the entry's own budget"
    assert "learning_rate: 0.2" in best
    assert best.strip() in text


@pytest.mark.parametrize(
    ("values", "fresh", "sentence"),
    [
        ([10.0, 50.0], None, "not re-evaluated: expect less"),
        ([10.0, 50.0], {0: [10.0, 10.0], 1: [5.0, 6.0]}, "No trial was better: keep the entry."),
        ([10.0, 50.0], {0: [10, 30.0], 1: [10.0, 40.0]}, "The seeds differ by more than that"),
        (["x", 50.0], None, "there is nothing to compare with"),
        (["broke", None], None, "No trial was completed"),
    ],
)
def test_what_the_result_is_worth(values, fresh, sentence, report):
    assert sentence in report(study_of(values, fresh))[1]


def test_failures_states_and_table(report):
    study = study_of([10.0, None, "RobotFault: cable | pulled", 12.0])
    folder, text = report(study)
    assert "2 completed, 1 pruned, 1 failed" in text
    assert "| 2 | RobotFault: cable \\| pulled |" in text
    rows = list(csv.DictReader(io.StringIO((folder / "trials.csv").read_text())))
    assert [row["state"] for row in rows] == ["complete", "pruned", "fail", "complete"]
    assert rows[3]["return"] == "12.0"
    assert rows[1]["last_evaluation"] == "1.5"
    assert rows[2]["error"] == "RobotFault: cable | pulled"
    assert rows[0]["seeds"] == "100"
    assert rows[0]["value policy_kwargs.net_arch"] == "[8]"
    assert float(rows[3]["param learning_rate"]) == study.trials[3].params["learning_rate"]


def test_constraints(report):
    study = study_of([10.0, 50.0, 30.0], violations=[-0.5, 0.25, -0.1])
    _, text = report(study, constraints=("falls<=0.5",))
    assert "best: trial 2" in text.lower()
    assert "2 of 3 completed trials respect all constraints" in text
    assert "| `falls<=0.5` | respected, 0.1 to spare | not re-evaluated |" in text
    _, text = report(study_of([10.0, 50.0], violations=[1.0, 0.5]))
    assert "No trial respects the constraints; trial 1 comes nearest" in text


def test_a_value_at_the_end_of_its_range_is_told(report):
    study = study_of([10.0])
    trial = study.ask({"tau": optuna.distributions.FloatDistribution(0.001, 0.08, log=True)})
    trial.params["tau"]
    study.add_trial(
        optuna.trial.create_trial(
            params={"batch_size_pow": 11, "tau": 0.02},
            distributions={
                "batch_size_pow": optuna.distributions.IntDistribution(2, 11),
                "tau": optuna.distributions.FloatDistribution(0.001, 0.08, log=True),
            },
            value=99.0,
            user_attrs={"config": dump_yaml({"policy": "MlpPolicy", "n_timesteps": 500})},
        )
    )
    _, text = report(study)
    assert "at an end of their range: batch_size (2048, searched 4 to 2048, powers of two)" in text


def test_page_needs_no_other_file_and_escapes(report):
    study = study_of([10.0, 12.0, "<script>alert(1)</script> & more"])
    folder, _ = report(study, figures=True)
    page = (folder / "report.html").read_text()
    assert "&lt;script&gt;alert(1)&lt;/script&gt; &amp; more" in page
    assert "<script" not in page
    sources = re.findall(r'(?:src|href)="([^"]{0,40})', page)
    assert sources
    assert all(source.startswith("data:image/png;base64,iVBOR") for source in sources)


def test_figures(report):
    study = study_of([float(value % 7) for value in range(12)] + [None, "x"], {3: [1.0], 0: [2.0]})
    folder, text = report(study, figures=True)
    names = {"history.png", "importances.png", "parallel_coordinates.png", "slices.png"}
    assert {path.name for path in folder.glob("*.png")} == names
    assert all(f"]({name})" in text for name in names)
    few, text = report(study_of([1.0, 2.0]), figures=True)
    assert "Importances need at least 10 completed trials; there are 2." in text
    assert not (few / "importances.png").exists(), "that of an earlier report is gone"
    assert report(study_of([1.0]), figures=True)[0].joinpath("history.png").exists()


def test_several_objectives(report):
    study = study_of(
        [(1.0, 5.0), (2.0, 4.0), (3.0, 9.0), (0.0, 9.0)],
        {1: [(1.8, 4.4)], 2: [(2.0, 9.5)], 0: [(1.0, 5.0)]},
        directions=("maximize", "minimize"),
    )
    folder, text = report(study, figures=True)
    assert "| trial | return | energy | return, fresh seeds | energy, fresh seeds |" in text
    assert "| 2 | 3.00 | 9.00 | 2.00 | 9.50 |" in text
    assert "| 1 | 2.00 | 4.00 | 1.80 | 4.40 |" in text
    assert "| 0" not in text.partition("## Pareto front")[2].partition("##")[0]
    assert (folder / "pareto.png").stat().st_size > 5000


def test_axes_are_labelled_as_a_person_reads_them():
    power = ParameterAxis("batch_size_pow", 2, 11, is_integer=True)
    assert power.label == "batch_size"
    assert [text for _, text in power.ticks()] == ["4", "16", "64", "256", "1024"]
    rate = ParameterAxis("learning_rate", 1e-5, 1e-2, log=True)
    assert rate.ticks()[0] == (0.0, "1e-5")
    assert rate.place(1e-3) == pytest.approx(2 / 3)
    assert ParameterAxis("one_minus_gamma", 1e-4, 0.03, log=True).label == "1 \u2212 gamma"
    choice = ParameterAxis("noise_type", choices=("ornstein-uhlenbeck", "normal", None))
    assert [text for _, text in choice.ticks()] == ["ornstein-uh\u2026", "normal", "none"]
    assert choice.place(None) == pytest.approx(5 / 6)


def test_numbers():
    shown = [number(value) for value in (None, 0.0, 12.345, -1234.5, 0.0012, 3e7)]
    assert shown == ["\u2013", "0.00", "12.35", "-1234", "0.0012", "3e+07"]


def test_an_outlier_does_not_squash_the_axis():
    low, high = robust_limits([10.0, 11.0, 12.0, 13.0, 14.0, -9e6])
    assert low > -20
    assert high < 20
    assert robust_limits([5.0])[0] < 5.0 < robust_limits([5.0])[1]


def test_report_of_a_stored_study(tmp_path):
    from rl_zoo.tuning.find_study import FoundStudy

    study = study_of([1.0, 2.0])
    for name, value in {"algo": "tqc", "env": "Tiny-v0", "seed": 1, "options": {}}.items():
        study.set_user_attr(name, value)
    page = rewrite_report(FoundStudy(study, "memory", tmp_path), tmp_path)
    assert page == tmp_path / "report/report.html"
    assert "tqc on Tiny-v0" in page.read_text()


def test_write_best_waits_for_the_end_and_for_constraints(tmp_path, capsys):
    target = tmp_path / "mine.yml"

    def write(study, *, is_over=True):
        options = TuneOptions(
            CONFIG,
            None,
            3,
            study_folder=tmp_path,
            figures=False,
            write_best=target,
            log_folder=tmp_path,
        )
        write_report(study, options, is_over=is_over)
        return capsys.readouterr().err

    assert "until the study has its end" in write(study_of([1.0, 2.0]), is_over=False)
    broken = study_of([1.0, 2.0], violations=[1.0, 1.0])
    assert "no trial respects the constraints" in write(broken)
    assert not target.exists()
    assert "trial 1 is now the entry Tiny-v0" in write(study_of([1.0, 2.0]))
    assert "learning_rate: 0.1" in target.read_text()

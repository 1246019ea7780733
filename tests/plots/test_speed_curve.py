"""Forward speed over robot time, for several runs."""

import json

import matplotlib.figure
import pytest

from rl_zoo.errors import DamagedFileError, NothingFoundError, UsageError
from rl_zoo.plots import style
from rl_zoo.plots.speed_curve import EVALUATION_KEY, TRAINING_KEY, LabelledRun, plot_speed_curves

PRIOR = ("open-loop prior", 0.36)


@pytest.fixture
def labelled(make_run, tmp_path):
    """Make a run with the given training and evaluation speeds by step."""

    def make(label, training=None, evaluations=None, algo="ppo", number=1):
        folder = make_run(tmp_path / "logs", f"Bert-v0_{number}", algo=algo, timesteps=None)
        rows = [{"step": step, TRAINING_KEY: speed} for step, speed in (training or {}).items()]
        rows += [{"step": step, EVALUATION_KEY: v} for step, v in (evaluations or {}).items()]
        lines = [json.dumps({**row, "time/fps": 50}) for row in rows]
        (folder / "progress.jsonl").write_text("".join(f"{line}\n" for line in lines))
        return LabelledRun(label, folder)

    return make


@pytest.fixture
def plot(tmp_path, monkeypatch):
    """Draw; return the lines of the figure by label, faint ones under ``_child...``."""
    figures = []
    savefig = matplotlib.figure.Figure.savefig

    def keep(figure, *args, **kwargs):
        figures.append(figure)
        savefig(figure, *args, **kwargs)

    monkeypatch.setattr(matplotlib.figure.Figure, "savefig", keep)

    def run(*runs, reference=PRIOR, control_period=0.02, name="speed.png"):
        output = tmp_path / "figures" / name
        file = plot_speed_curves(runs, reference, output, control_period=control_period)
        assert file == output and file.stat().st_size > 1000
        (axes,) = figures[-1].axes
        return axes.get_lines()

    return run


def points(line):
    return list(zip(line.get_xdata().tolist(), line.get_ydata().tolist(), strict=True))


def test_steps_become_minutes_of_robot_time(labelled, plot):
    run = labelled("learner", {3000: 0.1, 6000: 0.2}, {4500: 0.3, 9000: 0.4})
    training, evaluations, prior = plot(run)
    assert points(training) == [(1.0, 0.1), (2.0, 0.2)]
    assert points(evaluations) == [(1.5, 0.3), (3.0, 0.4)]
    assert evaluations.get_label() == "learner"
    assert training.get_alpha() < 0.6 and evaluations.get_alpha() is None
    assert prior.get_label() == "open-loop prior (0.36 m/s)"
    assert prior.get_ydata() == [0.36, 0.36]
    assert points(plot(run, control_period=0.04)[0])[0][0] == 2.0


def test_runs_of_one_algorithm_have_different_colours(labelled, plot):
    runs = [labelled(name, {9: 0.1}, {9: 0.1}, number=i) for i, name in enumerate("abc", start=1)]
    lines = plot(*runs, reference=None)
    assert len(lines) == 6
    assert len({line.get_color() for line in lines}) == 3
    assert lines[0].get_color() == lines[1].get_color()


def test_algorithms_keep_their_colours(labelled, plot):
    lines = plot(
        labelled("with", {9: 0.1}, {9: 0.1}, algo="tqc"),
        labelled("prior", {9: 0.1}, {9: 0.1}, algo="openloop"),
    )
    assert lines[1].get_color() == style.algorithm_color("tqc")
    assert lines[3].get_color() == style.algorithm_color("openloop")


def test_evaluations_repeated_after_a_crash_count_once(labelled, plot):
    run = labelled("learner", {10: 0.1}, {})
    with (run.folder / "progress.jsonl").open("a") as stream:
        for step, speed in ((3000, 0.1), (6000, 0.9), (3000, 0.2), (6000, 0.3)):
            stream.write(json.dumps({"step": step, EVALUATION_KEY: speed}) + "\n")
    assert points(plot(run)[1]) == [(1.0, 0.2), (2.0, 0.3)]


def test_what_a_run_did_not_log_is_said_in_the_legend(labelled, plot):
    lines = plot(
        labelled("walker", {9: 0.1}, {9: 0.2}),
        labelled("unevaluated", {9: 0.1}, number=2),
        labelled("swimmer", number=3),
    )
    labels = [line.get_label() for line in lines]
    assert "unevaluated (training only)" in labels
    assert "swimmer (no speed logged)" in labels


def test_no_speed_at_all_writes_nothing(labelled, plot, tmp_path):
    without_file = labelled("b", number=2)
    (without_file.folder / "progress.jsonl").unlink()
    with pytest.raises(NothingFoundError, match=r"Bert-v0_1, .*no 'motion/forward_speed'"):
        plot(labelled("a"), without_file)
    assert not (tmp_path / "figures").exists()


def test_a_cut_last_line_is_left_out_and_a_damaged_one_named(labelled, plot):
    run = labelled("a", {3000: 0.1, 6000: 0.2})
    file = run.folder / "progress.jsonl"
    whole = file.read_text()
    file.write_text(whole + '{"step": 9000, "motion/for')
    assert len(points(plot(run)[0])) == 2
    file.write_text("garbage\n" + whole)
    with pytest.raises(DamagedFileError, match=r"progress\.jsonl:1"):
        plot(run)


def test_unknown_format_is_named(labelled, plot):
    with pytest.raises(UsageError, match=r"\.png, \.pdf, \.svg"):
        plot(labelled("a", {9: 0.1}), name="speed.jpeg")

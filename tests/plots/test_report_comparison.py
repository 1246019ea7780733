"""The page that compares runs: which runs are one method, and the numbers that stand there."""

from __future__ import annotations

import json

import numpy as np
import pytest
import scipy.stats

from rl_zoo.plots.report.comparison.differences_section import hyperparameters_section
from rl_zoo.plots.report.comparison.evaluations_section import evaluations_section
from rl_zoo.plots.report.comparison.methods import group_runs
from rl_zoo.plots.report.comparison.metrics_section import metrics_section
from rl_zoo.plots.report.comparison.page import comparison_page
from rl_zoo.plots.report.comparison.runs_section import runs_section
from rl_zoo.plots.report.comparison.settings import read_settings
from rl_zoo.plots.report.reported_run import load_reported_run
from rl_zoo.plots.report.sections import Drawing, Folded, Notice, Paragraph, Table


@pytest.fixture
def run_of(make_run, tmp_path):
    """Return a function that writes a run with hyperparameters and reads it for a report."""

    def make(
        name, config="gamma: 0.99\n", *, algo="ppo", log="logs", record=None, progress=(), **more
    ):
        path = make_run(tmp_path / log, name, algo=algo, **more)
        env = name.rsplit("_", 1)[0]
        if config is not None:
            (path / env / "config.yml").write_text(config)
        if record is not None:
            facts = {"algo": algo, "env_id": env, "seed": 0, "n_timesteps": 3000}
            (path / "run.json").write_text(json.dumps({**facts, "state": "finished", **record}))
        if progress:
            lines = (json.dumps(row) for row in progress)
            (path / "progress.jsonl").write_text("\n".join(lines) + "\n")
        return load_reported_run(path)

    return make


def of_kind(section, kind):
    return [block for block in section.blocks if isinstance(block, kind)]


def last_at(*values):
    return {"results": [[1.0], [2.0], list(values)[:1]]}


def test_same_hyperparameters_are_one_method(run_of):
    runs = [run_of(f"CartPole-v1_{number}") for number in (1, 2)]
    other = run_of("CartPole-v1_3", "gamma: 0.9\n")

    compared = group_runs([*runs, other])

    assert [(method.name, len(method.runs)) for method in compared.methods] == [
        ("PPO gamma 0.99", 2),
        ("PPO gamma 0.9", 1),
    ]


def test_labels_decide_what_is_one_method(run_of):
    runs = [run_of("CartPole-v1_1"), run_of("CartPole-v1_2", "gamma: 0.9\n")]
    together = group_runs(runs, ["tuned", "tuned"])
    assert [(method.name, len(method.runs)) for method in together.methods] == [("tuned", 2)]

    apart = group_runs([*runs, run_of("CartPole-v1_1", algo="a2c")], ["old", "new", "new"])
    assert [method.name for method in apart.methods] == ["old", "PPO new", "A2C new"]


def test_many_differences_get_letters_and_a_table(run_of):
    first = run_of("CartPole-v1_1", "gamma: 0.99\nlearning_rate: 0.001\nbatch_size: 64\nn: 1\n")
    second = run_of("CartPole-v1_2", "gamma: 0.9\nlearning_rate: lin_0.1\nbatch_size: 32\nn: 1\n")
    compared = group_runs([first, second])
    assert [method.name for method in compared.methods] == ["PPO A", "PPO B"]

    table, shared = hyperparameters_section(compared).blocks
    assert table.headers == ("", "PPO A", "PPO B")
    assert table.rows == (
        ("batch_size", "64", "32"),
        ("gamma", "0.99", "0.9"),
        ("learning_rate", "0.001", "lin_0.1"),
    )
    assert table.marked == {(0, 2), (1, 2), (2, 2)}
    assert isinstance(shared, Folded) and shared.blocks[0].rows == (("n", "1"),)


def test_same_hyperparameters_are_said_to_be_the_same(run_of):
    compared = group_runs([run_of("CartPole-v1_1"), run_of("CartPole-v1_1", algo="a2c")])
    paragraph = of_kind(hyperparameters_section(compared), Paragraph)[0]
    assert paragraph.text == "CartPole-v1: all hyperparameters are the same."


def test_settings_are_flat_and_numbers_comparable(run_of):
    text = (
        "n_timesteps: 100000.0\nnormalize: true\nenv_kwargs:\n  weights:\n    effort: 0.1\n"
        "env_wrapper:\n- rl_zoo3.wrappers.HistoryWrapper:\n    horizon: 2\n- TimeAware\n"
    )
    settings, problem = read_settings(run_of("CartPole-v1_1", text).folder)

    assert problem == "" and settings == {
        "n_timesteps": "100000",
        "normalize": "true",
        "env_kwargs.weights.effort": "0.1",
        "env_wrapper.HistoryWrapper.horizon": "2",
        "env_wrapper.TimeAware": "true",
    }


def test_config_that_would_run_code_is_told_and_not_run(run_of, tmp_path):
    evil = f"!!python/object/apply:os.system ['touch {tmp_path}/ran']\n"
    compared = group_runs([run_of("CartPole-v1_1", evil), run_of("CartPole-v1_2", None)])

    notices = [block.text for block in of_kind(runs_section(compared), Notice)]
    assert any("os.system" in text for text in notices)
    assert not (tmp_path / "ran").exists()


def test_last_evaluations_against_scipy(run_of):
    finals = {"ppo": [10.0, 20.0, 60.0], "a2c": [15.0, 25.0]}
    runs = [
        run_of(f"CartPole-v1_{number}", algo=algo, **last_at(value))
        for algo, values in finals.items()
        for number, value in enumerate(values, start=1)
    ]
    section = evaluations_section(group_runs(runs))

    last, improvement = of_kind(section, Table)
    row = dict(zip(last.headers, last.rows[0], strict=True))
    assert (row["Method"], row["Seeds"], float(row["Mean"])) == ("PPO", "3", 30.0)
    assert float(row["± SE"]) == pytest.approx(scipy.stats.sem(finals["ppo"]), abs=0.5)
    assert (float(row["Best"]), float(row["Worst"])) == (60.0, 10.0)
    # 15 < 20, 60; 25 < 60: PPO is above A2C in 3 of 6 pairs.
    statistic = scipy.stats.mannwhitneyu(finals["ppo"], finals["a2c"]).statistic
    assert improvement.rows[0][2].startswith(f"{statistic / 6:.2f} [")
    value, low, high = (float(word.strip("[],")) for word in improvement.rows[0][2].split())
    turned = [float(word.strip("[],")) for word in improvement.rows[1][1].split()]
    assert turned == pytest.approx([1 - value, 1 - high, 1 - low], abs=0.011)
    assert len(of_kind(section, Drawing)) == 1


def test_one_seed_has_no_error_and_no_probability(run_of):
    runs = [run_of("CartPole-v1_1", algo=algo) for algo in ("ppo", "a2c")]
    tables = of_kind(evaluations_section(group_runs(runs)), Table)

    assert len(tables) == 1
    row = dict(zip(tables[0].headers, tables[0].rows[0], strict=True))
    assert (row["Seeds"], row["± SE"], row["95 % interval"]) == ("1", "–", "–")


def test_runs_without_evaluations_have_no_such_section(run_of):
    runs = [run_of(f"CartPole-v1_{number}", timesteps=None) for number in (1, 2)]
    assert evaluations_section(group_runs(runs)) is None


def test_label_that_looks_like_mathematics_is_shown_as_it_is(run_of):
    runs = [run_of(f"CartPole-v1_{number}") for number in (1, 2)]
    section = evaluations_section(group_runs(runs, [r"$\frac{", "a_b$c"]))
    figure = of_kind(section, Drawing)[0].figure
    figure.canvas.draw()  # Matplotlib raises on broken mathematics


def speeds(*values, key="eval/motion/forward_speed"):
    return [{"step": 1000 * (place + 1), key: value} for place, value in enumerate(values)]


def test_motion_is_averaged_over_seeds(run_of):
    runs = [
        run_of("CartPole-v1_1", progress=speeds(0.1, 0.4)),
        run_of("CartPole-v1_2", progress=speeds(0.1, 0.6)),
        run_of("CartPole-v1_1", algo="a2c", progress=speeds(0.1, 0.2)),
    ]
    section = metrics_section(group_runs(runs))

    table = of_kind(section, Table)[0]
    assert table.headers == ("", "PPO (n=2)", "A2C (n=1)")
    name, ppo, a2c = table.rows[0]
    value, error = (float(text) for text in ppo.split(" ± "))
    assert name == "Forward speed (m/s)"
    assert value == pytest.approx(0.5) and error == pytest.approx(0.1)
    assert float(a2c) == pytest.approx(0.2), "one seed has no ±"
    assert len(of_kind(section, Drawing)) == 1


def test_fewer_seeds_in_a_cell_are_told(run_of):
    runs = [run_of("CartPole-v1_1", progress=speeds(0.1, 0.4)), run_of("CartPole-v1_2")]
    table = of_kind(metrics_section(group_runs(runs)), Table)[0]
    assert table.rows[0][1].endswith(" (n=1)")


def test_settings_of_one_algorithm_only_are_not_marked(run_of):
    runs = [
        run_of("CartPole-v1_1", "gamma: 0.99\n"),
        run_of("CartPole-v1_1", "gamma: 0.9\nc: 1\n", algo="a2c"),
    ]
    table = of_kind(hyperparameters_section(group_runs(runs)), Table)[0]
    assert [table.rows[row][0] for row, _ in table.marked] == ["gamma"]


def test_training_is_compared_where_a_run_was_not_evaluated(run_of):
    both = [
        {**evaluated, **trained}
        for evaluated, trained in zip(
            speeds(0.5, 0.9), speeds(0.1, 0.3, key="motion/forward_speed"), strict=True
        )
    ]
    runs = [
        run_of("CartPole-v1_1", progress=both),
        run_of("CartPole-v1_1", algo="a2c", progress=speeds(0.1, 0.2, key="motion/forward_speed")),
    ]
    table = of_kind(metrics_section(group_runs(runs)), Table)[0]

    assert [float(cell) for cell in table.rows[0][1:]] == pytest.approx([0.3, 0.2])
    assert "last training episodes" in table.caption


def test_environments_with_the_same_robot_are_compared(run_of):
    robot = {"robot": {"name": "bert"}}
    runs = [
        run_of("Bert-v0_1", record=robot, progress=speeds(0.1, 0.4)),
        run_of("Bert-CPG-v0_1", record=robot, progress=speeds(0.1, 0.6)),
        run_of("Other-v0_1", progress=speeds(0.1, 0.7)),
    ]
    tables = of_kind(metrics_section(group_runs(runs)), Table)

    assert tables[0].headers == ("", "PPO, Bert-v0 (n=1)", "PPO, Bert-CPG-v0 (n=1)")
    assert tables[1].headers == ("", "PPO (n=1)")


def test_what_weakens_a_comparison_is_told(run_of):
    runs = [
        run_of("CartPole-v1_1", record={"git_commit": "a" * 40}),
        run_of("CartPole-v1_2", record={"git_commit": "b" * 40, "git_dirty": True}),
        run_of(
            "CartPole-v1_3",
            record={"seed": 7, "state": "crashed", "reason": "NaN", "num_timesteps": 1234},
        ),
    ]
    texts = " / ".join(block.text for block in of_kind(runs_section(group_runs(runs)), Notice))

    assert "ppo/CartPole-v1_3: crashed at step 1\u202f234: NaN" in texts
    assert "_1 and ppo/CartPole-v1_2 have the same seed (0) and count as 2 seeds" in texts
    assert "different commits of the code: aaaaaaaa, bbbbbbbb" in texts
    assert "1 of 3 runs were trained with changes" in texts


def test_runs_of_the_same_name_are_told_apart(run_of):
    runs = [run_of("CartPole-v1_1", log="first"), run_of("CartPole-v1_1", log="second")]
    table = of_kind(runs_section(group_runs(runs)), Table)[0]
    assert [row[1] for row in table.rows] == ["first/ppo/CartPole-v1_1", "second/ppo/CartPole-v1_1"]


def test_resumed_evaluations_count_once(run_of):
    run = run_of("CartPole-v1_1", timesteps=(1000, 2000, 1500), results=[[1.0], [9.0], [5.0]])
    table = of_kind(runs_section(group_runs([run, run_of("CartPole-v1_2")])), Table)[0]
    value, _, step = table.rows[0][-1].partition(" (")
    assert (float(value), step) == (5.0, "1\u202f500)")


def test_each_run_is_folded_in_the_page_on_request(run_of):
    runs = [run_of(f"CartPole-v1_{number}") for number in (1, 2)]
    assert "each" not in [section.key for section in comparison_page(runs).sections]

    each = comparison_page(runs, each=True).sections[-1]
    assert [folded.title for folded in each.blocks] == ["ppo/CartPole-v1_1", "ppo/CartPole-v1_2"]
    assert np.all([folded.blocks for folded in each.blocks])


def test_method_looks_the_same_where_another_one_has_no_numbers(run_of):
    configs = ("gamma: 0.99\n", "gamma: 0.9\n", "gamma: 0.8\n")
    rows = [{"step": step, "eval/motion/forward_speed": step / 1e3} for step in (1000, 2000)]
    runs = [
        run_of(f"CartPole-v1_{number}", config, progress=rows if number > 1 else ())
        for number, config in enumerate(configs, start=1)
    ]
    compared = group_runs(runs)

    def colors(section):
        axes = of_kind(section, Drawing)[0].figure.axes[0]
        named = [line for line in axes.lines if not line.get_label().startswith("_")]
        return {line.get_label(): (line.get_color(), line.get_linestyle()) for line in named}

    curves, speeds = colors(evaluations_section(compared)), colors(metrics_section(compared))
    assert list(speeds) == ["PPO gamma 0.9 (n=1)", "PPO gamma 0.8 (n=1)"]
    assert speeds == {name: curves[name] for name in speeds}


def test_caption_promises_no_interval_of_single_seeds(run_of):
    runs = [run_of("CartPole-v1_1"), run_of("CartPole-v1_2", "gamma: 0.9\n")]
    (drawing,) = of_kind(evaluations_section(group_runs(runs)), Drawing)
    assert drawing.caption == "Evaluations on CartPole-v1: one seed each."
    (drawing,) = of_kind(evaluations_section(group_runs([*runs, run_of("CartPole-v1_3")])), Drawing)
    assert "95 % bootstrap interval" in drawing.caption


def test_run_with_damaged_record_is_left_out_and_told(run_of):
    runs = [run_of(f"CartPole-v1_{number}") for number in (1, 2)]
    path = runs[0].folder.path
    (path / "run.json").write_text("")
    runs[0] = load_reported_run(path)

    section = evaluations_section(group_runs(runs))

    notices = [block.text for block in of_kind(section, Notice)]
    assert notices[0].startswith("ppo/CartPole-v1_1: left out")
    (table,) = of_kind(section, Table)
    assert [row[2] for row in table.rows] == ["1"], "one seed"
    assert any("not a run record" in text for text in runs[0].problems)

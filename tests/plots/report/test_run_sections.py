"""Sections that every run can have, ours or the zoo's: state, curves, evaluations, origin."""

import json
import os
import zipfile

import numpy as np
import pytest

from rl_zoo.errors import UsageError
from rl_zoo.plots.report.catalog import SECTIONS
from rl_zoo.plots.report.evaluations import evaluations
from rl_zoo.plots.report.hyperparameters import hyperparameters
from rl_zoo.plots.report.learning import learning
from rl_zoo.plots.report.metrics import metric_panels
from rl_zoo.plots.report.origin import origin
from rl_zoo.plots.report.overview import overview
from rl_zoo.plots.report.panels import Metric, draw_panels
from rl_zoo.plots.report.reported_run import load_reported_run
from rl_zoo.plots.report.sections import Drawing, Folded, Notice, Table
from rl_zoo.plots.report.versions import versions
from rl_zoo.plots.report.videos import videos

SPACE = "\u202f"


def keys_of(run):
    return [section.key for section in (maker(run) for maker in SECTIONS) if section]


def test_zoo_folder_has_the_sections_it_has_files_for(make_reported, read):
    run = make_reported(record=None, episodes=[(1.0, 10, 1.0), (2.0, 15, 2.0)])
    (run.folder.config_file).write_text(
        "!!python/object/apply:collections.OrderedDict\n"
        "- - - gamma\n    - 0.9\n  - - policy_kwargs\n    - dict(net_arch=[8])\n"
    )
    assert keys_of(run) == ["overview", "learning", "evaluations", "hyperparameters"]
    facts = read.facts(overview(run))
    assert facts["State"] == "not recorded: no run.json in the folder"
    assert facts["Steps in ended episodes"] == "25"
    section = hyperparameters(run)
    assert "was not recorded" in read.text(section)
    assert read.facts(section) == {"gamma": "0.9", "policy_kwargs": "dict(net_arch=[8])"}


def test_empty_folder_says_only_what_it_is(make_reported):
    run = make_reported(record=None, timesteps=None)
    run.folder.config_file.unlink()
    assert keys_of(run) == ["overview"]


def test_overview_says_how_good_the_run_was(make_reported, read):
    results = [[1.0, 3.0], [8.0, np.inf], [5.0, 5.0]]
    facts = read.facts(overview(make_reported(results=results)))
    assert facts["Last evaluation"] == f"return 5 ± 0 at step 3{SPACE}000"
    assert facts["Best evaluation"] == f"return 8 at step 2{SPACE}000"


def test_folder_of_the_callbacks_of_sb3_is_a_run(make_run, tmp_path, read):
    made = make_run(tmp_path, "x_1", episodes=[(1.0, 10, 1.0)])
    plain = tmp_path / "sac_Pendulum-v1"
    plain.mkdir()
    (made / "0.monitor.csv").replace(plain / "monitor.csv")
    (made / "evaluations.npz").replace(plain / "evaluations.npz")
    (plain / "monitor.csv").write_text(
        '#{"t_start": 1.0, "env_id": "Pendulum-v1"}\nr,l,t\n1,10,1\n'
    )

    run = load_reported_run(plain)

    assert keys_of(run) == ["overview", "learning", "evaluations"]
    facts = read.facts(overview(run))
    assert (facts["Algorithm"], facts["Environment"]) == ("sac", "Pendulum-v1")
    (plain / "monitor.csv").unlink()
    (plain / "evaluations.npz").unlink()
    with pytest.raises(UsageError, match="not a run folder"):
        load_reported_run(plain)


@pytest.mark.parametrize("value", [1e-5, 3e7])
def test_axis_has_no_factor_that_would_stand_on_the_axis_above(make_reported, value):
    rows = [{"step": step, "motion/power": value * step} for step in (1, 2)]
    run = make_reported(progress=rows, record={"robot": {"control_frequency": 50.0}})
    (drawing,) = draw_panels(run, metric_panels(run, [Metric("motion/power", "Power")]))
    drawing.figure.draw_without_rendering()
    axis = drawing.figure.axes[0].yaxis
    assert axis.get_offset_text().get_text() == ""
    assert [float(label.get_text()) for label in axis.get_ticklabels()] == pytest.approx(
        list(axis.get_ticklocs())
    )


def test_overview_of_a_robot_that_crashed(make_reported, read):
    record = {"state": "crashed", "reason": "motor 3 lost", "num_timesteps": 1500}
    record |= {"wall_time_s": 245.0, "started_at": "2026-11-22T11:43:59+00:00", "command": "train"}
    record["robot"] = {"name": "bert", "driver": None, "control_frequency": 50.0}
    section = overview(make_reported(record=record))
    facts = read.facts(section)
    assert facts["Environment steps"] == f"1{SPACE}500 of 3{SPACE}000"
    assert facts["Training time"] == "4 min 05 s"
    assert facts["Robot time"] == "0.5 min at 50 Hz", "1500 steps of 20 ms"
    assert facts["Robot"] == "bert, simulated"
    (notice,) = read.blocks(section, Notice)
    assert notice.text == f"The run crashed at step 1{SPACE}500: motor 3 lost"
    assert read.text(section).endswith("train")


def test_damaged_files_are_told_and_the_rest_is_shown(make_reported, read):
    run = make_reported(progress=[{"step": 1, "time/fps": 5.0}])
    run.folder.evaluations.write_bytes(b"PK\x03\x04 cut")
    run.folder.progress_file.write_text("{cut\n" * 3)
    run.folder.record_file.write_text('{"algo": "sac", "end_reasons": ["fall"]}')
    run = load_reported_run(run.folder.path)
    told = read.text(overview(run))
    for name in ("evaluations.npz", "progress.jsonl:1", "run.json"):
        assert name in told
    assert "evaluations" not in keys_of(run)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("end_reasons", ["fall"]),
        ("num_timesteps", "many"),
        ("wall_time_s", float("nan")),
        ("robot", {"joints": [1]}),
        ("robot_use", {"cadence": {"rate": "fast"}}),
        ("sessions", [{"from_step": "first"}]),
    ],
)
def test_a_record_of_another_kind_is_damaged(make_reported, read, field, value):
    run = make_reported(record={field: value})
    assert run.record is None
    assert f"'{field}' cannot be" in read.text(overview(run))
    assert keys_of(run)


def test_no_run_folder_is_a_usage_error(tmp_path):
    with pytest.raises(UsageError, match="nothing_here"):
        load_reported_run(tmp_path / "nothing_here")


def test_learning_curve_holds_the_numbers_of_the_files(make_reported, read):
    episodes = [(float(i), 100, float(i)) for i in range(30)]
    run = make_reported(
        episodes=episodes, results=[[0.0, 2.0], [4.0, 6.0], [8.0, 8.0]],
        timesteps=[1000, 2000, 3000],
        progress=[{"step": 100, "train/loss": 1.0}, {"step": 200, "train/loss": 0.5}],
    )  # fmt: skip
    lines = read.lines(learning(run))
    dots, means, evaluated = lines["Return per episode of training and evaluations."][:3]
    assert [y for _, y in dots] == list(range(30))
    assert means[0] == [600.0, 2.5], "mean of the first 6 of 30 episodes of 100 steps"
    assert evaluated == [[1000.0, 1.0], [2000.0, 5.0], [3000.0, 8.0]]
    assert lines["Loss"] == [[[100.0, 1.0], [200.0, 0.5]]]


def test_what_was_logged_again_after_a_resume_counts_once(make_reported, read):
    progress = [{"step": step, "train/loss": value} for step, value in
                [(100, 1.0), (200, 2.0), (300, 3.0), (200, 9.0), (300, 8.0)]]  # fmt: skip
    run = make_reported(progress=progress, timesteps=None)
    assert read.lines(learning(run))["Loss"] == [[[100.0, 1.0], [200.0, 9.0], [300.0, 8.0]]]


def test_reward_terms_are_a_table_and_lines(make_reported, read):
    progress = [
        {"step": 1000, "reward/forward": 10.0, "eval/reward/forward": 20.0},
        {"step": 2000, "reward/forward": 30.0, "eval/reward/forward": 50.0},
    ]
    section = learning(make_reported(progress=progress))
    (table,) = read.blocks(section, Table)
    assert table.rows == (("Forward", "30", "50", "20", "50"),)


def test_evaluations_row_by_row_with_the_best_one(make_reported, read):
    run = make_reported(
        record={"robot": {"control_frequency": 50.0}},
        results=[[1.0, 3.0], [10.0, 20.0], [5.0, 5.0]],
        successes=[[0, 0], [1, 1], [1, 0]],
    )
    (table,) = read.blocks(evaluations(run), Table)
    rows = [dict(zip(table.headers, row, strict=True)) for row in table.rows]
    assert rows[0]["robot time (min)"] == "0.33", "1000 steps at 50 Hz"
    assert rows[1]["return"] == "15.0 ± 5.0"
    assert (rows[1]["lowest"], rows[1]["highest"]) == ("10", "20")
    assert [row["success rate"] for row in rows] == [f"{x}{SPACE}%" for x in (0, 100, 50)]
    assert {row for row, _ in table.marked} == {1}


def test_many_evaluations_are_folded(make_reported, read):
    steps = list(range(100, 2100, 100))
    results = [[float(step % 700)] for step in steps]
    section = evaluations(make_reported(timesteps=steps, results=results))
    short, whole = section.blocks
    assert [row[0] for row in short.rows] == ["100", "600", f"2{SPACE}000"]
    assert isinstance(whole, Folded)
    assert len(whole.blocks[0].rows) == 20


def test_returns_that_are_not_finite_are_told(make_reported, read):
    run = make_reported(results=[[1.0, np.nan], [np.inf, np.nan], [3.0, 5.0]])
    section = evaluations(run)
    assert "3 returns are not finite" in read.text(section)
    (table,) = read.blocks(section, Table)
    assert [row[2] for row in table.rows] == ["1", "not finite", "4.0 ± 1.0"]
    for drawing in read.blocks(learning(run), Drawing):
        drawing.figure.draw_without_rendering()


def test_sessions_tell_what_was_trained_again(make_reported, read):
    sessions = [
        {"from_step": 0, "to_step": 1200, "state": "interrupted",
         "started_at": "2026-01-01T00:00:00+00:00", "ended_at": "2026-01-01T00:01:30+00:00"},
        {"from_step": 1000, "state": "running", "started_at": "2026-01-01T01:00:00+00:00"},
    ]  # fmt: skip
    (table,) = read.blocks(origin(make_reported(record={"sessions": sessions})), Table)
    assert table.rows[0][3:] == ("1 min 30 s", "0", f"1{SPACE}200", "200")
    assert table.rows[1][1] == "no end recorded"
    assert table.rows[1][4:] == (f"1{SPACE}000", "–", "–")
    assert origin(make_reported("Bert-v0_2", record={"sessions": sessions[:1]})) is None


def test_parent_and_the_old_policy(make_reported, read):
    record = {"parent": "/logs/sac/Bert-v0_1", "restored": {"weights": "restored"}}
    record["baseline"] = {"mean_return": 21.5, "std_return": 4.25, "falls": 5, "n": 5}
    facts = read.facts(origin(make_reported(record=record)))
    assert facts["Started from"] == "/logs/sac/Bert-v0_1"
    assert facts["Weights"] == "restored"
    assert facts["Return"] == "21.5 ± 4.25 (5 episodes)"
    assert facts["Falls"] == "5 of 5 episodes"


def test_hyperparameters_with_the_place_they_come_from(make_reported, read):
    run = make_reported(record={"versions": {"stable-baselines3": "2.9.2"}})
    run.folder.provenance_file.write_text(
        "gamma: {value: '0.97', origin: -params}\n"
        "env_wrapper.HistoryWrapper: {value: HistoryWrapper(horizon=2), origin: 'a.yml: X-v0'}\n"
    )
    (table,) = read.blocks(hyperparameters(run), Table)
    assert table.rows == (
        ("gamma", "0.97", "-params"),
        ("env_wrapper", "HistoryWrapper(horizon=2)", "a.yml: X-v0"),
    )
    assert table.caption.endswith("that of stable-baselines3 2.9.2.")


def test_config_that_would_run_code_is_told_not_run(make_reported, read, tmp_path):
    run = make_reported()
    mark = tmp_path / "ran"
    run.folder.config_file.write_text(f"a: !!python/object/apply:os.system ['touch {mark}']\n")
    assert "can run code" in read.text(hyperparameters(run))
    assert not mark.exists()


def test_versions_of_ours_and_of_a_zoo_model(make_reported, read):
    record = {"versions": {"torch": "2.13.0"}, "git_commit": "abc", "git_dirty": True}
    facts = read.facts(versions(make_reported(record=record)))
    assert facts["torch"] == "2.13.0"
    assert facts["Git commit"] == "abc, with changes that are in no commit"
    run = make_reported("Bert-v0_2", record=None)
    assert versions(run) is None
    with zipfile.ZipFile(run.folder.final_model, "w") as archive:
        archive.writestr("system_info.txt", "- OS: Linux # 1\n- Python: 3.11.7\n")
    assert read.facts(versions(run)) == {"OS": "Linux # 1", "Python": "3.11.7"}
    run.folder.final_model.write_bytes(b"PK no archive")
    assert versions(run) is None


def test_videos_of_the_run_one_kind_each(make_reported):
    run = make_reported()
    assert videos(run) is None
    run.folder.videos.mkdir()
    for name in ("training.mp4", "training.gif", "final.webm", "note.txt"):
        (run.folder.videos / name).write_bytes(b"x")
    os.utime(run.folder.videos / "training.mp4", (1.0, 1.0))
    newest, older = videos(run).blocks
    assert newest.file.name == "final.webm"
    assert isinstance(older, Folded)
    assert [block.file.name for block in older.blocks] == ["training.mp4"]


def test_logged_numbers_ignore_words_and_a_cut_last_line(make_reported):
    run = make_reported(progress=[{"step": 5, "a": 1.0, "word": "x", "nan": float("nan")}])
    with run.folder.progress_file.open("a") as file:
        file.write(json.dumps({"step": 6, "a": 2.0})[:-4])
    run = load_reported_run(run.folder.path)
    assert run.logged == ("a",)
    assert [part.tolist() for part in run.log("a")] == [[5.0], [1.0]]
    assert run.problems == ()

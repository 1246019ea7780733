"""Which runs continue which."""

from __future__ import annotations

import shutil

import numpy as np
import pytest

from rl_zoo.errors import DamagedFileError
from rl_zoo.runs.folder import RunFolder
from rl_zoo.runs.lineage import find_origin, group_lineages
from rl_zoo.runs.record import RunRecord, write_record
from rl_zoo.runs.search import find_runs

ARGS = (
    "!!python/object/apply:collections.OrderedDict\n"
    "- - - algo\n    - ppo\n  - - trained_agent\n    - '{}'\n"
)


def make(log_folder, number, *, last_step=1000, agent="", algo="ppo", record=None):
    path = log_folder / algo / f"Env-v0_{number}"
    (path / "Env-v0").mkdir(parents=True)
    (path / "Env-v0" / "args.yml").write_text(ARGS.format(agent))
    steps = np.array([last_step // 2, last_step])
    np.savez(path / "evaluations.npz", timesteps=steps, results=np.array([[2.0], [1.0]]))
    if record is not None:
        base = {"algo": algo, "env_id": "Env-v0", "seed": 0, "n_timesteps": last_step}
        write_record(RunFolder(path, "Env-v0"), RunRecord(**{**base, **record}))
    return path


def lineages(log_folder):
    return group_lineages(find_runs([log_folder]))


def segments(log_folder):
    (lineage,) = lineages(log_folder)
    return [
        [(item.run.number, item.start, item.offset, item.until) for item in branch]
        for branch in lineage.branches
    ]


def test_independent_runs_are_seeds_of_their_own(tmp_path):
    make(tmp_path, 1)
    make(tmp_path, 2)
    assert [len(item.runs) for item in lineages(tmp_path)] == [1, 1]
    assert all(item.origin is None for item in lineages(tmp_path))


@pytest.mark.parametrize("where", ["absolute", "relative", "moved"])
def test_a_run_started_from_another_is_one_seed_with_it(tmp_path, where):
    logs = tmp_path / "work" / "logs"
    first = make(logs, 1)
    agents = {
        "absolute": str(first / "Env-v0.zip"),
        "relative": "logs/ppo/Env-v0_1/Env-v0.zip",
        "moved": "/gone/elsewhere/logs/ppo/Env-v0_1/Env-v0.zip",
    }
    make(logs, 2, last_step=400, agent=agents[where])
    assert segments(logs) == [[(1, 0, 0, 1000), (2, 1000, 1000, None)]]


def test_record_of_ours_names_the_parent(tmp_path):
    first = make(tmp_path, 1, record={"num_timesteps": 1200})
    make(tmp_path, 2, record={"parent": str(first), "sessions": [{"from_step": 0}]})
    assert segments(tmp_path) == [[(1, 0, 0, 1200), (2, 1200, 1200, None)]]


def test_counter_that_goes_on_is_not_shifted(tmp_path):
    first = make(tmp_path, 1, record={"num_timesteps": 1000})
    record = {"parent": str(first), "sessions": [{"from_step": 1000}]}
    make(tmp_path, 2, last_step=2500, record=record)
    assert segments(tmp_path) == [[(1, 0, 0, 1000), (2, 1000, 0, None)]]


def test_start_from_a_checkpoint_or_the_best_model_cuts_the_parent_there(tmp_path):
    first = make(tmp_path / "a", 1)
    make(tmp_path / "a", 2, agent=str(first / "rl_model_700_steps.zip"))
    assert segments(tmp_path / "a") == [[(1, 0, 0, 700), (2, 700, 700, None)]]
    first = make(tmp_path / "b", 1)
    make(tmp_path / "b", 2, agent=str(first / "best_model.zip"))
    assert segments(tmp_path / "b") == [[(1, 0, 0, 500), (2, 500, 500, None)]]


def test_chain_of_three_and_a_fork(tmp_path):
    first = make(tmp_path, 1)
    second = make(tmp_path, 2, agent=str(first / "Env-v0.zip"))
    make(tmp_path, 3, agent=str(second / "Env-v0.zip"))
    make(tmp_path, 4, agent=str(first / "Env-v0.zip"))
    assert segments(tmp_path) == [
        [(1, 0, 0, 1000), (2, 1000, 1000, 2000), (3, 2000, 2000, None)],
        [(1, 0, 0, 1000), (4, 1000, 1000, None)],
    ]


def test_steps_after_the_last_evaluation_count(tmp_path):
    first = make(tmp_path, 1)
    rows = "".join(f"1.0,300,{i}.0\n" for i in range(1, 6))
    (first / "0.monitor.csv").write_text('#{"t_start": 0.0}\nr,l,t\n' + rows)
    make(tmp_path, 2, agent=str(first / "Env-v0.zip"))
    assert segments(tmp_path)[0][1][1] == 1500


def test_parent_elsewhere_is_said_and_the_run_stays_a_seed(tmp_path):
    other = make(tmp_path / "other", 1)
    make(tmp_path / "logs", 2, agent=str(other / "Env-v0.zip"))
    (lineage,) = lineages(tmp_path / "logs")
    assert lineage.origin.parent == other
    shutil.rmtree(other)
    (lineage,) = lineages(tmp_path / "logs")
    assert lineage.origin.parent == other


def test_same_run_name_in_another_log_folder_is_no_parent(tmp_path):
    make(tmp_path / "logs", 1)
    make(tmp_path / "logs", 2, agent="/gone/other_logs/ppo/Env-v0_1/Env-v0.zip")
    assert [len(item.runs) for item in lineages(tmp_path / "logs")] == [1, 1]


def test_runs_that_claim_each_other_do_not_hang(tmp_path):
    make(tmp_path, 1, agent=str(tmp_path / "ppo" / "Env-v0_2" / "Env-v0.zip"))
    make(tmp_path, 2, agent=str(tmp_path / "ppo" / "Env-v0_1" / "Env-v0.zip"))
    assert sorted(run.number for item in lineages(tmp_path) for run in item.runs) == [1, 2]


def test_plain_yaml_args_are_read_too(tmp_path):
    first = make(tmp_path, 1)
    second = make(tmp_path, 2)
    (second / "Env-v0" / "args.yml").write_text(f"algo: ppo\ntrained_agent: {first}/Env-v0.zip\n")
    assert find_origin(RunFolder(second, "Env-v0")).parent == first


@pytest.mark.parametrize("name", ["run.json", "Env-v0/args.yml"])
def test_unreadable_record_is_an_error_not_a_new_seed(tmp_path, name):
    path = make(tmp_path, 1)
    (path / name).write_text("{ [")
    with pytest.raises(DamagedFileError, match=name.split("/")[-1]):
        lineages(tmp_path)

"""Reading evaluations.npz and monitor files."""

from __future__ import annotations

import numpy as np
import pytest

from rl_zoo.errors import DamagedFileError, NothingFoundError
from rl_zoo.runs.folder import RunFolder
from rl_zoo.runs.results import load_evaluations, load_monitor, load_training_episodes

HEADER = '#{"t_start": 1000.0, "env_id": "CartPole-v1"}\nr,l,t\n'


def write_npz(path, **arrays):
    np.savez(path, **arrays)
    return path


def test_evaluations_are_read_with_their_shapes(tmp_path):
    path = write_npz(
        tmp_path / "evaluations.npz",
        timesteps=np.array([500, 1000]),
        results=np.array([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]]),
        ep_lengths=np.array([[10, 11, 12], [13, 14, 15]]),
        successes=np.array([[True, False, False], [True, True, False]]),
        energy=np.array([0.5, 0.25]),
    )
    evaluations = load_evaluations(path)
    assert evaluations.timesteps.tolist() == [500, 1000]
    assert evaluations.scores().tolist() == [[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]]
    assert evaluations.scores("length").tolist() == [[10, 11, 12], [13, 14, 15]]
    assert evaluations.scores("successes").mean(axis=1) == pytest.approx([1 / 3, 2 / 3])
    assert evaluations.scores("energy").shape == (2, 1)


def test_key_that_was_not_recorded_names_the_nearest(tmp_path):
    path = write_npz(tmp_path / "e.npz", timesteps=np.array([1]), results=np.array([[1.0]]))
    with pytest.raises(NothingFoundError, match="did you mean 'results'"):
        load_evaluations(path).scores("result")


def test_missing_evaluations_are_not_damage(tmp_path):
    with pytest.raises(NothingFoundError, match=r"evaluations\.npz"):
        load_evaluations(tmp_path / "evaluations.npz")


@pytest.mark.parametrize("kept", [0, 1, 30, 200])
def test_truncated_evaluations_name_the_file(tmp_path, kept):
    path = write_npz(
        tmp_path / "evaluations.npz", timesteps=np.arange(50), results=np.ones((50, 5))
    )
    path.write_bytes(path.read_bytes()[:kept])
    with pytest.raises(DamagedFileError, match=r"evaluations\.npz"):
        load_evaluations(path)


def test_flipped_bytes_in_evaluations_are_damage(tmp_path):
    path = tmp_path / "evaluations.npz"
    np.savez_compressed(path, timesteps=np.arange(50), results=np.random.rand(50, 5))
    content = bytearray(path.read_bytes())
    content[700:720] = b"\xff" * 20
    path.write_bytes(bytes(content))
    with pytest.raises(DamagedFileError, match=r"evaluations\.npz"):
        load_evaluations(path)


def test_pickled_evaluations_are_refused_and_not_executed(tmp_path):
    marker = tmp_path / "executed"

    class Attack:
        def __reduce__(self):
            return (marker.write_text, ("x",))

    path = tmp_path / "evaluations.npz"
    np.savez(path, timesteps=np.array([1]), results=np.array([[Attack()]], dtype=object))
    marker.unlink(missing_ok=True)
    with pytest.raises(DamagedFileError, match="pickled Python objects"):
        load_evaluations(path)
    assert not marker.exists()


@pytest.mark.parametrize(
    "arrays",
    [
        {"results": np.ones((2, 3))},
        {"timesteps": np.array([1, 2, 3]), "results": np.ones((2, 3))},
        {"timesteps": np.array(["a", "b"]), "results": np.ones((2, 3))},
        {"timesteps": np.array([1, 2]), "results": np.array([["a"], ["b"]])},
        {"timesteps": np.array([1.0, np.nan]), "results": np.ones((2, 3))},
        {"timesteps": np.array([1.0, 1e30]), "results": np.ones((2, 3))},
        {"timesteps": np.array([-5, 0]), "results": np.ones((2, 3))},
    ],
)
def test_shapes_that_do_not_fit_are_damage(tmp_path, arrays):
    with pytest.raises(DamagedFileError, match=r"e\.npz"):
        load_evaluations(write_npz(tmp_path / "e.npz", **arrays))


def test_a_plain_array_file_is_not_an_archive(tmp_path):
    with (tmp_path / "evaluations.npz").open("wb") as stream:
        np.save(stream, np.arange(3))
    with pytest.raises(DamagedFileError, match=r"not an \.npz archive"):
        load_evaluations(tmp_path / "evaluations.npz")


def test_monitor_files_of_several_environments_are_merged_by_time(tmp_path):
    first, second = tmp_path / "0.monitor.csv", tmp_path / "1.monitor.csv"
    first.write_text(HEADER + "1.0,10,1.0\n3.0,30,3.0\n")
    second.write_text(HEADER.replace("1000.0", "1000.5") + "2.0,20,1.5\n")
    episodes = load_monitor([first, second])
    assert episodes.returns.tolist() == [1.0, 2.0, 3.0]
    assert episodes.steps.tolist() == [10, 30, 60]
    assert episodes.times.tolist() == [1.0, 2.0, 3.0]


def test_extra_columns_are_numbers_or_nan(tmp_path):
    path = tmp_path / "0.monitor.csv"
    header = HEADER.replace("r,l,t", "r,l,t,is_success,reason")
    path.write_text(header + "1.0,10,1.0,True,fell\n2.0,10,2.0,False,\n3.0,10,3.0,1.0,x\n")
    columns = load_monitor([path]).columns
    assert columns["is_success"].tolist() == [1.0, 0.0, 1.0]
    assert np.isnan(columns["reason"]).all()


@pytest.mark.parametrize("tail", ["2.0,2", "2.0,20,", "2.", "2.0,20,-"])
def test_last_line_cut_by_a_crash_is_left_out(tmp_path, tail):
    path = tmp_path / "0.monitor.csv"
    path.write_text(HEADER + "1.0,10,1.0\n" + tail)
    assert load_monitor([path]).returns.tolist() == [1.0]


@pytest.mark.parametrize("line", ["rubbish", "1.0,inf,1.5", "1.0,-3,1.5", "1.0,10,nan"])
def test_damaged_line_in_the_middle_names_file_and_line(tmp_path, line):
    path = tmp_path / "0.monitor.csv"
    path.write_text(HEADER + f"1.0,10,1.0\n{line}\n2.0,20,2.0\n")
    with pytest.raises(DamagedFileError, match=r"0\.monitor\.csv:4"):
        load_monitor([path])


@pytest.mark.parametrize("content", ["hello\n", "#[1]\nr,l,t\n", "#{}\na,b\n1,2\n"])
def test_a_file_of_another_kind_is_damage(tmp_path, content):
    path = tmp_path / "0.monitor.csv"
    path.write_text(content)
    with pytest.raises(DamagedFileError, match=r"0\.monitor\.csv:[12]"):
        load_monitor([path])


def test_appended_sessions_follow_each_other(tmp_path):
    """SB3 appends without a header and its clock starts again, in each environment's file."""
    first, second = tmp_path / "0.monitor.csv", tmp_path / "1.monitor.csv"
    first.write_text(HEADER + "1.0,10,5.0\n2.0,10,9.0\n4.0,10,2.0\n")
    second.write_text(HEADER + "3.0,10,9.5\n5.0,10,3.0\n")
    episodes = load_monitor([first, second])
    assert episodes.returns.tolist() == [1.0, 2.0, 3.0, 4.0, 5.0]
    assert episodes.times.tolist() == [5.0, 9.0, 9.5, 11.5, 12.5]


def test_repeated_header_of_a_second_session_is_no_damage(tmp_path):
    path = tmp_path / "0.monitor.csv"
    path.write_text(HEADER + "1.0,10,1.0\n" + HEADER + "2.0,10,0.5\n")
    assert load_monitor([path]).returns.tolist() == [1.0, 2.0]


def test_header_alone_means_no_episodes(tmp_path):
    path = tmp_path / "0.monitor.csv"
    path.write_text(HEADER)
    assert len(load_monitor([path]).returns) == 0
    path.write_text("")
    assert len(load_monitor([path]).returns) == 0


def test_plain_sb3_monitor_file_is_found(tmp_path):
    (tmp_path / "monitor.csv").write_text(HEADER + "1.0,10,1.0\n")
    episodes = load_training_episodes(RunFolder(tmp_path, "CartPole-v1"))
    assert episodes.returns.tolist() == [1.0]


def test_run_without_monitor_file(tmp_path):
    with pytest.raises(NothingFoundError, match=r"no monitor\.csv"):
        load_training_episodes(RunFolder(tmp_path, "CartPole-v1"))

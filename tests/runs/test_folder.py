"""Names of the run folder and how runs are counted."""

import pytest

from rl_zoo.errors import UsageError
from rl_zoo.runs.folder import (
    RunFolder,
    create_run_folder,
    file_name_of,
    numbered_runs,
    open_run_folder,
)


def test_numbers_go_on_after_the_highest(tmp_path):
    for name in ("Tiny-v0_2", "Tiny-v0_10", "Tiny-v0_x", "OtherTiny-v0_50", "Tiny-v01_70"):
        (tmp_path / "ppo" / name).mkdir(parents=True)
    (tmp_path / "ppo/Tiny-v0_99").touch()
    assert [number for number, _ in numbered_runs(tmp_path / "ppo", "Tiny-v0")] == [2, 10]
    assert create_run_folder(tmp_path, "ppo", "Tiny-v0").path.name == "Tiny-v0_11"


def test_namespaces_and_modules_in_ids(tmp_path):
    assert file_name_of("ns/Name-v0") == "ns-Name-v0"
    folder = create_run_folder(tmp_path, "ppo", "pkg:ns/Name-v0")
    assert folder.path.name == "pkg-ns-Name-v0_1"
    assert folder.config_file.parent.name == "pkg-ns-Name-v0"
    (folder.params / "config.yml").touch()
    assert open_run_folder(folder.path) == folder


def test_monitor_files_by_rank(tmp_path):
    folder = RunFolder(tmp_path, "Tiny-v0")
    for rank in (10, 2, 0):
        folder.monitor_file(rank).touch()
    assert [file.name for file in folder.monitor_files()] == [
        "0.monitor.csv",
        "2.monitor.csv",
        "10.monitor.csv",
    ]


@pytest.mark.parametrize("name", ["nothing", "file", "plain"])
def test_not_a_run_folder(tmp_path, name):
    (tmp_path / "file").touch()
    (tmp_path / "plain").mkdir()
    with pytest.raises(UsageError, match="run folder"):
        open_run_folder(tmp_path / name)

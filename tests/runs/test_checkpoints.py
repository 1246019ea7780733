"""A checkpoint counts only if it is complete."""

import pytest

from rl_zoo.errors import DamagedFileError, NothingFoundError
from rl_zoo.runs.checkpoints import (
    complete_checkpoints,
    latest_resumable,
    prune_checkpoints,
    verify_checkpoint,
    write_manifest,
)
from rl_zoo.runs.folder import create_run_folder


@pytest.fixture
def run(tmp_path):
    folder = create_run_folder(tmp_path, "ppo", "Tiny-v0")
    for steps in (10, 20, 100):
        files = [folder.checkpoint_model(steps), folder.checkpoint_state(steps)]
        for file in files:
            file.write_text(f"{file.name}")
        write_manifest(folder, steps, files)
    return folder


def test_newest_by_number_not_by_name(run):
    assert complete_checkpoints(run) == [10, 20, 100]
    assert latest_resumable(run) == 100


@pytest.mark.parametrize(
    "damage",
    [
        lambda file: file.unlink(),
        lambda file: file.write_text(""),
        lambda file: file.write_text("x" * file.stat().st_size),
    ],
    ids=["missing", "empty", "same size, other content"],
)
@pytest.mark.parametrize("part", ["checkpoint_model", "checkpoint_state"])
def test_damaged_checkpoint_is_passed_over(run, damage, part):
    damage(getattr(run, part)(100))
    assert latest_resumable(run) == 20
    if run.checkpoint_model(100).is_file():
        with pytest.raises(DamagedFileError, match=r"is missing|is damaged"):
            verify_checkpoint(run, 100)


def test_without_manifest_it_does_not_count(run):
    run.checkpoint_manifest(100).unlink()
    assert latest_resumable(run) == 20
    run.checkpoint_manifest(20).write_text("{")
    assert latest_resumable(run) == 10


def test_nothing_to_resume_from(run):
    for file in run.path.glob("*.json"):
        file.unlink()
    with pytest.raises(NothingFoundError, match="no complete checkpoint"):
        latest_resumable(run)


def test_pruned_checkpoints_stay_complete_but_light(run):
    prune_checkpoints(run, 1)
    assert complete_checkpoints(run) == [10, 20, 100]
    assert not run.checkpoint_state(10).exists()
    assert latest_resumable(run) == 100
    run.checkpoint_model(100).unlink()
    with pytest.raises(NothingFoundError):
        latest_resumable(run)


def test_a_manifest_cannot_vouch_for_files_elsewhere(run, tmp_path):
    outside = tmp_path / "secret"
    outside.write_text("x")
    text = run.checkpoint_manifest(100).read_text()
    run.checkpoint_manifest(100).write_text(
        text.replace(run.checkpoint_model(100).name, "../../secret")
    )
    assert latest_resumable(run) == 20

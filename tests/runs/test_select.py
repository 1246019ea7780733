"""The rules by which a run, its weights and its normaliser are chosen."""

import zipfile

import pytest

from rl_zoo.errors import DamagedFileError, NothingFoundError, UsageError
from rl_zoo.runs.checkpoints import write_manifest
from rl_zoo.runs.folder import RunFolder
from rl_zoo.runs.select import (
    RunRequest,
    SelectedModel,
    WeightsRequest,
    normalizer_file_of,
    select_model,
    select_run,
    usable_checkpoints,
)


def make_run(tmp_path, name="Pendulum-v1_1", *, algo="sac", files=()):
    folder = RunFolder(tmp_path / algo / name, name.split("_")[0])
    folder.params.mkdir(parents=True)
    for file in files:
        write_model(folder.path / file)
    return folder


def write_model(file):
    """Write a zip file with the members that SB3 writes first and last."""
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("data", "{}")
        archive.writestr("policy.pth", b"weights")
        archive.writestr("_stable_baselines3_version", "2.9.2")


def request(tmp_path, **changes):
    return RunRequest(**{"log_folder": tmp_path, "algo": "sac", "env_id": "Pendulum-v1", **changes})


def test_numbers_are_compared_as_numbers(tmp_path):
    for number in (2, 9, 10):
        make_run(tmp_path, f"Pendulum-v1_{number}", files=["Pendulum-v1.zip"])
    assert select_run(request(tmp_path)).path.name == "Pendulum-v1_10"
    assert select_run(request(tmp_path, exp_id=2)).path.name == "Pendulum-v1_2"


def test_latest_skips_runs_without_a_usable_model(tmp_path, capsys):
    make_run(tmp_path, "Pendulum-v1_1", files=["best_model.zip"])
    make_run(tmp_path, "Pendulum-v1_2")
    damaged = make_run(tmp_path, "Pendulum-v1_3")
    damaged.checkpoint_model(100).write_bytes(b"PK cut short")
    assert select_run(request(tmp_path)).path.name == "Pendulum-v1_1"
    skipped = capsys.readouterr().err.splitlines()
    assert [line.split()[1].rpartition("/")[2] for line in skipped] == [
        "Pendulum-v1_3",
        "Pendulum-v1_2",
    ]


def test_other_environments_with_the_same_beginning_are_not_taken(tmp_path):
    make_run(tmp_path, "Pendulum-v1_1", files=["Pendulum-v1.zip"])
    make_run(tmp_path, "Pendulum-v10_7", files=["Pendulum-v10.zip"])
    assert select_run(request(tmp_path)).path.name == "Pendulum-v1_1"


def test_namespaced_ids_use_the_spelling_of_file_names(tmp_path):
    make_run(tmp_path, "ns-Robot-v0_1", files=["ns-Robot-v0.zip"])
    folder = select_run(request(tmp_path, env_id="ns/Robot-v0"))
    assert folder.final_model.name == "ns-Robot-v0.zip"


def test_runs_of_one_number_must_be_told_apart(tmp_path):
    for uuid in ("0" * 36, "1" * 36):
        make_run(tmp_path, f"Pendulum-v1_1_{uuid}", files=["Pendulum-v1.zip"])
    with pytest.raises(UsageError, match="--run PATH"):
        select_run(request(tmp_path, exp_id=1))


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        (
            {"algo": "sca"},
            r"--algo sca: .*did you mean 'sac'\?; there are: sac/Pendulum-v1 \(1, 2\)",
        ),
        ({"env_id": "Pendulum-v0"}, r"--env Pendulum-v0: .*did you mean 'Pendulum-v1'\?"),
        ({"exp_id": 5}, r"--exp-id 5: no such run .* there are: 1, 2"),
        ({"algo": "td3", "exp_id": -1}, "--algo td3: no run of it"),
    ],
)
def test_nothing_found_says_what_there_is(tmp_path, changes, message):
    make_run(tmp_path, "Pendulum-v1_1", files=["Pendulum-v1.zip"])
    make_run(tmp_path, "Pendulum-v1_2")
    with pytest.raises(NothingFoundError, match=message) as error:
        select_run(request(tmp_path, **changes))
    assert error.value.exit_code == 3


def test_empty_log_folder_says_how_to_train(tmp_path):
    with pytest.raises(NothingFoundError, match=r"rl_zoo\.train --algo sac --env Pendulum-v1"):
        select_run(request(tmp_path))


def test_all_runs_empty(tmp_path):
    make_run(tmp_path, "Pendulum-v1_1")
    with pytest.raises(NothingFoundError, match="holds a model yet"):
        select_run(request(tmp_path))


def test_negative_number_makes_no_sense(tmp_path):
    with pytest.raises(UsageError, match="--exp-id -2"):
        select_run(request(tmp_path, exp_id=-2))


def test_our_checkpoint_needs_its_manifest(tmp_path):
    folder = make_run(tmp_path, files=["rl_model_100_steps.zip", "rl_model_200_steps.zip"])
    folder.record_file.write_text("{}")
    write_manifest(folder, 100, [folder.checkpoint_model(100)])
    assert usable_checkpoints(folder) == [100]
    assert select_model(folder, WeightsRequest("checkpoint")).steps == 100
    with pytest.raises(DamagedFileError, match="json is missing"):
        select_model(folder, WeightsRequest("checkpoint", 200))


def test_our_checkpoint_with_changed_content_is_refused(tmp_path):
    folder = make_run(tmp_path, files=["rl_model_100_steps.zip"])
    folder.record_file.write_text("{}")
    write_manifest(folder, 100, [folder.checkpoint_model(100)])
    content = bytearray(folder.checkpoint_model(100).read_bytes())
    content[-30] ^= 1
    folder.checkpoint_model(100).write_bytes(bytes(content))
    with pytest.raises(DamagedFileError, match="damaged"):
        select_model(folder, WeightsRequest("checkpoint", 100))


def test_zoo_checkpoint_must_be_written_to_the_end(tmp_path):
    folder = make_run(tmp_path, files=["rl_model_100_steps.zip"])
    with zipfile.ZipFile(folder.checkpoint_model(200), "w") as archive:
        archive.writestr("data", "{}")  # a full disk stopped SB3 here
    assert usable_checkpoints(folder) == [100]


def test_final_model_falls_back_to_checkpoint_then_best(tmp_path):
    folder = make_run(tmp_path, files=["best_model.zip", "rl_model_100_steps.zip"])
    assert select_model(folder, WeightsRequest()).steps == 100
    folder.checkpoint_model(100).unlink()
    assert select_model(folder, WeightsRequest()).kind == "best"


def test_normaliser_of_the_zoo_serves_all_weights_with_a_warning(tmp_path, capsys):
    folder = make_run(tmp_path)
    folder.final_normalizer.write_bytes(b"")
    assert normalizer_file_of(SelectedModel(folder, "final")) == folder.final_normalizer
    assert capsys.readouterr().err == ""
    assert normalizer_file_of(SelectedModel(folder, "best")) == folder.final_normalizer
    assert "warning" in capsys.readouterr().err


@pytest.mark.parametrize(("kind", "steps"), [("best", None), ("checkpoint", 100), ("final", None)])
def test_our_normaliser_is_never_another_ones(tmp_path, kind, steps):
    folder = make_run(tmp_path)
    folder.record_file.write_text("{}")
    every = {
        "best": folder.best_normalizer,
        "checkpoint": folder.checkpoint_normalizer(100),
        "final": folder.final_normalizer,
    }
    for name, file in every.items():
        if name != kind:
            file.write_bytes(b"")
    model = SelectedModel(folder, kind, steps)
    with pytest.raises(DamagedFileError, match=every[kind].name):
        normalizer_file_of(model)
    every[kind].write_bytes(b"")
    assert normalizer_file_of(model) == every[kind]

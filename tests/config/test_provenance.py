"""Where a run's values came from, kept beside its configuration."""

import pytest

from rl_zoo.config.provenance import Setting, read_provenance, write_provenance
from rl_zoo.config.resolve import ConfigRequest, load_saved, resolve
from rl_zoo.config.show import format_config
from rl_zoo.config.yaml import dump_yaml
from rl_zoo.errors import DamagedFileError, UnsafeFileError


@pytest.fixture
def config(tmp_path):
    path = tmp_path / "mine.yml"
    path.write_text(
        "Env-v0:\n  policy: MlpPolicy\n  n_timesteps: 1000\n"
        "  env_wrapper:\n    - HistoryWrapper: {horizon: 2}\n    - FrameSkip: {skip: 2}\n"
    )
    return resolve(ConfigRequest("sac", "Env-v0", path, params=["gamma:0.98"]))


def test_it_says_what_show_config_says(config, tmp_path):
    file = tmp_path / "provenance.yml"
    write_provenance(file, config, is_new=True)
    settings = {setting.key: setting for setting in read_provenance(file)}
    assert settings["gamma"] == Setting("gamma", "0.98", "-params")
    assert settings["n_timesteps"].origin == f"{tmp_path / 'mine.yml'}: Env-v0"
    assert settings["n_envs"] == Setting("n_envs", "1", "default")
    assert settings["env_wrapper.HistoryWrapper"].value == "HistoryWrapper(horizon=2)"
    shown = [line.split()[1:] for line in format_config(config).splitlines()]
    assert [f"{s.value} {s.origin}".split() for s in settings.values()] == shown


def test_a_resumed_run_keeps_the_origin_of_what_it_did_not_change(config, tmp_path):
    file, saved = tmp_path / "provenance.yml", tmp_path / "config.yml"
    write_provenance(file, config, is_new=True)
    saved.write_text(dump_yaml({**config.hyperparams, "n_timesteps": 2000}))
    write_provenance(file, load_saved(saved, "sac", "Env-v0"), is_new=False)
    settings = {setting.key: setting for setting in read_provenance(file)}
    assert settings["gamma"].origin == "-params"
    assert settings["n_timesteps"] == Setting("n_timesteps", "2000", str(saved))


@pytest.mark.parametrize("content", [None, "- 1\n", "gamma: 0.9\n", "a: {value: 1"])
def test_a_resumed_run_without_origins_invents_none(config, tmp_path, content):
    file = tmp_path / "provenance.yml"
    if content is not None:
        file.write_text(content)
    write_provenance(file, config, is_new=False)
    assert (file.read_text() if file.exists() else None) == content


def test_absent_and_damaged_files(tmp_path):
    file = tmp_path / "provenance.yml"
    assert read_provenance(file) is None
    file.write_text("gamma: 0.9\n")
    with pytest.raises(DamagedFileError, match=r"provenance\.yml"):
        read_provenance(file)
    file.write_text("a: !!python/object/apply:os.system ['true']\n")
    with pytest.raises(UnsafeFileError, match=r"provenance\.yml:1"):
        read_provenance(file)

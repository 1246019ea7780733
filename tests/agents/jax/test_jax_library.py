"""Without SBX one sentence says what to install; nothing is left behind."""

import sys

import pytest

from rl_zoo.agents.jax.library import import_sbx, sbx_class
from rl_zoo.errors import ConfigError, MissingDependencyError


@pytest.fixture
def without_sbx(monkeypatch):
    monkeypatch.setitem(sys.modules, "sbx", None)


def test_the_sentence_names_the_package_to_install(without_sbx):
    with pytest.raises(MissingDependencyError, match=r'pip install "rl_zoo\[sbx\]"'):
        import_sbx("--backend jax")


def test_an_algorithm_that_sbx_lacks_is_refused_before_anything_is_imported(without_sbx):
    with pytest.raises(ConfigError, match="SBX has no a2c; use one of crossq, ddpg, dqn"):
        sbx_class("a2c")


def test_training_without_sbx_ends_before_the_run_folder(without_sbx, train, arguments, tmp_path):
    code, _, err = train(*arguments("sac", "Tiny-v0", "--backend", "jax"))
    assert code == 2
    assert err.splitlines()[-1].startswith("error: --backend jax needs SBX, but that cannot")
    assert not (tmp_path / "logs").exists()


def test_what_only_sbx_has_is_refused_before_the_run_folder(train, arguments, tmp_path):
    command = arguments("sac", "Tiny-v0", params=["policy_delay:2"])
    code, _, err = train(*command)
    assert code == 2
    assert "Tiny-v0.policy_delay: only SBX has it; use --backend jax, or remove it" in err
    assert not (tmp_path / "logs").exists()


def test_a_real_time_run_is_refused_before_its_processes_start(
    without_sbx, train, arguments, tmp_path
):
    code, _, err = train(*arguments("sac", "Tiny-v0", "--backend", "jax", "--realtime"))
    assert code == 2
    assert err.splitlines()[-1] == 'error: --backend jax needs SBX: pip install "rl_zoo[sbx]"'
    assert not (tmp_path / "logs").exists()

"""Runs of every kind are trained for a few steps, exported by the command and run."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from rl_zoo.deploy.inspection.replay import replay_examples
from rl_zoo.deploy.runtime import Policy
from scripts.deploy_cases import CASES, Case
from scripts.deploy_table import Exported, insert, measure, render

FAST = (
    "ppo-multi-discrete-normalised",
    "a2c-box-gSDE",
    "trpo-multi-binary-normalised",
    "ppo_lstm-discrete-normalised",
    "sac-box-Dict_normalised",
    "tqc-torque-safety_smoothing_history",
    "td3-box-normalised",
    "crossq-box-normalised",
    "qrdqn-discrete-normalised",
    "ars-box-linear_normalised",
    "droq-8_joints-Bert-CPG-v0_guard_oscillators",
)
"""Rows that together meet every algorithm's own way of acting; the table runs all."""
LAYERS = {
    "tqc-torque-safety_smoothing_history": ["safety", "action_smoothing", "history"],
    "droq-8_joints-Bert-CPG-v0_guard_oscillators": ["safety", "cpg_residual"],
}


def case_called(name: str) -> Case:
    (case,) = [case for case in CASES if case.id == name]
    return case


def check(case: Case, folder: Path) -> None:
    exported = measure(case, folder)
    assert exported.problem is None, exported.problem

    policy = Policy(folder / "bundle.onnx")
    replay = replay_examples(policy)
    assert replay.n > 0
    assert replay.is_equal, replay.text
    metadata = policy.metadata
    assert metadata.run["algo"] == case.algo
    assert metadata.environment.id == case.env
    if case.id in LAYERS:
        assert [layer["kind"] for layer in metadata.layers] == LAYERS[case.id]
    assert all(0.0 <= error <= 1e-5 for error in metadata.parity["max_error"].values())
    assert metadata.parity["n"]["network, random"] >= 1000
    if metadata.action.kind == "box":
        low, high = metadata.action.array.low, metadata.action.array.high
        recorded = np.array([example["action"] for example in metadata.examples])
        assert np.all(recorded >= np.array(low) - 1e-6)
        assert np.all(recorded <= np.array(high) + 1e-6)


@pytest.mark.parametrize("name", FAST)
def test_exported_policy_does_what_the_original_does(name: str, tmp_path: Path) -> None:
    check(case_called(name), tmp_path)


@pytest.mark.slow
@pytest.mark.parametrize(
    "case", [case for case in CASES if case.id not in FAST], ids=lambda c: c.id
)
def test_other_policies_do_so_too(case: Case, tmp_path: Path) -> None:
    check(case, tmp_path)


def test_names_of_cases_are_unique() -> None:
    names = [case.id for case in CASES]

    assert len(set(names)) == len(names)
    assert set(FAST) <= set(names)


def test_all_algorithms_have_a_row() -> None:
    from rl_zoo.agents.algorithms import ALGORITHMS

    assert set(ALGORITHMS.built_in_names()) == {case.algo for case in CASES}


def test_table_goes_between_the_markers() -> None:
    page = "a\n<!-- deploy_table -->\nold\n<!-- end of deploy_table -->\nb\n"
    text = insert(page, render([Exported("| sac | box |")]))

    assert text.startswith("a\n<!-- deploy_table -->\n\n")
    assert text.endswith("| sac | box |\n\n<!-- end of deploy_table -->\nb\n")
    assert "old" not in text

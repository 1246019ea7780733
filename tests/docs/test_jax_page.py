"""The page on ``--backend jax`` says what SBX's constructors say."""

import inspect
from pathlib import Path

import pytest

from rl_zoo.agents.algorithms import algorithm_class
from rl_zoo.agents.jax.library import SBX_CLASSES
from rl_zoo.config.jax_parameters import JAX_PARAMETERS, JAX_POLICIES, JAX_POLICY_KWARGS

PAGE = (Path(__file__).parents[2] / "docs" / "jax.md").read_text(encoding="utf-8")


def row_of(algo):
    return next(line for line in PAGE.splitlines() if line.startswith(f"| `{algo}` |"))


@pytest.mark.parametrize("algo", SBX_CLASSES)
def test_every_algorithm_has_a_row_with_its_keys(algo):
    row = row_of("sac") if algo == "tqc" else row_of(algo)  # "the same"
    keys = {*JAX_PARAMETERS.get(algo, {}), *JAX_POLICY_KWARGS.get(algo, {})}
    keys |= set(JAX_POLICIES.get(algo, ()))
    assert all(f"`{key}`" in row for key in keys), keys


def test_defaults_that_differ_are_those_of_the_constructors():
    sbx = pytest.importorskip("sbx")
    rows = []
    for algo, name in sorted(SBX_CLASSES.items()):
        if algo == "droq":  # ours: its defaults are given to SBX
            continue
        theirs = inspect.signature(getattr(sbx, name)).parameters
        for key, parameter in inspect.signature(algorithm_class(algo)).parameters.items():
            if key in theirs and theirs[key].default != parameter.default:
                rows.append(f"| `{algo}` | `{key}` | {parameter.default} | {theirs[key].default} |")
    table = PAGE.partition("<!-- jax_defaults -->")[2].partition("<!-- end of jax_defaults -->")[0]
    assert table.strip().splitlines()[2:] == rows

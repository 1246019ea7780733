"""A range reaches only where a run can go; and the blocks of our own entries do."""

from pathlib import Path

import pytest
import yaml

from rl_zoo.commands.training import resolve_config
from rl_zoo.config.lookup import hyperparams_folder
from rl_zoo.errors import ConfigError
from rl_zoo.tune import build_parser
from rl_zoo.tuning.search_space import space_of
from rl_zoo.tuning.space_check import SpaceCheck


def check_of(algo, env, *flags, more=()):
    from rl_zoo.commands import train_parser

    given = ["--algo", algo, "--env", env, "--gym-packages", "tests.probe_envs", *more]
    arguments = build_parser().parse_args(given)
    arguments.__dict__ = {**vars(train_parser.build_parser().parse_args([])), **vars(arguments)}
    config = resolve_config(arguments, {})
    space = space_of(config, (), flags)
    return SpaceCheck(space, config, lambda values: resolve_config(arguments, values))


@pytest.mark.parametrize(
    ("flag", "message"),
    [
        ("tau:dict(high=1.5)", "high 1.5: must be in (0, 1], not 1.5"),
        ("gamma:dict(low=-0.5)", "low -0.5: must be in (0, 1], not -0.5"),
        ("gama:[0.9, 0.99]", "sac has no hyperparameter 'gama'; did you mean 'gamma'?"),
        ("n_critics:[1, 2]", "belongs into policy_kwargs; write policy_kwargs.n_critics"),
        ("policy_kwargs.log_std:[0, 1]", "unknown name in policy_kwargs; did you mean 'log_std_in"),
        ("buffer_size:[10, 10.5]", "choice 10.5: must be a whole number, not 10.5 (a number)"),
        ("use_sde:[true, 3]", "choice 3: must be true or false, not 3 (a number)"),
        ("ent_coef:[0.1, atuo]", "choice 'atuo': must be a number or 'auto'"),
        ("env_kwargs.delai:[0, 1]", "unknown keyword; did you mean 'delay'?"),
        ("normalize.norm_rewards:[true, false]", "unknown name in normalize; did you mean 'norm_r"),
        ("env_kwargs.delay.0:[1, 2]", "there is no list with an element 0"),
        ("noise_std:dict(low=0.0, high=0.2)", "has no effect without noise_type"),
    ],
)
def test_a_key_or_an_end_that_no_run_can_have(flag, message):
    (problem,) = check_of("sac", "Tiny-v0", flag).problems()
    assert problem.startswith(f"--search-space {flag.partition(':')[0]}: ")
    assert message in problem


def test_what_fits_together_is_no_problem():
    """An end that needs another parameter's value is tried with it."""
    flags = ["noise_type:[normal]", "noise_std:dict(low=0.0, high=0.2)"]
    assert check_of("sac", "Tiny-v0", *flags).problems() == []
    flags = ["spaces:[default,gsde,n_envs,normalize,updates,replay,entropy,activation]"]
    assert check_of("sac", "Tiny-v0", *flags).problems() == []


def test_an_optional_space_that_does_not_suit_the_entry():
    check = check_of("sac", "Tiny-v0", "spaces:frame_stack", more=["-params", "normalize:true"])
    (problem,) = check.problems()
    assert problem.startswith("search_space.spaces: frame_stack: frame_stack: high 4: ")
    assert "sac cannot store normalised observations that are stacked" in problem


def test_an_environment_that_does_not_open_at_an_end():
    pytest.importorskip("mujoco")
    key = "env_wrapper.CPGResidualWrapper"
    flags = [
        f"{key}.prior.step_length:dict(low=0.03, high=0.07)",
        f"{key}.residual_scale.x:dict(low=-0.01, high=0.03)",
    ]
    check = check_of("ppo", "Bert-CPG-v0", "spaces:none", *flags)
    assert check.problems() == [], "known only to the opened environment"
    (problem,) = check.problems_of_opening()
    assert problem.startswith(f"--search-space {key}.residual_scale.x: low -0.01: ")


def test_a_setting_of_the_gait_outside_its_range_is_known_before_opening():
    key = "env_wrapper.CPGResidualWrapper.prior.swing_frequency"
    check = check_of("ppo", "Bert-CPG-v0", "spaces:none", f"{key}:dict(low=-1, high=6)")
    (problem,) = check.problems()
    assert problem.startswith(f"--search-space {key}: low -1: -1.0 is not a positive number")


def test_reward_weights_are_noted():
    key = "env_kwargs.reward_weights.effort"
    (note,) = check_of("ppo", "Bert-v0", f"{key}:[0.1, 0.2]").notes()
    assert note.startswith(f"{key}: changes what the return means")
    fixed = ["--eval-env-kwargs", "reward_weights:dict(effort=0.1)"]
    assert check_of("ppo", "Bert-v0", f"{key}:[0.1, 0.2]", more=fixed).notes() == []


def _shipped():
    for path in sorted(Path(hyperparams_folder()).glob("*.yml")):
        for env, entry in yaml.safe_load(path.read_text()).items():
            if isinstance(entry, dict) and "search_space" in entry:
                yield path.stem, env


@pytest.mark.parametrize(("algo", "env"), _shipped())
def test_our_own_blocks(algo, env):
    pytest.importorskip("mujoco")
    check = check_of(algo, env)
    assert check.problems() == []
    assert check.problems_of_opening() == []


def test_there_are_blocks_to_look_at():
    assert {("droq", "Bert-CPG-v0"), ("openloop", "Bert-v0")} <= {*_shipped()}


def test_an_unknown_wrapper_is_told_before():
    with pytest.raises(ConfigError, match="the entry has no wrapper 'HistoryWrapper'"):
        check_of("sac", "Tiny-v0", "env_wrapper.HistoryWrapper.horizon:[1, 2]")

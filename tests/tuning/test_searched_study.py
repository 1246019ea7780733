"""A study over environment, wrapper and algorithm, by the command; and back by ``--trial-id``."""

import json

import pytest
from optuna.trial import TrialState

ENTRY = """\
default:
  policy: MlpPolicy
  n_timesteps: 64
  n_steps: 32
  batch_size: 32
  n_epochs: 1
  policy_kwargs: {log_std_init: -1.0, net_arch: [8, 8]}
  env_kwargs: {delay: 0.0}
  env_wrapper:
    - HistoryWrapper: {horizon: 2}
    - ActionNoiseWrapper: {noise_std: 0.1}
  search_space:
    spaces: none
    env_wrapper.HistoryWrapper.horizon: {low: 1, high: 3}
    env_wrapper.ActionNoiseWrapper.noise_std: {low: 0.0, high: 0.2, step: 0.1}
    env_kwargs.discrete: [false]
    normalize: [null, true]
    policy_kwargs.net_arch.1: [4, 8]
    clip_range_vf: [null, 0.2]
    n_epochs: {low: 1, high: 2}
    learning_rate: default
"""
CHANGED = {"env_wrapper.HistoryWrapper.horizon", "policy_kwargs.net_arch.1", "normalize"}


@pytest.fixture
def entry(tmp_path):
    file = tmp_path / "entry.yml"
    file.write_text(ENTRY)
    return file


def effective(text):
    """The rows of --show-config, without the origins that tell trial from entry."""
    rows = {}
    for line in text.splitlines():
        key, _, rest = line.partition(" ")
        if key != "note:":
            rows.setdefault(key, []).append(rest.strip().split("  ")[0])
    return rows


def test_a_study_and_each_of_its_trials_again(tune, train, load, entry, stored, tmp_path):
    keep = tmp_path / "trials"
    flags = [*stored, "--n-trials", 3, "--optimization-log-path", keep, "--reevaluate", 0]
    code, _, err = tune(*flags, conf=entry)
    assert code == 0, err
    trials = load().get_trials()
    assert [trial.state for trial in trials] == [TrialState.COMPLETE] * 3
    assert trials[0].params["env_wrapper.HistoryWrapper.horizon"] == 2
    assert trials[0].params["normalize"] is None and trials[0].params["clip_range_vf"] is None
    for trial in trials[1:]:
        values = trial.user_attrs["values"]
        assert set(values) >= CHANGED
        assert values == json.loads(json.dumps(values))
    for trial in trials:
        shared = ["--algo", "ppo", "--env", "Tiny-v0", "-conf", entry, "--show-config"]
        shared += ["--gym-packages", "tests.probe_envs"]
        code, again, err = train(*shared, *stored, "--trial-id", trial.number)
        assert code == 0, err
        params = [
            f"{key}:{value!r}" for key, value in trial.user_attrs["values"].items() if trial.number
        ]
        code, by_hand, err = train(*shared, *(["-params", *params] if params else []))
        assert code == 0, err
        assert effective(again) == effective(by_hand)


def test_the_table_before_a_study(tune, entry, tmp_path):
    flag = "env_wrapper.HistoryWrapper.horizon:dict(high=5)"
    code, out, err = tune("--show-config", "--search-space", flag, conf=entry)
    assert code == 0, err
    rows = {line.split()[0]: line for line in out.partition("searched")[2].splitlines() if line}
    assert "1 to 5 (whole)" in rows["env_wrapper.HistoryWrapper.horizon"]
    assert rows["env_wrapper.HistoryWrapper.horizon"].endswith("--search-space")
    assert rows["n_epochs"].endswith("entry.yml: default.search_space")
    assert rows["learning_rate"].endswith("entry.yml: default.search_space")
    assert not (tmp_path / "logs").exists()


@pytest.mark.parametrize(
    ("flags", "problems"),
    [
        (
            ["--search-space", "gama:[0.9, 0.99]", "n_epochs:dict(low=3)", "tau:none"],
            ["'gama'; did you mean 'gamma'?", "low 3 is greater than high 2", "tau: is not search"],
        ),
        (
            ["--search-space", "n_epochs:dict(high=3)", "-params", "n_epochs:2"],
            ["--search-space n_epochs: is fixed by the command line (n_epochs), which wins"],
        ),
        (["--search-space", "gamma=0.9"], ["use key:value, i.e. gamma:0.9"]),
        (["--search-space", "clip_range:dict(low=-1.0, high=1.0)"], ["low -1: must be greater"]),
    ],
)
def test_bad_input_leaves_nothing(tune, entry, stored, flags, problems, tmp_path):
    code, out, err = tune(*stored, "--n-trials", 1, *flags, conf=entry)
    assert code == 2
    assert out == "" and "Traceback" not in err
    assert len(err.splitlines()) == len(problems)
    for line, problem in zip(sorted(err.splitlines()), sorted(problems), strict=True):
        assert any(text in err for text in problems), (line, problem)
    assert all(problem in err for problem in problems)
    assert not (tmp_path / "study.log").exists() and not (tmp_path / "logs").exists()


def test_a_study_whose_space_was_another(tune, load, entry, stored, tmp_path):
    assert tune(*stored, "--n-trials", 1, "--reevaluate", 0, conf=entry)[0] == 0
    before = (tmp_path / "study.log").read_bytes()
    flags = ["--search-space", "policy_kwargs.net_arch.1:[4, 16]"]
    code, _, err = tune(*stored, "--n-trials", 1, *flags, conf=entry)
    assert code == 2
    assert "the study has other choices for 'policy_kwargs.net_arch.1' (4, 8, now 4, 16)" in err
    assert (tmp_path / "study.log").read_bytes() == before
    assert len(load().get_trials()) == 1


def test_what_flags_fixed_comes_back_with_the_trial(tune, train, load, stored, tmp_path):
    file = tmp_path / "off_policy.yml"
    file.write_text(
        "default: {policy: MlpPolicy, n_timesteps: 40, learning_starts: 30, buffer_size: 100,"
        " policy_kwargs: {net_arch: [8]}, search_space: {spaces: none, train_freq: [5, 10]}}"
    )
    given = ["-params", "gradient_steps:2", "env_wrapper:{'HistoryWrapper': {'horizon': 3}}"]
    flags = [*stored, "--n-trials", 2, "--reevaluate", 0, *given]
    code, _, err = tune(*flags, algo="sac", conf=file)
    assert code == 0, err
    values = load().get_trials()[1].user_attrs["values"]
    assert values["gradient_steps"] == 2, "the flag won, so that was trained"
    again = ["--algo", "sac", "--env", "Tiny-v0", "-conf", file, *stored, "--trial-id", 1]
    code, out, err = train(*again, "--show-config", "--gym-packages", "tests.probe_envs")
    assert code == 0, err
    rows = effective(out)
    assert rows["gradient_steps"] == ["2"]
    assert rows["env_wrapper"] == ["HistoryWrapper(horizon=3)"]
    assert rows["train_freq"] == [str(values["train_freq"])]

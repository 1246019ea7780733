"""``-i`` onto a changed robot: what changed is said, the old policy is judged first."""

import json

import numpy as np
import pytest
import yaml

from rl_zoo.runs.folder import open_run_folder
from rl_zoo.runs.record import read_record

OLD = ("-n", 90, "--save-freq", 40)


@pytest.fixture
def adapt(train, arguments, tmp_path):
    """Train on the loaded robot from an old run; return the new run and what was said."""

    def run(old, algo="sac", *more, env="Body-v0", **choices):
        folder = tmp_path / "new"
        flags = ("-n", 60, "-i", old, "--env-kwargs", "load:1.0", *more)
        code, _, err = train(*arguments(algo, env, *flags, folder=folder, **choices))
        assert code == 0, err
        return open_run_folder(folder / f"{algo}/{env}_1"), err

    return run


def test_robot_is_in_the_record(train_run):
    run = train_run("sac", "Body-v0", "-n", 50, "--env-kwargs", "load:0.5")
    assert read_record(run).robot["payload"] == {"mass": 0.5}
    assert read_record(train_run("ppo", "Tiny-v0", "-n", 32)).robot is None


def test_changes_are_said_and_nothing_is_mixed(train_run, adapt):
    old = train_run("sac", "Body-v0", *OLD, "--save-replay-buffer")
    new, err = adapt(old.path)
    assert "  changed payload.mass: 0 -> 1\n" in err
    assert "is of another robot; --keep-buffer N or all keeps it" in err
    record = read_record(new)
    assert record.parent == str(old.path.resolve())
    assert record.restored["changed payload.mass"] == "0 -> 1"
    assert record.robot["payload"]["mass"] == 1.0


@pytest.mark.parametrize(
    ("keep", "words"), [("20", "the newest 20 transitions of"), ("all", "(90 transitions of")]
)
def test_chosen_part_of_the_buffer(keep, words, train_run, adapt):
    """The buffer of the checkpoint at the end does, if none was asked for."""
    old = train_run("sac", "Body-v0", *OLD)
    new, err = adapt(old.path, "sac", "--keep-buffer", keep, "--save-freq", 60)
    assert f"{words} another robot)" in err
    assert "warm-up: skipped" in err
    with np.load(new.checkpoint_buffer(60)) as stored:
        kept = 20 if keep == "20" else 90
        assert len(stored["rewards"]) == kept + 60
        assert stored["dones"][kept - 1].all(), "the old trajectory ends"


def test_same_robot_keeps_the_buffer(train, arguments, train_run, tmp_path):
    old = train_run("sac", "Body-v0", *OLD, "--save-replay-buffer")
    flags = ("-n", 50, "-i", old.path)
    code, _, err = train(*arguments("sac", "Body-v0", *flags, folder=tmp_path / "new"))
    assert code == 0, err
    assert "  robot: as before" in err
    assert "(90 transitions)" in err


def test_baseline_is_the_old_policy(train_run, adapt):
    """The numbers are those of the old model, evaluated by hand on the changed robot."""
    old = train_run("sac", "Body-v0", *OLD)
    new, err = adapt(old.path, "sac", "--eval-freq", 40, "--eval-episodes", 3)
    baseline = read_record(new).baseline
    returns, steps = evaluate_by_hand(old, load=1.0, seed=1, n_episodes=3)
    assert baseline["mean_return"] == pytest.approx(np.mean(returns))
    assert baseline["std_return"] == pytest.approx(np.std(returns))
    assert (baseline["n"], baseline["steps"]) == (3, steps)
    with np.load(new.evaluations) as stored:
        assert stored["timesteps"][0] == 0
        assert stored["results"][0] == pytest.approx(returns)
    assert read_record(new).num_timesteps == 60, "the budget does not count it"
    assert f"it took {steps} steps, {steps / 10:.0f} s of robot time" in err


def evaluate_by_hand(run, load, seed, n_episodes):
    from rl_zoo.agents.load_run import LoadSettings, identify_run, load_config, load_run
    from rl_zoo.runs.select import SelectedModel

    settings = LoadSettings(
        seed=seed, env_kwargs={"load": load}, gym_packages=("tests.probe_envs",), device="cpu"
    )
    config = load_config(run, identify_run(run), settings)
    loaded = load_run(SelectedModel(run, "final"), config, settings)
    returns, steps, state, starts = [], 0, None, np.ones(1, bool)
    observations = loaded.env.reset()
    while len(returns) < n_episodes:
        actions, state = loaded.agent.predict(observations, state, starts, deterministic=True)
        observations, _, starts, (info,) = loaded.env.step(actions)
        steps += 1
        if "episode" in info:
            returns.append(info["episode"]["r"])
    return returns, steps


def test_old_policy_can_stay_the_best(train_run, adapt):
    old = train_run("sac", "Body-v0", *OLD)
    new, _ = adapt(old.path, "sac", "--eval-freq", 40)
    with np.load(new.evaluations) as stored:
        means = stored["results"].mean(axis=1)
    best = json.loads(new.best_record.read_text())
    assert best["mean_return"] == pytest.approx(means.max())
    assert best["steps"] == [0, 40][int(means.argmax())]


def test_baseline_on_the_only_robot(train_run, train, arguments, tmp_path):
    old = train_run("sac", "Single-v0", "-n", 60)
    flags = ("-n", 60, "-i", old.path, "--eval-freq", 1000, "--eval-episodes", 2)
    code, _, err = train(*arguments("sac", "Single-v0", *flags, folder=tmp_path / "new"))
    assert code == 0, err
    record = read_record(open_run_folder(tmp_path / "new/sac/Single-v0_1"))
    assert record.baseline["n"] == 2
    assert record.num_timesteps == 60


def test_no_baseline_without_evaluation(train_run, adapt):
    old = train_run("sac", "Body-v0", *OLD)
    new, err = adapt(old.path)
    assert read_record(new).baseline is None
    assert "baseline: the old policy is not evaluated (--eval-freq)" in err


@pytest.mark.parametrize("algo", ["ppo", "openloop", "ars"])
def test_other_algorithms_have_a_baseline(algo, train_run, adapt):
    old = train_run(algo, "Body-v0", "-n", 100)
    new, _ = adapt(old.path, algo, "--eval-freq", 1000, "--eval-episodes", 2)
    returns, _ = evaluate_by_hand(old, load=1.0, seed=1, n_episodes=2)
    assert read_record(new).baseline["mean_return"] == pytest.approx(np.mean(returns))


def test_search_starts_at_the_old_optimum_with_a_small_sigma(train_run, adapt):
    old = train_run("openloop", "Body-v0", "-n", 300)
    new, err = adapt(old.path, "openloop")
    assert "the search starts there with a sigma of 0.05 of the box" in err
    lines = [json.loads(line) for line in new.progress_file.read_text().splitlines()]
    sigmas = [line["search/sigma"] for line in lines if "search/sigma" in line]
    assert 0.02 < sigmas[0] < 0.1
    cold = [json.loads(line) for line in old.progress_file.read_text().splitlines()]
    assert next(line["search/sigma"] for line in cold if "search/sigma" in line) > 0.1


@pytest.mark.parametrize(
    ("algo", "flags", "words"),
    [
        ("sac", ("--keep-buffer", "all"), "needs -i"),
        ("sac", ("--keep-buffer", "most", "-i", "OLD"), "use none, all or the number"),
        ("sac", ("--keep-buffer", "0", "-i", "OLD"), "use none, all or the number"),
        ("sac", ("--keep-buffer", "5", "-i", "OLD"), "no replay buffer was saved with"),
        ("ppo", ("--keep-buffer", "all", "-i", "OLD"), "ppo learns from no replay buffer"),
    ],
)
def test_what_cannot_be_kept(algo, flags, words, train, arguments, train_run, tmp_path):
    old = train_run(algo, "Body-v0", "-n", 50, "--save-freq", -1)
    flags = [old.path if flag == "OLD" else flag for flag in flags]
    folder = tmp_path / "new"
    code, _, err = train(*arguments(algo, "Body-v0", *flags, folder=folder))
    assert code == 2
    assert words in err
    assert not list(folder.glob("*/*")), "nothing was created"


def test_resuming_on_another_robot_is_refused(train, train_run):
    run = train_run("sac", "Body-v0", *OLD)
    content = json.loads(run.record_file.read_text())
    content["robot"]["payload"]["mass"] = 2.0
    run.record_file.write_text(json.dumps(content))
    with run.monitor_file(0).open("a") as stream:
        stream.write("0.5,17,99.0,0\n")
    before = {file: file.read_bytes() for file in run.path.rglob("*") if file.is_file()}
    code, _, err = train("--resume", run.path, "-n", 200)
    assert code == 2
    assert "the robot has changed since (payload.mass: 2 -> 0)" in err
    assert f"-i {run.path}" in err
    assert {file: file.read_bytes() for file in before} == before


def test_resuming_an_adapted_run(train, train_run, adapt):
    old = train_run("sac", "Body-v0", *OLD)
    new, _ = adapt(old.path, "sac", "--keep-buffer", "all", "--eval-freq", 40, "--save-freq", 60)
    baseline = read_record(new).baseline
    code, _, err = train("--resume", new.path, "-n", 120)
    assert code == 0, err
    record = read_record(new)
    assert (record.num_timesteps, record.baseline) == (120, baseline)
    with np.load(new.evaluations) as stored:
        assert stored["timesteps"][0] == 0
        assert (np.diff(stored["timesteps"]) > 0).all(), "one baseline only"


PRIOR = {
    "CPGResidualWrapper": {
        "prior": {
            "amplitudes": [0.2],
            "phases": [0.0],
            "offsets": [0.0],
            "swing_frequency": 1.0,
            "stance_frequency": 1.0,
        },
        "dt": 0.1,
        "ramp_steps": 5000,
    }
}


def test_policy_on_a_prior_has_its_influence_at_once(train_run, adapt):
    params = [f"env_wrapper:[{PRIOR}]"]
    old = train_run("sac", "Body-v0", *OLD, params=params)
    new, err = adapt(old.path, "sac", "--save-freq", 60, params=params)
    assert "ramp of the prior: over" in err
    with np.load(new.checkpoint_state(60)) as stored:
        content = "".join(str(stored[name].item()) for name in stored if stored[name].ndim == 0)
    assert '"steps": 50' in content.replace("\\", ""), "in a resumed run too"


def test_other_wrappers_are_named(train, arguments, train_run, tmp_path):
    old = train_run("sac", "Body-v0", *OLD, params=["env_wrapper:[{'HistoryWrapper': {}}]"])
    flags = ("-n", 50, "-i", old.path)
    code, _, err = train(*arguments("sac", "Body-v0", *flags, folder=tmp_path / "new"))
    assert code == 2
    assert "does not fit" in err
    assert f"env_wrapper not as in the old run; -conf {old.config_file}" in err
    assert "env_wrapper" in yaml.safe_load(old.config_file.read_text()).__repr__()

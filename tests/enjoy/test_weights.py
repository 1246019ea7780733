"""Which run, which weights, and which normaliser belong together; what is refused."""

import json
import shutil

import pytest


def test_latest_run_that_holds_a_model(cartpole_run, enjoy):
    for number in (2, 10):
        (cartpole_run.path.parent / f"CartPole-v1_{number}" / "CartPole-v1").mkdir(parents=True)
    code, out, err = enjoy("-n", 20, "--json")
    assert code == 0
    assert json.loads(out)["run"].endswith("CartPole-v1_1")
    assert "CartPole-v1_10 skipped: no model yet" in err
    assert "CartPole-v1_2 skipped: no model yet" in err


@pytest.mark.parametrize(
    ("flags", "weights", "file"),
    [
        ([], "final", "CartPole-v1.zip"),
        (["--load-best"], "best", "best_model.zip"),
        (["--load-checkpoint", "32"], "checkpoint", "rl_model_32_steps.zip"),
        (["--load-last-checkpoint"], "checkpoint", "rl_model_64_steps.zip"),
    ],
)
def test_weights_by_flag(logs, enjoy, flags, weights, file):
    report = json.loads(enjoy("-n", 10, "--json", *flags)[1])
    assert report["weights"] == weights
    assert report["model"].endswith(file)


def test_no_experiment_folder(cartpole_run, enjoy):
    for entry in cartpole_run.path.iterdir():
        shutil.move(entry, cartpole_run.path.parent / entry.name)
    code, out, _ = enjoy("--exp-id", -1, "-n", 10, "--json")
    assert code == 0
    assert json.loads(out)["model"].endswith("ppo/CartPole-v1.zip")


def test_killed_run_gives_its_last_checkpoint(cartpole_run, enjoy):
    cartpole_run.final_model.unlink()
    code, out, err = enjoy("-n", 10, "--json")
    assert code == 0
    assert json.loads(out)["checkpoint"] == 64
    assert "no final model" in err


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["-f", "nowhere"], "nowhere: no such folder"),
        (["--algo", "dqn"], "there are: ppo/CartPole-v1 (1)"),
        (["--env", "CartPole-v0"], "did you mean 'CartPole-v1'?"),
        (["--exp-id", "7"], "there are: 1"),
        (["--load-checkpoint", "48"], "checkpoints 32, 64"),
    ],
)
def test_nothing_found_lists_what_there_is(logs, enjoy, arguments, message):
    code, out, err = enjoy(*arguments)
    assert code == 3
    assert message in err
    assert out == ""


def test_missing_best_model_lists_what_the_run_holds(cartpole_run, enjoy):
    cartpole_run.best_model.unlink()
    code, _, err = enjoy("--load-best")
    assert code == 3
    assert "it holds the final model and checkpoints 32, 64" in err


def test_missing_config_is_refused(cartpole_run, enjoy):
    cartpole_run.config_file.unlink()
    code, _, err = enjoy("-n", 10)
    assert code == 2
    assert f"{cartpole_run.config_file.name}: missing" in err


def test_missing_normaliser_is_refused(pendulum_run, enjoy):
    pendulum_run.final_normalizer.unlink()
    code, _, err = enjoy("--env", "Pendulum-v1", "-n", 10)
    assert code == 2
    assert "vecnormalize.pkl: missing" in err


@pytest.mark.parametrize("flags", [["--load-best"], ["--load-checkpoint", "32"]])
def test_zoo_run_falls_back_to_its_only_statistics_with_a_warning(pendulum_run, enjoy, flags):
    code, out, err = enjoy("--env", "Pendulum-v1", "-n", 10, "--json", *flags)
    assert code == 0
    assert json.loads(out)["normalizer"].endswith("Pendulum-v1/vecnormalize.pkl")
    assert "keeps only the last normalisation statistics" in err


@pytest.mark.parametrize("flags", [["--load-best"], ["--load-checkpoint", "32"]])
def test_our_run_never_takes_statistics_of_other_weights(pendulum_run, enjoy, write, flags):
    write.ours(pendulum_run, 32)
    code, _, err = enjoy("--env", "Pendulum-v1", "-n", 10, *flags)
    assert code == 2
    assert "vecnormalize" in err
    assert "missing" in err


def test_our_statistics_belong_to_the_weights(pendulum_run, enjoy, write):
    write.ours(pendulum_run, 32)
    for file in (pendulum_run.best_normalizer, pendulum_run.checkpoint_normalizer(32)):
        shutil.copy(pendulum_run.final_normalizer, file)
    used = [
        json.loads(enjoy("--env", "Pendulum-v1", "-n", 10, "--json", *flags)[1])["normalizer"]
        for flags in ([], ["--load-best"], ["--load-last-checkpoint"])
    ]
    names = [name.rpartition("/")[2] for name in used]
    assert names == [
        "vecnormalize.pkl",
        "best_model_vecnormalize.pkl",
        "rl_model_vecnormalize_32_steps.pkl",
    ]


def test_our_checkpoint_counts_only_with_its_manifest(cartpole_run, enjoy, write):
    write.ours(cartpole_run, 32)
    report = json.loads(enjoy("-n", 10, "--json", "--load-last-checkpoint")[1])
    assert report["checkpoint"] == 32
    code, _, err = enjoy("-n", 10, "--load-checkpoint", 64)
    assert code == 2
    assert "rl_model_64_steps.json is missing" in err


def test_truncated_checkpoint_of_the_zoo_is_passed_over(cartpole_run, enjoy):
    file = cartpole_run.checkpoint_model(64)
    file.write_bytes(file.read_bytes()[:5000])
    code, out, err = enjoy("-n", 10, "--json", "--load-last-checkpoint")
    assert code == 0
    assert json.loads(out)["checkpoint"] == 32
    assert "rl_model_64_steps.zip skipped: incomplete" in err
    assert enjoy("--load-checkpoint", 64)[0] == 2


@pytest.mark.parametrize("content", [b"", b"not a zip", None])
def test_damaged_model(cartpole_run, enjoy, content):
    file = cartpole_run.final_model
    file.write_bytes(file.read_bytes()[:2000] if content is None else content)
    code, _, err = enjoy("-n", 10)
    assert code == 2
    assert "CartPole-v1.zip: not a complete" in err


def test_weights_of_another_algorithm(cartpole_run, enjoy):
    from stable_baselines3 import DQN

    DQN("MlpPolicy", "CartPole-v1", buffer_size=10).save(cartpole_run.final_model)
    code, _, err = enjoy("-n", 10)
    assert code == 2
    assert "was it trained with another algorithm" in err


def test_statistics_of_another_environment(pendulum_run, enjoy):
    from stable_baselines3.common.env_util import make_vec_env
    from stable_baselines3.common.vec_env import VecNormalize

    VecNormalize(make_vec_env("CartPole-v1")).save(str(pendulum_run.final_normalizer))
    code, _, err = enjoy("--env", "Pendulum-v1", "-n", 10)
    assert code == 2
    assert "statistics of observation have shape (4,)" in err


def test_renamed_run_is_refused(cartpole_run, enjoy, write):
    write.args(cartpole_run, algo="ppo", env="Acrobot-v1", env_kwargs=None)
    code, _, err = enjoy("-n", 10)
    assert code == 2
    assert "was trained with ppo on Acrobot-v1" in err


@pytest.mark.parametrize(
    "text", ["", "- a\n", "policy: [\n", "poliicy: MlpPolicy\nn_timesteps: 1\n"]
)
def test_damaged_config(cartpole_run, enjoy, write, text):
    write.config(cartpole_run, text)
    code, _, err = enjoy("-n", 10)
    assert code == 2
    assert "config.yml" in err

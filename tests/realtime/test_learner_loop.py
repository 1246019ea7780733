"""The learner follows the ring: updates, statistics, policies, checkpoints, log, its own end."""

import json
import os
from dataclasses import replace

import numpy as np
import pytest
import torch
from stable_baselines3 import SAC
from stable_baselines3.common.vec_env import VecNormalize

from rl_zoo.agents.normalizer_file import load_normalizer
from rl_zoo.agents.weights import load_weights
from rl_zoo.errors import DamagedFileError, NonFiniteError, UnsavedError
from rl_zoo.realtime.board import Phase
from rl_zoo.runs.checkpoints import complete_checkpoints, latest_resumable
from tests.realtime.learner_rig import Rig, work_off


@pytest.fixture
def rig(tmp_path):
    return Rig(tmp_path)


def weights(agent):
    return {name: value.clone() for name, value in agent.policy.state_dict().items()}


def expect_equal(left, right):
    assert left.keys() == right.keys()
    for name in left:
        torch.testing.assert_close(left[name], right[name], rtol=0, atol=0, msg=name)


def test_updates_reach_what_the_ratio_asks_for(rig):
    learner = rig.learner()
    rig.act(30)
    work_off(learner)
    part = rig.board.learner
    assert part["phase"] == Phase.WARM_UP and part["n_updates"] == 0 and part["n_seen"] == 30
    rig.act(70)
    work_off(learner)
    assert part["phase"] == Phase.RUNNING
    assert part["n_updates"] == part["n_requested"] == 60 == learner.agent._n_updates
    assert part["first_update"] > 0 and part["n_seen"] == 100 == learner.agent.num_timesteps


def test_learning_goes_on_while_no_transition_arrives(rig):
    learner = rig.learner()
    rig.act(1000)
    learner.turn()
    seen = []
    while not learner.is_idle:
        learner.turn()
        seen.append(int(rig.board.learner["n_updates"]))
    assert seen[-1] == 960 and len(seen) > 10  # in blocks, between which everything is looked at


def test_first_policy_comes_before_any_transition(rig):
    learner = rig.learner()
    learner.turn()
    assert rig.board.learner["policy_version"] == 1 and rig.published.newest().version == 1


def test_policy_and_normalisation_are_published_together(rig):
    learner = rig.learner()
    rig.act(200)
    work_off(learner)
    learner.publish()
    published = rig.published.newest()
    assert published.version == rig.board.learner["policy_version"] > 1
    moments = learner.agent.get_vec_normalize_env().obs_rms
    assert moments.count > 200 and abs(moments.mean - 3.0).max() < 0.6
    kept = [array for array in published.arrays.values() if array.shape == (3,)]
    assert any(np.allclose(array, moments.mean) for array in kept)


def test_policy_that_is_not_finite_stays_with_the_learner(rig):
    learner = rig.learner()
    learner.turn()
    with torch.no_grad():
        learner.agent.actor.mu.weight[0, 0] = float("nan")
    with pytest.raises(NonFiniteError, match="not finite"):
        learner.publish()
    assert rig.published.newest().version == 1
    rig.board.supervisor["checkpoint"] = 1
    with pytest.raises(NonFiniteError, match="not saved"):
        learner.turn()
    assert complete_checkpoints(rig.folder) == []


def test_checkpoint_is_complete_and_plain_sb3_loads_it(rig):
    learner = rig.learner()
    rig.act(90)
    work_off(learner)
    rig.board.supervisor["checkpoint"] = 1
    learner.turn()
    learner.files.wait()
    learner.turn()
    assert rig.board.learner["checkpoint"] == 1 and rig.board.learner["checkpoint_step"] == 90
    assert latest_resumable(rig.folder) == 90
    assert not rig.folder.checkpoint_buffer(90).exists()
    told = [event for event in rig.told.read() if event["kind"] == "checkpoint"]
    assert told == [
        {"kind": "checkpoint", "number": 1, "step": 90, "file": "rl_model_90_steps.zip"}
    ]
    plain = SAC.load(rig.folder.checkpoint_model(90))
    expect_equal(plain.policy.state_dict(), weights(learner.agent))
    assert plain.num_timesteps == 90 and plain.buffer_size == 5000
    statistics = load_normalizer(rig.folder.checkpoint_normalizer(90))
    assert type(statistics) is VecNormalize
    assert statistics.obs_rms.count == learner.agent.get_vec_normalize_env().obs_rms.count


def test_disk_that_is_full_costs_the_checkpoint_only(rig, monkeypatch):
    learner = rig.learner()
    rig.act(60)
    work_off(learner)

    def fail(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("rl_zoo.realtime.learner_checkpoint.write_manifest", fail)
    rig.board.supervisor["checkpoint"] = 1
    learner.turn()
    learner.files.wait()
    learner.turn()
    (event,) = [event for event in rig.told.read() if event["kind"] == "checkpoint"]
    assert "No space left" in event["error"] and rig.board.learner["checkpoint"] == 1
    assert rig.board.learner["checkpoint_step"] == 0
    assert not list(rig.folder.path.glob("rl_model*"))
    assert learner.turn()


def test_disk_that_is_full_at_the_end_is_said_once(rig, monkeypatch):
    learner = rig.learner()

    def fail(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("rl_zoo.realtime.learner_files.save_final_files", fail)
    rig.board.supervisor["finish"] = 2
    with pytest.raises(UnsavedError, match=r"the final model was not written .No space left"):
        learner.turn()


def test_checkpoint_is_written_after_the_transitions_it_counts(rig, monkeypatch):
    learner, order = rig.learner(), []
    place = "rl_zoo.realtime.learner_checkpoint.write_snapshot"
    monkeypatch.setattr(place, lambda *_: order.append("checkpoint"))
    monkeypatch.setattr(learner.replay.ring, "sync", lambda: order.append("ring"))
    rig.board.supervisor["checkpoint"] = 1
    learner.turn()
    learner.files.wait()
    assert order == ["ring", "checkpoint"]


@pytest.mark.parametrize(("algo", "backend"), [("sac", "auto"), ("td3", "sb3")])
def test_new_learner_goes_on_where_the_checkpoint_was(tmp_path, algo, backend):
    whole, broken = (Rig(tmp_path / name, algo, backend) for name in ("whole", "broken"))
    first = whole.learner()
    for rig in (whole, broken):
        rig.act(120, share_of_holes=0.1)
    work_off(first)
    before = broken.learner()
    work_off(before)
    before.files.save_checkpoint()
    expected = before.agent.get_vec_normalize_env()

    after = broken.learner(restored_step=120)
    for rig in (whole, broken):
        rig.act(150, share_of_holes=0.1)
    expect_equal(weights(after.agent), weights(before.agent))
    assert after.replay.n_seen == 120 and after.agent._n_updates == before.agent._n_updates
    assert after.agent.get_vec_normalize_env().obs_rms.count == expected.obs_rms.count
    work_off(first)
    work_off(after)
    # All transitions were counted once, as by the learner that was never interrupted.
    ours, theirs = (item.agent.get_vec_normalize_env() for item in (after, first))
    for name in ("obs_rms", "ret_rms"):
        np.testing.assert_array_equal(getattr(ours, name).mean, getattr(theirs, name).mean)
        np.testing.assert_array_equal(getattr(ours, name).var, getattr(theirs, name).var)
    assert after.agent._n_updates == first.agent._n_updates == 230


def test_restored_learner_draws_the_same_random_numbers(rig):
    before = rig.learner()
    rig.act(60)
    work_off(before)
    before.files.save_checkpoint()
    state = np.random.get_state()[1].tolist(), torch.get_rng_state()
    np.random.rand(5)
    torch.rand(5)
    rig.learner(restored_step=60)
    assert np.random.get_state()[1].tolist() == state[0]
    assert torch.equal(torch.get_rng_state(), state[1])


def test_robot_never_falls_back_to_an_older_policy(rig):
    first = rig.learner()
    rig.act(100)
    work_off(first)
    first.publish()
    version = rig.board.learner["policy_version"]
    published = rig.published.newest().version
    rig.learner().turn()  # one that dies early
    second = rig.learner()  # there is no checkpoint: from the beginning
    n_updates, part = 60, rig.board.learner
    while second.agent._n_updates < n_updates:
        assert rig.published.newest() is None and part["policy_version"] == version
        second.turn()
    work_off(second)
    second.publish()
    assert rig.published.newest().version > published


def test_model_under_evaluation_is_written_as_it_was_published(rig):
    learner = rig.learner()
    rig.act(60)
    work_off(learner)
    learner.publish()
    evaluated = {k: v for k, v in weights(learner.agent).items() if k.startswith("actor")}
    counted = learner.agent.get_vec_normalize_env().obs_rms.count
    rig.board.actor["policy_version"] = learner.publisher.version
    rig.act(60)
    work_off(learner)
    present = weights(learner.agent)
    rig.board.supervisor["evaluation"], rig.board.actor["phase"] = 1, Phase.EVALUATING
    learner.turn()
    learner.files.wait()
    written = SAC.load(rig.folder.candidate_model(1)).policy.state_dict()
    expect_equal({k: v for k, v in written.items() if k.startswith("actor")}, evaluated)
    assert load_normalizer(rig.folder.candidate_normalizer(1)).obs_rms.count == counted
    expect_equal(weights(learner.agent), present)
    assert learner.agent.get_vec_normalize_env().obs_rms.count > counted
    rig.folder.candidate_model(1).unlink()
    learner.turn()
    assert not rig.folder.candidate_model(1).exists()  # one request, one file


def test_end_leaves_the_files_of_every_run(rig):
    learner = rig.learner()
    rig.act(80)
    rig.board.supervisor["finish"] = 2
    assert not learner.turn()
    assert rig.board.learner["phase"] == Phase.DONE and rig.board.learner["n_seen"] == 80
    assert rig.folder.final_model.is_file() and latest_resumable(rig.folder) == 80
    statistics = load_normalizer(rig.folder.final_normalizer)
    assert statistics.obs_rms.count > 80


def test_learner_whose_supervisor_died_saves_and_leaves(rig):
    learner = rig.learner()
    rig.act(70)
    work_off(learner)
    os.close(rig.alive)
    rig.act(5)
    assert not learner.turn()
    assert latest_resumable(rig.folder) == 75


def test_learner_without_checkpoints_leaves_a_snapshot_to_its_successor(rig, monkeypatch):
    monkeypatch.setattr("rl_zoo.realtime.learner_files.PERIOD", 0.0)
    first = rig.learner()
    for _ in range(2):
        rig.act(50)
        work_off(first)
    first.files.wait()
    place = rig.folder.realtime / "recovery"
    assert len(list(place.glob("*.zip"))) == 1  # renewed, not accumulated
    second = rig.learner()
    assert second.agent._n_updates == 60 and second.replay.n_seen == 100
    expect_equal(weights(second.agent), weights(first.agent))
    assert not list(rig.folder.path.glob("rl_model*"))
    rig.board.supervisor["finish"] = 2
    second.turn()
    assert not place.exists() and latest_resumable(rig.folder) == 100


def test_run_that_gets_longer_slows_its_schedule(tmp_path):
    rig = Rig(tmp_path, n_timesteps=100)
    learner = rig.learner()
    rig.act(50)
    work_off(learner)
    learner.files.save_checkpoint()
    longer = replace(rig.options, config=replace(rig.options.config, n_timesteps=1000))
    rig.options, rig.task = longer, replace(rig.task, options=longer)
    later = rig.learner(restored_step=50)
    rig.act(50)
    work_off(later)
    assert later.agent._current_progress_remaining == pytest.approx(0.9)


def test_checkpoint_of_lockstep_is_refused(rig):
    learner = rig.learner()
    rig.act(50)
    work_off(learner)
    learner.files.save_checkpoint()
    with np.load(rig.folder.checkpoint_state(50)) as stored:
        state = json.loads(stored["json"].item())
    del state["realtime"]
    np.savez(rig.folder.checkpoint_state(50), json=np.array(json.dumps(state).encode()))
    from rl_zoo.runs.checkpoints import write_manifest

    files = [rig.folder.checkpoint_model(50), rig.folder.checkpoint_state(50)]
    write_manifest(rig.folder, 50, files)
    with pytest.raises(DamagedFileError, match="without --realtime"):
        rig.learner(restored_step=50)


def test_log_has_the_numbers_of_sb3(rig):
    learner = rig.learner()
    rig.act(125)
    work_off(learner)
    for number in range(5):
        rig.episode(
            25 * (number + 1), -10.0 * number, metrics={"reward/x": number}, cut=number == 1
        )
    learner._last_look = 0.0
    learner.turn()
    (line,) = map(json.loads, rig.folder.progress_file.read_text().splitlines())
    assert line["step"] == line["time/total_timesteps"] == 100
    assert line["rollout/ep_rew_mean"] == pytest.approx(-(0 + 20 + 30) / 3)
    assert line["rollout/ep_len_mean"] == 25 and line["time/episodes"] == 4
    assert line["reward/x"] == pytest.approx((0 + 2 + 3) / 3)
    assert line["time/time_elapsed"] == 2 and 49 <= line["time/fps"] <= 50  # the run's clock
    assert "train/critic_loss" in line and line["train/n_updates"] == 85


def test_evaluations_are_logged_and_no_line_comes_twice(rig):
    learner = rig.learner()
    rig.report(kind="evaluation", number=1, step=50, returns=[1.0, 3.0], lengths=[5, 7])
    learner._last_look = 0.0
    learner.turn()
    rig.learner().turn()  # one that has no checkpoint reads everything again
    rig.report(kind="evaluation", number=2, step=90, returns=[2.0], lengths=[5])
    again = rig.learner()
    again.turn()
    lines = [json.loads(line) for line in rig.folder.progress_file.read_text().splitlines()]
    assert [line["step"] for line in lines] == [50, 90]
    assert lines[0]["eval/mean_reward"] == 2.0 and lines[0]["eval/mean_ep_length"] == 6.0


def test_weights_of_the_final_model_fit_a_new_agent(rig):
    learner = rig.learner()
    rig.act(60)
    work_off(learner)
    rig.board.supervisor["finish"] = 1
    learner.turn()
    other = rig.learner().agent
    load_weights(other, rig.folder.final_model)
    expect_equal(weights(other), weights(learner.agent))

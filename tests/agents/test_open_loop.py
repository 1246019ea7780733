"""The open-loop agent: published numbers, the search, its files, warm starts."""

import math

import gymnasium as gym
import numpy as np
import pytest
import torch
from gymnasium import spaces

import tests.probe_envs
from rl_zoo.agents.build import BuildSettings, build_agent
from rl_zoo.agents.evaluation import evaluate
from rl_zoo.agents.open_loop import OpenLoop
from rl_zoo.agents.open_loop_policy import OscillatorPolicy
from rl_zoo.agents.weights import load_weights, save_agent
from rl_zoo.config.resolve import ConfigRequest, resolve
from rl_zoo.envs.stack import StackSettings, make_vec_env
from rl_zoo.errors import ConfigError
from rl_zoo.motion.oscillator import JointPattern
from rl_zoo.motion.pattern_file import PATTERN_FILE, read_pattern
from tests.same_runs import assert_same_values, parameters_of

PATTERN = JointPattern((0.5,), (1.0,), (0.2,), 2.0, 1.0)
CHEETAH = JointPattern(  # science.md, section 1
    (0.359, 0.402, -0.614, -0.504, 0.972, 0.063),
    (0.0, 1.736, 2.798, 1.383, 4.922, 3.134),
    (-0.128, -0.589, -0.283, -0.117, 0.506, -0.888),
    2.951,
    3.550,
)


class FollowEnv(gym.Env):
    """Reward: how close the action is to 0.6 sin(2 pi t / s); 40 steps of 0.05 s, random noise."""

    dt = 0.05

    def __init__(self, shift=0.0, noise=0.0, length=40):
        self.observation_space = spaces.Box(-1.0, 1.0, (1,), np.float32)
        self.action_space = spaces.Box(-1.0, 1.0, (1,), np.float32)
        self.shift, self.noise, self.length = shift, noise, length

    def reset(self, *, seed=None, options=None):
        super().reset(seed=seed)
        self.time = 0
        return np.zeros(1, np.float32), {}

    def step(self, action):
        wanted = 0.6 * math.sin(2 * math.pi * self.time * self.dt) + self.shift
        error = abs(float(action[0]) - wanted)
        self.time += 1
        reward = 1.0 - error + self.noise * self.np_random.normal()
        return np.zeros(1, np.float32), reward, False, self.time == self.length, {}


def tiny(env_id="Tiny-v0", *params, n_envs=1, seed=0):
    assert tests.probe_envs
    values = ["policy:OscillatorPolicy", "control_period:0.05", *params]
    config = resolve(ConfigRequest("openloop", env_id, params=values, n_timesteps=100))
    env = make_vec_env(config, StackSettings(seed=seed, n_envs=n_envs))
    return build_agent(config, env, BuildSettings(seed=seed))


def returns_of(env_id, pattern, seeds):
    config = resolve(ConfigRequest("openloop", env_id))
    found = []
    for seed in seeds:
        env = make_vec_env(config, StackSettings(mode="evaluate", seed=seed))
        agent = build_agent(config, env, BuildSettings(seed=seed))
        agent.policy.pattern = pattern
        found.append(evaluate(agent, env, 1).mean_return)
        env.close()
    return found


def test_the_swimmer_of_35_lines():
    """Published parameters; 346.2, 352.0, 352.6, 353.4, 353.0 measured with the 35 lines."""
    pattern = JointPattern((1, 1), (0.0, 2 * math.pi * 0.95), (0, 0), 0.62, 0.62)
    returns = returns_of("Swimmer-v5", pattern, range(5))
    assert np.mean(returns) == pytest.approx(351.4, abs=3.0)
    assert returns[0] == pytest.approx(346.2, abs=0.5)


def test_a_cheetah_found_by_other_code():
    (episode_return,) = returns_of("HalfCheetah-v5", CHEETAH, [0])
    assert 2450 < episode_return < 2550


def test_search_finds_what_is_rewarded_and_says_both_numbers(capsys):
    agent = OpenLoop("OscillatorPolicy", FollowEnv(), frequency_range=(0.5, 2), seed=1, verbose=1)
    agent.learn(16_000)
    assert agent.pattern.amplitudes[0] == pytest.approx(0.6, abs=0.1)
    assert agent.pattern.swing_frequency == pytest.approx(1.0, abs=0.1)
    assert agent.pattern.offsets[0] == pytest.approx(0.0, abs=0.1)
    out = capsys.readouterr()
    assert "Best trial 3" in out.err
    assert "search/" in out.out
    assert "best_trial_reevaluated" in out.out


def test_the_best_trial_is_not_chosen_for_its_luck():
    """Noise of 10 on a return of 40: the luckiest trial exceeds what any policy is worth."""
    agent = OpenLoop("OscillatorPolicy", FollowEnv(noise=10 / math.sqrt(40)), seed=1, verbose=0)
    recorded = {}
    agent.learn(16_000, callback=_Recorder(recorded))
    lucky, honest = recorded["search/best_trial"], recorded["search/best_trial_reevaluated"]
    assert lucky > 42.0
    assert honest < lucky - 5.0
    assert recorded["search/chosen"] >= max(honest, recorded["search/mean_reevaluated"])
    assert recorded["search/chosen_episodes"] >= 5
    assert agent.num_timesteps >= 16_000


class _Recorder:
    """A callback of SB3, which takes functions, that keeps the last value of everything logged."""

    def __init__(self, values):
        self.values = values

    def __call__(self, local_variables, global_variables):
        agent = local_variables["self"]
        if not self.values:
            record = agent.logger.record

            def keep(key, value, *args, **kwargs):
                self.values[key] = value
                record(key, value, *args, **kwargs)

            agent.logger.record = keep
            self.values["seen"] = True
        return True


@pytest.mark.parametrize("n_envs", [1, 3])
def test_policy_in_training_and_in_use_are_the_same(n_envs):
    """The actions by which a candidate is judged are those that it will take."""
    agent = tiny("Tiny-v0", n_envs=n_envs)
    agent.policy.pattern = PATTERN
    sent = []
    step = agent.env.step
    agent.env.step = lambda actions: sent.append(actions.copy()) or step(actions)
    agent._setup_learn(100)
    results = np.full((1, n_envs), np.nan)
    callback = agent._init_callback(None)
    callback.on_training_start({}, {})
    assert agent._evaluate(callback, [PATTERN], results, np.zeros(n_envs))
    assert np.isfinite(results).all()
    observations = np.zeros((n_envs, 2), np.float32)
    state, starts = None, np.ones(n_envs, bool)
    for actions in sent[: min(len(sent), 5)]:
        expected, state = agent.predict(observations, state, starts, deterministic=True)
        assert np.array_equal(actions, expected)
        assert actions.dtype == np.float32
        starts[:] = False


def test_predict_follows_the_equation_and_starts_over_with_every_episode():
    policy = OscillatorPolicy(
        spaces.Box(-1, 1, (3,), np.float32), spaces.Box(-0.6, 1.0, (1,), np.float64)
    )
    policy.pattern, policy.control_period = PATTERN, 0.01
    observations = np.zeros((2, 3), np.float32)
    state, starts, seen = None, None, []
    for step in range(100):
        actions, state = policy.predict(observations, state, starts)
        starts = np.array([False, step == 49])
        seen.append(actions[:, 0])
    # theta starts at phi = 1 and advances by 2 pi 2 Hz in swing, 2 pi 1 Hz in stance (Euler, fine).
    theta, expected = 1.0, []
    for step in range(100 * 1000):
        if step % 1000 == 0:
            expected.append(min(max(0.5 * math.sin(theta) + 0.2, -0.6), 1.0))
        theta += 1e-5 * 2 * math.pi * (2.0 if math.sin(theta) > 0 else 1.0)
    assert np.array(seen)[:, 0] == pytest.approx(expected, abs=1e-4)
    assert np.array_equal(np.array(seen)[50:, 1], np.array(seen)[:50, 0])
    alone, _ = policy.predict(observations[0])
    assert alone.shape == (1,)
    assert policy._predict(torch.zeros(2, 3)).tolist() == [[seen[0][0]]] * 2


def test_actions_stay_inside_the_bounds_of_the_action():
    policy = OscillatorPolicy(
        spaces.Box(-1, 1, (3,), np.float32), spaces.Box(-0.6, 0.6, (1,), np.float32)
    )
    policy.pattern, policy.control_period = JointPattern((9.0,), (0.1,), (0.0,), 1, 1), 0.3
    actions = [policy.predict(np.zeros((1, 3)), None)[0]]
    assert actions[0].tolist() == [[np.float32(0.6)]]


def test_everything_arrives(tmp_path):
    agent = tiny().learn(300)
    save_agent(agent, tmp_path / "a.zip")
    other = tiny(seed=9)
    load_weights(other, tmp_path / "a.zip")
    assert other.pattern == agent.pattern
    save_agent(other, tmp_path / "b.zip")
    assert_same_values(parameters_of(tmp_path / "a.zip"), parameters_of(tmp_path / "b.zip"))
    loaded = OpenLoop.load(tmp_path / "a.zip")  # SB3's own way, without an environment
    assert loaded.pattern == agent.pattern
    assert loaded.policy.control_period == 0.05


def test_learning_in_two_parts_is_learning_in_one():
    """Until the choice at the end, which the shorter budget makes earlier."""
    whole, parts = tiny(), tiny()
    for agent in (whole, parts):
        agent._must_choose = lambda: False
    whole.learn(400, callback=(seen := _Generations()))
    parts.learn(200, callback=(both := _Generations()))
    parts.learn(400 - parts.num_timesteps, callback=both, reset_num_timesteps=False)
    assert both.means == seen.means
    assert len(seen.means) > 3


class _Generations:
    def __init__(self):
        self.means = []

    def __call__(self, local_variables, global_variables):
        mean = local_variables["self"].pattern
        if not self.means or mean != self.means[-1]:
            self.means.append(mean)
        return True


def test_warm_start_searches_near_the_old_pattern():
    old = JointPattern((0.6,), (0.0,), (0.0,), 1.0, 1.0)
    moved = OpenLoop(
        "OscillatorPolicy", FollowEnv(shift=0.15), initial_pattern=old.to_dict(), seed=0
    )
    assert moved.pattern == old
    first = _Generations()
    moved.learn(600, callback=first)
    assert moved._search.settings.sigma == moved.warm_sigma
    assert first.means[0].amplitudes[0] == pytest.approx(0.6)
    cold = OpenLoop("OscillatorPolicy", FollowEnv(shift=0.15), seed=0).learn(600)
    assert _value(moved) > _value(cold) + 2.0
    assert moved.pattern.offsets[0] > 0.05


def test_a_warm_start_never_ends_below_its_start():
    """The optimum of the noise-free task cannot be improved on: it is kept, to the last bit."""
    best = JointPattern((0.6,), (0.0,), (0.0,), 1.0, 1.0)
    agent = OpenLoop("OscillatorPolicy", FollowEnv(), initial_pattern=best.to_dict(), seed=0)
    recorded = {}
    agent.learn(3000, callback=_Recorder(recorded))
    assert agent.pattern == best
    assert recorded["search/start_reevaluated"] == recorded["search/chosen"] == pytest.approx(40)


def _value(agent):
    return float(np.mean([info["r"] for info in agent.ep_info_buffer]))


def test_a_changed_control_period_keeps_the_gait_in_hz(tmp_path):
    agent = tiny()
    save_agent(agent, tmp_path / "a.zip")
    slower = tiny("Tiny-v0", "control_period:0.1")
    load_weights(slower, tmp_path / "a.zip")
    assert slower.policy.control_period == 0.1


def test_steps_of_frame_skip_last_longer():
    agent = OpenLoop("OscillatorPolicy", FollowEnv())
    assert agent.policy.control_period == 0.05
    from rl_zoo.wrappers.frame_skip import FrameSkip

    skipping = OpenLoop("OscillatorPolicy", FrameSkip(FollowEnv(), skip=3))
    assert skipping.policy.control_period == pytest.approx(0.15)


def test_random_starting_phase_is_the_same_for_all_of_a_generation():
    agent = tiny("Tiny-v0", "random_start_phase:True", "n_eval_episodes:2")
    agent._setup_learn(100)
    agent._begin_search(anew=True)
    agent._evaluate = lambda callback, patterns, results, starts: seen.append(starts.tolist())
    seen = []
    callback = agent._init_callback(None)
    agent._do_one_update(callback)
    agent._do_one_update(callback)
    assert seen[0] == seen[1]
    agent._search.results[:] = 0.0
    agent._search.tell(agent._search.ask())
    agent._do_one_update(callback)
    assert seen[2] != seen[0]
    assert all(0 <= start < 1 for start in seen[2])


@pytest.mark.parametrize(
    ("env_id", "params", "words"),
    [
        ("TinyDiscrete-v0", (), "cannot handle the action space Discrete"),
        ("Tiny-v0", ("control_period:None",), "add control_period in s"),
        ("Tiny-v0", ("gait:trot",), "add legs"),
        ("Tiny-v0", ("initial_pattern:nowhere",), "no such file"),
        ("Tiny-v0", ("amplitude_range:[[0,1],[0,1]]",), "or 1 such pairs"),
    ],
)
def test_refusals(env_id, params, words):
    with pytest.raises(ConfigError, match=words):
        tiny(env_id, *params)


def test_run_leaves_its_pattern_for_those_without_torch(train_run, tmp_path):
    run = train_run("openloop", "Tiny-v0", "-n", 300, normalize=False)
    pattern = read_pattern(run.path)
    loaded = tiny()
    load_weights(loaded, run.final_model)
    assert loaded.pattern == pattern
    assert (run.path / PATTERN_FILE).stat().st_mode & 0o777 == 0o644


def test_warm_start_from_another_run(train_run, tmp_path):
    first = train_run("openloop", "Tiny-v0", "-n", 300, folder=tmp_path / "first")
    second = train_run(
        "openloop", "Tiny-v0", "-n", 300, "-i", first.path, folder=tmp_path / "second"
    )
    old, new = read_pattern(first.path), read_pattern(second.path)
    assert new != old
    assert abs(new.offsets[0] - old.offsets[0]) < 0.5
    third = train_run(
        "openloop",
        "Tiny-v0",
        "-n",
        300,
        params=[f"initial_pattern:{first.path}"],
        folder=tmp_path / "third",
    )
    assert read_pattern(third.path) != old

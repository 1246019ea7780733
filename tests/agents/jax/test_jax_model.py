"""Models of ``--backend jax``: plain SBX loads them, we read arrays only."""

import io
import zipfile
from types import MappingProxyType

import numpy as np
import pytest
from stable_baselines3 import SAC
from stable_baselines3.common.vec_env import DummyVecEnv

pytest.importorskip("sbx")

import sbx

from rl_zoo.agents.build import BuildSettings, build_agent
from rl_zoo.agents.jax.agent import STATE_FILE, has_state, read_state
from rl_zoo.agents.jax.state import collect_state
from rl_zoo.agents.sbx_model import is_sbx_model
from rl_zoo.agents.weights import has_finite_weights, load_weights
from rl_zoo.config.model import RunConfig
from rl_zoo.errors import DamagedFileError
from tests.probe_envs import TinyEnv


def make_agent(algo="sac", layers=(8,), seed=0):
    values = {"policy_kwargs": {"net_arch": list(layers)}}
    if algo != "ppo":
        values["buffer_size"] = 100
    config = RunConfig(algo, "Tiny-v0", 100, "MlpPolicy", algo_kwargs=MappingProxyType(values))
    settings = BuildSettings(seed=seed, device="cpu", backend="jax")
    return build_agent(config, DummyVecEnv([TinyEnv]), settings)


@pytest.fixture
def model(tmp_path):
    file = tmp_path / "model.zip"
    make_agent().save(str(file))
    return file


def rewrite(source, target, **members):
    """Copy a zip file with other content of some members; None leaves one out."""
    with zipfile.ZipFile(source) as old, zipfile.ZipFile(target, "w") as new:
        for name in old.namelist():
            content = members.get(name.partition(".")[0], old.read(name))
            if content is not None:
                new.writestr(name, content)
    return target


def test_plain_sbx_loads_the_file(model):
    ours, theirs = make_agent(), sbx.SAC.load(str(model))
    assert type(theirs) is sbx.SAC
    observation = ours.observation_space.sample()
    np.testing.assert_array_equal(
        theirs.predict(observation, deterministic=True)[0],
        ours.predict(observation, deterministic=True)[0],
    )


def test_nothing_of_the_file_is_executed(model, tmp_path):
    assert has_state(model)
    assert not is_sbx_model(model)  # which would need --trust
    hostile = rewrite(model, tmp_path / "hostile.zip", data=b"no pickle, no JSON")
    agent = make_agent(seed=1)
    load_weights(agent, hostile)
    expected = collect_state(make_agent())
    for name, values in collect_state(agent).items():
        np.testing.assert_array_equal(values, expected[name], err_msg=name)


def test_objects_in_the_arrays_are_refused(model, tmp_path):
    stream = io.BytesIO()
    np.savez(stream, x=np.array([object()], dtype=object))
    hostile = rewrite(model, tmp_path / "hostile.zip", jax_state=stream.getvalue())
    with pytest.raises(DamagedFileError, match="not a complete model"):
        load_weights(make_agent(), hostile)


def test_a_network_of_another_size_is_named_and_changes_nothing(model):
    agent = make_agent(layers=(16,))
    before = collect_state(agent)
    with pytest.raises(DamagedFileError, match=r"Dense_0.*is float32\[8\], expected float32\[16\]"):
        load_weights(agent, model)
    after = collect_state(agent)
    assert all((after[name] == values).all() for name, values in before.items())


def test_a_model_of_another_algorithm_is_refused(model):
    with pytest.raises(DamagedFileError, match=r"model\.zip: does not fit .* it lacks policy"):
        load_weights(make_agent("ppo"), model)


def test_models_without_our_state_are_refused(model, tmp_path):
    plain = rewrite(model, tmp_path / "plain.zip", jax_state=None)
    with pytest.raises(DamagedFileError, match="was not trained with --backend jax"):
        read_state(plain)
    cut = tmp_path / "cut.zip"
    cut.write_bytes(model.read_bytes()[:2000])
    with pytest.raises(DamagedFileError, match="not a complete model"):
        read_state(cut)
    with pytest.raises(DamagedFileError, match="no such model"):
        read_state(tmp_path / "none.zip")


def test_sb3_says_what_the_file_is(model):
    agent = SAC("MlpPolicy", DummyVecEnv([TinyEnv]), buffer_size=10, device="cpu")
    with pytest.raises(DamagedFileError, match="one of --backend jax"):
        load_weights(agent, model)


def test_weights_that_are_not_finite_are_noticed():
    import jax

    agent = make_agent()
    assert has_finite_weights(agent)
    state = agent.policy.qf_state
    params = jax.tree_util.tree_map(
        lambda leaf: leaf.at[(0,) * leaf.ndim].set(np.nan), state.params
    )
    agent.policy.qf_state = state.replace(params=params)
    assert not has_finite_weights(agent)


def test_values_of_states_are_those_of_the_rollout():
    agent = make_agent("ppo")
    observations = np.stack([agent.observation_space.sample() for _ in range(3)])
    *_, expected = agent.policy.predict_all(observations, agent.policy.noise_key)
    np.testing.assert_allclose(agent.state_values(observations), expected, rtol=1e-6)


def test_random_keys_are_plain_data_and_come_back():
    agent, other = make_agent(), make_agent(seed=1)
    keys = agent.own_random_state()
    observation = agent.observation_space.sample()
    other.restore_own_random_state(keys)
    assert other.own_random_state() == keys
    other.policy.actor_state = agent.policy.actor_state
    np.testing.assert_array_equal(agent.predict(observation)[0], other.predict(observation)[0])
    assert agent.own_random_state() != keys


def test_state_is_an_array_file_of_its_own(model):
    with zipfile.ZipFile(model) as archive:
        assert STATE_FILE in archive.namelist()
    assert all(array.dtype != object for array in read_state(model).values())


def test_blocks_of_updates_need_few_programs():
    """Whatever number of updates is due, and each of them is done."""
    agent = make_agent("td3")
    sizes = agent.block_sizes()
    assert sizes == [8, 2]  # the actor's update is every second
    for n_updates in range(1, 70):
        parts = agent._split(n_updates)
        assert sum(parts) == n_updates
        assert set(parts) <= {*sizes, 1}
    assert make_agent("sac").block_sizes() == [16, 4, 1]


def test_updates_in_several_calls_are_those_of_one_call():
    from stable_baselines3.common.logger import Logger

    left, right = make_agent(), make_agent()
    for agent in (left, right):
        agent.set_logger(Logger(None, []))
        fill(agent)
    left.gradient_steps = 6  # in one call of SBX
    for agent in (left, right):
        np.random.seed(0)
        agent.train(gradient_steps=6, batch_size=4)
    assert left._n_updates == right._n_updates == 6
    expected = collect_state(left)
    for name, values in collect_state(right).items():
        np.testing.assert_allclose(values, expected[name], rtol=1e-4, atol=1e-6, err_msg=name)


def fill(agent):
    generator = np.random.default_rng(0)
    space = agent.observation_space
    for _ in range(20):
        first, second = generator.uniform(-1, 1, (2, 1, *space.shape)).astype(np.float32)
        action = generator.uniform(-1, 1, (1, *agent.action_space.shape))
        agent.replay_buffer.add(first, second, action, np.ones(1), np.zeros(1), [{}])

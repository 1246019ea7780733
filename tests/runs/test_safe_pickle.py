"""Reading a pickle executes nothing off the allow-list, and gives back what SB3 stored."""

import collections
import operator
import os
import pickle

import numpy as np
import pytest

from rl_zoo.errors import DamagedFileError, UnsafeFileError
from rl_zoo.runs.safe_pickle import load_pickle


class Call:
    """Pickled, it calls ``function(*arguments)`` when it is read."""

    def __init__(self, function, *arguments):
        self.function = function
        self.arguments = arguments

    def __reduce__(self):
        return self.function, self.arguments


def write(tmp_path, content):
    file = tmp_path / "planted.pkl"
    data = content if isinstance(content, bytes) else pickle.dumps(content)
    file.write_bytes(data)
    return file


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
def test_command_is_refused_in_every_protocol(tmp_path, protocol):
    mark = tmp_path / "executed"
    data = pickle.dumps({"a": [Call(os.system, f"touch {mark}")]}, protocol=protocol)
    with pytest.raises(UnsafeFileError, match=r"planted\.pkl: wants to use posix\.system"):
        load_pickle(write(tmp_path, data))
    assert not mark.exists()


@pytest.mark.parametrize(
    "function",
    [eval, exec, getattr, setattr, __import__, open, operator.attrgetter, pickle.loads, np.load],
)
def test_dangerous_functions_are_refused(tmp_path, function):
    with pytest.raises(UnsafeFileError):
        load_pickle(write(tmp_path, Call(function, "1")))


@pytest.mark.parametrize(
    "name",
    [
        b"cstable_baselines3.common.buffers\nReplayBuffer.__init__.__globals__\n.",
        b"cstable_baselines3.common.buffers\npsutil\n.",
        b"cstable_baselines3.common.vec_env.vec_normalize\npickle.loads\n.",
        b"cnumpy.random._pickle\n__builtins__\n.",
        b"cbuiltins\ngetattr\n.",
        b"c__builtin__\neval\n.",
    ],
)
def test_exact_names_only(tmp_path, name):
    with pytest.raises(UnsafeFileError):
        load_pickle(write(tmp_path, name))


def test_methods_of_a_class_cannot_be_replaced(tmp_path):
    from stable_baselines3.common.running_mean_std import RunningMeanStd

    original = RunningMeanStd.update
    data = (
        b"\x80\x04cstable_baselines3.common.running_mean_std\nRunningMeanStd\n"
        b"(N}\x8c\x06updatecbuiltins\ndict\nstb."
    )
    with pytest.raises(UnsafeFileError, match="RunningMeanStd"):
        load_pickle(write(tmp_path, data))
    assert RunningMeanStd.update is original


def test_code_of_a_function_cannot_be_replaced(tmp_path):
    data = b"\x80\x04cnumpy._core.numeric\n_frombuffer\n(N}\x8c\x01ac__builtin__\ndict\nstb."
    with pytest.raises(UnsafeFileError, match="_frombuffer"):
        load_pickle(write(tmp_path, data))


def test_class_of_an_object_cannot_be_changed(tmp_path):
    class_state = b"\x8c\x09__class__cbuiltins\ndict\n"
    data = (
        b"\x80\x04cstable_baselines3.common.running_mean_std\nRunningMeanStd\n)\x81}"
        + class_state
        + b"sb."
    )
    with pytest.raises(UnsafeFileError, match="RunningMeanStd"):
        load_pickle(write(tmp_path, data))


def test_forged_structured_type_is_refused(tmp_path):
    forged = pickle.dumps(np.dtype([("pointer", "O")]))
    with pytest.raises(UnsafeFileError, match="structured"):
        load_pickle(write(tmp_path, forged))


def test_trust_reads_everything(tmp_path):
    mark = tmp_path / "executed"
    load_pickle(write(tmp_path, Call(os.system, f"touch {mark}")), trust=True)
    assert mark.exists()


@pytest.mark.parametrize("data", [b"", b"no pickle", pickle.dumps(list(range(1000)))[:-40]])
def test_damaged_file(tmp_path, data):
    with pytest.raises(DamagedFileError, match=r"planted\.pkl: damaged or not a pickle"):
        load_pickle(write(tmp_path, data))


def test_missing_file(tmp_path):
    with pytest.raises(DamagedFileError, match="no such file"):
        load_pickle(tmp_path / "none.pkl")


@pytest.mark.parametrize(
    "value",
    [
        np.arange(6.0).reshape(2, 3),
        np.float64(3.5),
        np.array(["a", "b"]),
        np.array([{"a": 1}], dtype=object),
        np.random.default_rng(3),
        np.random.RandomState(3),
        collections.OrderedDict(a=1),
        collections.deque([1, 2], maxlen=4),
        {"bytes": b"a", "set": {1}, "complex": 1j, "slice": slice(2)},
    ],
)
@pytest.mark.parametrize("protocol", [2, 4, 5])
def test_plain_data_comes_back(tmp_path, value, protocol):
    loaded = load_pickle(write(tmp_path, pickle.dumps(value, protocol=protocol)))
    assert type(loaded) is type(value)
    if not isinstance(value, (np.random.Generator, np.random.RandomState)):
        np.testing.assert_equal(loaded, value)


def test_paths_of_numpy_1_are_known(tmp_path):
    data = pickle.dumps(np.arange(3.0), protocol=2).replace(b"numpy._core", b"numpy.core")
    np.testing.assert_equal(load_pickle(write(tmp_path, data)), np.arange(3.0))


def test_every_gymnasium_space_of_a_buffer(tmp_path):
    from gymnasium import spaces

    space = spaces.Dict(
        box=spaces.Box(-1, 1, (2,)),
        discrete=spaces.Discrete(3),
        multi=spaces.MultiDiscrete([2, 3]),
        binary=spaces.MultiBinary(4),
        tuple=spaces.Tuple([spaces.Discrete(2)]),
    )
    space.seed(5)
    assert load_pickle(write(tmp_path, pickle.dumps(space))) == space


def test_statistics_of_sb3(tmp_path):
    from stable_baselines3.common.env_util import make_vec_env
    from stable_baselines3.common.vec_env import VecNormalize

    env = VecNormalize(make_vec_env("CartPole-v1", n_envs=2, seed=3))
    env.reset()
    env.step(np.array([0, 1]))
    env.save(str(tmp_path / "vecnormalize.pkl"))
    loaded = load_pickle(tmp_path / "vecnormalize.pkl")
    np.testing.assert_array_equal(loaded.obs_rms.mean, env.obs_rms.mean)
    assert loaded.ret_rms.count == env.ret_rms.count


@pytest.mark.parametrize("name", ["ReplayBuffer", "NStepReplayBuffer", "DictReplayBuffer"])
def test_replay_buffers_of_sb3(tmp_path, name):
    from gymnasium import spaces
    from stable_baselines3.common import buffers
    from stable_baselines3.common.save_util import save_to_pkl

    box = spaces.Box(-1, 1, (2,))
    space = spaces.Dict(a=box) if name == "DictReplayBuffer" else box
    buffer = getattr(buffers, name)(20, space, box, device="cpu")
    observation = {"a": np.ones((1, 2))} if name == "DictReplayBuffer" else np.ones((1, 2))
    one = np.ones(1)
    buffer.add(observation, observation, np.full((1, 2), 0.5), one, one, [{}])
    save_to_pkl(tmp_path / "replay_buffer.pkl", buffer)
    loaded = load_pickle(tmp_path / "replay_buffer.pkl")
    assert type(loaded) is type(buffer)
    assert loaded.size() == 1
    np.testing.assert_array_equal(loaded.actions, buffer.actions)


def test_replay_buffer_of_her(tmp_path):
    from stable_baselines3 import HerReplayBuffer
    from stable_baselines3.common.envs import BitFlippingEnv
    from stable_baselines3.common.save_util import save_to_pkl
    from stable_baselines3.common.vec_env import DummyVecEnv

    env = DummyVecEnv([lambda: BitFlippingEnv(n_bits=3, continuous=True)])
    buffer = HerReplayBuffer(20, env.observation_space, env.action_space, env, device="cpu")
    save_to_pkl(tmp_path / "replay_buffer.pkl", buffer)
    loaded = load_pickle(tmp_path / "replay_buffer.pkl")
    assert type(loaded) is HerReplayBuffer
    assert loaded.goal_selection_strategy == buffer.goal_selection_strategy


def test_planted_command_in_a_replay_buffer(tmp_path):
    from gymnasium import spaces
    from stable_baselines3.common.buffers import ReplayBuffer

    box = spaces.Box(-1, 1, (2,))
    buffer = ReplayBuffer(20, box, box, device="cpu")
    buffer.device = Call(os.system, f"touch {tmp_path / 'executed'}")
    with pytest.raises(UnsafeFileError, match="system"):
        load_pickle(write(tmp_path, pickle.dumps(buffer)))
    assert not (tmp_path / "executed").exists()

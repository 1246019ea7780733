"""YAML files: numbers, duplicates, tags, and writing them back."""

import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from rl_zoo.config.model import Symbol
from rl_zoo.config.yaml import dump_yaml, load_saved_yaml, load_yaml
from rl_zoo.errors import ConfigError, DamagedFileError, UnsafeFileError


@pytest.fixture
def write(tmp_path):
    def write_file(text: str | bytes) -> Path:
        path = tmp_path / "file.yml"
        path.write_bytes(text.encode() if isinstance(text, str) else text)
        return path

    return write_file


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("1e-3", 0.001),
        ("3e2", 300.0),
        ("1e6", 1e6),
        ("1E+6", 1e6),
        ("-2.5e-4", -2.5e-4),
        (".5e-3", 5e-4),
        ("!!float 1e6", 1e6),
        ("!!float 50000", 50000.0),
        ("10_000", 10_000),
        ("'1e-3'", "1e-3"),
        ("1e-3x", "1e-3x"),
        ("2024-01-01", "2024-01-01"),
        ("lin_7.3e-4", "lin_7.3e-4"),
    ],
)
def test_numbers(write, text, value):
    loaded = load_yaml(write(f"key: {text}\n"))["key"]
    assert loaded == value
    assert type(loaded) is type(value)


def test_anchor_and_merge_with_override(write):
    text = "a: &x {q: 1, r: 2}\nb:\n  <<: *x\n  r: 3\nc: &y\n  <<: *x\n  q: 9\nd: {<<: *y}\n"
    assert load_yaml(write(text)) == {
        "a": {"q": 1, "r": 2},
        "b": {"q": 1, "r": 3},
        "c": {"q": 9, "r": 2},
        "d": {"q": 9, "r": 2},
    }


@pytest.mark.parametrize(
    ("text", "line", "words"),
    [
        ("a: 1\nb: 2\na: 3\n", 3, "'a' is given twice (first on line 1)"),
        ("Env-v0:\n  gamma: 1\n  gamma: 0.9\n", 3, "'gamma' is given twice (first on line 2)"),
        ("a: [1, 2\nb: 3\n", 2, "expected ',' or ']'"),
        ("a:\n\t- b\n", 2, "tab"),
        ("a: !!float abc\n", 1, "'abc' is not a number"),
        ("a: !colour red\n", 1, "unknown tag '!colour'"),
        ("a: &a\n  - *a\n", 1, "contains itself"),
        ("a: *nowhere\n", 1, "undefined alias"),
        ("a: 1\n---\nb: 2\n", 2, "expected a single document"),
        ("? [1, 2]\n: 3\n", 1, "must be a plain word"),
    ],
)
def test_mistake_is_reported_with_its_line(write, text, line, words):
    path = write(text)
    with pytest.raises(ConfigError) as caught:
        load_yaml(path)
    message = str(caught.value)
    assert message.startswith(f"{path}:{line}: ")
    assert words in message
    assert "\n" not in message


def test_aliases_that_expand_without_end_are_refused(write):
    lines = ["l0: &l0 [x, x]", *(f"l{i}: &l{i} [*l{i - 1}, *l{i - 1}]" for i in range(1, 40))]
    with pytest.raises(ConfigError, match="expands to more than"):
        load_yaml(write("\n".join(lines)))


def test_unreadable_files_have_one_sentence(write, tmp_path):
    with pytest.raises(ConfigError, match="no such file"):
        load_yaml(tmp_path / "absent.yml")
    with pytest.raises(ConfigError, match="is a folder"):
        load_yaml(tmp_path)
    with pytest.raises(ConfigError, match="not a text file"):
        load_yaml(write(b"\x80\x00\xff"))
    with pytest.raises(ConfigError, match="is not YAML"):
        load_yaml(write("a: \x00"))
    assert load_yaml(write("")) is None


@pytest.mark.parametrize("load", [load_yaml, load_saved_yaml])
@pytest.mark.parametrize(
    "tag",
    [
        "!!python/object/apply:os.system [touch EVIDENCE]",
        "!!python/object/new:subprocess.Popen [[touch, EVIDENCE]]",
        "!!python/object:os._wrap_close {}",
        "!!python/module:antigravity ''",
        "!!python/name:os.system ''",
        "!!python/name:torch.load ''",
    ],
)
def test_tag_that_runs_code_is_refused(write, tmp_path, monkeypatch, load, tag):
    monkeypatch.chdir(tmp_path)
    path = write(f"gamma: 0.9\nevil: {tag}\n")
    with pytest.raises(UnsafeFileError) as caught:
        load(path)
    assert str(caught.value).startswith(f"{path}:2: tag '{tag.split()[0]}' ")
    assert not (tmp_path / "EVIDENCE").exists()


ZOO_SAVED = """!!python/object/apply:collections.OrderedDict
- - - gamma
    - 0.99
  - - policy_kwargs
    - activation_fn: !!python/name:torch.nn.modules.activation.ReLU ''
      optimizer_class: !!python/name:torch.optim.adam.Adam ''
  - - train_freq
    - !!python/tuple
      - 1
      - episode
  - - replay_buffer_class
    - !!python/name:stable_baselines3.her.her_replay_buffer.HerReplayBuffer ''
"""


@pytest.mark.parametrize("trust", [False, True])
def test_file_saved_by_the_zoo(write, trust):
    assert load_saved_yaml(write(ZOO_SAVED), trust=trust) == {
        "gamma": 0.99,
        "policy_kwargs": {
            "activation_fn": Symbol("torch.nn:ReLU"),
            "optimizer_class": Symbol("torch.optim:Adam"),
        },
        "train_freq": (1, "episode"),
        "replay_buffer_class": Symbol("stable_baselines3:HerReplayBuffer"),
    }


def test_trust_reads_every_tag(write):
    path = write("answer: !!python/object/apply:int ['42']\n")
    with pytest.raises(UnsafeFileError):
        load_saved_yaml(path)
    assert load_saved_yaml(path, trust=True) == {"answer": 42}


def test_damaged_saved_file(write, tmp_path):
    with pytest.raises(DamagedFileError, match="no such file"):
        load_saved_yaml(tmp_path / "absent.yml")
    with pytest.raises(DamagedFileError):
        load_saved_yaml(write("a: [1"))
    with pytest.raises(DamagedFileError):
        load_saved_yaml(write("a: [1"), trust=True)


def test_written_numbers_are_read_by_any_yaml_reader():
    values = {"learning_rate": 1e-5, "n": 10**7, "text": "1e-5", "word": "true", "end": 2.5e-7}
    assert yaml.safe_load(dump_yaml(values)) == values


def test_symbol_and_path_are_written_as_words():
    text = dump_yaml({"activation_fn": Symbol("torch.nn:ReLU"), "log": Path("logs/x")})
    assert yaml.safe_load(text) == {"activation_fn": "nn.ReLU", "log": "logs/x"}


_SCALARS = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False)
    | st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=12)
    | st.sampled_from(["1e-3", "0x1F", "1:30", "null", "~", "yes", "- a", "a: b", "#x", "<<", "="])
)
_VALUES = st.recursive(
    _SCALARS,
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.lists(inner, max_size=3).map(tuple)
        | st.dictionaries(st.text("abc_1e-. ", min_size=1, max_size=6), inner, max_size=4)
    ),
    max_leaves=12,
)


@settings(deadline=None)
@given(st.dictionaries(st.text("abcxyz_", min_size=1), _VALUES, max_size=5))
def test_what_is_written_is_read_back(tmp_path_factory, data):
    path = tmp_path_factory.mktemp("yaml") / "file.yml"
    path.write_text(dump_yaml(data), encoding="utf-8")
    assert (load_yaml(path) or {}) == data


def test_reading_a_configuration_needs_no_heavy_library():
    code = (
        "import sys; from rl_zoo.config.resolve import ConfigRequest, resolve\n"
        "try: resolve(ConfigRequest('ppo', 'CartPole-v1', params=['gama:1']))\n"
        "except Exception: pass\n"
        "print([m for m in ('torch','numpy','gymnasium','stable_baselines3') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"

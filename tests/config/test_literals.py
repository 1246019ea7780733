"""Values in Python notation, read without executing anything."""

import ast
import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rl_zoo.config.literals import format_literal, parse_literal
from rl_zoo.config.model import Symbol
from rl_zoo.errors import ConfigError

RELU = Symbol("torch.nn:ReLU")


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("1e-3", 0.001),
        ("-5", -5),
        ("256*2", 512),
        ("2**14", 16384),
        ("10**-3", 0.001),
        ("1/4", 0.25),
        ("true", True),
        ("False", False),
        ("none", None),
        ("null", None),
        ("MlpPolicy", "MlpPolicy"),
        ("'MlpPolicy'", "MlpPolicy"),
        ("'False'", "False"),
        ("lin_0.001", "lin_0.001"),
        ("auto_0.1", "auto_0.1"),
        ("logs/a-b.pkl", "logs/a-b.pkl"),
        ("/dev/ttyUSB0", "/dev/ttyUSB0"),
        ("my.module.Policy", "my.module.Policy"),
        ("[64, 64]", [64, 64]),
        ("(1, 'episode')", (1, "episode")),
        ("tuple([64, 64])", (64, 64)),
        ("{'norm_obs': True, 'norm_reward': False}", {"norm_obs": True, "norm_reward": False}),
        ("dict(norm_obs=true)", {"norm_obs": True}),
        ("nn.ReLU", RELU),
        ("torch.nn.ReLU", RELU),
        ("th.nn.modules.activation.ReLU", RELU),
        ("th.optim.AdamW", Symbol("torch.optim:AdamW")),
        ("HerReplayBuffer", Symbol("stable_baselines3:HerReplayBuffer")),
        (
            "sb3.common.torch_layers.NatureCNN",
            Symbol("stable_baselines3.common.torch_layers:NatureCNN"),
        ),
        (
            "dict(activation_fn=nn.ReLU, net_arch=dict(pi=[64], vf=[]),\n   )",
            {"activation_fn": RELU, "net_arch": {"pi": [64], "vf": []}},
        ),
        (
            "dict(optimizer_class=RMSpropTFLike, optimizer_kwargs=dict(eps=1e-5))",
            {
                "optimizer_class": Symbol(
                    "stable_baselines3.common.sb2_compat.rmsprop_tf_like:RMSpropTFLike"
                ),
                "optimizer_kwargs": {"eps": 1e-5},
            },
        ),
        ("[rl_zoo3.wrappers.FrameSkip]", ["rl_zoo3.wrappers.FrameSkip"]),
    ],
)
def test_value(text, value):
    assert parse_literal(text) == value
    assert type(parse_literal(text)) is type(value)


@pytest.mark.parametrize(
    "text",
    [
        "(open('EVIDENCE', 'w').close(), 0.99)[1]",
        "__import__('os').system('touch EVIDENCE')",
        "[x for x in (1, 2)]",
        "(lambda: 1)()",
        "dict(a=open('EVIDENCE', 'w'))",
        "dict(**{'a': 1})",
        "().__class__",
        "nn.ReLU.__subclasses__()",
        "f'{open}'",
        "[1, 2][0]",
        "{1, 2}",
        "9**9**9**(9)",
        "1 if (True) else 2",
        "eval('1')",
        "b'bytes'",
    ],
)
def test_expression_is_refused(text, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ConfigError):
        parse_literal(text)
    assert not (tmp_path / "EVIDENCE").exists()


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("nn.RelU", "unknown name 'nn.RelU'; did you mean 'nn.ReLU'?"),
        ("dict(activation_fn=nn.Tan)", "did you mean 'nn.Tanh'?"),
        ("th.optim.Adm", "did you mean 'th.optim.Adam'?"),
        ("dict(net_arch=[64", "was never closed"),
        ("(1/0)", "division by zero"),
        ("nn.__class__", "not a value"),
        ("[" * 3000 + "]" * 3000, ""),
        ("[" + "1," * 20_000 + "]", "longer than"),
    ],
)
def test_message(text, words):
    with pytest.raises(ConfigError) as caught:
        parse_literal(text)
    assert words in str(caught.value)


def test_nothing_is_evaluated(monkeypatch):
    monkeypatch.setattr("builtins.eval", lambda *_: pytest.fail("eval was called"))
    monkeypatch.setattr("builtins.exec", lambda *_: pytest.fail("exec was called"))
    assert parse_literal("dict(a=[1, nn.ReLU])") == {"a": [1, RELU]}


_LITERALS = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False)
    | st.text(max_size=8)
    | st.sampled_from(
        [RELU, Symbol("torch.optim:Adam"), Symbol("stable_baselines3:HerReplayBuffer")]
    ),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.lists(inner, max_size=3).map(tuple)
        | st.dictionaries(st.text("ab c", max_size=4) | st.integers(), inner, max_size=3)
    ),
    max_leaves=10,
)


@settings(deadline=None)
@given(st.dictionaries(st.text("abc", min_size=1), _LITERALS))
def test_what_is_formatted_is_read_back(data):
    assert parse_literal(format_literal(data)) == data


def test_formatted_text_is_what_the_zoo_evaluates():
    text = format_literal({"activation_fn": RELU, "net_arch": [64, 64], "log_std_init": -2})
    assert text == "dict(activation_fn=nn.ReLU, net_arch=[64, 64], log_std_init=-2)"
    ast.parse(text, mode="eval")


def test_infinite_number_survives():
    assert parse_literal(format_literal({"limit": math.inf})) == {"limit": math.inf}

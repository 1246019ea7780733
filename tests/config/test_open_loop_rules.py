"""Values of the open-loop search in a configuration."""

import pytest

from rl_zoo.config.resolve import ConfigRequest, resolve
from rl_zoo.config.yaml import dump_yaml
from rl_zoo.errors import ConfigError


def resolved(*params):
    return resolve(ConfigRequest("openloop", "Swimmer-v5", params=params))


def test_every_form_arrives_and_is_saved_as_plain_yaml():
    config = resolved(
        "frequency_range:[1,2]",
        "amplitude_range:[[0,1],[0,2]]",
        "gait:[0,0.5]",
        "legs:[[0],[1]]",
        "initial_pattern:logs/openloop/Swimmer-v5_1",
    )
    assert config.algo_kwargs["frequency_range"] == (1.0, 2.0)
    assert config.algo_kwargs["amplitude_range"] == ((0.0, 1.0), (0.0, 2.0))
    assert config.algo_kwargs["gait"] == [0.0, 0.5]
    assert config.algo_kwargs["legs"] == [[0], [1]]
    assert config.algo_kwargs["initial_pattern"] == "logs/openloop/Swimmer-v5_1"
    saved = dump_yaml(dict(config.hyperparams))
    assert "python/" not in saved
    assert "frequency_range: [1.0, 2.0]" in saved
    assert resolved("gait:trot").algo_kwargs["gait"] == "trot"


def test_pattern_inline():
    pattern = {"amplitudes": [1], "phases": [0], "offsets": [0], "swing_frequency": 1}
    assert resolved(f"initial_pattern:{pattern}").algo_kwargs["initial_pattern"] == pattern


@pytest.mark.parametrize(
    ("param", "words"),
    [
        ("frequency_range:[2,1]", "the first of"),
        ("frequency_range:3", r"must be \[low, high\]"),
        ("amplitude_range:[[0,1],[2]]", r"must be \[low, high\]"),
        ("offset_range:['a',1]", r"must be \[low, high\]"),
        ("gait:[]", "must be a gait such as trot"),
        ("legs:[0,1]", "must list the joints of each leg"),
        ("legs:[[0.5]]", "must list the joints of each leg"),
        ("initial_pattern:7", "must be a run folder, a file or a pattern"),
        ("population_size:3", "must be at least 4"),
        ("sigma:0", r"must be in \(0, 1\]"),
    ],
)
def test_refusals(param, words):
    with pytest.raises(ConfigError, match=words):
        resolved(param)

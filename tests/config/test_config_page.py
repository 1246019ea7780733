"""The examples of docs/config.md are true."""

import re
import shlex
from pathlib import Path

import pytest

from rl_zoo.config.model import Schedule
from rl_zoo.config.parameters import MAPPING_KEYS, STRUCTURE_KEYS, ZOO_KEYS
from rl_zoo.config.resolve import ConfigRequest, resolve
from rl_zoo.errors import ConfigError

PAGE = (Path(__file__).parents[2] / "docs" / "config.md").read_text()


@pytest.fixture
def example(tmp_path):
    path = tmp_path / "mine.yml"
    path.write_text(re.search(r"```yaml\n(.*?)```", PAGE, re.DOTALL)[1])
    return path


def test_example_file(example):
    hopper = resolve(ConfigRequest("sac", "Hopper-v5", example))
    assert hopper.n_timesteps == 2_000_000
    assert hopper.algo_kwargs["learning_rate"] == Schedule("linear", 7.3e-4)
    assert hopper.algo_kwargs["gamma"] == 0.98
    assert resolve(ConfigRequest("sac", "Other-v0", example)).notes


def test_example_messages(example):
    shown = re.search(r"```\n(mine.yml.*?)```", PAGE, re.DOTALL)[1].splitlines()
    example.write_text(example.read_text() + "  gama: 1\n")
    with pytest.raises(ConfigError) as caught:
        resolve(ConfigRequest("sac", "Hopper-v5", example, params=["batch_size:0"]))
    found = [text.replace(f"{example.parent}/", "") for text in caught.value.problems]
    assert sorted(found) == sorted(line.replace("Ant-v5", "Hopper-v5") for line in shown)


def test_example_command():
    command = re.search(r"```sh\n(.*?)```", PAGE, re.DOTALL)[1].replace("\\\n", "")
    words = shlex.split(command)
    params = [w for w in words if re.match(r"[a-z_.]+:", w) and not w.startswith("speed")]
    config = resolve(ConfigRequest("sac", "Ant-v5", params=params, env_kwargs=["speed:0.5"]))
    assert config.algo_kwargs["policy_kwargs"] == {"net_arch": [64, 64]}
    assert config.algo_kwargs["gradient_steps"] == -1


@pytest.mark.parametrize("key", sorted({*ZOO_KEYS, *STRUCTURE_KEYS, *MAPPING_KEYS}))
def test_every_key_is_on_the_page(key):
    assert f"`{key}`" in PAGE

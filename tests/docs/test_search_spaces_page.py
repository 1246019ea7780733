"""The examples of docs/search_spaces.md work, and nothing it should name is missing."""

import argparse
import re
from pathlib import Path

import pytest

from rl_zoo.commands import train_parser
from rl_zoo.commands.training import resolve_config
from rl_zoo.commands.tuning_space import checked_space
from rl_zoo.config.parameters import COMPONENT_KEYS
from rl_zoo.tune import build_parser
from rl_zoo.tuning.range_specs import SPEC_KEYS
from rl_zoo.tuning.spaces import SPACES
from rl_zoo.tuning.spaces.extras import EXTRAS

PAGE = (Path(__file__).parents[2] / "docs" / "search_spaces.md").read_text()
BLOCKS = re.findall(r"```yaml\n(.*?)```", PAGE, re.DOTALL)


@pytest.mark.parametrize("block", BLOCKS, ids=lambda block: block.partition(":")[0])
def test_every_block_is_a_space_whose_environments_open(block, tmp_path):
    pytest.importorskip("mujoco")
    file = tmp_path / "mine.yml"
    file.write_text(block)
    env = block.partition(":")[0]
    parsed = build_parser().parse_args(["--algo", "sac", "--env", env, "-conf", str(file)])
    arguments = argparse.Namespace(**{**vars(train_parser.build_parser().parse_args([])),
                                      **vars(parsed)})  # fmt: skip
    space = checked_space(arguments, resolve_config(arguments, {}), ())
    assert any(parameter.origin.startswith(str(file)) for parameter in space)


def test_there_are_blocks():
    assert len(BLOCKS) == 2


@pytest.mark.parametrize("word", [*SPEC_KEYS, *EXTRAS, *COMPONENT_KEYS])
def test_every_word_of_the_language_is_on_the_page(word):
    assert re.search(rf"`{word}[`:]", PAGE)


@pytest.mark.parametrize("algo", sorted(SPACES))
def test_every_algorithm_is_on_the_page(algo):
    assert re.search(rf"^\| ([\w, ]*\W)?{algo}\b", PAGE, re.MULTILINE)

"""The pages on robots and tasks name every id, option, task and reward term, with its weight."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from rl_zoo.envs.ids import OUR_ENVIRONMENTS
from rl_zoo.envs.robot_options import OPTION_NAMES
from rl_zoo.robots.bert import BERT
from rl_zoo.robots.catalog import ROBOTS
from rl_zoo.robots.sensor_errors import TYPICAL
from rl_zoo.robots.simulation import RANDOMIZABLE
from rl_zoo.tasks.catalog import TASKS, make_task

DOCS = Path(__file__).parents[2] / "docs"
ROBOT_PAGE = (DOCS / "robots.md").read_text(encoding="utf-8")
TASK_PAGE = (DOCS / "tasks.md").read_text(encoding="utf-8")


def rows_of(page: str, header: str) -> list[list[str]]:
    """Return the cells of the table whose first line starts with ``header``."""
    lines = page[page.index(header) :].split("\n\n")[0].splitlines()
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines[2:]]


def test_every_robot_is_on_its_page() -> None:
    for env_id, arguments in OUR_ENVIRONMENTS.items():
        robot = str(arguments["kwargs"]["robot"])
        spec = ROBOTS.load(robot)
        assert f"`{robot}` | {spec.mass:.1f} kg | {spec.n_joints}" in ROBOT_PAGE, env_id
        assert spec.model.install is None or f"`{spec.model.install}`" in ROBOT_PAGE


@pytest.mark.parametrize("option", sorted({*OPTION_NAMES} - {"render_mode"}))
def test_every_option_is_on_a_page(option: str) -> None:
    assert f"`{option}" in ROBOT_PAGE + TASK_PAGE


def test_what_can_be_randomized_and_how_well_sensors_read() -> None:
    for name in RANDOMIZABLE:
        assert f"`{name}`" in ROBOT_PAGE
    for name, size, _ in rows_of(ROBOT_PAGE, "| sensor | typical"):
        assert float(size) == getattr(TYPICAL, name.split("`")[1])


def test_weights_of_the_table_are_the_tasks_own() -> None:
    names = ("walk", "fast", "turn", "omnidirectional", "stand_up")
    assert set(names) == set(TASKS.built_in_names())
    written: dict[str, dict[str, float]] = {name: {} for name in names}
    for row in rows_of(TASK_PAGE, "| term | value | walk"):
        terms = re.findall(r"`(\w+)`", row[0])
        for name, cell in zip(names, row[2:], strict=True):
            weights = make_task(name, BERT, {}).weights
            for term in terms:
                if cell and term in weights:
                    written[name][term] = float(cell)
    for name in names:
        assert written[name] == dict(make_task(name, BERT, {}).weights)

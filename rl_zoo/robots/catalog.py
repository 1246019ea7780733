"""The robots that can be named in a configuration: ours, and those of installed third parties."""

from __future__ import annotations

from rl_zoo.registry import Registry

ROBOTS = Registry(
    "robot",
    "rl_zoo.robots",
    {
        "bert": "rl_zoo.robots.bert:BERT",
        "go1": "rl_zoo.robots.go1:GO1",
        "go2": "rl_zoo.robots.go2:GO2",
        "mini_cheetah": "rl_zoo.robots.mini_cheetah:MINI_CHEETAH",
        "solo8": "rl_zoo.robots.solo8:SOLO8",
    },
)
"""Short name -> RobotSpec. A new robot is one spec file, one model file and one row here."""

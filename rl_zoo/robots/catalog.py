"""The robots that can be named in a configuration: ours, and those of installed third parties."""

from __future__ import annotations

from rl_zoo.registry import Registry

ROBOTS = Registry("robot", "rl_zoo.robots", {"bert": "rl_zoo.robots.bert:BERT"})
"""Short name -> RobotSpec. A new robot is one spec file, one model file and one row here."""

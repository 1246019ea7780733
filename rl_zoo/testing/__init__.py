"""What third parties test their parts with."""

from rl_zoo.testing.conformance import check_driver
from rl_zoo.testing.report import Check, Outcome, Report

__all__ = ["Check", "Outcome", "Report", "check_driver"]

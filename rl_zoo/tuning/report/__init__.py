"""What a study leaves: a summary to read, a table of its trials, figures and the best values."""

from rl_zoo.tuning.report.write import rewrite_report, write_report

__all__ = ["rewrite_report", "write_report"]

"""The commands behind ``python -m rl_zoo.cli <command>``: options, one call, exit code."""

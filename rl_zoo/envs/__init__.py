"""Environments: ids, and the one stack that every mode uses."""

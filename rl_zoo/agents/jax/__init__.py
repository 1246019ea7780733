"""Agents of SBX (SB3 in JAX) that train, act and are saved like every other agent."""

"""rl_zoo: train, evaluate, tune, compare and deploy reinforcement learning on a real robot."""

__version__ = "0.1.0"

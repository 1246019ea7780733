"""Dropout of the native learner: with PyTorch's masks its numbers, with its own the right share."""

import numpy as np
import torch
from torch.nn import functional

from rl_zoo.agents.droq import DroQ
from rl_zoo.agents.native.learner import NativeLearner
from tests.agents.native.native_agents import largest_difference, make_agent, seed_all, state_of

KWARGS = {"batch_size": 64, "policy_delay": 4, "policy_kwargs": {"dropout_rate": 0.2}}


def test_masks_of_pytorch_give_its_weights(monkeypatch):
    masks = []
    generator = torch.Generator().manual_seed(3)

    def recorded(values, p, training, inplace=False):
        assert training
        mask = (torch.rand(values.shape, generator=generator) >= p).float() / (1 - p)
        masks.append(mask.numpy().reshape(-1))
        return values * mask

    monkeypatch.setattr(functional, "dropout", recorded)
    real = make_agent(DroQ, **KWARGS)
    real.fast_updates = False
    seed_all()
    real.train(50, 64)
    native = make_agent(DroQ, **KWARGS)
    seed_all()
    NativeLearner(native, 64).update(50, np.concatenate(masks))
    difference, name = largest_difference(state_of(real), state_of(native))
    assert difference <= 1e-5, name


def test_own_masks_move_the_weights_as_far_as_those_of_pytorch():
    moved = []
    for native in (False, True):
        agent = make_agent(DroQ, **KWARGS)
        agent.fast_updates = False
        before = state_of(agent)
        if native:
            NativeLearner(agent, 64).update(50)
        else:
            agent.train(50, 64)
        after = state_of(agent)
        name = "critic.qf0.4.weight"
        moved.append(float((after[name] - before[name]).abs().mean()))
    assert 0.8 < moved[1] / moved[0] < 1.25

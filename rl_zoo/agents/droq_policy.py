"""The policy of DroQ: SAC's, with dropout and layer normalisation in the critics."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from gymnasium import spaces
from stable_baselines3.common.policies import ContinuousCritic
from stable_baselines3.common.preprocessing import get_action_dim
from stable_baselines3.common.torch_layers import (
    BaseFeaturesExtractor,
    CombinedExtractor,
    FlattenExtractor,
    get_actor_critic_arch,
)
from stable_baselines3.common.type_aliases import Schedule
from stable_baselines3.sac.policies import SACPolicy
from torch import nn
from typing_extensions import override


class DroQPolicy(SACPolicy):
    """SAC's policy; each hidden layer of a critic is linear, dropout, normalisation, activation.

    Args:
        observation_space: Of the environment.
        action_space: Of the environment.
        lr_schedule: Learning rate.
        net_arch: Sizes of the hidden layers.
        activation_fn: Of actor and critics.
        use_sde: As for SAC's policy, like every argument that is not listed here.
        log_std_init: As for SAC's policy.
        use_expln: As for SAC's policy.
        clip_mean: As for SAC's policy.
        features_extractor_class: None: flattens, or combines the parts of a dictionary.
        features_extractor_kwargs: As for SAC's policy.
        normalize_images: As for SAC's policy.
        optimizer_class: As for SAC's policy.
        optimizer_kwargs: As for SAC's policy.
        n_critics: Number of critics.
        share_features_extractor: As for SAC's policy.
        dropout_rate: Probability of a hidden unit to be dropped, in [0, 1).
        layer_norm: Normalise each hidden layer.

    Raises:
        ValueError: If ``dropout_rate`` is not in [0, 1).
    """

    @override  # the signature is that of SAC's policy, by which configurations are checked
    def __init__(
        self,
        observation_space: spaces.Space[Any],
        action_space: spaces.Box,
        lr_schedule: Schedule,
        net_arch: list[int] | dict[str, list[int]] | None = None,
        activation_fn: type[nn.Module] = nn.ReLU,
        use_sde: bool = False,
        log_std_init: float = -3,
        use_expln: bool = False,
        clip_mean: float = 2.0,
        features_extractor_class: type[BaseFeaturesExtractor] | None = None,
        features_extractor_kwargs: dict[str, Any] | None = None,
        normalize_images: bool = True,
        optimizer_class: type[torch.optim.Optimizer] = torch.optim.Adam,
        optimizer_kwargs: dict[str, Any] | None = None,
        n_critics: int = 2,
        share_features_extractor: bool = False,
        dropout_rate: float = 0.01,
        layer_norm: bool = True,
    ) -> None:
        if not 0.0 <= dropout_rate < 1.0:
            raise ValueError(f"dropout_rate must be in [0, 1), not {dropout_rate}")
        self.dropout_rate = dropout_rate
        self.layer_norm = layer_norm
        is_dict = isinstance(observation_space, spaces.Dict)
        default_extractor = CombinedExtractor if is_dict else FlattenExtractor
        super().__init__(
            observation_space,
            action_space,
            lr_schedule,
            net_arch=net_arch,
            activation_fn=activation_fn,
            use_sde=use_sde,
            log_std_init=log_std_init,
            use_expln=use_expln,
            clip_mean=clip_mean,
            features_extractor_class=features_extractor_class or default_extractor,
            features_extractor_kwargs=features_extractor_kwargs,
            normalize_images=normalize_images,
            optimizer_class=optimizer_class,
            optimizer_kwargs=optimizer_kwargs,
            n_critics=n_critics,
            share_features_extractor=share_features_extractor,
        )

    @override
    def make_critic(
        self, features_extractor: BaseFeaturesExtractor | None = None
    ) -> ContinuousCritic:
        """Return the critics, with their networks replaced by those of DroQ."""
        critic = super().make_critic(features_extractor)
        sizes = get_actor_critic_arch(self.net_arch)[1]
        n_inputs = critic.features_extractor.features_dim + get_action_dim(self.action_space)
        critic.q_networks = [self._make_network(n_inputs, sizes) for _ in critic.q_networks]
        for i, network in enumerate(critic.q_networks):
            critic.add_module(f"qf{i}", network)
        return critic.to(self.device)

    def _make_network(self, n_inputs: int, sizes: Sequence[int]) -> nn.Sequential:
        layers: list[nn.Module] = []
        for size in sizes:
            layers.append(nn.Linear(n_inputs, size))
            if self.dropout_rate > 0.0:
                layers.append(nn.Dropout(self.dropout_rate))
            if self.layer_norm:
                layers.append(nn.LayerNorm(size))
            layers.append(self.activation_fn())
            n_inputs = size
        return nn.Sequential(*layers, nn.Linear(n_inputs, 1))

    def _get_constructor_parameters(self) -> dict[str, Any]:
        own = {"dropout_rate": self.dropout_rate, "layer_norm": self.layer_norm}
        return {**super()._get_constructor_parameters(), **own}

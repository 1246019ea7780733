"""DroQ: SAC whose critics can take many updates per step of the robot.

Hiraoka et al., "Dropout Q-Functions for Doubly Efficient Reinforcement Learning", ICLR 2022:
dropout and layer normalisation in the critics, 20 critic updates per environment step, one actor
update for the last of them, and the mean instead of the smallest critic in the actor's loss.
"""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np
import torch
from stable_baselines3 import SAC
from stable_baselines3.common.buffers import ReplayBuffer
from stable_baselines3.common.noise import ActionNoise
from stable_baselines3.common.policies import BasePolicy
from stable_baselines3.common.type_aliases import GymEnv, ReplayBufferSamples, Schedule
from torch.nn import functional
from typing_extensions import override

from rl_zoo.agents.droq_numpy import NumpyUpdates, can_update
from rl_zoo.agents.droq_policy import DroQPolicy


class DroQ(SAC):
    """SAC with the critics, losses and update rhythm of DroQ.

    Args:
        policy: ``MlpPolicy`` or ``MultiInputPolicy``; ``policy_kwargs`` adds ``dropout_rate`` and
            ``layer_norm`` to those of SAC.
        env: As for SAC.
        learning_rate: Of actor, critics and entropy coefficient.
        buffer_size: Transitions kept.
        learning_starts: Steps before the first update.
        batch_size: Transitions per update.
        tau: Share of the critics in their targets after each update.
        gamma: Discount.
        train_freq: Steps (or episodes) between two blocks of updates.
        gradient_steps: Critic updates in a block: the update-to-data ratio if ``train_freq`` is 1.
        action_noise: As for SAC, like every argument that is not listed here.
        replay_buffer_class: As for SAC.
        replay_buffer_kwargs: As for SAC.
        optimize_memory_usage: As for SAC.
        n_steps: Of the return that critics learn.
        ent_coef: Entropy coefficient; ``auto_0.1`` is learned and starts at 0.1.
        policy_delay: Critic updates per update of the actor and the entropy coefficient.
        target_entropy: As for SAC.
        use_sde: As for SAC.
        sde_sample_freq: As for SAC.
        use_sde_at_warmup: As for SAC.
        stats_window_size: Episodes over which the log averages.
        tensorboard_log: Folder of TensorBoard's files.
        policy_kwargs: Of the policy.
        verbose: As for SAC.
        seed: As for SAC.
        device: Of PyTorch.
        _init_setup_model: Build the networks at once.

    Raises:
        ValueError: If ``policy_delay`` is less than 1.
    """

    policy_aliases: ClassVar[dict[str, type[BasePolicy]]] = {
        "MlpPolicy": DroQPolicy,
        "MultiInputPolicy": DroQPolicy,
    }

    @override  # the signature is that of SB3's algorithms, by which configurations are checked
    def __init__(
        self,
        policy: str | type[DroQPolicy],
        env: GymEnv | str,
        learning_rate: float | Schedule = 3e-4,
        buffer_size: int = 1_000_000,
        learning_starts: int = 5000,
        batch_size: int = 256,
        tau: float = 0.005,
        gamma: float = 0.99,
        train_freq: int | tuple[int, str] = 1,
        gradient_steps: int = 20,
        action_noise: ActionNoise | None = None,
        replay_buffer_class: type[ReplayBuffer] | None = None,
        replay_buffer_kwargs: dict[str, Any] | None = None,
        optimize_memory_usage: bool = False,
        n_steps: int = 1,
        ent_coef: str | float = "auto",
        policy_delay: int = 20,
        target_entropy: str | float = "auto",
        use_sde: bool = False,
        sde_sample_freq: int = -1,
        use_sde_at_warmup: bool = False,
        stats_window_size: int = 100,
        tensorboard_log: str | None = None,
        policy_kwargs: dict[str, Any] | None = None,
        verbose: int = 0,
        seed: int | None = None,
        device: torch.device | str = "auto",
        _init_setup_model: bool = True,
    ) -> None:
        if policy_delay < 1:
            raise ValueError(f"policy_delay must be at least 1, not {policy_delay}")
        self.policy_delay = policy_delay
        self.fast_updates = True  # in numpy, where that computes the same
        self._numpy_updates: NumpyUpdates | None = None
        first = (policy, env, learning_rate, buffer_size, learning_starts, batch_size, tau, gamma)
        super().__init__(
            *first,
            train_freq=train_freq,
            gradient_steps=gradient_steps,
            action_noise=action_noise,
            replay_buffer_class=replay_buffer_class,
            replay_buffer_kwargs=replay_buffer_kwargs,
            optimize_memory_usage=optimize_memory_usage,
            n_steps=n_steps,
            ent_coef=ent_coef,
            target_entropy=target_entropy,
            use_sde=use_sde,
            sde_sample_freq=sde_sample_freq,
            use_sde_at_warmup=use_sde_at_warmup,
            stats_window_size=stats_window_size,
            tensorboard_log=tensorboard_log,
            policy_kwargs=policy_kwargs,
            verbose=verbose,
            seed=seed,
            device=device,
            _init_setup_model=_init_setup_model,
        )

    @override
    def train(self, gradient_steps: int, batch_size: int = 64) -> None:
        """Update the critics ``gradient_steps`` times, the actor every ``policy_delay`` of them."""
        self.policy.set_training_mode(True)
        self.critic_target.set_training_mode(True)  # its dropout is part of the method
        optimizers = [self.actor.optimizer, self.critic.optimizer]
        if self.ent_coef_optimizer is not None:
            optimizers.append(self.ent_coef_optimizer)
        self._update_learning_rate(optimizers)
        updates = self._fast_updates()
        losses: dict[str, list[torch.Tensor]] = {}
        for _ in range(gradient_steps):
            assert self.replay_buffer is not None
            batch = self.replay_buffer.sample(batch_size, env=self._vec_normalize_env)
            if updates is None:
                loss = self._update_critics(batch)
            else:
                loss = updates.update_critics(batch, float(self._entropy_coefficient()))
            losses.setdefault("critic_loss", []).append(loss)
            self._n_updates += 1
            if self._n_updates % self.policy_delay == 0:
                if updates is None:
                    others = self._update_actor(batch)
                else:
                    others = updates.update_actor(batch, float(self._entropy_coefficient()))
                for name, value in others.items():
                    losses.setdefault(name, []).append(value)
        if updates is not None:
            updates.publish()
        self.logger.record("train/n_updates", self._n_updates, exclude="tensorboard")
        self.logger.record("train/ent_coef", float(self._entropy_coefficient()))
        for name, values in losses.items():
            self.logger.record(f"train/{name}", float(np.mean([value.item() for value in values])))

    def _entropy_coefficient(self) -> torch.Tensor:
        if self.log_ent_coef is None:
            return self.ent_coef_tensor
        return torch.exp(self.log_ent_coef.detach())

    def _update_critics(self, batch: ReplayBufferSamples) -> torch.Tensor:
        """Regress both critics on the smaller of the targets; return the loss."""
        discounts = batch.discounts if batch.discounts is not None else self.gamma
        with torch.no_grad():
            if self.use_sde:
                self.actor.reset_noise()
            actions, log_prob = self.actor.action_log_prob(batch.next_observations)
            targets = self.critic_target(batch.next_observations, actions)
            value = torch.min(torch.cat(targets, dim=1), dim=1, keepdim=True).values
            value -= self._entropy_coefficient() * log_prob.reshape(-1, 1)
            wanted = batch.rewards + (1.0 - batch.dones) * discounts * value
        values = torch.cat(self.critic(batch.observations, batch.actions), dim=1)
        # Half the squared error, summed over the critics, as in SAC.
        loss = 0.5 * functional.mse_loss(values, wanted.expand_as(values)) * values.shape[1]
        self.critic.optimizer.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        self.critic.optimizer.step()
        with torch.no_grad():
            torch._foreach_lerp_(
                list(self.critic_target.parameters()), list(self.critic.parameters()), self.tau
            )
        return loss.detach()

    def _update_actor(self, batch: ReplayBufferSamples) -> dict[str, torch.Tensor]:
        """Raise the mean of the critics and the entropy, then correct the entropy coefficient."""
        if self.use_sde:
            self.actor.reset_noise()
        actions, log_prob = self.actor.action_log_prob(batch.observations)
        log_prob = log_prob.reshape(-1, 1)
        values = torch.cat(self.critic(batch.observations, actions), dim=1)
        entropy_term = self._entropy_coefficient() * log_prob
        actor_loss = (entropy_term - values.mean(dim=1, keepdim=True)).mean()
        self.actor.optimizer.zero_grad()
        actor_loss.backward()  # type: ignore[no-untyped-call]
        self.actor.optimizer.step()
        losses = {"actor_loss": actor_loss.detach()}
        if self.ent_coef_optimizer is not None and self.log_ent_coef is not None:
            surplus = log_prob.detach() + float(self.target_entropy)
            entropy_loss = -(self.log_ent_coef * surplus).mean()
            self.ent_coef_optimizer.zero_grad()
            entropy_loss.backward()  # type: ignore[no-untyped-call]
            self.ent_coef_optimizer.step()
            losses["ent_coef_loss"] = entropy_loss.detach()
        return losses

    def _fast_updates(self) -> NumpyUpdates | None:
        """Return the updates in numpy where they compute the same; loading weights renews them."""
        if not self.fast_updates or not can_update(self):
            return None
        if self._numpy_updates is None or not self._numpy_updates.is_current:
            self._numpy_updates = NumpyUpdates(self)
        return self._numpy_updates

    @override
    def _excluded_save_params(self) -> list[str]:
        return [*super()._excluded_save_params(), "_numpy_updates"]

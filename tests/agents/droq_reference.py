"""DroQ written a second time, on plain tensors: what tests/agents/test_droq.py compares with."""

import math

import torch


def normalized(values, weight, bias):
    """Layer normalisation from its definition; the variance is that of the population."""
    mean = values.mean(dim=1, keepdim=True)
    variance = ((values - mean) ** 2).mean(dim=1, keepdim=True)
    return (values - mean) / torch.sqrt(variance + 1e-5) * weight + bias


class Reference:
    """Two hidden layers everywhere, ReLU; random numbers are drawn in the order of the method.

    Args:
        weights: ``agent.policy.state_dict()`` before the first update.
        dropout: Probability of a hidden unit of a critic to be dropped.
        settings: n_critics, gamma, tau, rate, delay, entropy (its first coefficient), target
            (entropy) and reduce (of the critics' values in the actor's loss).
    """

    def __init__(self, weights, dropout, **settings):
        self.dropout = dropout
        self.settings = settings
        self.weights = {name: value.clone() for name, value in weights.items()}
        for name, value in self.weights.items():
            value.requires_grad_(not name.startswith("critic_target."))
        self.log_entropy = torch.tensor([math.log(settings["entropy"])], requires_grad=True)
        self.n_updates = 0
        rate = settings["rate"]
        self.actor_optimizer = torch.optim.Adam(self.part("actor."), lr=rate)
        self.critic_optimizer = torch.optim.Adam(self.part("critic."), lr=rate)
        self.entropy_optimizer = torch.optim.Adam([self.log_entropy], lr=rate)

    def part(self, prefix):
        return [value for name, value in self.weights.items() if name.startswith(prefix)]

    def linear(self, name, values):
        return values @ self.weights[f"{name}.weight"].T + self.weights[f"{name}.bias"]

    def values(self, critic, observations, actions):
        """Return one column per critic; layers are linear, dropout, normalisation, ReLU."""
        first = torch.cat([observations, actions], dim=1)
        n_layers = 4 if self.dropout else 3
        columns = []
        for index in range(self.settings["n_critics"]):
            hidden = first
            for layer in range(2):
                at = f"{critic}.qf{index}.{layer * n_layers}"
                hidden = self.linear(at, hidden)
                if self.dropout:
                    kept = torch.empty_like(hidden).bernoulli_(1 - self.dropout)
                    hidden = hidden * kept / (1 - self.dropout)
                norm = f"{critic}.qf{index}.{layer * n_layers + n_layers - 2}"
                weight, bias = self.weights[f"{norm}.weight"], self.weights[f"{norm}.bias"]
                hidden = normalized(hidden, weight, bias).clamp(min=0)
            columns.append(self.linear(f"{critic}.qf{index}.{2 * n_layers}", hidden))
        return torch.cat(columns, dim=1)

    def act(self, observations):
        """Return actions tanh(x), x normally distributed, and the logarithm of their density."""
        hidden = observations
        for layer in (0, 2):
            hidden = self.linear(f"actor.latent_pi.{layer}", hidden).clamp(min=0)
        mean = self.linear("actor.mu", hidden)
        log_std = self.linear("actor.log_std", hidden).clamp(-20, 2)
        noise = torch.normal(torch.zeros_like(mean), torch.ones_like(mean))
        actions = torch.tanh(mean + log_std.exp() * noise)
        density = -0.5 * noise**2 - log_std - 0.5 * math.log(2 * math.pi)
        return actions, (density - torch.log(1 - actions**2 + 1e-6)).sum(dim=1, keepdim=True)

    def update(self, batch):
        """Do one update of the critics, and of the actor where one is due."""
        self.n_updates += 1
        entropy = self.log_entropy.detach().exp()
        discounts = self.settings["gamma"] if batch.discounts is None else batch.discounts
        with torch.no_grad():
            actions, log_density = self.act(batch.next_observations)
            smallest = self.values("critic_target", batch.next_observations, actions).amin(1, True)
            wanted = batch.rewards + discounts * (1 - batch.dones) * (
                smallest - entropy * log_density
            )
        errors = self.values("critic", batch.observations, batch.actions) - wanted
        self.descend(self.critic_optimizer, 0.5 * (errors**2).mean(dim=0).sum())
        with torch.no_grad():
            tau = self.settings["tau"]
            for target, value in zip(
                self.part("critic_target."), self.part("critic."), strict=True
            ):
                target.copy_((1 - tau) * target + tau * value)
        if self.n_updates % self.settings["delay"] == 0:
            self.update_actor(batch, entropy)

    def update_actor(self, batch, entropy):
        actions, log_density = self.act(batch.observations)
        surplus = (log_density + self.settings["target"]).detach().mean()
        value = self.settings["reduce"](self.values("critic", batch.observations, actions))
        self.descend(self.actor_optimizer, (entropy * log_density - value).mean())
        self.descend(self.entropy_optimizer, (-self.log_entropy * surplus).sum())

    def descend(self, optimizer, loss):
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()

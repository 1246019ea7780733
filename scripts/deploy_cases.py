"""One run of each kind of policy that can be exported: command lines of ``rl_zoo train``."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

SPACES = "Spaces-v0"
PACKAGE = "scripts.deploy_envs"
_NET = "policy_kwargs.net_arch:[64,64]"
_ROLLOUT = ("n_steps:32", "batch_size:16", "n_epochs:2", _NET)
_REPLAY = ("learning_starts:20", "batch_size:16", "buffer_size:200", _NET)
_NORMALIZE = "normalize:{'norm_obs':True,'norm_reward':True}"
_NORMALIZE_DICT = "normalize:{'norm_obs':True,'norm_obs_keys':['joints','phase']}"
_HISTORY = "{'HistoryWrapper':{'horizon':3}}"
_FILTER = "{'ActionFilterWrapper':{'filter':'butterworth','cutoff_frequency':5.0}}"
_SMOOTHING = "{'ActionSmoothingWrapper':{'smoothing_coef':0.6}}"
_RESCALED = "{'gymnasium.wrappers.RescaleAction':{'min_action':-1.0,'max_action':1.0}}"
_BOX_SAFETY = "{'SafetyWrapper':{'limits':{'max_action_change':0.3}}}"

SETTINGS: dict[str, tuple[str, ...]] = {
    "a2c": ("n_steps:16", _NET),
    "ars": ("n_delta:2", "n_top:1"),
    "crossq": _REPLAY,
    "ddpg": _REPLAY,
    "dqn": _REPLAY,
    "droq": _REPLAY,
    "openloop": (),
    "ppo": _ROLLOUT,
    "ppo_lstm": _ROLLOUT,
    "qrdqn": _REPLAY,
    "sac": _REPLAY,
    "td3": _REPLAY,
    "tqc": _REPLAY,
    "trpo": ("n_steps:32", "batch_size:16", _NET),
}
"""Hyperparameters that let an algorithm learn something in a few steps."""


@dataclass(frozen=True)
class Case:
    """One row of the table."""

    algo: str
    variant: str
    """What is special, in words."""
    action: str = "box"
    """Key of ``deploy_envs.ACTIONS``; for another environment: in words."""
    params: tuple[str, ...] = ()
    """After ``-params``, beside ``SETTINGS``; later ones win."""
    observation: str = "vector"
    """Key of ``deploy_envs.OBSERVATIONS``."""
    env: str = SPACES
    n_steps: int = 64
    plain: bool = False
    """Whether only the packaged hyperparameters and ``params`` are used."""

    @property
    def id(self) -> str:
        """Return a name without blanks."""
        return "-".join((self.algo, self.action, self.variant)).replace(" ", "_").replace(",", "")

    def train_command(self, folder: str) -> list[str]:
        """Return the arguments of ``rl_zoo train``; the run goes below ``folder``."""
        policy = "policy:MlpPolicy"
        if "dict" in self.observation:
            policy = "policy:MultiInputPolicy"
        if self.algo == "ars":
            policy = "policy:LinearPolicy"
        elif self.algo == "openloop":
            policy = "policy:OscillatorPolicy"
        elif self.algo == "ppo_lstm":
            policy = "policy:MlpLstmPolicy"
        command = ["--algo", self.algo, "--env", self.env, "-n", str(self.n_steps), "--seed", "1"]
        command += ["-f", folder, "--eval-freq", "-1", "--verbose", "0", "--device", "cpu"]
        params = list(self.params) if self.plain else [policy, *SETTINGS[self.algo], *self.params]
        if self.env == SPACES:
            command += ["--gym-packages", PACKAGE, "--env-kwargs"]
            command += [f"action:'{self.action}'", f"observation:'{self.observation}'"]
        merged = {item.partition(":")[0]: item for item in params}
        return [*command, *(["-params", *merged.values()] if merged else [])]


def _every_action_space() -> Iterator[Case]:
    for algo in ("ppo", "a2c", "trpo", "ppo_lstm"):
        for action in ("box", "discrete", "multi-discrete", "multi-binary"):
            if (algo, action) == ("ppo_lstm", "multi-binary"):
                continue  # sb3_contrib 2.9.2 fails while it learns: the actions are int8
            yield Case(algo, "normalised", action, (_NORMALIZE,))
    for algo in ("sac", "tqc", "td3", "ddpg", "crossq", "droq"):
        yield Case(algo, "plain")
        yield Case(algo, "normalised", params=(_NORMALIZE,))
    for algo in ("dqn", "qrdqn"):
        yield Case(algo, "normalised", "discrete", (_NORMALIZE,))
    yield Case("ars", "linear, normalised", params=(_NORMALIZE,))
    yield Case("ars", "MLP", "discrete", ("policy:MlpPolicy",))
    yield Case("openloop", "oscillators", "unit box", ("control_period:0.02",), n_steps=200)


def _variants() -> Iterator[Case]:
    for algo in ("ppo", "a2c", "sac", "tqc"):
        yield Case(algo, "gSDE", params=("use_sde:True", _NORMALIZE))
    squashed = ("use_sde:True", "policy_kwargs:{'squash_output':True,'net_arch':[64,64]}")
    yield Case("ppo", "gSDE, squashed", params=squashed)
    for observation in ("matrix", "discrete", "multi-discrete", "multi-binary"):
        yield Case("ppo", f"{observation} observation", observation=observation)
    for algo in ("ppo", "sac", "td3"):
        yield Case(algo, "Dict, normalised", params=(_NORMALIZE_DICT,), observation="dict")
    image = ("policy:CnnPolicy",)
    yield Case("ppo", "CNN", params=image, observation="image")
    yield Case("sac", "CNN", params=image, observation="image")
    frames = (*image, "frame_stack:4")
    yield Case("dqn", "CNN, 4 frames", "discrete", frames, "image")
    yield Case("qrdqn", "CNN, 4 frames", "discrete", frames, "image")
    yield Case("ppo", "Dict with image", observation="dict with image")
    yield Case("ppo", "3 frames, normalised", params=("frame_stack:3", _NORMALIZE))
    yield Case("ppo_lstm", "CNN", params=("policy:CnnLstmPolicy",), observation="image")
    yield Case("ppo_lstm", "Dict", params=("policy:MultiInputLstmPolicy",), observation="dict")
    two = "policy_kwargs:{'n_lstm_layers':2,'enable_critic_lstm':False,'shared_lstm':True}"
    yield Case("ppo_lstm", "2 shared layers", params=(two,))


def _layers() -> Iterator[Case]:
    pendulum: dict[str, Any] = {"env": "Pendulum-v1", "action": "torque"}
    for name, wrapper in (
        ("history", _HISTORY),
        ("action filter", "{'ActionFilterWrapper':{'filter':'exponential','dt':0.05}}"),
        ("smoothing", _SMOOTHING),
        ("box safety", _BOX_SAFETY),
        ("rescaled", _RESCALED),
    ):
        yield Case("sac", name, params=(f"env_wrapper:[{wrapper}]",), **pendulum)
    both = ",".join((_BOX_SAFETY, _SMOOTHING, _HISTORY))
    yield Case("tqc", "safety, smoothing, history", params=(f"env_wrapper:[{both}]",), **pendulum)
    flat = ("env_wrapper:['gymnasium.wrappers.FlattenObservation']", "policy:MlpPolicy")
    yield Case("sac", "flattened Dict", params=flat, observation="dict")


def _robots() -> Iterator[Case]:
    quick = ("learning_starts:50", "buffer_size:500")
    bert: dict[str, Any] = {"n_steps": 100, "plain": True, "action": "8 joints"}
    yield Case("droq", "Bert-v0, guard", params=quick, env="Bert-v0", **bert)
    yield Case("droq", "Bert-CPG-v0, guard, oscillators", params=quick, env="Bert-CPG-v0", **bert)
    stack = f"env_wrapper:['SafetyWrapper',{_FILTER},{_HISTORY}]"
    name = "Bert-v0, guard, filter, history"
    yield Case("sac", name, params=(*quick, stack), env="Bert-v0", **bert)
    yield Case("openloop", "Bert-v0", env="Bert-v0", action="8 joints", n_steps=200, plain=True)


CASES: Sequence[Case] = (*_every_action_space(), *_variants(), *_layers(), *_robots())

"""Which runs can act and learn in two processes, said before anything is started."""

from __future__ import annotations

from collections.abc import Iterator

from rl_zoo.agents.jax.library import check_installed
from rl_zoo.config.jax_parameters import check_without_jax
from rl_zoo.errors import ConfigError
from rl_zoo.train_options import TrainOptions

ALGORITHMS = frozenset({"crossq", "ddpg", "droq", "sac", "td3", "tqc"})
"""Those whose policy the actor knows how to compute."""
_POLICIES = ("MlpPolicy", "SimbaPolicy", "SimbaMlpPolicy")


def what_does_not_fit(options: TrainOptions) -> list[str]:
    """Return one phrase per part of the run that ``--realtime`` cannot do; without torch."""
    return [*_of_the_configuration(options), *_of_the_flags(options)]


def require_fit(options: TrainOptions) -> None:
    """Refuse what actor and learner cannot do.

    Raises:
        ConfigError: Naming all of it.
        MissingDependencyError: If ``--backend jax`` lacks its library.
    """
    if options.backend == "jax":
        check_installed(options.config.algo)
    elif options.resume is None:  # else it is the run's
        check_without_jax(options.config)
    parts = what_does_not_fit(options)
    if parts:
        raise ConfigError(f"--realtime does not go with {'; '.join(parts)}; train with --lockstep")


def _of_the_configuration(options: TrainOptions) -> Iterator[str]:
    config = options.config
    if config.algo not in ALGORITHMS:
        yield f"{config.algo} (possible: {', '.join(sorted(ALGORITHMS))})"
        return  # its keywords mean something else
    if config.n_envs > 1:
        yield f"n_envs: {config.n_envs} (one environment acts in real time)"
    if config.policy not in _POLICIES:
        yield f"policy: {config.policy} (possible: MlpPolicy)"
    if config.frame_stack is not None:
        yield "frame_stack (use an env_wrapper that keeps a history)"
    yield from (f"vec_env_wrapper {item.name}" for item in config.vec_env_wrappers)
    for item in config.callbacks:
        yield f"callback {item.name} (it would see no step: those are taken by another process)"
    keywords = config.algo_kwargs
    if keywords.get("replay_buffer_class") or keywords.get("replay_buffer_kwargs"):
        yield "replay_buffer_class (the ring is the buffer: n_steps works, HER does not)"
    if keywords.get("features_extractor_class"):
        yield "features_extractor_class"
    if keywords.get("use_sde") and options.backend == "jax":
        yield "use_sde of SBX (noise that is repeated)"
    if keywords.get("optimize_memory_usage"):
        yield "optimize_memory_usage (the ring is a file already)"


def _of_the_flags(options: TrainOptions) -> Iterator[str]:
    if options.keep_buffer not in (None, "none"):
        yield f"--keep-buffer {options.keep_buffer} (the ring holds this run's own transitions)"

"""The open-loop baseline: a periodic pattern of the joints, found by black-box search.

Raffin et al., "An Open-Loop Baseline for Reinforcement Learning Locomotion Tasks", RLJ 2024. The
fitness of a candidate is the return of its episodes as Monitor counts it.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, ClassVar

import numpy as np
import torch
from gymnasium import spaces
from numpy.typing import NDArray
from stable_baselines3.common.base_class import BaseAlgorithm
from stable_baselines3.common.callbacks import BaseCallback
from stable_baselines3.common.policies import BasePolicy
from stable_baselines3.common.type_aliases import GymEnv, MaybeCallback
from stable_baselines3.common.utils import safe_mean
from stable_baselines3.common.vec_env import VecEnv
from typing_extensions import override

from rl_zoo import console
from rl_zoo.agents.open_loop_choice import Contenders, FinalChoice
from rl_zoo.agents.open_loop_episodes import EpisodeQueue, PatternEpisode
from rl_zoo.agents.open_loop_policy import OscillatorPolicy
from rl_zoo.agents.open_loop_search import PatternSearch, SearchSettings
from rl_zoo.agents.open_loop_space import PatternSpace, SearchBox
from rl_zoo.motion.oscillator import JointPattern
from rl_zoo.motion.pattern_file import PATTERN_FILE, pattern_text, read_pattern

FloatArray = NDArray[np.float64]


class OpenLoop(BaseAlgorithm):
    """Search for a joint pattern by CMA-ES; then choose among the best candidates by new episodes.

    A candidate's fitness is one lucky number among many, so at the end of the budget the
    ``n_top`` best candidates, the mean of the search and a pattern from which it started are run
    again, and the best mean decides. Until then the policy is the best candidate of the last
    generation.

    Learning from a policy that is trained already (``-i``), or with an ``initial_pattern``, starts
    at its pattern with ``warm_sigma``.

    Args:
        policy: ``OscillatorPolicy``.
        env: Environments whose action is a joint position, in a Box of one dimension.
        frequency_range: Smallest and largest swing and stance frequency, Hz.
        amplitude_range: ``[low, high]`` in units of the action, or one pair per joint.
        offset_range: Likewise.
        gait: Ties the legs to each other: a name (``trot``), the lead of each leg in cycles, or
            ``free`` to search for the leads.
        legs: Joints of each leg; None asks the environment's robot.
        sigma: First standard deviation, in parts of the box.
        warm_sigma: The same when starting from a pattern.
        population_size: Candidates per generation; None: 4 + 3 ln(number of parameters).
        n_eval_episodes: Episodes per candidate.
        random_start_phase: Start episodes anywhere in the cycle while searching.
        initial_pattern: Pattern, run folder or file to start from.
        n_top: Candidates that are run again.
        n_top_episodes: Episodes of each of them; the rest of the budget is used for them.
        control_period: Duration of a step in s; None asks the environment.
        policy_kwargs: None.
        stats_window_size: Episodes over which the log averages.
        tensorboard_log: Folder of TensorBoard's files.
        verbose: As for the algorithms of SB3.
        seed: Decides the candidates.
        device: The policy is always on the CPU.
        _init_setup_model: Build the policy at once.

    Raises:
        ConfigError: If the configuration does not fit the environment.
    """

    policy_aliases: ClassVar[dict[str, type[BasePolicy]]] = {"OscillatorPolicy": OscillatorPolicy}

    @override  # the signature is that of SB3's algorithms, by which configurations are checked
    def __init__(
        self,
        policy: str | type[BasePolicy],
        env: GymEnv | str | None,
        frequency_range: Iterable[float] = (0.4, 4.0),
        amplitude_range: Any = None,
        offset_range: Any = None,
        gait: str | Iterable[float] | None = None,
        legs: Iterable[Iterable[int]] | None = None,
        sigma: float = 1.0 / 6.0,
        warm_sigma: float = 0.05,
        population_size: int | None = None,
        n_eval_episodes: int = 1,
        random_start_phase: bool = False,
        initial_pattern: str | Mapping[str, Any] | None = None,
        n_top: int = 5,
        n_top_episodes: int = 5,
        control_period: float | None = None,
        policy_kwargs: dict[str, Any] | None = None,
        stats_window_size: int = 100,
        tensorboard_log: str | None = None,
        verbose: int = 0,
        seed: int | None = None,
        device: torch.device | str = "cpu",
        _init_setup_model: bool = True,
    ) -> None:
        super().__init__(
            policy,
            env,
            learning_rate=0.0,
            policy_kwargs=policy_kwargs,
            stats_window_size=stats_window_size,
            tensorboard_log=tensorboard_log,
            verbose=verbose,
            device="cpu",
            support_multi_env=True,
            seed=seed,
            supported_action_spaces=(spaces.Box,),
        )
        self.box = SearchBox(tuple(frequency_range), amplitude_range, offset_range, gait, legs)
        self.sigma, self.warm_sigma = sigma, warm_sigma
        self.population_size = population_size
        self.n_eval_episodes = n_eval_episodes
        self.random_start_phase = random_start_phase
        self.initial_pattern = None if initial_pattern is None else read_pattern(initial_pattern)
        self.n_top, self.n_top_episodes = n_top, n_top_episodes
        self.control_period = control_period
        self.search_state = torch.zeros(0, dtype=torch.uint8)
        self._search: PatternSearch | None = None
        self._space: PatternSpace | None = None
        if _init_setup_model:
            self._setup_model()

    def _setup_model(self) -> None:
        self.set_random_seed(self.seed)
        if len(self.action_space.shape or ()) != 1:
            raise ValueError(f"needs an action of one dimension, not {self.action_space}")
        self.policy = self.policy_class(
            self.observation_space, self.action_space, **self.policy_kwargs
        )
        pattern = self.initial_pattern
        if self.env is not None:
            space = self._space_from(pattern)
            self._oscillators.control_period = self._period()
            if pattern is None:
                pattern = space.decode(np.full(space.dimension, 0.5))
        if pattern is not None:
            self._oscillators.pattern = pattern
        self._oscillators.is_trained = self.initial_pattern is not None

    @property
    def pattern(self) -> JointPattern:
        """What the joints do."""
        return self._oscillators.pattern

    @override
    def learn(
        self,
        total_timesteps: int,
        callback: MaybeCallback = None,
        log_interval: int | None = 1,
        tb_log_name: str = "OpenLoop",
        reset_num_timesteps: bool = True,
        progress_bar: bool = False,
    ) -> OpenLoop:
        """Search until the budget is used, the choice of the policy included.

        Args:
            total_timesteps: Steps of the environments.
            callback: Called at every step.
            log_interval: Generations between two log lines; None: none.
            tb_log_name: Name of the run in TensorBoard.
            reset_num_timesteps: False continues the search where it was.
            progress_bar: Show one.
        """
        total, callback = self._setup_learn(
            total_timesteps, callback, reset_num_timesteps, tb_log_name, progress_bar
        )
        callback.on_training_start(locals(), globals())
        self._begin_search(anew=reset_num_timesteps)
        while self.num_timesteps < total:
            self._update_current_progress_remaining(self.num_timesteps, total)
            if not self._do_one_update(callback):
                break
            if log_interval is not None and self._n_updates % log_interval == 0:
                self.dump_logs()
        callback.on_training_end()
        return self

    def dump_logs(self) -> None:
        """Write a log line."""
        elapsed = max((time.time_ns() - self.start_time) / 1e9, sys.float_info.epsilon)
        fps = int((self.num_timesteps - self._num_timesteps_at_start) / elapsed)
        if self.ep_info_buffer:
            for key, name in (("r", "ep_rew_mean"), ("l", "ep_len_mean")):
                mean = safe_mean([info[key] for info in self.ep_info_buffer])
                self.logger.record(f"rollout/{name}", mean)
        self.logger.record("time/fps", fps)
        self.logger.record("time/time_elapsed", int(elapsed), exclude="tensorboard")
        self.logger.record("time/total_timesteps", self.num_timesteps, exclude="tensorboard")
        self.logger.dump(step=self.num_timesteps)

    @override
    def save(self, path: Any, exclude: Any = None, include: Any = None) -> None:
        """Save as SB3 does, with the state of the search as text."""
        if self._search is not None and self._space is not None:
            start = None if self._space.start is None else self._space.start.to_dict()
            text = json.dumps({"start": start, **self._search.state()})
            self.search_state = torch.tensor(list(text.encode()), dtype=torch.uint8)
        super().save(path, exclude, include)

    @override
    def set_parameters(self, *args: Any, **kwargs: Any) -> None:
        """Load as SB3 does; a pattern is in Hz, so the environment's own period stays."""
        super().set_parameters(*args, **kwargs)
        if self.env is not None:
            self._oscillators.control_period = self._period()

    def companion_files(self) -> dict[str, str]:
        """Return what belongs beside the final model: name and content."""
        return {PATTERN_FILE: pattern_text(self.pattern)}

    def _get_torch_save_params(self) -> tuple[list[str], list[str]]:
        return ["policy"], ["search_state"]

    def _excluded_save_params(self) -> list[str]:
        return [*super()._excluded_save_params(), "_search", "_space"]

    def _begin_search(self, *, anew: bool) -> None:
        """Make the search: the one in ``search_state``, or a new one from the policy's pattern."""
        if not anew and self._search is not None:
            return
        state: dict[str, Any] = {}
        if not anew and len(self.search_state):
            state = json.loads(bytes(self.search_state.tolist()))
        start = self.pattern if self._oscillators.is_trained else None
        if state:
            start = None if state["start"] is None else JointPattern.from_dict(state["start"])
        space = self._space = self._space_from(start)
        seed = self.seed if self.seed is not None else np.random.SeedSequence().entropy
        settings = SearchSettings(
            start=np.full(space.dimension, 0.5) if start is None else space.encode(start),
            sigma=self.sigma if start is None else self.warm_sigma,
            seed=state.get("seed", int(seed) % 2**32),  # type: ignore[arg-type]
            population_size=self.population_size,
            n_episodes=self.n_eval_episodes,
            n_top=self.n_top,
        )
        if state:
            self._search = PatternSearch.from_state(settings, state)
            return
        self._search = PatternSearch(settings)
        self._oscillators.pattern = space.decode(settings.start)

    def _do_one_update(self, callback: BaseCallback) -> bool:
        """Run a generation, or make the final choice; the state between two calls is complete."""
        self._n_updates += 1
        if self._must_choose():
            return self._choose(callback)
        search, space = self._parts()
        candidates = search.ask()
        patterns = [space.decode(point) for point in candidates]
        starts = search.start_fractions()
        callback.on_rollout_start()
        if not self._evaluate(callback, patterns, search.results, starts):
            return False
        callback.on_rollout_end()
        values = search.results.mean(axis=1)
        search.tell(candidates)
        self._oscillators.pattern = patterns[int(np.argmax(values))]
        self._oscillators.is_trained = True
        self.logger.record("search/generation", search.n_generations)
        self.logger.record("search/sigma", search.sigma)
        self.logger.record("search/restarts", search.n_restarts)
        self.logger.record("search/best_trial", search.top[0][0])
        self.logger.record("search/population_best", float(values.max()))
        self.logger.record("search/population_mean", float(values.mean()))
        return True

    def _must_choose(self) -> bool:
        """Say whether the rest of the budget is needed to run the best candidates again."""
        search, space = self._parts()
        longest = max((info["l"] for info in self.ep_info_buffer or ()), default=0)
        needed = len(Contenders.of(search, space).patterns) * self.n_top_episodes * longest
        generation = search.results.size * longest
        left = self._total_timesteps - self.num_timesteps
        return bool(search.top) and left <= min(needed, self._total_timesteps / 4) + generation

    def _choose(self, callback: BaseCallback) -> bool:
        """Run the contenders in turn until the budget is used and keep the best of them."""
        search, space = self._parts()
        contenders = Contenders.of(search, space)
        returns = np.zeros((len(contenders.patterns), 0))
        generator = np.random.default_rng([search.settings.seed, search.n_generations])
        callback.on_rollout_start()
        while returns.shape[1] == 0 or self.num_timesteps < self._total_timesteps:
            results = np.full((len(contenders.patterns), 1), np.nan)
            starts = generator.uniform(size=1)
            if not self._evaluate(callback, contenders.patterns, results, starts):
                return False
            returns = np.concatenate([returns, results], axis=1)
        callback.on_rollout_end()
        choice = FinalChoice(contenders, returns)
        self._oscillators.pattern = choice.pattern
        for key, value in choice.log_values().items():
            self.logger.record(f"search/{key}", value)
        if self.verbose > 0:
            console.message(str(choice))
        return True

    def _evaluate(
        self,
        callback: BaseCallback,
        patterns: Sequence[JointPattern],
        results: FloatArray,
        starts: FloatArray,
    ) -> bool:
        """Fill what is missing in ``results``; False: a callback asked to stop.

        Args:
            callback: Called at every step.
            patterns: The candidates.
            results: Returns, NaN where missing. Shape: (n_candidates, n_episodes).
            starts: Where in the cycle episodes begin, in [0, 1). Shape: (n_episodes,).
        """
        env: VecEnv = self.env  # type: ignore[assignment]
        if not self.random_start_phase:
            starts = np.zeros_like(starts)
        episodes = [
            PatternEpisode(int(candidate), int(number), patterns[candidate], float(starts[number]))
            for candidate, number in np.argwhere(np.isnan(results))
        ]
        if not episodes:
            return True
        if env.num_envs > 1:  # they are not at the same place in their episodes
            self._last_obs = env.reset()  # type: ignore[assignment]
        queue = EpisodeQueue(
            episodes, env.num_envs, self.action_space, self._oscillators.control_period
        )
        while queue.is_busy:
            new_obs, rewards, dones, infos = env.step(queue.actions())
            self.num_timesteps += env.num_envs
            self._last_obs, self._last_episode_starts = new_obs, dones  # type: ignore[assignment]
            self._update_info_buffer(infos, dones)
            for episode, value in queue.finish(dones, infos):
                results[episode.candidate, episode.number] = value
            callback.update_locals(
                {"new_obs": new_obs, "rewards": rewards, "dones": dones, "infos": infos}
            )
            if not callback.on_step():
                return False
        return True

    @property
    def _oscillators(self) -> OscillatorPolicy:
        policy: Any = self.policy
        return policy  # type: ignore[no-any-return]

    def _parts(self) -> tuple[PatternSearch, PatternSpace]:
        assert self._search is not None
        assert self._space is not None
        return self._search, self._space

    def _space_from(self, start: JointPattern | None) -> PatternSpace:
        env, legs = self.env, None
        if env is not None and env.has_attr("robot_spec"):
            spec = env.get_attr("robot_spec", 0)[0]
            legs = tuple(tuple(spec.leg_indices(leg)) for leg in spec.legs)
        return self.box.space(self.action_space, legs, start)  # type: ignore[arg-type]

    def _period(self) -> float:
        """Return the duration of a step in s: as configured, else as the environment says."""
        if self.control_period is not None:
            return self.control_period
        env = self.env
        if env is None or not env.has_attr("dt"):
            raise ValueError(
                "the environment does not say how long a step takes (attribute dt); add "
                "control_period in s"
            )
        return float(env.get_attr("dt", 0)[0])

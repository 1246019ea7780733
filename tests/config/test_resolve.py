"""From file, trial and flags to a RunConfig; every mistake is answered, all at once."""

from pathlib import Path

import pytest

from rl_zoo.config.model import ActionNoise, Component, Normalize, Schedule, Symbol
from rl_zoo.config.resolve import ConfigRequest, resolve
from rl_zoo.errors import ConfigError

BASE = {"policy": "MlpPolicy", "n_timesteps": 1000}
KNOWN = {"env_wrapper": ["FrameSkip", "HistoryWrapper"], "callback": ["RawStatisticsCallback"]}


@pytest.fixture
def run(tmp_path):
    """Resolve an entry written as YAML text under ``Env-v0`` of a file."""

    def resolve_entry(yaml_text: str, algo: str = "sac", **request):
        path = tmp_path / "mine.yml"
        path.write_text(f"Env-v0:\n  policy: MlpPolicy\n  n_timesteps: 1000\n{yaml_text}")
        return resolve(ConfigRequest(algo, "Env-v0", path, known_components=KNOWN, **request))

    return resolve_entry


@pytest.fixture
def problems_of(run):
    def problems(yaml_text: str = "", algo: str = "sac", **request) -> list[str]:
        with pytest.raises(ConfigError) as caught:
            run(yaml_text, algo, **request)
        assert str(caught.value) == "\n".join(caught.value.problems)
        return [text.replace("\n", "|") for text in caught.value.problems]

    return problems


class TestValues:
    def test_every_kind_of_key(self, run):
        config = run(
            """
  n_envs: 1
  normalize: {norm_reward: false, clip_obs: 5}
  frame_stack: 1
  noise_type: normal
  noise_std: 0.1
  learning_rate: lin_7.3e-4
  buffer_size: 1e5
  train_freq: [1, "episode"]
  gradient_steps: -1
  gamma: 1e-1
  ent_coef: auto_0.1
  env_kwargs: {task: walk, shape: [1, 2]}
  eval_env_kwargs: {task: stand}
  monitor_kwargs: dict(info_keywords=("is_success",))
  policy_kwargs: "dict(log_std_init=-3, activation_fn=nn.ReLU, net_arch=[64, 64])"
  env_wrapper:
    - rl_zoo3.wrappers.FrameSkip: {skip: 2}
    - HistoryWrapper
    - gymnasium.wrappers.time_limit.TimeLimit:
        max_episode_steps: 500
  callback: rl_zoo3.callbacks.RawStatisticsCallback
  vec_env_wrapper: my_package.module:VecThing
"""
        )
        assert config.n_timesteps == 1000
        assert config.normalize == Normalize(norm_reward=False, clip_obs=5.0)
        assert config.frame_stack == 1
        assert config.action_noise == ActionNoise("normal", 0.1)
        assert config.algo_kwargs == {
            "learning_rate": Schedule("linear", 7.3e-4),
            "buffer_size": 100_000,
            "train_freq": (1, "episode"),
            "gradient_steps": -1,
            "gamma": 0.1,
            "ent_coef": "auto_0.1",
            "policy_kwargs": {
                "log_std_init": -3.0,
                "activation_fn": Symbol("torch.nn:ReLU"),
                "net_arch": [64, 64],
            },
        }
        assert type(config.algo_kwargs["buffer_size"]) is int
        assert config.env_kwargs == {"task": "walk", "shape": [1, 2]}
        assert config.eval_env_kwargs == {"task": "stand"}
        assert config.monitor_kwargs == {"info_keywords": ("is_success",)}
        assert config.env_wrappers == (
            Component("FrameSkip", {"skip": 2}),
            Component("HistoryWrapper"),
            Component("gymnasium.wrappers.TimeLimit", {"max_episode_steps": 500}),
        )
        assert config.callbacks == (Component("RawStatisticsCallback"),)
        assert config.vec_env_wrappers == (Component("my_package.module:VecThing"),)

    @pytest.mark.parametrize("algo", ["ppo", "ars"])
    @pytest.mark.parametrize("key", ["learning_rate", "clip_range", "clip_range_vf", "delta_std"])
    @pytest.mark.parametrize(
        ("text", "schedule"),
        [
            ("lin_0.2", Schedule("linear", 0.2)),
            ("cos_0.2", Schedule("cosine", 0.2)),
            ("exp_0.2", Schedule("exponential", 0.2, 0.002)),
            (
                "{schedule: linear, start: 0.2, end: 0.1, end_fraction: 0.5}",
                Schedule("linear", 0.2, 0.1, 0.5),
            ),
            ("0.2", 0.2),
        ],
    )
    def test_schedules(self, run, algo, key, text, schedule):
        if key == "learning_rate" or (key == "delta_std") == (algo == "ars"):
            assert run(f"  {key}: {text}\n", algo).algo_kwargs[key] == schedule

    @pytest.mark.parametrize(
        ("text", "normalize"),
        [
            ("true", Normalize()),
            ("false", None),
            ("null", None),
            ("dict(norm_obs=True, norm_reward=False)", Normalize(norm_reward=False)),
            ("\"{'norm_obs': False, 'norm_reward': True}\"", Normalize(norm_obs=False)),
            ("{gamma: 0.9}", Normalize(gamma=0.9)),
            ("{norm_obs_keys: [a, b]}", Normalize(norm_obs_keys=("a", "b"))),
        ],
    )
    def test_normalize(self, run, text, normalize):
        assert run(f"  normalize: {text}\n").normalize == normalize

    @pytest.mark.parametrize("word", ["nn.Tanh", "Tanh", "tanh", "torch.nn.Tanh"])
    def test_names_of_an_activation(self, run, word):
        config = run(f"  policy_kwargs: {{activation_fn: {word}}}\n")
        assert config.algo_kwargs["policy_kwargs"]["activation_fn"] == Symbol("torch.nn:Tanh")

    def test_own_policy_takes_any_keyword(self, run):
        config = run("  policy_kwargs: {my_layers: 3}\n", params=["policy:my.module.Policy"])
        assert config.policy == "my.module.Policy"
        assert config.algo_kwargs["policy_kwargs"] == {"my_layers": 3}

    def test_explicitly_empty_keys_are_absent(self, run):
        text = "".join(f"  {key}: null\n" for key in ("normalize", "env_wrapper", "callback"))
        config = run(text + "  noise_type: null\n  noise_std: 0.1\n", algo="td3")
        assert config.action_noise is None
        assert config.env_wrappers == config.callbacks == ()

    def test_algorithm_of_a_plugin_is_unchecked(self, run):
        config = run(
            "  utd: 20\n  learning_rate: lin_0.1\n  policy_kwargs: {activation_fn: relu, x: 1}\n",
            algo="redq",
            known_algorithms=["redq"],
        )
        assert config.algo_kwargs == {
            "utd": 20,
            "learning_rate": Schedule("linear", 0.1),
            "policy_kwargs": {"activation_fn": Symbol("torch.nn:ReLU"), "x": 1},
        }


class TestLayers:
    def test_later_layers_win(self, run):
        config = run(
            "  gamma: 0.9\n  tau: 0.1\n  batch_size: 1\n",
            trial={"tau": 0.2, "batch_size": 2},
            params=["batch_size:3", "batch_size:4"],
            n_timesteps=77,
        )
        assert config.algo_kwargs == {"gamma": 0.9, "tau": 0.2, "batch_size": 4}
        assert config.n_timesteps == config.hyperparams["n_timesteps"] == 77
        assert config.origins["batch_size"] == "-params"
        assert config.origins["tau"] == "trial"
        assert config.origins["gamma"].endswith("mine.yml: Env-v0")
        assert config.origins["n_timesteps"] == "-n"

    @pytest.mark.parametrize(
        "entry",
        [
            "{net_arch: [400, 300], log_std_init: -3}",
            '"dict(net_arch=[400, 300], log_std_init=-3)"',
        ],
    )
    @pytest.mark.parametrize(
        "params",
        [
            ["policy_kwargs.net_arch:[64, 64]"],
            ["policy_kwargs:dict(net_arch=[64, 64])"],
            ["policy_kwargs:{'net_arch': [64, 64]}"],
        ],
    )
    def test_nested_values_merge(self, run, entry, params):
        config = run(f"  policy_kwargs: {entry}\n", params=params)
        assert config.algo_kwargs["policy_kwargs"] == {"net_arch": [64, 64], "log_std_init": -3}
        assert config.origins["policy_kwargs.net_arch"] == "-params"
        assert config.origins["policy_kwargs.log_std_init"].endswith(": Env-v0")

    def test_trial_merges_into_policy_kwargs(self, run):
        config = run(
            "  policy_kwargs: {use_expln: true}\n", trial={"policy_kwargs": {"n_critics": 1}}
        )
        assert config.algo_kwargs["policy_kwargs"] == {"use_expln": True, "n_critics": 1}

    def test_part_of_normalize(self, run):
        config = run("  normalize: true\n", params=["normalize.norm_reward:False"])
        assert config.normalize == Normalize(norm_reward=False)

    def test_part_of_a_schedule(self, run):
        config = run("  learning_rate: lin_0.1\n", params=["learning_rate.end:0.01"])
        assert config.algo_kwargs["learning_rate"] == Schedule("linear", 0.1, 0.01)

    def test_env_kwargs_merge(self, run):
        config = run(
            "  env_kwargs: {task: walk, speed: 1.0}\n  eval_env_kwargs: {speed: 2.0}\n",
            env_kwargs=["speed:0.5", "url:http://host:80"],
            eval_env_kwargs=["task:stand"],
        )
        assert config.env_kwargs == {"task": "walk", "speed": 0.5, "url": "http://host:80"}
        assert config.eval_env_kwargs == {"speed": 2.0, "task": "stand"}
        assert config.origins["env_kwargs.speed"] == "--env-kwargs"

    def test_entry_of_the_file_is_not_changed_by_another_run(self, tmp_path):
        path = tmp_path / "f.yml"
        path.write_text("A-v0: &a {policy: MlpPolicy, n_timesteps: 5}\nB-v0: *a\n")
        resolve(ConfigRequest("sac", "A-v0", path, params=["gamma:0.5"]))
        assert "gamma" not in resolve(ConfigRequest("sac", "B-v0", path)).algo_kwargs


class TestMistakes:
    @pytest.mark.parametrize(
        ("entry", "place", "sentence"),
        [
            ("gama: 0.9", "gama", "sac has no hyperparameter 'gama'; did you mean 'gamma'?"),
            ("n_env: 2", "n_env", "sac has no hyperparameter 'n_env'; did you mean 'n_envs'?"),
            ("gamma: 5.0", "gamma", "must be in (0, 1], not 5"),
            ("gamma: abc", "gamma", "must be a number, not 'abc' (text)"),
            (
                "gamma: '0.9'",
                "gamma",
                "must be a number, not '0.9' (text); write it without quotes",
            ),
            ("gamma: true", "gamma", "must be a number, not True (a boolean)"),
            ("gamma: .nan", "gamma", "must be finite, not nan"),
            ("gamma: null", "gamma", "must be a number, not empty"),
            ("gamma: lin_0.9", "gamma", "must be a number, not 'lin_0.9' (text)"),
            ("batch_size: 0", "batch_size", "must be at least 1, not 0"),
            ("batch_size: 1.5", "batch_size", "must be a whole number, not 1.5 (a number)"),
            (f"batch_size: {10**400}", "batch_size", "is larger than a 64-bit number"),
            (f"gamma: {10**400}", "gamma", "is larger than a 64-bit number"),
            ("gamma: 1e400", "gamma", "must be finite, not inf"),
            ("tau: 0", "tau", "must be in (0, 1], not 0"),
            (
                "use_sde: 'False'",
                "use_sde",
                "must be true or false, not 'False' (text); write it without quotes",
            ),
            ("use_sde: 1", "use_sde", "must be true or false, not 1 (a number)"),
            ("learning_rate: lni_0.1", "learning_rate", "unknown schedule 'lni_0.1'; did you mean"),
            ("learning_rate: -1e-3", "learning_rate", "must be at least 0, not -0.001"),
            ("ent_coef: autoo", "ent_coef", "must be a number or 'auto', not 'autoo' (text)"),
            ("ent_coef: auto_x", "ent_coef", "'auto_x' must be auto or auto_<number>"),
            ("train_freq: [1, epsode]", "train_freq", "must be a number of steps or [n, "),
            ("gradient_steps: -2", "gradient_steps", "must be at least -1, not -2"),
            ("seed: 3", "seed", "is not a hyperparameter; use --seed"),
            ("device: cpu", "device", "is not a hyperparameter; use --device"),
            ("env: X-v0", "env", "is not a hyperparameter; use --env"),
            ("action_noise: 1", "action_noise", "is not a hyperparameter; use noise_type"),
            (
                "net_arch: [64]",
                "net_arch",
                "belongs into policy_kwargs; write policy_kwargs.net_arch",
            ),
            ("policy_kwargs: {net_arc: [1]}", "policy_kwargs.net_arc", "did you mean 'net_arch'?"),
            ("policy_kwargs: {ortho_init: true}", "policy_kwargs.ortho_init", "unknown name in"),
            ("policy_kwargs: {net_arch: 64}", "policy_kwargs.net_arch", "must be a list of layer"),
            ("policy_kwargs: {net_arch: [0]}", "policy_kwargs.net_arch", "must be a list of layer"),
            (
                "policy_kwargs: {net_arch: {vf: [64]}}",
                "policy_kwargs.net_arch.vf",
                "unknown part of the network",
            ),
            (
                "policy_kwargs: {activation_fn: relo}",
                "policy_kwargs.activation_fn",
                "unknown class 'relo'; did you mean 'nn.ReLU'?",
            ),
            (
                "policy_kwargs: dict(activation_fn=nn.RelU)",
                "policy_kwargs",
                "unknown name 'nn.RelU'; did you mean 'nn.ReLU'?",
            ),
            ("policy_kwargs: dict(net_arch=[1", "policy_kwargs", "was never closed"),
            ("policy_kwargs: [1]", "policy_kwargs", "must be a mapping such as"),
            ("policy_kwargs: open('x')", "policy_kwargs", "is not a value; only literals"),
            (
                "replay_buffer_class: HerReplayBuffer\n"
                "  replay_buffer_kwargs: {n_sampled_goals: 4}",
                "replay_buffer_kwargs.n_sampled_goals",
                "did you mean 'n_sampled_goal'?",
            ),
            ("replay_buffer_class: HerBuffer", "replay_buffer_class", "unknown class 'HerBuffer'"),
            ("normalize: 'True'", "normalize", "write it without quotes"),
            ("normalize: {norm_rew: true}", "normalize.norm_rew", "did you mean 'norm_reward'?"),
            ("normalize: {norm_obs: 1}", "normalize.norm_obs", "must be true or false"),
            (
                "monitor_kwargs: {info_keyword: []}",
                "monitor_kwargs.info_keyword",
                "did you mean 'info_keywords'?",
            ),
            ("noise_type: norml\n  noise_std: 0.1", "noise_type", "did you mean 'normal'?"),
            ("noise_type: normal", "noise_type", "needs noise_std"),
            ("noise_std: 0.1", "noise_std", "has no effect without noise_type"),
            ("frame_stack: 0", "frame_stack", "must be at least 1"),
            ("env_wrapper: FramSkip", "env_wrapper", "unknown wrapper 'FramSkip'; did you mean"),
            (
                "env_wrapper: rl_zoo3.wrappers.FramSkip",
                "env_wrapper",
                "unknown wrapper 'FramSkip'; did you mean 'FrameSkip'?",
            ),
            ("callback: RawStatistics", "callback", "unknown callback 'RawStatistics'; did you"),
            (
                "env_wrapper: [{FrameSkip: {skip: 2}, HistoryWrapper: {}}]",
                "env_wrapper",
                "one list item must hold one name, not 2",
            ),
            ("env_wrapper: [{FrameSkip: 2}]", "env_wrapper.FrameSkip", "must be a mapping, not 2"),
            ("env_wrapper: [3]", "env_wrapper", "must be a name or {name: arguments}"),
            ("env_wrapper: [a b]", "env_wrapper", "'a b' is not a name or path"),
            (
                "train_freq: [1, episode]\n  n_envs: 2",
                "train_freq",
                "counts episodes, which needs n_envs: 1",
            ),
            ("optimize_memory_usage: true", "optimize_memory_usage", "cannot tell truncation"),
            ("model_class: tqc", "model_class", "the entry is for tqc; use --algo tqc"),
        ],
    )
    def test_place_and_sentence(self, problems_of, tmp_path, entry, place, sentence):
        problems = problems_of(f"  {entry}\n")
        assert len(problems) == 1
        assert problems[0].startswith(f"{tmp_path / 'mine.yml'}: Env-v0.{place}: ")
        assert sentence in problems[0]

    @pytest.mark.parametrize(
        ("algo", "entry", "sentence"),
        [
            ("ppo", "noise_type: normal\n  noise_std: 0.1", "ppo takes no action noise"),
            ("ppo", "batch_size: 1", "1 needs normalize_advantage: false"),
            ("ppo", "n_steps: 1", "n_steps * n_envs must be more than 1"),
            ("ppo", "clip_range_vf: -1", "must be greater than 0, not -1"),
            ("dqn", "policy_kwargs: {net_arch: {pi: [64]}}", "must be a list of layer sizes"),
            (
                "tqc",
                "top_quantiles_to_drop_per_net: 5\n  policy_kwargs: {n_quantiles: 5}",
                "5 must be less than n_quantiles (5)",
            ),
            ("td3", "use_sde: true", "td3 has no hyperparameter 'use_sde'"),
        ],
    )
    def test_what_one_algorithm_cannot_do(self, problems_of, algo, entry, sentence):
        assert sentence in problems_of(f"  {entry}\n", algo)[0]

    def test_linear_policy_has_no_layers(self, problems_of):
        problems = problems_of(
            "  policy_kwargs: {net_arch: [64]}\n", "ars", params=["policy:LinearPolicy"]
        )
        assert "policy_kwargs.net_arch: unknown name" in problems[0]

    @pytest.mark.parametrize(
        ("argument", "problem"),
        [
            ("gamma=0.9", "-params gamma=0.9: use key:value, i.e. gamma:0.9"),
            ("gamma", "-params gamma: must be key:value, e.g. gamma:0.99"),
            (":0.9", "-params :0.9: must be key:value, e.g. gamma:0.99"),
            ("gamma:", "-params gamma:: must be key:value, e.g. gamma:0.99"),
            ("gamma:5.0", "-params gamma: must be in (0, 1], not 5"),
            ("gama:1", "-params gama: sac has no hyperparameter 'gama'; did you mean 'gamma'?"),
            ("policy:MlpPolcy", "-params policy: sac has no policy 'MlpPolcy'; did you mean"),
            (
                "use_sde:'False'",
                "-params use_sde: must be true or false, not 'False' (text); write",
            ),
            ("gamma.x:1", "-params gamma.x: 'gamma' is not a mapping"),
            ("policy_kwarg.x:1", "did you mean 'policy_kwargs'?"),
            ("policy_kwargs..x:1", "-params policy_kwargs..x: is not a name"),
            (
                "gamma:(open('EVIDENCE','w').close(), 0.99)[1]",
                "-params gamma: '(open('EVIDENCE', 'w').close(), 0.99)[1]' is not a value",
            ),
            ("n_timesteps:0", "-params n_timesteps: must be at least 1, not 0"),
        ],
    )
    def test_params(self, problems_of, tmp_path, monkeypatch, argument, problem):
        monkeypatch.chdir(tmp_path)
        (found,) = problems_of(params=[argument])
        assert problem in found
        assert not Path("EVIDENCE").exists()

    def test_env_kwargs_flags(self, problems_of):
        assert problems_of(env_kwargs=["a=1"], eval_env_kwargs=["b"]) == [
            "--env-kwargs a=1: use key:value, i.e. a:1",
            "--eval-env-kwargs b: must be key:value, e.g. gamma:0.99",
        ]

    @pytest.mark.parametrize("steps", [0, -5])
    def test_budget_flag(self, problems_of, steps):
        assert problems_of(n_timesteps=steps) == [f"-n: must be at least 1, not {steps}"]

    def test_all_mistakes_of_all_layers_at_once(self, problems_of):
        problems = problems_of(
            "  gama: 1\n  tau: 2\n  env_wrapper: Nothing\n",
            params=["batch_size=3", "use_sde:maybe"],
            env_kwargs=["x"],
            trial={"n_critic": 2},
            n_timesteps=0,
        )
        keys = ["batch_size", "--env-kwargs x", "gama", "tau", "use_sde", "n_critic", "-n:", "wrap"]
        assert len(problems) == 8
        for key in keys:
            assert any(key in problem for problem in problems), key
        assert any(p.startswith("trial: n_critic: ") for p in problems)

    def test_missing_budget_and_policy(self, tmp_path):
        path = tmp_path / "f.yml"
        path.write_text("Env-v0: {gamma: 0.9}\n")
        with pytest.raises(ConfigError) as caught:
            resolve(ConfigRequest("sac", "Env-v0", path))
        assert [p.partition("Env-v0.")[2] for p in caught.value.problems] == [
            "policy: missing; write one of MlpPolicy, CnnPolicy, MultiInputPolicy",
            "n_timesteps: missing; write the budget in the entry or give -n STEPS",
        ]

    def test_budget_flag_replaces_a_missing_budget(self, tmp_path):
        path = tmp_path / "f.yml"
        path.write_text("Env-v0: {policy: MlpPolicy}\n")
        assert resolve(ConfigRequest("sac", "Env-v0", path, n_timesteps=5)).n_timesteps == 5

    def test_unknown_algorithm(self):
        with pytest.raises(
            ConfigError, match=r"--algo sacc: unknown algorithm; did you mean 'sac'\?"
        ):
            resolve(ConfigRequest("sacc", "Pendulum-v1"))

    def test_file_and_flag_mistakes_together(self, tmp_path):
        with pytest.raises(ConfigError) as caught:
            resolve(ConfigRequest("sac", "Env-v0", tmp_path / "absent.yml", params=["a=1"]))
        assert len(caught.value.problems) == 2

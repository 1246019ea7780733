"""What entry and flags make of the built-in space: merged, ordered, fixed, refused."""

from dataclasses import replace

import optuna
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from rl_zoo.config.resolve import ConfigRequest, resolve
from rl_zoo.errors import ConfigError
from rl_zoo.tuning.earlier_trials import check_against_study
from rl_zoo.tuning.own_values import own_value
from rl_zoo.tuning.range_specs import SPEC_KEYS
from rl_zoo.tuning.search_space import read_space, space_of
from rl_zoo.tuning.show_space import format_space
from rl_zoo.tuning.space import UNKNOWN
from rl_zoo.tuning.spaces import SPACES, named_spaces
from rl_zoo.tuning.values import entry_point, read_stored, suggest, to_config_values

WRAPPED = """
  env_kwargs: {reward_weights: {effort: 0.1, bounce: 0.3}, delay: 0.0}
  env_wrapper:
    - FrameSkip: {skip: 2}
    - CPGResidualWrapper:
        space: foot
        prior: {swing_frequency: 4.63, step_length: 0.05}
        residual_scale: {x: 0.02, z: 0.02}
        modulation: {amplitude: [0.6, 1.6]}
    - HistoryWrapper: {horizon: 2}
    - HistoryWrapper
"""
PRIOR = "env_wrapper.CPGResidualWrapper.prior"


class Drawn:
    """A trial whose values hypothesis draws."""

    def __init__(self, data):
        self.data, self.params = data, {}

    def suggest_float(self, name, low, high, log=False, step=None):
        if step is not None:
            steps = self.data.draw(st.integers(0, round((high - low) / step)), name)
            return self.params.setdefault(name, low + steps * step)
        return self.params.setdefault(name, self.data.draw(st.floats(low, high), name))

    def suggest_int(self, name, low, high, log=False, step=1):
        assert type(low) is int and type(high) is int
        steps = self.data.draw(st.integers(0, (high - low) // step), name)
        return self.params.setdefault(name, low + steps * step)

    def suggest_categorical(self, name, choices):
        return self.params.setdefault(name, self.data.draw(st.sampled_from(choices), name))


@pytest.fixture(scope="module")
def config_of(tmp_path_factory):
    """Resolve an entry given as YAML text."""
    file = tmp_path_factory.mktemp("entries") / "mine.yml"

    def make(text="", algo="sac", trial=None, params=()):
        policies = {"ppo_lstm": "MlpLstmPolicy", "openloop": "OscillatorPolicy"}
        policy = policies.get(algo, "MlpPolicy")
        file.write_text(f"Tiny-v0:\n  policy: {policy}\n  n_timesteps: 100000\n{text}")
        return resolve(ConfigRequest(algo, "Tiny-v0", file, trial=trial or {}, params=params))

    return make


def by_key(space):
    return {parameter.config_key or parameter.name: parameter for parameter in space}


def problems_of(config, *flags, fixed=()):
    with pytest.raises(ConfigError) as caught:
        space_of(config, fixed, flags)
    return list(caught.value.problems)


class TestLayers:
    def test_flag_over_entry_over_built_in(self, config_of):
        config = config_of("  search_space:\n    tau: {low: 0.005}\n    gamma: {low: 0.9}\n")
        space = by_key(space_of(config, (), ["tau:dict(high=0.02)"]))
        tau, gamma = space["tau"], space["gamma"]
        assert (tau.low, tau.high, tau.log, tau.name) == (0.005, 0.02, True, "tau")
        assert (gamma.low, gamma.high) == pytest.approx((1e-4, 0.1))
        assert gamma.one_minus and gamma.log, "what is not said stays"
        assert gamma.study_name == "one_minus_gamma", "the zoo's name"
        assert tau.origin == "--search-space tau"
        assert gamma.origin.endswith("mine.yml: Tiny-v0.search_space.gamma")

    def test_new_keys_come_behind_the_built_in(self, config_of):
        names = [p.name for p in space_of(config_of(), (), ["learning_starts:[10, 100]"])]
        assert names == [*(p.name for p in SPACES["sac"]), "learning_starts"]

    def test_none_takes_out_and_default_puts_back(self, config_of):
        config = config_of("  search_space: {gamma: none, tau: null, net_arch: none}\n")
        assert {"gamma", "tau", "policy_kwargs.net_arch"}.isdisjoint(by_key(space_of(config)))
        back = by_key(space_of(config, (), ["gamma:default"]))["gamma"]
        assert (back.low, back.high) == (1e-4, 0.03)

    def test_only_what_is_listed(self, config_of):
        text = "  search_space: {spaces: none, gamma: default, learning_starts: [10, 100]}\n"
        assert [p.name for p in space_of(config_of(text))] == ["one_minus_gamma", "learning_starts"]

    def test_optional_spaces(self, config_of):
        config = config_of("  search_space: {spaces: [default, gsde, n_envs]}\n")
        space = by_key(space_of(config))
        assert {"use_sde", "policy_kwargs.log_std_init", "n_envs", "gamma"} <= set(space)
        assert by_key(space_of(config, (), ["spaces:gsde"])).keys() == {
            "use_sde",
            "sde_sample_freq",
            "policy_kwargs.log_std_init",
        }
        assert "gsde" not in named_spaces("dqn"), "it has no gSDE"

    def test_own_normalisation_is_what_on_means(self, config_of):
        config = config_of(
            "  normalize: {norm_reward: false}\n  search_space: {spaces: normalize}\n"
        )
        (parameter,) = space_of(config)
        assert parameter.choices == {False: False, True: {"norm_reward": False}}
        assert entry_point([parameter], config).params == {"normalize": True}

    def test_network_as_numbers(self, config_of):
        config = config_of("  policy_kwargs: {net_arch: [128, 128, 128]}\n")
        space = space_of(config, (), ["spaces:[default,network_size]"])
        point = entry_point(space, config)
        assert (point.params["net_width_pow"], point.params["net_depth"]) == (7, 3)
        assert point.inexact == ()
        values = to_config_values(space, {"net_width": 64, "net_depth": 1})
        assert values == {"policy_kwargs.net_arch": [64]}

    def test_a_bound_is_drawn_after_what_bounds_it(self, config_of):
        flags = ["spaces:none", "top_quantiles_to_drop_per_net:default", "n_quantiles:default"]
        names = [p.name for p in space_of(config_of(algo="tqc"), (), flags)]
        assert names == ["n_quantiles", "top_quantiles_to_drop_per_net"]

    def test_a_bound_that_is_not_drawn_is_the_entrys(self, config_of):
        config = config_of("  policy_kwargs: {n_quantiles: 4}\n", algo="tqc")
        space = by_key(space_of(config, ["policy_kwargs.n_quantiles"]))
        assert space["top_quantiles_to_drop_per_net"].high == 3

    def test_rollouts_stay_inside_the_budget_of_the_most_environments(self, config_of):
        flags = ["spaces:[default,n_envs]", "n_envs:dict(low=8,high=64)"]
        space = by_key(space_of(config_of(algo="ppo"), (), flags))
        assert space["n_steps"].high == 1024  # 100000 / 64, rounded down to a power of two

    def test_an_algorithm_of_a_plugin(self, config_of):
        """It has no built-in space: what its entry lists is searched."""
        config = replace(config_of(), algo="redq")
        with pytest.raises(ConfigError, match="redq: has no search space of its own; list what"):
            space_of(config)
        config = replace(config, search_space={"utd": {"low": 1, "high": 20}})
        (parameter,) = space_of(config)
        assert (parameter.config_key, parameter.kind) == ("utd", "int")
        assert entry_point([parameter], config).inexact == ("utd",)


class TestTypes:
    @pytest.mark.parametrize(
        ("flag", "kind"),
        [
            ("learning_starts:dict(low=10, high=1e3)", "int"),  # by its rule
            ("target_entropy:dict(low=-4, high=-1)", "float"),
            (f"{PRIOR}.swing_frequency:dict(low=2, high=6)", "float"),  # by the entry's value
            ("env_wrapper.FrameSkip.skip:dict(low=1, high=4)", "int"),
            ("env_kwargs.unheard_of:dict(low=1, high=4)", "int"),  # as it is written
            ("env_kwargs.unheard_of:dict(low=1.0, high=4)", "float"),
            ("env_kwargs.unheard_of:dict(low=1, high=4, type='float')", "float"),
            ("batch_size:dict(low=10, high=100, power_of_two=False)", "int"),
        ],
    )
    def test_whole_numbers_stay_whole(self, flag, kind, config_of):
        key = flag.partition(":")[0]
        parameter = by_key(space_of(config_of(WRAPPED), (), [flag]))[key]
        assert parameter.kind == kind
        assert all(type(end) is (float if kind == "float" else int) for end in parameter.ends())

    def test_choices_of_any_kind(self, config_of):
        text = """  search_space:
    env_kwargs.delay: [0.0, null, true, [1, 2], {a: 1}, word]
    ent_coef: {choices: {low: 0.01, tuned: auto}}
"""
        space = by_key(space_of(config_of(text)))
        values = list(space["env_kwargs.delay"].choices.values())
        assert values == [0.0, None, True, [1, 2], {"a": 1}, "word"]
        assert [type(label) for label in space["env_kwargs.delay"].choices] == [
            float, type(None), bool, str, str, str,
        ]  # fmt: skip
        assert space["ent_coef"].choices == {"low": 0.01, "tuned": "auto"}

    def test_step(self, config_of):
        parameter = by_key(
            space_of(config_of(), (), ["tau:dict(low=0.1, high=0.35, step=0.1, log=False)"])
        )["tau"]
        assert (parameter.high, parameter.step) == (pytest.approx(0.3), 0.1)
        assert parameter.nearest(0.24, {}) == pytest.approx(0.2)
        assert parameter.nearest(9, {}) == pytest.approx(0.3)


class TestMerging:
    FLAGS = (
        f"{PRIOR}.swing_frequency:dict(low=2, high=6)",
        "env_wrapper.CPGResidualWrapper.modulation.amplitude.0:dict(low=0.1, high=0.9)",
        "env_wrapper.HistoryWrapper[1].horizon:dict(low=2, high=5)",
        "env_kwargs.reward_weights.effort:dict(low=0.01, high=1, log=True)",
        "both:dict(low=0.01, high=0.05, sets=['env_wrapper.CPGResidualWrapper.residual_scale.x',"
        "'env_wrapper.CPGResidualWrapper.residual_scale.z'])",
    )

    @settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
    @given(data=st.data())
    def test_a_point_changes_its_keys_and_nothing_else(self, data, config_of):
        config = config_of(WRAPPED)
        space = space_of(config, (), ["spaces:none", *self.FLAGS])
        trial = Drawn(data)
        sampled = suggest(space, trial)
        tuned = config_of(WRAPPED, trial=to_config_values(space, sampled))
        skip, cpg, inner, outer = (item.kwargs for item in tuned.env_wrappers)
        assert skip == {"skip": 2} and inner == {"horizon": 2}
        assert outer == {"horizon": sampled["env_wrapper.HistoryWrapper[1].horizon"]}
        assert cpg["prior"] == {"swing_frequency": sampled[f"{PRIOR}.swing_frequency"],
                                "step_length": 0.05}  # fmt: skip
        assert cpg["space"] == "foot"
        assert cpg["modulation"]["amplitude"][1] == 1.6
        assert cpg["residual_scale"] == {"x": sampled["both"], "z": sampled["both"]}
        effort = sampled["env_kwargs.reward_weights.effort"]
        assert tuned.env_kwargs == {
            "reward_weights": {"effort": effort, "bounce": 0.3},
            "delay": 0.0,
        }
        assert read_stored(space, trial.params) == sampled
        assert entry_point(space, tuned).inexact == ()
        assert tuned.origins[f"{PRIOR}.swing_frequency"] == "trial"
        assert tuned.origins["env_wrapper"].endswith("Tiny-v0")

    def test_the_entrys_values_are_a_point(self, config_of):
        config = config_of(WRAPPED)
        point = entry_point(space_of(config, (), ["spaces:none", *self.FLAGS]), config)
        assert point.params == {
            f"{PRIOR}.swing_frequency": 4.63,
            "env_wrapper.CPGResidualWrapper.modulation.amplitude.0": 0.6,
            "env_wrapper.HistoryWrapper[1].horizon": 2,  # the wrapper's default
            "env_kwargs.reward_weights.effort": 0.1,
            "both": 0.02,
        }
        assert point.inexact == ()

    def test_an_unknown_value_of_the_entry_is_inexact(self, config_of):
        config = config_of(WRAPPED)
        flags = ["spaces:none", f"{PRIOR}.clearance:dict(low=0.01, high=0.02)"]
        point = entry_point(space_of(config, (), flags), config)
        assert (point.params, point.inexact) == ({}, (f"{PRIOR}.clearance",))


@pytest.mark.parametrize("algo", sorted(SPACES))
@settings(max_examples=12, deadline=None, suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_any_point_of_every_space_is_a_valid_configuration(algo, config_of, data):
    names = [name for name in named_spaces(algo) if name != "frame_stack"]
    chosen = data.draw(st.lists(st.sampled_from(names), unique=True, min_size=1), "spaces")
    config = config_of(algo=algo)
    space = space_of(config, (), [f"spaces:{chosen}"])
    trial = Drawn(data)
    sampled = suggest(space, trial)
    values = to_config_values(space, sampled, config.n_envs)
    tuned = config_of(algo=algo, trial=values)
    assert read_stored(space, trial.params) == sampled
    assert not {*values} - {*tuned.origins}, "a sampled value is not in the configuration"
    point = entry_point(space, tuned)
    assert set(point.inexact) <= {"n_top", "batch_size"}, "what a trial put in is read back"


class TestRefused:
    def test_everything_at_once_with_its_place(self, config_of):
        config = config_of("  search_space: {gamma: {lo: 0.9}, taau: none}\n")
        first, second, third = problems_of(config, "tau:dict(low=2, high=1)")
        assert first.endswith(
            "Tiny-v0.search_space.gamma: unknown part 'lo' of a range; did you mean 'low'?"
        )
        assert second.endswith("search_space.taau: is not searched anyway; did you mean 'tau'?")
        assert third == "--search-space tau: low 2 is greater than high 1"

    @pytest.mark.parametrize(
        ("flag", "message"),
        [
            ("tau:dict(low=0, high=1)", "log needs low above 0, not 0"),
            ("tau:dict(step=0.01)", "log and step exclude each other"),
            ("tau:dict(step=-1, log=False)", "step must be above 0, not -1"),
            ("tau:dict(step=9, log=False)", "step 9 is longer than the range"),
            ("tau:[]", "choices is empty; leave the key out, or write none"),
            ("tau:[1, 1.0]", "the choice 1.0 is given twice"),
            ("tau:dict(choices=[1, 2], low=3)", "has choices and low; give choices, or a range"),
            ("tau:dict(low='a')", "low must be a finite number, not 'a' (text)"),
            ("tau:dict(low=float('nan'))", "low must be a finite number"),
            ("tau:dict(log=1)", "log must be true or false, not 1"),
            ("tau:dict(type='number')", "type must be int or float"),
            ("tau:uniform", "must be a range such as {low: 0.1, high: 1}"),
            ("tau:dict(choices=3)", "choices must be a list, or a mapping of names"),
            ("gamma:dict(high=1.0)", "one_minus with log needs high below 1, not 1"),
            ("buffer_size:dict(low=10)", "needs 'high'"),
            ("buffer_size:default", "has no default range; did you mean 'batch_size'?"),
            ("batch_size:dict(low=48)", "low 48 is not a power of two"),
            ("train_freq:dict(low=1.5)", "low 1.5 is not a whole number, as this key needs"),
            ("train_freq:dict(one_minus=True)", "one_minus is for numbers between 0 and 1"),
            ("policy_kwargs:dict(net_arch=dict(choices=[[8]]))", "<this key>.net_arch"),
            ("n_timesteps:[100, 200]", "is the budget of a trial; give it with -n"),
            ("a..b:[1, 2]", "has an empty part between two dots"),
            ("both:dict(low=0, high=1, sets=3)", "sets must be a list of dotted keys"),
            ("spaces:[default, gsd]", "sac has no search space 'gsd'; did you mean 'gsde'?"),
            ("env_wrapper.HistoryWrapper.horizon:[2, 3]", "has 2 'HistoryWrapper'; say which one"),
            ("env_wrapper.HistoryWrapper[2].horizon:[2, 3]", "only 2 'HistoryWrapper'"),
            ("env_wrapper.FrameSkipp.skip:[2, 3]", "no wrapper 'FrameSkipp'; did you mean 'Fram"),
            ("callback.Raw.x:[2, 3]", "the entry has no callback 'Raw'; it has none"),
        ],
    )
    def test_one_sentence(self, flag, message, config_of):
        (problem,) = problems_of(config_of(WRAPPED), flag)
        assert problem.startswith(f"--search-space {flag.partition(':')[0]}: ")
        assert message in problem

    def test_a_key_that_two_parameters_set(self, config_of):
        (problem,) = problems_of(config_of(), "policy_kwargs.net_arch.0:[64, 128]")
        assert "'net_arch' sets policy_kwargs.net_arch; search one of them" in problem
        assert "e.g. with policy_kwargs.net_arch: none" in problem

    def test_fixed_and_searched_by_flags(self, config_of):
        (problem,) = problems_of(config_of(), "tau:dict(high=0.01)", fixed=["tau"])
        assert problem == (
            "--search-space tau: is fixed by the command line (tau), which wins; "
            "leave out one of the two"
        )

    def test_fixed_and_searched_by_the_entry(self, config_of):
        config = config_of("  search_space: {tau: {high: 0.01}}\n")
        assert "tau" not in by_key(space_of(config, ["tau"])), "the command line wins"

    def test_nothing_left(self, config_of):
        assert "nothing is left to search" in problems_of(config_of(), "spaces:none")[0]

    def test_the_rest_is_still_read(self, config_of):
        space, problems = read_space(config_of(), (), ["tau:[]", "gamma:none"])
        assert len(problems) == 1
        assert "learning_rate" in by_key(space)

    @settings(max_examples=100, deadline=None, suppress_health_check=list(HealthCheck))
    @given(
        key=st.sampled_from(
            ["gamma", "tau", "batch_size", "net_arch", "x", "spaces", "env_wrapper", "n_envs",
             "policy_kwargs", "train_freq", "env_kwargs.delay.0", "sets", "..", "n_steps"]
        ),
        spec=st.recursive(
            st.none() | st.booleans() | st.integers(-3, 2**70) | st.floats() | st.text(max_size=4)
            | st.sampled_from(["default", "none", "auto", "gsde"]),
            lambda inner: st.lists(inner, max_size=3)
            | st.dictionaries(
                st.sampled_from([*SPEC_KEYS, "x"]) | st.integers(0, 2), inner, max_size=4
            ),
            max_leaves=6,
        ),
    )  # fmt: skip
    def test_nothing_makes_it_fail(self, key, spec, config_of):
        """Whatever YAML holds is a space, or a sentence about it."""
        config = replace(config_of(algo="ppo"), search_space={key: spec})
        space, problems = read_space(config)
        assert problems or space
        format_space(space, config)
        entry_point(space, config)

    @pytest.mark.parametrize("text", ["[gamma]", "gamma", "{1: [1, 2]}"])
    def test_a_block_that_is_no_mapping(self, text, config_of):
        with pytest.raises(ConfigError, match=r"Tiny-v0\.search_space: (must be a|its keys)"):
            config_of(f"  search_space: {text}\n")

    def test_it_is_no_parameter_of_a_run(self, config_of):
        with pytest.raises(ConfigError, match="use --search-space"):
            config_of(params=["search_space.tau:none"])


class TestStudy:
    """What a study that exists says to a space that changed."""

    @pytest.fixture
    def trials(self, config_of):
        study = optuna.create_study(sampler=optuna.samplers.RandomSampler(seed=0))
        suggest(space_of(config_of()), study.ask())
        return study.get_trials()

    def test_the_same_space(self, trials, config_of):
        assert check_against_study(space_of(config_of()), trials) == []

    def test_a_narrower_range_goes_on(self, trials, config_of):
        space = space_of(config_of(), (), ["tau:dict(low=0.01)"])
        assert check_against_study(space, trials) == []

    @pytest.mark.parametrize(
        ("flag", "message"),
        [
            ("policy_kwargs.net_arch:[[8], [9]]", "other choices for 'net_arch' .*, now .8., .9."),
            ("tau:[0.01, 0.02]", "other kind of range for 'tau' .0.001 to 0.08, log, now 0.01"),
            ("tau:dict(log=False)", "other kind of range for 'tau'"),
        ],
    )
    def test_something_else(self, flag, message, trials, config_of):
        with pytest.raises(ConfigError, match=message):
            check_against_study(space_of(config_of(), (), [flag]), trials)

    def test_a_name_that_means_something_else(self, trials, config_of):
        config = config_of()
        trials[0].user_attrs["values"] = to_config_values(
            space_of(config), {"net_arch": trials[0].params["net_arch"]}
        )
        assert check_against_study(space_of(config), trials) == []
        flag = "policy_kwargs.net_arch:dict(choices=dict(small=[1], medium=[1], big=[1]))"
        with pytest.raises(ConfigError, match=r"the choice '\w+' of 'net_arch' was .*, now .1.;"):
            check_against_study(space_of(config, (), [flag]), trials)

    def test_a_new_parameter_is_told(self, trials, config_of):
        space = space_of(config_of(), (), ["learning_starts:[1, 2]"])
        (note,) = check_against_study(space, trials)
        assert note == "not searched before in this study: learning_starts"


@pytest.mark.parametrize("choice", ["'lin_0.001'", "{'schedule': 'linear', 'start': 1e-3}"])
def test_a_schedule_among_choices(choice, config_of):
    config = config_of("  learning_rate: lin_0.001\n")
    space = space_of(config, (), ["spaces:none", f"learning_rate:[0.001, {choice}]"])
    point = entry_point(space, config)
    assert point.inexact == ()
    assert list(space[0].choices).index(point.params["learning_rate"]) == 1


@pytest.mark.filterwarnings("ignore::optuna.exceptions.ExperimentalWarning")
@pytest.mark.parametrize("sampler", ["CmaEsSampler", "GPSampler", "QMCSampler", "NSGAIISampler"])
def test_numbers_are_numbers_for_every_sampler(sampler, config_of):
    """Whole numbers, powers, logarithms, steps and one-minus are drawn jointly, and in range."""
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    flags = ["spaces:network_size", "gamma:default", "buffer_size:dict(low=10,high=1000,log=True)"]
    flags += [
        "tau:dict(low=0.1,high=0.9,step=0.2,log=False)",
        "env_kwargs.delay:dict(low=0,high=1)",
    ]
    config = config_of()
    space = space_of(config, (), flags)
    more = {"GPSampler": {"n_startup_trials": 3}, "CmaEsSampler": {"n_startup_trials": 3}}
    study = optuna.create_study(
        sampler=getattr(optuna.samplers, sampler)(seed=1, **more.get(sampler, {}))
    )
    drawn = []

    def objective(trial):
        drawn.append(suggest(space, trial))
        return sum(value for value in drawn[-1].values())

    study.optimize(objective, n_trials=8)
    names = {parameter.study_name for parameter in space}
    last = study.trials[-1]
    assert set(study.sampler.infer_relative_search_space(study, last)) == names
    assert len({str(sorted(point.items())) for point in drawn}) > 4
    for point in drawn:
        config_of(trial=to_config_values(space, point))


class TestOwnValues:
    @pytest.mark.parametrize(
        ("key", "value"),
        [
            ("tau", 0.005),  # SAC's default
            ("learning_rate.start", 0.001),
            ("learning_rate.end", 0.0),
            ("policy_kwargs.log_std_init", -3),  # the policy's default
            ("policy_kwargs.net_arch.1", 32),
            ("policy_kwargs.unheard_of", UNKNOWN),
            ("n_envs", 1),
            ("frame_stack", 1),
            ("normalize", False),
            ("normalize.clip_obs", UNKNOWN),
            ("env_kwargs.delay", 0.0),
            ("eval_env_kwargs.delay", 0.0),
            ("env_kwargs.reward_weights.lateral", UNKNOWN),
            ("env_wrapper.HistoryWrapper[0].horizon", 2),
            ("env_wrapper.CPGResidualWrapper.residual_scale", {"x": 0.02, "z": 0.02}),
            ("env_wrapper.TimeLimit.max_episode_steps", UNKNOWN),
            ("unheard_of", UNKNOWN),
        ],
    )
    def test_given_or_default(self, key, value, config_of):
        text = "  learning_rate: lin_0.001\n  policy_kwargs: {net_arch: [64, 32]}\n"
        assert own_value(config_of(WRAPPED + text), key) == value


def test_table(config_of):
    config = config_of(WRAPPED + "  tau: 0.9\n  search_space: {gamma: {low: 0.9}}\n")
    flags = ["policy_kwargs.net_arch:none", f"{PRIOR}.swing_frequency:dict(low=2, high=6)"]
    lines = format_space(space_of(config, (), flags), config).splitlines()
    rows = {line.split()[0]: " ".join(line.split()[1:]) for line in lines}
    assert rows["searched"] == "range entry origin"
    assert rows["gamma"].startswith("0.9 to 0.9999 (log of 1 - value) 0.99 ")
    assert rows["gamma"].endswith("mine.yml: Tiny-v0.search_space")
    assert rows["batch_size"] == "4 to 2048, powers of two 256 built-in"
    assert rows["tau"] == "0.001 to 0.08 (log) 0.9* built-in"
    assert rows[f"{PRIOR}.swing_frequency"] == "2 to 6 4.63 --search-space"
    assert lines[-1].startswith("* outside the range")

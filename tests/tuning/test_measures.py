"""What objectives and constraints mean, and where their numbers come from."""

import numpy as np
import pytest
from scipy.integrate import trapezoid

from rl_zoo.agents.evaluation import Evaluation
from rl_zoo.errors import ConfigError, NonFiniteError
from rl_zoo.tuning.episodes import EpisodeTally, measures_of, with_violations
from rl_zoo.tuning.judge import UNDEFINED_VIOLATION, Judge, UnknownMeasureError, area_under_curve
from rl_zoo.tuning.judgement import Judgement, median
from rl_zoo.tuning.measures import MEASURES, parse_constraints, parse_objectives


@pytest.mark.parametrize(
    ("text", "measure", "summary", "maximize"),
    [
        ("return", "return", "last", True),
        ("last", "return", "last", True),
        ("best", "return", "best", True),
        ("auc", "return", "auc", True),
        ("return:auc", "return", "auc", True),
        ("energy", "energy", "last", False),
        ("smoothness:best", "smoothness", "best", False),
        ("max:length", "length", "last", True),
        ("min:length", "length", "last", False),
        ("falls", "train/falls", "last", False),
        ("eval:falls", "falls", "last", False),
        ("train:return", "train/return", "last", True),
        ("min:motion/power:auc", "motion/power", "auc", False),
        ("min:safety/torque", "train/safety/torque", "last", False),
        ("tilt_violations", "train/tilt_violations", "last", False),
    ],
)
def test_objectives(text, measure, summary, maximize):
    (spec,) = parse_objectives([text])
    assert (spec.measure, spec.summary, spec.maximize) == (measure, summary, maximize)


@pytest.mark.parametrize(
    ("texts", "message"),
    [
        (["energi"], "--objective energi: no measure is called 'energi'; did you mean 'energy'?"),
        (["motion/power"], "say what is better, min:motion/power or max:motion/power"),
        (["falls:best"], "counted over the whole training; leave out :best"),
        (["return", "last"], "--objective last: is given twice"),
        (["max:"], "no measure is called ''; valid: return, length"),
        (["", "energi"], "did you mean 'energy'"),
        (["weird/name"], "no measure is called 'weird/name'"),
    ],
)
def test_wrong_objectives(texts, message):
    with pytest.raises(ConfigError) as caught:
        parse_objectives(texts)
    assert message in str(caught.value)


def test_constraints():
    first, second, third = parse_constraints(
        ["falls_per_minute <= 0.5", "eval:return>=-3e2", "torque_violations<=0"]
    )
    assert first.text == "falls_per_minute<=0.5"
    assert first.measure == "train/falls_per_minute"
    assert first.violation(2.0) == 1.5
    assert first.violation(0.5) == 0.0
    assert second.measure == "return"
    assert second.violation(-310.0) == 10.0
    assert second.violation(0.0) < 0
    assert third.measure == "train/torque_violations"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("falls<0.5", "must be a measure, <= or >=, and a number"),
        ("falls", "must be a measure, <= or >=, and a number"),
        ("falls<=few", "few is not a finite number"),
        ("falls<=inf", "inf is not a finite number"),
        ("fallz<=1", "no measure is called 'fallz'; did you mean 'falls'?"),
        ("return:best>=1", "no measure is called 'return:best'"),
    ],
)
def test_wrong_constraints(text, message):
    with pytest.raises(ConfigError) as caught:
        parse_constraints([text])
    assert message in str(caught.value)


def evaluation(returns, lengths=None, metrics=(), reasons=None, successes=None):
    n = len(returns)
    return Evaluation(
        returns=np.array(returns, dtype=float),
        lengths=np.array(lengths or [10] * n),
        end_reasons={"time_limit": n} if reasons is None else reasons,
        successes=successes,
        metrics=metrics or ({},) * n,
    )


def test_measures_of_an_evaluation():
    metrics = (
        {"motion/energy": 3.0, "motion/forward_speed": 1.0, "safety/torque": 0.0},
        {"motion/energy": 5.0, "motion/forward_speed": 0.0, "safety/torque": 0.2},
    )
    numbers = measures_of(
        evaluation(
            [1, 3], [20, 40], metrics, {"fall": 1, "time_limit": 1}, np.array([True, False])
        ),
        control_period=0.5,
    )
    assert numbers["return"] == 2
    assert numbers["length"] == 30
    assert numbers["success_rate"] == 0.5
    assert numbers["energy"] == numbers["motion/energy"] == 4
    assert numbers["speed"] == 0.5
    assert numbers["torque_violations"] == 0.5
    assert numbers["falls"] == 0.5
    assert numbers["falls_per_minute"] == 1 / (60 * 0.5 / 60)
    assert numbers["falls_per_1000_steps"] == pytest.approx(1000 / 60)


def test_falls_need_reasons():
    """An environment that terminates without saying why may or may not have fallen."""
    tally = EpisodeTally()
    tally.steps = 100
    tally.add_ends({"time_limit": 2})
    assert tally.measures(None)["falls"] == 0
    assert "falls_per_minute" not in tally.measures(None)
    tally.add_ends({"terminated": 1})
    assert "falls" not in tally.measures(0.1)


def test_margin_and_cost_are_no_limits():
    numbers = with_violations(
        {"safety/margin": 0.4, "safety/cost": 3.0, "safety/intervention_rate": 0.1, "safety/x": 0.1}
    )
    assert [name for name in numbers if name.endswith("_violations")] == ["x_violations"]


def judge(objectives=("return",), constraints=(), period=0.1):
    return Judge(parse_objectives(objectives), parse_constraints(constraints), "Env-v0", period)


def test_summaries():
    judged = judge(("return", "best", "auc", "min:length:best"))
    for step, (value, length) in {100: (1, 9), 300: (5, 4), 400: (3, 6)}.items():
        judged.add(step, evaluation([value], [length]))
    last, best, auc, shortest = judged.judgement(400, None).values
    assert (last, best, shortest) == (3, 5, 4)
    assert auc == pytest.approx(trapezoid([1, 1, 5, 3], [0, 100, 300, 400]) / 400)


def test_area_under_curve_against_scipy():
    random = np.random.default_rng(0)
    for n in (1, 2, 5, 20):
        steps = np.cumsum(random.integers(1, 100, n))
        values = random.normal(size=n)
        expected = trapezoid([values[0], *values], [0, *steps]) / steps[-1]
        points = list(zip(steps.tolist(), values.tolist(), strict=True))
        assert area_under_curve(points) == pytest.approx(expected)
    assert area_under_curve([(50, 2.0)]) == 2.0


def test_undelivered_measure_names_what_there_is():
    judged = judge(("energy",))
    judged.add(10, evaluation([1.0]))
    with pytest.raises(UnknownMeasureError) as caught:
        judged.value_so_far()
    told = str(caught.value)
    assert told.startswith("--objective energy: evaluation on Env-v0 delivers no energy")
    assert "length, return" in told
    assert caught.value.exit_code == 2


def test_training_counters_may_come_later():
    """No training episode has ended at the first evaluation: nothing is known yet, nor wrong."""
    judged = judge(constraints=("safety_cost<=1",))
    judged.add(10, evaluation([1.0]))
    assert judged.value_so_far() == 1.0
    judged.tally.add({"length": 3.0})
    with pytest.raises(UnknownMeasureError, match="training on Env-v0 delivers no safety_cost"):
        judged.value_so_far()


def test_undefined_is_not_unknown():
    """A robot that does not move has no cost of transport: that trial is bad, the study goes on."""
    judged = judge(("cost_of_transport",), ("eval:cost_of_transport<=2",))
    judged.add(10, evaluation([1.0], metrics=({"motion/energy": 3.0},)))
    assert judged.value_so_far() is None
    with pytest.raises(NonFiniteError, match="undefined: the robot did not move forward"):
        judged.judgement(10, None)
    judged = judge(("return",), ("eval:cost_of_transport<=2",))
    judged.add(10, evaluation([1.0], metrics=({"motion/energy": 3.0},)))
    assert judged.judgement(10, None).constraints == {
        "eval:cost_of_transport<=2": UNDEFINED_VIOLATION
    }


def test_not_a_number_is_refused():
    judged = judge()
    judged.add(10, evaluation([float("nan")]))
    with pytest.raises(NonFiniteError, match="the return of an evaluation is nan"):
        judged.value_so_far()


def test_median_of_seeds():
    seeds = [
        Judgement((1.0, 9.0), {"energy": 1.0}, {"falls<=0": -1.0}, 10, 1.0),
        Judgement((5.0, 7.0), {"energy": 2.0, "speed": 4.0}, {"falls<=0": 3.0}, 10, 2.0),
        Judgement((2.0, 8.0), {"energy": 6.0}, {"falls<=0": 2.0}, 10, 3.0),
    ]
    result = median(seeds)
    assert result.values == (2.0, 8.0)
    assert result.measures == {"energy": 2.0, "speed": 4.0}
    assert result.constraints == {"falls<=0": 2.0}
    assert (result.n_steps, result.robot_minutes) == (30, 6.0)
    assert median(seeds[:1]) is seeds[0]
    assert median(seeds[:2]).values == (3.0, 8.0)


def test_page_has_the_table():
    """docs/objectives.md shows the measures as they are."""
    from pathlib import Path

    from rl_zoo.tuning.measures import measures_table

    page = Path(__file__).parents[2] / "docs/objectives.md"
    assert measures_table() in page.read_text()
    assert len({measure.name for measure in MEASURES}) == len(MEASURES)

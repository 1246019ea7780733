"""The gait diagram, from arrays made by hand."""

import numpy as np
import pytest
from matplotlib.collections import PolyCollection

from rl_zoo.errors import UsageError
from rl_zoo.motion.footfall import GaitRecording
from rl_zoo.plots.gait_diagram import distinct_oscillators, draw_gait, plot_gait

FEET = ("FR", "FL", "RR", "RL")
JOINTS = tuple(f"{foot}_{joint}" for foot in FEET for joint in ("hip", "knee"))
N = 200
TIMES = 0.02 * np.arange(1, N + 1)
CLOCK = 2.0 * np.pi * 2.5 * (TIMES - 0.01)


def trotting(**given):
    """Bert trotting at 2.5 Hz and 0.4 m/s for 4 s, standing for 60 % of a stride."""
    leads = np.array([0.0, 0.5, 0.5, 0.0])
    phases = CLOCK[:, np.newaxis] + 2.0 * np.pi * leads
    places = (np.arange(N)[:, np.newaxis] + np.array([0, 10, 10, 0])) % 20
    values = {
        "feet": FEET,
        "joints": JOINTS,
        "start_time": 0.0,
        "times": TIMES,
        "foot_forces": np.where(places < 12, 10.0, 0.0),
        "contacts": places < 12,
        "phases": phases,
        "joint_positions": np.zeros((N, 8)),
        "joint_targets": np.zeros((N, 8)),
        "spring_deflections": np.zeros((N, 8)),
        "forward_speed": np.full(N, 0.4),
        "velocity_error": np.full(N, 0.05),
        "end_reason": "time_limit",
    }
    return GaitRecording(**{**values, **given})


def texts(axes):
    return [text.get_text() for text in axes.texts]


def bars(axes):
    """Return begin and end of the bars of each lane, backgrounds left out."""
    collections = [c for c in axes.collections if isinstance(c, PolyCollection)][1::2]
    return [
        [(path.vertices[:, 0].min(), path.vertices[:, 0].max()) for path in c.get_paths()]
        for c in collections
    ]


def test_a_bar_for_every_stance():
    axes = draw_gait(trotting(), "PPO on Bert-v0").axes[0]
    lanes = bars(axes)
    assert len(lanes) == 4
    assert [len(lane) for lane in lanes] == [10, 11, 11, 10]
    # Readings 0 to 11 of a period of 20 ms: the first stands for the time since the reset.
    assert lanes[0][0] == pytest.approx((0.0, 0.24))
    assert lanes[0][1] == pytest.approx((0.40, 0.64))
    assert [label.get_text() for label in axes.get_yticklabels()] == list(FEET)
    assert axes.yaxis_inverted()
    assert texts(axes) == ["duty factor 0.60\n2.50 strides/s"] * 4
    assert axes.get_title("left") == "PPO on Bert-v0: 0.40 m/s over 4.0 s, ended by time limit"


def test_diagonal_pairs_share_a_colour():
    axes = draw_gait(trotting(), "").axes[0]
    colors = [tuple(c.get_facecolor()[0]) for c in axes.collections[1::2]]
    assert colors[0] == colors[3] != colors[1] == colors[2]


def test_oscillators_that_agree_share_a_lane():
    found = distinct_oscillators(trotting())
    assert found.names == ("FR, RL", "FL, RR")
    assert found.phases.shape == (N, 2)
    per_joint = CLOCK[:, np.newaxis] + np.array([0.0, 1.0, 3.0, 4.0, 3.0, 4.0, 0.0, 1.0])
    names = distinct_oscillators(trotting(phases=per_joint)).names
    assert names[:2] == ("FR_hip, RL_hip", "FR_knee, RL_knee")
    assert len(names) == 4
    unknown = CLOCK[:, np.newaxis] * np.array([1.0, 1.1, 1.2])
    assert distinct_oscillators(trotting(phases=unknown)).names == ("1", "2", "3")


def test_the_line_of_a_phase_spans_the_cycle_and_breaks_at_its_end():
    _, axes, _ = draw_gait(trotting(), "").axes
    line = axes.get_lines()[0]
    height = np.array(line.get_ydata())
    assert np.nanmax(height) - np.nanmin(height) == pytest.approx(0.72)
    crossings = np.array(line.get_xdata())[np.isnan(height)]
    assert crossings == pytest.approx(0.01 + 0.4 * np.arange(1, 10), abs=1e-9)


def test_what_there_is_not_has_no_panel():
    bare = trotting(phases=np.zeros((N, 0)), forward_speed=np.full(N, np.nan), end_reason=None)
    (axes,) = draw_gait(bare, "A").axes
    assert axes.get_title("left") == "A: 4.0 s, episode not over"
    assert len(draw_gait(trotting(phases=np.zeros((N, 0))), "A").axes) == 2


def test_speed_and_estimate_are_in_the_legend():
    axes = draw_gait(trotting(), "").axes[-1]
    labels = [text.get_text() for text in axes.get_legend().get_texts()]
    assert labels == ["each reading", "mean over 0.5 s", "error of the estimate, mean 0.050 m/s"]
    unknown = draw_gait(trotting(velocity_error=np.full(N, np.nan)), "").axes[-1]
    assert len(unknown.get_legend().get_texts()) == 2


@pytest.mark.parametrize("suffix", ["png", "svg", "pdf"])
def test_figure_is_written_where_asked(tmp_path, suffix):
    output = tmp_path / "figures" / f"gait.{suffix}"
    assert plot_gait(trotting(), "Bert", output) == output
    assert output.stat().st_size > 1000


def test_one_reading_is_enough(tmp_path):
    whole = trotting()
    one = {name: value[:1] for name, value in vars(whole).items() if isinstance(value, np.ndarray)}
    assert plot_gait(trotting(**one), "Bert", tmp_path / "gait.png").is_file()


def test_unknown_format_is_named(tmp_path):
    with pytest.raises(UsageError, match=r"\.png, \.pdf, \.svg"):
        plot_gait(trotting(), "Bert", tmp_path / "gait.jpeg")

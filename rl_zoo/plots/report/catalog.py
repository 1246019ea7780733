"""The sections of a report about one run, in the order in which they are shown."""

from __future__ import annotations

from rl_zoo.plots.report.endings import endings
from rl_zoo.plots.report.energy import energy
from rl_zoo.plots.report.evaluations import evaluations
from rl_zoo.plots.report.hyperparameters import hyperparameters
from rl_zoo.plots.report.learning import learning
from rl_zoo.plots.report.origin import origin
from rl_zoo.plots.report.overview import overview
from rl_zoo.plots.report.robot import robot
from rl_zoo.plots.report.safety import safety
from rl_zoo.plots.report.sections import SectionMaker
from rl_zoo.plots.report.smoothness import smoothness
from rl_zoo.plots.report.timing import timing
from rl_zoo.plots.report.versions import versions
from rl_zoo.plots.report.videos import videos

SECTIONS: tuple[SectionMaker, ...] = (
    overview,
    videos,
    learning,
    evaluations,
    safety,
    endings,
    energy,
    smoothness,
    robot,
    timing,
    origin,
    hyperparameters,
    versions,
)
"""Each makes one section, or None where a run has nothing of its kind."""

"""Count the (algorithm, environment) pairs of hyperparams/ that load, and those that start here.

To start means: environment and agent are built and one step is taken. The rest is listed by cause.
"""

from __future__ import annotations

import argparse
import collections
from collections.abc import Iterator

from rl_zoo.agents.algorithms import ALGORITHMS
from rl_zoo.config.lookup import hyperparams_folder
from rl_zoo.config.model import RunConfig
from rl_zoo.config.resolve import ConfigRequest, resolve
from rl_zoo.config.yaml import load_yaml
from rl_zoo.console import result
from rl_zoo.dry_run import dry_run
from rl_zoo.errors import ZooError
from rl_zoo.train_options import TrainOptions

NOT_AN_ENVIRONMENT = ("default", "atari")


def load_pairs() -> Iterator[RunConfig]:
    """Resolve every entry of every algorithm; a mistake in one is an error."""
    for algo in ALGORITHMS.built_in_names():
        for env_id in load_yaml(hyperparams_folder() / f"{algo}.yml"):
            if env_id not in NOT_AN_ENVIRONMENT:
                yield resolve(ConfigRequest(algo=algo, env_id=env_id))


def main() -> None:
    """Print the counts."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--load-only", action="store_true", help="start nothing")
    arguments = parser.parse_args()
    pairs = list(load_pairs())
    result(f"{len(pairs)} pairs load (environment ids that replace obsolete ones included)")
    if arguments.load_only:
        return
    started: collections.Counter[str] = collections.Counter()
    causes: collections.Counter[str] = collections.Counter()
    for config in pairs:
        try:
            dry_run(TrainOptions(config=config, seed=0))
            started[config.algo] += 1
        except ZooError as error:
            causes[str(error).splitlines()[0].split(": ", 1)[-1][:90]] += 1
    result(f"{started.total()} pairs start here: {dict(started)}")
    for cause, count in causes.most_common():
        result(f"{count:4d}  {cause}")


if __name__ == "__main__":
    main()

"""Every single episode in TensorBoard, not only the mean of the last hundred."""

from __future__ import annotations

from stable_baselines3.common.callbacks import BaseCallback
from stable_baselines3.common.logger import TensorBoardOutputFormat

from rl_zoo import console


class RawStatisticsCallback(BaseCallback):
    """Log return and length of each training episode to TensorBoard, past the averaging logger.

    Tags: ``raw/rollouts/episodic_return`` and ``raw/rollouts/episodic_length`` (in steps). The
    abscissa is the number of steps in completed episodes, so that episodes that end together in
    several environments stay apart; in a continued run it starts at the steps already done.
    Without TensorBoard a warning says where else the numbers are.

    Args:
        verbose: As for every callback of SB3.
    """

    def __init__(self, verbose: int = 0) -> None:
        super().__init__(verbose)
        self._writers: list[TensorBoardOutputFormat] = []
        self._steps = 0

    def _on_training_start(self) -> None:
        self._steps = self.num_timesteps
        formats = self.logger.output_formats
        self._writers = [item for item in formats if isinstance(item, TensorBoardOutputFormat)]
        if not self._writers:
            console.warn(
                "RawStatisticsCallback logs nothing: TensorBoard is off (--tensorboard-log); "
                "returns and lengths of all episodes are in the run's *.monitor.csv"
            )

    def _on_step(self) -> bool:
        for info in self.locals["infos"]:
            episode = info.get("episode")
            if episode is None:
                continue
            self._steps += int(episode["l"])
            values = {
                "raw/rollouts/episodic_return": float(episode["r"]),
                "raw/rollouts/episodic_length": int(episode["l"]),
            }
            for writer in self._writers:
                writer.write(values, dict.fromkeys(values, ()), self._steps)
        return True

"""Our monitor file is SB3's."""

import gymnasium as gym
import numpy as np
from gymnasium.wrappers import TimeLimit
from stable_baselines3.common.monitor import load_results

from rl_zoo.realtime.monitor_file import MonitorFile
from rl_zoo.wrappers.episode_control import EpisodeControlWrapper
from rl_zoo.wrappers.monitor import RunMonitor


class Counting(gym.Env):
    observation_space = action_space = gym.spaces.Box(-1.0, 1.0, (1,))

    def reset(self, *, seed=None, options=None):
        return np.zeros(1, np.float32), {}

    def step(self, action):
        return np.zeros(1, np.float32), 0.1, False, False, {"is_success": True}


def test_same_file_as_the_monitor_of_a_lockstep_run(tmp_path):
    env = EpisodeControlWrapper(TimeLimit(Counting(), 3))
    theirs = RunMonitor(env, str(tmp_path / "theirs.monitor.csv"), info_keywords=("is_success",))
    ours = MonitorFile(tmp_path / "ours.monitor.csv", "None", ("is_success",))
    for episode in range(3):
        theirs.reset()
        if episode == 2:
            theirs.get_wrapper_attr("request_truncation")("SIGINT")
        info, rewards = {}, []
        while "truncation_reason" not in info:
            _, reward, _, _, info = theirs.step(np.zeros(1))
            rewards.append(reward)
        t = float((tmp_path / "theirs.monitor.csv").read_text().splitlines()[-1].split(",")[2])
        ours.add({"r": sum(rewards), "l": len(rewards), "t": t, "info": info, "cut": info["cut"]})

    lines, expected = (
        (tmp_path / f"{name}.monitor.csv").read_text().splitlines() for name in ("ours", "theirs")
    )
    assert lines[1:] == expected[1:]
    frame = load_results(str(tmp_path))
    assert len(frame) == 6 and frame["l"].sum() == 14


def test_file_is_continued(tmp_path):
    path = tmp_path / "0.monitor.csv"
    MonitorFile(path, "Env-v0").add({"r": 1, "l": 2, "t": 3})
    MonitorFile(path, "Env-v0", elapsed=3.0).add({"r": 4, "l": 5, "t": 6, "cut": 1})
    assert path.read_text().splitlines()[1:] == ["r,l,t,cut", "1.0,2,3.0,0", "4.0,5,6.0,1"]


def test_full_disk_costs_episodes_not_the_run(tmp_path, capfd):
    monitor = MonitorFile(tmp_path / "gone" / "0.monitor.csv", "Env-v0")
    monitor.add({"r": 1, "l": 2, "t": 3})
    assert capfd.readouterr().err.count("episodes are lost") == 1

"""The table of --show-config."""

from rl_zoo.config.resolve import ConfigRequest, resolve
from rl_zoo.config.show import format_config


def rows_of(text):
    return {line.split()[0]: line for line in text.splitlines()}


def test_every_value_with_its_origin(tmp_path):
    path = tmp_path / "mine.yml"
    path.write_text(
        """
default:
  policy: MlpPolicy
  n_timesteps: 1000
  learning_rate: lin_1e-3
  normalize: {norm_reward: false}
  noise_type: normal
  noise_std: 0.1
  policy_kwargs: {net_arch: [400, 300], activation_fn: nn.ELU}
  env_wrapper:
    - FrameSkip: {skip: 2}
    - HistoryWrapper
  callback: RawStatisticsCallback
  env_kwargs: {speed: 1.0, name: walk}
"""
    )
    request = ConfigRequest(
        "sac",
        "Env-v0",
        path,
        params=["policy_kwargs.net_arch:[64, 64]", "gamma:0.98"],
        env_kwargs=["speed:0.5"],
        n_timesteps=55,
    )
    text = format_config(resolve(request))
    rows = rows_of(text)
    origin = f"{path}: default"
    assert rows["n_timesteps"].split()[1:] == ["55", "-n"]
    assert rows["n_envs"].split()[1:] == ["1", "default"]
    assert rows["gamma"].split()[1:] == ["0.98", "-params"]
    assert "linear 0.001 -> 0" in rows["learning_rate"]
    assert rows["learning_rate"].endswith(origin)
    assert rows["policy_kwargs.net_arch"].endswith("-params")
    assert "[64, 64]" in rows["policy_kwargs.net_arch"]
    assert "nn.ELU" in rows["policy_kwargs.activation_fn"]
    assert rows["policy_kwargs.activation_fn"].endswith(origin)
    assert rows["env_kwargs.speed"].endswith("--env-kwargs")
    assert rows["env_kwargs.name"].endswith(origin)
    assert "normalize.norm_reward" in rows
    assert "normalize.clip_obs" not in rows
    assert "0.1" in rows["noise_std"]
    assert "FrameSkip(skip=2)" in text
    assert "RawStatisticsCallback" in rows["callback"]
    assert text.splitlines()[-1] == f"note: no entry Env-v0 in {path}; using default"


def test_columns_are_aligned_and_text_is_deterministic():
    request = ConfigRequest("ppo", "HalfCheetah-v5")
    text = format_config(resolve(request))
    assert text == format_config(resolve(request))
    lines = text.splitlines()
    column = lines[2].index("MlpPolicy")
    assert all(line[column - 2 : column].isspace() and line[column] != " " for line in lines)
    assert rows_of(text)["normalize"].split()[1] == "True"

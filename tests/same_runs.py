"""Compare two runs bit by bit."""

import numpy as np
import torch
from stable_baselines3.common.save_util import load_from_zip_file


def assert_same_run(left, right):
    """Compare weights, optimisers, evaluations, normaliser and episodes of two runs."""
    assert_same_values(parameters_of(left.final_model), parameters_of(right.final_model))
    assert left.evaluations.is_file() == right.evaluations.is_file()
    if left.evaluations.is_file():
        assert_same_values(arrays_of(left.evaluations), arrays_of(right.evaluations))
    assert [file.name for file in left.monitor_files()] == [
        file.name for file in right.monitor_files()
    ]
    for file in left.monitor_files():
        rows = episodes_of(file)
        assert rows
        assert rows == episodes_of(right.path / file.name)
    if left.final_normalizer.is_file():
        from rl_zoo.agents.normalizer_file import load_normalizer

        first, second = (load_normalizer(run.final_normalizer) for run in (left, right))
        assert_same_values(moments_of(first.obs_rms), moments_of(second.obs_rms))
        assert_same_values(moments_of(first.ret_rms), moments_of(second.ret_rms))


def moments_of(statistics):
    """Return means and variances as plain data, of Dict observations too."""
    if isinstance(statistics, dict):
        return {key: vars(value) for key, value in statistics.items()}
    return vars(statistics)


def parameters_of(model_file):
    """Return weights and optimiser states of a model file, and its PyTorch variables."""
    _, parameters, variables = load_from_zip_file(model_file, load_data=False, device="cpu")
    return {"parameters": parameters, "variables": variables or {}}


def arrays_of(file):
    with np.load(file) as content:
        return {name: content[name] for name in content.files}


def episodes_of(monitor_file):
    """Return return and length of every episode."""
    return [line.split(",")[:2] for line in monitor_file.read_text().splitlines()[2:]]


def assert_same_values(left, right, path=""):
    assert type(left) is type(right), path
    if isinstance(left, dict):
        assert left.keys() == right.keys(), path
        for key in left:
            assert_same_values(left[key], right[key], f"{path}/{key}")
    elif isinstance(left, (list, tuple)):
        assert len(left) == len(right), path
        for index, (a, b) in enumerate(zip(left, right, strict=True)):
            assert_same_values(a, b, f"{path}/{index}")
    elif isinstance(left, torch.Tensor):
        assert torch.equal(left, right), path
    else:
        assert np.array_equal(left, right), path

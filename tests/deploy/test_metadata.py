"""The JSON text of a bundle reads back as what was written, or is refused in one sentence."""

from __future__ import annotations

import dataclasses
import json

import pytest

from rl_zoo.deploy.metadata import FORMAT, Metadata, NetworkState, from_json, to_json
from rl_zoo.errors import DamagedFileError
from tests.deploy.conftest import linear_metadata, summing_metadata


def _full() -> Metadata:
    return dataclasses.replace(
        summing_metadata((0.1, 1 / 3, 1e-300)),
        layers=({"kind": "history", "horizon": 2},),
        robot={"name": "bert", "joints": ("a", "b")},
        examples=({"observation": (0.25, 1.0, 2.0), "action": (1.0, 2.0, 3.0)},),
        parity={"graph": 1e-7},
    )


@pytest.mark.parametrize("metadata", [linear_metadata(), summing_metadata(), _full()])
def test_reads_what_was_written_to_the_last_bit(metadata: Metadata) -> None:
    read = from_json(to_json(metadata), "bundle.onnx")
    assert to_json(read) == to_json(metadata)
    assert read.observation == metadata.observation
    assert read.action == metadata.action
    assert read.network == metadata.network


def test_a_later_minor_addition_is_ignored() -> None:
    plain = json.loads(to_json(linear_metadata()))
    plain["new_key"] = 1
    plain["action"]["array"]["new_key"] = 2
    assert from_json(json.dumps(plain), "x") == linear_metadata()


def test_a_newer_format_is_refused_by_name() -> None:
    plain = json.loads(to_json(linear_metadata())) | {"format": FORMAT + 1}
    with pytest.raises(DamagedFileError, match=rf"b\.onnx: has bundle format {FORMAT + 1}"):
        from_json(json.dumps(plain), "b.onnx")


@pytest.mark.parametrize("missing", ["run", "network", "observation", "action", "format"])
def test_a_missing_part_is_named(missing: str) -> None:
    plain = json.loads(to_json(linear_metadata()))
    del plain[missing]
    with pytest.raises(DamagedFileError, match=missing):
        from_json(json.dumps(plain), "b.onnx")


@pytest.mark.parametrize("text", ["", "[]", "{", "null", '{"format": "1"}'])
def test_other_text_is_damaged(text: str) -> None:
    with pytest.raises(DamagedFileError, match=r"b\.onnx"):
        from_json(text, "b.onnx")


def test_an_unknown_kind_of_action_is_damaged() -> None:
    plain = json.loads(to_json(linear_metadata()))
    plain["action"]["kind"] = "text"
    with pytest.raises(DamagedFileError, match="'text'"):
        from_json(json.dumps(plain), "b.onnx")


def test_not_a_number_cannot_be_written() -> None:
    bad = dataclasses.replace(linear_metadata(), parity={"graph": float("nan")})
    with pytest.raises(ValueError, match="JSON"):
        to_json(bad)


def test_initial_values_of_a_state_are_kept() -> None:
    read = from_json(to_json(summing_metadata((1.0, 2.0, 3.0))), "x")
    assert read.network.states == (
        NetworkState("total", "next_total", (3,), "float32", (1.0, 2.0, 3.0)),
    )


_NO_NUMBERS = ("NaN", "Infinity", "-Infinity", "1e999")


@pytest.mark.parametrize(
    ("number", "place"),
    [
        *((number, place) for number in _NO_NUMBERS for place in ("control_period", "layers")),
        (str(10**400), "control_period"),  # a layer reads its own integers
    ],
)
def test_numbers_that_are_none_are_refused_wherever_they_stand(number: str, place: str) -> None:
    plain = json.loads(to_json(linear_metadata()))
    plain[place] = {"control_period": "HERE", "layers": [{"kind": "x", "limit": "HERE"}]}[place]
    with pytest.raises(DamagedFileError, match="its metadata is damaged"):
        from_json(json.dumps(plain).replace('"HERE"', number), "x")


@pytest.mark.parametrize("text", ["[" * 200_000, '{"format":' + "[" * 5000 + "]" * 5000 + "}"])
def test_text_that_is_nested_without_end_is_refused(text: str) -> None:
    with pytest.raises(DamagedFileError, match="its metadata is damaged"):
        from_json(text, "x")


def test_a_policy_that_sees_nothing_is_refused() -> None:
    plain = json.loads(to_json(linear_metadata())) | {"observation": []}
    with pytest.raises(DamagedFileError, match="observation is empty"):
        from_json(json.dumps(plain), "x")

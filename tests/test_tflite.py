from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pose_landmarker.errors import BundleError
from pose_landmarker.models.tflite import TensorSpec, signature, with_outputs
from tests.tiny import tiny_network

#: in ─a─ x ─b─ out1, x ─c─ out2, out2 ─d─ out3
NETWORK = tiny_network(
    [("in", (1, 2), 0), ("x", (1, 2), 0), ("out1", (1, 3), 0), ("out2", (1, 4), 0), ("out3", (1,), 0)],
    inputs=[0],
    outputs=[2, 3, 4],
    operators=[([0], [1]), ([1], [2]), ([1], [3]), ([3, -1], [4])],
)


def _operators(model: bytes) -> list[list[int]]:
    """Outputs of every operator, read by LiteRT's own schema."""
    from ai_edge_litert import schema_py_generated as schema

    graph = schema.Model.GetRootAs(model, 0).Subgraphs(0)
    return [graph.Operators(i).OutputsAsNumpy().tolist() for i in range(graph.OperatorsLength())]


def test_inputs_and_outputs_in_order() -> None:
    found = signature(NETWORK)
    assert found.inputs == (TensorSpec("in", (1, 2)),)
    assert [tensor.name for tensor in found.outputs] == ["out1", "out2", "out3"]
    assert found.outputs[1].shape == (1, 4)


@pytest.mark.parametrize(
    ("names", "operators"),
    [
        (["out1"], [[1], [2]]),
        (["out2"], [[1], [3]]),
        (["out3"], [[1], [3], [4]]),
        (["out3", "out1"], [[1], [2], [3], [4]]),
        (["out1", "out2", "out3"], [[1], [2], [3], [4]]),
    ],
)
def test_only_what_the_wanted_outputs_need_is_left(names: list[str], operators: list[list[int]]) -> None:
    cut = with_outputs(NETWORK, names)
    assert [tensor.name for tensor in signature(cut).outputs] == names
    assert signature(cut).inputs == signature(NETWORK).inputs
    assert _operators(cut) == operators
    assert len(_operators(NETWORK)) == 4  # the original is untouched


def test_outputs_that_are_not_there_are_named() -> None:
    with pytest.raises(BundleError, match="no output 'mask'; it has out1, out2, out3"):
        with_outputs(NETWORK, ["mask"])


def test_foreign_bytes_and_foreign_networks() -> None:
    for content in (b"", b"PK", b"\0" * 64):
        with pytest.raises(BundleError, match="TFL3"):
            signature(content)
    with pytest.raises(BundleError, match="2 subgraphs"):
        signature(tiny_network([], [], [], subgraphs=2))
    with pytest.raises(BundleError, match="element type 2"):
        signature(tiny_network([("in", (1,), 2)], [0], []))
    with pytest.raises(BundleError, match="tensor 5; it has 1"):
        signature(tiny_network([("in", (1,), 0)], [5], []))


def test_absurd_counts_are_refused_before_they_cost_time() -> None:
    with pytest.raises(BundleError, match="3000 inputs or outputs"):
        signature(tiny_network([("in", (1,), 0)], [0], [0] * 3000))
    with pytest.raises(BundleError, match="name has 5000 characters"):
        signature(tiny_network([("x" * 5000, (1,), 0)], [0], []))


@given(st.integers(0, len(NETWORK)))
def test_truncated_networks_are_refused_or_read(length: int) -> None:
    _survives(NETWORK[:length])


@given(st.randoms(use_true_random=False), st.integers(1, 8))
def test_damaged_networks_are_refused_or_read(rng: random.Random, changes: int) -> None:
    damaged = bytearray(NETWORK)
    for _ in range(changes):
        damaged[rng.randrange(len(damaged))] = rng.randrange(256)
    _survives(bytes(damaged))


def _survives(model: bytes) -> None:
    try:
        names = [tensor.name for tensor in signature(model).outputs]
        with_outputs(model, names[:1])
    except BundleError:
        pass


def test_a_vector_that_claims_to_be_huge_is_refused() -> None:
    refused = 0
    for place in range(0, len(NETWORK) - 4, 4):
        huge = NETWORK[:place] + b"\xff\xff\xff\x7f" + NETWORK[place + 4 :]
        try:
            with_outputs(huge, ["out1"])
        except BundleError as error:
            refused += "elements ends outside the file" in str(error)
    assert refused >= 4  # the lists of graphs, tensors, outputs and operators, at least

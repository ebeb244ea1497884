from __future__ import annotations

import contextlib
import random
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from pose_landmarker.detector import DETECTOR_OFFSET, DETECTOR_SCALE
from pose_landmarker.engines import load_engine
from pose_landmarker.errors import BundleError
from pose_landmarker.models.bundle import Bundle, read_bundle
from pose_landmarker.models.rewriting import conv_before_resize
from pose_landmarker.models.tflite import signature, with_outputs
from tests.conftest import ENGINES
from tests.tiny import tiny_network


@pytest.fixture(scope="module")
def bundle(model_file: Callable[[str], Path]) -> Bundle:
    return read_bundle(model_file("full"))


def _operators(model: bytes) -> list[tuple[str, list[int]]]:
    """Name and output shape of every operator, read by LiteRT's own schema."""
    from ai_edge_litert import schema_py_generated as schema

    names = {value: name for name, value in vars(schema.BuiltinOperator).items() if isinstance(value, int)}
    network = schema.Model.GetRootAs(model, 0)
    graph = network.Subgraphs(0)
    found = []
    for i in range(graph.OperatorsLength()):
        operator = graph.Operators(i)
        shape = graph.Tensors(operator.Outputs(0)).ShapeAsNumpy()
        code = network.OperatorCodes(operator.OpcodeIndex())
        found.append((names[max(code.BuiltinCode(), code.DeprecatedBuiltinCode())], np.ravel(shape).tolist()))
    return found


def test_both_upsamplings_of_the_detector_follow_their_convolutions(bundle: Bundle) -> None:
    rewritten = conv_before_resize(bundle.detector)
    assert signature(rewritten) == signature(bundle.detector)
    before, after = _operators(bundle.detector), _operators(rewritten)
    assert len(after) == len(before) + 2
    places = [i for i, (name, _) in enumerate(after) if name == "RESIZE_BILINEAR"]
    assert [[name for name, _ in after[i - 1 : i + 2]] for i in places] == [
        ["CONV_2D", "RESIZE_BILINEAR", "RELU6"]
    ] * 2
    assert [shape for i in places for _, shape in after[i - 1 : i + 1]] == [
        [1, 7, 7, 192],
        [1, 14, 14, 192],
        [1, 14, 14, 96],
        [1, 28, 28, 96],
    ]


def test_weights_keep_their_alignment(bundle: Bundle) -> None:
    rewritten = conv_before_resize(bundle.detector)
    assert rewritten.endswith(bundle.detector)
    assert (len(rewritten) - len(bundle.detector)) % 16 == 0


@pytest.mark.parametrize("engine", ENGINES)
def test_the_numbers_stay(bundle: Bundle, engine: str) -> None:
    pixels = np.random.default_rng(2).integers(0, 256, (4, 224, 224, 3), dtype=np.uint8)
    compile_ = load_engine(engine)[1]
    old, new = (
        compile_(model, scale=DETECTOR_SCALE, offset=DETECTOR_OFFSET, threads=2)(pixels)
        for model in (bundle.detector, conv_before_resize(bundle.detector))
    )
    np.testing.assert_allclose(new[0], old[0], atol=2e-3)  # of values up to 1,000
    np.testing.assert_allclose(new[1], old[1], atol=2e-3)  # of logits up to 250


def test_it_goes_together_with_cutting_outputs(bundle: Bundle) -> None:
    cut = with_outputs(conv_before_resize(bundle.detector), ["Identity_1"])
    assert [tensor.name for tensor in signature(cut).outputs] == ["Identity_1"]


def test_networks_without_such_a_pair_stay_as_they_are(bundle: Bundle) -> None:
    assert conv_before_resize(bundle.landmarks) is bundle.landmarks
    tiny = tiny_network([("in", (1,), 0)], [0], [0])
    assert conv_before_resize(tiny) is tiny


@pytest.mark.parametrize("seed", range(40))
def test_damaged_networks_are_refused_or_rewritten(bundle: Bundle, seed: int) -> None:
    rng = random.Random(seed)
    for _ in range(10):
        damaged = bytearray(bundle.detector)
        for _ in range(rng.randint(1, 60)):
            # The tables lie at the end, behind the weights, and at the very beginning.
            place = rng.randrange(60_000)
            damaged[-place if place > 300 else place] = rng.randrange(256)
        with contextlib.suppress(BundleError):
            conv_before_resize(bytes(damaged))


def test_numbers_that_no_network_has_are_refused(bundle: Bundle) -> None:
    damaged = bytearray(bundle.detector)
    version = damaged.index((3).to_bytes(4, "little"), int.from_bytes(damaged[:4], "little"))
    damaged[version : version + 4] = b"\xff" * 4
    with pytest.raises(BundleError, match="damaged"):
        conv_before_resize(bytes(damaged))

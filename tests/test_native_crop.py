"""Regions cut out by the kernels against OpenCV, and the answers of a network for many of them."""

from __future__ import annotations

import threading
from functools import cache
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from pose_landmarker.arrays import FloatArray, RgbImage
from pose_landmarker.engines.native.graph import simplified
from pose_landmarker.engines.native.network import NativeNetwork
from pose_landmarker.engines.regions import run_on_regions
from pose_landmarker.errors import EngineError
from pose_landmarker.imaging import crop, crop_matrix
from pose_landmarker.results import Roi
from tests.conftest import needs_native
from tests.native_drafts import (
    WIDTHS,
    Draft,
    composite,
    every_width,
    noise_pictures,
    planned_for,
)

pytestmark = needs_native


#: Sides of the crops that are compared with OpenCV.
SIDE = 256


@cache
def _cutter(lanes: int, threads: int = 1) -> NativeNetwork:
    """A network that answers its crop: every 2x2 pixels as 12 channels."""
    weights = np.zeros((2, 2, 3, 3, 3, 3), np.float32)
    for y, x, c in np.ndindex(2, 2, 3):
        weights[y, x, c, y, x, c] = 1
    half = SIDE // 2
    draft = Draft(SIDE, SIDE)
    draft.layer(
        "conv",
        0,
        (half, half, 12),
        weights=weights.reshape(12, 3, 3, 3),
        bias=np.zeros(12, np.float32),
        step=2,
    )
    graph = draft.answering(1)
    return NativeNetwork(graph, planned_for(graph, lanes, scale=1.0, offset=0.0), threads)


def _crops(output: FloatArray) -> FloatArray:
    """(N, SIDE, SIDE, 3) from what a cutter answers."""
    half = SIDE // 2
    blocks = output[..., :12].reshape(-1, half, half, 2, 2, 3)
    return blocks.transpose(0, 1, 3, 2, 4, 5).reshape(-1, SIDE, SIDE, 3)


def _cuts_like_opencv(image: RgbImage, roi: Roi, lanes: int) -> None:
    for replicate in (True, False):
        wanted = crop(image, roi, SIDE, replicate=replicate)
        (found,) = _cutter(lanes).regions(image, [crop_matrix(roi, SIDE)], replicate=replicate)
        np.testing.assert_array_equal(_crops(found)[0], wanted)


_RANDOM = np.random.default_rng(11)
PICTURES = {
    (height, width): _RANDOM.integers(0, 256, (height, width, 3), dtype=np.uint8)
    for height, width in [
        *[(1, 1), (1, 2), (1, 33), (2, 1), (33, 1), (2, 2), (2, 3), (3, 2), (3, 3)],
        *[(17, 31), (120, 161), (255, 257), (720, 1280)],
    ]
}
#: Not exact quarter turns (see below).
_ROTATIONS = st.just(0.0) | st.floats(0.01, 1.55) | st.floats(-3.12, -1.6) | st.floats(1.6, 3.12)


@every_width
class TestCrop:
    @pytest.mark.parametrize("size", PICTURES)
    def test_regions_of_many_kinds(self, lanes: int, size: tuple[int, int]) -> None:
        height, width = size
        side = float(max(size))
        for roi in (
            Roi(width / 2, height / 2, side, 0.0),  # all of it
            Roi(width / 2, height / 2, side, 0.3),
            Roi(width / 2 + 0.25, height / 3, side / 2, -2.2),
            Roi(0.0, height, side, 1.1),  # over a corner
            Roi(-2 * side, height / 2, side, 0.2),  # outside
            Roi(width / 2, 5 * side, side, 3.0),
            Roi(width / 2, height / 2, 90 * side, 0.7),  # a speck in it
            Roi(width / 3, height / 2, 0.01, 2.9),  # a part of one pixel
            Roi(1e6, -1e7, 40.0, 0.5),
            Roi(0.5, 0.5, 1e8, 0.1),
            Roi(1e9, 1e9, 1e9, 1.0),
        ):
            _cuts_like_opencv(PICTURES[size], roi, lanes)

    @given(
        size=st.sampled_from(sorted(PICTURES)),
        x=st.floats(-1, 2),
        y=st.floats(-1, 2),
        side=st.floats(0.001, 4),
        rotation=_ROTATIONS,
    )
    @settings(derandomize=True, max_examples=60, deadline=None)
    def test_any_region(
        self, lanes: int, size: tuple[int, int], x: float, y: float, side: float, rotation: float
    ) -> None:
        roi = Roi(x * size[1], y * size[0], side * max(size), rotation)
        _cuts_like_opencv(PICTURES[size], roi, lanes)

    @given(st.integers(-40, 200), st.integers(-40, 200), st.integers(1, 300))
    @settings(derandomize=True, max_examples=30, deadline=None)
    def test_upright_regions_of_whole_pixels(self, lanes: int, x: int, y: int, side: int) -> None:
        _cuts_like_opencv(PICTURES[120, 161], Roi(x / 2, y / 2, float(side), 0.0), lanes)

    @pytest.mark.parametrize("rotation", [np.pi / 2, -np.pi / 2, -np.pi])
    def test_quarter_turns(self, lanes: int, rotation: float) -> None:
        # Where sides are round numbers, places may lie half way between two steps of 1/32 of a pixel. There
        # the last bit decides, in which builds of OpenCV differ from each other, too.
        for roi in (
            Roi(1.0, -2.0, 2.0, rotation),
            Roi(2.0, 1.0, 6.0, rotation),
            Roi(80.0, 60.0, 96.0, rotation),
        ):
            wanted = crop(PICTURES[120, 161], roi, SIDE, replicate=True).astype(int)
            (found,) = _cutter(lanes).regions(PICTURES[120, 161], [crop_matrix(roi, SIDE)], replicate=True)
            assert np.abs(_crops(found)[0] - wanted).max() <= 2 * 255 / 32

    def test_a_part_of_a_larger_array(self, lanes: int) -> None:
        _cuts_like_opencv(PICTURES[720, 1280][100:501:2, 900:200:-1], Roi(300.0, 80.0, 333.0, 0.4), lanes)

    def test_a_picture_of_the_right_size_is_taken_as_it_is(self, lanes: int) -> None:
        pictures = np.random.default_rng(2).integers(0, 256, (3, SIDE, SIDE, 3), dtype=np.uint8)
        np.testing.assert_array_equal(_crops(_cutter(lanes)(pictures)[0]), pictures)
        backwards = pictures[:, ::-1, :, ::-1]
        np.testing.assert_array_equal(_crops(_cutter(lanes)(backwards)[0]), backwards)

    def test_pictures_are_not_written_to(self, lanes: int) -> None:
        picture = PICTURES[17, 31].copy()
        picture.setflags(write=False)
        _cuts_like_opencv(picture, Roi(20.0, 9.0, 40.0, 0.6), lanes)
        np.testing.assert_array_equal(picture, PICTURES[17, 31])


ROIS = [Roi(300.0 + 70 * i, 340.0 - 31 * i, 90.0 + 150 * i, 0.3 * i) for i in range(7)]


class TestManyRegions:
    @pytest.mark.parametrize("threads", [1, 2, 3])
    @pytest.mark.parametrize("count", [1, 2, 3, 5, 7])
    def test_together_they_are_what_they_are_one_by_one(self, count: int, threads: int) -> None:
        image, replicate = PICTURES[720, 1280], count % 2 == 0
        together = run_on_regions(
            _cutter(WIDTHS[-1], threads), image, ROIS[:count], SIDE, replicate=replicate
        )
        assert together[0].shape[0] == count
        for found, roi in zip(_crops(together[0]), ROIS, strict=False):
            np.testing.assert_array_equal(found, crop(image, roi, SIDE, replicate=replicate))

    @every_width
    @pytest.mark.parametrize("count", [1, 2, 5])
    def test_more_threads_give_the_same_bits(self, lanes: int, count: int) -> None:
        graph = simplified(composite(lanes))
        pictures = noise_pictures(graph, count)
        one, two, three = (
            NativeNetwork(graph, planned_for(graph, lanes), threads)(pictures) for threads in (1, 2, 3)
        )
        for values, of_two, of_three in zip(one, two, three, strict=True):
            assert np.abs(values).max() > 0.1
            np.testing.assert_array_equal(of_two, values)
            np.testing.assert_array_equal(of_three, values)

    @every_width
    @pytest.mark.parametrize("threads", [1, 2])
    @pytest.mark.parametrize("replicate", [True, False])
    def test_regions_are_the_network_on_their_crops(self, lanes: int, threads: int, replicate: bool) -> None:
        graph, image = simplified(composite(lanes, 128, 128)), PICTURES[720, 1280]
        network = NativeNetwork(graph, planned_for(graph, lanes), threads)
        matrices = [crop_matrix(roi, 128) for roi in ROIS[:3]]
        crops = np.stack([crop(image, roi, 128, replicate=replicate) for roi in ROIS[:3]])
        found, wanted = network.regions(image, matrices, replicate=replicate), network(crops)
        for values, others in zip(found, wanted, strict=True):
            np.testing.assert_array_equal(values, others)

    def test_none(self) -> None:
        assert _cutter(WIDTHS[-1], 2).regions(PICTURES[17, 31], [], replicate=True)[0].shape[0] == 0

    @pytest.mark.parametrize(
        "wrong",
        [
            np.zeros((1, SIDE, SIDE, 3), np.float32),
            np.zeros((1, SIDE, SIDE, 3), np.int8),
            np.zeros((1, SIDE, SIDE, 4), np.uint8),
            np.zeros((1, SIDE, SIDE - 1, 3), np.uint8),
            np.zeros((SIDE, SIDE, 3), np.uint8),
        ],
    )
    def test_wrong_pixels(self, wrong: NDArray[Any]) -> None:
        with pytest.raises(EngineError, match=r"wants uint8 \(256, 256, 3\), not"):
            _cutter(WIDTHS[-1])(wrong)

    @pytest.mark.parametrize(
        "wrong", [np.zeros((9, 9), np.uint8), np.zeros((9, 9, 4), np.uint8), np.zeros((9, 9, 3), np.float32)]
    )
    def test_wrong_pictures(self, wrong: NDArray[Any]) -> None:
        with pytest.raises(EngineError):
            _cutter(WIDTHS[-1]).regions(wrong, [crop_matrix(ROIS[0], SIDE)], replicate=True)


class TestOutputs:
    @pytest.mark.parametrize("count", [1, 3])
    def test_they_stay_what_they_are(self, count: int) -> None:
        network = _cutter(WIDTHS[-1], 2)
        held, wanted = [], []
        for i in range(12):  # more than are kept to be used again
            image, rois = PICTURES[255, 257], [Roi(100.0 + i, 90.0, 150.0, 0.1 * j) for j in range(count)]
            held.append(run_on_regions(network, image, rois, SIDE, replicate=True)[0])
            wanted.append(np.stack([crop(image, roi, SIDE, replicate=True) for roi in rois]))
        for found, crops in zip(held, wanted, strict=True):
            np.testing.assert_array_equal(_crops(found), crops)

    def test_a_view_is_enough_to_keep_them(self) -> None:
        network, image = _cutter(WIDTHS[-1]), PICTURES[255, 257]
        matrices = [crop_matrix(Roi(100.0, 90.0, side, 0.0), SIDE) for side in (50.0, 200.0)]
        corner = network.regions(image, matrices[:1], replicate=True)[0][0, :4, :4]
        before = corner.copy()
        network.regions(image, matrices[1:], replicate=True)
        np.testing.assert_array_equal(corner, before)

    def test_they_may_be_written_to(self) -> None:
        network, image = _cutter(WIDTHS[-1]), PICTURES[255, 257]
        roi = Roi(100.0, 90.0, 150.0, 0.3)
        network.regions(image, [crop_matrix(roi, SIDE)], replicate=True)[0][:] = np.nan
        (found,) = network.regions(image, [crop_matrix(roi, SIDE)], replicate=True)
        np.testing.assert_array_equal(_crops(found)[0], crop(image, roi, SIDE, replicate=True))

    @pytest.mark.parametrize("threads", [1, 2])
    def test_several_callers_at_once(self, threads: int) -> None:
        network, image = _cutter(WIDTHS[-1], threads), PICTURES[255, 257]
        wrong: list[int] = []

        def call(hand: int) -> None:
            rois = [Roi(60.0 * hand, 90.0, 150.0, 0.3 * j) for j in range(1 + hand % 3)]
            wanted = np.stack([crop(image, roi, SIDE, replicate=False) for roi in rois])
            held = [run_on_regions(network, image, rois, SIDE, replicate=False)[0] for _ in range(6)]
            wrong.extend(hand for found in held if not np.array_equal(_crops(found), wanted))

        callers = [threading.Thread(target=call, args=(hand,)) for hand in range(4)]
        for caller in callers:
            caller.start()
        for caller in callers:
            caller.join()
        assert wrong == []

"""Crops made by PyTorch against OpenCV's: the same bytes."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pose_landmarker.arrays import DoubleArray, RgbImage
from pose_landmarker.engines.pytorch.warp import Cut, Window, crops_of, cut_of, joined, window_of
from pose_landmarker.imaging import crop, crop_matrix
from pose_landmarker.results import Roi
from tests.conftest import needs_torch

pytestmark = needs_torch


@pytest.fixture(scope="module", autouse=True)
def _one_thread() -> None:
    """Several wait for each other busily, which is slow where others work too."""
    import torch

    torch.set_num_threads(1)


_RANDOM = np.random.default_rng(11)
PICTURES = {
    (height, width): _RANDOM.integers(0, 256, (height, width, 3), dtype=np.uint8)
    for height, width in [
        *[(1, 1), (1, 2), (1, 33), (2, 1), (33, 1), (2, 2), (2, 3), (3, 3)],
        *[(17, 31), (120, 161), (255, 257), (720, 1280)],
    ]
}


def _seen(image: RgbImage, matrices: Sequence[DoubleArray], size: int) -> tuple[RgbImage, Window]:
    window = window_of(matrices, size, image.shape[1], image.shape[0])
    part = image[window.top : window.bottom, window.left : window.right]
    return np.ascontiguousarray(part).reshape(-1, 3), window


def _crops(images: Sequence[RgbImage], rois: Sequence[Sequence[Roi]], size: int, replicate: bool) -> RgbImage:
    import torch

    cuts: list[Cut] = []
    pixels = []
    for image, squares in zip(images, rois, strict=True):
        matrices = [crop_matrix(roi, size) for roi in squares]
        part, window = _seen(image, matrices, size)
        pixels.append(part)
        cuts.append(cut_of(image, window, matrices, replicate=replicate))
    together = torch.from_numpy(np.concatenate(pixels))
    crops: RgbImage = crops_of(together, joined(cuts, [len(part) for part in pixels]), size).numpy()
    return crops


def _cuts_like_opencv(image: RgbImage, roi: Roi, size: int) -> None:
    for replicate in (True, False):
        wanted = crop(image, roi, size, replicate=replicate)
        np.testing.assert_array_equal(_crops([image], [[roi]], size, replicate)[0], wanted)


@pytest.mark.parametrize("size", [256, 224])
@pytest.mark.parametrize("picture", PICTURES)
def test_regions_of_many_kinds(picture: tuple[int, int], size: int) -> None:
    height, width = picture
    side = float(max(picture))
    for roi in (
        Roi(width / 2, height / 2, side, 0.0),  # all of it
        Roi(width / 2, height / 2, side, math.pi / 2),
        Roi(width / 2, height / 2, side, -math.pi / 2),
        Roi(width / 2 + 0.25, height / 3, side / 2, -2.2),
        Roi(0.0, height, side, 1.1),  # over a corner
        Roi(-2 * side, height / 2, side, 0.2),  # outside
        Roi(width / 2, height / 2, 90 * side, 0.7),  # a speck in it
        Roi(width / 3, height / 2, 0.01, 2.9),  # a part of one pixel
        Roi(1e6, -1e7, 40.0, 0.5),
        Roi(0.5, 0.5, 1e8, 0.1),
        Roi(1e9, 1e9, 1e9, 1.0),
    ):
        _cuts_like_opencv(PICTURES[picture], roi, size)


@given(
    picture=st.sampled_from(sorted(PICTURES)),
    x=st.floats(-1, 2),
    y=st.floats(-1, 2),
    side=st.floats(0.001, 4),
    rotation=st.floats(-math.pi, math.pi),
    size=st.sampled_from([256, 224]),
)
@settings(derandomize=True, max_examples=60, deadline=None)
def test_any_region(
    picture: tuple[int, int], x: float, y: float, side: float, rotation: float, size: int
) -> None:
    roi = Roi(x * picture[1], y * picture[0], side * max(picture), rotation)
    _cuts_like_opencv(PICTURES[picture], roi, size)


@given(st.integers(-40, 200), st.integers(-40, 200), st.integers(1, 300), st.integers(-2, 2))
@settings(derandomize=True, max_examples=40, deadline=None)
def test_whole_pixels_and_quarter_turns(x: int, y: int, side: int, quarters: int) -> None:
    _cuts_like_opencv(PICTURES[120, 161], Roi(x, y, side, quarters * math.pi / 2), 256)


@pytest.mark.parametrize("replicate", [True, False])
def test_many_regions_of_many_pictures(replicate: bool) -> None:
    images = list(PICTURES.values())
    rois = [
        [
            Roi(x * image.shape[1], y * image.shape[0], 5 + 300 * side, 6 * turn - 3)
            for x, y, side, turn in _RANDOM.random((1 + i % 5, 4))
        ]
        for i, image in enumerate(images)
    ]
    wanted = [
        crop(image, roi, 256, replicate=replicate)
        for image, squares in zip(images, rois, strict=True)
        for roi in squares
    ]
    assert len(wanted) > 32  # more than are made in one go
    np.testing.assert_array_equal(_crops(images, rois, 256, replicate), np.stack(wanted))


def test_borders_of_both_kinds_in_one_go() -> None:
    import torch

    image, roi = PICTURES[17, 31], Roi(2, 3, 40, 0.4)
    matrix = crop_matrix(roi, 256)
    pixels, window = _seen(image, [matrix], 256)
    cuts = [cut_of(image, window, [matrix], replicate=replicate) for replicate in (True, False)]
    found = crops_of(torch.from_numpy(np.tile(pixels, (2, 1))), joined(cuts, [len(pixels)] * 2), 256)
    for replicate, cut in zip((True, False), found.numpy(), strict=True):
        np.testing.assert_array_equal(cut, crop(image, roi, 256, replicate=replicate))


class TestWindow:
    def test_only_what_regions_see_goes_to_the_device(self) -> None:
        matrices = [crop_matrix(Roi(300, 200, 100, 0.0), 256), crop_matrix(Roi(400, 220, 50, 0.0), 256)]
        assert window_of(matrices, 256, 1280, 720) == Window(248, 148, 428, 253)

    @pytest.mark.parametrize("center", [(-500.0, 50.0), (50.0, 9e9), (2000.0, -3e5)])
    def test_a_region_outside_sees_one_pixel_or_more(self, center: tuple[float, float]) -> None:
        left, top, right, bottom = window_of([crop_matrix(Roi(*center, 10.0, 0.1), 256)], 256, 100, 80)
        assert 0 <= left < right <= 100
        assert 0 <= top < bottom <= 80

    @pytest.mark.parametrize(
        ("place", "entry"),
        [((2, 2), np.nan), ((2, 2), -1.0), ((2, 2), 0.0), ((0, 0), np.nan), ((0, 0), np.inf)],
    )
    def test_a_matrix_that_is_none_sees_everything(self, place: tuple[int, int], entry: float) -> None:
        matrix = np.eye(3)
        matrix[place] = entry
        left, _, right, _ = window_of([matrix], 256, 100, 80)
        assert (left, right) == (0, 100)

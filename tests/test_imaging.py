from __future__ import annotations

import logging
from collections.abc import Iterator

import cv2
import numpy as np
import pytest

from pose_landmarker import imaging
from pose_landmarker.arrays import RgbImage
from pose_landmarker.errors import ImageError
from pose_landmarker.results import Roi


def _gradient(width: int, height: int) -> RgbImage:
    image = np.zeros((height, width, 3), np.uint8)
    image[..., 0] = np.arange(width)
    image[..., 1] = np.arange(height)[:, None]
    return image


def test_there_is_no_half_pixel_shift() -> None:
    cropped = imaging.crop(_gradient(64, 64), Roi(32, 32, 64, 0), 32, replicate=True)
    assert cropped[0, 0].tolist() == [0, 0, 0]
    assert cropped[5, 7].tolist() == [14, 10, 0]


def test_a_turned_region_comes_out_upright() -> None:
    image = _gradient(64, 64)
    cropped = imaging.crop(image, Roi(32, 32, 32, np.pi / 2), 32, replicate=True)
    np.testing.assert_array_equal(cropped[5, 7], image[16 + 7, 48 - 5])


def test_beyond_the_border_is_black_or_goes_on() -> None:
    white = np.full((8, 8, 3), 255, np.uint8)
    assert imaging.crop(white, Roi(-20, 4, 8, 0), 8, replicate=False).max() == 0
    assert imaging.crop(white, Roi(-20, 4, 8, 0), 8, replicate=True).min() == 255


def test_the_picture_is_not_written_to(noise: RgbImage) -> None:
    before = noise.copy()
    imaging.crop(noise, Roi(80, 60, 50, 0.4), 256, replicate=True)
    np.testing.assert_array_equal(noise, before)


def test_into_an_array_that_is_there(noise: RgbImage) -> None:
    roi = Roi(80, 60, 50, 0.4)
    out = np.empty((64, 64, 3), np.uint8)
    assert imaging.crop(noise, roi, 64, replicate=True, out=out) is out
    np.testing.assert_array_equal(out, imaging.crop(noise, roi, 64, replicate=True))


@pytest.mark.parametrize("replicate", [True, False])
def test_numpy_computes_what_opencv_4_computes(noise: RgbImage, replicate: bool) -> None:
    if not imaging.rounds_like_opencv4():  # the other test compares with golden files
        pytest.fail("the cv2 of the test environment must be opencv-python-headless 4")
    rng = np.random.default_rng(5)
    for _ in range(25):
        roi = Roi(rng.uniform(-50, 200), rng.uniform(-50, 200), rng.uniform(3, 500), rng.uniform(-4, 4))
        theirs = imaging.crop(noise, roi, 96, replicate=replicate)
        ours = imaging.exact_warp(noise, imaging.crop_matrix(roi, 96), 96, replicate=replicate)
        np.testing.assert_array_equal(ours, theirs)


@pytest.fixture
def other_opencv(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A cv2 that does not round, like OpenCV 5: every result is a little off."""
    real = cv2.warpPerspective

    def warp(*args: object, **options: object) -> object:
        return real(*args, **options) ^ 1  # type: ignore[call-overload]

    monkeypatch.setattr(cv2, "warpPerspective", warp)
    imaging.rounds_like_opencv4.cache_clear()
    yield
    imaging.rounds_like_opencv4.cache_clear()


def test_another_opencv_changes_no_number_and_is_named(
    noise: RgbImage, other_opencv: None, caplog: pytest.LogCaptureFixture
) -> None:
    roi = Roi(80, 60, 50, 0.4)
    with caplog.at_level(logging.WARNING, "pose_landmarker"):
        cropped = imaging.crop(noise, roi, 64, replicate=True)
    exact = imaging.exact_warp(noise, imaging.crop_matrix(roi, 64), 64, replicate=True)
    np.testing.assert_array_equal(cropped, exact)
    out = np.empty_like(exact)
    assert imaging.crop(noise, roi, 64, replicate=True, out=out) is out
    np.testing.assert_array_equal(out, exact)
    assert "opencv-python-headless>=4.10,<5" in caplog.text


def test_a_mask_returns_to_where_it_came_from() -> None:
    roi = Roi(60, 50, 40, 0.7)
    mask = imaging.uncrop_mask(np.ones((256, 256), np.float32), roi, 160, 120)
    assert mask.shape == (120, 160)
    assert mask.dtype == np.float32
    assert mask[50, 60] == 1
    assert mask[5, 5] == 0
    assert mask.sum() == pytest.approx(40 * 40, rel=0.02)
    whole = cv2.warpPerspective(np.ones((256, 256), np.float32), imaging.crop_matrix(roi, 256), (160, 120))
    np.testing.assert_allclose(mask, whole, atol=1e-3)


def test_a_mask_outside_the_picture_is_empty() -> None:
    assert imaging.uncrop_mask(np.ones((256, 256), np.float32), Roi(-500, 50, 40, 0), 160, 120).max() == 0


def test_sides_that_cannot_be_addressed_are_refused() -> None:
    imaging.check_side(32_766, 1)
    with pytest.raises(ImageError, match=r"40000x10.*32766"):
        imaging.check_side(40_000, 10)

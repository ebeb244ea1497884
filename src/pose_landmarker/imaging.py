"""The only file that resamples pixels.

Both networks look at squares of the picture: turned, scaled, cut out. The reference samples them
with OpenCV 4's ``warpPerspective``, which has two habits that the numbers depend on: pixel i of the
crop samples position i/S of the region (no half-pixel shift), and source coordinates are rounded
to 1/32 of a pixel. OpenCV 5, and some builds for other processors, do not round. Where the ``cv2``
that is installed is such a build, :func:`exact_warp` computes the same numbers in numpy, about ten
milliseconds slower a crop, and says so once in the log. Masks are not rounded to bytes, so they are
left to any OpenCV: the difference is below a hundredth.
"""

from __future__ import annotations

import logging
import math
from functools import cache
from types import ModuleType

import numpy as np
import numpy.typing as npt

from pose_landmarker.arrays import DoubleArray, FloatArray, RgbImage
from pose_landmarker.errors import ImageError
from pose_landmarker.results import Roi

#: OpenCV 4 splits a pixel into this many steps (INTER_TAB_SIZE) ...
_STEPS = 32
#: ... and its weights are integers that add up to this (INTER_REMAP_COEF_SCALE).
_WEIGHT_SCALE = 1 << 15
#: OpenCV addresses source pixels with 16-bit integers.
MAX_SIDE = (1 << 15) - 2


@cache
def _cv2() -> ModuleType:
    """OpenCV, imported when first needed: it costs 20 ms and 17 MB."""
    import cv2

    return cv2


def import_opencv() -> None:
    """Import it now: for a moment that changes ``sys.path``, which processes that are started inherit."""
    _cv2()


def resample_on_one_thread() -> None:
    """From now on, in this process: for one of many, since OpenCV would take all cores for each of them."""
    _cv2().setNumThreads(1)


def crop_matrix(roi: Roi, size: int, *, mirror: bool = False) -> DoubleArray:
    """(3, 3) matrix that takes pixels of a crop of side ``size`` to pixels of the image.

    Args:
        roi: The square, image pixels.
        size: Side of the crop.
        mirror: Whether left and right of the crop are swapped.
    """
    cv2 = _cv2()
    # boxPoints, and not sines of our own: it rounds the corners to float32 like the reference.
    box = ((roi.center_x, roi.center_y), (roi.size, roi.size), math.degrees(roi.rotation))
    matrix: DoubleArray = cv2.getPerspectiveTransform(_crop_corners(size), cv2.boxPoints(box))
    if mirror:
        matrix = matrix @ [[-1.0, 0.0, size], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]]
    return matrix


@cache
def _crop_corners(size: int) -> FloatArray:
    """(4, 2) in OpenCV's order: bottom-left, top-left, top-right, bottom-right."""
    return np.array([[0, size], [0, 0], [size, 0], [size, size]], np.float32)


def crop(
    image: RgbImage,
    roi: Roi,
    size: int,
    *,
    replicate: bool,
    mirror: bool = False,
    out: RgbImage | None = None,
) -> RgbImage:
    """Cut a rotated square out of an image.

    Args:
        image: (H, W, 3) uint8.
        roi: The square, image pixels.
        size: Side of the crop.
        replicate: Beyond the image, whether its border goes on; otherwise black.
        mirror: Whether left and right of the crop are swapped.
        out: (size, size, 3) uint8 to write to.

    Returns:
        (size, size, 3) uint8.
    """
    matrix = crop_matrix(roi, size, mirror=mirror)
    if not rounds_like_opencv4():
        exact = exact_warp(image, matrix, size, replicate=replicate)
        if out is None:
            return exact
        out[...] = exact
        return out
    cv2 = _cv2()
    border = cv2.BORDER_REPLICATE if replicate else cv2.BORDER_CONSTANT
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    warped: RgbImage = cv2.warpPerspective(
        image, matrix, (size, size), dst=out, flags=flags, borderMode=border
    )
    return warped


def uncrop_mask(mask: FloatArray, roi: Roi, width: int, height: int) -> FloatArray:
    """Lay a mask of a crop back over the image.

    Args:
        mask: (S, S) float32.
        roi: The region that the crop was taken from.
        width: Of the image.
        height: Of the image.

    Returns:
        (height, width) float32, 0 outside the region.
    """
    cv2 = _cv2()
    full = np.zeros((height, width), np.float32)
    low = np.floor(roi.corners().min(axis=0)) - 1
    high = np.ceil(roi.corners().max(axis=0)) + 2
    left, top = np.clip(low, 0, (width, height)).astype(int)
    right, bottom = np.clip(high, 0, (width, height)).astype(int)
    if left >= right or top >= bottom:
        return full
    # Only the rectangle around the region is warped; its own corner becomes the origin. The reference's
    # warpPerspective takes twice as long for the same map; they differ by the rounding of its coordinates.
    matrix = crop_matrix(roi, mask.shape[0])[:2] - [[0, 0, left], [0, 0, top]]
    cv2.warpAffine(
        mask,
        matrix,
        (int(right - left), int(bottom - top)),
        dst=full[top:bottom, left:right],
        flags=cv2.INTER_LINEAR,
        borderMode=cv2.BORDER_CONSTANT,
    )
    return full


def three_channels(image: npt.NDArray[np.uint8]) -> RgbImage:
    """Greyscale (H, W), RGB (H, W, 3) or RGBA (H, W, 4) in any memory layout as contiguous RGB.

    Not copied where it is that already. OpenCV is 20 to 50 times faster at this than numpy.
    """
    cv2 = _cv2()
    if image.ndim == 2:
        rgb: RgbImage = cv2.cvtColor(np.ascontiguousarray(image), cv2.COLOR_GRAY2RGB)
    elif image.shape[2] == 4:
        rgb = cv2.cvtColor(np.ascontiguousarray(image), cv2.COLOR_RGBA2RGB)
    elif image[..., ::-1].flags.c_contiguous and not image.flags.c_contiguous:  # bgr[..., ::-1]
        rgb = cv2.cvtColor(image[..., ::-1], cv2.COLOR_BGR2RGB)
    else:
        rgb = np.ascontiguousarray(image)
    return rgb


def shrunk(image: RgbImage, longest: int) -> RgbImage:
    """A picture of which no side is longer than ``longest`` pixels; as it is where that is so already.

    Every pixel is the mean of those that it stands for.
    """
    height, width = image.shape[:2]
    if max(height, width) <= longest:
        return image
    scale = longest / max(height, width)
    size = max(1, round(width * scale)), max(1, round(height * scale))
    cv2 = _cv2()
    small: RgbImage = cv2.resize(np.ascontiguousarray(image), size, interpolation=cv2.INTER_AREA)
    return small


def check_side(width: int, height: int) -> None:
    """Raise an ImageError for a picture that OpenCV cannot address."""
    if max(width, height) > MAX_SIDE:
        raise ImageError(
            f"the image is {width}x{height}; sides of more than {MAX_SIDE} pixels cannot be "
            "resampled: scale it down or pass a part of it"
        )


def exact_warp(image: RgbImage, matrix: DoubleArray, size: int, *, replicate: bool) -> RgbImage:
    """What OpenCV 4's ``warpPerspective`` (linear, inverse map) computes, in integers.

    Args:
        image: (H, W, 3) uint8.
        matrix: (3, 3) from pixels of the crop to pixels of the image.
        size: Side of the crop.
        replicate: Beyond the image, whether its border goes on; otherwise black.

    Returns:
        (size, size, 3) uint8.
    """
    height, width = image.shape[:2]
    y, x = np.mgrid[0:size, 0:size].astype(np.float64)
    source_x, source_y, w = np.tensordot(matrix, np.stack([x, y, np.ones_like(x)]), axes=1)
    scale = np.divide(_STEPS, w, out=np.zeros_like(w), where=w != 0)
    column, fraction_x = np.divmod(np.rint(source_x * scale).astype(np.int64), _STEPS)
    row, fraction_y = np.divmod(np.rint(source_y * scale).astype(np.int64), _STEPS)

    total = np.full((size, size, 3), _WEIGHT_SCALE // 2, np.int64)
    for down in (0, 1):
        for right in (0, 1):
            weight_x = fraction_x if right else _STEPS - fraction_x
            weight_y = fraction_y if down else _STEPS - fraction_y
            weight = weight_x * weight_y * (_WEIGHT_SCALE // _STEPS**2)
            r, c = row + down, column + right
            if not replicate:
                weight = np.where((r >= 0) & (r < height) & (c >= 0) & (c < width), weight, 0)
            pixels = image[np.clip(r, 0, height - 1), np.clip(c, 0, width - 1)]
            total += weight[..., None] * pixels
    return (total // _WEIGHT_SCALE).astype(np.uint8)


@cache
def rounds_like_opencv4() -> bool:
    """Whether the installed ``cv2`` resamples as the reference does: tried out, once, on noise."""
    cv2 = _cv2()
    # Something like noise, without the 10 ms that numpy's generators take to be imported.
    noise = (np.arange(31 * 37 * 3) ** 2 % 251).astype(np.uint8).reshape(31, 37, 3)
    matrix = np.array([[0.713, -0.291, 9.37], [0.317, 0.689, -2.11], [0, 0, 1]])
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    same = all(
        np.array_equal(
            cv2.warpPerspective(noise, matrix, (40, 40), flags=flags, borderMode=border),
            exact_warp(noise, matrix, 40, replicate=border == cv2.BORDER_REPLICATE),
        )
        for border in (cv2.BORDER_REPLICATE, cv2.BORDER_CONSTANT)
    )
    if not same:
        logging.getLogger("pose_landmarker").warning(
            "cv2 %s does not resample like OpenCV 4; the same numbers are computed in numpy, slower. "
            "'pip install \"opencv-python-headless>=4.10,<5\"' makes it fast again.",
            cv2.__version__,
        )
    return same

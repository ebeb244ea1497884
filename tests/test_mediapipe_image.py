"""The drop-in's images: from arrays, from files, and what they say of themselves."""

from __future__ import annotations

import copy
import pickle
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from PIL import Image as Pillow

from pose_landmarker.errors import ImageError, ImageFileError, OptionError
from pose_landmarker.mediapipe.tasks.python.vision.core.image import Image, ImageFormat


def numbers(*shape: int, dtype: Any = np.uint8) -> npt.NDArray[Any]:
    return (np.arange(np.prod(shape)) % 251).reshape(shape).astype(dtype)


ALL = [
    (ImageFormat.SRGB, 3, np.uint8),
    (ImageFormat.SRGBA, 4, np.uint8),
    (ImageFormat.GRAY8, 1, np.uint8),
    (ImageFormat.GRAY16, 1, np.uint16),
    (ImageFormat.SRGB48, 3, np.uint16),
    (ImageFormat.SRGBA64, 4, np.uint16),
    (ImageFormat.VEC32F1, 1, np.float32),
    (ImageFormat.VEC32F2, 2, np.float32),
    (ImageFormat.VEC32F4, 4, np.float32),
]


class TestFromArrays:
    @pytest.mark.parametrize(("kind", "channels", "dtype"), ALL)
    def test_every_format_gives_back_what_it_was_made_of(
        self, kind: ImageFormat, channels: int, dtype: Any
    ) -> None:
        data = numbers(4, 5, channels, dtype=dtype)
        image = Image(kind, data)
        assert (image.width, image.height, image.channels) == (5, 4, channels)
        assert image.image_format is kind
        np.testing.assert_array_equal(image.numpy_view(), data)
        assert image.numpy_view().dtype == dtype
        assert image[3, 2, channels - 1] == data[3, 2, channels - 1]

    def test_it_is_a_copy_that_does_not_change(self) -> None:
        data = numbers(4, 5, 3)
        image = Image(image_format=ImageFormat.SRGB, data=data)
        data[:] = 0
        assert image[0, 1, 2] == 5
        with pytest.raises(ValueError, match="read-only"):
            image.numpy_view()[0, 0, 0] = 1

    def test_a_view_outlives_its_image(self) -> None:
        view = Image(ImageFormat.SRGB, numbers(4, 5, 3)).numpy_view()
        np.testing.assert_array_equal(view, numbers(4, 5, 3))

    def test_arrays_that_are_not_contiguous_keep_their_order(self) -> None:
        reversed_channels = numbers(4, 5, 3)[..., ::-1]
        np.testing.assert_array_equal(
            Image(ImageFormat.SRGB, reversed_channels).numpy_view(), reversed_channels
        )

    def test_two_dimensions_are_one_channel(self) -> None:
        image = Image(ImageFormat.GRAY8, numbers(4, 5))
        assert image.numpy_view().shape == (4, 5, 1)
        assert image[1, 2] == image[1, 2, 0] == 7

    def test_sharing_copies_nothing_and_freezes(self) -> None:
        data = numbers(4, 5, 3)
        image = Image.sharing(ImageFormat.SRGB, data)
        assert np.shares_memory(image.numpy_view(), data)
        assert not image.numpy_view().flags.writeable

    def test_copies_and_pickles_are_images(self) -> None:
        image = Image(ImageFormat.GRAY8, numbers(4, 5))
        for other in (copy.deepcopy(image), pickle.loads(pickle.dumps(image))):
            assert other[1, 2] == 7

    @pytest.mark.parametrize(
        ("kind", "data", "message"),
        [
            (ImageFormat.SRGB, np.zeros((3, 4, 2), np.uint8), r"too small: 24 \(expected 36\)"),
            (ImageFormat.SRGB, numbers(4, 5), "Pixel data size is too small"),
            (ImageFormat.SRGB, numbers(4, 5, 4), r"SRGB data has 3 channels, but .* \(4, 5, 4\)"),
            (ImageFormat.SRGB, np.zeros((4, 5, 3)), "Unsupported numpy data type: float64"),
            (ImageFormat.SRGB, numbers(4), "Unsupported number of dimensions:1"),
            (ImageFormat.SRGB, numbers(1, 4, 5, 3), "Unsupported number of dimensions:4"),
            (
                ImageFormat.VEC32F1,
                numbers(4, 5),
                r"Unsupported image format: VEC32F1 \(expected GRAY8, SRGB, or SRGBA for uint8_t data\)",
            ),
            (99, numbers(4, 5), "Unsupported image format: UNKNOWN"),
            ("SRGB", numbers(4, 5), "Unsupported image format: UNKNOWN"),
            (ImageFormat.SRGB, np.zeros((0, 5, 3), np.uint8), "is empty"),
            (ImageFormat.SRGB, [[1]], "must be a numpy array, not list"),
        ],
    )  # fmt: skip
    def test_what_does_not_fit_is_refused(self, kind: Any, data: Any, message: str) -> None:
        with pytest.raises(ImageError, match=message):
            Image(kind, data)


class TestIndexing:
    image = Image(ImageFormat.SRGB, numbers(4, 5, 3))

    def test_numbers_are_plain(self) -> None:
        assert type(self.image[1, 2, 0]) is int
        assert type(Image(ImageFormat.VEC32F1, np.zeros((2, 2), np.float32))[0, 0]) is float

    @pytest.mark.parametrize("key", [(1,), (1, 2), (1, 2, 0, 0)])
    def test_the_number_of_indices_must_fit(self, key: tuple[int, ...]) -> None:
        with pytest.raises(ValueError, match=rf"Invalid index dimension: {len(key)} \(expected 2 or 3\)"):
            _ = self.image[key]

    @pytest.mark.parametrize("key", [(4, 0, 0), (0, 5, 0), (0, 0, 3), (-1, 0, 0)])
    def test_outside_is_an_error(self, key: tuple[int, ...]) -> None:
        with pytest.raises(IndexError):
            _ = self.image[key]


class TestLayout:
    def test_rows_are_counted_as_the_reference_pads_them(self) -> None:
        small = Image(ImageFormat.GRAY8, numbers(2, 2))
        assert (small.step, small.is_contiguous()) == (16, False)
        wide = Image(ImageFormat.SRGB, numbers(4, 16, 3))
        assert (wide.step, wide.is_contiguous()) == (48, True)

    def test_alignment_follows_from_that(self) -> None:
        small = Image(ImageFormat.GRAY8, numbers(2, 2))
        assert small.is_aligned(1)
        assert small.is_aligned(16)
        assert not small.is_aligned(32)
        with pytest.raises(OptionError, match="power of two, not 3"):
            small.is_aligned(3)

    def test_pixels_are_there_and_not_on_a_gpu(self) -> None:
        image = Image(ImageFormat.GRAY8, numbers(2, 2))
        assert not image.uses_gpu()
        assert not image.is_empty()
        assert repr(image) == "<Image GRAY8 2x2>"


class TestFromFiles:
    @pytest.mark.parametrize(
        ("mode", "kind"),
        [
            ("RGB", ImageFormat.SRGB),
            ("RGBA", ImageFormat.SRGBA),
            ("LA", ImageFormat.SRGBA),
            ("L", ImageFormat.GRAY8),
            ("1", ImageFormat.GRAY8),
            ("P", ImageFormat.SRGB),
        ],
    )
    def test_the_channels_are_those_of_the_file(self, tmp_path: Path, mode: str, kind: ImageFormat) -> None:
        Pillow.fromarray(numbers(4, 5, 4 if "A" in mode else 3)).convert(mode).save(tmp_path / "a.png")
        image = Image.create_from_file(str(tmp_path / "a.png"))
        assert image.image_format is kind
        assert (image.width, image.height) == (5, 4)

    def test_transparency_is_kept(self, tmp_path: Path) -> None:
        data = numbers(4, 5, 4)
        Pillow.fromarray(data).save(tmp_path / "a.png")
        np.testing.assert_array_equal(Image.create_from_file(tmp_path / "a.png").numpy_view(), data)

    def test_grey_of_16_bits_has_8(self, tmp_path: Path) -> None:
        Pillow.fromarray(numbers(4, 5, dtype=np.uint16) * 256).save(tmp_path / "a.png")
        image = Image.create_from_file(tmp_path / "a.png")
        np.testing.assert_array_equal(image.numpy_view()[..., 0], numbers(4, 5))

    @pytest.mark.parametrize("mode", ["RGB", "RGBA"])
    def test_pictures_are_turned_upright(self, tmp_path: Path, mode: str) -> None:
        picture = Pillow.fromarray(numbers(4, 5, 4)).convert(mode)
        exif = picture.getexif()
        exif[0x0112] = 6
        picture.save(tmp_path / "a.png", exif=exif)
        upright = np.rot90(np.asarray(picture), -1)
        np.testing.assert_array_equal(Image.create_from_file(tmp_path / "a.png").numpy_view(), upright)

    def test_a_missing_file_is_not_found(self, tmp_path: Path) -> None:
        with pytest.raises(FileNotFoundError) as caught:
            Image.create_from_file(str(tmp_path / "none.jpg"))
        assert str(caught.value) == f"Can't find file: {tmp_path / 'none.jpg'}"
        assert isinstance(caught.value, ImageFileError)

    @pytest.mark.parametrize("content", [b"", b"no picture", b"\x89PNG\r\n\x1a\n" + bytes(40)])
    def test_what_is_no_picture_is_the_reference_s_kind_of_error(
        self, tmp_path: Path, content: bytes
    ) -> None:
        (tmp_path / "bad.png").write_bytes(content)
        with pytest.raises(RuntimeError, match="Failed to load image from file") as caught:
            Image.create_from_file(str(tmp_path / "bad.png"))
        assert isinstance(caught.value, ImageFileError)

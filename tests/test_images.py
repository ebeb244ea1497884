from __future__ import annotations

import io
import os
import random
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image

from pose_landmarker.arrays import RgbImage
from pose_landmarker.errors import ImageError, ImageFileError
from pose_landmarker.media import as_rgb, encode_image, images, read_image

RED = (255, 0, 0)


@pytest.fixture(scope="module")
def photo() -> RgbImage:
    """(40, 60, 3): red on the left, blue on the right."""
    image = np.zeros((40, 60, 3), np.uint8)
    image[:, :30] = RED
    image[:, 30:] = (0, 0, 255)
    return image


class TestArrays:
    def test_rgb_passes_through_uncopied(self, photo: RgbImage) -> None:
        assert np.shares_memory(as_rgb(photo), photo)

    def test_greyscale(self) -> None:
        grey = np.arange(12, dtype=np.uint8).reshape(3, 4)
        for form in (grey, grey[..., None]):
            rgb = as_rgb(form)
            assert rgb.shape == (3, 4, 3)
            np.testing.assert_array_equal(rgb[..., 2], grey)

    def test_rgba_loses_its_transparency(self, photo: RgbImage) -> None:
        rgba = np.dstack([photo, np.zeros(photo.shape[:2], np.uint8)])
        np.testing.assert_array_equal(as_rgb(rgba), photo)

    def test_views_with_any_strides(self, photo: RgbImage) -> None:
        view = photo[::-1, ::2]
        rgb = as_rgb(view)
        np.testing.assert_array_equal(rgb, view)
        assert rgb.flags.c_contiguous

    @pytest.mark.parametrize(
        ("image", "message"),
        [
            (np.zeros((4, 4, 3)), r"dtype float64.*255 \* image"),
            (np.full((4, 4, 3), 200.0), r"dtype float64.*try \(image\)"),
            (np.full((4, 4, 3), np.nan, np.float32), "float32.*not finite"),
            (np.zeros((4, 4, 3), np.uint16), "uint16.*>> 8"),
            (np.zeros((4, 4), bool), "bool.*255"),
            (np.zeros((4, 4, 3), np.int64), "dtype int64"),
            (np.array([["a"]]), "dtype <U1"),
            (np.zeros((3, 40, 60), np.uint8), r"\(3, 40, 60\).*transpose"),
            (np.zeros((1, 4, 4, 3), np.uint8), "batch"),
            (np.zeros((4, 4, 2), np.uint8), r"\(4, 4, 2\)"),
            (np.zeros((5,), np.uint8), r"\(5,\)"),
            (np.zeros((), np.uint8), r"\(\)"),
            (np.zeros((0, 4, 3), np.uint8), "empty"),
            (np.zeros((4, 0), np.uint8), "empty"),
        ],
    )
    def test_what_cannot_be_used_says_what_came_and_what_is_wanted(self, image: Any, message: str) -> None:
        with pytest.raises(ImageError, match=message):
            as_rgb(image)

    def test_subclasses_of_arrays(self, photo: RgbImage) -> None:
        for array in (np.ma.masked_equal(photo, 255), photo.view(np.recarray)):
            assert type(as_rgb(array)) is np.ndarray

    @pytest.mark.parametrize("image", [None, 3, b"bytes", [[1, 2]], object(), {"image": 1}, Image.Image])
    def test_other_things_are_named_by_their_type(self, image: Any) -> None:
        with pytest.raises(ImageError, match=type(image).__name__):
            as_rgb(image)

    def test_objects_of_the_references_kind(self, photo: RgbImage) -> None:
        class View:
            def numpy_view(self) -> RgbImage:
                return photo

        assert np.shares_memory(as_rgb(View()), photo)

    @pytest.mark.parametrize(
        "mode", ["RGB", "RGBA", "L", "LA", "P", "1", "CMYK", "YCbCr", "HSV", "I;16", "I"]
    )
    def test_pillow_images_of_every_mode(self, mode: str) -> None:
        if mode in ("I;16", "I"):
            dtype = np.uint16 if mode == "I;16" else np.int32
            picture = Image.fromarray(np.full((4, 6), 0x8040, dtype))
            wanted: tuple[int, ...] = (0x80,) * 3
        else:
            picture = Image.new("RGB", (6, 4), (255, 255, 255)).convert(mode)
            wanted = (255, 255, 255)
        assert picture.mode == mode
        assert as_rgb(picture)[2, 3].tolist() == pytest.approx(wanted, abs=1)

    def test_pillow_images_are_taken_as_they_lie(self, photo: RgbImage) -> None:
        """Results are in the coordinates of the picture as given, so nothing is turned silently."""
        picture = Image.fromarray(photo)
        picture.getexif()[0x0112] = 6
        np.testing.assert_array_equal(as_rgb(picture), photo)

    def test_a_damaged_pillow_image(self, photo: RgbImage) -> None:
        content = encode_image(photo, ".png")
        with pytest.raises(ImageFileError, match=r"the Pillow image: .*truncated"):
            as_rgb(Image.open(io.BytesIO(content[: len(content) // 2])))

    @pytest.mark.parametrize("view", ["bgr", "rows", "columns", "transposed", "fortran", "rgba", "grey"])
    def test_every_memory_layout(self, noise: RgbImage, view: str) -> None:
        layouts = {
            "bgr": noise[..., ::-1],
            "rows": noise[::-2],
            "columns": noise[:, ::-1],
            "transposed": noise.transpose(1, 0, 2),
            "fortran": np.asfortranarray(noise),
            "rgba": np.dstack([noise, noise[..., 0]])[:, ::2],
            "grey": noise[..., 1],
        }
        image = layouts[view]
        rgb = as_rgb(image)
        assert rgb.flags.c_contiguous
        wanted = np.dstack([image] * 3) if image.ndim == 2 else image[..., :3]
        np.testing.assert_array_equal(rgb, wanted)

    def test_floating_point_pictures_are_refused(self) -> None:
        with pytest.raises(ImageError, match="floating-point"):
            as_rgb(Image.fromarray(np.zeros((4, 4), np.float32)))


class TestFiles:
    @pytest.mark.parametrize("suffix", [".png", ".jpg", ".webp", ".gif", ".bmp", ".tif"])
    def test_formats_and_the_order_of_colours(self, tmp_path: Path, photo: RgbImage, suffix: str) -> None:
        path = tmp_path / f"photo{suffix}"
        Image.fromarray(photo).save(path)
        for form in (path, str(path)):
            image = as_rgb(form)
            assert image.shape == (40, 60, 3)
            assert image[20, 10].tolist() == pytest.approx([255, 0, 0], abs=4)
            assert image[20, 50].tolist() == pytest.approx([0, 0, 255], abs=4)

    @pytest.mark.parametrize("orientation", range(1, 9))
    def test_exif_orientation_is_respected(self, tmp_path: Path, photo: RgbImage, orientation: int) -> None:
        upright = Image.fromarray(photo)
        undo = {
            2: Image.Transpose.FLIP_LEFT_RIGHT,
            3: Image.Transpose.ROTATE_180,
            4: Image.Transpose.FLIP_TOP_BOTTOM,
            5: Image.Transpose.TRANSPOSE,
            6: Image.Transpose.ROTATE_90,
            7: Image.Transpose.TRANSVERSE,
            8: Image.Transpose.ROTATE_270,
        }
        stored = upright.transpose(undo[orientation]) if orientation in undo else upright
        exif = Image.Exif()
        exif[0x0112] = orientation
        stored.save(tmp_path / "photo.png", exif=exif)
        np.testing.assert_array_equal(read_image(tmp_path / "photo.png"), photo)

    def test_sixteen_bits_turned_by_exif(self, tmp_path: Path) -> None:
        values = np.zeros((4, 6), np.uint16)
        values[0, 0] = 0xFF00
        exif = Image.Exif()
        exif[0x0112] = 3
        Image.fromarray(values).save(tmp_path / "x.png", exif=exif)
        image = read_image(tmp_path / "x.png")
        assert image[3, 5].tolist() == [255] * 3
        assert image[0, 0].tolist() == [0] * 3

    def test_of_an_animation_the_first_frame(self, tmp_path: Path, photo: RgbImage) -> None:
        frames = [Image.fromarray(photo), Image.fromarray(photo[:, ::-1])]
        frames[0].save(tmp_path / "x.gif", save_all=True, append_images=frames[1:])
        assert read_image(tmp_path / "x.gif")[20, 10].tolist() == [255, 0, 0]

    def test_one_pixel(self, tmp_path: Path) -> None:
        Image.new("RGB", (1, 1), RED).save(tmp_path / "x.png")
        assert read_image(tmp_path / "x.png").tolist() == [[[255, 0, 0]]]

    def test_more_pixels_than_pillow_allows_but_not_more_than_we_do(
        self, tmp_path: Path, photo: RgbImage, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        Image.fromarray(photo).save(tmp_path / "x.png")
        monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 10)
        assert read_image(tmp_path / "x.png").shape == (40, 60, 3)
        assert Image.MAX_IMAGE_PIXELS == 10
        monkeypatch.setattr(images, "MAX_FILE_PIXELS", 2000)
        with pytest.raises(ImageFileError, match=r"x.png: the picture has 60x40 pixels, more than 2,000"):
            read_image(tmp_path / "x.png")

    @pytest.mark.parametrize(
        ("content", "reason"),
        [
            (b"", "empty"),
            (b"just text, nothing else", "not a picture"),
            (b"\0\0\0\x18ftypheic" + b"\0" * 40, "HEIC"),
            (b"\0\0\0\x18ftypmp42" + b"\0" * 40, "video"),
            (b"RIFF\0\0\0\0AVI " + b"\0" * 40, "video"),
            (b"RIFF\0\0\0\0WEBP" + b"\0" * 40, "not a picture|x.jpg: "),
            (b"\xff\xd8\xff\xe0" + b"\0" * 40, "x.jpg"),
        ],
    )
    def test_files_that_are_no_pictures(self, tmp_path: Path, content: bytes, reason: str) -> None:
        (tmp_path / "x.jpg").write_bytes(content)
        with pytest.raises(ImageFileError, match=reason) as caught:
            read_image(tmp_path / "x.jpg")
        assert str(tmp_path / "x.jpg") in str(caught.value)
        assert isinstance(caught.value, OSError)

    def test_missing_files_and_folders(self, tmp_path: Path) -> None:
        with pytest.raises(ImageFileError, match="no such file"):
            read_image(tmp_path / "gone.jpg")
        with pytest.raises(ImageFileError, match="a folder or a device"):
            read_image(tmp_path)

    @pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="there are no named pipes")
    def test_pipes_are_not_waited_for(self, tmp_path: Path) -> None:
        os.mkfifo(tmp_path / "x.png")
        with pytest.raises(ImageFileError, match="a folder or a device"):
            read_image(tmp_path / "x.png")

    def test_paths_as_bytes(self, tmp_path: Path, photo: RgbImage) -> None:
        Image.fromarray(photo).save(tmp_path / "x.png")
        (entry,) = os.scandir(os.fsencode(tmp_path))
        np.testing.assert_array_equal(as_rgb(entry), photo)

    def test_formats_that_start_other_programs_are_no_pictures(self, tmp_path: Path) -> None:
        (tmp_path / "x.jpg").write_bytes(b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n%%EndComments\n")
        with pytest.raises(ImageFileError, match="not a picture"):
            read_image(tmp_path / "x.jpg")

    def test_a_file_that_ends_too_early(self, tmp_path: Path, noise: RgbImage) -> None:
        for suffix in (".jpg", ".png"):
            content = encode_image(noise, suffix)
            (tmp_path / f"x{suffix}").write_bytes(content[: len(content) // 2])
            with pytest.raises(ImageFileError, match="truncated"):
                read_image(tmp_path / f"x{suffix}")


_SAMPLES: dict[str, bytes] = {}


def _sample(kind: str) -> bytes:
    if kind not in _SAMPLES:
        buffer = io.BytesIO()
        pixels = np.random.default_rng(0).integers(0, 256, (24, 32, 3), dtype=np.uint8)
        Image.fromarray(pixels).save(buffer, kind)
        _SAMPLES[kind] = buffer.getvalue()
    return _SAMPLES[kind]


@pytest.mark.filterwarnings("ignore")  # Pillow's, about oddities in metadata
@settings(max_examples=250, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(
    st.sampled_from(["JPEG", "PNG", "WEBP", "GIF", "TIFF", "BMP", "PPM", "TGA", "ICO"]),
    st.randoms(use_true_random=False),
    st.integers(0, 10),
    st.booleans(),
)
def test_damaged_files_never_end_in_another_error(
    tmp_path: Path, kind: str, rng: random.Random, changes: int, cut: bool
) -> None:
    content = bytearray(_sample(kind))
    for _ in range(changes):
        content[rng.randrange(len(content))] = rng.randrange(256)
    path = tmp_path / "x"
    path.write_bytes(bytes(content[: rng.randrange(len(content))] if cut else content))
    try:
        image = read_image(path)
    except ImageFileError:
        return
    assert image.dtype == np.uint8
    assert image.ndim == 3


def test_written_pictures_are_the_pictures(photo: RgbImage) -> None:
    np.testing.assert_array_equal(np.asarray(Image.open(io.BytesIO(encode_image(photo, ".png")))), photo)
    jpeg = np.asarray(Image.open(io.BytesIO(encode_image(photo, ".JPG"))))
    assert jpeg[20, 10].tolist() == pytest.approx([255, 0, 0], abs=4)
    for suffix in (".xyz", ".h5", ".eps", ""):
        with pytest.raises(ImageError, match=r"wanted .jpg"):
            encode_image(photo, suffix)
    with pytest.raises(ImageError, match=r"cannot be written as .webp"):
        encode_image(np.zeros((1, 20_000, 3), np.uint8), ".webp")


def test_palettes_with_transparency_raise_no_warning(tmp_path: Path) -> None:
    picture = Image.fromarray(np.arange(16, dtype=np.uint8).reshape(4, 4)).convert("P")
    picture.save(tmp_path / "palette.png", transparency=bytes(range(0, 256, 16)))
    assert read_image(tmp_path / "palette.png")[..., 0].tolist() == np.arange(16).reshape(4, 4).tolist()

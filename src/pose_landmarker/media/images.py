"""Any picture as one kind of array: (H, W, 3) uint8, red first, upright.

Files are decoded by Pillow: it respects EXIF orientation on request, never writes to the terminal,
and raises for damaged files where other decoders return grey areas.
"""

from __future__ import annotations

import contextlib
import io
import os
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from pose_landmarker.arrays import RgbImage
from pose_landmarker.errors import ImageError, ImageFileError
from pose_landmarker.imaging import three_channels

if TYPE_CHECKING:
    from PIL import Image

#: 23,000 x 23,000: a file that claims more is refused before it is decoded. Arrays have no limit.
MAX_FILE_PIXELS = 1 << 29

#: What is read. Not everything that Pillow reads: some formats start other programs.
_READ = ("JPEG", "MPO", "PNG", "WEBP", "GIF", "BMP", "TIFF", "AVIF", "JPEG2000", "PPM", "TGA", "ICO")
_WRITTEN = {".jpg": "JPEG", ".jpeg": "JPEG", ".png": "PNG", ".webp": "WEBP", ".bmp": "BMP", ".tif": "TIFF"}

_WANTED = "wanted (H, W, 3) RGB, (H, W) greyscale or (H, W, 4) RGBA, uint8"

_pillow_limit = threading.Lock()


def as_rgb(image: object) -> RgbImage:
    """Any accepted picture as RGB.

    Args:
        image: A uint8 array (H, W, 3) red first, (H, W) or (H, W, 1) greyscale, or (H, W, 4) RGBA;
            the path of a file; a Pillow image, taken as it lies (only files are turned upright); or an
            object with ``numpy_view()`` like the reference's ``Image``. Transparency is ignored, as by
            the reference.

    Returns:
        (H, W, 3) uint8: the array given where it is one already, else a new one.

    Raises:
        ImageError: It is none of those, empty, or of another dtype.
        ImageFileError: The file cannot be read.
    """
    if isinstance(image, np.ndarray):
        return _array_as_rgb(np.asarray(image))  # of a subclass, such as a matrix, the plain array
    if isinstance(image, (str, os.PathLike)):
        return read_image(image)
    view = getattr(image, "numpy_view", None)
    if callable(view) and not isinstance(image, type):
        return _array_as_rgb(np.asarray(view()))
    if hasattr(image, "getexif") and hasattr(image, "convert") and not isinstance(image, type):
        with _named_errors("the Pillow image"):
            return _pillow_as_rgb(image)
    raise ImageError(
        f"an image of type {type(image).__name__} cannot be used; wanted a numpy array, a path, a "
        "Pillow image or an object with numpy_view()"
    )


def read_image(path: str | os.PathLike[str]) -> RgbImage:
    """Read a picture, turned upright by its EXIF orientation; of an animation, the first frame.

    Args:
        path: Of a JPEG, PNG, WebP, GIF, TIFF, BMP, AVIF or any other file that Pillow reads.

    Returns:
        (H, W, 3) uint8.

    Raises:
        ImageFileError: The file is missing, damaged, no picture, or larger than 2²⁹ pixels.
    """
    name = os.fsdecode(path)
    with _named_errors(name), _opened(name) as picture:
        return _pillow_as_rgb(picture, upright=True)


def is_animated(path: str | os.PathLike[str]) -> bool | None:
    """Whether a file is a picture that moves; None where it is no picture at all."""
    try:
        with _opened(os.fsdecode(path)) as picture:
            return picture.format == "GIF" and bool(getattr(picture, "is_animated", False))
    except Exception:  # Pillow raises all sorts of errors for what is no picture
        return None


def encode_image(image: RgbImage, suffix: str) -> bytes:
    """A picture as the bytes of a file.

    Args:
        image: (H, W, 3) uint8.
        suffix: ``.jpg``, ``.jpeg``, ``.png``, ``.webp``, ``.bmp`` or ``.tif``.

    Raises:
        ImageError: It is another, or the picture does not fit the format.
    """
    from PIL import Image

    kind = _WRITTEN.get(suffix.lower())
    if kind is None:
        raise ImageError(f"pictures cannot be written as {suffix!r}; wanted {', '.join(_WRITTEN)}")
    buffer = io.BytesIO()
    options: dict[str, Any] = {"quality": 92} if kind in ("JPEG", "WEBP") else {}
    try:
        Image.fromarray(image).save(buffer, kind, **options)
    except (OSError, ValueError, TypeError) as error:  # such as a side that the format has no room for
        raise ImageError(f"the picture cannot be written as {suffix}: {error}") from error
    return buffer.getvalue()


def check_shape(array: npt.NDArray[Any], wanted: str) -> None:
    """See that an array has the shape of a picture: (H, W), or (H, W, C) of 1, 3 or 4 channels, not empty.

    Args:
        array: The array.
        wanted: What to say is wanted.

    Raises:
        ImageError: It has another shape.
    """
    if array.ndim not in (2, 3) or (array.ndim == 3 and array.shape[2] not in (1, 3, 4)):
        hint = ""
        if array.ndim == 3 and array.shape[0] in (1, 3, 4):
            hint = " It looks like (channels, H, W): use image.transpose(1, 2, 0)."
        if array.ndim == 4:
            hint = " It looks like a batch: pass one image at a time."
        raise ImageError(f"the image has shape {array.shape}, {wanted}.{hint}")
    if array.size == 0:
        raise ImageError(f"the image is empty: its shape is {array.shape}")


def _array_as_rgb(array: npt.NDArray[Any]) -> RgbImage:
    if array.dtype != np.uint8:
        raise ImageError(f"the image has dtype {array.dtype}, {_WANTED}. {_dtype_hint(array)}".rstrip())
    check_shape(array, _WANTED)
    if array.ndim == 3 and array.shape[2] == 1:
        array = array[..., 0]
    return three_channels(array)


def _dtype_hint(array: npt.NDArray[Any]) -> str:
    if array.dtype.kind == "f" and array.size:
        if not np.isfinite(array).all():
            return "It holds values that are not finite."
        top = float(array.max())
        factor = "255 * " if top <= 1.0 else ""
        return f"Its values go up to {top:g}: try ({factor}image).round().astype('uint8')."
    if array.dtype == np.uint16:
        return "Try (image >> 8).astype('uint8')."
    if array.dtype == np.bool_:
        return "Try image.astype('uint8') * 255."
    return ""


def _pillow_as_rgb(picture: Any, *, upright: bool = False) -> RgbImage:
    from PIL import ImageOps

    if picture.mode.startswith(("I", "F")):  # Pillow clips these instead of scaling them
        picture = _eight_bits(picture)
    if upright:
        # Unreadable EXIF data says nothing about the pixels.
        with contextlib.suppress(SyntaxError, ValueError, TypeError, KeyError):
            ImageOps.exif_transpose(picture, in_place=True)  # the picture is ours: no copy of it
    if picture.mode == "P" and isinstance(picture.info.get("transparency"), bytes):
        picture = picture.convert("RGBA")  # Pillow warns of the direct way
    if picture.mode != "RGB":
        picture = picture.convert("RGB")
    return _array_as_rgb(np.asarray(picture))


def _eight_bits(picture: Any) -> Any:
    """A picture of 16 or 32 bits a pixel as 8 bits."""
    from PIL import Image

    values = np.asarray(picture)
    if values.dtype.kind == "f":
        raise ImageError("floating-point pictures have no defined white; convert to 8 or 16 bits")
    # Mode "I" holds 16-bit pictures as 32-bit integers.
    small = Image.fromarray((np.clip(values, 0, 65535) >> 8).astype(np.uint8))
    orientation = picture.getexif().get(_ORIENTATION)
    if orientation:
        small.getexif()[_ORIENTATION] = orientation
    return small


_ORIENTATION = 0x0112


@contextlib.contextmanager
def _opened(name: str) -> Iterator[Image.Image]:
    """Open a file under this module's limit of pixels instead of Pillow's, which is a global."""
    from PIL import Image

    with _pillow_limit:
        theirs = Image.MAX_IMAGE_PIXELS
        Image.MAX_IMAGE_PIXELS = None
        try:
            picture = _open(name)
        finally:
            Image.MAX_IMAGE_PIXELS = theirs
    with picture:
        width, height = picture.size
        if width * height > MAX_FILE_PIXELS:
            raise ImageError(
                f"the picture has {width}x{height} pixels, more than {MAX_FILE_PIXELS:,}; scale it "
                "down, or pass a part of it as an array"
            )
        yield picture


def _open(name: str) -> Image.Image:
    """Read a file's header, trying first the few formats that need no further import."""
    from PIL import Image, UnidentifiedImageError

    if not Path(name).is_file() and Path(name).exists():  # reading a pipe or a device may never end
        raise ImageError("a folder or a device, wanted a picture")
    Image.preinit()
    try:
        return Image.open(name, formats=[kind for kind in _READ if kind in Image.OPEN])
    except UnidentifiedImageError:
        Image.init()
        return Image.open(name, formats=[kind for kind in _READ if kind in Image.OPEN])


@contextlib.contextmanager
def _named_errors(name: str) -> Iterator[None]:
    """Whatever Pillow raises, as an ImageFileError that names the picture."""
    from PIL import Image, UnidentifiedImageError

    try:
        yield
    except FileNotFoundError:
        raise ImageFileError(f"{name}: there is no such file") from None
    except UnidentifiedImageError:
        raise ImageFileError(f"{name}: {_why_unidentified(Path(name))}") from None
    except MemoryError as error:
        raise ImageFileError(f"{name}: not enough memory to decode it") from error
    except (
        OSError,
        ValueError,
        SyntaxError,
        TypeError,
        IndexError,
        RuntimeError,
        EOFError,
        Image.DecompressionBombError,  # of a picture that turns out larger than its header said
    ) as error:
        # Pillow's decoders raise all of these for damaged files.
        reason = error.strerror if isinstance(error, OSError) and error.strerror else error
        raise ImageFileError(f"{name}: {str(reason) or type(error).__name__}") from error


def _why_unidentified(path: Path) -> str:
    with path.open("rb") as file:
        head = file.read(32)
    if not head:
        return "the file is empty"
    kind = head[4:8] == b"ftyp" and head[8:12]
    if kind in (b"heic", b"heix", b"mif1", b"msf1"):
        return "HEIC pictures cannot be read; convert it to JPEG or PNG"
    if kind in (b"avif", b"avis"):
        return "AVIF pictures need Pillow 11.3 or newer"
    if kind or head[8:12] == b"AVI " or head[:4] == b"\x1aE\xdf\xa3":
        return "this looks like a video, not a picture"
    return "not a picture, or too damaged to be recognised"

"""Reading and writing ``.task`` bundles: a ZIP with the two networks of the pipeline.

Nothing is ever unpacked to disk, and nothing but the two members is read, so the names of other
members cannot harm; sizes are limited before anything is decompressed.
"""

from __future__ import annotations

import io
import os
import stat
import zipfile
import zlib
from dataclasses import dataclass, field
from pathlib import Path

from pose_landmarker.errors import BundleError, ModelNotFoundError
from pose_landmarker.models.tflite import signature

DETECTOR = "pose_detector.tflite"
LANDMARKS = "pose_landmarks_detector.tflite"

#: Shapes of the two networks: input, then outputs in order (model cards of BlazePose GHUM).
SHAPES: dict[str, tuple[tuple[int, ...], tuple[tuple[int, ...], ...]]] = {
    DETECTOR: ((1, 224, 224, 3), ((1, 2254, 12), (1, 2254, 1))),
    LANDMARKS: (
        (1, 256, 256, 3),
        ((1, 195), (1, 1), (1, 256, 256, 1), (1, 64, 64, 39), (1, 117)),
    ),
}

#: Heavy has 28 MB of weights; a member that claims ten times that is no pose network.
MAX_MEMBER_BYTES = 256 * 2**20
#: Likewise for a whole file.
MAX_BUNDLE_BYTES = 2 * MAX_MEMBER_BYTES
#: The reference's bundles are stored, not compressed. Real weights hardly shrink at all.
MAX_RATIO = 50


@dataclass(frozen=True, slots=True)
class Bundle:
    """The two networks of a model, as TFLite flatbuffers.

    Attributes:
        detector: Finds people in a whole picture.
        landmarks: Finds the landmarks of one body in a crop.
        name: For messages: the file's name.
    """

    detector: bytes = field(repr=False)
    landmarks: bytes = field(repr=False)
    name: str = "model"


def read_bundle(source: str | os.PathLike[str] | bytes) -> Bundle:
    """Read and check a bundle.

    Args:
        source: Path of a ``.task`` file, or its bytes.

    Raises:
        ModelNotFoundError: There is no such file.
        BundleError: It is truncated, no ZIP, without the two networks, with networks of other
            shapes, or made to harm.
    """
    if isinstance(source, bytes):
        return _parse(source, "model_asset_buffer")
    path = Path(os.fsdecode(source))
    return _parse(_read_file(path), path.name)


def _read_file(path: Path) -> bytes:
    try:
        status = path.stat()
        if not stat.S_ISREG(status.st_mode):  # reading a pipe or a device may never end
            raise BundleError(f"{path} is a folder or a device, wanted a .task file")
        if status.st_size > MAX_BUNDLE_BYTES:
            raise BundleError(
                f"{path} has {status.st_size:,} bytes; the largest model has 31 million: refused"
            )
        return path.read_bytes()
    except BundleError:
        raise
    except FileNotFoundError:
        raise ModelNotFoundError(
            f"Unable to open file at {path}: there is no such file. "
            "model='lite', 'full' or 'heavy' fetches and keeps an official one."
        ) from None
    except (OSError, ValueError) as error:  # ValueError: characters that no path can have
        raise ModelNotFoundError(f"Unable to open file at {path}: {_reason(error)}") from error


def _reason(error: Exception) -> str:
    return (isinstance(error, OSError) and error.strerror) or str(error)


def write_bundle(detector: bytes, landmarks: bytes) -> bytes:
    """The bytes of a bundle of these two networks; stored, 4-byte aligned like the official ones."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_STORED) as archive:
        for name, network in ((DETECTOR, detector), (LANDMARKS, landmarks)):
            entry = zipfile.ZipInfo(name)  # 1980-01-01: the same input gives the same bytes
            padding = -(buffer.tell() + 30 + len(name)) % 4
            if padding:
                # An extra field has a header of four bytes; 0xd935 is Android's alignment field.
                entry.extra = b"\x35\xd9" + padding.to_bytes(2, "little") + b"\0" * padding
            archive.writestr(entry, network)
    return buffer.getvalue()


def _parse(content: bytes, name: str) -> Bundle:
    if not content:
        raise BundleError(f"{name} is empty, wanted a .task bundle")
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            if not archive.namelist():
                raise BundleError(f"{name}: {_not_a_zip(content)}")
            _check_names(archive, name)
            detector = _member(archive, DETECTOR, name)
            landmarks = _member(archive, LANDMARKS, name)
    except (zipfile.BadZipFile, EOFError) as error:
        raise BundleError(f"{name}: {_not_a_zip(content)} ({error})") from error
    except BundleError:
        raise
    except (RuntimeError, NotImplementedError, ValueError, OSError, zlib.error) as error:
        raise BundleError(f"{name} cannot be read as a ZIP: {error}") from error
    _check_shapes(detector, DETECTOR, name)
    _check_shapes(landmarks, LANDMARKS, name)
    return Bundle(detector, landmarks, name)


def _not_a_zip(content: bytes) -> str:
    if content[:2] == b"PK":
        return "the file is truncated or damaged; fetch it again"
    if content[4:8] == b"TFL3":  # its metadata may end like an empty ZIP
        return "this is a bare .tflite network, wanted a .task bundle that holds both networks"
    return "this is no ZIP, so no .task bundle"


def _check_names(archive: zipfile.ZipFile, name: str) -> None:
    """Refuse paths that lead out of a folder: only an archive made to harm has them."""
    for member in archive.namelist():
        if member.startswith(("/", "\\")) or ".." in member.replace("\\", "/").split("/") or ":" in member:
            raise BundleError(
                f"{name} holds {member[:60]!r}, a path that leads out of it; refused as hostile"
            )


def _member(archive: zipfile.ZipFile, member: str, name: str) -> bytes:
    entries = [entry for entry in archive.infolist() if entry.filename == member]
    if len(entries) != 1:
        held = ", ".join(entry.filename[:60] for entry in archive.infolist()[:8]) or "nothing"
        count = "no" if not entries else f"{len(entries)} times"
        raise BundleError(f"{name} holds {count} {member}, wanted one; it holds {held}")
    entry = entries[0]
    if entry.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        raise BundleError(f"{name}: {member} is compressed in another way than stored or deflated")
    if entry.file_size > MAX_MEMBER_BYTES or entry.file_size > MAX_RATIO * max(entry.compress_size, 1):
        raise BundleError(
            f"{name}: {member} claims {entry.file_size:,} bytes from {entry.compress_size:,}; "
            "refused as a decompression bomb"
        )
    return archive.read(entry)


def _check_shapes(network: bytes, member: str, name: str) -> None:
    try:
        found = signature(network)
    except BundleError as error:
        raise BundleError(f"{name}: {member}: {error}") from error
    inputs = tuple(tensor.shape for tensor in found.inputs)
    outputs = tuple(tensor.shape for tensor in found.outputs)
    wanted_input, wanted_outputs = SHAPES[member]
    if inputs != (wanted_input,) or outputs != wanted_outputs:
        raise BundleError(
            f"{name}: {member} maps {_shapes(inputs)} to {_shapes(outputs)}, wanted "
            f"{_shapes((wanted_input,))} to {_shapes(wanted_outputs)}: not a BlazePose network"
        )


def _shapes(shapes: tuple[tuple[int, ...], ...]) -> str:
    return ", ".join("x".join(map(str, shape)) or "scalar" for shape in shapes) or "nothing"

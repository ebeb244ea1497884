from __future__ import annotations

import contextlib
import io
import os
import random
import zipfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pose_landmarker.errors import BundleError, ModelNotFoundError
from pose_landmarker.models.bundle import DETECTOR, LANDMARKS, Bundle, read_bundle, write_bundle
from tests.tiny import archive, shaped_network, tiny_bundle, tiny_network

_DETECTOR, _LANDMARKS = shaped_network(DETECTOR), shaped_network(LANDMARKS)


def test_both_networks_come_out_by_path_and_by_bytes(tmp_path: Path, tiny_task: bytes) -> None:
    path = tmp_path / "x.task"
    path.write_bytes(tiny_task)
    for bundle in (read_bundle(path), read_bundle(str(path)), read_bundle(tiny_task)):
        assert (bundle.detector, bundle.landmarks) == (_DETECTOR, _LANDMARKS)
    assert read_bundle(path).name == "x.task"
    assert len(repr(read_bundle(path))) < 100


def test_a_written_bundle_is_aligned_stored_and_always_the_same() -> None:
    content = write_bundle(_DETECTOR, _LANDMARKS)
    assert content == write_bundle(_DETECTOR, _LANDMARKS)
    assert read_bundle(content) == Bundle(_DETECTOR, _LANDMARKS, "model_asset_buffer")
    for network in (_DETECTOR, _LANDMARKS):
        assert content.index(network) % 4 == 0


def test_missing_files_and_folders_are_named(tmp_path: Path) -> None:
    with pytest.raises(ModelNotFoundError, match=r"Unable to open file at .*gone.task") as caught:
        read_bundle(tmp_path / "gone.task")
    assert isinstance(caught.value, FileNotFoundError)
    with pytest.raises(BundleError, match="is a folder"):
        read_bundle(tmp_path)
    for name in ("a\0b.task", "x" * 5000, "\ud800.task"):
        with pytest.raises(ModelNotFoundError, match="Unable to open file"):
            read_bundle(name)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="there are no named pipes")
def test_pipes_are_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "x.task")
    with pytest.raises(BundleError, match="a folder or a device"):
        read_bundle(tmp_path / "x.task")


def _other_shapes() -> bytes:
    tensors = [("in", (1, 192, 192, 3), 0), ("out", (1, 10), 0)]
    return tiny_network(tensors, [0], [1], [([0], [1])])


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "is empty"),
        (b"hello, this is not a model", "no ZIP"),
        (_DETECTOR, "bare .tflite network"),
        (tiny_bundle()[:-30], "truncated"),
        (tiny_bundle()[: len(tiny_bundle()) // 2], "truncated"),
        (archive({}), "truncated or damaged"),
        (_DETECTOR + archive({}), "bare .tflite network"),  # metadata is a ZIP at the end of a network
        (archive({"other": b""}), "holds no pose_detector.tflite, wanted one; it holds other"),
        (archive({DETECTOR: _DETECTOR}), "holds no pose_landmarks_detector.tflite"),
        (archive({"hand_detector.tflite": b"", LANDMARKS: _LANDMARKS}), "it holds hand_detector.tflite"),
        (archive({DETECTOR: _DETECTOR, LANDMARKS: b"not a network"}), "TFL3"),
        (archive({DETECTOR: _LANDMARKS, LANDMARKS: _LANDMARKS}), "maps 1x256x256x3.*not a BlazePose network"),
        (archive({DETECTOR: _DETECTOR, LANDMARKS: _other_shapes()}), "maps 1x192x192x3 to 1x10"),
        (archive({DETECTOR: _DETECTOR[:200], LANDMARKS: _LANDMARKS}), "damaged"),
        (
            archive({DETECTOR: b"\0" * 3_000_000, LANDMARKS: _LANDMARKS}, zipfile.ZIP_DEFLATED),
            "decompression bomb",
        ),
        (archive({DETECTOR: _DETECTOR, LANDMARKS: _LANDMARKS, "../../x": b""}), "leads out of it"),
        (archive({DETECTOR: _DETECTOR, LANDMARKS: _LANDMARKS, "/etc/x": b""}), "'/etc/x', a path that leads"),
        (archive({DETECTOR: _DETECTOR, LANDMARKS: _LANDMARKS, "a\\..\\x": b""}), "leads out of it"),
        (archive({DETECTOR: _DETECTOR, LANDMARKS: _LANDMARKS, "C:/x": b""}), "leads out of it"),
        (archive({DETECTOR: _DETECTOR, LANDMARKS: _LANDMARKS}, zipfile.ZIP_BZIP2), "in another way"),
    ],
)
def test_unusable_bundles_say_why(content: bytes, reason: str) -> None:
    with pytest.raises(BundleError, match=reason):
        read_bundle(content)


def test_a_member_that_is_there_twice_is_refused() -> None:
    with pytest.warns(UserWarning, match="Duplicate name"):
        content = _twice()
    with pytest.raises(BundleError, match="2 times"):
        read_bundle(content)


def _twice() -> bytes:
    buffer = io.BytesIO(tiny_bundle())
    with zipfile.ZipFile(buffer, "a") as zip_file:
        zip_file.writestr(DETECTOR, b"another")
    return buffer.getvalue()


def test_a_size_that_the_header_lies_about_is_refused() -> None:
    content = bytearray(tiny_bundle())
    entry = content.index(b"PK\x01\x02")
    content[entry + 24 : entry + 28] = (2**32 - 2).to_bytes(4, "little")  # uncompressed size
    with pytest.raises(BundleError, match="bomb"):
        read_bundle(bytes(content))


def test_a_flipped_bit_in_the_weights_is_found() -> None:
    content = bytearray(tiny_bundle())
    content[content.index(_LANDMARKS) + len(_LANDMARKS) // 2] ^= 1
    with pytest.raises(BundleError, match="CRC"):
        read_bundle(bytes(content))


def test_files_far_too_large_are_not_even_read(tmp_path: Path) -> None:
    with (tmp_path / "x.task").open("wb") as file:
        file.truncate(10**10)  # sparse: takes no space
    with pytest.raises(BundleError, match="10,000,000,000 bytes"):
        read_bundle(tmp_path / "x.task")


def test_encrypted_members_are_refused() -> None:
    content = bytearray(tiny_bundle())
    for signature, flags in ((b"PK\x01\x02", 8), (b"PK\x03\x04", 6)):
        content[content.index(signature) + flags] |= 1
    with pytest.raises(BundleError, match=r"cannot be read as a ZIP.*encrypted"):
        read_bundle(bytes(content))


_COMPRESSIONS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA)
_SAMPLES = {kind: archive({DETECTOR: _DETECTOR, LANDMARKS: _LANDMARKS}, kind) for kind in _COMPRESSIONS}


@settings(max_examples=600, deadline=None)
@given(st.sampled_from(_COMPRESSIONS), st.randoms(use_true_random=False), st.integers(1, 12), st.booleans())
def test_damaged_bundles_never_end_in_another_error(
    compression: int, rng: random.Random, changes: int, cut: bool
) -> None:
    content = bytearray(_SAMPLES[compression])
    for _ in range(changes):
        content[rng.randrange(len(content))] = rng.randrange(256)
    if cut:
        content = content[: rng.randrange(len(content))]
    with contextlib.suppress(BundleError):
        read_bundle(bytes(content))


def test_the_real_bundles_are_read(shared: Path) -> None:
    for name, size in (("lite", 2_817_970), ("full", 6_438_454), ("heavy", 27_704_498)):
        assert len(read_bundle(shared / "models" / f"pose_landmarker_{name}.task").landmarks) == size

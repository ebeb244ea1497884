"""NumPy archives: what numpy reads, and what somebody may have made to harm."""

from __future__ import annotations

import io
import pickle
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings

from pose_landmarker import DatasetError, OptionTypeError, Recording
from pose_landmarker.export import npz
from tests.recordings import HARD_NAMES, assert_same, nobody, pictures, recordings, scene, walking


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(recording=recordings())
def test_any_recording_comes_back(tmp_path: Path, recording: Recording) -> None:
    for compressed in (False, True):
        npz.save(recording, tmp_path / "x.npz", compressed=compressed)
        assert_same(npz.load(tmp_path / "x.npz"), recording)


class TestSave:
    def test_numpy_reads_arrays_of_the_recordings_names(self, tmp_path: Path) -> None:
        npz.save(pictures(), tmp_path / "x.npz")
        with np.load(tmp_path / "x.npz") as archive:
            assert set(archive) == {*Recording.__dataclass_fields__, "schema_version"}
            np.testing.assert_array_equal(archive["landmarks"], pictures().landmarks)
            assert tuple(archive["names"].tolist()) == HARD_NAMES

    def test_the_name_is_taken_as_it_is(self, tmp_path: Path) -> None:
        npz.save(scene(), tmp_path / "x.arrays")
        assert [path.name for path in tmp_path.iterdir()] == ["x.arrays"]

    def test_names_without_frames_are_kept(self, tmp_path: Path) -> None:
        empty = Recording(
            **{f: getattr(nobody(), f) for f in Recording.__dataclass_fields__ if f != "names"}, names=()
        )
        npz.save(empty, tmp_path / "x.npz")
        assert npz.load(tmp_path / "x.npz").names == ()

    def test_what_cannot_be_is_refused(self, tmp_path: Path) -> None:
        with pytest.raises(OptionTypeError, match="compressed must be True or False"):
            npz.save(scene(), tmp_path / "x.npz", compressed="yes")  # type: ignore[arg-type]
        assert not list(tmp_path.iterdir())


def rewritten(path: Path, **changes: Any) -> None:
    """An archive with other arrays, or bytes in the place of arrays; None leaves one out."""
    npz.save(scene(), path)
    with np.load(path) as archive:
        arrays = {name: archive[name] for name in archive}
    with zipfile.ZipFile(path, "w") as archive:
        for name, value in {**arrays, **changes}.items():
            if value is None:
                continue
            content = io.BytesIO()
            if not isinstance(value, bytes):
                np.save(content, value, allow_pickle=True)
            archive.writestr(f"{name}.npy", value if isinstance(value, bytes) else content.getvalue())


class _Harmful:
    def __reduce__(self) -> tuple[Callable[..., object], tuple[object, ...]]:
        return Path.touch, (Path("harm"),)


def header(shape: tuple[int, ...], dtype: str = "<f4") -> bytes:
    content = io.BytesIO()
    np.lib.format.write_array_header_1_0(content, {"shape": shape, "fortran_order": False, "descr": dtype})
    return content.getvalue()


class TestLoad:
    @pytest.mark.parametrize(
        ("changes", "message"),
        [
            ({"landmarks": None}, "has no array 'landmarks'"),
            ({"landmarks": np.zeros((6, 17, 3), np.float32)}, r"landmarks is float32 of shape \(6, 17, 3\)"),
            ({"landmarks": np.zeros((6, 33, 3), "U4")}, r"landmarks is <U4 .* wanted \(N, 33, 3\)"),
            ({"landmarks": np.zeros((5, 33, 3), np.float32)}, "must have as many rows"),
            ({"times_s": np.zeros(7)}, "must have as many rows as each other"),
            ({"times_s": np.arange(6)[::-1]}, "times_s must be finite and ascend"),
            ({"frames": np.arange(6) + 1}, "frames must be from 0 to 5"),
            ({"frames": np.arange(6) / 2}, "frames is float64"),
            ({"names": np.arange(6)}, "names is int64"),
            ({"names": np.array(["a"] * 5)}, "must have as many rows"),
            ({"scores": np.array([_Harmful()] * 6)}, "scores is object"),
            ({"scores": pickle.dumps(_Harmful())}, "not an archive of NumPy arrays"),
            ({"scores": b""}, "not an archive of NumPy arrays"),
            ({"scores": header((10**12,))}, "scores has 128 bytes, but its shape wants 4000000000128"),
            ({"scores": header((2**70,))}, "but its shape wants"),
            ({"scores": header((-6,))}, "but its shape wants"),
            ({"scores": header((6,)) + bytes(100)}, "scores has 228 bytes, but its shape wants 152"),
        ],
    )
    def test_arrays_that_do_not_fit_are_refused(
        self, tmp_path: Path, changes: dict[str, Any], message: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.chdir(tmp_path)
        rewritten(tmp_path / "x.npz", **changes)
        with pytest.raises(DatasetError, match=message) as raised:
            npz.load(tmp_path / "x.npz")
        assert "x.npz" in str(raised.value)
        assert not (tmp_path / "harm").exists()

    def test_other_arrays_are_left_alone(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.chdir(tmp_path)
        rewritten(tmp_path / "x.npz", mine=np.array([_Harmful()]), **{"../evil": np.zeros(3)})
        assert_same(npz.load(tmp_path / "x.npz"), scene())
        assert [path.name for path in tmp_path.iterdir()] == ["x.npz"]

    def test_other_kinds_of_numbers_are_taken(self, tmp_path: Path) -> None:
        rewritten(
            tmp_path / "x.npz",
            landmarks=np.asfortranarray(scene().landmarks.astype(">f8")),
            frames=scene().frames.astype(np.uint8),
        )
        assert_same(npz.load(tmp_path / "x.npz"), scene())

    def test_archives_that_would_fill_the_memory_are_refused(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        npz.save(walking(10), tmp_path / "x.npz", compressed=True)
        monkeypatch.setattr(npz, "_MOST_BYTES", 1000)
        with pytest.raises(DatasetError, match="GiB of numbers, which poses are not"):
            npz.load(tmp_path / "x.npz")

    @pytest.mark.filterwarnings("ignore:Duplicate name")
    def test_two_arrays_of_the_same_name_are_refused(self, tmp_path: Path) -> None:
        npz.save(scene(), tmp_path / "x.npz")
        with zipfile.ZipFile(tmp_path / "x.npz", "a") as archive:
            archive.writestr("scores.npy", header((6,)) + bytes(24))
        with pytest.raises(DatasetError, match="two arrays of the same name"):
            npz.load(tmp_path / "x.npz")

    def test_a_single_array_is_no_archive(self, tmp_path: Path) -> None:
        np.save(tmp_path / "x.npy", np.zeros(3))
        with pytest.raises(DatasetError, match="not an archive of NumPy arrays"):
            npz.load(tmp_path / "x.npy")

"""C3D: what two other libraries read, and what comes back."""

from __future__ import annotations

import sys
import warnings
from dataclasses import replace
from pathlib import Path
from typing import Any

import c3d as pyc3d
import ezc3d
import numpy as np
import pytest
from hypothesis import given, settings

from pose_landmarker import DatasetError, MissingExtraError, OptionError, Recording
from pose_landmarker.export import c3d
from pose_landmarker.topology import LANDMARK_NAMES
from tests.motions import acting, assert_same_motion, motions, no_more_than
from tests.recordings import nobody, pictures, scene


def by_pyc3d(path: Path) -> tuple[list[str], Any, float]:
    """Labels, (T, M, 5) of x, y, z, residual, cameras in mm, and the rate, by the pure Python library."""
    with path.open("rb") as file, warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it misses analog data
        reader = pyc3d.Reader(file)
        frames = np.array([points for _, points, _ in reader.read_frames()])
        return [label.strip() for label in reader.point_labels], frames, reader.point_rate


def write_as_pyc3d(path: Path, labels: list[str], frames: list[Any], unit: str, up: str) -> None:
    writer = pyc3d.Writer(point_rate=50, point_units=unit)
    writer.set_point_labels(labels)
    writer.set_screen_axis("+X", up)
    with warnings.catch_warnings(), path.open("wb") as file:
        warnings.simplefilter("ignore")
        writer.add_frames([(np.array(points, float), np.zeros((0, 1))) for points in frames])
        writer.write(file)


class TestSave:
    def test_is_read_by_the_pure_python_library(self, tmp_path: Path) -> None:
        recording = acting(12, fps=25)
        c3d.save(recording, tmp_path / "act.c3d")
        labels, frames, rate = by_pyc3d(tmp_path / "act.c3d")
        assert labels == list(LANDMARK_NAMES)
        assert rate == 25
        np.testing.assert_allclose(
            frames[..., :3], recording.world_landmarks * [1000, -1000, -1000], rtol=1e-6
        )
        assert (frames[..., 3] == 0).all()

    def test_is_read_by_ezc3d(self, tmp_path: Path) -> None:
        c3d.save(acting(4, track_ids=(3, 12)), tmp_path / "act.c3d")
        content = ezc3d.c3d(str(tmp_path / "act.c3d"))
        point, subjects = content["parameters"]["POINT"], content["parameters"]["SUBJECTS"]
        assert point["LABELS"]["value"][:1] + point["LABELS"]["value"][33:34] == ["3:nose", "12:nose"]
        assert [point[name]["value"][0] for name in ("UNITS", "X_SCREEN", "Y_SCREEN")] == ["mm", "+X", "+Y"]
        assert subjects["NAMES"]["value"] == ["3", "12"]
        assert subjects["LABEL_PREFIXES"]["value"] == ["3:", "12:"]
        assert (subjects["USED"]["value"][0], subjects["USES_PREFIXES"]["value"][0]) == (2, 1)

    def test_marks_what_is_not_known(self, tmp_path: Path) -> None:
        world = scene().world_landmarks.copy()
        world[0, 3, 1] = np.nan
        c3d.save(replace(scene(), world_landmarks=world), tmp_path / "walk.c3d")
        labels, frames, _ = by_pyc3d(tmp_path / "walk.c3d")
        missing = frames[..., 3] == -1
        assert labels[:2] == ["1:nose", "1:left_eye_inner"]
        assert missing[0, 3]
        assert not missing[0, [0, 2, 4]].any()
        assert missing[3, :33].all()
        np.testing.assert_array_equal(frames[missing][:, :3], 0)

    def test_has_a_suffix_only_where_it_was_given(self, tmp_path: Path) -> None:
        c3d.save(acting(3), tmp_path / "act.bin")
        c3d.save(nobody(3), tmp_path / "nobody")
        assert sorted(path.name for path in tmp_path.iterdir()) == ["act.bin", "nobody"]
        assert len(c3d.load(tmp_path / "act.bin")) == 3
        assert (len(c3d.load(tmp_path / "nobody")), len(c3d.load(tmp_path / "nobody").frames)) == (3, 0)

    def test_takes_times_in_whole_milliseconds_for_even_ones(self, tmp_path: Path) -> None:
        recording = acting(31)
        rounded = replace(recording, times_s=np.round(recording.times_s, 3))
        c3d.save(rounded, tmp_path / "a.c3d")
        assert by_pyc3d(tmp_path / "a.c3d")[2] == 30

    def test_says_how_to_make_frames_even(self, tmp_path: Path) -> None:
        times = acting(5).times_s.copy()
        times[3:] += 0.02
        with pytest.raises(OptionError, match=r"do not come evenly.*resample\(recording, 26\)"):
            c3d.save(replace(acting(5), times_s=times), tmp_path / "a.c3d")
        assert list(tmp_path.iterdir()) == []

    def test_wants_motion_that_it_can_count(self, tmp_path: Path) -> None:
        with pytest.raises(OptionError, match="are no motion"):
            c3d.save(pictures(), tmp_path / "a.c3d")
        with pytest.raises(OptionError, match="C3D counts to 65535 frames, and there are 65536"):
            c3d.save(nobody(65_536), tmp_path / "a.c3d")

    def test_keeps_a_good_file_where_the_disk_is_full(self, tmp_path: Path) -> None:
        path = tmp_path / "a.c3d"
        c3d.save(acting(3), path)
        before = path.read_bytes()
        with no_more_than(10_000), pytest.raises(OSError, match="could not be written whole"):
            c3d.save(acting(30), path)
        assert path.read_bytes() == before
        assert list(tmp_path.iterdir()) == [path]

    def test_names_the_extra(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setitem(sys.modules, "ezc3d", None)
        with pytest.raises(MissingExtraError, match=r"pip install 'pose-landmarker\[export\]'"):
            c3d.save(acting(3), tmp_path / "a.c3d")
        with pytest.raises(MissingExtraError, match="C3D needs ezc3d"):
            c3d.load(tmp_path / "a.c3d")


class TestLoad:
    @settings(max_examples=30, deadline=None)
    @given(motions(fps=29.97))
    def test_brings_back_any_motion(self, tmp_path_factory: Any, recording: Recording) -> None:
        path = tmp_path_factory.mktemp("c3d") / "a.c3d"
        c3d.save(recording, path)
        found = c3d.load(path)
        assert_same_motion(found, recording, 1e-6)
        np.testing.assert_allclose(found.times_s, recording.times_s, rtol=1e-6)
        assert np.isnan(found.visibility).all()

    def test_brings_back_many_people_and_when_they_were_there(self, tmp_path: Path) -> None:
        recording = acting(4, track_ids=tuple(range(1, 11)))  # labels of more than 255 go into several lists
        later = replace(recording, times_s=recording.times_s + 12.345)
        c3d.save(later, tmp_path / "a.c3d")
        found = c3d.load(tmp_path / "a.c3d")
        assert_same_motion(found, recording, 1e-6)
        np.testing.assert_allclose(found.times_s, later.times_s, rtol=1e-6)

    @pytest.mark.parametrize(("unit", "metres"), [("m", 1.0), ("cm", 0.01), ("mm", 0.001)])
    def test_reads_what_others_write(self, tmp_path: Path, unit: str, metres: float) -> None:
        frames = [[[1, 2, 3, 0, 0], [9, 9, 9, 0, 0], [4, 5, 6, -(i % 2), 0]] for i in range(4)]
        write_as_pyc3d(tmp_path / "a.c3d", ["Left_Wrist", "LASI", "nose"], frames, unit, "+Z")
        found = c3d.load(tmp_path / "a.c3d")
        np.testing.assert_allclose(found.times_s, [0, 0.02, 0.04, 0.06], atol=1e-7)
        np.testing.assert_allclose(found.world_landmarks[0, 15] / metres, [1, -3, 2], rtol=1e-6)
        assert np.isnan(found.world_landmarks[1, 0]).all()
        assert found.track_ids.tolist() == [-1] * 4

    @pytest.mark.parametrize(
        ("labels", "unit", "up", "message"),
        [
            (["LASI", "RASI"], "mm", "+Y", "none of its markers is called as a landmark"),
            (["Bob:nose", "Eve:nose"], "mm", "+Y", "people Bob, Eve must have different numbers"),
            (["nose", "left_ear"], "ft", "+Y", "its unit is 'ft'"),
            (["nose", "left_ear"], "mm", "+X", "are the same axis"),
        ],
    )
    def test_says_what_it_cannot_read(
        self, tmp_path: Path, labels: list[str], unit: str, up: str, message: str
    ) -> None:
        write_as_pyc3d(tmp_path / "a.c3d", labels, [[[1, 2, 3, 0, 0]] * 2] * 2, unit, up)
        with pytest.raises(DatasetError, match=message):
            c3d.load(tmp_path / "a.c3d")

    def test_says_that_files_are_damaged(self, tmp_path: Path) -> None:
        path, broken = tmp_path / "a.c3d", tmp_path / "broken.c3d"
        c3d.save(acting(6), path)
        content = path.read_bytes()
        blocks = content[514]
        for damage in (
            b"",
            b"\x02\x51" + content[2:],
            content[:600],
            content[: 512 * (1 + blocks) + 100],
            content[:516] + b"\x00" * 512 * (blocks - 1) + content[516 + 512 * (blocks - 1) :],
            content[:1120] + b"\xf6" + content[1121:],  # ezc3d alone crashes on these
            content[:524] + b"\xff\x7f" + content[526:],
        ):
            broken.write_bytes(damage)
            with pytest.raises(DatasetError, match=r"broken\.c3d is not a C3D file, or a damaged one"):
                c3d.load(broken)
        with pytest.raises(DatasetError, match="there is no such file"):
            c3d.load(tmp_path / "none.c3d")

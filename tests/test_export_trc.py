"""TRC: what OpenSim reads, and what comes back."""

from __future__ import annotations

import math
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import pytest
from hypothesis import given, settings

from pose_landmarker import DatasetError, OptionError, OptionTypeError, Recording
from pose_landmarker.export import trc
from pose_landmarker.topology import LANDMARK_NAMES
from tests.motions import acting, assert_same_motion, motions, t_pose
from tests.recordings import nobody, pictures, scene, walking


def as_opensim(path: Path) -> tuple[dict[str, str], list[str], npt.NDArray[np.float64]]:
    """Header, markers, and (T, 1 + 3 M) time and places, by the rules of OpenSim's TRCFileAdapter.

    Tokens end at tabs; the last one may end at the line's end, unless it is empty. Rows must have two tokens
    and three for each marker; a marker with an empty one is not known.
    """

    def tokens(line: str) -> list[str]:
        found = line.split("\t")
        return found if found[-1] else found[:-1]

    lines = path.read_text().split("\n")
    assert tokens(lines[0])[0] == "PathFileType"
    keys, values = (
        [token for token in tokens(lines[1]) if token],
        [token for token in tokens(lines[2]) if token],
    )
    assert " ".join(keys) == (
        "DataRate CameraRate NumFrames NumMarkers Units OrigDataRate OrigDataStartFrame OrigNumFrames"
    )
    header = dict(zip(keys, values, strict=True))
    labels = [token for token in tokens(lines[3]) if token]
    assert labels[:2] == ["Frame#", "Time"]
    assert len(labels) == int(header["NumMarkers"]) + 2
    axes = [token for token in tokens(lines[4]) if token]
    assert axes == [f"{axis}{i}" for i in range(1, len(labels) - 1) for axis in "XYZ"]
    assert lines[5] == ""
    rows = []
    for line in lines[6 : lines.index("", 6)]:
        row = tokens(line)
        assert len(row) == 3 * len(labels) - 4
        rows.append([float(token) if token else math.nan for token in row[1:]])
    return header, labels[2:], np.array(rows)


class TestSave:
    def test_is_read_by_opensims_rules(self, tmp_path: Path) -> None:
        recording = acting(12, fps=25)
        assert trc.save(recording, tmp_path / "act.trc") == (tmp_path / "act.trc",)
        header, markers, rows = as_opensim(tmp_path / "act.trc")
        assert (header["DataRate"], header["NumFrames"], header["Units"]) == ("25", "12", "m")
        assert markers == list(LANDMARK_NAMES)
        assert rows[:, 0].tolist() == recording.times_s.tolist()
        places = rows[:, 1:].reshape(-1, 33, 3)
        np.testing.assert_allclose(places, recording.world_landmarks * [1, -1, -1], atol=6e-7)

    def test_has_y_up_and_the_left_hand_at_x_of_who_faces_the_camera(self, tmp_path: Path) -> None:
        standing = replace(acting(1), world_landmarks=(t_pose() * [1, -1, -1])[None].astype(np.float32))
        trc.save(standing, tmp_path / "t.trc")
        table = pd.read_csv(tmp_path / "t.trc", sep="\t", skiprows=4, index_col=False)
        row = table.iloc[0]
        nose, left_wrist = LANDMARK_NAMES.index("nose") + 1, LANDMARK_NAMES.index("left_wrist") + 1
        assert row[f"Y{nose}"] == pytest.approx(0.66)
        assert row[f"Z{nose}"] == pytest.approx(0.11)
        assert row[f"X{left_wrist}"] == pytest.approx(0.70)

    def test_leaves_empty_what_is_not_known(self, tmp_path: Path) -> None:
        world = scene().world_landmarks.copy()
        world[0, 3, 1] = np.nan
        world[0, 32] = np.nan
        paths = trc.save(replace(scene(), world_landmarks=world), tmp_path / "walk.trc")
        assert [path.name for path in paths] == ["walk_1.trc", "walk_2.trc", "walk_-1.trc"]
        _, _, rows = as_opensim(paths[0])
        places = rows[:, 1:].reshape(-1, 33, 3)
        assert np.isnan(places[0, [3, 32]]).all()
        assert np.isfinite(places[0, :3]).all()
        assert np.isnan(places[3]).all()
        assert "nan" not in paths[0].read_text()

    def test_writes_a_file_for_each_person(self, tmp_path: Path) -> None:
        recording = acting(5, track_ids=(2, 7))
        assert [path.name for path in trc.save(recording, tmp_path / "a.trc")] == ["a_2.trc", "a_7.trc"]
        assert trc.save(recording, tmp_path / "one.trc", track_id=7) == (tmp_path / "one.trc",)
        assert_same_motion(trc.load(tmp_path / "one.trc", track_id=7), recording.select(7), 6e-7)

    def test_writes_empty_markers_of_nobody(self, tmp_path: Path) -> None:
        trc.save(nobody(3), tmp_path / "banana.trc")
        assert np.isnan(as_opensim(tmp_path / "banana.trc")[2][:, 1:]).all()
        assert "banana.trc" in (tmp_path / "banana.trc").read_text()
        assert (len(trc.load(tmp_path / "banana.trc")), len(trc.load(tmp_path / "banana.trc").frames)) == (
            3,
            0,
        )

    def test_keeps_a_good_file_where_nothing_can_be_written(self, tmp_path: Path) -> None:
        path = tmp_path / "a.trc"
        trc.save(acting(3), path)
        before = path.read_bytes()
        with pytest.raises(OptionError, match="nobody has the track id 5"):
            trc.save(acting(3), path, track_id=5)
        assert path.read_bytes() == before
        assert list(tmp_path.iterdir()) == [path]

    @pytest.mark.parametrize(
        ("recording", "message"),
        [
            (Recording.from_results([]), "has no frames"),
            (pictures(), "frames without times, such as pictures, are no motion"),
        ],
    )
    def test_wants_motion(self, tmp_path: Path, recording: Recording, message: str) -> None:
        with pytest.raises(OptionError, match=message):
            trc.save(recording, tmp_path / "a.trc")
        assert list(tmp_path.iterdir()) == []

    def test_wants_to_know_who_is_who_and_where(self, tmp_path: Path) -> None:
        strangers = replace(acting(3, track_ids=(1, 2)), track_ids=np.full(6, -1))
        with pytest.raises(OptionError, match="frame 0 has several people without a track id"):
            trc.save(strangers, tmp_path / "a.trc")
        flat = replace(acting(3), world_landmarks=np.full((3, 33, 3), np.nan))
        with pytest.raises(OptionError, match="no landmarks in metres"):
            trc.save(flat, tmp_path / "a.trc")
        with pytest.raises(OptionTypeError, match="must be a Recording, not list"):
            trc.save([], tmp_path / "a.trc")  # type: ignore[arg-type]

    def test_takes_seconds_for_ten_minutes_of_three_people(self, tmp_path: Path) -> None:
        recording = walking(1800, 3)
        start = time.perf_counter()
        trc.load(trc.save(recording, tmp_path / "long.trc"))
        assert time.perf_counter() - start < 3  # of a tenth of that


class TestLoad:
    @settings(max_examples=30, deadline=None)
    @given(motions())
    def test_brings_back_any_motion(self, tmp_path_factory: Any, recording: Recording) -> None:
        folder = tmp_path_factory.mktemp("trc")
        found = trc.load(trc.save(recording, folder / "a.trc"), track_id=_only(recording))
        assert_same_motion(found, recording, 6e-7)
        assert found.times_s.tolist() == recording.times_s.tolist()
        assert np.isnan(found.landmarks).all()

    def test_takes_ids_from_names(self, tmp_path: Path) -> None:
        trc.save(acting(3, track_ids=(4,)), tmp_path / "act_12.trc")
        trc.save(acting(3, track_ids=(4,)), tmp_path / "act.trc")
        assert trc.load(tmp_path / "act_12.trc").tracks.tolist() == [12]
        assert trc.load(str(tmp_path / "act.trc")).track_ids.tolist() == [-1] * 3

    def test_reads_what_others_write(self, tmp_path: Path) -> None:
        (tmp_path / "lab.trc").write_bytes(
            b"PathFileType\t4\t(X/Y/Z)\tC:\\l\xe4b.trc\r\n"
            b"DataRate\tCameraRate\tNumFrames\tNumMarkers\tUnits\tOrigDataRate\tOrigDataStartFrame\tOrigNumFrames\r\n"
            b"100\t100\t2\t3\tmm\t100\t1\t2\r\n"
            b"Frame#\tTime\tSTRN\t\t\tLeft_Wrist\t\t\tnose\r\n"
            b"\t\tX1\tY1\tZ1\tX2\tY2\tZ2\tX3\tY3\tZ3\r\n"
            b"1\t0.00\t1\t2\t3\t1000\t2000\t3000\t\t\t\r\n"
            b"2\t0.01\t\t\t\t\t\t\t4\t5\t6\r\n"
        )
        found = trc.load(tmp_path / "lab.trc")
        assert found.times_s.tolist() == [0, 0.01]
        np.testing.assert_allclose(found.world_landmarks[0, 15], [1, -2, -3])
        np.testing.assert_allclose(found.world_landmarks[1, 0], [0.004, -0.005, -0.006], rtol=1e-6)
        assert np.isfinite(found.world_landmarks).all(axis=2).sum() == 2

    def test_wants_files_that_go_together(self, tmp_path: Path) -> None:
        first, second = trc.save(acting(3, track_ids=(1, 2)), tmp_path / "a.trc")
        trc.save(acting(4), tmp_path / "long_3.trc")
        trc.save(acting(3, fps=20), tmp_path / "slow_3.trc")
        for other in ("long_3.trc", "slow_3.trc"):
            with pytest.raises(DatasetError, match="must be of the same frames"):
                trc.load([first, tmp_path / other])
        with pytest.raises(DatasetError, match="are both of person 1"):
            trc.load([first, first])
        with pytest.raises(DatasetError, match="have no ids in their names"):
            trc.load([trc.save(acting(3), tmp_path / name)[0] for name in ("x.trc", "y.trc")])
        with pytest.raises(OptionError, match="track_id is of one person"):
            trc.load([first, second], track_id=3)
        with pytest.raises(OptionError, match="no file to read"):
            trc.load([])
        with pytest.raises(OptionTypeError, match="path must be a string or a Path"):
            trc.load(3)  # type: ignore[arg-type]

    @pytest.mark.parametrize(
        ("old", "new", "message"),
        [
            ("PathFileType", "Path", "does not begin with PathFileType"),
            ("\tm\t", "\tinches\t", "its unit is 'inches'"),
            ("Units\t", "", "argument 2 is longer"),
            ("\n1\t", "\none\t", "a TRC file, or a damaged one"),
            ("\n2\t", "\n1 2\n2\t", "a TRC file, or a damaged one"),
            ("_", "#", "none of its markers"),
        ],
    )
    def test_says_what_is_wrong_with_a_file(self, tmp_path: Path, old: str, new: str, message: str) -> None:
        (path,) = trc.save(acting(3), tmp_path / "a.trc")
        text = path.read_text().replace(old, new)
        path.write_text(text if old != "_" else text.replace("nose", "#"))
        with pytest.raises(DatasetError, match=message):
            trc.load(path)

    @pytest.mark.parametrize("lines", [0, 2, 6])
    def test_says_that_a_file_is_cut_off(self, tmp_path: Path, lines: int) -> None:
        (path,) = trc.save(acting(3), tmp_path / "a.trc")
        path.write_text("".join(path.read_text().splitlines(keepends=True)[:lines]))
        with pytest.raises(DatasetError, match=r"a\.trc is not a TRC file"):
            trc.load(path)

    def test_says_that_there_is_no_file(self, tmp_path: Path) -> None:
        with pytest.raises(DatasetError, match="there is no such file"):
            trc.load(tmp_path / "none.trc")
        with pytest.raises(DatasetError, match="is a folder"):
            trc.load(tmp_path)


def _only(recording: Recording) -> int | None:
    """The id of the only person, which is not in the name of the only file."""
    people = np.unique(recording.track_ids)
    return int(people[0]) if len(people) == 1 else None

"""OpenPose's folders: what is written, when, and what is read, whoever wrote it."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pose_landmarker import (
    ClosedError,
    DatasetError,
    OptionError,
    OptionTypeError,
    PoseLandmarkerResult,
    Recording,
    TimestampError,
)
from pose_landmarker.export import openpose
from pose_landmarker.topologies import BODY_25, convert
from pose_landmarker.topology import LANDMARK_NAMES
from tests.poses import make_pose
from tests.recordings import assert_same, nobody, pictures, recordings, scene, walking

#: The landmarks that BODY_25 has a place for.
SHARED = [i for i, name in enumerate(LANDMARK_NAMES) if name in BODY_25.points]
#: Numbers that bodies can have.
USUAL = st.one_of(st.floats(-3, 3, width=32), st.just(float("nan")))
EMPTY = [
    *("face_keypoints_2d", "hand_left_keypoints_2d", "hand_right_keypoints_2d"),
    *("face_keypoints_3d", "hand_left_keypoints_3d", "hand_right_keypoints_3d"),
]


def documents(folder: Path) -> list[Any]:
    return [json.loads(path.read_text(encoding="ascii")) for path in sorted(folder.iterdir())]


def finite(points: npt.NDArray[np.float32]) -> npt.NDArray[np.bool_]:
    """Which points are known, by all of their axes."""
    return np.asarray(np.isfinite(points).all(axis=-1))


def assert_brought_back(found: Recording, recording: Recording) -> None:
    """Whatever has a place in the format is the same."""
    assert_same(
        found,
        recording,
        but=("scores", "landmarks", "world_landmarks", "visibility", "presence"),
    )
    known = finite(recording.landmarks[:, SHARED, :2])
    np.testing.assert_allclose(
        found.pixels[:, SHARED][known], recording.pixels[:, SHARED][known], rtol=1e-6, atol=2e-3
    )
    assert np.isnan(found.landmarks[:, SHARED, :2][~known]).all()
    visibility = np.nan_to_num(recording.visibility, nan=1.0)[:, SHARED]
    np.testing.assert_allclose(
        found.visibility[:, SHARED][known], np.clip(visibility[known], 0, 1), atol=1e-6
    )
    known = finite(recording.world_landmarks[:, SHARED])
    np.testing.assert_array_equal(
        found.world_landmarks[:, SHARED][known], recording.world_landmarks[:, SHARED][known]
    )
    assert np.isnan(np.delete(found.landmarks, SHARED, axis=1)).all()
    assert np.isnan(found.scores).all()


class TestSave:
    def test_writes_a_file_per_frame_named_after_the_folder_and_its_number(self, tmp_path: Path) -> None:
        assert openpose.save(scene(), tmp_path / "walk") == (tmp_path / "walk",)
        assert sorted(path.name for path in (tmp_path / "walk").iterdir()) == [
            f"walk_{i:012d}_keypoints.json" for i in range(6)
        ]
        openpose.save(scene(), tmp_path / "other", name="my clip")
        assert (tmp_path / "other" / "my clip_000000000005_keypoints.json").is_file()

    def test_writes_what_openpose_writes(self, tmp_path: Path) -> None:
        recording = scene()
        openpose.save(recording, tmp_path / "walk")
        first, *_, empty, last = documents(tmp_path / "walk")
        assert list(first)[:2] == ["version", "people"]
        assert first["version"] == 1.3
        assert [person["person_id"] for person in first["people"]] == [[1], [2]]
        assert (empty["people"], last["people"][0]["person_id"]) == ([], [-1])
        person = first["people"][0]
        assert all(person[name] == [] for name in EMPTY)
        flat = np.array(person["pose_keypoints_2d"]).reshape(25, 3)
        np.testing.assert_allclose(
            flat[:, :2], np.nan_to_num(convert(recording.pixels[0], BODY_25)), atol=2e-3
        )
        assert flat[BODY_25.index("left_wrist"), 2] == pytest.approx(recording.visibility[0, 15], abs=1e-6)
        assert (flat[BODY_25.index("left_small_toe")] == 0).all()
        solid = np.array(person["pose_keypoints_3d"]).reshape(25, 4)
        np.testing.assert_allclose(
            solid[:, :3], np.nan_to_num(convert(recording.world_landmarks[0], BODY_25)), rtol=1e-6
        )
        assert solid[:, 3].tolist() == [0 if "small" in name else 1 for name in BODY_25]

    def test_without_world_has_no_metres(self, tmp_path: Path) -> None:
        openpose.save(scene(), tmp_path / "walk", world=False)
        assert documents(tmp_path / "walk")[0]["people"][0]["pose_keypoints_3d"] == []
        assert np.isnan(openpose.load(tmp_path / "walk").world_landmarks).all()

    def test_gives_points_of_which_nobody_knows_the_visibility_a_confidence_of_one(
        self, tmp_path: Path
    ) -> None:
        recording = walking(1, 1)
        openpose.save(replace(recording, visibility=np.full((1, 33), np.nan, np.float32)), tmp_path / "walk")
        flat = documents(tmp_path / "walk")[0]["people"][0]["pose_keypoints_2d"]
        assert flat[2::3] == [0 if "small" in name else 1 for name in BODY_25]

    def test_leaves_no_frames_of_a_longer_recording_and_nothing_else_changed(self, tmp_path: Path) -> None:
        folder = tmp_path / "walk"
        openpose.save(walking(5, 1), folder)
        openpose.save(walking(4, 1), folder, name="walk_2")
        (folder / "notes.txt").write_text("mine")
        openpose.save(walking(3, 2), folder)
        assert len(list(folder.glob("walk_0*"))) == 3
        assert len(list(folder.glob("walk_2_*"))) == 4
        assert (folder / "notes.txt").read_text() == "mine"
        assert_brought_back(openpose.load(folder, name="walk"), walking(3, 2))

    def test_names_files_after_pictures(self, tmp_path: Path) -> None:
        named = replace(
            walking(2, 1), times_s=np.full(2, np.nan), names=("b/holiday.jpg", "a\\000000000139.png")
        )
        openpose.save(named, tmp_path / "out")
        assert sorted(path.name for path in (tmp_path / "out").iterdir()) == [
            "000000000139_keypoints.json",
            "holiday_keypoints.json",
        ]
        assert_brought_back(openpose.load(tmp_path / "out"), named)

    @pytest.mark.parametrize(
        "names", [("../../a.jpg", ".."), ("a.jpg", "A.png"), ("", "a"), ("nul\0", "b"), ("x" * 300, "y")]
    )
    def test_numbers_pictures_whose_names_cannot_be_those_of_files(
        self, tmp_path: Path, names: tuple[str, str]
    ) -> None:
        named = replace(walking(2, 1), times_s=np.full(2, np.nan), names=names)
        openpose.save(named, tmp_path / "out")
        assert [path.name for path in tmp_path.iterdir()] == ["out"]
        assert (tmp_path / "out" / "out_000000000001_keypoints.json").is_file()
        assert_brought_back(openpose.load(tmp_path / "out"), named)

    @pytest.mark.parametrize("name", ["", "a/b", "a\\b", ".hidden", "nul\0", 3])
    def test_wants_a_name_that_files_can_have(self, tmp_path: Path, name: Any) -> None:
        with pytest.raises(OptionError, match="name must be"):
            openpose.save(scene(), tmp_path / "out", name=name)
        assert not (tmp_path / "out").exists()

    def test_wants_sizes_of_pictures(self, tmp_path: Path) -> None:
        unknown = replace(scene(), image_sizes=np.zeros((6, 2), np.int64))
        with pytest.raises(OptionError, match="size of the picture of frame 0 is not known"):
            openpose.save(unknown, tmp_path / "out")


class TestWriter:
    def test_writes_results_one_by_one(self, tmp_path: Path) -> None:
        results = [
            PoseLandmarkerResult(
                poses=(make_pose(track_id=7, seed=i),) * (i != 1), image_size=(160, 120), timestamp_ms=40 * i
            )
            for i in range(3)
        ]
        with openpose.Writer(tmp_path / "live") as writer:
            for result in results:
                writer.write(result)
            assert writer.num_frames == 3
        assert (tmp_path / "live" / "live_000000000002_keypoints.json").is_file()
        assert_brought_back(openpose.load(tmp_path / "live"), Recording.from_results(results))

    def test_writes_the_same_as_save(self, tmp_path: Path) -> None:
        openpose.save(scene(), tmp_path / "a", name="x")
        writer = openpose.Writer(tmp_path / "b", name="x")
        for frame in scene():
            writer.write(frame)
        for path in (tmp_path / "a").iterdir():
            assert (tmp_path / "b" / path.name).read_bytes() == path.read_bytes()

    def test_has_written_every_frame_before_it_is_killed(self, tmp_path: Path) -> None:
        code = (
            "import os, signal\n"
            "from pose_landmarker.export.openpose import Writer\n"
            "from tests.recordings import walking\n"
            "writer = Writer('live')\n"
            "for i, frame in enumerate(walking(9, 2)):\n"
            "    writer.write(frame)\n"
            "    if i == 3: os.kill(os.getpid(), signal.SIGKILL)\n"
        )
        root = str(Path(__file__).parents[1])
        ended = subprocess.run(
            [sys.executable, "-c", code], cwd=tmp_path, env={**os.environ, "PYTHONPATH": root}, check=False
        )
        assert ended.returncode == -signal.SIGKILL
        assert_brought_back(openpose.load(tmp_path / "live"), walking(9, 2).of_frames(slice(0, 4)))

    def test_does_not_write_into_frames_of_others(self, tmp_path: Path) -> None:
        openpose.save(walking(2, 1), tmp_path / "live")
        with pytest.raises(OptionError, match=r"holds frames already, such as live_000000000000_keypoints"):
            openpose.Writer(tmp_path / "live")
        assert openpose.Writer(tmp_path / "live", name="second").num_frames == 0

    def test_takes_exact_times(self, tmp_path: Path) -> None:
        result = PoseLandmarkerResult(poses=(), image_size=(160, 120), timestamp_ms=33)
        writer = openpose.Writer(tmp_path / "live")
        writer.write(result, 1 / 30)
        with pytest.raises(TimestampError, match=r"frame 1 is at 0\.033 s, and the one before it at 0\.0333"):
            writer.write(result)
        for wrong in (-1, "now", float("nan")):
            with pytest.raises(OptionError, match="time_s must be a number ≥ 0"):
                writer.write(result, wrong)  # type: ignore[arg-type]
        with pytest.raises(OptionError, match="a recording has times of its own"):
            writer.write(scene(), 5.0)
        assert openpose.load(tmp_path / "live").times_s.tolist() == [1 / 30]

    def test_wants_results_or_recordings(self, tmp_path: Path) -> None:
        with pytest.raises(OptionTypeError, match="must be a PoseLandmarkerResult or Recording, not int"):
            openpose.Writer(tmp_path / "live").write(3)  # type: ignore[arg-type]
        assert list((tmp_path / "live").iterdir()) == []

    def test_discards_what_it_has_written_and_writes_no_more(self, tmp_path: Path) -> None:
        openpose.save(scene(), tmp_path, name="mine")
        writer = openpose.Writer(tmp_path, name="live")
        writer.write(scene())
        assert len(list(tmp_path.iterdir())) == 12
        writer.discard()
        assert_brought_back(openpose.load(tmp_path), scene())
        with pytest.raises(ClosedError, match="nothing can be written after close"):
            writer.write(scene())


def of_openpose(*points: object, **more: Any) -> dict[str, Any]:
    return {"version": 1.3, "people": [{"person_id": [-1], "pose_keypoints_2d": [*points], **more}]}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path


def put(folder: Path, name: str, record: object) -> None:
    (folder / f"{name}_keypoints.json").write_text(json.dumps(record), encoding="utf-8")


class TestLoad:
    @settings(max_examples=30, deadline=None)
    @given(recordings(numbers=USUAL).filter(len))
    def test_brings_back_what_the_format_has_a_place_for(
        self, tmp_path_factory: Any, recording: Recording
    ) -> None:
        sizes = np.where(recording.image_sizes == 0, 320, recording.image_sizes)
        both = finite(recording.landmarks[:, SHARED, :2]) | finite(recording.world_landmarks[:, SHARED])
        shown = both.any(axis=1)
        rows = {
            name: getattr(recording, name)[shown]
            for name in (
                *("frames", "track_ids", "scores", "landmarks"),
                *("world_landmarks", "visibility", "presence"),
            )
        }
        recording = replace(recording, image_sizes=sizes, **rows)
        folder = tmp_path_factory.mktemp("openpose") / "out"
        openpose.save(recording, folder)
        assert_brought_back(openpose.load(folder), recording)

    @pytest.mark.parametrize(
        "recording", [scene(), pictures(), nobody(2)], ids=["scene", "pictures", "nobody"]
    )
    def test_brings_back_scenes(self, folder: Path, recording: Recording) -> None:
        openpose.save(recording, folder / "out")
        assert_brought_back(openpose.load(folder / "out"), recording)

    def test_reads_openpose_itself_whose_numbers_are_frames(self, folder: Path) -> None:
        person = np.arange(75.0) + 1
        person[2::3] = 0.5
        person[12:15] = 0  # the right wrist
        put(folder, "video_000000000002", of_openpose(*person))
        put(folder, "video_000000000004", {"version": 1.3, "people": []})
        put(folder, "video_000000000001", of_openpose(*person))
        found = openpose.load(folder, frame_rate=25, image_size=(200, 100))
        np.testing.assert_allclose(found.times_s, [0, 0.04, 0.08, 0.12, 0.16])
        assert found.frames.tolist() == [1, 2]
        assert found.track_ids.tolist() == [-1, -1]
        assert (found.image_sizes == [200, 100]).all()
        assert found.names is None
        left_wrist = 3 * BODY_25.index("left_wrist")
        np.testing.assert_allclose(found.pixels[0, 15], person[left_wrist : left_wrist + 2], rtol=1e-6)
        assert np.isnan(found.landmarks[0, 16]).all()
        assert (found.visibility[0, 15], np.isnan(found.visibility[0, 16])) == (0.5, True)
        assert np.isnan(openpose.load(folder, image_size=(200, 100)).times_s).all()

    def test_reads_pictures_in_the_order_of_their_names(self, folder: Path) -> None:
        for name in ("b", "a"):
            put(folder, name, of_openpose(*[1.0] * 75))
        found = openpose.load(folder, image_size=(20, 10))
        assert (found.names, found.frames.tolist()) == (("a", "b"), [0, 1])

    def test_reads_the_model_of_18_points(self, folder: Path) -> None:
        put(folder, "v_000000000000", of_openpose(*np.arange(54.0)))
        found = openpose.load(folder, image_size=(100, 100))
        np.testing.assert_allclose(found.pixels[0, [15, 23, 28]], [[21, 22], [33, 34], [30, 31]], rtol=1e-6)

    def test_leaves_out_people_without_a_body(self, folder: Path) -> None:
        record = of_openpose(*[0] * 75, hand_left_keypoints_2d=[1.0] * 63)
        record["people"].append({"pose_keypoints_2d": [], "face_keypoints_2d": [1.0] * 210})
        put(folder, "v_000000000000", record)
        found = openpose.load(folder, image_size=(10, 10))
        assert (len(found), len(found.frames)) == (1, 0)

    def test_passes_over_other_files(self, folder: Path) -> None:
        openpose.save(walking(2, 1), folder, name="v")
        (folder / "notes.json").write_text("{")
        (folder / ".v_000000000009_keypoints.json").write_text("{")
        assert_brought_back(openpose.load(folder), walking(2, 1))


class TestErrors:
    def test_of_folders(self, folder: Path) -> None:
        with pytest.raises(DatasetError, match=r"there are no files _keypoints.json in it"):
            openpose.load(folder)
        with pytest.raises(DatasetError, match="nowhere cannot be read: No such file"):
            openpose.load(folder / "nowhere")
        put(folder, "v_000000000000", of_openpose(*[1.0] * 75))
        with pytest.raises(DatasetError, match=r"nobody says how large the pictures are; give image_size="):
            openpose.load(folder)
        with pytest.raises(DatasetError, match=r"no files w_<12 digits>_keypoints.json"):
            openpose.load(folder, name="w")
        put(folder, "w_000000000000", of_openpose(*[1.0] * 75))
        with pytest.raises(DatasetError, match=r"frames of several videos in it; choose with name=: v, w"):
            openpose.load(folder)
        assert len(openpose.load(folder, name="w", image_size=(9, 9))) == 1

    def test_of_files_that_do_not_go_together(self, folder: Path) -> None:
        put(folder, "v_000000000000", of_openpose(*[1.0] * 75))
        put(folder, "holiday", of_openpose(*[1.0] * 75))
        with pytest.raises(DatasetError, match=r"but holiday_keypoints\.json has none"):
            openpose.load(folder, image_size=(9, 9))
        put(folder, "holiday", {**of_openpose(*[1.0] * 75), "pose_landmarker": {"frame": 0}})
        with pytest.raises(DatasetError, match=r"holiday_\S+ and v_\S+ are both of frame 0"):
            openpose.load(folder, image_size=(9, 9))

    @pytest.mark.parametrize(
        ("record", "message"),
        [
            (3, "wanted an object with 'people'"),
            ({}, "'people' is missing"),
            ({"people": [3]}, "people must be a list of objects"),
            ({"people": [{"pose_keypoints_2d": 3}]}, "not iterable"),
            ({"people": [{"pose_keypoints_3d": [1.0] * 100}]}, "'pose_keypoints_2d' is missing"),
            (of_openpose(*[1.0] * 74), "people of 24 points; wanted 25"),
            (of_openpose(*[1.0] * 76), "pose_keypoints_2d must be 75 numbers"),
            (of_openpose(*[1e39] * 75), "which cannot be"),
            (of_openpose(*["1"] * 75), "pose_keypoints_2d must be numbers"),
            (of_openpose(*[1.0] * 75, pose_keypoints_3d=[1.0] * 75), "pose_keypoints_3d must be 100 numbers"),
            (of_openpose(*[1.0] * 75, person_id=["a"]), "person_id must be a whole number"),
            ({"people": [], "pose_landmarker": 3}, "pose_landmarker must be an object"),
            ({"people": [], "pose_landmarker": {"frame": 10**10}}, "cannot be the number of a frame"),
            ({"people": [], "pose_landmarker": {"frame": -1}}, "cannot be the number of a frame"),
            ({"people": [], "pose_landmarker": {"frame": "a"}}, "frame must be a whole number"),
            ({"people": [], "pose_landmarker": {"time_s": "noon"}}, "noon"),
            ({"people": [], "pose_landmarker": {"image_size": 3}}, "must be a width and a height"),
            ({"people": [], "pose_landmarker": {"image_size": [-3, 1]}}, "image_sizes must be"),
        ],
        ids=range(18),
    )
    def test_of_wrong_values_name_the_file(self, folder: Path, record: Any, message: str) -> None:
        put(folder, "v_000000000000", record)
        with pytest.raises(DatasetError, match=rf"(?s)({folder}).*({message})"):
            openpose.load(folder, frame_rate=30)

    @pytest.mark.parametrize("content", [b"", b"\xff", b'{"people": [', b"[" * 100_000])
    def test_of_damaged_files_name_them(self, folder: Path, content: bytes) -> None:
        (folder / "v_000000000000_keypoints.json").write_bytes(content)
        with pytest.raises(DatasetError, match=r"v_000000000000_keypoints.json is no JSON"):
            openpose.load(folder)

    def test_of_a_number_that_would_fill_the_memory(self, folder: Path) -> None:
        put(folder, "v_999999999999", {"people": []})
        with pytest.raises(DatasetError, match="999999999999 cannot be the number of a frame"):
            openpose.load(folder)

    def test_of_times_that_do_not_ascend(self, folder: Path) -> None:
        for frame, time in enumerate((2, 1)):
            put(folder, f"v_{frame:012d}", {"people": [], "pose_landmarker": {"time_s": time}})
        with pytest.raises(DatasetError, match="times_s must be finite and ascend"):
            openpose.load(folder)
        assert openpose.load(folder, frame_rate=10).times_s.tolist() == [0, 0.1]

    def test_of_wrong_options(self, folder: Path) -> None:
        openpose.save(walking(1, 1), folder)
        for rate in (0, -1, "30", float("nan")):
            with pytest.raises(OptionError, match="frame_rate must be a number > 0"):
                openpose.load(folder, frame_rate=rate)  # type: ignore[arg-type]
        with pytest.raises(OptionError, match=r"image_size must be \(width, height\)"):
            openpose.load(folder, image_size=30)  # type: ignore[arg-type]

"""BVH: what two other libraries play back, and what comes back."""

from __future__ import annotations

import warnings
from dataclasses import replace
from pathlib import Path
from typing import Any

import bvh as bvh_library
import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings

from pose_landmarker import DatasetError, OptionError, Recording
from pose_landmarker.export import bvh
from pose_landmarker.topology import LANDMARK_NAMES
from tests.motions import acting, motions, t_pose
from tests.recordings import nobody, pictures, scene, walking

#: The joints at landmarks that are not called after them.
JOINTS = {
    **{
        f"{side}_{name}": f"{side.capitalize()}{joint}"
        for side in ("left", "right")
        for name, joint in (
            ("shoulder", "Arm"),
            ("elbow", "ForeArm"),
            ("wrist", "Hand"),
            ("hip", "UpLeg"),
            ("knee", "Leg"),
            ("ankle", "Foot"),
        )
    }
}
NAMES = [JOINTS.get(name, name) for name in LANDMARK_NAMES]
CENTIMETRE = 0.01
Y_DOWN = np.array([1, -1, -1])


def played(path: Path, frame: int | None) -> npt.NDArray[np.float64]:
    """(33, 3) where bvhio puts the landmarks, in the units of the file; None: at rest."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of the name by which it imports PyGLM
        import bvhio

        root = bvhio.readAsHierarchy(str(path))
    if frame is None:
        root.loadRestPose()
    else:
        root.loadPose(frame)
    joints = {joint.Name: joint.PositionWorld for joint, _, _ in root.layout()}
    return np.array([list(joints[name]) for name in NAMES])


def motion_columns(path: Path) -> dict[tuple[str, str], npt.NDArray[np.float64]]:
    """(T,) of each channel, by joint and channel."""
    parsed = bvh_library.Bvh(path.read_text())
    values = np.array(parsed.frames, float)
    names = [
        (joint, channel) for joint in parsed.get_joints_names() for channel in parsed.joint_channels(joint)
    ]
    return {name: values[:, i] for i, name in enumerate(names)}


class TestSave:
    @pytest.mark.parametrize(
        "recording", [acting(8), walking(8, 1)], ids=["constant bones", "changing bones"]
    )
    def test_plays_back_to_the_landmarks_by_bvhio(self, tmp_path: Path, recording: Recording) -> None:
        (path,) = bvh.save(recording, tmp_path / "act.bvh")
        for frame in range(len(recording)):
            places = played(path, frame) * CENTIMETRE * Y_DOWN
            np.testing.assert_allclose(places, recording.world_landmarks[frame], atol=1e-4)

    def test_of_fixed_bones_plays_back_constant_bones_by_bvhio(self, tmp_path: Path) -> None:
        recording = acting(8)
        (path,) = bvh.save(recording, tmp_path / "act.bvh", fixed_bones=True)
        for frame in range(len(recording)):
            places = played(path, frame) * CENTIMETRE * Y_DOWN
            np.testing.assert_allclose(places, recording.world_landmarks[frame], atol=1e-4)
        kinds = {channel[1:] for joint, channel in motion_columns(path) if joint != "Hips"}
        assert kinds == {"rotation"}

    def test_stands_as_a_t_at_rest_and_faces_z(self, tmp_path: Path) -> None:
        (path,) = bvh.save(acting(8), tmp_path / "act.bvh")
        rest = played(path, None) * CENTIMETRE
        body = [i for i, name in enumerate(LANDMARK_NAMES) if name in JOINTS]
        np.testing.assert_allclose(rest[body], t_pose()[body], atol=1e-4)
        assert rest[LANDMARK_NAMES.index("nose"), 2] > 0.1
        assert rest[LANDMARK_NAMES.index("left_foot_index"), 2] > 0.1

    def test_is_read_by_bvh(self, tmp_path: Path) -> None:
        (path,) = bvh.save(acting(8, fps=25), tmp_path / "act.bvh")
        parsed = bvh_library.Bvh(path.read_text())
        assert (parsed.nframes, parsed.frame_time) == (8, pytest.approx(0.04))
        assert parsed.joint_channels("Hips") == [
            *("Xposition", "Yposition", "Zposition"),
            *("Zrotation", "Xrotation", "Yrotation"),
        ]
        assert parsed.joint_channels("nose") == ["Xposition", "Yposition", "Zposition"]
        assert parsed.joint_parent("LeftHand").name == "LeftForeArm"
        assert len({len(frame) for frame in parsed.frames}) == 1

    def test_angles_do_not_jump_where_the_body_does_not(self, tmp_path: Path) -> None:
        (path,) = bvh.save(acting(240), tmp_path / "act.bvh")  # the whole body turns round once
        for (joint, channel), values in motion_columns(path).items():
            if channel.endswith("rotation"):
                assert np.abs(np.diff(values)).max() < 8, (joint, channel)
        turned = motion_columns(path)["Hips", "Yrotation"]
        assert abs(turned[-1] - turned[0]) == pytest.approx(360, abs=5)

    def test_limbs_are_not_twisted(self, tmp_path: Path) -> None:
        """Bent about one axis, they have no angle about their own length."""
        (path,) = bvh.save(acting(60), tmp_path / "act.bvh")
        columns = motion_columns(path)
        assert np.abs(columns["LeftLeg", "Yrotation"]).max() < 0.01
        assert np.abs(columns["RightForeArm", "Xrotation"]).max() < 0.01
        for axis in "XYZ":
            assert np.abs(columns["LeftHand", f"{axis}rotation"]).max() < 1
            assert np.abs(columns["RightFoot", f"{axis}rotation"]).max() < 1

    def test_holds_the_last_pose_where_nobody_is(self, tmp_path: Path) -> None:
        whole = acting(6)
        rows = np.array([1, 2, 5])
        gap = replace(
            whole,
            **{
                name: getattr(whole, name)[rows]
                for name in (
                    *("frames", "track_ids", "scores", "landmarks"),
                    *("world_landmarks", "visibility", "presence"),
                )
            },
        )
        found = bvh.load(bvh.save(gap, tmp_path / "act.bvh"))
        assert found.frames.tolist() == list(range(6))
        held = whole.world_landmarks[[1, 1, 2, 2, 2, 5]]
        np.testing.assert_allclose(found.world_landmarks, held, atol=1e-5)

    def test_writes_a_file_for_each_person_in_the_unit_that_is_wanted(self, tmp_path: Path) -> None:
        paths = bvh.save(acting(3, track_ids=(2, 7)), tmp_path / "a.bvh", unit_m=1)
        assert [path.name for path in paths] == ["a_2.bvh", "a_7.bvh"]
        np.testing.assert_allclose(played(paths[0], 0) * Y_DOWN, acting(3).world_landmarks[0], atol=1e-4)
        assert bvh.save(acting(3, track_ids=(2, 7)), tmp_path / "b.bvh", track_id=7) == (tmp_path / "b.bvh",)

    def test_wants_somebody_who_moves_evenly(self, tmp_path: Path) -> None:
        path = tmp_path / "a.bvh"
        with pytest.raises(OptionError, match="nobody is in the recording"):
            bvh.save(nobody(3), path)
        with pytest.raises(OptionError, match="are no motion"):
            bvh.save(pictures(), path)
        with pytest.raises(OptionError, match="resample"):
            bvh.save(replace(acting(3), times_s=np.array([0, 0.1, 1])), path)
        for name, value in (("unit_m", 0), ("unit_m", "cm"), ("fixed_bones", 1)):
            choices: Any = {name: value}
            with pytest.raises(OptionError, match=f"{name} must be"):
                bvh.save(acting(3), path, **choices)
        assert list(tmp_path.iterdir()) == []


class TestLoad:
    @settings(max_examples=25, deadline=None)
    @given(motions())
    def test_brings_back_any_motion(self, tmp_path_factory: Any, recording: Recording) -> None:
        if not len(recording.frames):
            return
        folder = tmp_path_factory.mktemp("bvh")
        people = np.unique(recording.track_ids)
        found = bvh.load(
            bvh.save(recording, folder / "a.bvh"), track_id=int(people[0]) if len(people) == 1 else None
        )
        np.testing.assert_allclose(found.times_s, recording.times_s, atol=1e-9)
        a, b = found.stack(), recording.stack()
        np.testing.assert_array_equal(a.track_ids, b.track_ids)
        assert a.present.all()
        known = np.isfinite(b.world_landmarks).all(axis=-1)
        np.testing.assert_allclose(a.world_landmarks[known], b.world_landmarks[known], atol=1e-4)

    @pytest.mark.parametrize("unit", [1.0, 0.01, 0.001])
    @pytest.mark.parametrize("fixed", [False, True])
    def test_brings_back_a_body(self, tmp_path: Path, unit: float, fixed: bool) -> None:
        recording = acting(30, track_ids=(1, 2))
        paths = bvh.save(recording, tmp_path / "a.bvh", unit_m=unit, fixed_bones=fixed)
        found = bvh.load(paths, unit_m=unit)
        np.testing.assert_allclose(found.world_landmarks, recording.world_landmarks, atol=1e-5)
        assert found.track_ids.tolist() == recording.track_ids.tolist()

    def test_reads_other_hierarchies(self, tmp_path: Path) -> None:
        (tmp_path / "other.bvh").write_text(
            "HIERARCHY\nROOT mixamorig:Hips\n{\n OFFSET 0 0 0\n"
            " CHANNELS 4 Yposition Xrotation Zrotation Yrotation\n"
            " JOINT mixamorig:LeftArm\n {\n  OFFSET 10 20 30\n  CHANNELS 0\n"
            "  End Site\n  {\n   OFFSET 1 0 0\n  }\n }\n}\n"
            "MOTION\nFrames: 2\nFrame Time: 0.5\n100 0 0 0\n\n100 90 0 0\n"
        )
        found = bvh.load(tmp_path / "other.bvh")
        np.testing.assert_allclose(found.world_landmarks[:, 11] * Y_DOWN, [[0.1, 1.2, 0.3], [0.1, 0.7, 0.2]])
        assert found.times_s.tolist() == [0, 0.5]
        assert np.isfinite(found.world_landmarks).sum() == 6

    @pytest.mark.parametrize(
        ("old", "new", "message"),
        [
            ("HIERARCHY", "ROOT", "wanted HIERARCHY"),
            ("MOTION", "", "MOTION behind it"),
            ("Frames: 3", "Frames: 4", "4 frames of 159 channels are announced, and there are 3 of 159"),
            ("Frames: 3", "", "wanted Frames: and Frame Time:"),
            ("Frame Time: 0", "Frame Time: -0", "must be above 0"),
            ("OFFSET 0 0 1", "OFFSET 0 0", "not enough values"),
            ("OFFSET 0 0 1", "SCALE 0 0 1", "'SCALE' is no word of a hierarchy"),
            ("CHANNELS 6 ", "CHANNELS 5 ", "CHANNELS must be a number and as many names"),
            ("Zrotation", "Wrotation", "CHANNELS must be"),
            ("\n}\nMOTION", "\nMOTION", "a bracket of the hierarchy is not closed"),
            ("ROOT Hips\n{", "ROOT Hips\n", "list index out of range"),
        ],
    )
    def test_says_what_is_wrong_with_a_file(self, tmp_path: Path, old: str, new: str, message: str) -> None:
        (path,) = bvh.save(acting(3), tmp_path / "a.bvh")
        assert old in path.read_text()
        path.write_text(path.read_text().replace(old, new))
        with pytest.raises(DatasetError, match=rf"a\.bvh is not a BVH file, or a damaged one: .*{message}"):
            bvh.load(path)

    def test_says_that_joints_or_frames_are_missing(self, tmp_path: Path) -> None:
        path = tmp_path / "a.bvh"
        for joint, frames, message in (
            ("Pelvis", "0\n", "none of its joints has a name that is known"),
            ("LeftArm", "", "there are no frames in it"),
            ("LeftArm", "x\n", "a damaged one"),
        ):
            path.write_text(
                f"HIERARCHY\nROOT {joint}\n{{\nOFFSET 0 0 0\nCHANNELS 1 Xposition\n}}\nMOTION\nFrames: 1\n"
                f"Frame Time: 1\n{frames}"
            )
            with pytest.raises(DatasetError, match=message):
                bvh.load(path)


def test_of_people_who_come_and_go_brings_back_all_of_them(tmp_path: Path) -> None:
    found = bvh.load(bvh.save(scene(), tmp_path / "a.bvh"))
    assert found.stack().present.all()
    assert set(found.track_ids.tolist()) == {1, 2, -1}

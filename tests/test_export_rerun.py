"""Rerun recordings: what its own reader finds in them, and what comes back."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import rerun as rr
import rerun.chunk as rr_chunk
from hypothesis import given, settings

from pose_landmarker import DatasetError, MissingExtraError, OptionError, Recording
from pose_landmarker.export import rerun
from pose_landmarker.topology import LANDMARK_NAMES, POSE_CONNECTIONS
from tests.motions import no_more_than
from tests.recordings import assert_same, nobody, pictures, recordings, scene, walking


def columns(path: Path) -> dict[tuple[str, str], Any]:
    """By entity and name, each column of Arrow lists, and the timelines beside it."""
    found: dict[tuple[str, str], Any] = {}
    for chunk in rr_chunk.RrdReader(path).stream().to_chunks():
        batch = chunk.to_record_batch()
        for name in batch.schema.names:
            assert (chunk.entity_path, name) not in found or ":" not in name
            found[chunk.entity_path, name] = batch.column(name)
    return found


class TestSave:
    def test_has_points_of_everybody_in_the_picture_and_in_space(self, tmp_path: Path) -> None:
        recording = walking(4, 2)
        rerun.save(recording, tmp_path / "walk.rrd")
        found = columns(tmp_path / "walk.rrd")
        flat = np.array(found["/picture/person_2", "Points2D:positions"].to_pylist())
        solid = np.array(found["/world/person_2", "Points3D:positions"].to_pylist())
        np.testing.assert_array_equal(flat.astype(np.float32), recording.pixels[1::2])
        np.testing.assert_array_equal(solid.astype(np.float32), recording.world_landmarks[1::2])
        assert found["/world/person_2", "frame"].to_pylist() == [0, 1, 2, 3]
        times = found["/world/person_2", "time"].to_numpy(zero_copy_only=False).astype(np.int64)
        np.testing.assert_allclose(times / 1e9, recording.times_s, atol=1e-9)

    def test_clears_the_points_of_who_leaves(self, tmp_path: Path) -> None:
        rerun.save(scene(), tmp_path / "walk.rrd")
        found = columns(tmp_path / "walk.rrd")
        for entity, kind in (("/world/person_1", "Points3D"), ("/picture/person_1", "Points2D")):
            counts = [len(points) for points in found[entity, f"{kind}:positions"].to_pylist()]
            assert counts == [33, 33, 33, 0, 0, 0]
        assert ("/world/person_unfollowed_1", "Points3D:positions") in found

    def test_names_and_joins_the_landmarks(self, tmp_path: Path) -> None:
        rerun.save(walking(2, 1), tmp_path / "walk.rrd")
        found = columns(tmp_path / "walk.rrd")
        for entity in ("/world", "/picture"):
            ((context,),) = found[entity, "AnnotationContext:context"].to_pylist()
            person = context[0]["class_description"]
            assert [point["label"] for point in person["keypoint_annotations"]] == list(LANDMARK_NAMES)
            pairs = [(pair["keypoint0"], pair["keypoint1"]) for pair in person["keypoint_connections"]]
            assert pairs == list(POSE_CONNECTIONS)
            colors = {point["label"]: point["color"] for point in person["keypoint_annotations"]}
            assert (colors["left_wrist"], colors["right_wrist"]) == (0xE69F00FF, 0x56B4E9FF)
        assert found["/world/person_1", "Points3D:keypoint_ids"].to_pylist() == [list(range(33))]
        right, down, forward = 3, 2, 5
        assert found["/world", "ViewCoordinates:xyz"].to_pylist() == [[[right, down, forward]]]

    def test_puts_people_side_by_side(self, tmp_path: Path) -> None:
        rerun.save(walking(2, 2), tmp_path / "walk.rrd", apart_m=3)
        found = columns(tmp_path / "walk.rrd")
        places = [found[f"/world/person_{i}", "Transform3D:translation"].to_pylist()[0][0][0] for i in (1, 2)]
        assert places == [-1.5, 1.5]

    def test_opens_with_both_views(self, tmp_path: Path) -> None:
        rerun.save(walking(2, 1), tmp_path / "walk.rrd")
        reader = rr_chunk.RrdReader(tmp_path / "walk.rrd")
        assert [entry.application_id for entry in reader.recordings()] == ["pose_landmarker"]
        assert len(reader.blueprints()) == 1

    def test_leaves_the_programs_own_recording_alone(self, tmp_path: Path) -> None:
        rerun.save(walking(2, 1), tmp_path / "walk.rrd")
        assert rr.get_global_data_recording() is None
        assert rr.get_thread_local_data_recording() is None

    def test_keeps_a_good_file_where_the_disk_is_full(self, tmp_path: Path) -> None:
        path = tmp_path / "a.rrd"
        rerun.save(walking(2, 1), path)
        before = path.read_bytes()
        with no_more_than(50_000), pytest.raises(OSError, match="File too large"):
            rerun.save(walking(90, 2), path)
        assert path.read_bytes() == before
        assert list(tmp_path.iterdir()) == [path]

    def test_wants_who_is_who(self, tmp_path: Path) -> None:
        twice = replace(walking(2, 2), track_ids=np.full(4, 7))
        with pytest.raises(OptionError, match="the track id 7 is twice in frame 0"):
            rerun.save(twice, tmp_path / "a.rrd")
        with pytest.raises(OptionError, match="apart_m must be"):
            rerun.save(walking(2, 2), tmp_path / "a.rrd", apart_m=-1)
        assert list(tmp_path.iterdir()) == []

    def test_names_the_extra(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setitem(sys.modules, "rerun", None)
        monkeypatch.setitem(sys.modules, "rerun.chunk", None)
        with pytest.raises(MissingExtraError, match=r"pip install -U 'pose-landmarker\[rerun\]'"):
            rerun.save(walking(2, 1), tmp_path / "a.rrd")
        with pytest.raises(MissingExtraError, match="need rerun-sdk"):
            rerun.load(tmp_path / "a.rrd")


class TestLoad:
    @settings(max_examples=20, deadline=None)
    @given(recordings())
    def test_brings_back_everything(self, tmp_path_factory: Any, recording: Recording) -> None:
        path = tmp_path_factory.mktemp("rerun") / "a.rrd"
        rerun.save(recording, path)
        found = rerun.load(path)
        assert (len(found), found.names) == (len(recording), recording.names)
        np.testing.assert_array_equal(found.times_s, recording.times_s)
        np.testing.assert_array_equal(found.image_sizes, recording.image_sizes)
        a, b = found.stack(), recording.stack()
        for name in (
            "track_ids",
            "present",
            "scores",
            "landmarks",
            "world_landmarks",
            "visibility",
            "presence",
        ):
            np.testing.assert_array_equal(getattr(a, name), getattr(b, name), name)

    @pytest.mark.parametrize(
        "recording",
        [scene(), pictures(), nobody(3), nobody(), walking(300, 3)],
        ids=["scene", "pictures", "frames of nobody", "nothing", "many"],
    )
    def test_brings_back_scenes_to_the_last_bit(self, tmp_path: Path, recording: Recording) -> None:
        rerun.save(recording, tmp_path / "a.rrd")
        assert_same(rerun.load(tmp_path / "a.rrd"), recording)

    def test_says_that_files_are_damaged_or_of_others(self, tmp_path: Path) -> None:
        path = tmp_path / "a.rrd"
        rerun.save(walking(2, 1), path)
        content = path.read_bytes()
        for damage in (b"", b"PNG", content.replace(b"Points3D:positions", b"Points3D:Positions")):
            path.write_bytes(damage)
            with pytest.raises(DatasetError, match=r"a\.rrd is not an \.rrd file by this package"):
                rerun.load(path)
        with pytest.raises(DatasetError, match="there is no such file"):
            rerun.load(tmp_path / "none.rrd")
        stream = rr.RecordingStream("somebody_else")
        stream.save(path)
        stream.log("points", rr.Points3D([[1, 2, 3]]))
        stream.flush()
        stream.disconnect()
        with pytest.raises(DatasetError, match="it is of another program"):
            rerun.load(path)

"""JSON lines: those of the command line, and those of recordings."""

from __future__ import annotations

import json
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings

from pose_landmarker import DatasetError, OptionTypeError, PoseLandmarkerResult, Recording
from pose_landmarker.export import jsonlines, result_to_dict
from pose_landmarker.export.jsonlines import frame_line
from tests.poses import make_pose
from tests.recordings import assert_same, nobody, pictures, recordings, scene, walking

RESULT = PoseLandmarkerResult(
    poses=(make_pose(track_id=7), make_pose(seed=1)), image_size=(160, 120), timestamp_ms=33
)


def lines_of(path: Path) -> list[Any]:
    return [json.loads(line) for line in path.read_text().splitlines()]


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(recording=recordings())
def test_any_recording_comes_back(tmp_path: Path, recording: Recording) -> None:
    jsonlines.save(recording, tmp_path / "x.jsonl")
    assert_same(jsonlines.load(tmp_path / "x.jsonl"), recording)
    assert len(lines_of(tmp_path / "x.jsonl")) == len(recording)


class TestSave:
    def test_a_line_of_a_recording_is_one_of_the_command_line_without_what_recordings_do_not_know(
        self, tmp_path: Path
    ) -> None:
        line = json.loads(frame_line("dance.mp4", 0, Fraction(1, 30), RESULT))
        recording = Recording.from_results([RESULT], times_s=[1 / 30])
        jsonlines.save(recording, tmp_path / "x.jsonl", video="dance.mp4")
        (found,) = lines_of(tmp_path / "x.jsonl")
        for pose in line["poses"]:
            del pose["presence_score"], pose["detection_score"], pose["roi"]
            for landmark in pose["landmarks"]:
                del landmark["state"]
        assert found == line
        assert list(found) == ["video", "frame", "time", "image_size", "timestamp_ms", "poses"]

    def test_a_line_of_a_result_is_that_of_the_command_line(self, tmp_path: Path) -> None:
        with jsonlines.Writer(tmp_path / "x.jsonl", video="dance.mp4") as writer:
            writer.write(RESULT, time_s=1 / 30)
        line = frame_line("dance.mp4", 0, Fraction(1, 30), RESULT)
        assert (tmp_path / "x.jsonl").read_text() == line + "\n"

    def test_what_is_not_finite_is_null(self, tmp_path: Path) -> None:
        recording = walking(1, 1)
        landmarks = recording.landmarks.copy()
        landmarks[0, 3], landmarks[0, 4, 0] = np.nan, np.inf
        broken = Recording(
            **{f: getattr(recording, f) for f in Recording.__dataclass_fields__ if f != "landmarks"},
            landmarks=landmarks,
        )
        jsonlines.save(broken, tmp_path / "x.jsonl")
        (line,) = lines_of(tmp_path / "x.jsonl")
        assert "nan" not in (tmp_path / "x.jsonl").read_text().lower()
        assert line["video"] is None
        (pose,) = line["poses"]
        assert [pose["landmarks"][i]["x"] for i in (3, 4)] == [None, None]
        assert pose["box"] == {"x": None, "y": None, "width": None, "height": None}
        loaded = jsonlines.load(tmp_path / "x.jsonl")
        np.testing.assert_array_equal(np.isnan(loaded.landmarks), ~np.isfinite(landmarks))

    def test_the_box_is_in_pixels_where_the_size_of_the_image_is_known(self, tmp_path: Path) -> None:
        for size, known in (((160, 120), True), ((0, 0), False)):
            recording = Recording.from_results([RESULT])
            recording = Recording(
                **{f: getattr(recording, f) for f in Recording.__dataclass_fields__ if f != "image_sizes"},
                image_sizes=np.array([size]),
            )
            jsonlines.save(recording, tmp_path / "x.jsonl")
            (line,) = lines_of(tmp_path / "x.jsonl")
            box = RESULT.poses[0].box
            assert line["poses"][0]["box"]["width"] == (pytest.approx(box.width) if known else None)

    def test_a_name_of_a_video_is_a_string(self, tmp_path: Path) -> None:
        with pytest.raises(OptionTypeError, match="video must be the name"):
            jsonlines.save(scene(), tmp_path / "x.jsonl", video=3)  # type: ignore[arg-type]
        with pytest.raises(OptionTypeError, match="video must be the name"):
            jsonlines.load(tmp_path / "x.jsonl", video=3)  # type: ignore[arg-type]

    def test_names_that_are_no_text_are_kept(self, tmp_path: Path) -> None:
        recording = Recording.from_results([RESULT], times_s=[np.nan], names=["half a \udc80 \0 character"])
        jsonlines.save(recording, tmp_path / "x.jsonl")
        assert_same(jsonlines.load(tmp_path / "x.jsonl"), recording)


class TestLoad:
    def test_reads_lines_of_the_command_line(self, tmp_path: Path) -> None:
        (tmp_path / "x.jsonl").write_text(
            frame_line("a.mp4", 10, Fraction(1, 3), RESULT)
            + "\r\n\n"  # of Windows, and blank
            + frame_line("a.mp4", 12, Fraction(2, 3), RESULT)
        )
        wanted = Recording.from_results([RESULT, RESULT], times_s=[1 / 3, 2 / 3])
        assert_same(jsonlines.load(tmp_path / "x.jsonl"), wanted)

    def test_reads_the_json_of_a_picture_and_lists_of_results(self, tmp_path: Path) -> None:
        record = {"image": "a.jpg", **result_to_dict(RESULT)}
        wanted = Recording.from_results([RESULT], names=["a.jpg"])
        (tmp_path / "a.json").write_bytes(b"\xef\xbb\xbf" + json.dumps(record, indent=1).encode() + b"\n")
        assert_same(jsonlines.load(tmp_path / "a.json"), wanted)
        (tmp_path / "a.json").write_text(json.dumps([record, record], indent=1))
        assert jsonlines.load(tmp_path / "a.json").names == ("a.jpg", "a.jpg")
        (tmp_path / "a.json").write_text(json.dumps(result_to_dict(RESULT)))
        assert_same(jsonlines.load(tmp_path / "a.json"), Recording.from_results([RESULT]))

    def test_of_several_videos_one_must_be_chosen(self, tmp_path: Path) -> None:
        lines = [frame_line(name, 0, Fraction(0), RESULT) for name in ("a.mp4", "b.mp4", "b.mp4")]
        (tmp_path / "x.jsonl").write_text("\n".join(lines) + "\n")
        with pytest.raises(DatasetError, match=r"2 sources; choose one with video=: 'a\.mp4', 'b\.mp4'"):
            jsonlines.load(tmp_path / "x.jsonl")
        assert len(jsonlines.load(tmp_path / "x.jsonl", video="b.mp4")) == 2
        with pytest.raises(DatasetError, match=r"no frames of 'c\.mp4'; its sources are 'a\.mp4'"):
            jsonlines.load(tmp_path / "x.jsonl", video="c.mp4")

    @pytest.mark.parametrize(
        ("change", "message"),
        [
            ({"poses": None}, "poses must be a list of objects"),
            ({"poses": [3]}, "poses must be a list of objects"),
            ({"image_size": {"width": 1.5, "height": 3}}, "width must be a whole number"),
            ({"image_size": {"width": -1, "height": 3}}, "image_sizes must be ≥ 0"),
            ({"image_size": None}, "line 2: "),
            ({"time": "0"}, "something else where a number must be"),
            ({"time": -1}, "must be finite and ascend"),
            ({"video": 7}, "video must be a name"),
            ({"image": 7}, "image must be a name"),
            ({"image": "a.jpg"}, "lines of pictures and lines of videos"),
            ({"poses": [{"track_id": "x"}]}, "track_id must be a whole number"),
            ({"poses": [{}]}, "'landmarks' is missing"),
            ({"poses": [{"landmarks": [{"name": "nose"}]}]}, "33 landmarks in their order"),
        ],
    )
    def test_values_that_cannot_be_are_refused_with_their_line(
        self, tmp_path: Path, change: dict[str, Any], message: str
    ) -> None:
        line = json.loads(frame_line("a", 0, Fraction(0), RESULT))
        (tmp_path / "x.jsonl").write_text(json.dumps(line) + "\n" + json.dumps({**line, **change}) + "\n")
        with pytest.raises(DatasetError, match=message) as raised:
            jsonlines.load(tmp_path / "x.jsonl")
        assert "x.jsonl" in str(raised.value)

    @pytest.mark.parametrize("value", [1e39, -1e300, "0.5", True, [1], {}])
    def test_coordinates_that_cannot_be_are_refused(self, tmp_path: Path, value: object) -> None:
        line = json.loads(frame_line("a", 0, Fraction(0), RESULT))
        line["poses"][0]["landmarks"][3]["y"] = value
        (tmp_path / "x.jsonl").write_text(json.dumps(line) + "\n")
        with pytest.raises(DatasetError, match=r"line 1: there is"):
            jsonlines.load(tmp_path / "x.jsonl")

    def test_lines_that_are_no_json_are_named(self, tmp_path: Path) -> None:
        line = frame_line("a", 0, Fraction(0), RESULT)
        for bad in ("{]", "3", "[" * 5000):
            (tmp_path / "x.jsonl").write_text(f"{line}\n{bad}\n{line}\n")
            with pytest.raises(DatasetError, match=r"x\.jsonl, line 2 is"):
                jsonlines.load(tmp_path / "x.jsonl")

    def test_a_line_without_end_is_refused(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("pose_landmarker.export.json_reading._LONGEST_LINE", 1000)
        jsonlines.save(pictures(), tmp_path / "x.jsonl")
        with pytest.raises(DatasetError, match="line 1 is longer than"):
            jsonlines.load(tmp_path / "x.jsonl")

    def test_an_empty_file_has_no_frames(self, tmp_path: Path) -> None:
        (tmp_path / "x.jsonl").touch()
        assert_same(jsonlines.load(tmp_path / "x.jsonl"), nobody())

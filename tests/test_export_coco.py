"""COCO's keypoints: what is written, what pycocotools makes of it, and what is read, whoever wrote it."""

from __future__ import annotations

import contextlib
import io
import json
import os
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings

from pose_landmarker import DatasetError, OptionError, Recording
from pose_landmarker.evaluation.coco_file import read_coco
from pose_landmarker.export import coco
from pose_landmarker.topologies import COCO_17, HALPE_26, convert
from tests.recordings import assert_same, nobody, pictures, recordings, scene, walking

#: What keypoints alone do not tell.
EXTRAS = ("landmarks", "world_landmarks", "visibility", "presence", "times_s", "scores", "names")


def sized(recording: Recording) -> Recording:
    """The same with sizes of pictures that were not known."""
    return replace(recording, image_sizes=np.where(recording.image_sizes == 0, 320, recording.image_sizes))


def with_landmark(
    x: float, y: float, visibility: float = 1.0, size: tuple[int, int] = (100, 50)
) -> Recording:
    """Somebody whose landmarks all are at a pixel."""
    one = walking(1, 1)
    landmarks = np.full((1, 33, 3), 0.5, np.float32)
    landmarks[..., :2] = np.array([x, y]) / size
    return replace(
        one,
        landmarks=landmarks,
        image_sizes=np.array([size]),
        visibility=np.full((1, 33), visibility, np.float32),
    )


def saved(recording: Recording, path: Path, **choices: Any) -> Any:
    coco.save(recording, path, **choices)
    return json.loads(path.read_text(encoding="utf-8"))


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "poses.json"


class TestAnnotations:
    def test_have_a_person_with_17_keypoints_per_pose_and_an_image_per_frame(self, path: Path) -> None:
        recording = scene()
        record = saved(recording, path)
        assert [image["id"] for image in record["images"]] == [1, 2, 3, 4, 5, 6]
        assert record["images"][1]["file_name"] == "000000000002.jpg"
        assert (record["images"][1]["width"], record["images"][1]["height"]) == (1280, 720)
        people = record["annotations"]
        assert [person["id"] for person in people] == [1, 2, 3, 4, 5, 6]
        assert [person["image_id"] - 1 for person in people] == recording.frames.tolist()
        assert [person.get("track_id", -1) for person in people] == recording.track_ids.tolist()
        assert {len(person["keypoints"]) for person in people} == {51}
        (category,) = record["categories"]
        assert (category["name"], tuple(category["keypoints"])) == ("person", COCO_17.points)
        assert category["skeleton"][:2] == [[16, 14], [14, 12]]

    def test_have_keypoints_that_count_the_middle_of_the_first_pixel_as_0(self, path: Path) -> None:
        record = saved(with_landmark(0.5, 0.5), path)
        assert record["annotations"][0]["keypoints"] == [0.0, 0.0, 2.0] * 17
        record = saved(with_landmark(30.25, 20), path)
        assert record["annotations"][0]["keypoints"][:3] == [29.75, 19.5, 2.0]

    def test_say_2_of_what_is_seen_1_of_what_is_hidden_0_of_what_is_outside_or_not_known(
        self, path: Path
    ) -> None:
        recording = with_landmark(30, 20)
        landmarks, visibility = recording.landmarks.copy(), recording.visibility.copy()
        visibility[0, 2] = 0.49  # left eye
        landmarks[0, 5] = np.nan  # right eye
        landmarks[0, 7, 0] = 1.01  # left ear
        visibility[0, 8] = np.nan  # right ear
        record = saved(replace(recording, landmarks=landmarks, visibility=visibility), path)
        (person,) = record["annotations"]
        assert person["keypoints"][:15] == [29.5, 19.5, 2, 29.5, 19.5, 1, 0, 0, 0, 0, 0, 0, 29.5, 19.5, 2]
        assert person["num_keypoints"] == 15

    def test_have_boxes_of_corners_inside_the_picture(self, path: Path) -> None:
        recording = with_landmark(30, 20)
        landmarks = recording.landmarks.copy()
        landmarks[0, 20, :2] = -0.1, 0.2
        landmarks[0, 21, :2] = 0.8, 3
        (person,) = saved(replace(recording, landmarks=landmarks), path)["annotations"]
        assert person["bbox"] == [0.0, 10.0, 80.0, 40.0]
        assert person["area"] == pytest.approx(0.53 * 80 * 40)

    def test_take_the_numbers_of_pictures_from_their_names(self) -> None:
        frames = walking(3, 1)
        named = replace(frames, times_s=np.full(3, np.nan), names=("b/000000000139.jpg", "285.png", "7"))
        assert coco.image_ids(named) == [139, 285, 7]
        named = replace(named, names=tuple(f"COCO_val2014_{i:012d}.jpg" for i in (42, 73, 74)))
        assert coco.image_ids(named) == [42, 73, 74]
        for names in (("1.jpg", "a/1.png", "2.jpg"), ("1.jpg", "2.jpg", "c.jpg"), ("1", "2", "³")):
            assert coco.image_ids(replace(named, names=names)) == [1, 2, 3]
        assert coco.image_ids(frames) == [1, 2, 3]

    def test_are_strict_json_without_numbers_that_are_none(self, path: Path) -> None:
        recording = scene()
        world = recording.world_landmarks.copy()
        world[0] = np.nan
        coco.save(replace(recording, world_landmarks=world), path)
        text = path.read_text(encoding="ascii")
        assert "NaN" not in text
        assert json.loads(text)["annotations"][0]["pose_landmarker"]["world_landmarks"][0] is None

    def test_are_read_by_the_evaluation(self, path: Path) -> None:
        recording = sized(pictures())
        coco.save(recording, path)
        with_names = replace(recording, names=tuple(f"{i}.jpg" for i in range(len(recording))))
        coco.save(with_names, path)
        read = read_coco(path)
        assert [len(picture.persons) for picture in read] == [1, 0] * 5
        nose = convert(with_names.pixels)[0, 0]
        np.testing.assert_allclose(read[0].persons[0].points[0], nose - 0.5, atol=1e-3)

    def test_without_extras_are_a_fifth_as_long(self, path: Path) -> None:
        coco.save(walking(30, 2), path)
        long = path.stat().st_size
        coco.save(walking(30, 2), path, extras=False)
        assert path.stat().st_size < long / 5
        assert "pose_landmarker" not in json.loads(path.read_text(encoding="utf-8"))


class TestPycocotools:
    @pytest.fixture
    def tools(self) -> Any:
        return pytest.importorskip("pycocotools.coco")

    def test_find_everybody_in_what_was_written_twice(self, tools: Any, tmp_path: Path) -> None:
        from pycocotools.cocoeval import COCOeval

        recording = replace(walking(8, 3), landmarks=np.clip(walking(8, 3).landmarks, 0.01, 0.99))
        coco.save(recording, tmp_path / "truth.json")
        coco.save(recording, tmp_path / "found.json", kind="results")
        with contextlib.redirect_stdout(io.StringIO()):
            truth = tools.COCO(str(tmp_path / "truth.json"))
            found = truth.loadRes(str(tmp_path / "found.json"))
            measured = COCOeval(truth, found, "keypoints")
            measured.evaluate()
            measured.accumulate()
            measured.summarize()
        assert measured.stats[0] == pytest.approx(1.0)
        assert measured.stats[5] == pytest.approx(1.0)
        assert truth.getImgIds() == list(range(1, 9))
        assert len(truth.getAnnIds(imgIds=[3])) == 3
        assert truth.loadCats(1)[0]["keypoints"][9] == "left_wrist"

    def test_open_files_without_people(self, tools: Any, path: Path) -> None:
        coco.save(nobody(2), path)
        with contextlib.redirect_stdout(io.StringIO()):
            truth = tools.COCO(str(path))
        assert (truth.getImgIds(), truth.getAnnIds()) == ([1, 2], [])


class TestResults:
    def test_are_a_list_of_people_with_their_score(self, path: Path) -> None:
        recording = scene()
        found = saved(recording, path, kind="results", extras=False)
        assert [set(person) for person in found][:1] == [
            {"image_id", "category_id", "track_id", "keypoints", "score"}
        ]
        assert [person["image_id"] - 1 for person in found] == recording.frames.tolist()
        np.testing.assert_array_equal(
            np.array([person["score"] for person in found], np.float32), recording.scores
        )
        rows = np.array([person["keypoints"] for person in found]).reshape(-1, 17, 3)
        np.testing.assert_allclose(rows[..., :2], convert(recording.pixels) - 0.5, atol=2e-3)
        np.testing.assert_allclose(rows[..., 2], convert(recording.visibility[..., None])[..., 0], atol=1e-3)

    def test_come_back_but_for_frames_without_people(self, path: Path) -> None:
        recording = scene()
        coco.save(recording, path, kind="results")
        assert_same(coco.load(path), recording.of_frames(np.unique(recording.frames)))

    def test_come_back_with_all_frames_beside_their_annotations(self, tmp_path: Path) -> None:
        for recording in (scene(), pictures()):
            coco.save(recording, tmp_path / "truth.json")
            coco.save(recording, tmp_path / "found.json", kind="results")
            assert_same(coco.load(tmp_path / "found.json", annotations=tmp_path / "truth.json"), recording)

    def test_of_others_want_the_sizes_of_pictures(self, path: Path) -> None:
        recording = scene()
        coco.save(recording, path, kind="results", extras=False)
        with pytest.raises(
            DatasetError, match=r"poses.json: nobody says how large.*annotations=.*image_size="
        ):
            coco.load(path)
        found = coco.load(path, image_size=(1280, 720))
        assert found.names == ("000000000001", "000000000002", "000000000003", "000000000006")
        assert coco.image_ids(found) == [1, 2, 3, 6]
        shown = [i for i in range(33) if np.isfinite(found.landmarks[0, i, 0])]
        assert len(shown) == 17
        np.testing.assert_allclose(found.pixels[:, shown], recording.pixels[:, shown], atol=2e-3)
        np.testing.assert_array_equal(found.scores, recording.scores)
        np.testing.assert_array_equal(found.track_ids, recording.track_ids)

    def test_of_alphapose_have_names_for_numbers_and_26_points(self, path: Path) -> None:
        rows = (np.arange(78.0) + 1).tolist()
        path.write_text(
            json.dumps([{"image_id": "b.jpg", "category_id": 1, "keypoints": rows, "score": 2.5}] * 2)
        )
        found = coco.load(path, image_size=(100, 100))
        assert found.names == ("b.jpg",)
        assert len(found.frames) == 2
        heel = HALPE_26.index("left_heel")
        np.testing.assert_allclose(found.pixels[0, 29], [3 * heel + 1.5, 3 * heel + 2.5], atol=1e-3)
        assert found.visibility[0, 29] == 1


class TestLoad:
    @settings(max_examples=40, deadline=None)
    @given(recordings())
    def test_brings_back_what_was_saved(self, tmp_path_factory: Any, recording: Recording) -> None:
        path = tmp_path_factory.mktemp("coco") / "poses.json"
        recording = sized(recording)
        coco.save(recording, path)
        assert_same(coco.load(path), recording)

    @settings(max_examples=25, deadline=None)
    @given(recordings())
    def test_brings_back_what_results_hold(self, tmp_path_factory: Any, recording: Recording) -> None:
        path = tmp_path_factory.mktemp("coco") / "poses.json"
        recording = sized(recording)
        coco.save(recording, path, kind="results")
        numbers = coco.image_ids(recording)
        frames = np.unique(recording.frames)
        order = frames[np.argsort([numbers[i] for i in frames], kind="stable")] if len(frames) else frames
        found = coco.load(path)
        assert len(found) == len(frames)
        for i, frame in enumerate(order.tolist()):
            assert_same(found.of_frames([i]), recording.of_frames([frame]), but=("names",))

    def test_brings_back_names_that_are_hard_to_write(self, path: Path) -> None:
        coco.save(pictures(), path)
        assert_same(coco.load(path), pictures())

    @pytest.mark.parametrize("recording", [nobody(), nobody(3)], ids=["no frames", "no people"])
    def test_brings_back_nobody(self, path: Path, recording: Recording) -> None:
        coco.save(recording, path)
        assert_same(coco.load(path), recording)
        coco.save(recording, path, kind="results")
        assert_same(coco.load(path), nobody())

    def test_without_extras_brings_back_the_17_points(self, path: Path) -> None:
        recording = replace(scene(), landmarks=np.clip(scene().landmarks, 0.01, 0.99))
        coco.save(recording, path, extras=False)
        found = coco.load(path)
        assert_same(found, recording, but=EXTRAS)
        shown = [i for i in range(33) if np.isfinite(found.landmarks[0, i, 0])]
        assert len(shown) == 17
        np.testing.assert_allclose(found.pixels[:, shown], recording.pixels[:, shown], atol=2e-3)
        np.testing.assert_array_equal(found.visibility[:, shown], recording.visibility[:, shown] >= 0.5)
        for name in ("times_s", "scores", "world_landmarks", "presence"):
            assert np.isnan(getattr(found, name)).all()
        assert np.isnan(found.landmarks[..., 2]).all()

    def test_reads_coco_itself(self, path: Path) -> None:
        keypoints = [0] * 51
        keypoints[27:33] = [229, 256, 2, 223, 369, 1]  # left and right wrist
        person = {"image_id": 289343, "category_id": 1, "bbox": [204, 235, 60, 177], "iscrowd": 0}
        images = [
            {"id": 289343, "file_name": "000000289343.jpg", "width": 640, "height": 480},
            {"id": 9, "file_name": "000000000009.jpg", "width": 480, "height": 640},
        ]
        annotations = [
            {**person, "id": 201376, "keypoints": keypoints},
            {**person, "id": 3, "keypoints": [0] * 51},
            {**person, "id": 4, "iscrowd": 1, "segmentation": {"counts": [], "size": [480, 640]}},
        ]
        path.write_text(json.dumps({"images": images, "annotations": annotations}))
        found = coco.load(path)
        assert found.names == ("000000289343.jpg", "000000000009.jpg")
        assert coco.image_ids(found) == [289343, 9]
        assert found.frames.tolist() == [0]
        np.testing.assert_allclose(found.pixels[0, [15, 16]], [[229.5, 256.5], [223.5, 369.5]], rtol=1e-6)
        assert np.isfinite(found.landmarks[0, :, 0]).sum() == 2
        assert found.visibility[0, [15, 16]].tolist() == [1, 0]

    def test_takes_points_by_the_names_that_a_category_gives_them(self, path: Path) -> None:
        record = {
            "images": [{"id": 1, "width": 10, "height": 10}],
            "annotations": [{"image_id": 1, "category_id": 4, "keypoints": [1, 2, 2, 3, 4, 1, 5, 6, 2]}],
            "categories": [{"id": 4, "keypoints": ["Tail", "LEFT_BIG_TOE", "nose"]}],
        }
        path.write_text(json.dumps(record))
        found = coco.load(path)
        np.testing.assert_allclose(found.pixels[0, [31, 0]], [[3.5, 4.5], [5.5, 6.5]], rtol=1e-6)
        assert found.names is None

    def test_sorts_people_by_their_pictures(self, path: Path) -> None:
        recording = scene()
        record = saved(recording, path)
        record["annotations"].reverse()
        path.write_text(json.dumps(record))
        found = coco.load(path)
        assert found.frames.tolist() == recording.frames.tolist()
        assert found.track_ids.tolist()[:2] == recording.track_ids.tolist()[1::-1]


PERSON = {"id": 5, "image_id": 1, "category_id": 1, "keypoints": [1.0] * 51}
IMAGE = {"id": 1, "file_name": "a.jpg", "width": 10, "height": 10}


def file(person: Any = PERSON, image: Any = IMAGE, **more: Any) -> dict[str, Any]:
    return {"images": [image], "annotations": [person], **more}


class TestErrors:
    @pytest.mark.parametrize(
        ("content", "message"),
        [
            (b"", "is no JSON"),
            (b"\xff\xfe", "is no JSON"),
            (b'{"images": [', "is no JSON"),
            (b"[" * 100_000, "is no JSON"),
            (b"1" * 5000, "is no JSON"),
            (b"3", "these are no keypoints of COCO: wanted an object with 'images' and 'annotations', or a"),
            (b'{"poses": []}', "these are no keypoints of COCO"),
            (b"[3]", "results must be a list of objects"),
        ],
        ids=range(8),
    )
    def test_of_files_that_are_something_else(self, path: Path, content: bytes, message: str) -> None:
        path.write_bytes(content)
        with pytest.raises(DatasetError, match=f"poses.json.*{message}"):
            coco.load(path)

    @pytest.mark.parametrize(
        ("record", "message"),
        [
            ({"images": 3, "annotations": []}, "images must be a list of objects"),
            ({"images": [], "annotations": {}}, "annotations must be a list of objects"),
            (file(image={"width": 3}), "image None: 'id' is missing"),
            (file(image={**IMAGE, "id": [1]}), "must be a whole number"),
            (file(image={**IMAGE, "width": -3}), "a picture of -3x10 pixels"),
            (file(image={**IMAGE, "width": "wide"}), "the size of a picture must be a whole number"),
            (file(image={"id": 1}), "nobody says how large the pictures are"),
            (file(image={**IMAGE, "pose_landmarker": 3}), "has no attribute"),
            (file(image={**IMAGE, "pose_landmarker": {"time_s": "noon"}}), "noon"),
            (file(image={**IMAGE, "pose_landmarker": {"time_s": 1e999}}), "must be finite"),
            ({**file(), "images": [IMAGE, IMAGE]}, "its id occurs twice"),
            (file(pose_landmarker={}), "'names' is missing"),
            (file({**PERSON, "image_id": 7}), "annotation 5: image_id 7 is of no picture"),
            (file({**PERSON, "image_id": {}}), "annotation 5: "),
            (file({"id": 5}), "annotation 5: 'image_id' is missing"),
            (file({**PERSON, "keypoints": [1.0] * 50}), "50 numbers as keypoints, whose names nobody says"),
            (file({**PERSON, "keypoints": 3}), "person 0: "),
            (file({**PERSON, "keypoints": ["1"] * 51}), "keypoints must be numbers"),
            (file({**PERSON, "keypoints": [[1.0]] * 51}), "keypoints must be numbers"),
            (file({**PERSON, "keypoints": [1e39] * 51}), "holds 1e.39, which cannot be"),
            (file({**PERSON, "keypoints": [10**30] * 51}), "keypoints must be numbers"),
            (file({**PERSON, "track_id": 10**30}), "track_id must be a whole number"),
            (file({**PERSON, "score": "high"}), "score must be numbers"),
            (file({**PERSON, "pose_landmarker": {"landmarks": [1.0]}}), "landmarks must be 99 numbers"),
            (file(categories=[{"id": 1, "keypoints": ["nose", "nose"]}]), "'nose' occurs twice"),
            (file(categories=[{"keypoints": ["nose"]}]), "'id' is missing"),
            (file(categories=[{"id": 1, "keypoints": ["nose"]}]), "keypoints must be 3 numbers"),
            ([{"category_id": 1}], "result 0: 'image_id' is missing"),
            ([{**PERSON, "pose_landmarker": {"image_size": [3]}}], "must be a width and a height"),
        ],
        ids=range(29),
    )
    def test_of_wrong_values_name_the_file_and_the_place(self, path: Path, record: Any, message: str) -> None:
        path.write_text(json.dumps(record), encoding="utf-8")
        with pytest.raises(DatasetError, match=rf"(?s)poses\.json.*({message})"):
            coco.load(path)

    def test_of_a_file_that_is_not_there_or_a_folder(self, path: Path, tmp_path: Path) -> None:
        for wrong in (path, tmp_path):
            with pytest.raises(DatasetError, match="cannot be read"):
                coco.load(wrong)

    def test_of_a_file_larger_than_any_of_poses(self, path: Path) -> None:
        path.touch()
        os.truncate(path, (2 << 30) + 1)  # nothing is stored of the hole
        with pytest.raises(DatasetError, match="is larger than 2 GiB"):
            coco.load(path)

    def test_of_annotations_that_are_results(self, path: Path) -> None:
        coco.save(scene(), path, kind="results")
        with pytest.raises(DatasetError, match="wanted an object with 'images'"):
            coco.load(path, annotations=path)

    def test_of_wrong_options(self, path: Path) -> None:
        with pytest.raises(OptionError, match="kind must be 'annotations' or 'results', not 'both'"):
            coco.save(scene(), path, kind="both")
        with pytest.raises(OptionError, match="extras must be True or False"):
            coco.save(scene(), path, extras="yes")  # type: ignore[arg-type]
        coco.save(scene(), path)
        for size in (3, (3,), (0, 5), ("a", 5)):
            with pytest.raises(OptionError, match="image_size must be"):
                coco.load(path, image_size=size)  # type: ignore[arg-type]

    def test_of_pictures_whose_size_is_not_known(self, path: Path) -> None:
        recording = scene()
        sizes = recording.image_sizes.copy()
        sizes[2] = 0
        with pytest.raises(OptionError, match="size of the picture of frame 2 is not known"):
            coco.save(replace(recording, image_sizes=sizes), path)
        assert not path.exists()

    def test_leave_a_good_file_alone(self, path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        coco.save(scene(), path)
        before = path.read_bytes()

        def full(*_: object) -> None:
            raise OSError(28, "No space left on device")

        monkeypatch.setattr("os.fsync", full)
        with pytest.raises(OSError, match="No space"):
            coco.save(walking(), path)
        assert path.read_bytes() == before
        assert list(path.parent.iterdir()) == [path]

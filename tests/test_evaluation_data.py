"""Reading labels, dumps and configurations: right ones, and whatever else somebody may hand in."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from pose_landmarker import (
    DatasetError,
    ModelNotFoundError,
    OptionError,
    PoseLandmarkerOptions,
)
from pose_landmarker.evaluation import (
    Dump,
    LabelledPerson,
    chosen,
    configuration,
    found_poses,
    parse_configuration,
    read_dataset,
    read_negatives,
    with_masks,
)
from pose_landmarker.evaluation.configuration import option_types
from pose_landmarker.evaluation.labelled import AREA_OF_BOX
from pose_landmarker.results import Box, PoseLandmarkerResult
from tests.labels import body, label_entry, picture, write_coco, write_dump, write_labels, write_picture
from tests.poses import make_pose


class TestLabels:
    def test_a_file_and_its_folder(self, tmp_path: Path) -> None:
        path = write_labels(tmp_path / "set", label_entry(), label_entry("below/b.png", dataset="other"))
        for place in (path, path.parent):
            first, second = read_dataset(place)
            assert (first.name, first.dataset, first.size) == ("a.png", "made", (160, 120))
            assert first.exhaustive
            assert second.path == path.parent / "below" / "b.png"
        (one,) = first.persons
        assert one.num_joints == 17
        assert one.judged
        assert one.box == Box(40, 30, 60, 80)
        np.testing.assert_allclose(one.points[0], body()[0])
        assert np.isnan(one.points[1]).all()
        assert not one.points.flags.writeable

    def test_who_labels_everybody(self, tmp_path: Path) -> None:
        entries = []
        for i, source in enumerate(("coco-json", "coco-mmpose", "yolo-kpt", None)):
            entry = label_entry(f"{i}.png", ann=source)
            del entry["exhaustive"]
            entries.append(entry)
        pictures = read_dataset(write_labels(tmp_path, *entries))
        assert [one.exhaustive for one in pictures] == [True, True, False, False]

    def test_what_is_left_out_of_a_person(self, tmp_path: Path) -> None:
        entry = label_entry()
        (one,) = entry["persons"]
        one["keypoints"] = {
            "nose": [1, 2, 0],
            "left_hip": [3, 4, 1],
            "belly": [5, 5, 2],
            "head_top": [5, 1, 1],
            "neck": [5, 11, 1],
        }
        del one["area"]
        ((read,),) = (one.persons for one in read_dataset(write_labels(tmp_path, entry)))
        assert read.num_joints == 1
        assert read.area == pytest.approx(AREA_OF_BOX * 60 * 80)
        assert read.head_length == 10

    def test_data_sets_are_chosen_by_name(self, tmp_path: Path) -> None:
        pictures = read_dataset(write_labels(tmp_path, label_entry(), label_entry("b.png", dataset="other")))
        assert [one.name for one in chosen(pictures, ["other"])] == ["b.png"]
        assert chosen(pictures, []) == pictures
        with pytest.raises(DatasetError, match="no data set 'third'; there are made, other"):
            chosen(pictures, ["third"])

    def test_lsp(self, tmp_path: Path) -> None:
        labels = write_labels(tmp_path, label_entry(), label_entry("b.png", dataset="lspet"))
        (one,) = read_dataset(labels, "lsp")
        assert (one.name, one.exhaustive) == ("b.png", False)
        assert not any(one.exhaustive for one in read_dataset(write_coco(tmp_path / "coco"), "lsp"))


class TestCoco:
    def test_people_crowds_and_dogs(self, tmp_path: Path) -> None:
        first, second = read_dataset(write_coco(tmp_path))
        assert first.dataset == "person_keypoints"
        assert [(one.judged, one.crowd) for one in first.persons] == [
            (True, False),
            (False, True),
            (False, False),
        ]
        assert second.negative
        assert not first.negative

    def test_pictures_elsewhere(self, tmp_path: Path) -> None:
        path = write_coco(tmp_path)
        write_picture(tmp_path / "pictures" / "a.png")
        first, _ = read_dataset(path, images=tmp_path / "pictures")
        assert first.path == tmp_path / "pictures" / "a.png"

    def test_joints_by_name(self, tmp_path: Path) -> None:
        shared = {"image_id": 1, "bbox": [0, 0, 9, 9], "category_id": 5}
        annotation = {**shared, "id": 1, "keypoints": [3, 4, 2, 5, 6, 1]}
        path = write_coco(
            tmp_path,
            categories=[{"id": 5, "keypoints": ["left_knee", "nose"]}],
            annotations=[annotation],
        )
        (one,) = read_dataset(path)[0].persons
        assert one.points[0].tolist() == [5, 6]
        assert one.points[25].tolist() == [3, 4]

    def test_without_categories(self, tmp_path: Path) -> None:
        path = write_coco(tmp_path, categories=[])
        assert len(read_dataset(path)[0].persons) == 3


class TestLabels3d:
    def entry(self) -> dict[str, Any]:
        return {
            "image": "a.png",
            "dataset": "h36m",
            "width": 160,
            "height": 120,
            "joints_camera_m": {"left_hip": [0.1, 0.2, 4], "spine": [0, 0, 4]},
            "joints_2d": {"left_hip": [50, 60], "spine": [52, 20]},
        }

    def test_metres_and_pixels(self, tmp_path: Path) -> None:
        path = tmp_path / "labels3d.json"
        path.write_text(json.dumps({"images": [self.entry()]}))
        ((one,),) = (one.persons for one in read_dataset(path))
        assert one.world is not None
        assert one.world[23].tolist() == [0.1, 0.2, 4]
        assert np.isfinite(one.world).all(axis=-1).sum() == 1
        assert one.box == Box(50, 20, 2, 40)

    def test_without_pixels_nobody_knows_whom(self, tmp_path: Path) -> None:
        path = tmp_path / "labels3d.json"
        path.write_text(json.dumps({"images": [{**self.entry(), "joints_2d": {}}]}))
        with pytest.raises(DatasetError, match="joints_2d is empty"):
            read_dataset(path)


class TestFolders:
    def test_negatives(self, tmp_path: Path) -> None:
        write_picture(tmp_path / "below" / "a.png")
        (tmp_path / "notes.txt").touch()
        (one,) = read_dataset(tmp_path, "negatives")
        assert (one.name, one.negative) == ("below/a.png", True)

    def test_sequences_with_masks(self, tmp_path: Path) -> None:
        for name in ("one", "two"):
            write_picture(tmp_path / name / "frames" / "0.png")
            write_picture(tmp_path / name / "frames" / "1.png")
            write_picture(tmp_path / name / "masks" / "0.png", grey=255)
        pictures = read_dataset(tmp_path)
        assert [one.path.parent.parent.name for one in pictures] == ["one", "two"]
        assert len({one.dataset for one in pictures}) == 2
        (one,) = read_dataset(tmp_path / "one")
        assert one.dataset == "one"
        assert one.mask == tmp_path / "one" / "masks" / "0.png"

    def test_masks_beside_labels(self, tmp_path: Path) -> None:
        pictures = read_dataset(write_labels(tmp_path / "set", label_entry(), label_entry("b.png")))
        mask = write_picture(tmp_path / "masks" / "b.png")
        assert [one.mask for one in with_masks(pictures, tmp_path / "masks")] == [None, mask]
        write_picture(tmp_path / "wrong" / "c.png")
        with pytest.raises(DatasetError, match="no mask in it has the name of one of the 2 pictures"):
            with_masks(pictures, tmp_path / "wrong")

    def test_nothing_there(self, tmp_path: Path) -> None:
        (tmp_path / "empty").mkdir()
        (tmp_path / "file").touch()
        for folder, wrong in (("empty", "no pictures"), ("none", "no such folder"), ("file", "is a file")):
            with pytest.raises(DatasetError, match=wrong):
                read_negatives(tmp_path / folder)
        with pytest.raises(DatasetError, match="wanted pictures in frames/ and masks"):
            read_dataset(tmp_path / "empty", "masks")
        with pytest.raises(DatasetError, match="say --format negatives"):
            read_dataset(tmp_path / "empty")


class TestHostileLabels:
    @pytest.mark.parametrize(
        ("text", "wrong"),
        [
            ("{", "is no JSON"),
            ("[" * 100_000, "is no JSON"),
            ("[]", "holds a list"),
            ("\xff\xfe", "is no JSON"),
            ("{}", "unknown format"),
            ('{"images": 3}', "unknown format"),
            ('{"images": [{"persons": 3}]}', "'image' is missing"),
            ('{"images": [], "annotations": []}', "there are no pictures"),
            ('{"images": [], "annotations": 3}', "annotations must be a list"),
            ('{"images": [3], "annotations": []}', "images must be a list of objects"),
            ('{"annotations": []}', "'images' is missing"),
            ('{"images": [{"id": [1]}], "annotations": []}', "image \\[1\\]"),
            ('{"images": [], "annotations": [{"id": 4, "image_id": 1}]}', "annotation 4: 'bbox' is missing"),
            ('{"images": [], "annotations": [{"id": 4, "category_id": []}]}', "annotation 4"),
        ],
    )
    def test_files(self, tmp_path: Path, text: str, wrong: str) -> None:
        path = tmp_path / "labels.json"
        path.write_bytes(text.encode("latin-1"))
        with pytest.raises(DatasetError, match=wrong):
            read_dataset(path)

    @pytest.mark.parametrize(
        ("change", "wrong"),
        [
            ({"image": "../a.png"}, "leads out of the folder"),
            ({"image": "/a.png"}, "leads out of the folder"),
            ({"image": ""}, "is no name"),
            ({"image": 7}, "is no name"),
            ({"width": 0}, "0x120 pixels"),
            ({"width": "160"}, "'160' is no number"),
            ({"height": float("nan")}, "nan cannot be a coordinate"),
            ({"persons": {}}, "persons must be a list"),
            ({"persons": [3]}, "persons must be a list of objects"),
            ({"persons": [{}]}, "'keypoints' is missing"),
            ({"persons": [{"keypoints": []}]}, "has no attribute"),
            ({"persons": [{"keypoints": {"nose": [1, 2]}}]}, "nose must be 3 numbers"),
            ({"persons": [{"keypoints": {"nose": [1, float("inf"), 2]}}]}, "inf cannot be"),
            ({"persons": [{"keypoints": {}, "bbox": [0, 0, 1e9, 1]}]}, "cannot be a coordinate"),
            ({"persons": [{"keypoints": {}, "bbox": [0, 0, True, 1]}]}, "True is no number"),
        ],
    )
    def test_entries(self, tmp_path: Path, change: dict[str, Any], wrong: str) -> None:
        path = tmp_path / "labels.json"
        path.write_text(json.dumps({"images": [{**label_entry(), **change}]}))
        with pytest.raises(DatasetError, match=wrong):
            read_dataset(path, "labels")

    def test_missing_files(self, tmp_path: Path) -> None:
        with pytest.raises(DatasetError, match="no such file or folder"):
            read_dataset(tmp_path / "none.json")
        with pytest.raises(DatasetError, match="no such folder of pictures"):
            read_dataset(write_labels(tmp_path, label_entry()), images=tmp_path / "none")
        with pytest.raises(OptionError, match="format must be"):
            read_dataset(tmp_path, "voc")
        with pytest.raises(DatasetError, match="cannot be read"):
            read_dataset(tmp_path, "coco")

    def test_a_person_of_another_shape(self) -> None:
        with pytest.raises(ValueError, match=r"points has shape \(17, 2\)"):
            LabelledPerson(points=np.zeros((17, 2)), box=Box(0, 0, 1, 1), area=1)


class TestConfiguration:
    def test_model_and_options(self) -> None:
        made = parse_configuration(
            "heavy, num_poses=20 ,min_pose_presence_confidence=.3,steady=yes,threads=none"
        )
        assert made.name == "heavy, num_poses=20 ,min_pose_presence_confidence=.3,steady=yes,threads=none"
        assert made.options.base_options.model == "heavy"
        assert made.options.num_poses == 20
        assert made.options.min_pose_presence_confidence == 0.3
        assert made.options.steady is True
        assert made.options.threads is None
        assert made.settings() == {
            "model": "heavy",
            "num_poses": 20,
            "min_pose_presence_confidence": 0.3,
            "steady": True,
        }

    def test_a_label_and_a_file(self, tmp_path: Path) -> None:
        model = tmp_path / "my.task"
        model.touch()
        made = parse_configuration(f"mine={model},precision=exact")
        assert made.name == "mine"
        assert made.settings() == {"model": str(model)}

    def test_defaults(self) -> None:
        assert parse_configuration("full", {"num_poses": 3}).options.num_poses == 3

    def test_every_option_can_be_typed(self) -> None:
        assert set(option_types()) == set(PoseLandmarkerOptions.__dataclass_fields__) - {
            "base_options",
            "running_mode",
            "result_callback",
            "on_error",
            "output_segmentation_masks",
        }
        assert all(option_types().values())
        assert option_types()["threads"] == (type(None), int)
        assert option_types()["precision"] == (str,)

    @pytest.mark.parametrize(
        ("annotation", "types"),
        [
            ("int | None", (type(None), int)),
            ("bool | float", (bool, float)),
            ("Literal['off', 'tiles'] | int", (int, str)),
            ("Callable[[int | None], bool | float] | str", (str,)),
            ("SubjectChoice | None", (type(None), str)),
            ("Callable[..., Any]", ()),
        ],
    )
    def test_types_that_can_be_typed(self, annotation: str, types: tuple[type, ...]) -> None:
        assert configuration._plain_types(annotation) == types

    @pytest.mark.parametrize(
        ("text", "wrong"),
        [
            ("", "must begin with a model: lite, full, heavy"),
            ("=full", "must begin with a model"),
            ("huge", "'huge'"),
            ("full,num_poses", "'num_poses' is no option; wanted NAME=VALUE"),
            ("full,poses=3", "no option 'poses'; there are detection_interval, engine"),
            ("full,num_poses=2.5", "wanted a whole number"),
            ("full,num_poses=0", "num_poses must be a whole number ≥ 1, not 0"),
            ("full,steady=1", "wanted true or false"),
            ("full,threads=many", "wanted none or a whole number"),
            ("full,engine=", "wanted a word"),
            ("full,engine=magic", "engine must be"),
            ("full,num_poses=1,num_poses=2", "named twice"),
            ("full,running_mode=VIDEO", "chosen by the evaluation"),
            ("num_poses=2,full", "the model comes first, then num_poses="),
        ],
    )
    def test_wrong_ones(self, text: str, wrong: str) -> None:
        with pytest.raises(OptionError, match=wrong) as raised:
            parse_configuration(text)
        assert repr(text) in str(raised.value)

    def test_a_missing_file(self) -> None:
        with pytest.raises(ModelNotFoundError, match=r"no model file none\.task"):
            parse_configuration("none.task")


class TestDump:
    def landmarks(self, count: int = 1) -> np.ndarray:
        points = np.zeros((count, 33, 5), np.float32)
        points[..., :2], points[..., 4] = 0.5, 0.25
        return points

    def test_pixels_world_and_presence(self, tmp_path: Path) -> None:
        path = write_dump(tmp_path / "d.npz", **{"x/a.png__landmarks": self.landmarks()})
        dump = Dump("theirs", path)
        one = picture(name="a.png", path=tmp_path / "x" / "a.png")
        assert dump.covers(one)
        assert not dump.covers(picture(path=tmp_path / "y" / "a.png"))
        (poses,) = dump.find([one])
        assert not isinstance(poses, Exception)
        assert poses.points[0, 0].tolist() == [80, 60]
        assert np.isnan(poses.world).all()
        assert poses.presence == pytest.approx(0.25)
        assert np.isnan(poses.scores).all()
        assert dump.settings() == {"dump": "d.npz"}

    def test_nobody_is_an_answer(self, tmp_path: Path) -> None:
        path = write_dump(
            tmp_path / "d.npz",
            **{"a.png__landmarks": self.landmarks(0), "a.png__world": np.zeros((0, 33, 3))},
        )
        (poses,) = Dump("theirs", path).find([picture()])
        assert not isinstance(poses, Exception)
        assert len(poses) == 0

    def test_sizes_come_from_the_picture_where_labels_have_none(self, tmp_path: Path) -> None:
        path = write_picture(tmp_path / "a.png", (40, 20))
        dump = Dump("d", write_dump(tmp_path / "d.npz", **{"a.png__landmarks": self.landmarks()}))
        poses, missing, unknown = dump.find(
            [
                picture(path=path, size=None),
                picture(path=tmp_path / "none" / "a.png", size=None),
                picture(path=tmp_path / "b.png"),
            ]
        )
        assert not isinstance(poses, Exception)
        assert poses.points[0, 0].tolist() == [20, 10]
        assert isinstance(missing, OSError)
        assert "has nothing for it" in str(unknown)

    @pytest.mark.parametrize(
        ("arrays", "wrong"),
        [
            ({"a__landmarks": np.zeros((1, 33, 3))}, r"shape \(1, 33, 3\), wanted \(P, 33, 5\)"),
            ({"a__landmarks": np.zeros(3)}, "shape"),
            ({"a__landmarks": np.full((1, 33, 5), np.nan)}, "no finite numbers"),
            ({"a__landmarks": np.full((1, 33, 5), "x")}, "no finite numbers"),
            ({"a__landmarks": np.zeros((1, 33, 5)), "a__world": np.zeros((1, 17, 3))}, "a|world"),
            ({"b": np.zeros(3)}, "no array in it is called"),
            ({"a__mask0": np.zeros((3, 4), bool)}, r"a\|mask0 is bool of shape \(3, 4\), wanted uint8"),
            ({"a__mask0": np.zeros((3, 4))}, "is float64 of"),
            ({"a__mask0": np.zeros((3, 4, 1), np.uint8)}, r"shape \(3, 4, 1\), wanted uint8 \(H, W\)"),
            ({"a__mask1": np.zeros((3, 4), np.uint8)}, "a has masks 1, wanted 0 to 0"),
            (
                {f"a__mask{i}": np.zeros((3, 4), np.uint8) for i in (10, 0, 1, 3)},
                "a has masks 0, 1, 3, 10, wanted 0 to 3",
            ),
            ({"a__mask00": np.zeros((3, 4), np.uint8)}, "a has masks 00, wanted 0 to 0"),
        ],
    )
    def test_wrong_arrays(self, tmp_path: Path, arrays: dict[str, Any], wrong: str) -> None:
        with pytest.raises(DatasetError, match=wrong):
            Dump("d", write_dump(tmp_path / "d.npz", **arrays))

    def test_worlds_of_other_people(self, tmp_path: Path) -> None:
        arrays = {"a.png__landmarks": self.landmarks(2), "a.png__world": np.zeros((1, 33, 3))}
        (error,) = Dump("d", write_dump(tmp_path / "d.npz", **arrays)).find([picture()])
        assert "has 2 poses, but 1 in the world" in str(error)

    def mask(self, *rows: slice, value: int = 255) -> np.ndarray:
        """Rows of people in a mask of the made-up picture."""
        mask = np.zeros((120, 160), np.uint8)
        for part in rows:
            mask[part] = value
        return mask

    def test_masks_are_united_above_one_half(self, tmp_path: Path) -> None:
        arrays = {
            "a.png__landmarks": self.landmarks(2),
            "a.png__mask0": self.mask(slice(0, 10), value=128),
            "a.png__mask1": self.mask(slice(5, 20)) + self.mask(slice(50, 60), value=127),
        }
        (poses,) = Dump("d", write_dump(tmp_path / "d.npz", **arrays)).find([picture()])
        assert not isinstance(poses, Exception)
        assert poses.with_landmarks
        assert poses.silhouette is not None
        np.testing.assert_array_equal(poses.silhouette, self.mask(slice(0, 20)) == 255)

    def test_who_has_no_masks(self, tmp_path: Path) -> None:
        nobody, somebody = self.landmarks(0), self.landmarks()
        arrays = {"a.png__landmarks": nobody, "b.png__landmarks": somebody}
        pictures = [picture(name=name) for name in ("a.png", "b.png")]
        for poses in Dump("d", write_dump(tmp_path / "d.npz", **arrays)).find(pictures):
            assert not isinstance(poses, Exception)
            assert poses.silhouette is None
        arrays["c.png__mask0"] = self.mask(slice(0, 10))
        empty, unknown = Dump("d", write_dump(tmp_path / "d.npz", **arrays)).find(pictures)
        assert not isinstance(empty, Exception)
        assert empty.silhouette is not None
        assert not empty.silhouette.any()
        assert not isinstance(unknown, Exception)
        assert unknown.silhouette is None

    def test_masks_alone(self, tmp_path: Path) -> None:
        dump = Dump("d", write_dump(tmp_path / "d.npz", **{"x/a.png__mask0": self.mask(slice(0, 10))}))
        path = tmp_path / "x" / "a.png"
        assert not dump.covers(picture(path=path))
        one = picture(path=path, mask=tmp_path / "mask.png")
        assert dump.covers(one)
        (poses,) = dump.find([one])
        assert not isinstance(poses, Exception)
        assert len(poses) == 1
        assert not poses.with_landmarks

    def test_masks_of_other_people_and_pictures(self, tmp_path: Path) -> None:
        arrays = {
            "a.png__landmarks": self.landmarks(2),
            "a.png__mask0": self.mask(),
            "b.png__mask0": np.zeros((30, 40), np.uint8),
        }
        dump = Dump("d", write_dump(tmp_path / "d.npz", **arrays))
        count, size = dump.find([picture(name=name) for name in ("a.png", "b.png")])
        assert "a.png has 2 poses, but 1 masks" in str(count)
        assert "b.png|mask0 has 40x30 pixels, but its picture 160x120" in str(size)

    def test_wrong_files(self, tmp_path: Path) -> None:
        good = write_dump(tmp_path / "d.npz", a__landmarks=self.landmarks()).read_bytes()
        np.save(tmp_path / "one.npy", np.zeros(3))
        np.savez(tmp_path / "objects.npz", landmarks=np.array([{}], dtype=object))
        damaged = bytearray(good)
        damaged[len(good) // 2 :] = bytes(len(good) - len(good) // 2)
        for name, content in (("short.npz", good[:-30]), ("damaged.npz", bytes(damaged)), ("empty.npz", b"")):
            (tmp_path / name).write_bytes(content)
        for name, wrong in (
            ("one.npy", "single array"),
            ("objects.npz", "no NumPy archive"),
            ("short.npz", "no NumPy archive"),
            ("damaged.npz", "no NumPy archive"),
            ("empty.npz", "no NumPy archive"),
            ("none.npz", "no such dump"),
            (".", "cannot be read"),
        ):
            with pytest.raises(DatasetError, match=wrong):
                Dump("d", tmp_path / name)


def test_found_poses_of_a_result() -> None:
    mask = np.zeros((120, 160), np.float32)
    mask[:10] = 0.6
    poses = (
        make_pose(mask=mask),
        make_pose(seed=1, mask=mask.T[:120, :].repeat(2, axis=1)[:, :160] * 0 + 0.5),
    )
    result = PoseLandmarkerResult(poses=poses, image_size=(160, 120), with_masks=True)
    both = found_poses(result)
    assert len(both) == 2
    assert both.silhouette is not None
    assert both.silhouette.sum() == 10 * 160  # one half is not more than one half
    np.testing.assert_allclose(both.points[0], poses[0].pixels)
    nobody = found_poses(PoseLandmarkerResult(poses=(), image_size=(160, 120)))
    assert nobody.points.shape == (0, 33, 2)
    assert nobody.silhouette is None


def test_real_labels(media: Path) -> None:
    pictures = read_dataset(media)
    coco = chosen(pictures, ["coco"])
    assert len(coco) == 91
    assert sum(one.exhaustive for one in coco) == 53
    assert sum(p.box.height >= 64 and p.num_joints >= 8 for one in coco for p in one.persons) == 173
    assert len(read_dataset(media, "lsp")) == 400
    (worlds,) = {len(one.persons) for one in read_dataset(media / "labels3d.json")}
    assert worlds == 1


def test_real_landmarker_and_labels_of_another_size(
    tmp_path: Path, model_file: Callable[[str], Path]
) -> None:
    from pose_landmarker.evaluation import Landmarker

    entry = label_entry("a.png")
    good = read_dataset(write_labels(tmp_path, entry))[0]
    (tmp_path / "damaged.png").write_bytes(b"not a picture")
    wrong = picture(path=good.path, size=(33, 44))
    damaged = picture(path=tmp_path / "damaged.png")
    runner = Landmarker(parse_configuration(f"{model_file('lite')},engine=litert"))
    first, second, third = runner.find([good, wrong, damaged], workers=1)
    assert not isinstance(first, Exception)
    assert "has 160x120 pixels, but its labels are for 33x44" in str(second)
    assert isinstance(third, OSError)

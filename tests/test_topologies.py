"""Topologies: official orders, ways between them, and what labels of pictures say about both."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from pose_landmarker import OptionError, OptionTypeError, PoseLandmarker
from pose_landmarker.evaluation.joints import COCO_JOINTS, COCO_LANDMARKS
from pose_landmarker.topologies import (
    BLAZEPOSE_33,
    BODY_25,
    COCO_17,
    H36M_17,
    HALPE_26,
    LSP_14,
    MPII_16,
    RULES,
    TOPOLOGIES,
    Topology,
    convert,
    convert_confidence,
)
from pose_landmarker.topology import LANDMARK_NAMES, MIRROR, POSE_CONNECTIONS

OTHERS = TOPOLOGIES[1:]
#: The names as those who defined them write them, in their order.
OFFICIAL = {
    COCO_17: "nose left_eye right_eye left_ear right_ear left_shoulder right_shoulder left_elbow right_elbow "
    "left_wrist right_wrist left_hip right_hip left_knee right_knee left_ankle right_ankle",
    BODY_25: "Nose Neck RShoulder RElbow RWrist LShoulder LElbow LWrist MidHip RHip RKnee RAnkle LHip LKnee "
    "LAnkle REye LEye REar LEar LBigToe LSmallToe LHeel RBigToe RSmallToe RHeel",
    HALPE_26: "Nose LEye REye LEar REar LShoulder RShoulder LElbow RElbow LWrist RWrist LHip RHip LKnee "
    "Rknee LAnkle RAnkle Head Neck Hip LBigToe RBigToe LSmallToe RSmallToe LHeel RHeel",
    H36M_17: "Hip RHip RKnee RFoot LHip LKnee LFoot Spine Thorax Neck/Nose Head LShoulder LElbow LWrist "
    "RShoulder RElbow RWrist",
    MPII_16: "r_ankle r_knee r_hip l_hip l_knee l_ankle pelvis thorax upper_neck head_top r_wrist r_elbow "
    "r_shoulder l_shoulder l_elbow l_wrist",
    LSP_14: "Right_ankle Right_knee Right_hip Left_hip Left_knee Left_ankle Right_wrist Right_elbow "
    "Right_shoulder Left_shoulder Left_elbow Left_wrist Neck Head_top",
}
#: What some of them call otherwise.
OTHER_NAMES = {
    "midhip": "pelvis",
    "hip": "pelvis",
    "neck/nose": "nose",
    "head": "head_top",
    "left_bigtoe": "left_foot_index",
    "right_bigtoe": "right_foot_index",
    "left_smalltoe": "left_small_toe",
    "right_smalltoe": "right_small_toe",
    "left_foot": "left_ankle",
    "right_foot": "right_ankle",
}
#: One number per landmark and axis, no two alike.
BODY = np.random.default_rng(3).uniform(-5, 5, (33, 3))

bodies = hnp.arrays(
    np.float64, st.tuples(st.integers(0, 3), st.just(33), st.integers(1, 4)), elements=st.floats(-1e6, 1e6)
)
topologies = st.sampled_from(TOPOLOGIES)


def ours(official: str, topology: Topology) -> str:
    name = re.sub(r"^([LR])(?=[A-Zk])|^([lr])(?=_)", lambda side: _side(side[0]), official).lower()
    if topology is LSP_14 and name == "neck":
        return "upper_neck"
    return OTHER_NAMES.get(name, name)


def _side(letter: str) -> str:
    word = "left" if letter.lower() == "l" else "right"
    return word if letter.islower() else f"{word}_"


def shared(a: Topology, b: Topology) -> list[str]:
    return [name for name in a if name in b.points]


class TestOrders:
    @pytest.mark.parametrize("topology", OTHERS, ids=str)
    def test_are_those_of_the_definitions(self, topology: Topology) -> None:
        assert [ours(name, topology) for name in OFFICIAL[topology].split()] == list(topology)

    def test_count_what_their_names_say(self) -> None:
        assert [len(topology) for topology in TOPOLOGIES] == [33, 17, 25, 26, 17, 16, 14]
        assert all(str(len(topology)) in topology.name for topology in TOPOLOGIES)

    def test_of_33_are_this_packages(self) -> None:
        assert (BLAZEPOSE_33.points, BLAZEPOSE_33.lines) == (LANDMARK_NAMES, POSE_CONNECTIONS)
        assert BLAZEPOSE_33.mirror == MIRROR

    def test_of_coco_are_what_the_evaluation_judges(self) -> None:
        assert COCO_17.points == COCO_JOINTS
        assert tuple(BLAZEPOSE_33.index(name) for name in COCO_17) == COCO_LANDMARKS

    @pytest.mark.parametrize("topology", TOPOLOGIES, ids=str)
    def test_have_lines_that_are_the_same_on_both_sides_and_reach_every_point(
        self, topology: Topology
    ) -> None:
        lines = {frozenset(line) for line in topology.lines}
        assert {frozenset(topology.mirror[end] for end in line) for line in lines} == lines
        assert {end for line in lines for end in line} == set(range(len(topology)))

    @pytest.mark.parametrize("topology", TOPOLOGIES, ids=str)
    def test_have_as_many_points_left_as_right_that_mirror_each_other(self, topology: Topology) -> None:
        assert sorted(topology.mirror[i] for i in topology.left) == sorted(topology.right)
        middle = set(range(len(topology))) - {*topology.left, *topology.right}
        assert all(topology.mirror[i] == i for i in middle)


class TestTopology:
    def test_finds_points_by_name_in_any_case(self) -> None:
        assert BODY_25.index("neck") == 1
        assert H36M_17.index(" Left_Wrist ") == 13

    def test_says_which_points_there_are(self) -> None:
        with pytest.raises(OptionError, match=r"LSP 14 has no point 'nose'; it has right_ankle, .*head_top"):
            LSP_14.index("nose")
        with pytest.raises(OptionTypeError, match="name must be a string, not int"):
            LSP_14.index(3)  # type: ignore[arg-type]

    def test_prints_what_it_is(self) -> None:
        assert repr(COCO_17) == "<Topology COCO 17, 17 points>"

    @pytest.mark.parametrize(
        ("points", "lines", "message"),
        [
            (("nose", "neck", "nose"), (), "'nose' occurs twice"),
            ((), (), "there must be a point"),
            ("nose", (), "must be a tuple of names"),
            (("nose", 3), (), "must be a tuple of names"),
            (("nose", "neck"), ((0, 2),), "leads to no point"),
            (("nose", "neck"), ((-1, 0),), "leads to no point"),
            (("nose", "neck"), ((0.5, 1),), "must be pairs of indexes"),
            (("nose", "neck"), (0, 1), "must be pairs of indexes"),
        ],
    )
    def test_checks_itself(self, points: Any, lines: Any, message: str) -> None:
        with pytest.raises(OptionError, match=message):
            Topology("mine", points, lines)

    def test_of_ones_own_is_converted_to_by_name(self) -> None:
        mine = Topology("mine", ("head_top", "left_wrist", "tail"))
        found = convert(BODY, mine)
        np.testing.assert_array_equal(found[1], BODY[15])
        assert np.isnan(found).all(axis=1).tolist() == [False, False, True]


class TestConvert:
    @pytest.mark.parametrize("to", OTHERS, ids=str)
    def test_there_and_back_keeps_what_both_have(self, to: Topology) -> None:
        back = convert(convert(BODY, to), BLAZEPOSE_33, to)
        both = [BLAZEPOSE_33.index(name) for name in shared(BLAZEPOSE_33, to)]
        np.testing.assert_array_equal(back[both], BODY[both])
        assert np.isnan(np.delete(back, both, axis=0)).all()

    @pytest.mark.parametrize("source", OTHERS, ids=str)
    def test_back_and_there_keeps_every_point_that_is_a_landmark(self, source: Topology) -> None:
        points = BODY[: len(source)]
        again = convert(convert(points, BLAZEPOSE_33, source), source)
        both = [source.index(name) for name in shared(source, BLAZEPOSE_33)]
        np.testing.assert_array_equal(again[both], points[both])

    def test_back_and_there_is_the_same_for_coco_whose_points_all_are_landmarks(self) -> None:
        np.testing.assert_array_equal(convert(convert(BODY[:17], BLAZEPOSE_33, COCO_17)), BODY[:17])

    def test_knows_everything_but_small_toes(self) -> None:
        unknown = {
            name for to in OTHERS for name, x in zip(to, convert(BODY, to)[:, 0], strict=True) if x != x
        }
        assert unknown == {"left_small_toe", "right_small_toe"}

    def test_copies_what_the_source_has_rather_than_deriving_it(self) -> None:
        np.testing.assert_array_equal(
            convert(BODY[:16], H36M_17, MPII_16)[H36M_17.index("pelvis")], BODY[MPII_16.index("pelvis")]
        )

    def test_derives_from_topologies_that_have_the_parts(self) -> None:
        coco = convert(BODY)
        np.testing.assert_allclose(convert(coco, BODY_25, COCO_17)[1], (coco[5] + coco[6]) / 2)
        assert np.isnan(convert(coco, HALPE_26, COCO_17)[HALPE_26.index("head_top")]).all()  # no mouth

    @settings(max_examples=40, deadline=None)
    @given(bodies, topologies)
    def test_of_a_mirrored_body_is_the_mirrored_conversion(
        self, points: npt.NDArray[np.float64], to: Topology
    ) -> None:
        mirrored = convert(points[:, list(MIRROR)], to)
        np.testing.assert_allclose(mirrored, convert(points, to)[:, list(to.mirror)], rtol=1e-12, atol=1e-6)

    @settings(max_examples=40, deadline=None)
    @given(bodies, topologies, st.floats(0.01, 1000), st.floats(-1000, 1000))
    def test_does_not_depend_on_units_or_origin(
        self, points: npt.NDArray[np.float64], to: Topology, scale: float, shift: float
    ) -> None:
        np.testing.assert_allclose(
            convert(points * scale + shift, to), convert(points, to) * scale + shift, rtol=1e-9, atol=1e-3
        )

    @pytest.mark.parametrize("to", OTHERS, ids=str)
    @pytest.mark.parametrize("lost", range(33))
    def test_what_is_not_known_leads_to_what_is_not_known_and_to_nothing_else(
        self, to: Topology, lost: int
    ) -> None:
        points, confidence = BODY.copy(), np.linspace(0.1, 0.9, 33)
        points[lost] = confidence[lost] = np.nan
        changed = np.isnan(convert(points, to)[:, 0]) & ~np.isnan(convert(BODY, to)[:, 0])
        needed = [name for name in to if BLAZEPOSE_33.points[lost] in parts(name)]
        assert [name for name, gone in zip(to, changed, strict=True) if gone] == needed
        assert np.array_equal(
            np.isnan(convert(points, to)[:, 0]), np.isnan(convert_confidence(confidence, to))
        )

    def test_keeps_the_type_and_every_leading_axis(self) -> None:
        points = np.zeros((4, 2, 33, 3), np.float32)
        assert convert(points, BODY_25).dtype == np.float32
        assert convert(points, BODY_25).shape == (4, 2, 25, 3)
        assert convert(points[:0], BODY_25).shape == (0, 2, 25, 3)
        assert convert(np.arange(66).reshape(33, 2)).dtype == np.float64
        assert convert_confidence(points[..., 0], BODY_25).shape == (4, 2, 25)

    def test_leaves_its_input_alone(self) -> None:
        points = BODY.copy()
        points.setflags(write=False)
        converted = convert(points, BLAZEPOSE_33)
        converted[:] = 0
        assert points.any()

    @pytest.mark.parametrize(
        ("points", "message"),
        [
            (np.zeros((17, 2)), r"shape \(17, 2\), wanted \(\.\.\., 33, D\) for BlazePose 33"),
            (np.zeros(33), r"shape \(33,\), wanted"),
            ("landmarks", "must be an array of numbers"),
            ([[1, 2], [3]], "must be an array of numbers"),
            (None, "must be an array of numbers"),
        ],
    )
    def test_says_what_is_wanted(self, points: Any, message: str) -> None:
        with pytest.raises(OptionError, match=message):
            convert(points)

    def test_wants_topologies(self) -> None:
        with pytest.raises(OptionTypeError, match="to must be a Topology such as COCO_17, not 'coco'"):
            convert(BODY, "coco")  # type: ignore[call-overload]
        with pytest.raises(OptionTypeError, match="source must be a Topology"):
            convert(BODY, COCO_17, 33)  # type: ignore[call-overload]


class TestConvertConfidence:
    def test_of_a_derived_point_is_the_smallest_of_its_parts(self) -> None:
        confidence = np.linspace(0.1, 0.9, 33)
        confidence[[11, 23]] = 0.02, 0.01
        found = dict(zip(MPII_16, convert_confidence(confidence, MPII_16), strict=True))
        assert (found["thorax"], found["pelvis"], found["upper_neck"]) == (0.02, 0.01, 0.02)
        assert found["head_top"] == confidence[2]
        assert found["left_wrist"] == confidence[15]

    def test_wants_one_number_per_point(self) -> None:
        with pytest.raises(OptionError, match=r"confidence has shape \(17,\), wanted \(\.\.\., 33\)"):
            convert_confidence(np.ones(17))


def parts(name: str) -> set[str]:
    """The landmarks that a point follows from."""
    if name in LANDMARK_NAMES:
        return {name}
    return {inner for part in RULES.get(name, {}) for inner in parts(part)}


class TestRules:
    def test_have_weights_that_add_up_to_one(self) -> None:
        assert {name: math.fsum(weights.values()) for name, weights in RULES.items()} == pytest.approx(
            dict.fromkeys(RULES, 1.0)
        )

    def test_put_the_points_of_somebody_upright_in_order(self) -> None:
        heights = {"eye": 1.62, "ear": 1.62, "mouth": 1.55, "shoulder": 1.4, "hip": 0.9, "nose": 1.6}
        body = np.array([[next((h for n, h in heights.items() if n in name), 0.0)] for name in BLAZEPOSE_33])
        found = dict(zip(MPII_16, convert(body, MPII_16)[:, 0], strict=True))
        assert found["head_top"] == pytest.approx(1.739)
        assert found["upper_neck"] == pytest.approx(1.477)
        assert (found["thorax"], found["pelvis"]) == pytest.approx((1.4, 0.9))
        assert convert(body, H36M_17)[H36M_17.index("spine")] == pytest.approx(1.15)


@pytest.fixture(scope="module")
def labels(media: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((media / "labels.json").read_text(encoding="utf-8"))
    return found


class TestLabels:
    @pytest.mark.parametrize(
        ("dataset", "topology"), [("coco", COCO_17), ("mpii", MPII_16), ("mhp", MPII_16), ("lspet", LSP_14)]
    )
    def test_name_the_points_in_the_same_order(
        self, labels: dict[str, Any], dataset: str, topology: Topology
    ) -> None:
        names = labels["datasets"][dataset]["joints"]
        assert tuple("upper_neck" if name == "neck" else name for name in names) == topology.points

    def test_of_mpii_have_pelvis_and_thorax_where_the_rules_put_them(self, labels: dict[str, Any]) -> None:
        checked = 0
        for image in labels["images"]:
            for person in image["persons"] if image["dataset"] == "mpii" else ():
                points = labelled(person["keypoints"], MPII_16, 2)
                limbs = points.copy()
                limbs[[MPII_16.index(name) for name in ("pelvis", "thorax")]] = np.nan
                source = Topology("limbs", tuple(f"{n} " if n in RULES else n for n in MPII_16))
                derived = convert(limbs, MPII_16, source)
                for name in ("pelvis", "thorax"):
                    assert np.linalg.norm((derived - points)[MPII_16.index(name)]) < 2, "pixels"
                    checked += 1
        assert checked == 6

    def test_of_human36m_have_pelvis_and_spine_near_where_the_rules_put_them(self, media: Path) -> None:
        images = json.loads((media / "labels3d.json").read_text(encoding="utf-8"))["images"]
        bodies = [image["joints_camera_m"] for image in images if image["dataset"] == "h36m"]
        limbs = Topology("limbs", tuple(name for name in H36M_17 if "left" in name or "right" in name))
        for body in bodies:
            body["nose"] = body.pop("neck_nose")
            points = labelled(body, H36M_17, 3)
            off = np.linalg.norm(convert(labelled(body, limbs, 3), H36M_17, limbs) - points, axis=1)
            found = dict(zip(H36M_17, off.tolist(), strict=True))
            assert found["pelvis"] < 0.001
            assert found["spine"] < 0.12
            assert found["thorax"] < 0.12
        assert len(bodies) == 2

    def test_of_openpose_have_the_neck_between_the_shoulders(self, media: Path) -> None:
        record = json.loads((media / "multiview" / "joints.json").read_text(encoding="utf-8"))
        world = np.array(record["world_m"], float)
        names = tuple("foot_index".join(name.split("big_toe")) for name in record["joints"])
        source = Topology("joints", tuple("true_neck" if name == "neck" else name for name in names))
        derived = convert(world, BODY_25, source)[:, BODY_25.index("neck")]
        off = np.linalg.norm(derived - world[:, names.index("neck")], axis=1)
        assert np.median(off) < 0.08, "metres"


def labelled(joints: dict[str, list[float]], topology: Topology, axes: int) -> npt.NDArray[np.float64]:
    """The labels of a person in a topology's order; NaN of joints without one."""
    return np.array([joints[name][:axes] if name in joints else [np.nan] * axes for name in topology])


def off_by(
    media: Path,
    labels: dict[str, Any],
    landmarker: PoseLandmarker,
    dataset: str,
    topology: Topology,
    count: int,
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """(P, T) how far points are from their labels, and from those of the other side, in torsos."""
    right, wrong = [], []
    images = [image for image in labels["images"] if image["dataset"] == dataset][:count]
    for image in images:
        people = [person for person in image["persons"] if len(person["keypoints"]) >= 12]
        poses = landmarker.detect(media / image["image"]).poses
        for person in people:
            joints = {{"neck": "upper_neck"}.get(name, name): at for name, at in person["keypoints"].items()}
            points = labelled(joints, topology, 2)
            fits = []
            for pose in poses:
                pixels = pose.pixels.astype(np.float64)
                torso = np.linalg.norm(pixels[[11, 12]].mean(axis=0) - pixels[[23, 24]].mean(axis=0))
                here = convert(pixels, topology)
                swapped = here[list(topology.mirror)]
                fits.append([np.linalg.norm(one - points, axis=1) / torso for one in (here, swapped)])
            if fits:
                best = min(fits, key=lambda fit: float(np.nanmedian(fit[0])))
                if np.nanmedian(best[0]) < 0.3:  # that person was found
                    right.append(best[0])
                    wrong.append(best[1])
    return np.array(right), np.array(wrong)


@pytest.fixture(scope="module")
def landmarker(model_file: Callable[[str], Path]) -> Iterator[PoseLandmarker]:
    with PoseLandmarker.create(model_file("full"), num_poses=4) as made:
        yield made


class TestPictures:
    """What a network finds lies where people have put the labels of the same name."""

    def test_of_coco_have_every_point_where_coco_says_it_is(
        self, media: Path, labels: dict[str, Any], landmarker: PoseLandmarker
    ) -> None:
        right, wrong = off_by(media, labels, landmarker, "coco", COCO_17, 60)
        assert len(right) >= 20
        limbs = [i for i, name in enumerate(COCO_17) if i >= COCO_17.index("left_shoulder")]
        assert (np.nanmedian(right, axis=0) < 0.25).all()
        assert (np.nanmedian(right, axis=0)[limbs] < np.nanmedian(wrong, axis=0)[limbs] / 2).all()

    def test_of_sports_have_every_point_where_leeds_says_it_is(
        self, media: Path, labels: dict[str, Any], landmarker: PoseLandmarker
    ) -> None:
        right, wrong = off_by(media, labels, landmarker, "lspet", LSP_14, 60)
        assert len(right) >= 30
        assert (np.nanmedian(right, axis=0) < 0.25).all()
        assert np.nanmedian(right[:, [*LSP_14.left]]) < np.nanmedian(wrong[:, [*LSP_14.left]]) / 2

    def test_of_mpii_have_every_point_where_mpii_says_it_is(
        self, media: Path, labels: dict[str, Any], landmarker: PoseLandmarker
    ) -> None:
        right, _ = off_by(media, labels, landmarker, "mpii", MPII_16, 3)
        labelled_points = np.isfinite(right).any(axis=0)
        assert labelled_points.sum() == len(MPII_16)
        assert np.nanmedian(right) < 0.15

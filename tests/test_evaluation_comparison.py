"""Contestants side by side: figures, what is left out, tables and charts."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from pose_landmarker import DatasetError, EngineError, ImageFileError, MissingExtraError, OptionError
from pose_landmarker.evaluation import (
    Contestant,
    Dump,
    Evaluation,
    FoundPoses,
    LabelledPicture,
    Landmarker,
    Observed,
    average_precision,
    chosen,
    evaluate,
    figures,
    observe,
    parse_configuration,
    read_dataset,
    read_negatives,
)
from pose_landmarker.evaluation.plots import draw_plots
from pose_landmarker.evaluation.report import report
from pose_landmarker.results import Box
from tests.labels import Fake, body, found, person, picture, write_dump, write_picture

pytest.importorskip("pycocotools")

#: For somebody without labels, whose box is given apart.
NOBODY = np.full((33, 2), np.nan)


def observed(one: LabelledPicture, poses: FoundPoses) -> Observed:
    return Observed(picture=one, found=poses)


class TestObserved:
    def test_the_best_pose(self) -> None:
        one = observed(picture(person(body(40)), person(body(90))), found(body(91), body(500)))
        assert one.best == [0, 0]
        assert one.best_similarity[1] > 0.9 > 0.5 > one.best_similarity[0]
        assert one.matched.tolist() == [1, 0]

    def test_nobody_was_found(self) -> None:
        one = observed(picture(person()), found())
        assert one.best == [None]
        assert one.best_similarity.tolist() == [0]
        assert one.matched.shape == (0,)

    def test_nobody_is_there(self) -> None:
        assert observed(picture(), found(body())).matched.tolist() == [0]

    def test_where_people_were_left_out_labels_do_not_tell(self) -> None:
        one = observed(picture(person(), exhaustive=False), found(body(), body(500)))
        assert np.isnan(one.matched).all()

    def test_crowds_and_people_without_joints_excuse(self) -> None:
        around = Box(400, 0, 200, 200)
        for vague in (person(box=around, crowd=True), person(NOBODY, box=around)):
            one = observed(picture(person(), vague), found(body(), body(500), body(-500)))
            np.testing.assert_array_equal(one.matched, [1, np.nan, 0])
            assert len(one.judged) == 1

    def test_masks(self, tmp_path: Path) -> None:
        mask = np.zeros((120, 160), np.uint8)
        mask[:60], mask[60:70] = 255, 128
        Image.fromarray(mask).save(tmp_path / "mask.png")
        one = picture(mask=tmp_path / "mask.png")
        silhouette = np.zeros((120, 160), bool)
        silhouette[30:70] = True
        seen = observe(one, found(silhouette=silhouette))
        assert seen.iou == pytest.approx(0.5)
        assert seen.found.silhouette is None
        assert observe(one, found()).iou is None
        write_picture(tmp_path / "mask.png", (40, 30))
        with pytest.raises(DatasetError, match="a mask of 40x30 pixels, but its picture has 160x120"):
            observe(one, found(silhouette=silhouette))

    def test_labelled_people_are_no_measure_of_masks_alone(self) -> None:
        one = observe(picture(person()), found(NOBODY, silhouette=np.ones((120, 160), bool)))
        all_of_it = figures([one])
        assert (all_of_it.persons, all_of_it.poses) == (0, 1)
        assert not any((all_of_it.recall, all_of_it.coco, all_of_it.precision, all_of_it.negatives))


class TestAveragePrecision:
    def test_perfect(self) -> None:
        scores = average_precision([observed(picture(person()), found(body()))])
        assert scores is not None
        assert (scores.ap, scores.ar) == pytest.approx((1, 1))
        assert (scores.pictures, scores.persons) == (1, 1)
        assert len(scores.precision50) == 101
        assert scores.ap_large is None  # somebody of 40x60 pixels is medium
        assert scores.ap_medium == pytest.approx(1)

    def test_half_of_the_people(self) -> None:
        scores = average_precision([observed(picture(person(body(40)), person(body(120))), found(body(40)))])
        assert scores is not None
        assert scores.ar == pytest.approx(0.5)
        assert scores.ap == pytest.approx(51 / 101)  # recall 0.5 is one of the 101 points

    def test_nothing_found(self) -> None:
        scores = average_precision([observed(picture(person()), found())])
        assert scores is not None
        assert scores.ap == 0

    def test_a_false_pose_before_and_after_the_right_one(self) -> None:
        for scores, ap in (([0.9, 0.1], 1.0), ([0.1, 0.9], 0.5)):
            result = average_precision([observed(picture(person()), found(body(), body(500), scores=scores))])
            assert result is not None
            assert result.ap == pytest.approx(ap)

    def test_crowds_and_people_without_joints_are_ignored(self) -> None:
        around = Box(450, 0, 100, 200)
        crowd = person(body(500), box=around, crowd=True)
        bare = person(NOBODY, box=around, area=1000.0)
        for vague in (crowd, bare):
            both = found(body(), body(500), scores=[0.5, 0.9])
            result = average_precision([observed(picture(person(), vague), both)])
            assert result is not None
            assert result.ap == pytest.approx(1)
            assert result.persons == 1

    def test_pictures_in_which_people_were_left_out_do_not_count(self) -> None:
        incomplete = observed(picture(person(), exhaustive=False), found(body(500), scores=[1.0]))
        result = average_precision([incomplete, observed(picture(person()), found(body()))])
        assert result is not None
        assert result.ap == pytest.approx(1)
        assert average_precision([incomplete]) is None

    def test_ranked_by_presence(self) -> None:
        poses = found(body(), body(500), scores=[0.1, 0.9], presence=np.array([0.9, 0.1]))
        result = average_precision([observed(picture(person()), poses)], "presence")
        assert result is not None
        assert result.ap == pytest.approx(1)

    def test_nothing_is_printed(self, capsys: pytest.CaptureFixture[str]) -> None:
        average_precision([observed(picture(person()), found(body()))])
        assert capsys.readouterr() == ("", "")

    def test_without_the_extra(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setitem(sys.modules, "pycocotools", None)
        with pytest.raises(MissingExtraError, match=r"pip install 'pose-landmarker\[evaluate\]'"):
            average_precision([])
        with pytest.raises(MissingExtraError):
            evaluate([picture(person())], [Fake({"a.png": found()})])
        assert evaluate([picture()], [Fake({"a.png": found()})]).figures["made"]["fake"].coco is None


class TestFigures:
    def test_everything_right(self) -> None:
        world = np.random.default_rng(1).normal(0, 0.4, (33, 3))
        one = person(head_length=10.0, world=world)
        all_of_it = figures([observed(picture(one), found(body(), world=world[None] * 2))])
        assert all_of_it.pck is not None
        assert all_of_it.pck.share == 1
        assert all_of_it.pck.joints == 12
        assert all_of_it.pckh is not None
        assert all_of_it.pckh.by_joint["left_knee"] == 1
        assert all_of_it.world is not None
        assert all_of_it.world.pa_mpjpe_mm == pytest.approx(0, abs=1e-6)
        assert all_of_it.world.mpjpe_mm is not None
        assert all_of_it.world.mpjpe_mm > 100
        assert all_of_it.precision is not None
        assert (all_of_it.precision.poses, all_of_it.precision.matched) == (1, 1)

    def test_nobody_found(self) -> None:
        world = np.zeros((33, 3))
        none = figures([observed(picture(person(world=world)), found())])
        assert none.pck is not None
        assert none.pck.share == 0
        assert none.world is not None
        assert (none.world.found, none.world.mpjpe_mm) == (0, None)
        assert none.recall is not None
        assert none.recall.found == 0

    def test_recall_is_of_people_who_are_tall_enough(self) -> None:
        people = [person(body(size=size)) for size in (60, 70)]
        all_of_it = figures([observed(picture(*people), found(body(size=70)))])
        assert all_of_it.recall is not None
        assert (all_of_it.recall.persons, all_of_it.recall.found_well) == (1, 1)
        assert sum(part.persons for part in all_of_it.recall.by_height) == 2

    def test_negatives(self) -> None:
        counts = figures([observed(picture(), found(body(), body())), observed(picture(), found())]).negatives
        assert counts is not None
        assert (counts.pictures, counts.with_poses, counts.poses) == (2, 1, 2)

    def test_no_labels_no_figures(self) -> None:
        none = figures([observed(picture(exhaustive=False), found(body()))])
        assert none.poses == 1
        assert not any((none.coco, none.recall, none.pck, none.negatives, none.masks, none.world))


class TestEvaluate:
    def test_side_by_side(self) -> None:
        pictures = [
            picture(person(), name="a.png", path=Path("a.png")),
            picture(name="b.png", path=Path("b")),
        ]
        good = Fake({"a.png": found(body()), "b.png": found()}, "good")
        bad = Fake({"a.png": found(), "b.png": found(body())}, "bad")
        steps: list[str] = []
        result = evaluate(pictures, [good, bad], watch=steps.append)
        assert steps == ["good"] * 2 + ["bad"] * 2
        by_name = result.figures["made"]
        assert list(by_name) == ["good", "bad"]
        assert by_name["good"].recall != by_name["bad"].recall
        assert result.settings == {"good": {"answers": 2}, "bad": {"answers": 2}}
        assert not result.failures
        record = json.loads(json.dumps(result.as_dict(), allow_nan=False))
        assert record["pictures"]["good"][0]["persons"][0]["oks"] == pytest.approx(1)
        assert record["pictures"]["bad"][1]["matched"] == [False]
        assert record["ranked_by"] == "score"

    def test_common_pictures_or_all(self) -> None:
        pictures = [picture(name=name, path=Path(name)) for name in "ab"]
        everywhere, half = Fake(dict.fromkeys("ab", found())), Fake({"a": found()}, "half")
        result = evaluate(pictures, [everywhere, half])
        assert [f.pictures for f in result.figures["made"].values()] == [1, 1]
        assert result.left_out == {"made": 1}
        assert "Left out for all: 1 of made" in report(result)
        result = evaluate(pictures, [everywhere, half], common=False)
        assert [f.pictures for f in result.figures["made"].values()] == [2, 1]
        assert "**Rows are about different pictures**" in report(result)
        with pytest.raises(DatasetError, match="none of the 2 pictures is covered by all of half, none"):
            evaluate(pictures, [half, Fake({}, "none")])

    def test_masks_in_a_dump(self, tmp_path: Path) -> None:
        labelled = np.zeros((120, 160), np.uint8)
        labelled[:60] = 255
        names = ("a.png", "b.png")
        pictures = []
        for name in names:
            Image.fromarray(labelled).save(tmp_path / name)
            pictures.append(picture(person(), name=name, mask=tmp_path / name))
        half = np.where(np.arange(120) < 30, 255, 0).astype(np.uint8)[:, None].repeat(160, axis=1)
        dump = write_dump(
            tmp_path / "d.npz",
            **{"a.png__mask0": half, "a.png__mask1": labelled, "b.png__mask0": half},
        )
        ours = Fake({name: found(body(), silhouette=labelled > 0) for name in names}, "ours")
        by_name = evaluate(pictures, [ours, Dump("theirs", dump)]).figures["made"]
        assert {name: one.masks and one.masks.iou for name, one in by_name.items()} == {
            "ours": 1.0,
            "theirs": 0.75,
        }
        assert by_name["ours"].recall is not None
        assert by_name["theirs"].recall is None

    def test_a_bad_picture_loses_no_other(self) -> None:
        pictures = [picture(name=name, path=Path(name)) for name in "abc"]
        error = ImageFileError("b: it is damaged")
        first = Fake({"a": found(), "b": error, "c": found()}, "first")
        second = Fake({"a": found(), "b": found(), "c": OSError()}, "second")
        result = evaluate(pictures, [first, second])
        assert result.failures == {"b": "b: it is damaged", "c": "OSError"}
        assert [f.pictures for f in result.figures["made"].values()] == [1, 1]
        assert "- b: b: it is damaged" in report(result)
        assert "damaged" not in report(result, failures=False)

    def test_other_errors_end_it(self) -> None:
        class Broken(Fake):
            def find(self, *_: object) -> Any:
                raise EngineError("no engine")

        with pytest.raises(EngineError):
            evaluate([picture()], [Broken({"a.png": found()})])

    def test_without_scores_all_are_ranked_alike(self) -> None:
        answers = {"a.png": found(body())}
        contestants = [Fake(answers, "scored"), Fake(answers, "dump", scored=False)]
        result = evaluate([picture(person())], contestants)
        assert result.rank == "presence"
        assert list(result.reliability) == ["scored"]
        assert "AP ranks all poses by the mean presence" in report(result)

    def test_wrong_arguments(self) -> None:
        one = Fake({"a.png": found()})
        with pytest.raises(DatasetError, match="no pictures"):
            evaluate([], [one])
        with pytest.raises(OptionError, match="nobody to evaluate"):
            evaluate([picture()], [])
        with pytest.raises(OptionError, match="two contestants are called 'fake'"):
            evaluate([picture()], [one, one])
        with pytest.raises(OptionError, match="workers must be"):
            evaluate([picture()], [one], workers=0)


def crowd_of_pictures(name: str = "fake") -> Evaluation:
    """Enough people for charts, found the better the larger they are."""
    rng = np.random.default_rng(3)
    pictures, answers = [], {}
    for i in range(48):
        size = 20.0 + 10 * i
        key = f"{i}.png"
        pictures.append(picture(person(body(size=size)), name=key, path=Path(key)))
        pose = body(size=size) + rng.normal(0, 4, (33, 2))
        score = float(rng.uniform(0.5, 1))
        answers[key] = found(pose, body(900), scores=[score, score / 3])
    return evaluate(pictures, [Fake(answers, name)])


class TestTellingAboutIt:
    def test_tables(self) -> None:
        text = report(crowd_of_pictures())
        for title in ("People and joints", "COCO keypoints", "Recall by height"):
            assert f"## {title}" in text
        assert "| people " in text
        assert max(map(len, text.splitlines())) < 160

    def test_charts(self) -> None:
        plots = draw_plots(crowd_of_pictures())
        assert set(plots) == {
            "recall_by_height.png",
            "average_precision.png",
            "precision_recall.png",
            "reliability.png",
        }
        assert all(content.startswith(b"\x89PNG") for content in plots.values())

    def test_nothing_to_draw(self) -> None:
        assert draw_plots(evaluate([picture()], [Fake({"a.png": found()})])) == {}

    def test_without_the_extra(self, monkeypatch: pytest.MonkeyPatch) -> None:
        result = evaluate([picture()], [Fake({"a.png": found()})])
        monkeypatch.setitem(sys.modules, "matplotlib", None)
        with pytest.raises(MissingExtraError, match=r"pip install 'pose-landmarker\[evaluate\]'"):
            draw_plots(result)


class TestRealMedia:
    """A few pictures; the figures of all of them are in docs/evaluation.md."""

    def test_a_landmarker_beside_the_dump_of_the_reference(
        self, shared: Path, model_file: Callable[[str], Path]
    ) -> None:
        pictures = chosen(read_dataset(shared / "media"), ["coco", "lspet"])
        pictures += read_negatives(shared / "media" / "negatives")
        ours = Landmarker(parse_configuration(f"ours={model_file('full')},num_poses=5,engine=litert"))
        theirs = Dump("theirs", shared / "reference" / "images_full_poses5.npz")
        covered = [one for one in pictures if theirs.covers(one)]
        assert len(covered) == 100
        contestants: list[Contestant] = [ours, theirs]
        result = evaluate(covered[::7], contestants)
        assert not result.failures
        for dataset in ("coco", "lspet", "negatives"):
            mine, reference = (result.figures[dataset][name] for name in ("ours", "theirs"))
            assert mine.poses == reference.poses
            assert mine.recall == reference.recall
            assert mine.negatives == reference.negatives
            assert (mine.pck and mine.pck.share) == pytest.approx(
                reference.pck and reference.pck.share, abs=0.01
            )
        assert result.figures["coco"]["ours"].poses > 0

    def test_joints_in_space(self, media: Path, model_file: Callable[[str], Path]) -> None:
        pictures = read_dataset(media / "labels3d.json")
        full = Landmarker(parse_configuration(f"{model_file('full')},engine=litert"))
        (found_,) = evaluate(pictures, [full]).figures["labels3d"].values()
        assert found_.world is not None
        assert found_.world.found == 4
        assert found_.world.mpjpe_mm == pytest.approx(155, abs=3)
        assert found_.world.pa_mpjpe_mm == pytest.approx(115, abs=3)

    def test_masks(self, media: Path, model_file: Callable[[str], Path]) -> None:
        pictures = read_dataset(media / "davis" / "dance-twirl")[::30]
        full = Landmarker(parse_configuration(f"{model_file('full')},engine=litert"))
        (found_,) = evaluate(pictures, [full]).figures["dance-twirl"].values()
        assert found_.masks is not None
        assert found_.masks.pictures == 3
        assert found_.masks.iou > 0.7

    def test_masks_of_the_reference(self, shared: Path) -> None:
        dump = Dump("theirs", shared / "reference" / "masks_full_poses3.npz")
        place = shared / "media" / "hard" / "yoga_malasana.jpeg"
        (poses,) = dump.find([LabelledPicture(name="a", dataset="hard", path=place, mask=place)])
        assert not isinstance(poses, Exception)
        assert not poses.with_landmarks
        assert poses.silhouette is not None
        assert 0.1 < poses.silhouette.mean() < 0.6

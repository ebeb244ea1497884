"""``pose-landmarker convert``: from every format to every other, and what it says where that cannot be."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from pose_landmarker import OptionError, OptionTypeError, Recording
from pose_landmarker.cli.main import main
from pose_landmarker.errors import DatasetError
from pose_landmarker.export import FORMAT_NAMES, FORMATS, Format, format_of, load, save
from tests.poses import make_pose
from tests.test_recording import results

_FRAMES = 12
_NUMBERS = ("landmarks", "world_landmarks", "visibility", "presence", "scores")


def moving(tracks: tuple[int, ...] = (1,)) -> Recording:
    """People in all frames of a video of 25 frames per second."""
    scene = tuple((40 * i, tracks) for i in range(_FRAMES))
    return Recording.from_results(results(scene))


@pytest.fixture
def source(tmp_path: Path) -> Path:
    path = tmp_path / "dance.jsonl"
    save(moving(), path)
    return path


def _target(known: Format, folder: Path) -> Path:
    return folder / f"out{known.suffixes[0] if known.suffixes else ''}"


@pytest.mark.parametrize("known", FORMATS, ids=FORMAT_NAMES)
def test_to_every_format_and_back(
    known: Format, source: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    target, back = _target(known, tmp_path), tmp_path / "back.npz"
    assert main(["convert", str(source), str(target)]) == 0
    told = capsys.readouterr().out
    assert told.startswith(str(target))
    assert "12 frames, 12 poses" in told
    assert (f"{known.name} has no place for {known.loses}" in told) == bool(known.loses)
    assert target.exists()
    assert main(["convert", str(target), str(back)]) == 0
    before, after = load(source), load(back)
    assert len(after) == len(before)
    np.testing.assert_array_equal(after.frames, before.frames)
    kept = [name for name in _NUMBERS if np.isfinite(getattr(after, name)).any()]
    assert "world_landmarks" in kept
    if not known.loses:
        assert kept == list(_NUMBERS)
    for name in kept:
        got, wanted = getattr(after, name), getattr(before, name)
        there = np.isfinite(got)
        assert there.mean() > 0.3
        np.testing.assert_allclose(got[there], wanted[there], atol=0.01, err_msg=name)


class TestParts:
    def test_one_person_of_several(self, tmp_path: Path) -> None:
        save(moving((1, 2)), tmp_path / "two.jsonl")
        assert main(["convert", str(tmp_path / "two.jsonl"), str(tmp_path / "one.csv"), "--track", "2"]) == 0
        assert load(tmp_path / "one.csv").tracks.tolist() == [2]

    def test_some_time(self, source: Path, tmp_path: Path) -> None:
        target = tmp_path / "part.npz"
        assert main(["convert", str(source), str(target), "--start", "0.08", "--end", "0.2"]) == 0
        assert load(target).times_s.tolist() == pytest.approx([0.08, 0.12, 0.16])

    def test_another_frame_rate(self, source: Path, tmp_path: Path) -> None:
        target = tmp_path / "fast.npz"
        assert main(["convert", str(source), str(target), "--fps", "50"]) == 0
        assert load(target).frame_rate == pytest.approx(50)

    @pytest.mark.parametrize("suffix", [".trc", ".bvh"])
    def test_files_of_single_people_together(self, suffix: str, tmp_path: Path) -> None:
        files = save(moving((1, 2)), tmp_path / f"two{suffix}")
        target = tmp_path / "both.npz"
        assert main(["convert", *map(str, files), str(target)]) == 0
        both = load(target)
        assert both.tracks.tolist() == [1, 2]
        np.testing.assert_allclose(both.world_landmarks, moving((1, 2)).world_landmarks, atol=0.01)


class TestWhatCannotBe:
    @pytest.mark.parametrize(
        ("arguments", "message"),
        [
            (["dance.mp4", "dance.csv"], "pose-landmarker video dance.mp4"),
            (["photo.jpg", "dance.csv"], "pose-landmarker image photo.jpg"),
            (["missing.jsonl", "dance.csv"], "no such file"),
            (["dance.jsonl", "dance.xyz"], "'.xyz' is of no known format"),
            (["dance.jsonl", "dance.jsonl"], "is the input"),
            (["dance.jsonl", "x.csv", "--to", "word"], "must be one of jsonlines, csv"),
            (["dance.jsonl", "x.csv", "--set", "colour=red"], "csv has no choice 'colour'"),
            (["dance.jsonl", "x.csv", "--set", "colour"], "NAME=VALUE"),
            (["dance.jsonl", "x.csv", "--track", "9"], "nobody has the track id 9"),
            (["dance.jsonl", "x.csv", "--fps", "0"], "--fps must be a number > 0"),
            (["dance.jsonl", "dance.jsonl", "x.csv"], "2 files cannot be read together"),
            (["a.trc", "b.trc", "x.csv"], "a.trc: there is no such file"),
        ],
    )
    def test_is_said_in_a_sentence(
        self,
        source: Path,
        monkeypatch: pytest.MonkeyPatch,
        capsys: pytest.CaptureFixture[str],
        arguments: list[str],
        message: str,
    ) -> None:
        monkeypatch.chdir(source.parent)
        assert main(["convert", *arguments]) in (1, 2)
        error = capsys.readouterr().err
        assert message in error
        assert error.count("\n") == 1
        assert sorted(path.name for path in source.parent.iterdir()) == ["dance.jsonl"]

    def test_a_good_file_stays_where_a_bad_one_was_to_take_its_place(
        self, source: Path, tmp_path: Path
    ) -> None:
        good, bad = tmp_path / "good.csv", tmp_path / "bad.jsonl"
        main(["convert", str(source), str(good)])
        before = good.read_bytes()
        bad.write_text("{]")
        assert main(["convert", str(bad), str(good)]) == 1
        assert good.read_bytes() == before

    def test_calls_of_the_wrong_type(self, source: Path) -> None:
        with pytest.raises(OptionTypeError, match="must be a Recording, not list"):
            save([], "x.csv")  # type: ignore[arg-type]
        with pytest.raises(OptionTypeError, match="must be a string or a Path"):
            load(3)  # type: ignore[arg-type]
        with pytest.raises(OptionError, match="format must be one of"):
            load(source, format="excel")
        with pytest.raises(DatasetError, match="there is no such file"):
            load(source.with_name("none.csv"))


def test_a_name_that_several_people_share_is_explained(tmp_path: Path) -> None:
    assert len(save(moving((1, 2)), tmp_path / "two.trc")) == 2
    with pytest.raises(DatasetError, match=r"no such file or folder; there is two_1\.trc, of one"):
        load(tmp_path / "two.trc")


def test_says_what_it_did_for_machines(
    source: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["convert", str(source), str(tmp_path / "a.trc"), "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["format"] == "trc"
    assert told["inputs"] == [str(source)]
    assert told["written"] == [str(tmp_path / "a.trc")]
    assert (told["frames"], told["poses"], told["tracks"]) == (_FRAMES, _FRAMES, [1])
    assert "visibility" in told["loses"]


def test_the_json_of_a_picture_is_read_as_what_it_is(tmp_path: Path) -> None:
    from pose_landmarker.export import result_to_dict

    result = results(((None, (None,)),))[0]
    (tmp_path / "photo_pose.json").write_text(json.dumps({"image": "photo.jpg", **result_to_dict(result)}))
    recording = load(tmp_path / "photo_pose.json")
    np.testing.assert_array_equal(recording.landmarks[0], make_pose(seed=0).landmarks)


def test_a_name_without_a_suffix_is_a_folder() -> None:
    assert format_of(Path("poses")).name == "openpose"
    assert format_of(Path("poses.csv"), given="poses.csv/").name == "openpose"
    assert format_of(Path("POSES.CSV")).name == "csv"

"""Many pictures and videos at once: what comes out, in which order, and what goes wrong."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from pose_landmarker import (
    ImageError,
    ImageFileError,
    OptionError,
    OptionTypeError,
    PoseLandmarker,
    Processed,
    RunningMode,
    VideoError,
    process,
    processing,
    record,
)
from pose_landmarker.arrays import RgbImage
from pose_landmarker.media import encode_image
from pose_landmarker.processing import share_cpus
from tests.clips import read, truncate, write_clip
from tests.poses import astronaut_photo


@pytest.fixture(scope="module")
def photo() -> RgbImage:
    return astronaut_photo()[:384, :384].copy()


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory, photo: RgbImage) -> Path:
    """Two pictures and two videos, in the order of their names."""
    where = tmp_path_factory.mktemp("media")
    (where / "a.png").write_bytes(encode_image(photo, ".png"))
    write_clip(where / "b.mp4", 8, pictures=[np.roll(photo, 2 * n, axis=1) for n in range(8)])
    (where / "below").mkdir()
    write_clip(where / "below" / "c.mp4", 12, pictures=[np.roll(photo, -n, axis=0) for n in range(12)])
    (where / "below" / "notes.txt").write_text("no picture")
    (where / "d.jpg").write_bytes(encode_image(photo, ".jpg"))
    return where


@pytest.fixture
def run(model_file: Callable[[str], Path]) -> Callable[..., list[Processed]]:
    def run_all(sources: object, **options: Any) -> list[Processed]:
        return list(process(sources, model_file("lite"), **{"engine": "litert", **options}))

    return run_all


@pytest.fixture(autouse=True)
def _no_threads_left() -> Iterator[None]:
    yield
    names = [thread.name for thread in threading.enumerate()]
    assert not [name for name in names if name.startswith("pose-landmarker-worker")]


def _places(done: list[Processed]) -> list[tuple[str, int | None]]:
    return [(Path(one.source or "").name, one.frame) for one in done]


_ALL = (
    [("a.png", None), *(("b.mp4", n) for n in range(8))]
    + [("c.mp4", n) for n in range(12)]
    + [("d.jpg", None)]
)


@pytest.mark.parametrize("workers", [1, 2, 5])
def test_a_folder_in_order(run: Callable[..., list[Processed]], folder: Path, workers: int) -> None:
    done = run(folder, workers=workers, threads=1)
    assert _places(done) == _ALL
    assert [one.number for one in done] == [0] + [1] * 8 + [2] * 12 + [3]
    assert all(one.error is None and one.result is not None and len(one.result) == 1 for one in done)
    assert done[3].time == Fraction(2, 25)
    assert done[0].time is None


def test_as_they_come(run: Callable[..., list[Processed]], folder: Path) -> None:
    done = run(folder, workers=2, in_order=False)
    assert sorted(_places(done), key=str) == sorted(_ALL, key=str)
    for name in ("b.mp4", "c.mp4"):
        frames = [one.frame for one in done if (one.source or "").endswith(name)]
        assert frames == sorted(frames, key=lambda n: n or 0)


def test_the_same_numbers_as_one_by_one(
    run: Callable[..., list[Processed]], folder: Path, model_file: Callable[[str], Path]
) -> None:
    done = run([folder / "d.jpg", folder / "b.mp4"], workers=2)
    with PoseLandmarker.create(model_file("lite"), engine="litert", threads=1) as landmarker:
        expected = [landmarker.detect(folder / "d.jpg")]
    mode = RunningMode.VIDEO
    with PoseLandmarker.create(
        model_file("lite"), engine="litert", threads=1, running_mode=mode
    ) as landmarker:
        frames = read(folder / "b.mp4")
        expected += [landmarker.detect_for_video(frame.image, frame.timestamp_ms) for frame in frames]
    for one, result in zip(done, expected, strict=True):
        assert one.result is not None
        np.testing.assert_array_equal(one.result.poses[0].landmarks, result.poses[0].landmarks)
        assert one.result.timestamp_ms == result.timestamp_ms


def test_arrays_of_a_generator_of_any_length(run: Callable[..., list[Processed]], photo: RgbImage) -> None:
    given = 0

    def arrays() -> Iterator[RgbImage]:
        nonlocal given
        for n in range(9):
            given += 1
            yield np.roll(photo, n, axis=0)

    done = run(arrays(), workers=2)
    assert given == 9
    assert [one.number for one in done] == list(range(9))
    assert all(one.source is None and one.result for one in done)
    assert all(one.image is None for one in done)


@pytest.mark.parametrize("many", [False, True])
def test_one_source_needs_no_list(
    run: Callable[..., list[Processed]], folder: Path, photo: RgbImage, many: bool
) -> None:
    for source in (str(folder / "a.png"), folder / "a.png", photo, str(folder / "a*")):
        assert len(run([source] if many else source)) == 1
    assert len(run(np.stack([photo, photo]))) == 2


def test_pictures_come_along_where_they_are_asked_for(
    run: Callable[..., list[Processed]], folder: Path, photo: RgbImage
) -> None:
    done = run([folder / "a.png", folder / "b.mp4"], images=True)
    assert done[0].image is not None
    np.testing.assert_array_equal(done[0].image, photo)
    assert [one.image.shape for one in done if one.image is not None] == [photo.shape] * 9


def test_what_cannot_be_read_spoils_nothing_else(
    run: Callable[..., list[Processed]], folder: Path, tmp_path: Path, photo: RgbImage
) -> None:
    broken, empty = tmp_path / "broken.png", tmp_path / "empty.mp4"
    broken.write_bytes((folder / "a.png").read_bytes()[:200])
    empty.write_bytes(b"")
    (tmp_path / "nothing").mkdir()
    nonsense = np.zeros((5, 5, 7), np.uint8)
    sources = [broken, folder / "a.png", empty, "missing.jpg", tmp_path / "nothing", nonsense, "", photo]
    done = run(sources, workers=2)
    assert [type(one.error) for one in done] == [
        *(ImageFileError, type(None), VideoError, FileNotFoundError),
        *(FileNotFoundError, ImageError, FileNotFoundError, type(None)),
    ]
    assert [one.number for one in done] == list(range(8))
    assert "missing.jpg" in str(done[3].error)


def test_a_damaged_video_gives_what_it_has_and_says_so(
    run: Callable[..., list[Processed]], tmp_path: Path, photo: RgbImage
) -> None:
    clip = write_clip(
        tmp_path / "cut.avi", 20, pictures=[np.roll(photo, 9 * n, axis=1) for n in range(20)], codec="mpeg4"
    )
    truncate(clip, 0.8)
    done = run(clip)
    assert 1 < len(done) < 20
    assert all(one.result is not None and one.error is None for one in done)
    assert any("ends" in problem for problem in done[-1].problems)
    assert not done[0].problems


def test_files_are_known_by_what_is_in_them(
    run: Callable[..., list[Processed]], folder: Path, tmp_path: Path
) -> None:
    picture, video = tmp_path / "picture", tmp_path / "video.bin"
    picture.write_bytes((folder / "a.png").read_bytes())
    video.write_bytes((folder / "b.mp4").read_bytes())
    done = run([picture, video])
    assert [one.frame for one in done] == [None, *range(8)]


def test_a_moving_gif_is_a_video_and_a_still_one_a_picture(
    run: Callable[..., list[Processed]], tmp_path: Path, photo: RgbImage
) -> None:
    from PIL import Image

    stills = [Image.fromarray(np.roll(photo, n, axis=0)) for n in range(3)]
    stills[0].save(tmp_path / "still.gif")
    stills[0].save(tmp_path / "moving.gif", save_all=True, append_images=stills[1:], duration=100)
    assert [one.frame for one in run(tmp_path / "still.gif")] == [None]
    assert [one.frame for one in run(tmp_path / "moving.gif")] == [0, 1, 2]


def test_pieces_of_a_video_are_joined(
    run: Callable[..., list[Processed]], tmp_path: Path, photo: RgbImage
) -> None:
    pictures = [np.roll(photo, round(20 * np.sin(n / 8)), axis=1) for n in range(150)]
    clip = write_clip(tmp_path / "long.mp4", 150, pictures=pictures, rate=10)
    whole, pieces = run(clip, steady=True), run(clip, steady=True, segment_s=5, workers=3)
    assert [one.frame for one in pieces] == list(range(150))
    gaps = []
    for a, b in zip(whole, pieces, strict=True):
        assert a.time == b.time
        assert a.result is not None
        assert b.result is not None
        assert a.result.timestamp_ms == b.result.timestamp_ms
        assert [pose.track_id for pose in a.result] == [pose.track_id for pose in b.result] == [1]
        gaps.append(np.abs(a.result.poses[0].landmarks - b.result.poses[0].landmarks).max() * 384)
    assert max(gaps[:49]) == 0
    assert np.median(gaps) < 0.5


def test_what_cannot_be_cut_is_left_whole(run: Callable[..., list[Processed]], tmp_path: Path) -> None:
    clip = write_clip(tmp_path / "long.avi", 150, rate=10, codec="mpeg4")
    assert [one.frame for one in run(clip, segment_s=5, workers=2)] == list(range(150))


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"running_mode": RunningMode.VIDEO}, "chooses running_mode"),
        ({"result_callback": print}, "chooses result_callback"),
        ({"workers": 0}, "workers must be"),
        ({"workers": 2.5}, "workers must be"),
        ({"segment_s": 1}, "5 or more"),
        ({"segment_s": float("nan")}, "number of seconds"),
        ({"segment_s": 30, "in_order": False}, "needs in_order"),
        ({"segment_s": 30, "subject": "largest"}, "subject"),
        ({"num_poses": 0}, "num_poses"),
        ({"image_processing_options": 5}, "ImageProcessingOptions"),
    ],
)
def test_wrong_options_are_refused_at_once(
    options: dict[str, Any], words: str, model_file: Callable[[str], Path]
) -> None:
    with pytest.raises(OptionError, match=words):
        process(["photo.jpg"], model_file("lite"), **options)


@pytest.mark.parametrize("sources", [None, 5, b"photo.jpg", {"a": 1}, 0.5])
def test_wrong_sources_are_refused_at_once(sources: object) -> None:
    with pytest.raises(OptionTypeError, match="sources must be"):
        process(sources)


def test_no_sources_no_results(run: Callable[..., list[Processed]]) -> None:
    assert run([]) == []


def test_a_missing_model_is_told(folder: Path) -> None:
    with pytest.raises(FileNotFoundError):
        list(process(folder, folder / "no.task"))


def test_what_the_generator_raises_comes_after_what_it_gave(
    model_file: Callable[[str], Path], photo: RgbImage
) -> None:
    def arrays() -> Iterator[RgbImage]:
        yield photo
        yield photo
        raise KeyError("camera")

    for workers in (1, 2, 5):
        done = process(arrays(), model_file("lite"), engine="litert", workers=workers)
        assert [next(done).number for _ in range(2)] == [0, 1]
        with pytest.raises(KeyError, match="camera"):
            next(done)


def test_leaving_early_ends_the_work(model_file: Callable[[str], Path], photo: RgbImage) -> None:
    def endless() -> Iterator[RgbImage]:
        while True:
            yield photo

    for one in process(endless(), model_file("lite"), engine="litert", workers=2):
        assert one.number == 0
        break


@pytest.mark.parametrize(
    ("cpus", "asked", "shared_out"),
    [
        (2, (None, None, 10), (2, 1)),
        (2, (None, None, 1), (1, 2)),
        (8, (None, None, 3), (3, 2)),
        (64, (None, None, 99), (16, 4)),
        (8, (None, 4, 99), (2, 4)),
        (8, (4, None, 99), (4, 2)),
        (1, (None, None, 5), (1, 1)),
        (4, (4, 1, 2), (2, 1)),
        (4, (None, None, 0), (1, 4)),
    ],
)
def test_processors_are_shared_out(
    monkeypatch: pytest.MonkeyPatch,
    cpus: int,
    asked: tuple[int | None, int | None, int],
    shared_out: tuple[int, int],
) -> None:
    monkeypatch.setattr(processing, "available_cpus", lambda: cpus)
    assert share_cpus(*asked) == shared_out


def test_more_threads_than_processors_are_told(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(processing, "available_cpus", lambda: 2)
    with caplog.at_level(logging.WARNING, logger="pose_landmarker"):
        assert share_cpus(2, 2, 9) == (2, 2)
    assert "more than the 2 processors" in caplog.text


class TestRecord:
    @pytest.fixture
    def model(self, model_file: Callable[[str], Path]) -> Path:
        return model_file("lite")

    def test_a_video_has_a_frame_for_each_of_its_own(self, model: Path, folder: Path) -> None:
        recording = record(folder / "b.mp4", model, engine="litert")
        assert len(recording) == len(recording.frames) == 8
        assert recording.times_s.tolist() == [n / 25 for n in range(8)]
        assert recording.tracks.tolist() == [1]
        assert recording.names is None
        assert recording.image_sizes[0].tolist() == [384, 384]

    def test_pictures_have_names(self, model: Path, folder: Path) -> None:
        paths = [str(folder / "a.png"), str(folder / "d.jpg")]
        recording = record(paths, model, engine="litert", output_segmentation_masks=True)
        assert recording.names == tuple(paths)
        assert np.isnan(recording.times_s).all()
        assert len(recording.frames) == 2

    @pytest.mark.parametrize("names", [["b.mp4", "below/c.mp4"], ["a.png", "b.mp4"], ["b.mp4", "a.png"]])
    def test_several_videos_are_not_one_recording(self, model: Path, folder: Path, names: list[str]) -> None:
        with pytest.raises(OptionError, match="one video or any number of pictures"):
            record([folder / name for name in names], model, engine="litert")

    def test_what_cannot_be_read_is_raised(self, model: Path) -> None:
        with pytest.raises(FileNotFoundError, match="missing"):
            record("missing.mp4", model)

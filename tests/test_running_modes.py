"""The running modes of the landmarker, on the photo of a real person."""

from __future__ import annotations

import asyncio
import gc
import threading
import time
import weakref
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from pose_landmarker import (
    ClosedError,
    ImageError,
    ImageProcessingOptions,
    OptionError,
    OptionTypeError,
    PoseLandmarker,
    PoseLandmarkerResult,
    RunningMode,
    RunningModeError,
    TimestampError,
)
from pose_landmarker.arrays import RgbImage
from tests.poses import astronaut_photo

LIVE = RunningMode.LIVE_STREAM


@pytest.fixture(scope="module")
def astronaut() -> RgbImage:
    return astronaut_photo()


@pytest.fixture
def create(model_file: Callable[[str], Path]) -> Iterator[Callable[..., PoseLandmarker]]:
    made: list[PoseLandmarker] = []

    def create_one(**options: Any) -> PoseLandmarker:
        made.append(PoseLandmarker.create(model_file("lite"), engine="litert", **options))
        return made[-1]

    yield create_one
    for landmarker in made:
        landmarker.close()


class TestVideo:
    def test_the_same_person_in_every_frame(
        self, create: Callable[..., PoseLandmarker], astronaut: RgbImage
    ) -> None:
        video = create(running_mode=RunningMode.VIDEO, smoothing="none")
        noses = []
        for i in range(5):
            frame = np.roll(astronaut, 3 * i, axis=1)
            result = video.detect_for_video(frame, 40 * i)
            assert [pose.track_id for pose in result] == [1]
            assert result.timestamp_ms == 40 * i
            noses.append(float(result.poses[0].pixels[0, 0]))
        assert 3 < noses[-1] - noses[0] < 15, "the picture has moved by 12 pixels"

    def test_times_must_increase(self, create: Callable[..., PoseLandmarker], astronaut: RgbImage) -> None:
        video = create(running_mode=RunningMode.VIDEO)
        video.detect_for_video(astronaut, 100)
        for wrong in (100, 99, 0):
            with pytest.raises(TimestampError, match=rf"got {wrong} after 100.*reset"):
                video.detect_for_video(astronaut, wrong)
        with pytest.raises(ValueError, match="must increase"):
            video.detect_for_video(astronaut, 1)
        assert len(video.detect_for_video(astronaut, 101)) == 1

    @pytest.mark.parametrize("wrong", [1.5, 2.0, "3", None, True, np.float32(4)])
    def test_times_are_whole_milliseconds(
        self, create: Callable[..., PoseLandmarker], astronaut: RgbImage, wrong: Any
    ) -> None:
        video = create(running_mode=RunningMode.VIDEO)
        with pytest.raises(OptionTypeError, match="timestamp_ms must be a whole number"):
            video.detect_for_video(astronaut, wrong)
        video.detect_for_video(astronaut, np.int64(5))  # type: ignore[call-overload]

    def test_times_out_of_range(self, create: Callable[..., PoseLandmarker], astronaut: RgbImage) -> None:
        video = create(running_mode=RunningMode.VIDEO)
        for wrong in (-1, 1 << 60):
            with pytest.raises(ValueError, match="timestamp_ms"):
                video.detect_for_video(astronaut, wrong)

    def test_a_bad_frame_costs_nothing(
        self, create: Callable[..., PoseLandmarker], astronaut: RgbImage
    ) -> None:
        video = create(running_mode=RunningMode.VIDEO)
        video.detect_for_video(astronaut, 0)
        for bad in (astronaut.astype(np.float32), np.zeros((0, 5, 3), np.uint8), None):
            with pytest.raises(ImageError):
                video.detect_for_video(bad, 40)
        assert [p.track_id for p in video.detect_for_video(astronaut, 40)] == [1]

    def test_a_frame_too_large_does_not_cost_its_time(
        self, create: Callable[..., PoseLandmarker], astronaut: RgbImage
    ) -> None:
        video = create(running_mode=RunningMode.VIDEO)
        with pytest.raises(ImageError, match="40000x2"):
            video.detect_for_video(np.zeros((2, 40000, 3), np.uint8), 40)
        video.detect_for_video(astronaut, 40)

    def test_frames_of_any_size_and_kind(
        self, create: Callable[..., PoseLandmarker], astronaut: RgbImage
    ) -> None:
        video = create(running_mode=RunningMode.VIDEO)
        frames = [
            astronaut,
            astronaut[::2, ::2],
            astronaut[:300],
            astronaut[..., 0],
            np.zeros((1, 1), np.uint8),
        ]
        sizes = [video.detect_for_video(f, 40 * i).image_size for i, f in enumerate(frames)]
        assert sizes == [(512, 512), (256, 256), (512, 300), (512, 512), (1, 1)]

    def test_reset_starts_another_video(
        self, create: Callable[..., PoseLandmarker], astronaut: RgbImage
    ) -> None:
        video = create(running_mode=RunningMode.VIDEO)
        first = [video.detect_for_video(astronaut, 40 * i).poses[0].landmarks for i in range(3)]
        video.reset()
        again = [video.detect_for_video(astronaut, 40 * i).poses[0].landmarks for i in range(3)]
        np.testing.assert_array_equal(first, again)

    def test_masks(self, create: Callable[..., PoseLandmarker], astronaut: RgbImage) -> None:
        video = create(running_mode=RunningMode.VIDEO, output_segmentation_masks=True)
        for i in range(2):
            masks = video.detect_for_video(astronaut, i).segmentation_masks
            assert masks is not None
            assert masks[0].shape == (512, 512)
            assert masks[0].max() > 0.9

    def test_a_turned_video(self, create: Callable[..., PoseLandmarker], astronaut: RgbImage) -> None:
        video = create(running_mode=RunningMode.VIDEO)
        turned = np.ascontiguousarray(np.rot90(astronaut))
        upright = video.detect_for_video(astronaut, 0).poses[0]
        video.reset()
        for i in range(3):
            (pose,) = video.detect_for_video(turned, i, ImageProcessingOptions(rotation_degrees=90))
            back = np.stack([1 - pose.landmarks[:, 1], pose.landmarks[:, 0]], axis=1)
            face = slice(0, 11)
            assert np.abs(back - upright.landmarks[:, :2])[face].max() < 0.02


class TestModes:
    def test_each_method_belongs_to_its_mode(
        self, create: Callable[..., PoseLandmarker], astronaut: RgbImage
    ) -> None:
        calls: dict[RunningMode, Callable[[PoseLandmarker], object]] = {
            RunningMode.IMAGE: lambda made: made.detect(astronaut),
            RunningMode.VIDEO: lambda made: made.detect_for_video(astronaut, 0),
            LIVE: lambda made: made.detect_async(astronaut, 0),
        }
        for mode in RunningMode:
            made = create(running_mode=mode, result_callback=(lambda *a: None) if mode is LIVE else None)
            for other, call in calls.items():
                if other is mode:
                    call(made)
                    continue
                with pytest.raises(RunningModeError, match=f"{other.name}.*was made for {mode.name}"):
                    call(made)

    def test_reset_is_for_videos(self, create: Callable[..., PoseLandmarker]) -> None:
        with pytest.raises(RunningModeError, match="IMAGE"):
            create().reset()
        with pytest.raises(RunningModeError, match="LIVE_STREAM"):
            create(running_mode=LIVE, result_callback=lambda *a: None).reset()

    def test_stats_are_for_live_streams(self, create: Callable[..., PoseLandmarker]) -> None:
        with pytest.raises(RunningModeError, match="LIVE_STREAM"):
            _ = create(running_mode=RunningMode.VIDEO).stats

    def test_closed(self, create: Callable[..., PoseLandmarker], astronaut: RgbImage) -> None:
        video = create(running_mode=RunningMode.VIDEO)
        video.close()
        for call in (lambda: video.detect_for_video(astronaut, 0), video.reset):
            with pytest.raises(ClosedError):
                call()
        live = create(running_mode=LIVE, result_callback=lambda *a: None)
        live.close()
        with pytest.raises(ClosedError):
            live.detect_async(astronaut, 0)
        assert live.stats.received == 0


class TestLiveStream:
    def test_results_come_in_order_with_their_pictures(
        self, create: Callable[..., PoseLandmarker], astronaut: RgbImage
    ) -> None:
        seen: list[tuple[PoseLandmarkerResult, RgbImage, int]] = []
        arrived = threading.Semaphore(0)

        def callback(result: PoseLandmarkerResult, image: RgbImage, timestamp_ms: int) -> None:
            seen.append((result, image, timestamp_ms))
            arrived.release()

        live = create(running_mode=LIVE, result_callback=callback)
        buffer = np.empty_like(astronaut)  # one buffer for all frames, as cameras do it
        for i in range(4):
            buffer[:] = np.roll(astronaut, 10 * i, axis=1)
            live.detect_async(buffer, 40 * i)
            buffer[:] = 0
            assert arrived.acquire(timeout=10)
        live.close()
        assert [t for _, _, t in seen] == [0, 40, 80, 120]
        for i, (result, image, t) in enumerate(seen):
            assert result.timestamp_ms == t
            assert [p.track_id for p in result] == [1]
            np.testing.assert_array_equal(image, np.roll(astronaut, 10 * i, axis=1))
        assert live.stats.received == live.stats.processed == 4

    def test_times_must_increase(self, create: Callable[..., PoseLandmarker], astronaut: RgbImage) -> None:
        live = create(running_mode=LIVE, result_callback=lambda *a: None)
        live.detect_async(astronaut, 7)
        with pytest.raises(TimestampError, match="got 7 after 7"):
            live.detect_async(astronaut, 7)

    def test_bad_input_is_told_at_once(
        self, create: Callable[..., PoseLandmarker], astronaut: RgbImage
    ) -> None:
        live = create(running_mode=LIVE, result_callback=lambda *a: None)
        with pytest.raises(ImageError):
            live.detect_async(astronaut.astype(float), 0)
        with pytest.raises(OptionTypeError):
            live.detect_async(astronaut, 0.5)  # type: ignore[arg-type]
        with pytest.raises(OptionTypeError):
            live.detect_async(astronaut, 0, 90)  # type: ignore[arg-type]
        assert live.stats.received == 0

    def test_errors_of_the_callback_are_raised(
        self, create: Callable[..., PoseLandmarker], astronaut: RgbImage
    ) -> None:
        called = threading.Event()

        def callback(*arguments: object) -> None:
            called.set()
            raise RuntimeError("mine")

        live = create(running_mode=LIVE, result_callback=callback)
        live.detect_async(astronaut, 0)
        assert called.wait(10)
        with pytest.raises(RuntimeError, match="mine"):
            live.close()
        assert live.stats.errors == 1

        taken: list[Exception] = []
        called.clear()
        with create(running_mode=LIVE, result_callback=callback, on_error=taken.append) as live:
            live.detect_async(astronaut, 0)
            assert called.wait(10)
        assert [str(error) for error in taken] == ["mine"]

    def test_an_error_in_the_block_is_the_one_to_see(
        self, create: Callable[..., PoseLandmarker], astronaut: RgbImage, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        reported: list[object] = []
        monkeypatch.setattr(threading, "excepthook", reported.append)

        called = threading.Event()

        def callback(*arguments: object) -> None:
            called.set()
            raise RuntimeError("the callback's")

        with pytest.raises(KeyError, match="the block's"):  # noqa: PT012, SIM117
            with create(running_mode=LIVE, result_callback=callback) as live:
                live.detect_async(astronaut, 0)
                assert called.wait(10)
                raise KeyError("the block's")
        assert len(reported) == 1

    def test_closing_frees_the_networks(
        self, create: Callable[..., PoseLandmarker], astronaut: RgbImage
    ) -> None:
        live = create(running_mode=LIVE, result_callback=lambda *a: None)
        live.detect_async(astronaut, 0)
        assert live._tracker is not None
        network = weakref.ref(live._tracker.pipeline.landmark_net)
        live.close()
        gc.collect()
        assert network() is None
        assert live.stats.received == 1

    def test_without_a_callback(self, create: Callable[..., PoseLandmarker], astronaut: RgbImage) -> None:
        live = create(running_mode=LIVE)
        with pytest.raises(RunningModeError, match="result_callback"):
            live.detect_async(astronaut, 0)

    def test_a_forgotten_landmarker_is_freed(
        self, model_file: Callable[[str], Path], astronaut: RgbImage
    ) -> None:
        live = PoseLandmarker.create(
            model_file("lite"), engine="litert", running_mode=LIVE, result_callback=lambda *a: None
        )
        live.detect_async(astronaut, 0)
        gone = weakref.ref(live)
        del live
        gc.collect()
        assert gone() is None
        deadline = time.monotonic() + 5
        while "pose-landmarker-live" in {t.name for t in threading.enumerate()}:
            assert time.monotonic() < deadline, "its thread is still there"
            time.sleep(0.01)


class TestStream:
    def test_every_frame_of_a_file(self, create: Callable[..., PoseLandmarker], astronaut: RgbImage) -> None:
        live = create(running_mode=LIVE)

        async def run() -> list[PoseLandmarkerResult]:
            return [r async for r in live.stream([(astronaut, 40 * i) for i in range(5)])]

        for _ in range(2):  # every stream is another video
            results = asyncio.run(run())
            assert [r.timestamp_ms for r in results] == [0, 40, 80, 120, 160]
            assert [[p.track_id for p in r] for r in results] == [[1]] * 5

    def test_times_must_increase(self, create: Callable[..., PoseLandmarker], astronaut: RgbImage) -> None:
        live = create(running_mode=LIVE)

        async def run() -> None:
            async for _ in live.stream([(astronaut, 40), (astronaut, 40)]):
                pass

        with pytest.raises(TimestampError, match="got 40 after 40"):
            asyncio.run(run())

    @pytest.mark.parametrize("wrong", ["1", None, 0.5, -5, True, 10**400])
    def test_times_are_whole_milliseconds(
        self, create: Callable[..., PoseLandmarker], astronaut: RgbImage, wrong: Any
    ) -> None:
        live = create(running_mode=LIVE)

        async def run() -> None:
            async for _ in live.stream([(astronaut, wrong)]):
                pass

        with pytest.raises(OptionError, match="timestamp_ms"):
            asyncio.run(run())

    def test_two_at_once_are_two_videos(
        self, create: Callable[..., PoseLandmarker], astronaut: RgbImage
    ) -> None:
        live = create(running_mode=LIVE)

        async def run() -> None:
            one, other = (live.stream([(astronaut, 40 * i) for i in range(4)]) for _ in range(2))
            async with one, other:
                for _ in range(4):
                    a, b = await anext(one), await anext(other)
                    assert a.timestamp_ms == b.timestamp_ms
                    np.testing.assert_array_equal(a.poses[0].landmarks, b.poses[0].landmarks)

        asyncio.run(run())

    def test_not_beside_a_callback(self, create: Callable[..., PoseLandmarker]) -> None:
        with pytest.raises(RunningModeError, match="without result_callback"):
            create(running_mode=LIVE, result_callback=lambda *a: None).stream([])

    def test_belongs_to_live_streams(self, create: Callable[..., PoseLandmarker]) -> None:
        with pytest.raises(RunningModeError):
            create(running_mode=RunningMode.VIDEO).stream([])

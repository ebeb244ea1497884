"""A landmarker without networks for tests of the command line: people walk from left to right."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import fields, replace
from typing import Any

import numpy as np
import pytest

from pose_landmarker import worker
from pose_landmarker.arrays import RgbImage
from pose_landmarker.landmarker import PoseLandmarker
from pose_landmarker.options import PoseLandmarkerOptions, RunningMode
from pose_landmarker.results import Pose, PoseLandmarkerResult
from pose_landmarker.scheduling import LiveStats
from tests.poses import make_pose


class StandIn:
    """Takes the place of :class:`PoseLandmarker`; every thread may have one.

    Attributes:
        made: All that were made, the latest last.
        options: What it was made with, checked.
        seen: The frames' times since the last reset.
        resets: How often a video began.
        on_frame: Called before every frame with the number of frames before it.
        delay_s: How long every frame takes.
    """

    made: list[StandIn]
    on_frame: Callable[[int], object] | None = None
    delay_s = 0.0

    def __init__(self, model: object, **options: Any) -> None:
        # By processing with the options that it checked, by others with what they were given.
        checked = "base_options" in options
        self.options = (
            PoseLandmarkerOptions(**options) if checked else PoseLandmarkerOptions.of("full", options)
        )
        self.model = model
        self.seen: list[int] = []
        self.processing: Any = None
        self.resets = 0
        self.frames = 0
        self.closed = False
        StandIn.made.append(self)

    def detect(self, image: RgbImage, processing: Any) -> PoseLandmarkerResult:
        assert self.options.running_mode is RunningMode.IMAGE
        result = self._detect(image, 0, processing)
        poses = tuple(replace(pose, track_id=None) for pose in result.poses)
        return replace(result, poses=poses, timestamp_ms=None)

    def detect_for_video(self, image: RgbImage, timestamp_ms: int, processing: Any) -> PoseLandmarkerResult:
        assert self.options.running_mode is RunningMode.VIDEO
        return self._detect(image, timestamp_ms, processing)

    def detect_async(self, image: RgbImage, timestamp_ms: int, processing: Any) -> None:
        callback = self.options.result_callback
        assert callback is not None
        callback(self._detect(image, timestamp_ms, processing), image, timestamp_ms)

    def reset(self) -> None:
        self.seen.clear()
        self.resets += 1

    @property
    def stats(self) -> LiveStats:
        return LiveStats(
            received=self.frames, processed=self.frames, latency_median_ms=12.0, latency_p95_ms=34.0
        )

    def __enter__(self) -> StandIn:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()

    def close(self) -> None:
        self.closed = True

    def _detect(self, image: RgbImage, timestamp_ms: int, processing: Any) -> PoseLandmarkerResult:
        if StandIn.on_frame is not None:
            StandIn.on_frame(self.frames)
        time.sleep(StandIn.delay_s)
        self.frames += 1
        self.seen.append(timestamp_ms)
        self.processing = processing
        size = (image.shape[1], image.shape[0])
        people = 1 if self.options.subject else self.options.num_poses
        poses = tuple(_walker(i + 1, timestamp_ms, size) for i in range(people))
        return PoseLandmarkerResult(poses=poses, image_size=size, timestamp_ms=timestamp_ms)


def _walker(track_id: int, timestamp_ms: int, size: tuple[int, int]) -> Pose:
    pose = make_pose(image_size=size, track_id=track_id, seed=track_id)
    landmarks = pose.landmarks * np.float32(0.4)
    landmarks[:, 0] += np.float32(0.3 * (track_id - 1) + min(0.3, timestamp_ms / 10_000))
    return replace(pose, landmarks=landmarks)


def with_options(options: PoseLandmarkerOptions) -> StandIn:
    """What takes the place of the class where it is called with options."""
    names = (field.name for field in fields(options))
    return StandIn("", **{name: getattr(options, name) for name in names})


def install(patch: pytest.MonkeyPatch) -> type[StandIn]:
    """Let the command line use it."""
    StandIn.made = []
    patch.setattr(StandIn, "on_frame", None)
    patch.setattr(StandIn, "delay_s", 0.0)
    patch.setattr(PoseLandmarker, "create", lambda model, **options: StandIn(model, **options))
    patch.setattr(worker, "PoseLandmarker", with_options)
    return StandIn

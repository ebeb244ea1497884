"""What is looked at: frames and files of every size, of the user's clips and pictures or of made ones."""

from __future__ import annotations

import math
import shutil
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from itertools import cycle, islice
from pathlib import Path

import numpy as np

from pose_landmarker.arrays import RgbImage
from pose_landmarker.bench.setting import SIZES, Setting
from pose_landmarker.cache import write_atomically
from pose_landmarker.errors import ImageError, MissingExtraError, VideoError
from pose_landmarker.media import VideoReader, VideoWriter, encode_image, read_image

#: Frames of one size are kept on disk; those of 4K would be many gigabytes.
_MOST_BYTES = 400_000_000
_FEWEST_FRAMES = 8
_USUAL_FPS = 30.0
#: Around what does not fill a picture.
_GREY = (90, 90, 90)
#: Of the photo, pixels: the middle of the person, the narrowest cut in which she is found, how far she sways.
_MIDDLE, _NARROWEST, _SWAY = (245.0, 256.0), 200.0, 8.0
#: Share of a frame's height that the photo takes: people who fill it are not found beside each other.
_TALL = 0.85
#: Of the frame's height, between people: nor are two who are far from each other always found.
_APART_AT_MOST = 0.6
#: Frames until the made clip repeats itself.
_PERIOD = 60
#: Frames between people who are one and the same.
_APART = 17


@dataclass(frozen=True, slots=True)
class Stored:
    """Frames in a file.

    Attributes:
        path: Raw uint8 RGB, one frame after the other.
        shape: (N, H, W, 3).
        fps: Frames a second.
    """

    path: Path
    shape: tuple[int, int, int, int]
    fps: float


@dataclass(slots=True)
class Material:
    """Makes what settings need, each once, in a folder.

    Attributes:
        folder: Where to; the caller removes it.
        clip: The user's video, else one is made.
        pictures: The user's pictures, else frames of the clip are taken.
        side_by_side: So often the middle of the user's clip stands in a frame, each at another time.
        most_frames: Of a clip.
        num_videos: Files for throughput.
        num_pictures: Likewise.
        video_frames: Of each of these videos.
    """

    folder: Path
    clip: Path | None = None
    pictures: Sequence[Path] = ()
    side_by_side: int = 1
    most_frames: int = 60
    num_videos: int = 8
    num_pictures: int = 64
    video_frames: int = 150
    _stored: dict[object, Stored] = field(default_factory=dict)
    _files: dict[object, list[str]] = field(default_factory=dict)

    def check(self) -> None:
        """See that the user's files can be read, and that one can be made where there are none.

        Raises:
            VideoError: The clip cannot be read or holds no frame.
            ImageError: A picture cannot be read.
            MissingExtraError: What is needed to read or make it is not installed.
        """
        for path in self.pictures:
            read_image(path)
        if self.clip is not None:
            with VideoReader(self.clip) as reader:
                if next(iter(reader), None) is None:
                    raise VideoError(f"{self.clip} holds no frame")
        if self.clip is None:
            _photo()

    def describe(self) -> dict[str, str]:
        """What is looked at, in words; names of files, no paths."""
        made = "scikit-image's astronaut, moving, as many times as poses are asked for"
        times = f", {self.side_by_side} times side by side" if self.side_by_side > 1 else ""
        clip = made if self.clip is None else self.clip.name + times
        names = ", ".join(path.name for path in self.pictures[:5]) + (", …" if len(self.pictures) > 5 else "")
        return {"clip": clip, "pictures": names or "frames of the clip"}

    def frames(self, setting: Setting) -> Stored:
        """The frames that a setting is measured on.

        Raises:
            VideoError: The clip cannot be read.
            ImageError: A picture cannot be read.
            OSError: The disk is full.
        """
        still = setting.mode in ("image", "start", "pictures") and bool(self.pictures)
        made = self.clip is None and not still
        key = (still, setting.size, setting.num_poses if made else 0)
        if key not in self._stored:
            fps = _USUAL_FPS
            size = SIZES[setting.size]
            images: Iterable[RgbImage]
            if still:
                images = map(read_image, self.pictures)
            elif self.clip is not None:
                fps = _rate_of(self.clip)
                images = _frames_of(self.clip)
                if self.side_by_side > 1:
                    images = side_by_side(list(islice(images, self.most_frames)), self.side_by_side)
            else:
                images = made_clip(size or (512, 512), setting.num_poses, self.most_frames)
            path = self.folder / f"frames{len(self._stored)}.raw"
            self._stored[key] = _store(images, size, path, self.most_frames, fps)
        return self._stored[key]

    def files(self, setting: Setting) -> list[str]:
        """The files that a setting of throughput is measured on: paths.

        Raises:
            VideoError: The clip cannot be read, or a video cannot be written.
            ImageError: A picture cannot be read.
            MissingExtraError: Videos are wanted and PyAV is not installed.
            OSError: The disk is full.
        """
        stored = self.frames(setting)
        key = (setting.mode, stored.path)
        if key not in self._files:
            folder = self.folder / f"{setting.mode}{len(self._files)}"
            folder.mkdir()
            write = _write_pictures if setting.mode == "pictures" else self._write_videos
            count = self.num_pictures if setting.mode == "pictures" else self.num_videos
            self._files[key] = write(stored, folder, count)
        return self._files[key]

    def _write_videos(self, stored: Stored, folder: Path, count: int) -> list[str]:
        paths = [folder / f"video{number:03}.mp4" for number in range(count)]
        rate = Fraction(stored.fps).limit_denominator(1001)
        with VideoWriter(paths[0], fps=rate) as writer:
            for number, frame in enumerate(islice(to_and_fro(stored), self.video_frames)):
                writer.write(frame, number / rate)
        for path in paths[1:]:
            shutil.copyfile(paths[0], path)
        return [str(path) for path in paths]


def made_clip(size: tuple[int, int], people: int, count: int) -> Iterator[RgbImage]:
    """The astronaut as often as told, side by side, each swaying, turning and coming nearer by a little.

    Args:
        size: (width, height) of a frame.
        people: How often.
        count: Frames.

    Raises:
        MissingExtraError: scikit-image, which has the photo, is not installed.
    """
    import cv2

    photo = _photo()
    width, height = size
    share = width if people == 1 else min(width / people, _APART_AT_MOST * height)
    edges = [round((width - share * people) / 2 + share * i) for i in range(people + 1)]
    for number in range(count):
        frame = np.full((height, width, 3), _GREY, np.uint8)
        for i in range(people):
            wide = edges[i + 1] - edges[i]
            phase = 2 * math.pi * (number / _PERIOD + i / people)
            scale = min(_TALL * height / photo.shape[0], wide / _NARROWEST)
            matrix = cv2.getRotationMatrix2D(
                _MIDDLE, 3 * math.sin(phase), scale * (0.96 + 0.04 * math.cos(phase))
            )
            sway = scale * _SWAY
            matrix[0, 2] += wide / 2 - _MIDDLE[0] + sway * math.sin(2 * phase)
            matrix[1, 2] += height / 2 - _MIDDLE[1] + sway * math.cos(phase)
            frame[:, edges[i] : edges[i + 1]] = cv2.warpAffine(
                photo, matrix, (wide, height), flags=cv2.INTER_LINEAR, borderValue=_GREY
            )
        yield frame


def side_by_side(frames: Sequence[RgbImage], times: int) -> Iterator[RgbImage]:
    """The middle of a clip several times in each frame: as many people, each at another moment.

    Args:
        frames: Of one size.
        times: How often.
    """
    width = frames[0].shape[1] // times
    left = (frames[0].shape[1] - width) // 2
    for number in range(len(frames)):
        others = [frames[(number + _APART * i) % len(frames)] for i in range(times)]
        yield np.concatenate([frame[:, left : left + width] for frame in others], axis=1)


def fit(image: RgbImage, size: tuple[int, int]) -> RgbImage:
    """A picture scaled to fit into (width, height), centred on grey."""
    import cv2

    height, width = image.shape[:2]
    if (width, height) == size:
        return image
    scale = min(size[0] / width, size[1] / height)
    inner = max(1, round(width * scale)), max(1, round(height * scale))
    way = cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR
    canvas = np.empty((size[1], size[0], 3), np.uint8)
    canvas[:] = _GREY
    left, top = (size[0] - inner[0]) // 2, (size[1] - inner[1]) // 2
    canvas[top : top + inner[1], left : left + inner[0]] = cv2.resize(image, inner, interpolation=way)
    return canvas


def to_and_fro(stored: Stored) -> Iterator[RgbImage]:
    """The frames to the end, back to the beginning, and so on, for ever: no jumps."""
    frames = np.memmap(stored.path, np.uint8, "r", shape=stored.shape)
    order = [*range(len(frames)), *range(len(frames) - 2, 0, -1)]
    return (np.array(frames[number]) for number in cycle(order))


def _store(
    images: Iterable[RgbImage], size: tuple[int, int] | None, path: Path, most: int, fps: float
) -> Stored:
    count = 0
    with path.open("wb") as file:
        for image in images:
            size = size or (image.shape[1], image.shape[0])
            file.write(fit(image, size).tobytes())
            count += 1
            if count >= min(most, max(_FEWEST_FRAMES, _MOST_BYTES // (3 * size[0] * size[1]))):
                break
    if size is None or not count:
        raise ImageError("there is not one frame to look at")
    return Stored(path, (count, size[1], size[0], 3), fps)


def _write_pictures(stored: Stored, folder: Path, count: int) -> list[str]:
    paths = [folder / f"picture{number:04}.jpg" for number in range(count)]
    for path, image in zip(paths, to_and_fro(stored), strict=False):
        write_atomically(path, encode_image(image, ".jpg"))
    return [str(path) for path in paths]


def _rate_of(clip: Path) -> float:
    with VideoReader(clip) as reader:
        return float(reader.fps or _USUAL_FPS)


def _frames_of(clip: Path) -> Iterator[RgbImage]:
    with VideoReader(clip) as reader:
        for frame in reader:
            yield frame.image


def _photo() -> RgbImage:
    try:
        from skimage import data
    except ImportError as error:
        raise MissingExtraError(
            "the clip is made of scikit-image's photo of an astronaut: pip install 'pose-landmarker[demo]'; "
            "or give one with --clip, and pictures with --picture"
        ) from error
    photo: RgbImage = np.ascontiguousarray(data.astronaut())  # type: ignore[no-untyped-call]
    return photo

"""What one measurement is about: who works on what, and how."""

from __future__ import annotations

from dataclasses import dataclass, replace

from pose_landmarker.checks import check_choice, check_flag, check_integer
from pose_landmarker.errors import OptionError
from pose_landmarker.options import MODEL_NAMES

#: One picture at a time; frames in order; from nothing to the first result; many files.
MODES = ("image", "video", "start", "pictures", "videos")
#: Settings of many files: decoding included, frames a second instead of time for each.
THROUGHPUT = ("pictures", "videos")
#: The engine of the cells that MediaPipe is measured in.
REFERENCE = "mediapipe"
ENGINES = (REFERENCE, "native", "litert", "openvino", "torch")
PRECISIONS = ("exact", "fast")
#: (width, height) of pictures, or None: as they are.
SIZES: dict[str, tuple[int, int] | None] = {
    "480p": (854, 480),
    "720p": (1280, 720),
    "1080p": (1920, 1080),
    "4k": (3840, 2160),
    "native": None,
}
#: The engine's own choice, and every processor there is.
DEFAULT_THREADS, ALL_THREADS = "default", "all"


@dataclass(frozen=True, kw_only=True, slots=True)
class Setting:
    """One cell of the matrix.

    Attributes:
        mode: One of :data:`MODES`.
        model: ``lite``, ``full`` or ``heavy``.
        size: One of :data:`SIZES`.
        num_poses: People that are looked for at most.
        masks: Whether silhouettes are asked for.
        threads: ``default``, ``all``, or a number as text; the reference takes no number.
        engine: ``mediapipe`` or one of ours.
        precision: ``exact`` or ``fast``.

    Raises:
        OptionError: One of them has a value that it cannot have.
    """

    mode: str
    model: str
    size: str = "720p"
    num_poses: int = 1
    masks: bool = False
    threads: str = DEFAULT_THREADS
    engine: str = REFERENCE
    precision: str = "exact"

    def __post_init__(self) -> None:
        check_choice("mode", self.mode, MODES)
        check_choice("model", self.model, MODEL_NAMES)
        check_choice("size", self.size, tuple(SIZES))
        check_integer("num_poses", self.num_poses, low=1)
        check_flag("masks", self.masks)
        check_threads(self.threads)
        check_choice("engine", self.engine, ENGINES)
        check_choice("precision", self.precision, PRECISIONS)

    @property
    def key(self) -> str:
        """A name that stays the same from release to release, and says everything."""
        masks = "yes" if self.masks else "no"
        return (
            f"{self.mode}/{self.model}/{self.size}/poses={self.num_poses}/masks={masks}/"
            f"threads={self.threads}/{self.engine}/{self.precision}"
        )

    @classmethod
    def from_key(cls, key: str) -> Setting:
        """The setting of that name.

        Raises:
            OptionError: It is the name of none.
        """
        try:
            mode, model, size, poses, masks, threads, engine, precision = key.split("/")
            setting = cls(
                mode=mode,
                model=model,
                size=size,
                num_poses=int(poses.removeprefix("poses=")),
                masks=masks == "masks=yes",
                threads=threads.removeprefix("threads="),
                engine=engine,
                precision=precision,
            )
        except ValueError as error:  # OptionError is one
            raise OptionError(f"{key[:80]!r} names no measurement: {error}") from None
        if setting.key != key:
            raise OptionError(f"{key[:80]!r} names no measurement")
        return setting

    @property
    def conditions(self) -> Setting:
        """The same for everybody who takes part: without engine and precision."""
        return replace(self, engine=REFERENCE, precision="exact")

    @property
    def of_reference(self) -> bool:
        """Whether MediaPipe is measured."""
        return self.engine == REFERENCE


def check_threads(threads: object) -> str:
    """``default``, ``all`` or a number from 1 on, as text.

    Raises:
        OptionError: It is none of these.
    """
    text = str(threads)
    if text in (DEFAULT_THREADS, ALL_THREADS):
        return text
    if text.isascii() and text.isdecimal() and 0 < int(text) <= 1024 and text == str(int(text)):
        return text
    raise OptionError(f"threads must be 'default', 'all' or a whole number from 1 to 1024, not {text[:40]!r}")

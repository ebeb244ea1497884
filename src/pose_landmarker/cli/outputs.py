"""Where results go, looked at before the work and not after it."""

from __future__ import annotations

import os
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from pose_landmarker.addresses import is_address
from pose_landmarker.cli.inputs import Input
from pose_landmarker.errors import OptionError

#: Where results go unless said.
DEFAULT_FOLDER = Path("poses")
#: A file's name that means standard output.
STANDARD_OUTPUT = "-"


@dataclass(frozen=True, slots=True)
class VideoOutputs:
    """Where the results of videos go.

    Attributes:
        file: The one annotated video, by the name that was asked for.
        folder: Where results go under names of their own, every video with its landmarks beside it.
        with_video: Whether there are annotated videos at all.
        lines: One file for the landmarks of all videos.
        print_lines: Whether the landmarks are printed.
    """

    file: Path | None
    folder: Path | None
    with_video: bool
    lines: Path | None
    print_lines: bool

    def video_of(self, video: Input) -> Path | None:
        """Where the annotated video goes, if anywhere."""
        if not self.with_video:
            return None
        return self.file or (self.folder / video.output if self.folder else None)

    def lines_of(self, video: Input) -> Path | None:
        """Where the landmarks of this video alone go, if anywhere."""
        return (self.folder / video.output).with_suffix(".jsonl") if self.folder else None

    def check(self, videos: Iterable[Input]) -> None:
        """Make folders, and make sure that no input is overwritten.

        Raises:
            OptionError: A folder cannot be made, or a result would take the place of an input.
        """
        if self.folder is not None:
            make_folder(self.folder)
        for video in videos:
            for name, target in (("--output", self.video_of(video)), ("--jsonl", self.lines)):
                if target is not None:
                    check_file(name, target, video.source)
            beside = self.lines_of(video)
            if beside is not None and self.lines is not None and _same_name(beside, self.lines):
                raise OptionError(
                    f"--jsonl {self.lines} is where the landmarks of {video.source} alone go; "
                    "name another file"
                )


def video_outputs(output: str | None, lines: str | None, *, with_video: bool) -> VideoOutputs:
    """What ``-o``, ``--jsonl`` and ``--no-video`` mean together.

    Args:
        output: As typed: a file to write, or a folder.
        lines: As typed: a file, or ``-``.
        with_video: Whether annotated videos are wanted.

    Raises:
        OptionError: They contradict each other, or the file is of a kind that cannot be written.
    """
    file = folder = None
    if output is not None and _names_file(output):
        file = video_file(output, or_folder=True)
        if not with_video:
            raise OptionError(f"--output {output} names a video, but --no-video wants none")
    elif output is not None:
        folder = Path(output)
    elif with_video or lines is None:
        folder = DEFAULT_FOLDER
    named = None if lines in (None, STANDARD_OUTPUT) else Path(lines)
    if named is not None and file is not None and named.absolute() == file.absolute():
        raise OptionError(f"--output and --jsonl are the same file, {named}")
    return VideoOutputs(file, folder, with_video, named, lines == STANDARD_OUTPUT)


def video_file(output: str, *, or_folder: bool = False) -> Path:
    """The file that an annotated video is to be written to.

    Args:
        output: As typed.
        or_folder: Whether it might be a folder, too.

    Raises:
        OptionError: Videos are not written to files of this kind.
    """
    from pose_landmarker.media.formats import FORMATS

    if output == STANDARD_OUTPUT:
        raise OptionError("--output - cannot be: videos are not written to standard output; see --jsonl -")
    file = Path(output)
    if file.suffix.lower() in (".jsonl", ".json"):
        raise OptionError(f"--output {file}: that is for the annotated video; for landmarks use --jsonl")
    if file.suffix.lower() not in FORMATS:
        hint = f"; for a folder write {file}{os.sep}" if or_folder else ""
        raise OptionError(f"--output {file}: videos are written as {', '.join(FORMATS)}{hint}")
    return file


def check_file(name: str, target: Path, source: str) -> None:
    """Make sure that a result can be written, and does not take the place of its own input.

    Args:
        name: Of the option.
        target: The file to be written.
        source: What it is made of.

    Raises:
        OptionError: It is a folder, cannot be written, or is the input.
    """
    if target.is_dir():
        raise OptionError(f"{name} {target} is a folder, wanted a file")
    make_folder(target.parent, name)
    if _same(target, source):
        raise OptionError(f"{name} {target} is the input itself; name another file")


def make_folder(folder: Path, option: str = "--output") -> None:
    """Make sure that there is this folder and that it can be written to.

    Raises:
        OptionError: It cannot be made, or not be written to.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise OptionError(f"{option} {folder} cannot be made: {error.strerror}") from error
    if not os.access(folder, os.W_OK | os.X_OK):
        raise OptionError(f"{option} {folder} cannot be written to")


def _names_file(output: str) -> bool:
    """Whether a video is meant rather than a folder: it has a suffix, and is no folder already."""
    if output == STANDARD_OUTPUT:
        return True
    return not output.endswith(("/", os.sep)) and Path(output).suffix != "" and not Path(output).is_dir()


def _same_name(a: Path, b: Path) -> bool:
    return a.resolve() == b.resolve()


def _same(target: Path, source: str) -> bool:
    try:
        return not is_address(source) and target.exists() and target.samefile(source)
    except OSError:
        return False

"""``--segments``: a long video in pieces that are worked on at the same time."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Generator
from functools import partial
from typing import TYPE_CHECKING, Any, cast

from pose_landmarker.cli.arguments import landmarker_options
from pose_landmarker.cli.crew import check_workers
from pose_landmarker.errors import OptionError
from pose_landmarker.image_options import ImageProcessingOptions
from pose_landmarker.options import RunningMode

if TYPE_CHECKING:
    from pose_landmarker.processing import Processed

    Process = Callable[..., Generator[Processed, None, None]]


def piecework(
    arguments: argparse.Namespace, processing: ImageProcessingOptions
) -> Callable[[str], Generator[Processed, None, None]]:
    """Begins to work on a video, given by its path, in pieces.

    Raises:
        OptionError: ``--segments`` means nothing, or does not go with what else was asked for.
    """
    from pose_landmarker.processing import process

    check_whole(arguments, "--segments")
    if arguments.subject is not None:
        raise OptionError(
            "--segments cannot follow a --subject: every piece would choose one anew; leave out one of them"
        )
    options: dict[str, Any] = {
        **landmarker_options(arguments, RunningMode.VIDEO),
        "workers": check_workers(arguments),
        "segment_s": arguments.segments,
        "processes": arguments.processes,
        "image_processing_options": processing,
    }
    begin = partial(cast("Process", process), model=arguments.model, **options)
    try:
        begin(()).close()  # options are checked before any video is opened
    except OptionError as error:
        raise OptionError(str(error).replace("segment_s", "--segments")) from None
    return begin


def check_whole(arguments: argparse.Namespace, option: str) -> None:
    """Whether videos are taken as a whole, which an option needs.

    Raises:
        OptionError: They are not.
    """
    for name, unused in (("start", None), ("end", None), ("every", 1), ("fps", None)):
        if getattr(arguments, name) != unused:
            raise OptionError(f"{option} is for whole videos; leave out --{name}")

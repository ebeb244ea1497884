"""Arguments that several commands share, and what they mean."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Any, cast

from pose_landmarker.checks import check_positive
from pose_landmarker.errors import OptionError
from pose_landmarker.image_options import ImageProcessingOptions, RegionOfInterest
from pose_landmarker.options import (
    ENGINE_NAMES,
    PRECISION_NAMES,
    SEARCH_NAMES,
    SMOOTHING_NAMES,
    SUBJECT_NAMES,
    PoseLandmarkerOptions,
    RunningMode,
    SubjectChoice,
)

if TYPE_CHECKING:
    from pose_landmarker.draw import DrawStyle, Trails
    from pose_landmarker.landmarker import PoseLandmarker
    from pose_landmarker.options import OptionValues

#: How long a trail is unless said.
TRAIL_S = 2.0
#: How long the pieces of a video are unless said.
SEGMENT_S = 30.0


def add_found(parser: argparse.ArgumentParser, *, over_time: bool = False, drawn: bool = True) -> None:
    """What is found: model, people, masks, turn, region, confidence.

    Args:
        parser: Of the command.
        over_time: Also whom to follow.
        drawn: Whether there are pictures on which silhouettes could be drawn.
    """
    found = parser.add_argument_group("what is found")
    found.add_argument(
        "-m", "--model", default="full", help="lite, full, heavy or a .task file (default: %(default)s)"
    )
    found.add_argument(
        "-n", "--num-poses", type=int, default=1, metavar="N", help="people at most (default: 1)"
    )
    parser.set_defaults(masks=False)
    if drawn:
        found.add_argument("--masks", action="store_true", help="tint the people's silhouettes")
    found.add_argument(
        "--search",
        choices=SEARCH_NAMES,
        default="whole",
        help="wide: look closer too, which finds people who are small or many (default: %(default)s)",
    )
    found.add_argument(
        "--refine",
        type=int,
        metavar="N",
        help="in pictures, look again at people up to N times (default: 0, with --search wide 2)",
    )
    found.add_argument(
        "--mirror", action="store_true", help="average with the mirror image: twice the time, more exact"
    )
    found.add_argument(
        "--min-score",
        type=float,
        metavar="SCORE",
        help="least score of a pose, 0 to 1 (default: 0, with --search wide and several people 0.4)",
    )
    if over_time:
        _add_following(found)
    found.add_argument(
        "--rotate",
        type=int,
        default=0,
        metavar="DEGREES",
        help="clockwise turn that makes the pictures upright",
    )
    found.add_argument(
        "--region",
        metavar="L,T,R,B",
        help="look for people in this part only: left, top, right, bottom from 0 to 1",
    )
    for name in ("detection", "presence", "tracking") if over_time else ("detection", "presence"):
        found.add_argument(
            f"--min-{name}",
            type=float,
            default=0.5,
            metavar="SCORE",
            help=f"least {name} confidence, 0 to 1 (default: 0.5)",
        )


def _add_following(found: argparse._ArgumentGroup) -> None:
    found.add_argument(
        "--subject",
        metavar="WHO",
        help=f"follow one person only: {', '.join(SUBJECT_NAMES)}, or the one nearest to a point X,Y or a "
        "box X,Y,WIDTH,HEIGHT in pixels",
    )
    found.add_argument(
        "--smoothing",
        choices=SMOOTHING_NAMES,
        default=PoseLandmarkerOptions.__dataclass_fields__["smoothing"].default,
        help="of landmarks over time (default: %(default)s)",
    )
    found.add_argument(
        "--steady", action="store_true", help="less jitter: regions hold still as long as people do"
    )
    found.add_argument(
        "--detection-interval",
        type=float,
        default=PoseLandmarkerOptions.__dataclass_fields__["detection_interval"].default,
        metavar="SECONDS",
        help="between two looks for further people, 0 for every frame (default: %(default)s)",
    )


def add_engine(
    parser: argparse.ArgumentParser, *, many: bool = False, option: str = "--engine"
) -> argparse._ArgumentGroup:
    """How it is found: engine, precision and threads; where there may be ``many`` inputs also workers.

    Args:
        parser: Of the command.
        many: Whether there may be many inputs.
        option: What the option for the inference engine is called.
    """
    engine = parser.add_argument_group("how")
    engine.add_argument(option, choices=ENGINE_NAMES, default="auto", help="inference engine (default: auto)")
    engine.add_argument(
        "--device",
        default="cpu",
        help="cuda, or cuda:1: a graphics card, by the engine torch (default: %(default)s)",
    )
    engine.add_argument(
        "--precision",
        choices=PRECISION_NAMES,
        default="exact",
        help="fast: quicker and a little less exact, where the processor has bfloat16, or on a graphics card "
        "(default: exact)",
    )
    threads = "threads of the engine (default: by the machine)"
    if many:
        threads = "threads of the engine, for each worker (default: by the machine)"
        engine.add_argument(
            "--workers",
            type=int,
            metavar="N",
            help="how many inputs are worked on at the same time (default: one for each processor)",
        )
    engine.add_argument("--threads", type=int, metavar="N", help=threads)
    return engine


def add_processes(group: argparse._ArgumentGroup) -> None:
    """Workers that are processes."""
    group.add_argument(
        "--processes",
        action="store_true",
        help="workers are processes, not threads, and share one engine that threads cannot keep busy",
    )


def add_trail(group: argparse._ArgumentGroup) -> None:
    """Where people have been."""
    group.add_argument(
        "--trail",
        nargs="?",
        type=partial(_seconds, "--trail", TRAIL_S),
        const=TRAIL_S,
        metavar="SECONDS",
        help=f"draw where people have been in the last seconds (default: {TRAIL_S:g})",
    )
    group.add_argument(
        "--trail-of",
        metavar="WHAT",
        help="hips (the default), wrists, ankles, or a landmark's name such as nose; implies --trail",
    )


def draw_style(arguments: argparse.Namespace) -> DrawStyle:
    """How people are drawn: one alone by sides, where several may come by tracks from the beginning."""
    from pose_landmarker.draw import DrawStyle

    return DrawStyle(by_track=arguments.num_poses > 1 and arguments.subject is None)


def trail_maker(arguments: argparse.Namespace) -> Callable[[], Trails | None]:
    """Makes the trails of one video, if any are wanted.

    Raises:
        OptionError: ``--trail`` or ``--trail-of`` mean nothing.
    """
    from pose_landmarker.draw import Trails

    seconds = arguments.trail
    if seconds is None and arguments.trail_of is not None:
        seconds = TRAIL_S
    if seconds is None:
        return lambda: None
    check_positive("--trail", seconds)
    make = partial(Trails, seconds, of=arguments.trail_of or "hips")
    try:
        make()
    except OptionError as error:
        raise OptionError(f"--trail-{error}") from None  # "of must be one of ..."
    return make


def processing_options(arguments: argparse.Namespace) -> ImageProcessingOptions:
    """What ``--rotate`` and ``--region`` mean.

    Raises:
        OptionError: One of them means nothing.
    """
    return ImageProcessingOptions(
        rotation_degrees=arguments.rotate, region_of_interest=_region(arguments.region)
    )


def add_segments(group: argparse._ArgumentGroup) -> None:
    """Long videos in pieces."""
    group.add_argument(
        "--segments",
        nargs="?",
        type=partial(_seconds, "--segments", SEGMENT_S),
        const=SEGMENT_S,
        metavar="SECONDS",
        help="cut a long video into pieces of so many seconds that are worked on at the same time and "
        f"joined; people keep their numbers (default: {SEGMENT_S:g})",
    )


def make_landmarker(
    arguments: argparse.Namespace, mode: RunningMode = RunningMode.IMAGE, **more: Any
) -> PoseLandmarker:
    """The landmarker that the arguments describe.

    Args:
        arguments: With those of :func:`add_found` and :func:`add_engine`.
        mode: Running mode.
        **more: Further options.

    Raises:
        PoseLandmarkerError: An option is wrong, or model or engine are not to be had.
    """
    from pose_landmarker.landmarker import PoseLandmarker

    options = {**landmarker_options(arguments, mode), "running_mode": mode, **more}
    return PoseLandmarker.create(arguments.model, **cast("OptionValues", options))


def landmarker_options(arguments: argparse.Namespace, mode: RunningMode) -> OptionValues:
    """The options of a landmarker that the arguments describe, but for model and running mode.

    Raises:
        OptionError: ``--subject`` means nothing.
    """
    options: OptionValues = {
        "num_poses": arguments.num_poses,
        "min_pose_detection_confidence": arguments.min_detection,
        "min_pose_presence_confidence": arguments.min_presence,
        "output_segmentation_masks": arguments.masks,
        "search": arguments.search,
        "refine": arguments.refine,
        "mirror": arguments.mirror,
        "min_pose_score": arguments.min_score,
        "engine": arguments.engine,
        "device": arguments.device,
        "precision": arguments.precision,
        "threads": arguments.threads,
    }
    if mode is not RunningMode.IMAGE:
        options["min_tracking_confidence"] = arguments.min_tracking
        options["smoothing"] = arguments.smoothing
        options["steady"] = arguments.steady
        options["detection_interval"] = arguments.detection_interval
        options["subject"] = _subject(arguments.subject)
    return options


def _seconds(option: str, usual: float, text: str) -> float:
    try:
        return float(text)
    except ValueError:
        raise argparse.ArgumentTypeError(
            f"wanted seconds such as {usual:g}, not {text!r}; put {option} last, or write {option}={usual:g}"
        ) from None


def _region(text: str | None) -> RegionOfInterest | None:
    if text is None:
        return None
    try:
        left, top, right, bottom = (float(part) for part in text.split(","))
    except ValueError:
        raise OptionError(f"--region must be four numbers like 0,0,0.5,1, not {text!r}") from None
    return RegionOfInterest(left=left, top=top, right=right, bottom=bottom)


def _subject(text: str | None) -> SubjectChoice | None:
    if text is None or "," not in text:
        return text
    try:
        numbers = tuple(float(part) for part in text.split(","))
    except ValueError:
        numbers = ()
    if len(numbers) not in (2, 4):
        raise OptionError(
            f"--subject must be {', '.join(SUBJECT_NAMES)}, a point like 320,240 or a box like "
            f"200,100,80,300, not {text!r}"
        )
    return cast("SubjectChoice", numbers)

"""``pose-landmarker video``: videos in; annotated videos and landmarks as JSON lines out."""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Callable, Generator, Sequence
from contextlib import AbstractContextManager, ExitStack, closing
from functools import partial

from pose_landmarker.checks import check_integer
from pose_landmarker.cli.arguments import (
    add_engine,
    add_found,
    add_processes,
    add_segments,
    add_trail,
    draw_style,
    processing_options,
    trail_maker,
)
from pose_landmarker.cli.clip import Cut, Job, Look
from pose_landmarker.cli.crew import Worker, crew, single_threaded_opencv
from pose_landmarker.cli.finding import Find, ahead, by_process, in_one_go, in_pieces
from pose_landmarker.cli.inputs import Input, find_videos, is_picture
from pose_landmarker.cli.interruption import Interruption
from pose_landmarker.cli.lines import Lines, LinesFile, StandardOutput
from pose_landmarker.cli.outputs import VideoOutputs, video_outputs
from pose_landmarker.cli.pieces import check_whole, piecework
from pose_landmarker.cli.progress import FramesBar, to_terminal
from pose_landmarker.cli.report import count, failure, print_failures
from pose_landmarker.cli.tally import Tally
from pose_landmarker.cli.timecode import parse_rate, parse_time
from pose_landmarker.cli.videos import Videos
from pose_landmarker.errors import OptionError
from pose_landmarker.image_options import ImageProcessingOptions
from pose_landmarker.options import RunningMode

_EPILOG = """\
examples:
  pose-landmarker video dance.mp4
      writes poses/dance_pose.mp4 (with skeletons, and the sound) and poses/dance_pose.jsonl
  pose-landmarker video dance.mp4 -o out.mp4 --num-poses 3 --masks --trail
      this one file: up to three people in colours of their own, silhouettes, and where they went
  pose-landmarker video squat.mov -o squat.mp4 --jsonl squat.jsonl --start 0:05 --end 0:20
      a part of a video, and its landmarks
  pose-landmarker video clips/ 'archive/*.avi' -o found
      all videos of a folder and below, and those that match; results in the folder found/
  pose-landmarker video lecture.mp4 --segments -o lecture_pose.mp4
      a long video in pieces of 30 seconds, so that all processors are busy
  pose-landmarker video frames/ --fps 25 -o walk.mp4
      the pictures of a folder, in the order of their names, as one video
  pose-landmarker video dance.mp4 --no-video --jsonl - | jq -c '[.time, .poses[0].landmarks[0].x]'
      for programs: a line of JSON for every frame as soon as it is there, nothing written

Several videos are worked on at the same time, one for each processor. --jsonl keeps their order.

Lines of JSON hold video, frame (its number), time (seconds since the first frame), timestamp_ms and
what 'image --json' holds; every person has a track_id, the same from frame to frame.
One person is drawn with orange for left and blue for right. With --num-poses 2 and more, everybody
has a colour and a number of their own, with joints in orange and blue.

Ctrl-C finishes what was done so far of every video that was begun, tells how far it came, and ends
with exit status 130; a second one aborts. A video that fails is named at the end, and the exit status
is 1; the others are done. Places that could not be decoded are warnings.
"""


def add_parser(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> argparse.ArgumentParser:
    """Add this command."""
    parser = commands.add_parser(
        "video",
        help="find and follow bodies in videos",
        description="Find and follow bodies in videos; write the videos with skeletons, and the landmarks "
        "as JSON lines.",
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "videos",
        nargs="+",
        metavar="VIDEO",
        help="a video, a folder, a pattern like '*.mp4', an address like https://… or rtsp://…, or with "
        "--fps a folder of pictures",
    )
    _add_results(parser)
    _add_cut(parser)
    add_found(parser, over_time=True)
    add_processes(add_engine(parser, many=True))
    parser.set_defaults(run=run)
    return parser


def _add_results(parser: argparse.ArgumentParser) -> None:
    results = parser.add_argument_group("results")
    results.add_argument(
        "-o",
        "--output",
        metavar="OUT",
        help="the annotated video, such as out.mp4, or a folder for results (default: poses)",
    )
    results.add_argument(
        "--jsonl",
        metavar="FILE",
        help="landmarks of all videos as JSON lines; - prints them. In a folder for results they lie "
        "beside every video anyway",
    )
    results.add_argument("--no-video", action="store_true", help="landmarks only")
    results.add_argument("--no-audio", action="store_true", help="annotated videos without sound")
    results.add_argument(
        "--json", action="store_true", help="print one JSON object a video about what was done"
    )
    add_trail(results)


def _add_cut(parser: argparse.ArgumentParser) -> None:
    cut = parser.add_argument_group("which frames")
    cut.add_argument("--start", metavar="TIME", help="from here: seconds, m:ss or h:mm:ss, such as 1:02.5")
    cut.add_argument("--end", metavar="TIME", help="up to here")
    cut.add_argument("--every", type=int, default=1, metavar="N", help="one frame of N (default: 1)")
    cut.add_argument("--fps", metavar="RATE", help="a folder is one video of its pictures, so many a second")
    add_segments(cut)


def run(arguments: argparse.Namespace) -> int:
    """Run this command; 0, 1 where a video failed, 130 where it was interrupted."""
    cut = _cut(arguments)
    outputs = video_outputs(arguments.output, arguments.jsonl, with_video=not arguments.no_video)
    if outputs.print_lines and arguments.json:
        raise OptionError("--jsonl - and --json both print to standard output; choose one")
    found, failures = find_videos(arguments.videos, outputs.folder, whole_folders=cut.fps is not None)
    videos = _without_pictures(found, cut, failures)
    if outputs.file is not None and len(videos) + len(failures) > 1:
        raise OptionError(f"--output {outputs.file} is one file for several videos; name a folder")
    outputs.check(videos)
    tallies: list[Tally] = []
    waiting = len(videos)
    interruption = Interruption()
    began = time.perf_counter()
    try:
        with closing(_outcomes(arguments, cut, outputs, videos, interruption)) as outcomes:
            for video, outcome in outcomes:
                waiting -= 1
                if isinstance(outcome, Exception):
                    failures.append(failure(video.name, outcome))
                else:
                    outcome.outputs += [outputs.lines] if outputs.lines else []
                    tallies.append(outcome)
                    _tell(outcome, arguments.json, outputs.print_lines)
        if len(videos) > 1 and not arguments.json:
            total = _total(tallies, time.perf_counter() - began)
            print(total, file=sys.stderr if outputs.print_lines else sys.stdout)
    finally:  # also when aborted
        _warn(tallies, failures)
    if interruption.wanted:
        _tell_interruption(tallies, waiting)
        return interruption.status
    return 1 if failures else 0


def _outcomes(
    arguments: argparse.Namespace,
    cut: Cut,
    outputs: VideoOutputs,
    videos: Sequence[Input],
    interruption: Interruption,
) -> Generator[tuple[Input, Tally | Exception], None, None]:
    """Every video with what was done, or with what went wrong; until interrupted."""
    look, processing = _look(arguments), processing_options(arguments)
    find = _finder(arguments, outputs.with_video, processing, interruption)
    if not videos:
        return
    with ExitStack() as stack:
        workers = stack.enter_context(_workers(arguments, len(videos), outputs.with_video))
        if arguments.segments is not None:
            workers[0].close()  # it has shown that options and model are right; every piece has its own
            stack.enter_context(single_threaded_opencv())
        stack.enter_context(interruption)  # not before: a model that is being fetched can be left at once
        lines: list[Lines] = [StandardOutput()] if outputs.print_lines else []
        if outputs.lines is not None:
            lines.append(stack.enter_context(LinesFile(outputs.lines)))

        def job(worker: Worker, video: Input) -> Job:
            threads = None if worker.alone else worker.threads
            return Job(
                find=find(worker, video), cut=cut, look=look, interruption=interruption, threads=threads
            )

        every = Videos(
            videos=videos,
            outputs=outputs,
            lines=lines,
            job=job,
            bar=FramesBar(videos, cut.expect, quiet=outputs.print_lines and to_terminal(sys.stdout)),
            interruption=interruption,
        )
        yield from every.outcomes(workers)


def _workers(
    arguments: argparse.Namespace, videos: int, drawing: bool
) -> AbstractContextManager[list[Worker]]:
    # Pieces of a video have workers of their own; then one video comes after the other.
    whole = arguments.segments is None
    processes = arguments.processes and whole
    return crew(arguments, RunningMode.VIDEO, videos if whole else 1, processes=processes, images=drawing)


def _finder(
    arguments: argparse.Namespace,
    drawing: bool,
    processing: ImageProcessingOptions,
    interruption: Interruption,
) -> Callable[[Worker, Input], Find]:
    """How a worker finds what is in a video.

    Raises:
        OptionError: ``--segments`` means nothing, or it or ``--processes`` does not go with what else was
            asked for.
    """
    if arguments.segments is not None:
        process = piecework(arguments, processing)
        return lambda _, video: partial(in_pieces, partial(process, video.source), drawing, interruption)

    if arguments.processes:
        check_whole(arguments, "--processes")

    def find(worker: Worker, video: Input) -> Find:
        if worker.process is None:
            one_go = partial(in_one_go, worker.landmarker, processing, interruption)
        else:
            found = partial(by_process, worker.process, video.source)
            one_go = partial(in_pieces, found, False, interruption)
        # With a single thread the other workers have the cores.
        return partial(ahead, one_go) if worker.alone or worker.threads > 1 else one_go

    return find


def _cut(arguments: argparse.Namespace) -> Cut:
    start = None if arguments.start is None else parse_time("--start", arguments.start)
    end = None if arguments.end is None else parse_time("--end", arguments.end)
    if end is not None and end <= (start or 0):
        raise OptionError(f"--end {arguments.end} is not after --start {arguments.start or 0}")
    every = check_integer("--every", arguments.every, low=1)
    fps = None if arguments.fps is None else parse_rate("--fps", arguments.fps)
    return Cut(start=start, end=end, every=every, fps=fps)


def _look(arguments: argparse.Namespace) -> Look:
    return Look(
        style=draw_style(arguments),
        new_trails=trail_maker(arguments),
        audio=not arguments.no_audio,
    )


def _without_pictures(found: Sequence[Input], cut: Cut, failures: list[str]) -> list[Input]:
    """The videos; a picture would be one of a single frame, which nobody wants."""
    hint = "name its folder" if cut.fps else "use 'pose-landmarker image'"
    failures += [
        f"{video.name}: a picture, not a video; {hint}" for video in found if is_picture(video.source)
    ]
    return [video for video in found if not is_picture(video.source)]


def _tell(tally: Tally, as_json: bool, apart: bool) -> None:
    """Say what was done; on standard error where standard output is for landmarks."""
    if as_json:
        print(json.dumps(tally.as_dict()), flush=True)
        return
    stream = sys.stderr if apart else sys.stdout
    print(tally.sentence(), file=stream)
    for path in tally.outputs:
        print(f"  -> {path}", file=stream)


def _total(tallies: Sequence[Tally], seconds: float) -> str:
    people = sum(tally.most_people > 0 for tally in tallies)
    frames = sum(tally.frames for tally in tallies)
    work = f"{count(frames, 'frame')} in {seconds:.1f} s ({frames / max(seconds, 1e-9):.0f} a second)"
    return f"{count(len(tallies), 'video')}, {people} with people, {work}"


def _warn(tallies: Sequence[Tally], failures: Sequence[str]) -> None:
    for tally in tallies:
        for problem in tally.problems:
            print(f"warning: {tally.video}: {problem}", file=sys.stderr)
    print_failures(failures, len(tallies))


def _tell_interruption(tallies: Sequence[Tally], waiting: int) -> None:
    ended = [tally for tally in tallies if tally.interrupted]
    for tally in ended:
        name = f"{tally.video}: " if len(ended) > 1 else ""
        print(f"{name}{tally.interruption()}", file=sys.stderr)
    if not ended:
        print("interrupted", file=sys.stderr)
    if waiting > 0:
        print(f"{count(waiting, 'video')} not begun", file=sys.stderr)

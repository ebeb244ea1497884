"""``pose-landmarker convert``: poses from one file format to another."""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pose_landmarker.checks import check_positive
from pose_landmarker.errors import OptionError
from pose_landmarker.media.suffixes import PICTURE_SUFFIXES, VIDEO_SUFFIXES

if TYPE_CHECKING:
    from pose_landmarker.export import Format
    from pose_landmarker.recording import Recording

_EPILOG = """\
examples:
  pose-landmarker convert dance.jsonl dance.csv             a table, one row per pose
  pose-landmarker convert dance.jsonl dance.csv --set layout=tidy
  pose-landmarker convert dance.jsonl dance.trc --track 1   OpenSim's markers of one person
  pose-landmarker convert dance.jsonl dance.bvh --fps 30    a skeleton for Blender, 30 frames a second
  pose-landmarker convert dance_1.trc dance_2.trc dance.csv   a file for each person, together
  pose-landmarker convert openpose_out/ dance.parquet --set-in frame_rate=25

The suffixes say which formats; --from and --to say it where they do not. A folder is OpenPose's.
docs/export.md describes each format, with units and coordinate systems.
"""


def add_parser(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> argparse.ArgumentParser:
    """Add this command."""
    parser = commands.add_parser(
        "convert",
        help="poses from one file format to another",
        description="Convert found poses from one file format to another.\n\n" + _formats(),
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "inputs",
        nargs="+",
        metavar="IN",
        help="file or folder with poses; of TRC and BVH, one for each person",
    )
    parser.add_argument("output", metavar="OUT", help="file or folder to write; what is there is replaced")
    parser.add_argument("--from", dest="source", metavar="FORMAT", help="format of IN")
    parser.add_argument("--to", dest="target", metavar="FORMAT", help="format of OUT")
    part = parser.add_argument_group("which part")
    part.add_argument(
        "--track", action="append", type=int, metavar="ID", help="only this person; may be given again"
    )
    part.add_argument("--start", type=float, metavar="S", help="from this time on, seconds")
    part.add_argument("--end", type=float, metavar="S", help="before this time, seconds")
    part.add_argument("--fps", type=float, metavar="N", help="this many frames per second, evenly")
    more = parser.add_argument_group("choices of the formats")
    more.add_argument("--set", action="append", default=[], metavar="NAME=VALUE", help="for OUT")
    more.add_argument("--set-in", action="append", default=[], metavar="NAME=VALUE", help="for IN")
    parser.add_argument("--json", action="store_true", help="say what was done as JSON")
    parser.set_defaults(run=_run)
    return parser


def _formats() -> str:
    from pose_landmarker.export.formats import FORMATS

    rows = [
        f"  {known.name:<10} {' '.join(known.suffixes) or '(folder)':<26} {known.title}" for known in FORMATS
    ]
    return "\n".join(["formats:", *rows])


def _run(arguments: argparse.Namespace) -> int:
    from pose_landmarker.export import format_of

    source, target = Path(arguments.inputs[0]), Path(arguments.output)
    if source.suffix.lower() in VIDEO_SUFFIXES | PICTURE_SUFFIXES and arguments.source is None:
        command = "video" if source.suffix.lower() in VIDEO_SUFFIXES else "image"
        raise OptionError(
            f"{source} has pictures, not poses; `pose-landmarker {command} {source}` finds the poses in it "
            "and writes them as JSON, which this converts"
        )
    into = format_of(target, arguments.target, arguments.output)
    for path in map(Path, arguments.inputs):
        if path.exists() and target.exists() and path.samefile(target):
            raise OptionError(f"{target} is the input; name another file to write")
    choices = _choices(arguments.set)
    recording = _part(_load(arguments), arguments)
    written = _save(into, recording, target, choices)
    _tell(recording, into, arguments.inputs, written, as_json=arguments.json)
    return 0


def _load(arguments: argparse.Namespace) -> Recording:
    from pose_landmarker.export import format_of, load

    given, choices = arguments.inputs, _choices(arguments.set_in)
    if len(given) == 1:
        return load(given[0], arguments.source, **choices)
    formats = {format_of(Path(name), arguments.source, name).name: name for name in given}
    if len(formats) > 1 or not formats.keys() & {"trc", "bvh"}:
        raise OptionError(
            f"{len(given)} files cannot be read together: TRC and BVH have a file for each person, other "
            "formats have everybody in one"
        )
    missing = [name for name in given if not Path(name).exists()]
    if missing:
        raise OptionError(f"{missing[0]}: there is no such file")
    return format_of(Path(given[0]), arguments.source).load(list(map(Path, given)), **choices)


def _part(recording: Recording, arguments: argparse.Namespace) -> Recording:
    if arguments.track or arguments.start is not None or arguments.end is not None:
        recording = recording.select(arguments.track, start_s=arguments.start, end_s=arguments.end)
    if arguments.fps is not None:
        from pose_landmarker.resampling import resample

        recording = resample(recording, check_positive("--fps", arguments.fps))
    return recording


def _save(into: Format, recording: Recording, target: Path, choices: dict[str, Any]) -> tuple[Path, ...]:
    try:
        return into.save(recording, target, **choices)
    except TypeError as error:
        if "unexpected keyword argument" not in str(error):
            raise
        name = str(error).rpartition("argument ")[2]
        raise OptionError(f"--set: {into.name} has no choice {name}; docs/export.md lists them") from None


def _choices(given: list[str]) -> dict[str, Any]:
    """``layout=tidy`` → {"layout": "tidy"}; numbers and true, false, null as JSON has them."""
    choices: dict[str, Any] = {}
    for text in given:
        name, equals, value = text.partition("=")
        if not equals or not name.isidentifier():
            raise OptionError(f"--set wants NAME=VALUE, not {text!r}")
        try:
            choices[name] = json.loads(value)
        except ValueError:
            choices[name] = value
    return choices


def _tell(
    recording: Recording, into: Format, sources: list[str], written: tuple[Path, ...], *, as_json: bool
) -> None:
    if as_json:
        record = {
            "inputs": sources,
            "format": into.name,
            "written": list(map(str, written)),
            "frames": len(recording),
            "poses": len(recording.frames),
            "tracks": recording.tracks.tolist(),
            "loses": into.loses or None,
        }
        print(json.dumps(record, indent=2))
        return
    poses = len(recording.frames)
    frames = f"{len(recording)} frame{'' if len(recording) == 1 else 's'}"
    note = f"; {into.name} has no place for {into.loses}" if into.loses else ""
    print(f"{', '.join(map(str, written))}: {frames}, {poses} pose{'' if poses == 1 else 's'}{note}")

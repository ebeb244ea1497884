"""pose-landmarker beside MediaPipe, in one interleaved run: time per picture, start, memory, size.

    python benchmarks/compare.py [--image photo.jpg] [--json figures.json]

Both are installed into virtual environments of their own, made on the first run beside this file's
project (.venv-bench-*). Every figure is a median; the two take turns, so that a machine whose speed
drifts slows both. By default the photo is scikit-image's astronaut, scaled to 1280x720.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import shlex
import statistics
import subprocess
import sys
import time
import venv
from collections.abc import Sequence
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
WORKER = Path(__file__).with_name("worker.py")
REFERENCE = "mediapipe==1.2.2"
MODELS = ("lite", "full", "heavy")
#: name → packages of its environment.
ENVIRONMENTS = {
    "mediapipe": [REFERENCE],
    "litert": [str(ROOT)],
    "openvino": [f"{ROOT}[openvino]"],
}


class Worker:
    """A process that has a landmarker and times it when asked."""

    def __init__(self, kind: str, *arguments: object, script: Path = WORKER) -> None:
        self._command = [python_of(kind), str(script), kind, *map(str, arguments)]
        self._process = subprocess.Popen(
            self._command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
        )

    def ask(self, calls: int) -> dict[str, Any]:
        """Time so many calls."""
        assert self._process.stdin
        assert self._process.stdout
        self._process.stdin.write(f"{calls}\n")
        self._process.stdin.flush()
        line = self._process.stdout.readline()
        if not line:
            raise SystemExit(f"the worker failed; try: {shlex.join(self._command)} <<< 1")
        answer: dict[str, Any] = json.loads(line)
        return answer

    def close(self) -> None:
        """End the process."""
        self._process.communicate()


def python_of(kind: str) -> str:
    """The interpreter of an environment."""
    folder = "Scripts" if os.name == "nt" else "bin"
    return str(ROOT / f".venv-bench-{kind}" / folder / "python")


def prepare(kind: str) -> None:
    """Make an environment unless it is there; ours is always brought up to date."""
    folder = ROOT / f".venv-bench-{kind}"
    fresh = not folder.exists()
    if fresh:
        print(f"making {folder.name} ...", file=sys.stderr)
        venv.create(folder, with_pip=True)
    if fresh or kind != "mediapipe":
        pip = [python_of(kind), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
        subprocess.run([*pip, *ENVIRONMENTS[kind]], check=True, stderr=subprocess.DEVNULL)
        if kind != "mediapipe" and not fresh:  # the version may be the same, the code is not
            subprocess.run(
                [*pip, "--force-reinstall", "--no-deps", str(ROOT)], check=True, stderr=subprocess.DEVNULL
            )


def installed_size(kind: str) -> dict[str, float]:
    """Megabytes (2²⁰ bytes) in site-packages without pip and setuptools: of files, and on disk."""
    script = "import sysconfig; print(sysconfig.get_paths()['purelib'])"
    found = subprocess.run([python_of(kind), "-c", script], capture_output=True, text=True, check=True)
    site = Path(found.stdout.strip())
    skipped = ("pip", "setuptools", "pkg_resources", "_distutils_hack")
    files = blocks = 0
    for path in site.rglob("*"):
        if path.is_file() and not path.relative_to(site).parts[0].startswith(skipped):
            status = path.stat()
            files += status.st_size
            blocks += getattr(status, "st_blocks", 0) * 512
    return {"files": files / 2**20, "on_disk": blocks / 2**20}


def time_per_picture(
    kinds: Sequence[str], model: Path, image: Path, rounds: int
) -> dict[str, dict[str, float]]:
    """Median wall and CPU milliseconds of a call, the kinds taking turns, and memory."""
    workers = {kind: Worker(kind, model, image) for kind in kinds}
    answers: dict[str, list[dict[str, Any]]] = {kind: [] for kind in kinds}
    try:
        for worker in workers.values():
            worker.ask(5)  # warm up
        for _ in range(rounds):
            for kind, worker in workers.items():
                answers[kind].append(worker.ask(5))
    finally:
        for worker in workers.values():
            worker.close()
    figures = {}
    for kind, rows in answers.items():
        assert all(row["poses"] == 1 for row in rows), f"{kind} found {rows[0]['poses']} people"
        figures[kind] = {
            "wall_ms": statistics.median(t for row in rows for t in row["wall_ms"]),
            "cpu_ms": statistics.median(row["cpu_ms"] for row in rows),
            "memory_mb": rows[-1]["memory_mb"],
        }
    return figures


def time_to_first_result(kinds: Sequence[str], model: Path, image: Path, rounds: int) -> dict[str, float]:
    """Median milliseconds from the start of a process to its first result, the kinds taking turns."""
    times: dict[str, list[float]] = {kind: [] for kind in kinds}
    for number in range(rounds + 1):
        for kind in kinds:
            started = time.perf_counter()
            worker = Worker(kind, model, image)
            worker.ask(1)
            elapsed = time.perf_counter() - started
            worker.close()
            if number:  # the first round warms the disk
                times[kind].append(elapsed * 1e3)
    return {kind: statistics.median(values) for kind, values in times.items()}


def photo_720p() -> Path:
    """The astronaut at 1280x720, in the benchmark's own folder."""
    path = ROOT / ".venv-bench-litert" / "astronaut_720p.png"
    if not path.exists():
        pip = [python_of("litert"), "-m", "pip", "download", "--quiet", "--no-deps"]
        subprocess.run(
            [*pip, "scikit-image", "--dest", str(path.parent)], check=True, stderr=subprocess.DEVNULL
        )
        script = (
            "import glob, io, sys, zipfile; from PIL import Image, ImageOps\n"
            "wheel = zipfile.ZipFile(glob.glob(sys.argv[1] + '/scikit_image-*.whl')[0])\n"
            "photo = Image.open(io.BytesIO(wheel.read('skimage/data/astronaut.png'))).convert('RGB')\n"
            "ImageOps.pad(photo, (1280, 720), color=(90, 90, 90)).save(sys.argv[2])"
        )
        subprocess.run([python_of("litert"), "-c", script, str(path.parent), str(path)], check=True)
    return path


def model_file(name: str, bundles: Path | None) -> Path:
    """A bundle with the metadata that the reference wants: a given one, or the official one."""
    if bundles is not None:
        return bundles / f"pose_landmarker_{name}.task"
    command = [python_of("litert"), "-m", "pose_landmarker", "models"]
    subprocess.run([*command, "fetch", name], check=True, stdout=subprocess.DEVNULL)
    done = subprocess.run([*command, "--json"], capture_output=True, text=True, check=True)
    model = next(row for row in json.loads(done.stdout) if row["name"] == name)
    if model["source"] != "official bundle":
        raise SystemExit(
            f"{name} came from the {model['source']}, which the reference cannot read: it wants TFLite "
            "metadata. Give the folder of the official .task files with --bundles."
        )
    return Path(model["path"])


def measure(kinds: Sequence[str], arguments: argparse.Namespace) -> dict[str, Any]:
    """All figures."""
    for kind in kinds:
        prepare(kind)
    photo = arguments.image or photo_720p()
    rounds = arguments.rounds
    figures: dict[str, Any] = {
        "machine": f"{platform.machine()}, {os.cpu_count()} cores, {platform.system()}",
        "python": platform.python_version(),
        "image": photo.name,
        "installed_mb": {kind: installed_size(kind) for kind in kinds},
        "per_picture": {},
        "first_result_ms": {},
    }
    for name in arguments.models:
        print(f"measuring {name} ...", file=sys.stderr)
        model = model_file(name, arguments.bundles)
        figures["per_picture"][name] = time_per_picture(kinds, model, photo, rounds)
        figures["first_result_ms"][name] = time_to_first_result(kinds, model, photo, max(3, rounds // 3))
    return figures


def report(figures: dict[str, Any]) -> str:
    """The figures as a Markdown table."""
    lines = [
        f"{figures['machine']}, Python {figures['python']}, IMAGE mode, {figures['image']}, default threads",
        "",
        "| model | | wall ms | × faster | CPU ms | first result ms | × faster | memory MB |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for model, rows in figures["per_picture"].items():
        first = figures["first_result_ms"][model]
        for kind, row in rows.items():
            speedup = rows["mediapipe"]["wall_ms"] / row["wall_ms"]
            start = first["mediapipe"] / first[kind]
            lines.append(
                f"| {model} | {kind} | {row['wall_ms']:.1f} | {speedup:.2f} | {row['cpu_ms']:.1f} | "
                f"{first[kind]:.0f} | {start:.2f} | {row['memory_mb']:.0f} |"
            )
    lines += ["", "| | installed, MiB of files | on disk |", "|---|---|---|"]
    for kind, size in figures["installed_mb"].items():
        lines.append(f"| {kind} | {size['files']:.0f} | {size['on_disk']:.0f} |")
    return "\n".join(lines)


def main() -> None:
    """Measure and print."""
    raw = argparse.RawDescriptionHelpFormatter
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=raw)
    parser.add_argument("--image", type=Path, help="a photo of one person (default: the astronaut at 720p)")
    parser.add_argument("--models", nargs="+", default=MODELS, choices=MODELS)
    parser.add_argument("--bundles", type=Path, help="folder of official .task files (default: fetched)")
    parser.add_argument("--without-openvino", action="store_true", help="only the core")
    parser.add_argument("--rounds", type=int, default=20, help="of five calls each (default: %(default)s)")
    parser.add_argument("--json", type=Path, help="also write the figures to this file")
    arguments = parser.parse_args()
    kinds = [kind for kind in ENVIRONMENTS if kind != "openvino" or not arguments.without_openvino]
    figures = measure(kinds, arguments)
    if arguments.json:
        arguments.json.write_text(json.dumps(figures, indent=2) + "\n")
    print(report(figures))


if __name__ == "__main__":
    main()

"""Frames a second by PyTorch on a device, at several batch sizes, and how near that is to its limits.

    python -m benchmarks.gpu [--device cuda] [--models lite full heavy] [--batches 1 16 256] [--json FILE]

Three figures for every batch size. *network*: one network alone, its crops are on the device already.
*crops*: frames of 1280x720 lie in memory, one for each crop; they are carried over, cut, computed, refined,
and the answers are carried back. *videos*: so many videos at the same time, each on a thread with a
landmarker of its own, from frames in memory to poses.

Limits are measured on the same device: products of large matrices, and copies. A network's share of the
first is two operations for each of its multiplications; of the second, every layer's inputs, weights and
outputs, once.
"""

from __future__ import annotations

import argparse
import json
import statistics
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import asdict, dataclass
from itertools import cycle, islice
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.overhead import frames_of
from pose_landmarker import PoseLandmarker, RunningMode
from pose_landmarker.arrays import RgbImage
from pose_landmarker.bench.operations import multiplications
from pose_landmarker.detector import DETECTOR_OFFSET, DETECTOR_OUTPUTS, DETECTOR_SCALE
from pose_landmarker.engines.native.graph import Graph
from pose_landmarker.engines.native.reading import read_graph
from pose_landmarker.engines.pytorch.device import check_device
from pose_landmarker.engines.pytorch.float32 import full_float32
from pose_landmarker.engines.pytorch.module import Module
from pose_landmarker.engines.pytorch.runner import Parts, Runner
from pose_landmarker.engines.pytorch.warp import cut_of, window_of
from pose_landmarker.imaging import crop_matrix
from pose_landmarker.landmark_net import LANDMARK_OFFSET, LANDMARK_SCALE, LandmarkNet
from pose_landmarker.markdown import table
from pose_landmarker.models.bundle import Bundle
from pose_landmarker.models.rewriting import conv_before_resize
from pose_landmarker.models.store import load_bundle
from pose_landmarker.models.tflite import with_outputs
from pose_landmarker.options import BaseOptions, Precision
from pose_landmarker.results import Roi

#: Whom the frames show (benchmarks.overhead makes them).
_REGION = Roi(640.0, 360.0, 640.0, 0.1)
_LEAST_CALLS = 3


@dataclass(frozen=True, slots=True)
class Limits:
    """What the device can do at most, measured."""

    flops: float
    """Operations a second, of products of matrices."""
    bytes_s: float
    """Read and written, together."""


@dataclass(frozen=True, slots=True)
class Row:
    """One figure."""

    model: str
    what: str
    precision: str
    batch: int
    frames_s: float
    arithmetic: float | None = None
    """Share of the device's limit."""
    memory: float | None = None
    """Share of the device's limit."""


@dataclass(frozen=True, slots=True)
class Net:
    """A network and how it is run."""

    name: str
    model: bytes
    scale: float
    offset: float
    replicate: bool
    refined: tuple[int, int] | None


class Bench:
    """Measures on one device with one precision."""

    def __init__(self, device: str, precision: Precision, seconds: float, side: int) -> None:
        self.device = device
        self.precision = precision
        self._seconds = seconds
        self._half = precision == "fast"
        self.limits = Limits(self._matmul(side), self._copy(side))

    def rate(self, call: Callable[[], object], size: float) -> float:
        """How much is done in a second, of calls that do so much each: by the median of their times."""
        call()
        self._wait()
        spent: list[float] = []
        end = time.perf_counter() + self._seconds
        while len(spent) < _LEAST_CALLS or time.perf_counter() < end:
            started = time.perf_counter()
            call()
            self._wait()
            spent.append(time.perf_counter() - started)
        return size / statistics.median(spent)

    def network(self, net: Net, batch: int) -> Row:
        """A network alone."""
        import torch

        graph = read_graph(net.model)
        module = self._module(net, graph)
        crops = torch.randint(0, 256, (batch, *module.size), dtype=torch.uint8, device=self.device)
        with torch.inference_mode(), full_float32():
            rate = self.rate(lambda: module(crops), batch)
        arithmetic = rate * 2 * multiplications(net.model) / self.limits.flops
        memory = rate * traffic(graph, batch, 2 if self._half else 4) / self.limits.bytes_s
        return Row(net.name, "network", self.precision, batch, rate, arithmetic, memory)

    def crops(self, net: Net, batch: int, frames: Sequence[RgbImage]) -> Row:
        """A network with all that is between it and frames in memory."""
        module = self._module(net, read_graph(net.model))
        runner = Runner(module, device=self.device, threads=_threads(), most=batch, refined=net.refined)
        requests = [_request(frame, net, module.size[0]) for frame in islice(cycle(frames), batch)]
        return Row(net.name, "crops", self.precision, batch, self.rate(lambda: runner(requests), batch))

    def videos(self, model: str, count: int, frames: Sequence[RgbImage]) -> Row:
        """So many videos at the same time."""
        options: dict[str, Any] = {
            "engine": "torch",
            "device": self.device,
            "precision": self.precision,
            "threads": _threads(),
        }
        with ExitStack() as stack:
            crew = [
                stack.enter_context(PoseLandmarker.create(model, running_mode=RunningMode.VIDEO, **options))
                for _ in range(count)
            ]
            pool = stack.enter_context(ThreadPoolExecutor(count))

            def one(landmarker: PoseLandmarker) -> None:
                landmarker.reset()
                for i, frame in enumerate(frames):
                    landmarker.detect_for_video(frame, 33 * i)

            rate = self.rate(lambda: list(pool.map(one, crew)), count * len(frames))
        return Row(Path(model).stem, "videos", self.precision, count, rate)

    def _module(self, net: Net, graph: Graph) -> Module:
        return Module(graph, scale=net.scale, offset=net.offset, device=self.device, half=self._half)

    def _matmul(self, side: int) -> float:
        import torch

        kind = torch.float16 if self._half else torch.float32
        left, right = (torch.rand(side, side, device=self.device).to(kind) for _ in range(2))
        with full_float32():
            return self.rate(lambda: left @ right, 2 * side**3)

    def _copy(self, side: int) -> float:
        import torch

        source = torch.zeros(4 * side * side, device=self.device)
        target = torch.empty_like(source)
        return self.rate(lambda: target.copy_(source), 2 * 4 * source.numel())

    def _wait(self) -> None:
        if self.device != "cpu":
            import torch

            torch.cuda.synchronize(self.device)


def traffic(graph: Graph, batch: int, size: int) -> float:
    """Bytes that a picture of a batch moves: of each layer what it reads, its weights, and what it writes.

    Args:
        graph: The network.
        batch: How many pictures share the weights.
        size: Of a number, bytes.
    """
    total = 0.0
    for layer in graph.layers:
        maps = (*layer.reads, layer.output) if layer.kind != "crop" else (layer.output,)
        weights = 0 if layer.weights is None else layer.weights.size
        total += size * (sum(float(np.prod(graph.shapes[number])) for number in maps) + weights / batch)
    return total


def nets_of(model: str, bundle: Bundle) -> list[Net]:
    """The networks of a model, as the landmarker runs them."""
    detector = with_outputs(conv_before_resize(bundle.detector), DETECTOR_OUTPUTS)
    landmarks = with_outputs(bundle.landmarks, LandmarkNet.outputs(with_masks=False))
    return [
        Net("detector", detector, DETECTOR_SCALE, DETECTOR_OFFSET, False, None),
        Net(Path(model).stem, landmarks, LANDMARK_SCALE, LANDMARK_OFFSET, True, (0, 2)),
    ]


def measure(
    bench: Bench, models: Sequence[str], batches: Sequence[int], frames: Sequence[RgbImage]
) -> Iterator[Row]:
    """All figures, one after the other."""
    for i, model in enumerate(models):
        nets = nets_of(model, load_bundle(BaseOptions.of(model)))
        for batch in batches:
            for net in nets[min(i, 1) :]:  # the detector is the same in all models
                yield bench.network(net, batch)
                yield bench.crops(net, batch, frames)
            yield bench.videos(model, batch, frames)


def about(device: str) -> dict[str, Any]:
    """On what the figures were measured."""
    import torch

    card = device != "cpu"
    return {
        "device": torch.cuda.get_device_name(device) if card else "cpu",
        "torch": torch.__version__,
        "cuda": torch.version.cuda,
        "cudnn": torch.backends.cudnn.version() if card else None,
        "threads": _threads(),
    }


def report(rows: Sequence[Row], limits: dict[str, Limits]) -> str:
    """The figures as Markdown."""
    lines = [
        (
            row.model,
            row.what,
            row.precision,
            str(row.batch),
            f"{row.frames_s:,.0f}",
            "" if row.arithmetic is None else f"{row.arithmetic:.0%}",
            "" if row.memory is None else f"{row.memory:.0%}",
        )
        for row in rows
    ]
    head = ("model", "what", "precision", "batch", "frames/s", "of arithmetic", "of memory")
    told = [
        f"- {precision}: {limit.flops / 1e12:.2f} TFLOP/s, {limit.bytes_s / 1e9:.0f} GB/s"
        for precision, limit in limits.items()
    ]
    return "\n".join([table(head, lines), "", *told])


def _request(frame: RgbImage, net: Net, size: int) -> Parts:
    import torch

    matrices = [crop_matrix(_REGION, size)]
    window = window_of(matrices, size, frame.shape[1], frame.shape[0])
    seen = np.ascontiguousarray(frame[window.top : window.bottom, window.left : window.right])
    pixels = torch.from_numpy(seen.reshape(-1, 3))
    if torch.cuda.is_available():
        pixels = pixels.pin_memory()
    return Parts(pixels, cut_of(frame, window, matrices, replicate=net.replicate))


def _threads() -> int:
    import torch

    return int(torch.get_num_threads())


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure, print, write."""
    import torch

    raw = argparse.RawDescriptionHelpFormatter
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=raw)
    parser.add_argument("--device", default="cuda")
    parser.add_argument("--models", nargs="+", default=["lite", "full", "heavy"])
    parser.add_argument("--batches", nargs="+", type=int, default=[1, 16, 256])
    parser.add_argument("--precisions", nargs="+", choices=("exact", "fast"), default=["exact"])
    parser.add_argument("--seconds", type=float, default=3.0, help="for each figure")
    parser.add_argument("--frames", type=int, default=30, help="of each video")
    parser.add_argument("--side", type=int, default=8192, help="of the matrices that show the limits")
    parser.add_argument("--json", type=Path, help="also write the figures to this file")
    parser.add_argument("--threads", type=int, default=1, help="of the processor, if that is the device")
    given = parser.parse_args(arguments)
    device = check_device(given.device)
    torch.set_num_threads(given.threads)
    frames = frames_of(None, given.frames)
    rows: list[Row] = []
    limits: dict[str, Limits] = {}
    for precision in given.precisions:
        bench = Bench(device, precision, given.seconds, given.side)
        limits[precision] = bench.limits
        for row in measure(bench, given.models, given.batches, frames):
            print(f"{row.model}, {row.what}, {row.precision}, {row.batch}: {row.frames_s:,.1f} frames/s")
            rows.append(row)
    print("\n" + report(rows, limits))
    if given.json:
        figures = {
            "about": about(device),
            "limits": {precision: asdict(limit) for precision, limit in limits.items()},
            "rows": [asdict(row) for row in rows],
        }
        given.json.write_text(json.dumps(figures, indent=2) + "\n")


if __name__ == "__main__":
    main()

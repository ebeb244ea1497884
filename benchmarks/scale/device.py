"""GPUs, reckoned, not measured: what arithmetic and memory allow the networks, and what decoders bring in."""

from __future__ import annotations

from dataclasses import dataclass

from benchmarks.scale.archive import Archive
from benchmarks.scale.clips import looks_a_frame
from benchmarks.scale.figures import Figures

#: Of one run of each network: 10⁹ multiplications (``pose_landmarker.bench.operations``), and 10⁶ numbers
#: read and written where each layer is a kernel of its own (the native engine's graph, as it is read).
GMAC = {"lite": 0.166, "full": 0.351, "heavy": 1.890, "detector": 0.387}
MOVED_M = {"lite": 12.1, "full": 18.0, "heavy": 54.3, "detector": 16.1}
#: Assumed share of what the device could do that an engine reaches with networks of small layers.
SHARES = (0.2, 0.3, 0.4)
#: 1080p H.264 frames a second of one hardware decoder, beside each of the shares. NVIDIA measured 596 on an
#: RTX 4060 Ti, which has one (NVIDIA-ISAAC-ROS/isaac_ros_benchmark, h264_decoder_node on nuc_4060ti); others
#: report less.
DECODER_FPS = {0.2: 350.0, 0.3: 475.0, 0.4: 600.0}
_HALF_BYTES = 2
#: Python of a frame and person on the processor, tracking and results (docs/speed.md, "python side"), ms.
PYTHON_MS = 0.39
_FULL_HD = 1080**2


@dataclass(frozen=True, slots=True, kw_only=True)
class Device:
    """A GPU and the machine around it.

    Attributes:
        name: Of the GPU.
        tflops: Dense, half precision, 10¹² operations a second.
        gb_s: Of its memory.
        decoders: Hardware video decoders.
        cores: Of the machine.
        hour: Its price, on demand.
        spot: Its price, spot; 0 where none was found.
        source: Of the price.
    """

    name: str
    tflops: float
    gb_s: float
    decoders: int
    cores: int
    hour: float
    spot: float
    source: str


_CATALOG = "skypilot-catalog v8/aws at e385a0d, us-east-1"
DEVICES = (
    Device(
        name="T4 (g4dn.xlarge)",
        tflops=65,
        gb_s=320,
        decoders=2,
        cores=4,
        hour=0.526,
        spot=0.213,
        source=_CATALOG,
    ),
    Device(
        name="L4 (g6.4xlarge)",
        tflops=121,
        gb_s=300,
        decoders=4,
        cores=16,
        hour=1.3232,
        spot=0.55,
        source=_CATALOG,
    ),
    Device(
        name="H100 (p5.48xlarge, one of 8)",
        tflops=989,
        gb_s=3350,
        decoders=7,
        cores=24,
        hour=98.32 / 8,
        spot=0.0,
        source="wring.co, EC2 price guide, 2026-03-08",
    ),
    Device(
        name="H100 (rented alone)",
        tflops=989,
        gb_s=3350,
        decoders=7,
        cores=24,
        hour=2.49,
        spot=0.0,
        source="computespec.pages.dev, Lambda, one GPU",
    ),
)


def network_fps(device: Device, archive: Archive, share: float) -> float:
    """Frames a second that the networks allow: a share of the slower of arithmetic and memory."""
    looks = looks_a_frame(archive.fps, archive.people)
    operations = 2e9 * (GMAC[archive.model] * archive.people + GMAC["detector"] * looks)
    moved = 1e6 * _HALF_BYTES * (MOVED_M[archive.model] * archive.people + MOVED_M["detector"] * looks)
    return share / max(operations / (device.tflops * 1e12), moved / (device.gb_s * 1e9))


def decoder_fps(device: Device, archive: Archive, share: float) -> float:
    """Frames a second of its hardware decoders, by the number of pixels."""
    height = int(archive.format.partition("p")[0])
    return device.decoders * DECODER_FPS[share] * _FULL_HD / height**2


def processor_fps(device: Device, archive: Archive, figures: Figures, *, decodes: bool) -> float:
    """Frames a second of the processor beside it: Python and rows, and decoding where it does that."""
    ms = PYTHON_MS * max(1.0, archive.people) + figures.pack_row_s * 1e3 * max(1.0, archive.people)
    return device.cores / (ms + decodes * figures.read_ms[archive.format]) * 1e3


def limits(device: Device, archive: Archive, figures: Figures, share: float) -> dict[str, dict[str, float]]:
    """Frames a second that each part allows, with decoding on the processor and on the device."""
    networks = network_fps(device, archive, share)
    return {
        "processor decodes": {
            "networks": networks,
            "processor": processor_fps(device, archive, figures, decodes=True),
        },
        "device decodes": {
            "networks": networks,
            "processor": processor_fps(device, archive, figures, decodes=False),
            "decoders": decoder_fps(device, archive, share),
        },
    }

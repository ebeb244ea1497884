"""Which devices PyTorch can compute on, here and now."""

from __future__ import annotations

from typing import NamedTuple

from pose_landmarker.errors import EngineError

#: What is wrong in a process that was forked from one that used a card.
FORKED = (
    "CUDA does not survive os.fork(): create the landmarker in the new process, and start that "
    "with multiprocessing's method 'spawn'"
)


class Device(NamedTuple):
    """A graphics card that PyTorch sees."""

    name: str
    """As the option says it, such as ``cuda:0``."""
    label: str
    """What its maker calls it."""
    memory_gib: float


def check_device(device: str) -> str:
    """The device that an option means, its number said: ``cpu``, or ``cuda:0`` for ``cuda``.

    ``cuda`` is the current card of the thread that calls this.

    Raises:
        EngineError: There is no such device here, or PyTorch cannot use it; the message says what to do.
    """
    if device == "cpu":
        return device
    import torch

    if not torch.cuda.is_available():
        raise EngineError(
            f"device={device!r} cannot be had: {why_none()}; or leave out device, to compute on the processor"
        )
    try:
        number = int(device.partition(":")[2] or torch.cuda.current_device())
    except RuntimeError as error:
        why = FORKED if torch.cuda._is_in_bad_fork() else f"device={device!r} cannot be used: {error}"
        raise EngineError(why) from error
    if number >= torch.cuda.device_count():
        raise EngineError(f"device={device!r} does not exist; here are {', '.join(map(_told, devices()))}")
    return f"cuda:{number}"


def devices() -> list[Device]:
    """The graphics cards that PyTorch sees."""
    import torch

    if not torch.cuda.is_available():
        return []
    found = [torch.cuda.get_device_properties(number) for number in range(torch.cuda.device_count())]
    return [Device(f"cuda:{i}", card.name, card.total_memory / 2**30) for i, card in enumerate(found)]


def why_none() -> str:
    """Why PyTorch sees no graphics card, and what to do."""
    import torch

    found = f"torch.cuda.is_available() is False with PyTorch {torch.__version__}, which was built"
    if torch.version.cuda is None:
        return f"{found} without CUDA: install a build with it (https://pytorch.org/get-started)"
    return (
        f"{found} for CUDA {torch.version.cuda}: it wants an NVIDIA card, a driver that is new enough "
        "(nvidia-smi tells), and CUDA_VISIBLE_DEVICES not to hide the card"
    )


def _told(device: Device) -> str:
    return f"{device.name} ({device.label})"

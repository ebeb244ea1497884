"""What differs between the releases of PyAV that videos are read and written with, 17 to 19."""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING, Any, Protocol

from pose_landmarker.errors import MissingExtraError, VideoError

if TYPE_CHECKING:
    from av import DeviceInfo

#: Before 17, PyAV converted every video with the matrix of BT.601, whatever it was tagged with.
_OLDEST = 17


class _Ratio(Protocol):
    """A fraction of Python's, or of PyAV's own."""

    @property
    def numerator(self) -> int: ...
    @property
    def denominator(self) -> int: ...


def require_av() -> None:
    """See that PyAV is there and not too old.

    Raises:
        MissingExtraError: It is not; the message holds the line to type.
    """
    line = "pip install 'pose-landmarker[video]'"
    try:
        import av
    except ImportError as error:
        raise MissingExtraError(f"videos need PyAV: {line}") from error
    if _release() < _OLDEST:
        raise MissingExtraError(f"videos need PyAV {_OLDEST} or newer, not {av.__version__}: {line}")


def lenient_titles() -> dict[str, Any]:
    """Arguments of ``av.open`` with which a title in another encoding is no reason to fail."""
    # 19 keeps such bytes as they are, and knows the argument no longer; before it, they raise.
    return {"metadata_errors": "replace"} if _release() < 19 else {}


def fraction_of(ratio: _Ratio | None) -> Fraction | None:
    """A rate or a unit of time of PyAV as a fraction; None where none is set."""
    # Until 18 it is one already, or None. 19 has a type of its own that is never None but 0/1 where
    # nothing is set, rounds products of two such values to 32 bits, and is printed as "25/1".
    return Fraction(ratio.numerator, ratio.denominator) if ratio else None


def input_devices(container_format: str) -> list[DeviceInfo]:
    """The cameras and microphones that an interface of FFmpeg's knows.

    Raises:
        VideoError: This PyAV cannot list any.
    """
    import av

    try:
        return av.enumerate_input_devices(container_format)
    except AttributeError:  # 17.0, as soon as there is a device
        raise VideoError(
            f"PyAV {av.__version__} cannot list cameras, wanted 17.1 or newer: pip install 'av>=17.1'"
        ) from None


def _release() -> int:
    import av

    return int(av.__version__.split(".")[0])

"""What kind of input a task is made for."""

from __future__ import annotations

from pose_landmarker.errors import OptionError
from pose_landmarker.options import RunningMode as VisionTaskRunningMode

__all__ = ["VisionTaskRunningMode", "validate_running_mode"]


def validate_running_mode(running_mode: VisionTaskRunningMode, packet_callback: object = None) -> None:
    """Check that there is a callback in a live stream, and only there.

    Raises:
        OptionError: It is not so.
    """
    # Not by identity: MediaPipe's own modes will do.
    live = getattr(running_mode, "value", None) == VisionTaskRunningMode.LIVE_STREAM.value
    if live and packet_callback is None:
        raise OptionError(
            "The vision task is in live stream mode, a user-defined result callback must be provided."
        )
    if not live and packet_callback:
        raise OptionError(
            "The vision task is in image or video mode, a user-defined result callback should not be "
            "provided."
        )

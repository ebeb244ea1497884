"""Cameras of this machine, by number or by the name of their device."""

from __future__ import annotations

import sys
from fractions import Fraction
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from pose_landmarker.errors import VideoError
from pose_landmarker.media.container import TIMEOUT_S, in_time, open_input
from pose_landmarker.media.releases import input_devices

if TYPE_CHECKING:
    from av.container import InputContainer

_DEVICES = Path("/dev")


def is_camera(name: str) -> bool:
    """Whether a path names a camera, such as ``/dev/video0``."""
    return name.startswith(f"{_DEVICES}/video")


def open_camera(camera: int | str, fps: Fraction | None = None) -> InputContainer:
    """Open a camera.

    Args:
        camera: Its number from 0, or on Linux the path of its device.
        fps: Pictures a second that it is asked for.

    Raises:
        VideoError: There is no such camera, it is in use, or it does not answer.
    """
    name = f"camera {camera}" if isinstance(camera, int) else camera
    container_format, address, options = _address(camera, name)
    if fps is not None:
        options["framerate"] = str(fps)
    opening = partial(
        open_input,
        address,
        name,
        container_format=container_format,
        options=options,
        timeout_s=TIMEOUT_S,
    )
    try:
        return in_time(opening, 2 * TIMEOUT_S)
    except TimeoutError:
        raise VideoError(f"{name}: it does not answer") from None


def _address(camera: int | str, name: str) -> tuple[str, str, dict[str, str]]:
    """FFmpeg's name of the interface to cameras, of this camera, and options that it needs."""
    if sys.platform == "darwin":
        # Without a rate FFmpeg asks for 29.97, which no camera of a Mac offers.
        return "avfoundation", f"{camera}:none", {"framerate": "30"}
    if sys.platform == "win32":
        return "dshow", f"video={_windows_name(camera, name)}", {}
    device = _DEVICES / f"video{camera}" if isinstance(camera, int) else Path(camera)
    if not device.exists():
        others = sorted(path.name.removeprefix("video") for path in _DEVICES.glob("video[0-9]*"))
        found = f"there are {', '.join(others)}" if others else "none was found on this machine"
        raise VideoError(f"{name}: there is no such camera; {found}")
    return "v4l2", str(device), {}


def _windows_name(camera: int | str, name: str) -> str:
    if isinstance(camera, str):
        return camera
    cameras = [device.description for device in input_devices("dshow") if "video" in device.media_types]
    if camera >= len(cameras):
        found = f"there are {', '.join(cameras)}" if cameras else "none was found on this machine"
        raise VideoError(f"{name}: there is no such camera; {found}")
    return cameras[camera]

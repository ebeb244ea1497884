"""Pictures and videos, in and out."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

from pose_landmarker.media.frame import Frame
from pose_landmarker.media.images import as_rgb, encode_image, read_image

if TYPE_CHECKING:
    from pose_landmarker.media.video_reader import VideoReader
    from pose_landmarker.media.video_writer import VideoWriter

__all__ = ["Frame", "VideoReader", "VideoWriter", "as_rgb", "encode_image", "read_image"]

#: Imported when they are asked for: who looks at pictures only does not wait for them.
_LATER = {"VideoReader": "video_reader", "VideoWriter": "video_writer"}


def __getattr__(name: str) -> object:
    if name not in _LATER:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    found: object = getattr(import_module(f"{__name__}.{_LATER[name]}"), name)
    return found

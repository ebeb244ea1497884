"""Pictures and videos, in and out."""

from pose_landmarker.media.frame import Frame
from pose_landmarker.media.images import as_rgb, encode_image, read_image
from pose_landmarker.media.video_reader import VideoReader
from pose_landmarker.media.video_writer import VideoWriter

__all__ = ["Frame", "VideoReader", "VideoWriter", "as_rgb", "encode_image", "read_image"]

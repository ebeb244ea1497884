"""Pictures in and out."""

from pose_landmarker.media.images import as_rgb, encode_image, read_image

__all__ = ["as_rgb", "encode_image", "read_image"]

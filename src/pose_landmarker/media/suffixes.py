"""What files are by their names."""

from __future__ import annotations

#: Files of a folder that are taken for pictures; named one by one, any file is tried.
PICTURE_SUFFIXES = frozenset(
    {".jpg", ".jpeg", ".jpe", ".jfif", ".mpo", ".png", ".webp", ".gif", ".bmp", ".tif", ".tiff", ".avif"}
    | {".jp2", ".j2k", ".ppm", ".pgm", ".pbm", ".tga"}
)
#: Files of a folder that are taken for videos. A GIF may be either.
VIDEO_SUFFIXES = frozenset(
    {".mp4", ".m4v", ".mov", ".mkv", ".webm", ".avi", ".mpg", ".mpeg", ".m2v", ".mts", ".m2ts", ".ts"}
    | {".wmv", ".asf", ".flv", ".ogv", ".3gp", ".3g2", ".vob", ".mxf", ".y4m", ".gif"}
)

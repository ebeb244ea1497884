"""Errors that are this package's and, for code written for MediaPipe, also the kinds that it raises.

ImageFileError
├── ImageMissingError  (FileNotFoundError)  there is no such picture
└── ImageDecodeError   (RuntimeError)       the picture cannot be decoded
BundleError
└── ModelFileError     (RuntimeError)       the model file cannot be used
"""

from __future__ import annotations

from pose_landmarker.errors import BundleError, ImageFileError


class ImageMissingError(ImageFileError, FileNotFoundError):
    """There is no picture of that name."""


class ImageDecodeError(ImageFileError, RuntimeError):
    """A picture's file is damaged or of an unknown format."""


class ModelFileError(BundleError, RuntimeError):
    """A model bundle is truncated, foreign or incomplete."""

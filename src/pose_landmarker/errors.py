"""Every error that this package raises on purpose.

PoseLandmarkerError
├── OptionError            (ValueError)         an option or argument has a value that it cannot have
│   └── OptionTypeError    (TypeError)          ... or a type that it cannot have
├── ImageError             (ValueError)         an image is not one, or cannot be used as it is
│   └── ImageFileError     (OSError)            ... or its file cannot be read
├── VideoError             (OSError)            a video or camera cannot be opened, read or written
├── ModelError
│   ├── ModelNotFoundError (FileNotFoundError)  the model is not on this machine
│   ├── BundleError        (ValueError)         the model file is damaged, foreign or hostile
│   └── FetchError         (ConnectionError)    no source could deliver the model
├── DatasetError           (ValueError)         labels or a dump of results cannot be read or used
├── EngineError            (RuntimeError)       the inference engine refused or failed
├── WorkerError            (RuntimeError)       a process that was to do the work has ended
├── MissingExtraError      (ImportError)        an optional package is not installed
├── TimestampError         (ValueError)         the time of a frame is not after that of the one before
├── RunningModeError       (ValueError)         the call does not belong to the running mode
└── ClosedError            (ValueError)         something was used after ``close()``
"""

from __future__ import annotations


class PoseLandmarkerError(Exception):
    """Base class of all errors of this package."""


class OptionError(PoseLandmarkerError, ValueError):
    """An option or argument has a value outside its range."""


class OptionTypeError(OptionError, TypeError):
    """An option or argument has the wrong type."""


class ImageError(PoseLandmarkerError, ValueError):
    """An image has a dtype, shape or content that cannot be used."""


class ImageFileError(ImageError, OSError):
    """An image file is missing, damaged or of an unknown format."""


class VideoError(PoseLandmarkerError, OSError):
    """A video or camera cannot be opened, read or written."""


class ModelError(PoseLandmarkerError):
    """Something is wrong with a model."""


class ModelNotFoundError(ModelError, FileNotFoundError):
    """The model is not on this machine and may not or cannot be looked for elsewhere."""


class BundleError(ModelError, ValueError):
    """A model bundle is truncated, foreign, incomplete or made to harm."""


class FetchError(ModelError, ConnectionError):
    """No source delivered the model; the message says what each of them answered."""


class DatasetError(PoseLandmarkerError, ValueError):
    """A file of labels, a folder of masks or a dump of results cannot be read or used."""


class EngineError(PoseLandmarkerError, RuntimeError):
    """The inference engine could not compile or run a network."""


class WorkerError(PoseLandmarkerError, RuntimeError):
    """A process that decodes for this one has ended, or cannot be started."""


class MissingExtraError(PoseLandmarkerError, ImportError):
    """An optional dependency is not installed; the message holds the line to type."""


class TimestampError(PoseLandmarkerError, ValueError):
    """The time of a frame is not later than that of the frame before."""


class RunningModeError(PoseLandmarkerError, ValueError):
    """The method called does not belong to the running mode chosen."""


class ClosedError(PoseLandmarkerError, ValueError):
    """A landmarker, reader, writer or stream was used after ``close()``."""

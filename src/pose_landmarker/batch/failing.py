"""Why a file failed: what was raised, as a cause and a sentence."""

from __future__ import annotations

import errno
from collections.abc import Iterator

from pose_landmarker.batch.content import Content
from pose_landmarker.batch.work import Cause
from pose_landmarker.errors import EngineError, MissingExtraError, PoseLandmarkerError

_LONGEST = 500
_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
#: What engines say when memory is short.
_MEMORY = ("memory", "bad_alloc", "bad allocation")
#: What the system says where another try may go well, as the bytes are not to blame.
_PASSES = frozenset(
    getattr(errno, name)
    for name in (
        *("EACCES", "EPERM", "EIO", "ESTALE", "EBUSY", "EAGAIN", "EINTR", "ENODEV", "ENXIO"),
        *("EMFILE", "ENFILE", "ENOMEM", "ETIMEDOUT", "EREMOTEIO", "ENOTCONN", "ENOLINK", "ESHUTDOWN"),
        *(
            "ECONNRESET",
            "ECONNABORTED",
            "ECONNREFUSED",
            "EHOSTDOWN",
            "EHOSTUNREACH",
            "ENETDOWN",
            "ENETUNREACH",
        ),
    )
    if hasattr(errno, name)  # some systems do not have all of them
)


def why_failed(error: Exception, source: str, content: Content | None) -> tuple[Cause, str]:
    """Cause and reason.

    Args:
        error: What was raised.
        source: The file, as it was given.
        content: Its content, where that could be had.
    """
    reason = _sentence(error, source, content)
    if isinstance(error, MemoryError) or isinstance(error.__cause__, MemoryError):
        return "memory", reason
    if isinstance(error, EngineError):
        return "memory" if any(word in reason.lower() for word in _MEMORY) else "killed", reason
    if _is_full(error):
        return "write", reason
    if content is None or isinstance(error, MissingExtraError):  # another machine may have it
        return "access", reason
    try:
        change = content.change()
    except Exception as gone:  # whatever a filesystem raises
        return "access", _sentence(gone, source, content)
    if change:
        return "changed", f"{change}; {reason}"
    if isinstance(error, OSError) and not isinstance(error, PoseLandmarkerError):
        return "access", reason
    if any(isinstance(cause, OSError) and cause.errno in _PASSES for cause in _chain(error)):
        return "access", reason
    return "content", reason


def _is_full(error: Exception) -> bool:
    return isinstance(error, OSError) and error.errno in _FULL


def _chain(error: Exception) -> Iterator[BaseException]:
    """An error and what led to it."""
    seen: set[int] = set()
    cause: BaseException | None = error
    while cause is not None and id(cause) not in seen:
        yield cause
        seen.add(id(cause))
        cause = cause.__cause__ or cause.__context__


def _sentence(error: Exception, source: str, content: Content | None) -> str:
    """What went wrong, without the file's name, which stands beside it."""
    if isinstance(error, FileNotFoundError) and not isinstance(error, PoseLandmarkerError):
        return "there is no such file"
    text = str(error)
    if isinstance(error, OSError) and error.strerror:
        text = error.strerror
    elif not isinstance(error, PoseLandmarkerError | OSError):
        text = f"{type(error).__name__}: {text}" if text else type(error).__name__
    if content is not None:
        text = text.replace(str(content.path), source)
    text = text.removeprefix(f"{source}: ")
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]} ..."

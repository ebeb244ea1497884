"""The compiled kernels, and what is handed to them."""

from __future__ import annotations

import ctypes
import sys
from functools import cache
from pathlib import Path
from typing import Any

from pose_landmarker.errors import MissingExtraError

#: Beside this file; made when the package is built (see hatch_build.py).
LIBRARY = Path(__file__).with_name("native.dll" if sys.platform == "win32" else "native.so")

PIXELS, POINTWISE, DEPTHWISE, UPSAMPLE, SUM, MAXIMUM, UNFOLD, PACK, WIDEN, CROP, PLAIN = range(11)
#: Zeros on either side of a row of a plane.
PLANE_EDGE = 16


class Operation(ctypes.Structure):
    """``operation`` of native.h."""

    _fields_ = (
        *(
            (name, ctypes.c_int32)
            for name in (
                "kind",
                "lanes",
                "units",
                "height",
                "width",
                "stride_in",
                "depth",
                "out_height",
                "out_width",
                "stride_out",
                "kernel",
                "step",
                "top",
                "left",
                "clip_first",
                "clip_last",
                "chunk",
                "by_channels",
                "half",
                "brief",
                "short_in",
                "short_out",
                "depth_short",
                "together",
                "rows_in",
                "rows_out",
                "ring",
            )
        ),
        ("replicate", ctypes.c_int32),
        ("scale", ctypes.c_float),
        ("offset", ctypes.c_float),
        ("matrix", ctypes.c_double * 9),
        *((name, ctypes.c_void_p) for name in ("input", "add", "weights", "bias", "output")),
    )


@cache
def library() -> Any:
    """The kernels.

    Raises:
        MissingExtraError: They were not compiled, or not for this machine.
    """
    if not LIBRARY.exists():
        raise MissingExtraError(
            "engine='native' needs its compiled kernels, which this installation was made without: install a "
            "C compiler (gcc or clang) and then pose-landmarker again"
        )
    try:
        found = ctypes.CDLL(str(LIBRARY))
    except OSError as error:
        raise MissingExtraError(f"the kernels of engine='native' cannot be loaded: {error}") from error
    operations, network = ctypes.POINTER(Operation), ctypes.c_void_p
    found.native_lanes.argtypes, found.native_lanes.restype = [], ctypes.c_int
    found.native_has_half.argtypes, found.native_has_half.restype = [], ctypes.c_int
    found.native_has_bfloat16.argtypes, found.native_has_bfloat16.restype = [], ctypes.c_int
    found.native_prepare.argtypes, found.native_prepare.restype = [operations, ctypes.c_int], None
    found.native_open.argtypes = [operations, ctypes.c_int, ctypes.c_int, ctypes.c_long]
    found.native_open.restype = network
    found.native_pack.argtypes = [ctypes.c_void_p, *[ctypes.c_int] * 5, ctypes.c_void_p]
    found.native_pack.restype = None
    found.native_refine.argtypes = [
        *[ctypes.c_void_p] * 2,
        ctypes.c_int,
        ctypes.c_void_p,
        *[ctypes.c_int] * 3,
    ]
    found.native_refine.restype = None
    found.native_run.argtypes, found.native_run.restype = [network], None
    found.native_close.argtypes, found.native_close.restype = [network], None
    return found


@cache
def library_or_none() -> Any:
    """The kernels, or None where there are none: then numpy does it."""
    try:
        return library()
    except MissingExtraError:
        return None

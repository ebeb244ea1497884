"""Recordings in files: every format has a module with ``save`` and ``load``.

``save`` and ``load`` of this package choose the module by the file's name.
"""

from pose_landmarker.export.formats import FORMAT_NAMES, FORMATS, Format, format_of, load, save
from pose_landmarker.export.json import result_to_dict

__all__ = ["FORMATS", "FORMAT_NAMES", "Format", "format_of", "load", "result_to_dict", "save"]

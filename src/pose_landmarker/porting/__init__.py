"""Code for MediaPipe rewritten to import :mod:`pose_landmarker.mediapipe`: text in, text out.

from pose_landmarker.porting import port_python

ported = port_python("import mediapipe as mp")
ported.text  # "import pose_landmarker.mediapipe as mp"
"""

from __future__ import annotations

from pose_landmarker.porting.findings import Finding, Ported
from pose_landmarker.porting.notebook import port_notebook
from pose_landmarker.porting.python import port_python
from pose_landmarker.porting.requirements import look_at_requirements

__all__ = ["Finding", "Ported", "look_at_requirements", "port_notebook", "port_python"]

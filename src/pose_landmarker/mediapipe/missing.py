"""What MediaPipe has and this package has not: a sentence instead of a riddle."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec
from types import ModuleType

_ROOT = "pose_landmarker.mediapipe"


def missing(module: str, name: str) -> AttributeError:
    """The error for a name that a module of this package does not have.

    Args:
        module: Full name of the module.
        name: What was looked for in it.
    """
    return AttributeError(_sentence(f"{module}.{name}"), name=name)


def explain_missing_modules() -> None:
    """Let imports of what is not here, from now on, say that only poses are."""
    if not any(isinstance(finder, _Explainer) for finder in sys.meta_path):
        sys.meta_path.append(_Explainer())


class _Explainer(MetaPathFinder):
    """Asked last, after everybody else has failed to find a module."""

    def find_spec(
        self, fullname: str, _path: Sequence[str] | None, _target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """Raise for what belongs here and was not found; be silent about all else."""
        if fullname.startswith(f"{_ROOT}."):
            raise ImportError(_sentence(fullname), name=fullname)
        return None


def _sentence(full_name: str) -> str:
    theirs = full_name.removeprefix("pose_landmarker.")
    return (
        f"there is no {theirs} here: pose_landmarker.mediapipe replaces MediaPipe for poses only "
        "(PoseLandmarker and what belongs to it); import other parts from the package mediapipe"
    )

"""Results in the forms that other programs read."""

from pose_landmarker.export.json import result_to_dict

__all__ = ["result_to_dict"]

"""Measuring: this package beside MediaPipe, in turns, on the same frames."""

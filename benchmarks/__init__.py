"""Measurements of pose-landmarker: speed, parity and tracking."""

"""The command ``pose-landmarker``: one file for each of its commands."""

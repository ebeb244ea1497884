"""How well people keep their numbers: scenes whose truth is known, and scores.

python -m benchmarks.tracking --help
"""

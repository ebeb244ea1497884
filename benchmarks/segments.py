"""What cutting a video into pieces changes: landmarks and people of pieces beside those of one go.

python -m benchmarks.segments CLIP... [--model lite] [--segment 5]
"""

from __future__ import annotations

import argparse
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np

from pose_landmarker import Processed, process


def compare(whole: list[Processed], pieces: list[Processed]) -> tuple[np.ndarray, int, int]:
    """Distances in pixels of the crop, frames with as many people, people with another number."""
    gaps, same_count, pairs = [], 0, Counter[tuple[int | None, int | None]]()
    for a, b in zip(whole, pieces, strict=True):
        assert a.frame == b.frame
        assert a.result is not None
        assert b.result is not None
        same_count += len(a.result) == len(b.result)
        for pose in a.result:
            distances = [np.linalg.norm(pose.pixels - other.pixels, axis=1).mean() for other in b.result]
            if distances:
                nearest = int(np.argmin(distances))
                gaps.append(256 * distances[nearest] / pose.roi.size)
                pairs[pose.track_id, b.result.poses[nearest].track_id] += 1
    partners = {track: max(c for (t, _), c in pairs.items() if t == track) for track, _ in pairs}
    return np.array(gaps), same_count, sum(pairs.values()) - sum(partners.values())


def main() -> None:
    """Measure and print."""
    raw = argparse.RawDescriptionHelpFormatter
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=raw)
    parser.add_argument("clips", nargs="+", type=Path)
    parser.add_argument("--model", default="lite")
    parser.add_argument("--num-poses", type=int, default=1)
    parser.add_argument("--segment", type=float, default=5.0, help="seconds of a piece")
    arguments = parser.parse_args()
    print("| clip | `steady` | frames | same number of people | px, median | px, 95 % | other number |")
    print("|---|---|---|---|---|---|---|")
    for clip in arguments.clips:
        for steady in (False, True):
            options: dict[str, Any] = {"num_poses": arguments.num_poses, "steady": steady}
            whole = list(process(clip, arguments.model, workers=1, **options))
            pieces = list(process(clip, arguments.model, segment_s=arguments.segment, **options))
            gaps, same, swapped = compare(whole, pieces)
            print(
                f"| {clip.name} | {steady} | {len(whole)} | {same} | {np.median(gaps):.3f} | "
                f"{np.percentile(gaps, 95):.2f} | {swapped} |",
                flush=True,
            )


if __name__ == "__main__":
    main()

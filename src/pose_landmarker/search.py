"""Where people may be: the whole picture, and a closer look at its parts."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from pose_landmarker.arrays import RgbImage
from pose_landmarker.association import distinct_regions
from pose_landmarker.detector import PoseDetector
from pose_landmarker.image_options import RegionOfInterest
from pose_landmarker.results import Detection, Roi
from pose_landmarker.roi import letterbox, pixel_region, roi_from_points, square_around
from pose_landmarker.tiles import finest_tiles, tiles

#: A close look makes more of a detection: from this share of the least score on, the landmarks are to
#: decide ...
_CLOSER_LOOK = 0.8
#: ... and from this share on, detections lend their weight to better ones that they overlap.
_SUPPORT = 0.4
#: Where everything counts as a person, every pair of detections would be compared: these are enough.
_MOST_DETECTIONS = 1000


class Searcher:
    """Looks for people in parts of a picture. Remembers nothing."""

    def __init__(
        self, detector: PoseDetector, min_score: float, regions: Sequence[RegionOfInterest] | None = None
    ) -> None:
        """Take a detector, its least score, and where to look if not everywhere."""
        self._detector = detector
        self._support, self._min_score = _SUPPORT * min_score, _CLOSER_LOOK * min_score
        self._regions = regions

    def __call__(self, image: RgbImage, rotation: float = 0.0) -> list[tuple[Detection, Roi]]:
        """People near and far, best first, once each as far as regions can tell.

        Args:
            image: (H, W, 3) uint8.
            rotation: Of people who stand, radians; a multiple of a quarter turn.

        Returns:
            Detections and their regions, image pixels.
        """
        height, width = image.shape[:2]
        squares = self._squares(width, height, rotation)
        if self._regions is not None:
            return self._distinct(self._look(image, squares))
        found = self._look(image, [letterbox(width, height, rotation), *squares])
        small = [roi for detection, roi in found if detection.score >= self._min_score]
        finest = [tile for tile in finest_tiles(width, height, rotation) if _has_small(tile, small)]
        return self._distinct(found + self._look(image, finest))

    def parts(
        self, image: RgbImage, numbers: Iterable[int], rotation: float = 0.0
    ) -> list[tuple[Detection, Roi]]:
        """People in some of the parts that a whole search looks at, for a search spread over time.

        Args:
            image: (H, W, 3) uint8.
            numbers: Of the parts, counted round and round.
            rotation: Of people who stand, radians; a multiple of a quarter turn.
        """
        squares = self._squares(image.shape[1], image.shape[0], rotation)
        if not squares:
            return []
        chosen = dict.fromkeys(number % len(squares) for number in numbers)
        return self._distinct(self._look(image, [squares[i] for i in chosen]))

    def _squares(self, width: int, height: int, rotation: float) -> list[Roi]:
        if self._regions is None:
            return tiles(width, height, rotation)
        return [square_around(*pixel_region(r, width, height), rotation) for r in self._regions]

    def _look(self, image: RgbImage, squares: Sequence[Roi]) -> list[tuple[Detection, Roi]]:
        if not squares:
            return []
        detections = self._detector.look(image, squares, min_score=self._support)
        rois = [roi_from_points(d.keypoints[0], d.keypoints[1]) for d in detections]
        return [(d, roi) for d, roi in zip(detections, rois, strict=True) if roi is not None]

    def _distinct(self, found: list[tuple[Detection, Roi]]) -> list[tuple[Detection, Roi]]:
        clear = [pair for pair in found if pair[0].score >= self._min_score]
        clear = sorted(clear, key=lambda pair: -pair[0].score)[:_MOST_DETECTIONS]
        kept = distinct_regions([roi for _, roi in clear], [detection.score for detection, _ in clear])
        return [clear[i] for i in kept]


def _has_small(tile: Roi, rois: list[Roi]) -> bool:
    """Whether somebody was seen in a tile who is small enough for it."""
    half = tile.size / 2
    return any(
        roi.size < tile.size
        and abs(roi.center_x - tile.center_x) < half
        and abs(roi.center_y - tile.center_y) < half
        for roi in rois
    )

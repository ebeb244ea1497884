"""Where people may be: the whole picture, and a closer look at its parts."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence

import numpy as np

from pose_landmarker.arrays import DoubleArray, RgbImage
from pose_landmarker.association import distinct_regions
from pose_landmarker.detector import PoseDetector
from pose_landmarker.image_options import RegionOfInterest
from pose_landmarker.results import Detection, Roi
from pose_landmarker.roi import letterbox, pixel_region, roi_from_points, square_around
from pose_landmarker.tiles import COARSE, FINE, FINEST, tiles

#: A close look makes more of a detection: from this share of the least score on, the landmarks are to
#: decide ...
_CLOSER_LOOK = 0.6
#: ... and from this share on, detections lend their weight to better ones that they overlap.
_SUPPORT = 0.4
#: Things that only look like people come at every angle, people mostly upright. So a detection that is turned
#: has to be better: its odds by exp of this for a quarter turn, and by the square of that for half a turn.
#: Found by measurement (docs/search.md).
_TURN = 1.6
#: Fine tiles are looked at where the coarse ones have at least this score for somebody whose region is
#: smaller than this, in sides of the tile.
_TRACE, _SMALL = 0.03, 2.0
#: Where everything counts as a person, every pair of detections would be compared: these are enough.
_MOST_DETECTIONS = 1000


class Searcher:
    """Looks for people in parts of a picture. Remembers nothing."""

    def __init__(
        self,
        detector: PoseDetector,
        min_score: float,
        regions: Sequence[RegionOfInterest] | None = None,
        *,
        closer: PoseDetector | None = None,
        wary: bool = True,
    ) -> None:
        """Take what the search is made with.

        Args:
            detector: The first stage.
            min_score: Its least score, in [0, 1].
            regions: Where to look if not everywhere.
            closer: What looks at small parts, if not the detector itself.
            wary: Whether more is asked of people who are not upright.
        """
        self._detector, self._closer = detector, closer or detector
        self._sure = min_score
        self._support, self._min_score = _SUPPORT * min_score, _CLOSER_LOOK * min_score
        self._regions = regions
        self._turn = _TURN if wary else 0.0

    def __call__(self, image: RgbImage, rotation: float = 0.0) -> list[tuple[Detection, Roi]]:
        """People near and far, best first, once each as far as regions can tell.

        Args:
            image: (H, W, 3) uint8.
            rotation: Of people who stand, radians; a multiple of a quarter turn.

        Returns:
            Detections and their regions, image pixels.
        """
        if self._regions is not None:
            found, _ = self._look(self._detector, image, self._squares(image, rotation))
            return self._distinct(found, rotation)
        height, width = image.shape[:2]
        whole, traces = self._look(self._detector, image, [letterbox(width, height, rotation)])
        coarse, more_traces = self._look(self._detector, image, tiles(width, height, COARSE, rotation))
        found, traces = whole + coarse, np.concatenate([traces, more_traces])
        fine = [tile for tile in tiles(width, height, FINE, rotation) if _shows_one(tile, traces, _SMALL)]
        found += self._look(self._closer, image, fine)[0]
        clear = np.array(
            [
                (roi.center_x, roi.center_y, roi.size)
                for detection, roi in found
                if detection.score >= self._min_score
            ]
        ).reshape(-1, 3)
        finest = [tile for tile in tiles(width, height, FINEST, rotation) if _shows_one(tile, clear, 1.0)]
        found += self._look(self._closer, image, finest)[0]
        distinct = self._distinct(found, rotation)
        # A tile's view is no better for being surer: whom the whole picture shows is not lost to one.
        distinct += [pair for pair in whole if pair[0].score >= self._sure and pair not in distinct]
        return sorted(distinct, key=lambda pair: -pair[0].score)

    def parts(
        self, image: RgbImage, numbers: Iterable[int], rotation: float = 0.0
    ) -> list[tuple[Detection, Roi]]:
        """People in some of the parts that a whole search looks at, for a search spread over time.

        Args:
            image: (H, W, 3) uint8.
            numbers: Of the parts, counted round and round.
            rotation: Of people who stand, radians; a multiple of a quarter turn.
        """
        squares = self._squares(image, rotation)
        if not squares:
            return []
        chosen = dict.fromkeys(number % len(squares) for number in numbers)
        found, _ = self._look(self._closer, image, [squares[i] for i in chosen])
        return self._distinct(found, rotation)

    def _squares(self, image: RgbImage, rotation: float) -> list[Roi]:
        height, width = image.shape[:2]
        return parts_of(width, height, self._regions, rotation)

    def _look(
        self, detector: PoseDetector, image: RgbImage, squares: Sequence[Roi]
    ) -> tuple[list[tuple[Detection, Roi]], DoubleArray]:
        """Detections with their regions, and traces of people."""
        if not squares:
            return [], np.zeros((0, 3))
        view = detector.look(image, squares, min_score=self._support, trace_score=_TRACE)
        rois = [roi_from_points(d.keypoints[0], d.keypoints[1]) for d in view.detections]
        found = [(d, roi) for d, roi in zip(view.detections, rois, strict=True) if roi is not None]
        return found, view.traces

    def _distinct(self, found: list[tuple[Detection, Roi]], rotation: float) -> list[tuple[Detection, Roi]]:
        clear = [pair for pair in found if self._is_clear(*pair, rotation)]
        clear = sorted(clear, key=lambda pair: -pair[0].score)[:_MOST_DETECTIONS]
        kept = distinct_regions([roi for _, roi in clear], [detection.score for detection, _ in clear])
        return [clear[i] for i in kept]

    def _is_clear(self, detection: Detection, roi: Roi, rotation: float) -> bool:
        """Whether the landmarks are to decide."""
        score, least = detection.score, self._min_score
        more = math.exp(self._turn * (1 - math.cos(roi.rotation - rotation)))
        return score * (1 - least) >= more * least * (1 - score)


def parts_of(
    width: int, height: int, regions: Sequence[RegionOfInterest] | None = None, rotation: float = 0.0
) -> list[Roi]:
    """The parts of a picture, in the order of the numbers that :meth:`Searcher.parts` takes.

    Args:
        width: Of the picture, pixels.
        height: Of the picture, pixels.
        regions: Where to look if not everywhere.
        rotation: Of people who stand, radians; a multiple of a quarter turn.
    """
    if regions is None:
        return tiles(width, height, COARSE, rotation) + tiles(width, height, FINE, rotation)
    return [square_around(*pixel_region(r, width, height), rotation) for r in regions]


def _shows_one(tile: Roi, places: DoubleArray, most: float) -> bool:
    """Whether somebody is in the middle of a region inside a tile, and no larger than so many of its sides.

    Args:
        tile: A square, image pixels.
        places: (N, 3) x, y, side of people's regions, image pixels.
        most: Sides of the tile.
    """
    inside = np.abs(places[:, :2] - [tile.center_x, tile.center_y]).max(axis=1, initial=0) < tile.size / 2
    return bool((inside & (places[:, 2] < most * tile.size)).any())

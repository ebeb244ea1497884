"""Frames in time order: the only memory. Who is followed where, and who is looked for."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from pose_landmarker.appearance import Appearance, look_at
from pose_landmarker.arrays import DoubleArray, RgbImage
from pose_landmarker.association import body_distance, match, newest_win, region_overlap
from pose_landmarker.imaging import check_side
from pose_landmarker.landmark_net import Bodies
from pose_landmarker.options import ImageProcessingOptions, PoseLandmarkerOptions
from pose_landmarker.pipeline import Pipeline, pose_of
from pose_landmarker.results import PoseLandmarkerResult, Roi
from pose_landmarker.roi import roi_from_points, steady_roi
from pose_landmarker.smoothing import SmoothingState, smooth
from pose_landmarker.subject import choose_subject
from pose_landmarker.topology import NUM_LANDMARKS
from pose_landmarker.track import Track

#: Seconds that a person out of sight is remembered.
MEMORY_S = 3.0
#: The same for a chosen subject.
SUBJECT_MEMORY_S = 10.0
#: How many people are followed at least to keep an eye on a subject among them.
_COMPANY = 4
#: Two bodies whose landmarks are nearer than this, in sizes of their regions, are one.
_SAME_BODY = 0.07
#: Nearer than this, in sizes, two people may be mistaken for each other.
_NEAR = 0.4
#: Colours that differ by this much are those of different people.
_OTHER_COLORS = 40.0
#: How far from where somebody is expected he or she may reappear, in sizes; grows with time out of sight.
_REACH, _REACH_PER_S = 0.35, 0.5


class _Seed(NamedTuple):
    """A region to look at, and why."""

    roi: Roi
    track: Track | None
    detection_score: float | None


class _Sighting(NamedTuple):
    """A body in this frame."""

    bodies: Bodies
    body: int
    seed: _Seed
    points: DoubleArray
    next_roi: Roi | None
    appearance: Appearance

    @property
    def place(self) -> Roi:
        """Where the body is: its next region, or at least the one that it was found in."""
        return self.next_roi or self.seed.roi


class Tracker:
    """Finds and follows people from frame to frame. Calls must take turns."""

    def __init__(self, pipeline: Pipeline, options: PoseLandmarkerOptions) -> None:
        self.pipeline = pipeline
        self._options = options
        self._smoothing = options.smoothing_constants
        #: With a subject, those who pass in front are followed too, lest the subject be taken for them.
        self._people = options.num_poses if options.subject is None else max(options.num_poses, _COMPANY)
        #: The reference's own way with regions, which is ours too where one person is followed.
        self._like_reference = options.detection_interval == 0 or self._people == 1
        self._next_id = 1
        self.reset()

    def reset(self) -> None:
        """Forget everything: the next frame is the first of another video."""
        self._tracks: list[Track] = []
        self._looked_ms: int | None = None
        self._somebody_lost = False
        self._image_size = (0, 0)
        self._subject: Track | None = None
        self._next_id = 1

    def __call__(
        self, image: RgbImage, time_ms: int, processing: ImageProcessingOptions
    ) -> PoseLandmarkerResult:
        """The people in a frame, those followed longest first.

        Args:
            image: (H, W, 3) uint8; its size may change from frame to frame.
            time_ms: Later than that of the frame before.
            processing: Turn and region.
        """
        height, width = image.shape[:2]
        check_side(width, height)
        self._resize(width, height)
        seeds = self._seeds(image, time_ms, processing)
        named = self._name(self._sightings(image, seeds), time_ms)
        self._forget(named, time_ms)
        self._follow(named, time_ms)
        wanted = named if self._options.subject is None else self._only_subject(named)
        poses = [
            pose_of(
                sighting.bodies,
                sighting.body,
                (width, height),
                detection_score=track.detection_score,
                smoothed=self._smooth(track, sighting, time_ms),
                track_id=track.track_id,
            )
            for track, sighting in wanted
        ]
        return PoseLandmarkerResult(
            poses=tuple(poses),
            image_size=(width, height),
            timestamp_ms=time_ms,
            with_masks=self._options.output_segmentation_masks,
        )

    def _resize(self, width: int, height: int) -> None:
        """Carry regions over to frames of another size; of another shape, look anew."""
        before, self._image_size = self._image_size, (width, height)
        if before == (width, height):
            return
        for track in self._tracks:
            track.resize(width / before[0], height / before[1])

    def _seeds(self, image: RgbImage, time_ms: int, processing: ImageProcessingOptions) -> list[_Seed]:
        """Where to look in this frame: at those followed, and where the detector sees somebody else."""
        kept = [
            _Seed(track.roi, track, track.detection_score) for track in self._tracks if track.roi is not None
        ]
        found: list[_Seed] = []
        if len(kept) < self._people and self._is_due(time_ms, followed=bool(kept)):
            self._looked_ms = time_ms
            found = [
                _Seed(roi, None, detection.score)
                for detection, roi in self.pipeline.detect(image, processing)
            ]
        if self._like_reference:
            return self._newest(kept + found)[: self._people]
        return kept + self._others(kept, found)

    def _is_due(self, time_ms: int, *, followed: bool) -> bool:
        """Whether the detector is worth its time."""
        if not followed or self._somebody_lost or self._looked_ms is None:
            return True
        return time_ms - self._looked_ms >= 1000 * self._options.detection_interval

    def _newest(self, seeds: list[_Seed]) -> list[_Seed]:
        """The reference's choice: newer regions replace older ones that they overlap."""
        left = newest_win([seed.roi for seed in seeds], self._options.min_tracking_confidence)
        return [
            seeds[i]._replace(track=next((seeds[j].track for j in (i, *gone) if seeds[j].track), None))
            for i, *gone in left
        ]

    def _others(self, kept: list[_Seed], found: list[_Seed]) -> list[_Seed]:
        """Detections that are none of those followed."""
        if not found:
            return []
        overlap = region_overlap([seed.roi for seed in kept], [seed.roi for seed in found])
        # Each explains one at most: two people close together have regions that overlap by more than half.
        explained = {
            detection for _, detection in match(1 - overlap, 1 - self._options.min_tracking_confidence)
        }
        others = [seed for i, seed in enumerate(found) if i not in explained]
        # One more than there is room for: some turn out to be people whom we know.
        return others[: self._people - len(kept) + 1]

    def _sightings(self, image: RgbImage, seeds: list[_Seed]) -> list[_Sighting]:
        """The bodies that are there."""
        if not seeds:
            return []
        bodies = self.pipeline.landmark_net(image, [seed.roi for seed in seeds])
        least = self._options.min_pose_presence_confidence
        sightings = []
        for i, seed in enumerate(seeds):
            if float(bodies.scores[i]) < least:
                continue
            points = bodies.points[i]
            body = slice(NUM_LANDMARKS)
            appearance = look_at(image, points[body, :2], bodies.visibility[i, body])
            roi = roi_from_points(points[NUM_LANDMARKS, :2], points[NUM_LANDMARKS + 1, :2])
            if self._options.steady and roi is not None:
                roi = steady_roi(roi, None if seed.track is None else seed.roi)
            sightings.append(_Sighting(bodies, i, seed, points, roi, appearance))
        return sightings

    def _name(self, sightings: list[_Sighting], time_ms: int) -> list[tuple[Track, _Sighting]]:
        """Who is who."""
        if not self._like_reference:
            sightings = self._without_doubles(sightings, time_ms)
        named = [(s.seed.track, s) for s in sightings if s.seed.track is not None]
        unknown = [s for s in sightings if s.seed.track is None]
        seen = {track.track_id for track, _ in named}
        missing = [track for track in self._tracks if track.track_id not in seen]
        known = {s: track for track, s in self._recognise(missing, unknown, time_ms)}
        for j, sighting in enumerate(unknown[: self._people - len(named)]):
            named.append((known.get(j) or self._new_track(sighting, time_ms), sighting))
        return named if self._like_reference else sorted(named, key=lambda pair: pair[0].track_id)

    def _without_doubles(self, sightings: list[_Sighting], time_ms: int) -> list[_Sighting]:
        """Each body once: where two regions led to the same one, it belongs to whom it fits best."""
        left: list[_Sighting] = []
        for sighting in sorted(sightings, key=lambda s: self._misfit(s, time_ms)):
            size = sighting.place.size
            double = next(
                (s for s in left if body_distance(s.points, sighting.points, size) < _SAME_BODY), None
            )
            if double is None:
                left.append(sighting)
            elif sighting.seed.track is not None:
                hidden_by = double.seed.track
                sighting.seed.track.lose(None if hidden_by is None else hidden_by.track_id)
        return sorted(left, key=lambda s: s.body)

    def _misfit(self, sighting: _Sighting, time_ms: int) -> float:
        """How badly a body fits the person who was looked for; newcomers fit worst."""
        track = sighting.seed.track
        if track is None:
            return float("inf")
        unlike = track.unlike(sighting.appearance)
        return (
            track.distance(sighting.place, time_ms) / _REACH
            + track.surprise / _REACH
            + (0.0 if unlike is None else unlike / _OTHER_COLORS)
        )

    def _recognise(
        self, missing: list[Track], unknown: list[_Sighting], time_ms: int
    ) -> list[tuple[Track, int]]:
        """Pairs of people out of sight and bodies that are they."""
        if not (missing and unknown):
            return []
        costs = np.array([[self._cost(track, s, time_ms) for s in unknown] for track in missing])
        return [(missing[row], column) for row, column in match(costs)]

    def _cost(self, track: Track, sighting: _Sighting, time_ms: int) -> float:
        """0 for the same person where expected, 1 for the limit."""
        reach = _REACH + _REACH_PER_S * (time_ms - track.clear_ms) / 1000
        away = track.distance(sighting.place, time_ms) / reach
        unlike = track.unlike(sighting.appearance)
        if away > 1 or (unlike is not None and unlike > _OTHER_COLORS):
            return np.inf
        return 0.5 * away + 0.5 * (0.5 if unlike is None else unlike / _OTHER_COLORS)

    def _new_track(self, sighting: _Sighting, time_ms: int) -> Track:
        place = sighting.place
        track = Track(self._next_id, None, time_ms, place.center_x, place.center_y, place.size, time_ms)
        self._next_id += 1
        self._tracks.append(track)
        return track

    def _forget(self, named: list[tuple[Track, _Sighting]], time_ms: int) -> None:
        """Note who is out of sight, and drop those gone for long."""
        seen = [track for track, _ in named]
        missing = [track for track in self._tracks if track not in seen]
        self._somebody_lost = any(track.roi is not None for track in missing)
        for track in missing:
            track.lose(track.hidden_by)
        # In the order of the result, which is the order of the regions in the next frame.
        self._tracks = seen + [t for t in missing if time_ms - t.seen_ms <= self._memory_ms(t)]

    def _memory_ms(self, track: Track) -> float:
        return 1000 * (SUBJECT_MEMORY_S if track is self._subject else MEMORY_S)

    def _follow(self, named: list[tuple[Track, _Sighting]], time_ms: int) -> None:
        """Note where everybody is now."""
        for track, sighting in named:
            near = any(other is not track and _gap(s.place, sighting.place) < _NEAR for other, s in named)
            track.detection_score = sighting.seed.detection_score
            track.see(sighting.place, time_ms, sighting.appearance, clearly=not near)
            track.roi = sighting.next_roi

    def _only_subject(self, named: list[tuple[Track, _Sighting]]) -> list[tuple[Track, _Sighting]]:
        """The person chosen; another one is chosen only when that one is forgotten."""
        assert self._options.subject is not None
        if self._subject not in self._tracks and named:
            regions = [sighting.place for _, sighting in named]
            self._subject = named[choose_subject(self._options.subject, regions, self._image_size)][0]
        return [(track, sighting) for track, sighting in named if track is self._subject]

    def _smooth(self, track: Track, sighting: _Sighting, time_ms: int) -> SmoothingState | None:
        """A person's landmarks over time."""
        if self._smoothing is None or sighting.next_roi is None:
            return None
        body, i = slice(NUM_LANDMARKS), sighting.body
        track.smoothing = smooth(
            self._smoothing,
            track.smoothing,
            points=sighting.points[body],
            world=sighting.bodies.world[i, body],
            visibility=sighting.bodies.visibility[i, body],
            size=sighting.next_roi.size,
            time_ms=time_ms,
        )
        return track.smoothing


def _gap(a: Roi, b: Roi) -> float:
    """Between the middles of two regions, in sizes."""
    return math.hypot(a.center_x - b.center_x, a.center_y - b.center_y) / max(a.size, b.size)

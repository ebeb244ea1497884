"""Frames in time order: the only memory. Who is followed where, and who is looked for."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import NamedTuple

import numpy as np

from pose_landmarker.appearance import look_at
from pose_landmarker.arrays import RgbImage
from pose_landmarker.association import match, newest_win, region_overlap
from pose_landmarker.identity import Sighting, clarified, exchanged, recognised, without_doubles
from pose_landmarker.image_options import ImageProcessingOptions
from pose_landmarker.imaging import check_side
from pose_landmarker.landmark_net import Bodies
from pose_landmarker.options import PoseLandmarkerOptions
from pose_landmarker.patrol import Patrol
from pose_landmarker.pipeline import Pipeline, pose_of
from pose_landmarker.refinement import judge, plausible
from pose_landmarker.results import PoseLandmarkerResult, Roi
from pose_landmarker.roi import pixel_region, roi_from_points, steady_roi
from pose_landmarker.search import parts_of
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
#: Seconds between two looks at the colours of a single person.
_COLORS_EVERY_S = 0.2
#: For so long after somebody is lost, seconds, people are looked for at least this often, seconds: most
#: come back soon from behind somebody else.
_SOON_BACK_S, _INTERVAL_FOR_LOST_S = 1.5, 0.1

#: While nobody is followed, seconds between two searches in full.
_SEARCH_EVERY_S = 1.0
#: Parts of a wide search looked at in a second of the video at most, and in one frame (docs/search.md).
_PARTS_PER_S, _MOST_PARTS = 15.0, 4
#: Times are whole milliseconds: two frames of 30 a second are 66 or 67 apart.
_ROUNDING = 0.02
#: Somebody who is followed may look so much less likely than one who is new.
_LOYALTY = 0.25


class _Seed(NamedTuple):
    """A region to look at, and why."""

    roi: Roi
    track: Track | None
    detection_score: float | None
    guessed: bool = False


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
        self.reset()

    def reset(self) -> None:
        """Forget everything: the next frame is the first of another video."""
        self._tracks: list[Track] = []
        self._looked_ms: int | None = None
        self._searched_ms: int | None = None
        self._looked_around_ms = 0
        self._patrol = Patrol()
        self._somebody_lost = False
        self._last_ms: int | None = None
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
        upright = processing.rotation_rad
        named = self._name(self._sightings(image, seeds, time_ms, upright), time_ms)
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
                upright=upright,
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
        has_room = len(kept) < self._people
        looks = has_room and self._is_due(time_ms, followed=bool(kept))
        if looks:
            self._looked_ms = time_ms
            found = self._look(image, time_ms, processing, followed=bool(kept))
        if has_room and self._options.search != "whole":
            found += self._around(image, time_ms, processing)
        if self._like_reference:
            return self._newest(kept + found)[: self._people]
        return kept + self._others(kept, found) + (self._guesses(time_ms) if looks else [])

    def _look(
        self, image: RgbImage, time_ms: int, processing: ImageProcessingOptions, *, followed: bool
    ) -> list[_Seed]:
        """The whole picture; while nobody is followed, its parts too now and then, or given ones always."""
        since_s = math.inf if self._searched_ms is None else (time_ms - self._searched_ms) / 1000
        if followed or (self._options.search == "wide" and since_s < _SEARCH_EVERY_S):
            found = self.pipeline.detect(image, processing)
        else:
            self._searched_ms = time_ms
            found = self.pipeline.search(image, processing)
        return [_Seed(roi, None, detection.score) for detection, roi in found]

    def _around(self, image: RgbImage, time_ms: int, processing: ImageProcessingOptions) -> list[_Seed]:
        """A share of a close search, no larger than the time since the last: where something moved."""
        if self._searched_ms == time_ms:  # everything was looked at just now
            self._looked_around_ms, self._patrol = time_ms, Patrol()
            return []
        since_s = (time_ms - self._looked_around_ms) / 1000
        count = min(int(since_s * _PARTS_PER_S + _ROUNDING), _MOST_PARTS)
        if count == 0:
            return []
        self._looked_around_ms = time_ms
        left, top, right, bottom = pixel_region(processing.region, *self._image_size)
        parts = parts_of(right - left, bottom - top, self._options.regions, processing.rotation_rad)
        regions = [track.roi for track in self._tracks if track.roi is not None]
        followed = [
            replace(roi, center_x=roi.center_x - left, center_y=roi.center_y - top) for roi in regions
        ]
        chosen = self._patrol.choose(image[top:bottom, left:right], parts, followed, count)
        return [_Seed(roi, None, d.score) for d, roi in self.pipeline.search(image, processing, chosen)]

    def _is_due(self, time_ms: int, *, followed: bool) -> bool:
        """Whether the detector is worth its time."""
        if not followed or self._somebody_lost or self._looked_ms is None:
            return True
        interval_s = self._options.detection_interval
        if self._lately_lost(time_ms):
            interval_s = min(interval_s, _INTERVAL_FOR_LOST_S)
        return time_ms - self._looked_ms >= 1000 * interval_s

    def _lately_lost(self, time_ms: int) -> list[Track]:
        """People out of sight who may be back any moment."""
        return [t for t in self._tracks if t.roi is None and time_ms - t.seen_ms <= 1000 * _SOON_BACK_S]

    def _guesses(self, time_ms: int) -> list[_Seed]:
        """Where people out of sight are expected: the detector misses many beside somebody larger."""
        width, height = self._image_size
        regions = [(track, track.expected_roi(time_ms)) for track in self._lately_lost(time_ms)]
        return [
            _Seed(roi, track, track.detection_score, guessed=True)
            for track, roi in regions
            if 0 <= roi.center_x <= width and 0 <= roi.center_y <= height
        ]

    def _newest(self, seeds: list[_Seed]) -> list[_Seed]:
        """The reference's choice: newer regions replace older ones that they overlap."""
        if len(seeds) < 2:
            return seeds
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
        least = self._options.min_tracking_confidence
        # Each explains one at most: two people close together have regions that overlap by more than half.
        costs = np.where(overlap > least, 1 - overlap, np.inf)
        explained = {detection for _, detection in match(costs)}
        others = [seed for i, seed in enumerate(found) if i not in explained]
        if others and self._options.subject is not None and self._subject not in self._tracks:
            wanted = choose_subject(self._options.subject, [s.roi for s in others], self._image_size)
            others.insert(0, others.pop(wanted))
        # One more than there is room for: some turn out to be people whom we know.
        return others[: self._people - len(kept) + 1]

    def _sightings(self, image: RgbImage, seeds: list[_Seed], time_ms: int, upright: float) -> list[Sighting]:
        """The bodies that are there."""
        if not seeds:
            return []
        bodies = self.pipeline.bodies(image, [seed.roi for seed in seeds])
        least = self._options.min_pose_presence_confidence
        likely = self._are_likely(bodies, seeds, upright)
        sightings = []
        for i, seed in enumerate(seeds):
            # Nor is there one whose score is no number.
            if not float(bodies.scores[i]) >= least or not likely[i]:
                continue
            points = bodies.points[i]
            appearance = None
            if self._needs_colors(seed, time_ms):
                body = slice(NUM_LANDMARKS)
                appearance = look_at(image, points[body, :2], bodies.visibility[i, body])
            roi = roi_from_points(points[NUM_LANDMARKS, :2], points[NUM_LANDMARKS + 1, :2])
            if self._options.steady and roi is not None:
                was_followed = seed.track is not None and seed.roi is seed.track.roi
                roi = steady_roi(roi, seed.roi if was_followed else None)
            sightings.append(
                Sighting(bodies, i, seed.roi, roi, appearance, seed.track, seed.detection_score, seed.guessed)
            )
        return sightings

    def _are_likely(self, bodies: Bodies, seeds: list[_Seed], upright: float) -> list[bool]:
        """Who is taken for a person; of those who are followed less is asked."""
        least = self._options.least_score
        if least == 0:
            return [True] * len(seeds)
        scores = np.array(
            [np.nan if s.track or s.detection_score is None else s.detection_score for s in seeds]
        )
        judged = judge(bodies, scores, list(range(len(seeds))), upright).scores
        return [
            bool(score >= _LOYALTY * least if seed.track else possible and score >= least)
            for score, possible, seed in zip(judged, plausible(bodies), seeds, strict=True)
        ]

    def _needs_colors(self, seed: _Seed, time_ms: int) -> bool:
        """One person followed is not mistaken for another: colours are for when that person is lost."""
        track = seed.track
        return self._people > 1 or track is None or time_ms - track.looked_ms >= 1000 * _COLORS_EVERY_S

    def _name(self, sightings: list[Sighting], time_ms: int) -> list[tuple[Track, Sighting]]:
        """Who is who: a track for every body, ``num_poses`` at most."""
        if not self._like_reference:
            sightings = clarified(without_doubles(sightings, time_ms), self._tracks, time_ms)
        seen = [s.track for s in sightings]
        unknown = [s for s in sightings if s.track is None]
        missing = [track for track in self._tracks if track not in seen]
        known = recognised(missing, unknown, self._tracks, time_ms)
        back = {unknown[j].body: track for j, track in known.items()}
        claims = [(s.track or back.get(s.body), s) for s in sightings]
        if not self._like_reference:
            claims = self._admitted(exchanged(claims))
        named = [(track or self._new_track(s, time_ms), s) for track, s in claims]
        return named if self._like_reference else sorted(named, key=lambda pair: pair[0].track_id)

    def _admitted(self, claims: list[tuple[Track | None, Sighting]]) -> list[tuple[Track | None, Sighting]]:
        """Those there is room for: who is followed first, then who is back, then strangers.

        While the subject is out of sight, its place is kept free.
        """

        def rank(claim: tuple[Track | None, Sighting]) -> int:
            track, sighting = claim
            if track is None:
                return 3
            followed = sighting.track is track and not sighting.guessed
            return 0 if track is self._subject else 1 if followed else 2

        claims = sorted(claims, key=rank)[: self._people]
        is_back = any(track is self._subject for track, _ in claims)
        if self._subject in self._tracks and not is_back:
            claims = [c for i, c in enumerate(claims) if c[0] is not None or i < self._people - 1]
        return claims

    def _new_track(self, sighting: Sighting, time_ms: int) -> Track:
        place = sighting.place
        track = Track(self._next_id, None, time_ms, place.center_x, place.center_y, place.size, time_ms)
        self._next_id += 1
        self._tracks.append(track)
        return track

    def _forget(self, named: list[tuple[Track, Sighting]], time_ms: int) -> None:
        """Note who is out of sight, and drop those gone for long."""
        seen = [track for track, _ in named]
        missing = [track for track in self._tracks if track not in seen]
        self._somebody_lost = any(track.seen_ms == self._last_ms for track in missing)
        self._last_ms = time_ms
        for track in missing:
            track.lose(track.hidden_by)
        # In the order of the result, which is the order of the regions in the next frame.
        self._tracks = seen + [t for t in missing if time_ms - t.seen_ms <= self._memory_ms(t)]

    def _memory_ms(self, track: Track) -> float:
        return 1000 * (SUBJECT_MEMORY_S if track is self._subject else MEMORY_S)

    def _follow(self, named: list[tuple[Track, Sighting]], time_ms: int) -> None:
        """Note where everybody is now."""
        for track, sighting in named:
            track.detection_score = sighting.detection_score
            track.see(sighting.place, time_ms, sighting.appearance, clearly=not sighting.near)
            track.roi = sighting.next_roi

    def _only_subject(self, named: list[tuple[Track, Sighting]]) -> list[tuple[Track, Sighting]]:
        """The person chosen; another one is chosen only when that one is forgotten."""
        assert self._options.subject is not None
        if self._subject not in self._tracks and named:
            by_age = sorted(named, key=lambda pair: pair[0].track_id)
            regions = [sighting.place for _, sighting in by_age]
            self._subject = by_age[choose_subject(self._options.subject, regions, self._image_size)][0]
        return [(track, sighting) for track, sighting in named if track is self._subject]

    def _smooth(self, track: Track, sighting: Sighting, time_ms: int) -> SmoothingState | None:
        """A person's landmarks over time."""
        body, i = slice(NUM_LANDMARKS), sighting.body
        if self._smoothing is None or sighting.next_roi is None:
            return None
        points, world = sighting.points[body], sighting.bodies.world[i, body]
        if not (np.isfinite(points).all() and np.isfinite(world).all()):
            track.smoothing = None  # a filter would never forget what is no number
            return None
        track.smoothing = smooth(
            self._smoothing,
            track.smoothing,
            points=points,
            world=world,
            visibility=sighting.bodies.visibility[i, body],
            size=sighting.next_roi.size,
            time_ms=time_ms,
        )
        return track.smoothing

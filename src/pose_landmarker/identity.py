"""Who is who: bodies found in a frame against the people of the frames before."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from pose_landmarker.appearance import Appearance
from pose_landmarker.arrays import DoubleArray
from pose_landmarker.association import body_distance, match
from pose_landmarker.landmark_net import Bodies
from pose_landmarker.results import Roi
from pose_landmarker.topology import NUM_LANDMARKS
from pose_landmarker.track import Track

#: Two bodies whose landmarks are nearer than this, in sizes of their regions, are one: if both are
#: followed, and else. Half a body seen beside a pillar makes the network put the other half anywhere.
_SAME_BODY, _SAME_BODY_UNKNOWN = 0.035, 0.08
#: Share of a body's size that is added around it: where such boxes meet, people hide parts of each other
#: and lend each other their colours.
_MARGIN = 0.03
#: Colours that differ by more are those of different people; near others, by more than the second.
_OTHER_COLORS, _OTHER_COLORS_NEAR = 40.0, 80.0
#: Colours of one person rarely differ by more than this from one second to the next (in 99 % of the
#: frames of 14 out of 17 clips): then it may be somebody else.
_DOUBTFUL_COLORS = 25.0
#: How far from where somebody is expected he or she may reappear, in sizes; grows with time out of sight.
_REACH, _REACH_PER_S = 0.35, 0.5
#: People exchange their numbers where their colours then fit better by this much, both together.
_CLEARLY_BETTER = 15.0
#: How much larger or smaller somebody may look than when last seen clearly; grows with time since.
_GROWTH, _GROWTH_PER_S = 1.25, 0.5
#: Advantage of the person who was looked for in that place.
_LOYALTY = 0.25
#: However the light changes, the colours of somebody followed count as no more different than this.
_WORST = 1.5


class Sighting(NamedTuple):
    """A body in this frame."""

    bodies: Bodies
    """What the landmark network found, and"""
    body: int
    """which of it this is."""
    roi: Roi
    """Where it was looked for."""
    next_roi: Roi | None
    """Where to look for it in the next frame."""
    appearance: Appearance | None
    """Colours, where they were looked at."""
    track: Track | None
    """Who was looked for there."""
    detection_score: float | None
    guessed: bool = False
    """Whether that person was out of sight, and only expected there."""
    near: bool = False
    """Whether somebody else is so near that colours may be theirs."""

    @property
    def points(self) -> DoubleArray:
        """(35, 3) image pixels."""
        points: DoubleArray = self.bodies.points[self.body]
        return points

    @property
    def place(self) -> Roi:
        """Where the body is: its next region, or at least the one that it was found in."""
        return self.next_roi or self.roi


def without_doubles(sightings: Sequence[Sighting], time_ms: int) -> list[Sighting]:
    """Each body once: where two regions led to the same one, it belongs to whom it fits best.

    The others are noted as lost, hidden by that person.
    """
    left: list[Sighting] = []
    for sighting in sorted(sightings, key=lambda s: _misfit(s, time_ms)):
        double = next((s for s in left if _is_same_body(s, sighting)), None)
        if double is None:
            left.append(sighting)
        elif sighting.track is not None and not sighting.guessed:
            sighting.track.lose(None if double.track is None else double.track.track_id)
    return sorted(left, key=lambda s: s.body)


def clarified(sightings: Sequence[Sighting], tracks: Sequence[Track], time_ms: int) -> list[Sighting]:
    """The same, noting who is near somebody else; where colours raise doubts, with better names.

    Args:
        sightings: Each body once.
        tracks: Everybody, out of sight or not.
        time_ms: Of this frame.
    """
    noted = _noting_who_is_near(_without_idle_guesses(sightings))
    noted = [s for s in noted if s.guessed or not _has_changed_body(s, time_ms)]
    noted = [s._replace(track=None) if _has_come_out_as_another(s) else s for s in noted]
    if any(s.track is not None and doubtful(s.track, s) for s in noted):
        better = recognised(tracks, noted, tracks, time_ms)
        noted = [s._replace(track=better.get(i)) for i, s in enumerate(noted)]
    return noted


def _without_idle_guesses(sightings: Sequence[Sighting]) -> list[Sighting]:
    """Guesses only where they look like that person, and nobody new was found there anyway."""
    unknown = [_box(s) for s in sightings if s.track is None]
    return [
        s
        for s in sightings
        if not s.guessed or (_is_proven(s) and not any(_meet(_box(s), box) for box in unknown))
    ]


def _noting_who_is_near(sightings: Sequence[Sighting]) -> list[Sighting]:
    boxes = [_box(s) for s in sightings]
    return [
        s._replace(near=any(o is not box and _meet(o, box) for o in boxes))
        for s, box in zip(sightings, boxes, strict=True)
    ]


def _is_proven(sighting: Sighting) -> bool:
    """Whether a body found where somebody out of sight was expected looks like that person."""
    assert sighting.track is not None
    unlike = sighting.track.unlike(sighting.appearance)
    return unlike is not None and unlike <= _DOUBTFUL_COLORS


def _has_changed_body(sighting: Sighting, time_ms: int) -> bool:
    """Whether a region has slipped from somebody to somebody near, larger or smaller."""
    track = sighting.track
    if track is None or not sighting.near:
        return False
    ratio = sighting.place.size / track.size
    return max(ratio, 1 / ratio) > _GROWTH + _GROWTH_PER_S * (time_ms - track.clear_ms) / 1000


def _has_come_out_as_another(sighting: Sighting) -> bool:
    """Whether somebody who was near others has other colours now that they have parted."""
    track = sighting.track
    if track is None or sighting.near or track.clear_ms == track.seen_ms:
        return False
    unlike = track.unlike(sighting.appearance)
    return unlike is not None and unlike > _OTHER_COLORS


def doubtful(track: Track, sighting: Sighting) -> bool:
    """Whether a body may be somebody else's, by its colours."""
    unlike = None if sighting.near else track.unlike(sighting.appearance)
    return unlike is not None and unlike > _DOUBTFUL_COLORS


def recognised(
    people: Sequence[Track], unknown: Sequence[Sighting], tracks: Sequence[Track], time_ms: int
) -> dict[int, Track]:
    """Which bodies are which people.

    Args:
        people: Those who are looked for.
        unknown: Bodies.
        tracks: Everybody.
        time_ms: Of this frame.

    Returns:
        From index of a body to person.
    """
    if not (people and unknown):
        return {}
    by_id = {track.track_id: track for track in tracks}
    costs = np.array(
        [
            [_cost(track, by_id.get(track.hidden_by or 0), sighting, time_ms) for sighting in unknown]
            for track in people
        ]
    )
    return {column: people[row] for row, column in match(costs)}


def exchanged(claims: Sequence[tuple[Track | None, Sighting]]) -> list[tuple[Track | None, Sighting]]:
    """The same, but where two people part and their colours say that each took the other's number.

    While one hid the other there was one body, and it may have been given to the wrong one.
    """
    result = list(claims)
    place = {track.track_id: i for i, (track, _) in enumerate(result) if track is not None}
    for i, (track, sighting) in enumerate(claims):
        if track is None or track.hidden_by not in place:
            continue
        j = place[track.hidden_by]
        hider, other = result[j]
        if hider is None or sighting.near or other.near:
            continue
        as_is = (track.unlike(sighting.appearance), hider.unlike(other.appearance))
        swapped = (track.unlike(other.appearance), hider.unlike(sighting.appearance))
        if None not in (*as_is, *swapped) and _sum(swapped) + _CLEARLY_BETTER < _sum(as_is):
            result[i], result[j] = (hider, sighting), (track, other)
    return result


def _sum(values: Sequence[float | None]) -> float:
    return sum(value for value in values if value is not None)


def _cost(track: Track, hider: Track | None, sighting: Sighting, time_ms: int) -> float:
    """0 for the same person where expected, 1 for the limit."""
    reach = _REACH + _REACH_PER_S * (time_ms - track.clear_ms) / 1000
    away = track.distance(sighting.place, time_ms) / reach
    if hider is not None and hider.roi is not None:  # people also reappear where they were hidden
        away = min(away, 0.5 + _gap(hider.roi, sighting.place) / 2)
    unlike = track.unlike(sighting.appearance)
    limit = _OTHER_COLORS_NEAR if sighting.near else _OTHER_COLORS
    differs = 0.5 if unlike is None else unlike / limit
    if track is sighting.track:
        return min(away + min(differs, _WORST), 2.0) / 2 - _LOYALTY
    return np.inf if away > 1 or differs > 1 else (away + differs) / 2


def _misfit(sighting: Sighting, time_ms: int) -> float:
    """How badly a body fits the person who was looked for; newcomers fit worst."""
    track = sighting.track
    if track is None or sighting.guessed:
        return math.inf
    unlike = track.unlike(sighting.appearance)
    return (
        track.distance(sighting.place, time_ms) / _REACH
        + track.surprise / _REACH
        + (0.0 if unlike is None else unlike / _OTHER_COLORS)
    )


def _is_same_body(a: Sighting, b: Sighting) -> bool:
    followed = all(s.track is not None and not s.guessed for s in (a, b))
    limit = _SAME_BODY if followed else _SAME_BODY_UNKNOWN
    return body_distance(a.points, b.points, b.place.size) < limit


def _box(sighting: Sighting) -> tuple[float, float, float, float]:
    """Left, top, right, bottom of a body with a margin, pixels."""
    margin = _MARGIN * sighting.place.size
    body = sighting.points[:NUM_LANDMARKS, :2]
    (left, top), (right, bottom) = body.min(axis=0).tolist(), body.max(axis=0).tolist()
    return left - margin, top - margin, right + margin, bottom + margin


def _meet(a: tuple[float, float, float, float], b: tuple[float, float, float, float]) -> bool:
    return a[0] < b[2] and b[0] < a[2] and a[1] < b[3] and b[1] < a[3]


def _gap(a: Roi, b: Roi) -> float:
    """Between the middles of two regions, in sizes."""
    return math.hypot(a.center_x - b.center_x, a.center_y - b.center_y) / max(a.size, b.size)

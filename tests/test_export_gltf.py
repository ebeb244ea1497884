"""glTF: what two other libraries read, where it plays joints to, and what comes back."""

from __future__ import annotations

import json
import struct
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pygltflib
import pytest
import trimesh
from hypothesis import given, settings

from pose_landmarker import DatasetError, OptionError
from pose_landmarker.export import gltf
from pose_landmarker.topology import LANDMARK_NAMES
from tests.motions import acting, assert_same_motion, motions
from tests.recordings import nobody, pictures, scene, walking
from tests.test_export_bvh import NAMES

Y_DOWN = np.array([1, -1, -1])
_DTYPES = {5121: "<u1", 5123: "<u2", 5126: "<f4"}
_WIDTHS = {"SCALAR": 1, "VEC3": 3, "VEC4": 4, "MAT4": 16}


class Player:
    """Plays a file of pygltflib's, as the specification of glTF 2.0 says."""

    def __init__(self, path: Path) -> None:
        self.file = pygltflib.GLTF2().load(str(path))
        self.blob = self.file.binary_blob()
        (animation,) = self.file.animations
        self.tracks = [
            (
                channel.target.node,
                channel.target.path,
                self.numbers(animation.samplers[channel.sampler].input)[:, 0],
                self.numbers(animation.samplers[channel.sampler].output),
                animation.samplers[channel.sampler].interpolation,
            )
            for channel in animation.channels
        ]

    def numbers(self, index: int) -> npt.NDArray[Any]:
        accessor = self.file.accessors[index]
        view = self.file.bufferViews[accessor.bufferView]
        width = _WIDTHS[accessor.type]
        start = view.byteOffset + accessor.byteOffset
        values = np.frombuffer(self.blob, _DTYPES[accessor.componentType], accessor.count * width, start)
        return values.reshape(-1, width)

    def transforms(self, time: float) -> list[npt.NDArray[np.float64]]:
        """(4, 4) of each node at a time."""
        nodes = self.file.nodes
        state = [{"translation": np.array(n.translation or [0, 0, 0]), "scale": np.ones(3)} for n in nodes]
        for node, what, times, values, way in self.tracks:
            at = max(int((times <= time).sum()) - 1, 0)
            after = min(at + 1, len(times) - 1)
            share = 0.0
            if way == "LINEAR" and after > at:
                share = float(np.clip((time - times[at]) / (times[after] - times[at]), 0, 1))
            value = values[at] * (1 - share) + values[after] * share
            state[node][what] = value / np.linalg.norm(value) if what == "rotation" else value
        found: list[npt.NDArray[np.float64]] = [np.eye(4)] * len(nodes)
        todo = [(root, np.eye(4)) for root in self.file.scenes[0].nodes]
        while todo:
            i, parent = todo.pop()
            local = np.eye(4)
            x, y, z, w = state[i].get("rotation", np.array([0, 0, 0, 1]))
            local[:3, :3] = trimesh.transformations.quaternion_matrix([w, x, y, z])[:3, :3]  # type: ignore[no-untyped-call]
            local[:3, :3] *= state[i]["scale"]
            local[:3, 3] = state[i]["translation"]
            found[i] = parent @ local
            todo += [(child, found[i]) for child in nodes[i].children]
        return found

    def landmarks(self, person: int, time: float) -> npt.NDArray[np.float64]:
        """(33, 3) where the landmarks of a person are."""
        root = self.file.scenes[0].nodes[2 * person]
        index = {self.file.nodes[i].name: i for i in range(root + 1, root + 38)}
        matrices = self.transforms(time)
        return np.array([matrices[index[name]][:3, 3] for name in NAMES])

    def vertices(self, skin: int, time: float) -> npt.NDArray[np.float64]:
        """(V, 3) where the skin puts the vertices of its mesh."""
        bound = self.file.skins[skin]
        back = self.numbers(bound.inverseBindMatrices).reshape(-1, 4, 4).transpose(0, 2, 1)
        nodes = self.transforms(time)
        moved = np.array([nodes[joint] for joint in bound.joints]) @ back
        attributes = self.file.meshes[skin].primitives[0].attributes
        places = np.insert(self.numbers(attributes.POSITION).astype(float), 3, 1, axis=1)
        joints, weights = self.numbers(attributes.JOINTS_0), self.numbers(attributes.WEIGHTS_0)
        return np.asarray(np.einsum("vk,vkij,vj->vi", weights, moved[joints], places)[:, :3])


class TestSave:
    @pytest.mark.parametrize(
        "recording", [acting(8), walking(8, 1)], ids=["constant bones", "changing bones"]
    )
    def test_plays_back_to_the_landmarks(self, tmp_path: Path, recording: Any) -> None:
        gltf.save(recording, tmp_path / "act.glb")
        player = Player(tmp_path / "act.glb")
        for frame, time in enumerate(recording.times_s.astype(np.float32)):
            places = player.landmarks(0, time) * Y_DOWN
            np.testing.assert_allclose(places, recording.world_landmarks[frame], atol=1e-5)

    def test_of_fixed_bones_plays_back_constant_bones(self, tmp_path: Path) -> None:
        recording = acting(8)
        gltf.save(recording, tmp_path / "act.glb", fixed_bones=True)
        player = Player(tmp_path / "act.glb")
        for frame, time in enumerate(recording.times_s.astype(np.float32)):
            places = player.landmarks(0, time) * Y_DOWN
            np.testing.assert_allclose(places, recording.world_landmarks[frame], atol=1e-5)
        assert [path for _, path, *_ in player.tracks].count("translation") == 1

    def test_moves_smoothly_between_frames(self, tmp_path: Path) -> None:
        recording = acting(60)
        gltf.save(recording, tmp_path / "act.glb")
        player = Player(tmp_path / "act.glb")
        half = player.landmarks(0, float(recording.times_s[20] + recording.times_s[21]) / 2) * Y_DOWN
        middle = recording.world_landmarks[20:22].mean(axis=0)
        np.testing.assert_allclose(half, middle, atol=0.005)

    def test_the_mesh_goes_with_the_joints(self, tmp_path: Path) -> None:
        recording = acting(8, track_ids=(1, 2))
        gltf.save(recording, tmp_path / "act.glb", apart_m=2)
        player = Player(tmp_path / "act.glb")
        for person, x in ((0, -1.0), (1, 1.0)):
            places = player.landmarks(person, float(recording.times_s[5]))
            vertices = player.vertices(person, float(recording.times_s[5]))
            np.testing.assert_allclose(
                (places - [x, 0, 0]) * Y_DOWN, recording.world_landmarks[10 + person], atol=1e-5
            )
            distance = np.linalg.norm(places[11:, None] - vertices[None], axis=2).min(axis=1)
            assert distance.max() < 1e-5  # every joint is the end of some bone
            assert np.linalg.norm(vertices - places.mean(axis=0), axis=1).max() < 1.5

    def test_is_a_closed_mesh_in_two_colours_by_trimesh(self, tmp_path: Path) -> None:
        gltf.save(acting(8), tmp_path / "act.glb")
        (mesh,) = trimesh.load_scene(tmp_path / "act.glb").geometry.values()
        assert mesh.is_watertight
        assert mesh.volume > 0
        assert (mesh.bounds[1] - mesh.bounds[0])[0] == pytest.approx(
            2 * 0.79, abs=0.05
        )  # a T from hand to hand
        player = Player(tmp_path / "act.glb")
        attributes = player.file.meshes[0].primitives[0].attributes
        colors, places = player.numbers(attributes.COLOR_0), player.numbers(attributes.POSITION)
        left, right = places[:, 0] > 0.3, places[:, 0] < -0.3
        np.testing.assert_allclose(colors[left], [[0.791, 0.347, 0]] * left.sum(), atol=1e-3)  # linear light
        np.testing.assert_allclose(colors[right], [[0.093, 0.456, 0.815]] * right.sum(), atol=1e-3)

    def test_hides_who_is_not_in_view(self, tmp_path: Path) -> None:
        gltf.save(scene(), tmp_path / "walk.glb")
        player = Player(tmp_path / "walk.glb")
        persons = [player.file.nodes[i].name for i in player.file.scenes[0].nodes[::2]]
        assert persons == ["person_1", "person_2", "person_-1"]
        extents = [
            np.ptp(player.vertices(1, float(time)), axis=0).max()
            for time in scene().times_s.astype(np.float32)
        ]
        assert [bool(extent > 0.1) for extent in extents] == [True, True, False, False, False, False]

    def test_is_well_formed(self, tmp_path: Path) -> None:
        gltf.save(acting(8), tmp_path / "act.glb")
        content = (tmp_path / "act.glb").read_bytes()
        magic, version, size, length, kind = struct.unpack_from("<4sIII4s", content)
        assert (magic, version, size, kind) == (b"glTF", 2, len(content), b"JSON")
        document = json.loads(content[20 : 20 + length])
        assert length % 4 == 0
        assert all(view["byteOffset"] % 4 == 0 for view in document["bufferViews"])
        inputs = {sampler["input"] for sampler in document["animations"][0]["samplers"]}
        assert all("min" in document["accessors"][i] for i in inputs)
        joints = {node["name"]: node for node in document["nodes"]}
        assert joints["person_1"]["extras"] == {"track_id": 1}
        assert len(document["skins"][0]["joints"]) == 37

    def test_chooses_people(self, tmp_path: Path) -> None:
        gltf.save(acting(3, track_ids=(1, 2, 3)), tmp_path / "a.glb", track_id=(1, 3))
        assert gltf.load(tmp_path / "a.glb").tracks.tolist() == [1, 3]

    def test_wants_somebody_who_moves(self, tmp_path: Path) -> None:
        path = tmp_path / "a.glb"
        with pytest.raises(OptionError, match="nobody is in the recording"):
            gltf.save(nobody(3), path)
        with pytest.raises(OptionError, match="are no motion"):
            gltf.save(pictures(), path)
        with pytest.raises(OptionError, match=r"frames 1 and 2 are both at 0\.1 s"):
            gltf.save(replace(acting(3), times_s=np.array([0, 0.1, 0.1])), path)
        with pytest.raises(OptionError, match="apart_m must be a number ≥ 0"):
            gltf.save(acting(3), path, apart_m=-1)
        assert list(tmp_path.iterdir()) == []


class TestLoad:
    @settings(max_examples=25, deadline=None)
    @given(motions())
    def test_brings_back_any_motion(self, tmp_path_factory: Any, recording: Any) -> None:
        if not len(recording.frames):
            return
        path = tmp_path_factory.mktemp("gltf") / "a.glb"
        gltf.save(recording, path)
        found = gltf.load(path)
        np.testing.assert_allclose(found.times_s, recording.times_s, rtol=1e-6)
        a, b = found.stack(), recording.stack()
        np.testing.assert_array_equal(a.track_ids, b.track_ids)
        np.testing.assert_array_equal(a.present, b.present)
        known = np.isfinite(b.world_landmarks).all(axis=-1)
        np.testing.assert_allclose(a.world_landmarks[known], b.world_landmarks[known], atol=1e-5)

    def test_brings_back_frames_that_come_unevenly(self, tmp_path: Path) -> None:
        recording = replace(acting(4, track_ids=(5, 9)), times_s=np.array([1, 1.1, 5, 5.01]))
        gltf.save(recording, tmp_path / "a.glb")
        assert_same_motion(gltf.load(tmp_path / "a.glb"), recording, 1e-5)
        np.testing.assert_allclose(gltf.load(tmp_path / "a.glb").times_s, recording.times_s, rtol=1e-6)

    def test_puts_a_landmark_that_is_not_known_where_it_usually_is(self, tmp_path: Path) -> None:
        recording = acting(9)
        world = recording.world_landmarks.copy()
        index = LANDMARK_NAMES.index("left_index")
        world[4, index] = np.nan
        gltf.save(replace(recording, world_landmarks=world), tmp_path / "a.glb")
        found = gltf.load(tmp_path / "a.glb").world_landmarks
        assert np.linalg.norm(found[4, index] - recording.world_landmarks[4, index]) < 0.05

    @pytest.mark.parametrize(
        ("old", "new"),
        [
            (b"glTF", b"GLTF"),
            (b"JSON", b"TEXT"),
            (b"track_id", b"trackXid"),
            (b'"Hips"', b'"Hops"'),
            (b'"animations"', b'"Animations"'),
            (b'"VEC4"', b'"VEC9"'),
            (b"5126", b"5120"),
            (b'"SCALAR"', b'"SCALER"'),
            (b'"count":9', b'"count":x'),
            (b'"extras":{"track_id":1}', b'"extras":"track_id: 1" '),
            (b'{"asset"', b'["asset"'),
        ],
    )
    def test_says_that_a_file_is_damaged(self, tmp_path: Path, old: bytes, new: bytes) -> None:
        path = tmp_path / "a.glb"
        gltf.save(acting(9), path)
        content = path.read_bytes()
        assert old in content
        path.write_bytes(content.replace(old, new))
        with pytest.raises(
            DatasetError, match=r"a\.glb is not a \.glb file by this package, or a damaged one"
        ):
            gltf.load(path)

    @pytest.mark.parametrize("size", [0, 10, 30, 2000, -1, -400])
    def test_says_that_a_file_is_cut_off(self, tmp_path: Path, size: int) -> None:
        path = tmp_path / "a.glb"
        gltf.save(acting(9), path)
        path.write_bytes(path.read_bytes()[:size])
        with pytest.raises(DatasetError, match="a damaged one"):
            gltf.load(path)

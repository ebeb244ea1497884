"""Networks that another process runs; here that is a thread at the other end of a pipe."""

from __future__ import annotations

import pickle
import threading
from collections.abc import Iterator, Sequence
from multiprocessing import Pipe
from multiprocessing.connection import Connection
from multiprocessing.shared_memory import SharedMemory
from typing import Any

import numpy as np
import pytest

from pose_landmarker.arrays import DoubleArray, FloatArray, RgbImage
from pose_landmarker.engines import rough_engine, shared_block
from pose_landmarker.engines.fake import FakeEngine, FakeNetwork
from pose_landmarker.engines.messages import Compile, Refine, Reserve, Run
from pose_landmarker.engines.remote import Link, RemoteEngine, RemoteRefiningNetwork, RemoteRegionNetwork
from pose_landmarker.engines.serving import Networks, Server, portable
from pose_landmarker.engines.shared_block import OpenedBlock, OwnedBlock, places
from pose_landmarker.errors import EngineError, ModelNotFoundError
from pose_landmarker.parcel import pack, unpack
from tests.poses import make_pose

_IDENTITY = np.eye(3)


class RegionNetwork(FakeNetwork):
    """Answers with sums of pixels and of matrices."""

    def regions(
        self, image: RgbImage, matrices: Sequence[DoubleArray], *, replicate: bool
    ) -> tuple[FloatArray, ...]:
        self.seen.append(image.copy())
        sums = [[image.sum(dtype=np.int64), matrix.sum(), replicate] for matrix in matrices]
        return (np.array(sums, np.float32), np.zeros((len(matrices), 2, 3), np.float32))


class RefiningNetwork(RegionNetwork):
    """Says of its outputs which were refined."""

    def refining(self, points: int, maps: int) -> RegionNetwork:
        refined = RegionNetwork((1,))
        refined.answer = lambda images: (np.full((len(images), 2), [points, maps], np.float32),)
        return refined


class Counting(Server):
    """Notes what it is asked."""

    def __init__(self, networks: Networks) -> None:
        super().__init__(networks)
        self.asked: list[Any] = []

    def answer(self, request: Compile | Refine | Reserve | Run) -> Any:
        self.asked.append(request)
        return super().answer(request)

    def serve(self, connection: Connection) -> None:
        while True:
            try:
                connection.send(self.answer(connection.recv()))
            except EOFError:
                return


def _means(images: RgbImage) -> tuple[FloatArray, ...]:
    """Of every channel; and an array without numbers."""
    return images.mean((1, 2), np.float32), np.zeros((len(images), 0, 9), np.float32)


@pytest.fixture
def network() -> RegionNetwork:
    return RegionNetwork((4, 5), answer=_means)


@pytest.fixture
def server(network: RegionNetwork) -> Iterator[Counting]:
    rough = FakeEngine([FakeNetwork((7,))])
    server = Counting(Networks(FakeEngine([network, FakeNetwork((1,))]), rough))
    yield server
    server.close()
    server.close()


@pytest.fixture
def link(server: Counting) -> Iterator[Link]:
    ours, theirs = Pipe()
    thread = threading.Thread(target=server.serve, args=(theirs,))
    thread.start()
    yield Link(ours)
    ours.close()
    thread.join()
    theirs.close()


def _compile(engine: RemoteEngine, model: bytes = b"network") -> Any:
    return engine(model, scale=0.5, offset=1.0, threads=2)


def _noise(seed: int, *shape: int) -> RgbImage:
    return np.random.default_rng(seed).integers(0, 256, shape, dtype=np.uint8)


def test_a_batch_goes_there_and_its_outputs_come_back(link: Link, network: RegionNetwork) -> None:
    remote = _compile(RemoteEngine(link))
    for seed, count in enumerate((1, 5, 2)):  # the shared memory grows
        batch = _noise(seed, count, 8, 9, 3)
        means, empty = remote(batch)
        np.testing.assert_array_equal(network.seen[-1], batch)
        np.testing.assert_array_equal(means, batch.mean((1, 2), np.float32))
        assert empty.shape == (count, 0, 9)


def test_outputs_belong_to_the_caller(link: Link) -> None:
    remote = _compile(RemoteEngine(link))
    first, _ = remote(_noise(1, 2, 8, 9, 3))
    before = first.copy()
    remote(_noise(2, 2, 8, 9, 3))
    np.testing.assert_array_equal(first, before)
    first[...] = 0


def test_a_picture_that_is_there_is_not_sent_again(
    link: Link, server: Counting, monkeypatch: pytest.MonkeyPatch
) -> None:
    remote = _compile(RemoteEngine(link))
    puts: list[Any] = []
    put = link.put

    def counting(arrays: Sequence[Any]) -> None:
        puts.append(arrays)
        put(arrays)

    monkeypatch.setattr(link, "put", counting)
    picture, other = _noise(1, 30, 40, 3), _noise(2, 30, 40, 3)

    def total(image: RgbImage, *matrices: DoubleArray) -> list[float]:
        sums, _ = remote.regions(image, matrices or [_IDENTITY], replicate=True)
        return [float(total) for total in sums[:, 0]]

    assert total(picture) == [float(picture.sum())]
    assert total(picture, _IDENTITY, _IDENTITY) == 2 * [float(picture.sum())]
    assert total(picture[0:30, 0:40]) == [float(picture.sum())]  # as the detector looks at it
    assert len(puts) == 1
    assert total(picture[:20]) == [float(picture[:20].sum())]
    assert total(picture[:, ::-1]) == [float(picture.sum())]
    assert total(other) == [float(other.sum())]
    assert total(picture) == [float(picture.sum())]
    assert len(puts) == 5
    picture[...] = 7  # which nobody does before the results of a picture are there
    link.forget()
    assert total(picture) == [7.0 * picture.size]
    remote(_noise(3, 1, 8, 9, 3))  # takes its place
    assert total(picture) == [7.0 * picture.size]
    assert len(puts) == 8
    assert sum(isinstance(request, Run) for request in server.asked) == 10


def test_regions_are_told_in_full(link: Link) -> None:
    remote = _compile(RemoteEngine(link))
    sums, _ = remote.regions(_noise(1, 6, 5, 3), [_IDENTITY, 2 * _IDENTITY], replicate=False)
    assert sums[:, 1:].tolist() == [[3, 0], [6, 0]]


def test_a_network_is_compiled_once(link: Link, server: Counting) -> None:
    engine = RemoteEngine(link)
    first, second, again = _compile(engine), _compile(engine, b"other"), _compile(engine)
    assert isinstance(first, RemoteRegionNetwork)
    assert not isinstance(second, RemoteRegionNetwork)
    assert isinstance(again, RemoteRegionNetwork)
    assert [request.threads for request in server.asked] == [2, 2, 2]
    (output,) = second(_noise(1, 1, 8, 9, 3))
    assert output.shape == (1, 1)


def test_rough_looks_have_the_other_engine(link: Link) -> None:
    engine = RemoteEngine(link, has_rough=True)
    rough = rough_engine("remote", engine)
    assert rough is not None
    (output,) = rough(b"network", scale=1, offset=0, threads=1)(_noise(1, 1, 8, 9, 3))
    assert output.shape == (1, 7)
    assert rough_engine("remote", RemoteEngine(link)) is None


def test_landmarks_are_refined_there(link: Link, server: Counting, network: RegionNetwork) -> None:
    server._networks = Networks(FakeEngine([RefiningNetwork((1,)), network]))
    remote = RemoteEngine(link)(b"one", scale=1, offset=0, threads=1)
    assert isinstance(remote, RemoteRefiningNetwork)
    for _ in range(2):
        refined = remote.refining(3, 7)
        (outputs,) = refined(np.zeros((2, 4, 4, 3), np.uint8))
        assert outputs.tolist() == [[3, 7], [3, 7]]
    assert refined._number == 1  # it was made once
    other = RemoteEngine(link)(b"other", scale=1, offset=0, threads=1)
    assert not hasattr(other, "refining")


def test_errors_come_back(link: Link, network: RegionNetwork) -> None:
    def fail(_: RgbImage) -> tuple[FloatArray, ...]:
        raise EngineError("it is hot")

    network.answer = fail
    remote = _compile(RemoteEngine(link))
    with pytest.raises(EngineError, match="it is hot"):
        remote(_noise(1, 1, 8, 9, 3))
    network.answer = None
    assert not shared_block._let_go_soon
    assert remote(_noise(1, 1, 8, 9, 3))[0].shape == (1, 4, 5)  # the link is as good as before


def test_errors_are_sent_as_they_are_or_told() -> None:
    class LocalError(Exception):
        pass

    there = ModelNotFoundError("nothing here")
    assert portable(there) is there
    typed = type("TypedError", (ValueError,), {"__module__": "__main__"})(5)
    assert str(portable(typed)) == "TypedError: 5"
    told = portable(LocalError("strange"))
    assert type(told) is EngineError
    assert str(told) == "LocalError: strange"


def test_a_block_grows_and_is_removed() -> None:
    mine, theirs = OwnedBlock(), OpenedBlock()
    name = mine.reserve(100)
    theirs.open(name)
    assert mine.reserve(50) == name
    mine.view((10,), np.uint8)[...] = 7
    assert theirs.view((10,), np.uint8).tolist() == [7] * 10
    larger = mine.reserve(1 << 20)
    assert larger != name
    theirs.open(larger)
    assert theirs.size >= 1 << 20
    mine.close()
    with pytest.raises(FileNotFoundError):
        OpenedBlock().open(larger)


def test_a_block_that_is_still_looked_at_is_removed_and_freed_later() -> None:
    mine = OwnedBlock()
    name = mine.reserve(10)
    kept = mine.view((10,), np.uint8)
    kept[...] = 7
    mine.close()
    with pytest.raises(FileNotFoundError):
        OpenedBlock().open(name)
    assert kept.tolist() == [7] * 10
    assert len(shared_block._let_go_soon) == 1
    del kept
    mine.reserve(10)
    mine.close()
    assert not shared_block._let_go_soon


def test_arrays_lie_apart_and_aligned() -> None:
    assert places([]) == ([], 0)
    assert places([1, 64, 65]) == ([0, 64, 128], 256)


@pytest.mark.parametrize("side", [20, 300])
def test_parcels_hold_what_was_packed(side: int) -> None:
    pose = make_pose(image_size=(side, side))
    image = _noise(1, side, side, 3)
    mask = np.random.default_rng(2).random((side, side), np.float32)
    mask.setflags(write=False)
    parcel, arrays = pack({"pose": pose, "image": image, "mask": mask})
    assert len(arrays) == (2 if side == 300 else 0)
    assert len(parcel.data) < (20_000 if side == 300 else 50_000)
    assert all(np.shares_memory(array, large) for array, large in zip(arrays, (image, mask), strict=False))
    found = unpack(pickle.loads(pickle.dumps(parcel)), [array.copy() for array in arrays])
    np.testing.assert_array_equal(found["image"], image)
    np.testing.assert_array_equal(found["mask"], mask)
    np.testing.assert_array_equal(found["pose"].landmarks, pose.landmarks)
    assert found["image"].flags.writeable
    assert not found["mask"].flags.writeable


def test_a_block_is_let_go_in_the_midst_of_letting_go() -> None:
    """As the garbage collector does it, which may run at any moment, in the same thread."""
    other = OwnedBlock()
    name = other.reserve(64)

    class Memory:
        def close(self) -> None:
            other.close()

    shared_block._let_go(Memory())  # type: ignore[arg-type]
    assert not shared_block._let_go_soon
    with pytest.raises(FileNotFoundError):
        SharedMemory(name)

"""Tables in files: what all of those formats have in common, and what happens when a writer is killed."""

from __future__ import annotations

import logging
import os
import random
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from pose_landmarker import DatasetError, OptionError, OptionTypeError, PoseLandmarkerResult, Recording
from pose_landmarker.errors import ClosedError, TimestampError
from pose_landmarker.export import arrow, csv, jsonlines, npz, parquet
from pose_landmarker.export.decimals import NUMBER, shortest
from tests.poses import make_pose
from tests.recordings import assert_same, nobody, pictures, scene, walking

WRITERS: dict[str, Any] = {
    "x.jsonl": jsonlines,
    "x.csv": csv,
    "x.parquet": parquet,
    "x.arrow": arrow,
    "x.arrows": arrow,
}
FORMATS: dict[str, Any] = {**WRITERS, "x.npz": npz}
every_format = pytest.mark.parametrize("name", FORMATS)
every_writer = pytest.mark.parametrize("name", WRITERS)


def result(time: int | None = 0, people: int = 1) -> PoseLandmarkerResult:
    poses = tuple(make_pose(track_id=i + 1, seed=i) for i in range(people))
    return PoseLandmarkerResult(poses=poses, image_size=(160, 120), timestamp_ms=time)


class TestShortest:
    def test_is_the_same_float32_in_few_digits(self) -> None:
        rng = np.random.default_rng(0)
        any_bits = rng.integers(0, 2**32, 20_000, dtype=np.uint32).view(np.float32)
        powers = (2.0 ** np.arange(-126, 127)).astype(np.float32)
        usual = rng.uniform(-2, 2, 20_000).astype(np.float32)
        values = np.concatenate([any_bits, powers, np.nextafter(powers, np.float32(0)), usual])
        texts = [NUMBER % value for value in shortest(values).tolist()]
        with np.errstate(over="ignore"):
            np.testing.assert_array_equal(np.array(list(map(float, texts))).astype(np.float32), values)
        assert sum(map(len, texts)) <= 1.01 * sum(len(str(value)) for value in values)

    def test_of_what_people_write_is_what_they_wrote(self) -> None:
        values = np.array([0.9, 0.1, 1, -0.5, 0.00001, 640, 1279.5, -0.0, 0.333333], np.float32)
        texts = ["0.9", "0.1", "1", "-0.5", "1e-05", "640", "1279.5", "-0", "0.333333"]
        assert [NUMBER % value for value in shortest(values).tolist()] == texts


class TestSave:
    @every_format
    @pytest.mark.parametrize("recording", [scene(), pictures(), nobody(3), nobody()])
    def test_what_is_saved_is_loaded(self, tmp_path: Path, name: str, recording: Recording) -> None:
        FORMATS[name].save(recording, tmp_path / name)
        assert [path.name for path in tmp_path.iterdir()] == [name]
        assert_same(FORMATS[name].load(tmp_path / name), recording)

    @every_format
    def test_pictures_may_have_times_and_some_may_not(self, tmp_path: Path, name: str) -> None:
        recording = Recording(
            **{
                field: getattr(pictures(), field)
                for field in Recording.__dataclass_fields__
                if field != "times_s"
            },
            times_s=np.array([0, np.nan, 0.5, 0.5, np.nan, np.nan, 1 / 3 + 1, 2, 3, 4]),
        )
        FORMATS[name].save(recording, tmp_path / name)
        assert_same(FORMATS[name].load(tmp_path / name), recording)

    @every_format
    def test_a_good_file_is_not_replaced_by_half_of_a_new_one(
        self, tmp_path: Path, name: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        target = tmp_path / name
        FORMATS[name].save(scene(), target)
        before = target.read_bytes()

        def fail(_: object, __: object) -> None:
            raise OSError(28, "No space left on device")

        monkeypatch.setattr(Path, "replace", fail)
        with pytest.raises(OSError, match="No space left"):
            FORMATS[name].save(walking(50), target)
        assert [path.name for path in tmp_path.iterdir()] == [name]
        assert target.read_bytes() == before

    @every_format
    def test_links_are_followed_and_folders_made(self, tmp_path: Path, name: str) -> None:
        real, link = tmp_path / "deep" / "er" / name, tmp_path / name
        link.symlink_to(real)
        FORMATS[name].save(scene(), link)
        assert link.is_symlink()
        assert_same(FORMATS[name].load(real), scene())

    @every_format
    def test_other_types_are_refused(self, tmp_path: Path, name: str) -> None:
        with pytest.raises(OptionTypeError, match="must be a Recording, not list"):
            FORMATS[name].save([result()], tmp_path / name)
        with pytest.raises(OptionTypeError, match="path must be a string or a Path, not int"):
            FORMATS[name].save(scene(), 3)
        with pytest.raises(OptionTypeError, match="path must be"):
            FORMATS[name].load(b"x")
        assert not list(tmp_path.iterdir())

    @every_format
    def test_a_folder_is_not_written_over(self, tmp_path: Path, name: str) -> None:
        (tmp_path / name).mkdir()
        with pytest.raises(OSError, match=name):
            FORMATS[name].save(scene(), tmp_path / name)
        assert [path.name for path in tmp_path.iterdir()] == [name]

    @pytest.mark.parametrize("name", [name for name in FORMATS if name != "x.jsonl"])
    @pytest.mark.parametrize("picture", ["half a \udc80 character", "zero \0 byte"])
    def test_names_that_are_no_text_are_refused(self, tmp_path: Path, name: str, picture: str) -> None:
        recording = Recording.from_results([result(None)], names=[picture])
        with pytest.raises(OptionError, match="characters that no text can have"):
            FORMATS[name].save(recording, tmp_path / name)
        with pytest.raises(OptionError, match="more than 4096 characters"):
            FORMATS[name].save(Recording.from_results([result()], names=["x" * 4097]), tmp_path / name)
        assert not list(tmp_path.iterdir())

    @pytest.mark.parametrize("name", ["x.csv", "x.parquet", "x.arrow"])
    def test_an_unknown_layout_is_refused(self, tmp_path: Path, name: str) -> None:
        with pytest.raises(OptionError, match="layout must be 'wide' or 'tidy', not 'long'"):
            FORMATS[name].save(scene(), tmp_path / name, layout="long")
        with pytest.raises(OptionTypeError, match="layout"):
            FORMATS[name].Writer(tmp_path / name, layout=3)
        assert not list(tmp_path.iterdir())


class TestLoad:
    @every_format
    def test_files_that_are_not_there_are_named(self, tmp_path: Path, name: str) -> None:
        with pytest.raises(DatasetError, match=rf"{name}: there is no such file"):
            FORMATS[name].load(tmp_path / name)
        with pytest.raises(DatasetError, match="is a folder"):
            FORMATS[name].load(tmp_path)

    @every_format
    @pytest.mark.parametrize(
        "content", [b"hello", b"\0" * 100, b"\xff\xfe\xfd\n" * 9, b"[[[[" * 9000, b'"' * 200_000, b"PK\3\4"]
    )
    def test_files_of_other_kinds_are_refused(self, tmp_path: Path, name: str, content: bytes) -> None:
        (tmp_path / name).write_bytes(content)
        with pytest.raises(DatasetError, match=name):
            FORMATS[name].load(tmp_path / name)

    @every_format
    def test_damaged_files_are_refused_or_read(self, tmp_path: Path, name: str) -> None:
        target = tmp_path / name
        FORMATS[name].save(scene(), target)
        whole, chance = target.read_bytes(), random.Random(name)
        refused = 0
        for _ in range(60):
            content = bytearray(whole)
            for _ in range(chance.choice([1, 3, 20])):
                content[chance.randrange(len(content))] = chance.randrange(256)
            target.write_bytes(content[: chance.choice([len(content), chance.randrange(len(content))])])
            try:
                assert isinstance(FORMATS[name].load(target), Recording)
            except DatasetError as error:
                refused += name in str(error)
        assert refused


class TestWriter:
    @every_writer
    def test_takes_results_and_recordings(self, tmp_path: Path, name: str) -> None:
        with WRITERS[name].Writer(tmp_path / name) as writer:
            writer.write(result(0, people=2))
            writer.write(result(33), time_s=1 / 30)
            writer.write(result(67, people=0))
            writer.write(Recording.from_results([result(100), result(133)]))
            writer.write(nobody())
            assert writer.num_frames == 5
        wanted = Recording.from_results(
            [result(0, 2), result(33), result(67, 0), result(100), result(133)],
            times_s=[0, 1 / 30, 0.067, 0.1, 0.133],
        )
        assert_same(WRITERS[name].load(tmp_path / name), wanted)
        assert [path.name for path in tmp_path.iterdir()] == [name]

    @every_writer
    def test_takes_names(self, tmp_path: Path, name: str) -> None:
        with WRITERS[name].Writer(tmp_path / name) as writer:
            writer.write(result(None), name="a, b.jpg")
            writer.write(result(None, people=0), name="")
            with pytest.raises(OptionError, match="some frames have names and others do not"):
                writer.write(result(None))
        assert WRITERS[name].load(tmp_path / name).names == ("a, b.jpg", "")

    @every_writer
    def test_of_no_frames_is_a_file_of_no_frames(self, tmp_path: Path, name: str) -> None:
        with WRITERS[name].Writer(tmp_path / name):
            pass
        assert_same(WRITERS[name].load(tmp_path / name), nobody())

    @every_writer
    def test_refuses_what_could_not_be_read_again(self, tmp_path: Path, name: str) -> None:
        with WRITERS[name].Writer(tmp_path / name) as writer:
            writer.write(result(100))
            with pytest.raises(TimestampError, match=r"a frame at 0\.05 s cannot follow one at 0\.1 s"):
                writer.write(result(50))
            with pytest.raises(OptionTypeError, match="not int"):
                writer.write(3)
            with pytest.raises(OptionTypeError, match="time_s must be seconds"):
                writer.write(result(), time_s="1")
            with pytest.raises(OptionError, match="times and names of its own"):
                writer.write(scene(), time_s=1)
        with pytest.raises(ClosedError, match="after close"):
            writer.write(result(200))
        writer.close()
        assert len(WRITERS[name].load(tmp_path / name)) == 1

    @every_writer
    def test_an_exception_leaves_the_frames_before_it(
        self, tmp_path: Path, name: str, caplog: pytest.LogCaptureFixture
    ) -> None:
        WRITERS[name].save(scene(), tmp_path / name)
        writer = WRITERS[name].Writer(tmp_path / name)
        writer.write(result())
        with pytest.raises(KeyboardInterrupt), writer:
            raise KeyboardInterrupt
        assert_same(WRITERS[name].load(tmp_path / name), scene())
        assert_same(WRITERS[name].load(writer.part), Recording.from_results([result()]))
        assert str(writer.part) in caplog.text

    @every_writer
    def test_an_exception_before_any_frame_leaves_nothing(self, tmp_path: Path, name: str) -> None:
        with pytest.raises(ValueError, match="mine"), WRITERS[name].Writer(tmp_path / name):
            raise ValueError("mine")
        assert not list(tmp_path.iterdir())

    @every_writer
    def test_what_was_written_is_read_up_to_where_the_file_breaks_off(
        self, tmp_path: Path, name: str, caplog: pytest.LogCaptureFixture
    ) -> None:
        writer = WRITERS[name].Writer(tmp_path / name)
        sizes = []
        for frame in scene():
            writer.write(frame)
            sizes.append(writer.part.stat().st_size)
        with pytest.raises(ValueError, match="mine"), writer:
            raise ValueError("mine")
        content = writer.part.read_bytes()
        for cut, frames in ((sizes[3] + 1, 4), (sizes[3] + 40, 4), (sizes[4] - 3, 4), (sizes[5] - 3, 5)):
            caplog.clear()
            writer.part.write_bytes(content[:cut])
            assert_same(WRITERS[name].load(writer.part), scene().of_frames(slice(frames)))
            assert caplog.records[-1].levelno == logging.WARNING
            assert writer.part.name in caplog.text

    @pytest.mark.skipif(not Path("/dev/full").is_char_device(), reason="needs a device that is always full")
    @every_writer
    def test_a_full_disk_keeps_the_frames_before(
        self, tmp_path: Path, name: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        writer = WRITERS[name].Writer(tmp_path / name)
        writer.write(result())
        with Path("/dev/full").open("wb", buffering=0) as full, monkeypatch.context() as patch:
            patch.setattr(writer._file, "_file", full)
            with pytest.raises(OSError, match=r"the frames before it are in .*\.part"):
                writer.write(result(33))
        with pytest.raises(ValueError, match="mine"), writer:
            raise ValueError("mine")
        assert_same(WRITERS[name].load(writer.part), Recording.from_results([result()]))


_KILLED = """
import sys
from pathlib import Path
from pose_landmarker.export import arrow, csv, jsonlines, parquet
from tests.recordings import walking

folder = Path(sys.argv[1])
modules = {"x.jsonl": jsonlines, "x.csv": csv, "x.parquet": parquet, "x.arrow": arrow}
writers = [module.Writer(folder / name) for name, module in modules.items()]
print(*(writer.part for writer in writers), sep="|", flush=True)
for number, frame in enumerate(walking(2000, 2)):
    for writer in writers:
        writer.write(frame)
    print(number, flush=True)
"""


def test_what_was_written_survives_a_kill(tmp_path: Path) -> None:
    root = str(Path(__file__).parents[1])
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([root, *sys.path])}
    command = [sys.executable, "-c", _KILLED, str(tmp_path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment) as process:
        assert process.stdout is not None
        parts = process.stdout.readline().strip().split("|")
        while int(process.stdout.readline()) < 20:
            pass
        process.kill()
        rest = process.stdout.read().split()
    last = max([20, *map(int, rest)])
    wanted = walking(2000, 2)
    assert len(parts) == 4
    loads: list[Callable[[str], Recording]] = [jsonlines.load, csv.load, parquet.load, arrow.load]
    for load, part in zip(loads, parts, strict=True):
        found = load(part)
        assert last < len(found) < 2000  # it was killed, and no frame that was reported is missing
        whole = found.of_frames(slice(last + 1))
        assert_same(whole, wanted.of_frames(slice(last + 1)))
    assert not {path.name for path in tmp_path.iterdir()} & set(WRITERS)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="Windows has no such pipes")
def test_text_can_go_into_a_pipe_and_tables_in_columns_cannot(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    with subprocess.Popen(["cat", pipe], stdout=subprocess.PIPE) as reader:
        csv.save(scene(), pipe)
        assert reader.stdout is not None
        (tmp_path / "x.csv").write_bytes(reader.stdout.read())
    assert_same(csv.load(tmp_path / "x.csv"), scene())
    for module in (parquet, arrow, npz):
        with pytest.raises(OSError, match="is not a file"):
            module.save(scene(), pipe)
    with pytest.raises(OSError, match="is not a file"):
        parquet.Writer(pipe)
    assert pipe.is_fifo()

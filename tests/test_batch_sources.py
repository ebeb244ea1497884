"""What a job is about: folders, patterns, lists, addresses; and what is wrong with them."""

from __future__ import annotations

from io import BytesIO
from pathlib import Path
from typing import Any, ClassVar

import fsspec
import pytest
from fsspec.implementations.memory import MemoryFileSystem
from fsspec.utils import infer_storage_options

from pose_landmarker.batch import remote
from pose_landmarker.batch.remote import as_path, is_remote, list_files
from pose_landmarker.batch.sources import Listed, find_files
from pose_landmarker.errors import MissingExtraError
from tests.archives import dataset, files, write_picture
from tests.clips import write_clip
from tests.job_runs import Jobs


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "archive"
    for name in ("b.mp4", "a.PNG", "notes.txt", "sub/c.jpg", "sub/deep/d.mkv", "out/e.png"):
        (made / name).parent.mkdir(parents=True, exist_ok=True)
        (made / name).write_bytes(name.encode())
    return made


def _names(sources: object, folder: Path) -> list[str]:
    found = list(find_files(sources, folder / "out"))
    assert not [listed.error for listed in found if listed.error]
    return [Path(listed.source).relative_to(folder).as_posix() for listed in found]


class TestFinding:
    def test_a_folder_with_all_below_it_but_the_results(self, folder: Path) -> None:
        assert _names(folder, folder) == ["a.PNG", "b.mp4", "sub/c.jpg", "sub/deep/d.mkv"]

    def test_a_pattern(self, folder: Path) -> None:
        assert _names(f"{folder}/**/*.*", folder) == ["a.PNG", "b.mp4", "sub/c.jpg", "sub/deep/d.mkv"]
        assert _names(f"{folder}/s*", folder) == ["sub/c.jpg", "sub/deep/d.mkv"]

    def test_the_folder_for_results_is_no_source(self, folder: Path) -> None:
        (listed,) = find_files(folder / "out", folder / "out")
        assert listed.error == "the folder for results cannot be a source"

    def test_a_file_of_any_name(self, folder: Path) -> None:
        assert _names(folder / "notes.txt", folder) == ["notes.txt"]

    def test_each_file_once(self, folder: Path) -> None:
        assert _names([folder / "b.mp4", folder, f"{folder}/sub/../b.mp4"], folder)[0] == "b.mp4"
        assert len(_names([folder, folder, folder / "b.mp4"], folder)) == 4

    def test_a_generator(self, folder: Path) -> None:
        assert _names((folder / name for name in ("b.mp4", "a.PNG")), folder) == ["b.mp4", "a.PNG"]

    def test_what_a_file_was_when_it_was_listed(self, folder: Path) -> None:
        (listed,) = find_files(folder / "b.mp4", folder / "out")
        about = (folder / "b.mp4").stat()
        assert listed.version == (about.st_size, about.st_mtime_ns, "")

    def test_a_file_of_signs_that_patterns_have(self, folder: Path) -> None:
        (folder / "x[1].png").write_bytes(b"x")
        assert _names(folder / "x[1].png", folder) == ["x[1].png"]

    def test_a_link_that_leads_nowhere_is_listed(self, folder: Path) -> None:
        (folder / "z.mp4").symlink_to(folder / "z.mp4")
        *_, last = find_files(folder, folder / "out")
        assert last.source.endswith("d.mkv")
        (loop,) = (listed for listed in find_files(folder, folder / "out") if listed.error)
        assert Path(loop.source).name == "z.mp4"

    def test_folders_that_cannot_be_read_are_listed(
        self, folder: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        import os

        whole = os.scandir

        def scandir(path: Any) -> Any:
            if str(path).endswith("deep"):
                raise PermissionError(13, "Permission denied", str(path))
            return whole(path)

        monkeypatch.setattr(os, "scandir", scandir)
        *others, last = find_files(folder, folder / "out")
        assert len(others) == 3
        assert (Path(last.source).name, last.error) == ("deep", "Permission denied")

    @pytest.mark.parametrize("source", ["x" * 5000, "a\0b.mp4"])
    def test_names_that_cannot_be(self, folder: Path, source: str) -> None:
        (listed,) = find_files(source, folder)
        assert listed.error


class TestKind:
    def test_by_its_name(self) -> None:
        assert Listed("a.mp4").is_video()
        assert not Listed("a.JPG").is_video()
        assert not Listed("s3://bucket/a.jpg?version=2").is_video()
        assert Listed("s3://bucket/a").is_video()

    def test_names_without_passwords(self) -> None:
        assert Listed("https://me:secret@host/a.mp4").name == "https://host/a.mp4"


class TestAddresses:
    @pytest.fixture(autouse=True)
    def _memory(self) -> None:
        fsspec.filesystem("memory").store.clear()

    def _put(self, name: str, content: bytes) -> None:
        with fsspec.open(f"memory://{name}", "wb") as file:
            file.write(content)

    def test_what_is_one(self) -> None:
        assert is_remote("s3://bucket/a.mp4")
        assert is_remote("simplecache::s3://bucket/a.mp4")
        assert not is_remote("C:/a.mp4")
        assert not is_remote("file:///a%20b.mp4")
        assert as_path("file:///a%20b.mp4") == "/a b.mp4"

    def test_a_job_over_them(self, jobs: Jobs, tmp_path: Path) -> None:
        self._put("/clips/a.mp4", (jobs.archive / "a.mp4").read_bytes())
        self._put("/clips/sub/b.png", (jobs.archive / "b.png").read_bytes())
        self._put("/clips/notes.txt", b"text")
        self._put("/clips/broken.mp4", b"no video")
        given = [
            "memory://clips",
            "memory://nowhere/x.mp4",
            f"local://{jobs.archive}/sub/*.png",
            "odd://x/y.mp4",
        ]
        summary = jobs.run(given)
        assert (summary.done, summary.failed) == (3, 3)
        assert jobs.rows() == {"a.mp4": 5, "b.png": 1, "c.png": 1}
        reasons = {failure.file: (failure.cause, failure.reason) for failure in summary.failures}
        assert reasons["memory://nowhere/x.mp4"] == ("access", "there is no such file")
        assert reasons["memory:///clips/broken.mp4"][0] == "content"
        assert "odd" in reasons["odd://x/y.mp4"][1]
        assert "memory:///clips/a.mp4" in dataset(jobs.output)["file"].to_pylist()
        again = jobs.run(given)
        assert jobs.engine is None
        assert again.before == 4

    def test_what_is_on_this_machine_too_is_the_same(self, jobs: Jobs) -> None:
        self._put("/b.png", (jobs.archive / "b.png").read_bytes())
        assert jobs.run([jobs.archive, "memory://b.png"]).same == 1

    def test_one_that_changes_while_it_is_copied(self, jobs: Jobs, monkeypatch: pytest.MonkeyPatch) -> None:
        self._put("/a.mp4", (jobs.archive / "a.mp4").read_bytes())
        whole = remote.copy

        def copy(address: str, file: Any) -> Any:
            yield from whole(address, file)
            self._put("/a.mp4", b"another one")

        monkeypatch.setattr("pose_landmarker.batch.content.copy", copy)
        summary = jobs.run(["memory://a.mp4"], retries=0)
        assert summary.failures[0].cause == "changed"

    def test_a_network_that_fails_for_a_while(self, jobs: Jobs, monkeypatch: pytest.MonkeyPatch) -> None:
        self._put("/a.mp4", (jobs.archive / "a.mp4").read_bytes())
        whole, failures = remote.copy, [ConnectionError("reset"), RuntimeError("of a kind of its own")]

        def copy(address: str, file: Any) -> Any:
            if failures:
                raise failures.pop()
            return whole(address, file)

        monkeypatch.setattr("pose_landmarker.batch.content.copy", copy)
        assert jobs.run(["memory://a.mp4"]).failed == 0
        assert files(jobs.output)["a.mp4"]["attempts"] == 3

    def test_a_host_that_is_no_part_of_names(self) -> None:
        class Hosted(MemoryFileSystem):  # type: ignore[misc] # as that of FTP
            protocol = "hosted"
            store: ClassVar[dict[str, Any]] = {}
            pseudo_dirs: ClassVar[list[str]] = [""]

            @classmethod
            def _strip_protocol(cls, path: str) -> str:
                return "/" + str(infer_storage_options(path)["path"]).strip("/")

            @staticmethod
            def _get_kwargs_from_urls(path: str) -> dict[str, Any]:
                return {"host": infer_storage_options(path)["host"]} if "://" in path else {}

            def __init__(self, host: str, **options: Any) -> None:
                super().__init__(**options)

        fsspec.register_implementation("hosted", Hosted, clobber=True)
        for name in ("a.mp4", "sub/b.png"):
            with fsspec.open(f"hosted://host/clips/{name}", "wb") as file:
                file.write(name.encode())
        at = "hosted://me:secret@host:21/clips"
        for given in (at, f"{at}/", f"{at}/**"):
            addresses = [found.address for found in list_files(given)]
            assert addresses == [f"{at}/a.mp4", f"{at}/sub/b.png"]
        copied = BytesIO()
        assert list(remote.copy(addresses[1], copied)) == [b"sub/b.png"]
        (cached,) = list_files(f"simplecache::{at}/*.mp4")
        assert cached.address == f"simplecache::{at}/a.mp4"
        assert [found.address for found in list_files(f"{at}/a.mp4")] == [f"{at}/a.mp4"]

    def test_without_fsspec(self, jobs: Jobs, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setitem(__import__("sys").modules, "fsspec.core", None)
        with pytest.raises(MissingExtraError, match=r"pip install 'pose-landmarker\[batch\]'"):
            jobs.run(["s3://bucket/a.mp4"])


def test_copies_are_removed(jobs: Jobs, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    temporary = tmp_path / "temporary"
    temporary.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(temporary))
    clip = write_clip(tmp_path / "x.mp4", 2)
    write_picture(tmp_path / "y.png")
    assert jobs.run([f"local://{clip}", f"local://{tmp_path}/y.png"]).done == 2
    assert not list(temporary.iterdir())

from __future__ import annotations

import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from pose_landmarker.cache import cache_dir, write_atomically
from pose_landmarker.errors import BundleError, FetchError, ModelError, ModelNotFoundError, OptionError
from pose_landmarker.models import store
from pose_landmarker.models.bundle import DETECTOR, LANDMARKS, write_bundle
from pose_landmarker.models.sources import Progress, Source
from pose_landmarker.options import BaseOptions
from tests.tiny import shaped_network

_DETECTOR, _LANDMARKS = shaped_network(DETECTOR), shaped_network(LANDMARKS)


def _source(content: bytes, calls: list[str] | None = None, name: str = "test source") -> Source:
    def fetch(model: str, progress: Progress) -> bytes:
        progress(len(content), len(content))
        if calls is not None:
            calls.append(model)
        return content

    return Source(name, ("lite", "full", "heavy"), fetch)


def _broken(reason: str, name: str = "broken source") -> Source:
    def fetch(model: str, progress: Progress) -> bytes:
        raise FetchError(reason)

    return Source(name, ("lite", "full", "heavy"), fetch)


class TestCache:
    def test_the_folder_can_be_chosen(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("POSE_LANDMARKER_CACHE", "~/elsewhere")
        assert cache_dir() == Path.home() / "elsewhere"
        monkeypatch.delenv("POSE_LANDMARKER_CACHE")
        assert cache_dir().name == "pose-landmarker"
        monkeypatch.setenv("POSE_LANDMARKER_CACHE", "~nosuchuser/x")
        with pytest.raises(OptionError, match="POSE_LANDMARKER_CACHE is '~nosuchuser/x'"):
            cache_dir()

    def test_a_file_is_whole_or_not_there(self, tmp_path: Path) -> None:
        path = tmp_path / "deep" / "x.bin"
        write_atomically(path, b"old")
        with pytest.raises(TypeError):
            write_atomically(path, "text")  # type: ignore[arg-type]
        assert path.read_bytes() == b"old"
        write_atomically(path, b"new")
        assert [file.name for file in path.parent.iterdir()] == ["x.bin"]
        assert path.read_bytes() == b"new"

    @pytest.mark.skipif(sys.platform == "win32", reason="POSIX permissions")
    def test_files_have_the_permissions_of_any_other_file(self, tmp_path: Path) -> None:
        (tmp_path / "plain").write_bytes(b"")
        write_atomically(tmp_path / "ours", b"")
        assert (tmp_path / "ours").stat().st_mode == (tmp_path / "plain").stat().st_mode


class TestFetching:
    def test_once_then_never_again(self, empty_cache: Path, tiny_task: bytes) -> None:
        calls: list[str] = []
        for _ in range(3):
            path = store.fetch_model("lite", sources=[_source(tiny_task, calls)])
        assert calls == ["lite"]
        assert path == empty_cache / "models" / "pose_landmarker_lite.task"
        assert path.read_bytes() == tiny_task
        known = store.stored_model("lite")
        assert (known.size, known.source, known.licence) == (len(tiny_task), "test source", "Apache-2.0")
        assert known.fetched.startswith("20")

    def test_the_next_source_is_asked_when_one_fails(self, empty_cache: Path, tiny_task: bytes) -> None:
        failing = [_broken("no route"), _source(b"<html>sign in to this network</html>", name="portal")]
        store.fetch_model("full", sources=[*failing, _source(tiny_task)])
        assert store.stored_model("full").source == "test source"

    def test_whatever_a_source_does_wrong_the_next_is_asked(
        self, empty_cache: Path, tiny_task: bytes
    ) -> None:
        def explode(model: str, progress: Progress) -> bytes:
            raise OSError(28, "No space left on device")

        store.fetch_model("full", sources=[Source("full disk", ("full",), explode), _source(tiny_task)])
        assert store.stored_model("full").source == "test source"

    def test_leftovers_of_killed_processes_are_cleaned_up(self, empty_cache: Path, tiny_task: bytes) -> None:
        folder = empty_cache / "models"
        folder.mkdir(parents=True)
        (folder / ".pose_landmarker_full.task.0123abcd.part").write_bytes(b"half")
        store.fetch_model("full", sources=[_source(tiny_task)])
        assert not list(folder.glob(".*"))

    def test_when_all_fail_each_answer_is_told_and_nothing_is_left(self, empty_cache: Path) -> None:
        sources_ = [_broken("no route", "one"), _source(b"garbage", name="two")]
        with pytest.raises(FetchError) as caught:
            store.fetch_model("full", sources=sources_)
        message = str(caught.value)
        assert "one: no route" in message
        assert "two: " in message
        assert "no ZIP" in message
        assert "models fetch full" in message
        assert isinstance(caught.value, ConnectionError)
        assert not [file for file in (empty_cache / "models").iterdir() if file.suffix != ".lock"]

    def test_only_sources_that_have_the_model_are_asked(self, empty_cache: Path, tiny_task: bytes) -> None:
        calls: list[str] = []
        only_full = Source("only full", ("full",), _source(tiny_task, calls).fetch)
        with pytest.raises(FetchError):
            store.fetch_model("heavy", sources=[only_full])
        assert calls == []

    def test_again_replaces_a_model_only_by_a_whole_one(self, empty_cache: Path, tiny_task: bytes) -> None:
        path = store.fetch_model("lite", sources=[_source(tiny_task)])
        with pytest.raises(FetchError):
            store.fetch_model("lite", again=True, sources=[_broken("down")])
        assert path.read_bytes() == tiny_task
        store.fetch_model("lite", again=True, sources=[_source(tiny_task, name="newer")])
        assert store.stored_model("lite").source == "newer"

    def test_an_interruption_leaves_nothing_and_the_next_try_works(
        self, empty_cache: Path, tiny_task: bytes
    ) -> None:
        def interrupted(model: str, progress: Progress) -> bytes:
            progress(10, 100)
            raise KeyboardInterrupt

        with pytest.raises(KeyboardInterrupt):
            store.fetch_model("lite", sources=[Source("x", ("lite",), interrupted)])
        assert store.stored_model("lite").size is None
        store.fetch_model("lite", sources=[_source(tiny_task)])

    def test_several_at_once_fetch_once(self, empty_cache: Path, tiny_task: bytes) -> None:
        calls: list[str] = []

        def slow(model: str, progress: Progress) -> bytes:
            calls.append(model)
            time.sleep(0.2)
            return tiny_task

        def fetch() -> None:
            store.fetch_model("lite", sources=[Source("slow", ("lite",), slow)])

        threads = [threading.Thread(target=fetch) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert calls == ["lite"]

    def test_several_processes_at_once_fetch_once(
        self, empty_cache: Path, tmp_path: Path, tiny_task: bytes
    ) -> None:
        (tmp_path / "tiny.task").write_bytes(tiny_task)
        script = (
            "import sys, time, pathlib\n"
            "from pose_landmarker.models import store, sources\n"
            "def fetch(model, progress):\n"
            "    with open(sys.argv[2], 'a') as log: log.write('x')\n"
            "    time.sleep(0.5)\n"
            "    return pathlib.Path(sys.argv[1]).read_bytes()\n"
            "store.fetch_model('lite', sources=[sources.Source('s', ('lite',), fetch)])\n"
        )
        command = [sys.executable, "-c", script, str(tmp_path / "tiny.task"), str(tmp_path / "log")]
        processes = [subprocess.Popen(command) for _ in range(3)]
        assert [process.wait() for process in processes] == [0, 0, 0]
        assert (tmp_path / "log").read_text() == "x"

    def test_offline_says_what_is_missing_and_how_to_bring_it(
        self, empty_cache: Path, monkeypatch: pytest.MonkeyPatch, tiny_task: bytes
    ) -> None:
        calls: list[str] = []
        monkeypatch.setenv("POSE_LANDMARKER_OFFLINE", "1")
        with pytest.raises(ModelNotFoundError) as caught:
            store.fetch_model("heavy", sources=[_source(tiny_task, calls)])
        message = str(caught.value)
        assert calls == []
        assert "'heavy'" in message
        assert "POSE_LANDMARKER_OFFLINE" in message
        assert str(empty_cache / "models" / "pose_landmarker_heavy.task") in message

    @pytest.mark.parametrize(("value", "offline"), [("1", True), ("yes", True), ("0", False), ("", False)])
    def test_what_offline_means(self, monkeypatch: pytest.MonkeyPatch, value: str, offline: bool) -> None:
        monkeypatch.setenv("POSE_LANDMARKER_OFFLINE", value)
        assert store.is_offline() is offline

    def test_a_cache_that_cannot_be_written_is_named(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, tiny_task: bytes
    ) -> None:
        (tmp_path / "file").write_bytes(b"")
        monkeypatch.setenv("POSE_LANDMARKER_CACHE", str(tmp_path / "file"))
        with pytest.raises(FetchError, match="POSE_LANDMARKER_CACHE names another folder"):
            store.fetch_model("lite", sources=[_source(tiny_task)])


class TestLoading:
    def test_by_path_and_by_bytes(self, tmp_path: Path, tiny_task: bytes) -> None:
        (tmp_path / "x.task").write_bytes(tiny_task)
        assert store.load_bundle(BaseOptions(model_asset_path=tmp_path / "x.task")).detector == _DETECTOR
        assert store.load_bundle(BaseOptions(model_asset_buffer=tiny_task)).detector == _DETECTOR

    def test_by_name_from_the_cache(self, empty_cache: Path, tiny_task: bytes) -> None:
        write_atomically(store.model_path("full"), tiny_task)
        assert store.load_bundle(BaseOptions(model="full")).landmarks == _LANDMARKS
        assert store.stored_model("full").source == "put there by hand"

    def test_a_damaged_model_is_fetched_again(
        self, empty_cache: Path, tiny_task: bytes, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        write_atomically(store.model_path("full"), tiny_task[:100])
        real = store.fetch_model
        monkeypatch.setattr(store, "fetch_model", lambda name: real(name, sources=[_source(tiny_task)]))
        assert store.load_bundle(BaseOptions(model="full")).landmarks == _LANDMARKS


class TestVerifying:
    def test_weights_that_nobody_published_are_called_unknown(
        self, empty_cache: Path, tiny_task: bytes
    ) -> None:
        store.fetch_model("lite", sources=[_source(tiny_task)])
        assert store.verify_model("lite") == "unknown weights"

    def test_a_model_that_changed_since_it_was_fetched(self, empty_cache: Path, tiny_task: bytes) -> None:
        path = store.fetch_model("lite", sources=[_source(tiny_task)])
        path.write_bytes(write_bundle(_DETECTOR, _LANDMARKS))
        with pytest.raises(BundleError, match="was fetched"):
            store.verify_model("lite")

    def test_a_record_that_is_no_record_is_ignored(self, empty_cache: Path, tiny_task: bytes) -> None:
        path = store.fetch_model("lite", sources=[_source(tiny_task)])
        for content in ("[]", "{", ""):
            path.with_suffix(".json").write_text(content)
            assert store.stored_model("lite").source == "put there by hand"

    def test_what_cannot_be_removed_is_named(self, empty_cache: Path) -> None:
        (store.model_path("lite") / "in the way").mkdir(parents=True)
        with pytest.raises(ModelError, match="cannot be removed"):
            store.remove_model("lite")

    def test_removing_leaves_nothing(self, empty_cache: Path, tiny_task: bytes) -> None:
        store.fetch_model("lite", sources=[_source(tiny_task)])
        assert store.remove_model("lite") is True
        assert store.remove_model("lite") is False
        assert store.stored_model("lite").size is None
        with pytest.raises(ModelNotFoundError):
            store.verify_model("lite")


def test_a_progress_bar_only_on_a_terminal(
    empty_cache: Path, tiny_task: bytes, capfd: pytest.CaptureFixture[str]
) -> None:
    store.fetch_model("lite", sources=[_source(tiny_task)])
    assert capfd.readouterr() == ("", "")

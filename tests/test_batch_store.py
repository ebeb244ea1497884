"""The folder of a job: whatever a kill leaves in it, nothing whole is lost and nothing torn is kept."""

from __future__ import annotations

import shutil
from pathlib import Path

import pyarrow.parquet as parquet
import pytest

from pose_landmarker.batch import parts, store
from pose_landmarker.batch.columns import Constants, worker_batch
from pose_landmarker.batch.entry import Entry, dump_entries, load_entries, load_entry
from pose_landmarker.batch.journal import Journal, read_journal
from pose_landmarker.batch.ledger import Ledger
from pose_landmarker.batch.parts import read_entries
from pose_landmarker.batch.states import StatesLog
from pose_landmarker.batch.store import Store
from pose_landmarker.errors import DatasetError
from pose_landmarker.results import PoseLandmarkerResult
from tests.archives import dataset
from tests.poses import make_pose

CONSTANTS = Constants("lite", "ab" * 32, "1.2.3")


def _entry(number: int, **more: object) -> Entry:
    values = {"file": f"{number}.png", "content": f"{number:064x}", "size": 10 + number, "turn": number}
    return Entry(**{**values, **more})  # type: ignore[arg-type]


def _batch(frames: int) -> object:
    result = PoseLandmarkerResult(poses=(make_pose(),), image_size=(160, 120))
    return worker_batch([result] * frames, range(frames), [None] * frames)


def _commit(opened: Store, number: int, frames: int = 1) -> Entry:
    entry = _entry(number, frames=frames)
    incoming = opened.incoming(number, entry.file)
    incoming.add(_batch(frames), entry.content or "")
    opened.commit(incoming, entry)
    return entry


def _kill(opened: Store) -> None:
    """What a kill does to its files."""
    assert opened._journal is not None
    opened._journal.close()


def _known(folder: Path) -> list[str]:
    return sorted(entry.file for entry in Store(folder, CONSTANTS).entries())


class TestJournal:
    def test_what_was_appended_is_read_again(self, tmp_path: Path) -> None:
        journal = Journal(tmp_path)
        for number in range(3):
            journal.append(_entry(number), [_batch(number + 1)] * 2)
        journal.close()
        read = list(read_journal(journal.path))
        assert [entry for entry, _ in read] == [_entry(number) for number in range(3)]
        assert [[batch.num_rows for batch in batches] for _, batches in read] == [[1, 1], [2, 2], [3, 3]]

    def test_wherever_it_is_cut_off_whole_records_are_read(self, tmp_path: Path) -> None:
        journal = Journal(tmp_path)
        ends = []
        for number in range(3):
            journal.append(_entry(number), [_batch(1)])
            ends.append(journal.size)
        journal.close()
        whole = journal.path.read_bytes()
        assert ends[-1] == len(whole)
        for size in [
            *range(0, len(whole), 97),
            *ends,
            *(end - 1 for end in ends),
            *(end + 1 for end in ends),
        ]:
            journal.path.write_bytes(whole[:size])
            assert len(list(read_journal(journal.path))) == sum(end <= size for end in ends)

    def test_a_damaged_record_ends_it(self, tmp_path: Path) -> None:
        journal = Journal(tmp_path)
        journal.append(_entry(0), [_batch(1)])
        end = journal.size
        journal.append(_entry(1), [_batch(1)])
        journal.close()
        whole = journal.path.read_bytes()
        for at in range(end, len(whole), 61):
            damaged = bytearray(whole)
            damaged[at] ^= 0xFF
            journal.path.write_bytes(bytes(damaged))
            assert [entry.file for entry, _ in read_journal(journal.path)] == ["0.png"]


class TestStates:
    def test_torn_and_damaged_lines_are_left_out(self, tmp_path: Path) -> None:
        log = StatesLog(tmp_path / "states")
        assert log.read() == []
        failed = [_entry(i, state="failed", cause="content", reason="a\nb") for i in range(3)]
        for entry in failed:
            log.append(entry)
        assert log.read() == failed
        whole = (tmp_path / "states").read_bytes()
        (tmp_path / "states").write_bytes(whole.replace(b'"1.png"', b'"7.png"')[:-9])
        assert log.read() == [failed[0]]
        log.replace(failed[1:])
        assert log.read() == failed[1:]


class TestStore:
    def test_a_journal_that_a_kill_has_left_becomes_a_part(self, tmp_path: Path) -> None:
        opened = Store(tmp_path, CONSTANTS)
        for number in range(3):
            _commit(opened, number)
        assert not list((tmp_path / "data").iterdir())
        _kill(opened)
        assert _known(tmp_path) == ["0.png", "1.png", "2.png"]
        assert len(dataset(tmp_path)) == 3
        assert not list((tmp_path / "journal").glob("*.part"))

    def test_one_that_was_sealed_but_not_removed_is_not_doubled(self, tmp_path: Path) -> None:
        opened = Store(tmp_path, CONSTANTS)
        for number in range(3):
            _commit(opened, number)
        (journal,) = (tmp_path / "journal").glob("*.part")
        shutil.copy(journal, tmp_path / "kept")
        opened.seal()
        shutil.copy(tmp_path / "kept", journal)
        assert _known(tmp_path) == ["0.png", "1.png", "2.png"]
        assert len(dataset(tmp_path)) == 3

    @pytest.mark.parametrize("at_once", [False, True])
    def test_ctrl_c_when_a_part_has_its_name_already(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, at_once: bool
    ) -> None:
        def interrupt(_: Path) -> None:
            monkeypatch.undo()
            raise KeyboardInterrupt

        opened = Store(tmp_path, CONSTANTS)
        monkeypatch.setattr(parts, "sync_folder", interrupt)
        monkeypatch.setattr(store, "ROWS_IN_MEMORY", 1 if at_once else 2)
        if not at_once:
            _commit(opened, 0, frames=2)
        with pytest.raises(KeyboardInterrupt):
            _commit(opened, 0, frames=2) if at_once else opened.seal()
        opened.seal()
        assert [entry.file for entry in opened.entries()] == ["0.png"]
        assert len(dataset(tmp_path)) == 2
        assert not opened.unsealed

    def test_rows_that_are_in_two_parts_stay_in_one(self, tmp_path: Path) -> None:
        opened = Store(tmp_path, CONSTANTS)
        for number in range(3):
            _commit(opened, number, frames=number + 1)
        opened.seal()
        (first,) = (tmp_path / "data").iterdir()
        shutil.copy(first, first.with_name("part-000003.parquet"))
        _commit(opened, 4)
        opened.seal()
        again = Store(tmp_path, CONSTANTS)
        assert _known(tmp_path) == ["0.png", "1.png", "2.png", "4.png"]
        assert sorted(entry.file for entry in again.entries()) == _known(tmp_path)
        assert len(dataset(tmp_path)) == 7
        assert len(list((tmp_path / "data").iterdir())) == 2

    def test_of_rows_that_are_in_two_parts_the_latest_stay(self, tmp_path: Path) -> None:
        opened = Store(tmp_path, CONSTANTS)
        old, late = _commit(opened, 0), _entry(0, turn=7)
        _commit(opened, 1)
        opened.seal()
        incoming = opened.incoming(0, late.file)
        incoming.add(_batch(1), late.content or "")
        opened.commit(incoming, late)
        opened.seal()
        entries = Store(tmp_path, CONSTANTS).entries()
        assert late in entries
        assert old not in entries
        assert sorted(dataset(tmp_path)["file"].to_pylist()) == ["0.png", "1.png"]

    def test_what_was_being_written_is_removed(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(store, "ROWS_IN_MEMORY", 1)
        opened = Store(tmp_path, CONSTANTS)
        incoming = opened.incoming(5, "5.png")
        incoming.add(_batch(3), "5")
        assert list((tmp_path / "work").iterdir())
        assert _known(tmp_path) == []
        assert not list((tmp_path / "work").iterdir())

    def test_parts_have_names_of_their_own(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(store, "ROWS_IN_MEMORY", 1)
        _commit(Store(tmp_path, CONSTANTS), 1, frames=2)
        _commit(Store(tmp_path, CONSTANTS), 2, frames=2)
        names = sorted(path.name for path in (tmp_path / "data").iterdir())
        assert names == ["part-000001.parquet", "part-000002.parquet"]

    def test_rows_can_be_taken_out(self, tmp_path: Path) -> None:
        opened = Store(tmp_path, CONSTANTS)
        entries = [_commit(opened, number, frames=number + 1) for number in range(3)]
        opened.seal()
        opened.tidy([], [entries[1]])
        assert _known(tmp_path) == ["0.png", "2.png"]
        assert dataset(tmp_path)["file"].to_pylist() == ["0.png"] + ["2.png"] * 3
        opened.tidy([], [entries[0], entries[2]])
        assert not list((tmp_path / "data").iterdir())

    def test_rows_are_in_groups_that_are_good_to_read(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(parts, "_ROWS_AT_ONCE", 10)
        monkeypatch.setattr(store, "ROWS_IN_MEMORY", 2)
        opened = Store(tmp_path, CONSTANTS)
        incoming = opened.incoming(0, "0.png")
        for _ in range(8):
            incoming.add(_batch(3), "0")
        opened.commit(incoming, _entry(0))
        (part,) = (tmp_path / "data").iterdir()
        about = parquet.read_metadata(part)
        assert [about.row_group(i).num_rows for i in range(about.num_row_groups)] == [12, 12]

    def test_a_file_without_rows(self, tmp_path: Path) -> None:
        opened = Store(tmp_path, CONSTANTS)
        opened.commit(opened.incoming(0, "0.png"), _entry(0))
        opened.seal()
        assert _known(tmp_path) == ["0.png"]


class TestEntries:
    def test_they_survive(self) -> None:
        entry = _entry(1, reason="a\n\u2028\ud800", problems=("x", "y"), duration_s=1 / 3, mtime_ns=2**62)
        assert load_entry(entry.as_json()) == entry
        assert load_entries(dump_entries([entry]), "here") == [entry]

    def test_those_of_another_version(self) -> None:
        text = '{"names":["file","state","colour"],"files":[["a","done","red"]]}'
        assert load_entries(text, "here") == [Entry(file="a")]

    @pytest.mark.parametrize(
        "text", ["", "[]", '{"names":["file"],"files":[["a","b"]]}', '{"names":[],"files":3}']
    )
    def test_damaged_ones_are_an_error(self, text: str) -> None:
        with pytest.raises(DatasetError, match="here"):
            load_entries(text, "here")

    def test_a_table_of_somebody_else(self, tmp_path: Path) -> None:
        (tmp_path / "a.parquet").write_bytes(b"PAR1")
        with pytest.raises(DatasetError):
            read_entries(tmp_path / "a.parquet")


class TestLedger:
    def test_the_latest_counts(self) -> None:
        old, new = _entry(1), _entry(1, content="f" * 64, turn=5)
        for entries in ([old, new], [new, old]):
            ledger = Ledger(entries)
            assert ledger.of("1.png") == new
            assert ledger.stale == {old}
            assert ledger.owner(old.content or "") is None
            assert ledger.owner("f" * 64) == new
            assert ledger.next_turn() == 6

    def test_a_note_of_rows_that_are_not_there_is_nothing(self) -> None:
        assert len(Ledger([], [_entry(1)])) == 0
        touched = _entry(1, mtime_ns=7, turn=9)
        ledger = Ledger([_entry(1)], [touched])
        assert ledger.of("1.png") == touched
        assert ledger.states() == [touched]
        ledger.disown("1.png")
        assert ledger.of("1.png") is None
        assert ledger.states() == []
        assert ledger.stale == {_entry(1)}

    def test_another_owner_stays(self) -> None:
        first, second = _entry(1, content="c"), _entry(2, content="c")
        ledger = Ledger([first, second])
        assert ledger.owner("c") == first
        ledger.disown("1.png")
        assert ledger.owner("c") == second

    def test_what_cannot_be_reached_stays_done(self) -> None:
        done = _entry(1)
        ledger = Ledger([done], [_entry(1, state="failed", cause="access", content=None, turn=9)])
        assert ledger.of("1.png") == done
        assert not ledger.stale

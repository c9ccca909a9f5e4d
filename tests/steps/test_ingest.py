"""Ingest as a whole: what is delivered is read once, whole or not at all, whatever happens meanwhile."""

from __future__ import annotations

import gzip
import io
import json
import logging
import os
import random
import shutil
import signal
import subprocess
import sys
import threading
import time
import zipfile
from dataclasses import dataclass
from pathlib import Path

import polars as pl
import pytest

from flows.steps import reading, workers
from flows.steps.errors import BusyError, ConfigurationError, LakeError
from flows.steps.ingest import DELIVERIES, IngestSummary, Progress, ingest
from flows.steps.lake import Lake, reader_key
from flows.steps.landing import scan
from flows.steps.reading import Task, read_delivered
from flows.steps.workers import Bounds, read_all

HEADER = "交易日期,交易金额,账户余额,对方户名,对方账号,摘要,账号\n"


@dataclass(frozen=True)
class Told:
    workers: int = 0
    lock_wait_seconds: float = 0.0


def statement(account: str, deltas: list[int], month: int = 6) -> bytes:
    rows, balance = [], 0
    for at, delta in enumerate(deltas):
        balance += delta
        day = f"2016-{month:02d}-{at % 28 + 1:02d}"
        rows.append(f"{day},{delta / 100:.2f},{balance / 100:.2f},张三,6222000011112222,货款{at},{account}\n")
    return (HEADER + "".join(rows)).encode("gb18030")


def mt940(account: str, lines: int = 3) -> bytes:
    body = "".join(
        f":61:1606{n % 28 + 1:02d}06{n % 28 + 1:02d}C1,00NTRFR{n}\n:86:166?00网银?32张三\n"
        for n in range(lines)
    )
    return (
        f":20:S\n:25:{account}\n:28C:1/1\n:60F:C160601CNY0,00\n{body}:62F:C160630CNY{lines},00\n-\n".encode()
    )


def zipped(members: dict[str, bytes]) -> bytes:
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in members.items():
            archive.writestr(name, data)
    return held.getvalue()


@pytest.fixture
def landing(tmp_path: Path) -> Path:
    folder = tmp_path / "landing"
    (folder / "第01批").mkdir(parents=True)
    (folder / "第01批" / "明细.csv").write_bytes(statement("907000000009001", [500, -300, 700, -200]))
    (folder / "第01批" / "b.sta").write_bytes(mt940("907000000009002"))
    (folder / "第01批" / "c.csv.gz").write_bytes(
        gzip.compress(statement("907000000009003", [100, 100]), mtime=0)
    )
    (folder / "d.zip").write_bytes(
        zipped(
            {
                "明细/e.csv": statement("907000000009004", [100, -50]),
                "f.sta": mt940("907000000009005"),
                "../x": b"x",
            }
        )
    )
    (folder / "banks_2016.csv").write_text("bank_code,bank_name\n102100099996,甲银行\n", encoding="utf-8")
    (folder / "photo.jpg").write_bytes(b"\xff\xd8\xff" + bytes(100))
    (folder / "empty.csv").write_bytes(b"")
    return folder


def deliveries(lake: Path) -> dict[str, dict[str, object]]:
    return {row["source_file"]: row for row in pl.read_parquet(lake / DELIVERIES).rows(named=True)}


def snapshot(lake: Path) -> dict[str, bytes]:
    """Return the lake's content but for its note of file times."""
    return {
        each.relative_to(lake).as_posix(): each.read_bytes()
        for each in sorted(lake.rglob("*"))
        if each.is_file() and each.name not in (".lock", "landing.json")
    }


def test_every_file_has_its_row(landing: Path, tmp_path: Path) -> None:
    summary = ingest(landing, tmp_path / "lake", Told())
    rows = deliveries(tmp_path / "lake")
    assert {name: row["kind"] for name, row in rows.items()} == {
        "banks_2016.csv": "register",
        "d.zip!../x": "refused",
        "d.zip!f.sta": "statement",
        "d.zip!明细/e.csv": "statement",
        "empty.csv": "refused",
        "photo.jpg": "refused",
        "第01批/b.sta": "statement",
        "第01批/c.csv.gz!c.csv": "statement",
        "第01批/明细.csv": "statement",
    }
    assert all(row["problem"] for row in rows.values() if row["kind"] == "refused")
    assert all(
        row["rows_read"] == row["rows_accepted"] + row["rows_quarantined"] + row["rows_ignored"]
        for row in rows.values()
    )  # type: ignore[operator]
    assert rows["第01批/明细.csv"]["rows_accepted"] == 4
    assert rows["banks_2016.csv"]["register"] == "banks"
    assert (summary.files, summary.refused, summary.lines_accepted) == (9, 3, 14)
    assert str(summary.first_on) == "2016-06-01"


def test_the_lake_holds_lines_in_the_banks_order(landing: Path, tmp_path: Path) -> None:
    ingest(landing, tmp_path / "lake", Told())
    row = deliveries(tmp_path / "lake")["第01批/明细.csv"]
    lines = pl.read_parquet(tmp_path / "lake" / "statements" / f"{row['source_sha256']}.parquet")
    assert lines["chain_no"].to_list() == [0, 1, 2, 3]
    assert lines["amount_fen"].to_list() == [500, 300, 700, 200]
    account = json.loads(
        (tmp_path / "lake" / "statements" / f"{row['source_sha256']}.json").read_text("utf-8")
    )
    assert account["rows_accepted"] == 4
    assert account["breaks"] == []


def test_a_second_run_reads_nothing_and_changes_nothing(landing: Path, tmp_path: Path) -> None:
    lake = tmp_path / "lake"
    first = ingest(landing, lake, Told())
    before = snapshot(lake)
    stamps = {each: each.stat().st_mtime_ns for each in lake.rglob("*") if each.is_file()}
    second = ingest(landing, lake, Told())
    assert (first.changed, second.changed) == (True, False)
    assert (first.files_read, second.files_read) == (7, 0)
    assert snapshot(lake) == before
    assert {each: each.stat().st_mtime_ns for each in lake.rglob("*") if each.is_file()} == stamps


def test_only_what_is_new_is_read(landing: Path, tmp_path: Path) -> None:
    lake = tmp_path / "lake"
    ingest(landing, lake, Told())
    (landing / "new.sta").write_bytes(mt940("907000000009006"))
    (landing / "photo.jpg").unlink()
    summary = ingest(landing, lake, Told())
    assert summary.files_read == 1
    rows = deliveries(lake)
    assert "new.sta" in rows
    assert "photo.jpg" not in rows


def test_a_renamed_copy_is_not_read_again(
    landing: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lake = tmp_path / "lake"
    ingest(landing, lake, Told())
    shutil.copy(landing / "第01批" / "明细.csv", landing / "副本.csv")
    monkeypatch.setattr(reading, "read_statement", lambda *_: pytest.fail("was read again"))
    ingest(landing, lake, Told())
    assert deliveries(lake)["副本.csv"]["rows_accepted"] == 4


def test_the_note_is_only_a_convenience(
    landing: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lake = tmp_path / "lake"
    ingest(landing, lake, Told())
    before = snapshot(lake)
    (lake / "landing.json").write_text("{")
    monkeypatch.setattr(
        reading, "read_statement", lambda source, _: pytest.fail("read") if source.size > 200 else _refused()
    )
    ingest(landing, lake, Told())
    assert snapshot(lake) == before


def _refused() -> reading.ReadResult:
    return reading.ReadResult.refused("unknown", "again")


def test_a_damaged_lake_file_is_made_again(landing: Path, tmp_path: Path) -> None:
    lake = tmp_path / "lake"
    ingest(landing, lake, Told())
    before = snapshot(lake)
    for each in (lake / "statements").glob("*.parquet"):
        each.write_bytes(b"PAR1")
    (lake / "landing.json").unlink()
    ingest(landing, lake, Told())
    assert snapshot(lake) == before


def test_two_processes_read_as_one(landing: Path, tmp_path: Path) -> None:
    told: list[Progress] = []
    ingest(landing, tmp_path / "one", Told())
    ingest(landing, tmp_path / "two", Told(workers=2), told.append)
    assert snapshot(tmp_path / "one") == snapshot(tmp_path / "two")
    assert told[-1].files == told[-1].files_in_all == 7
    assert told[-1].bytes == told[-1].bytes_in_all


def test_names_and_order_of_delivery_do_not_matter_to_the_lines(landing: Path, tmp_path: Path) -> None:
    ingest(landing, tmp_path / "one", Told())
    files = [each for each in landing.rglob("*") if each.is_file() and each.suffix != ".csv"]
    for number, each in enumerate(files):
        each.rename(landing / f"{9 - number}{each.suffix}")
    ingest(landing, tmp_path / "two", Told())
    names = [
        {each.name for each in (tmp_path / lake / "statements").glob("*.parquet")} for lake in ("one", "two")
    ]
    assert names[0] == names[1]


def test_logs_hold_counts_only(landing: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.DEBUG):
        ingest(landing, tmp_path / "lake", Told())
    assert "张三" not in caplog.text
    assert "6222000011112222" not in caplog.text


def test_no_landing_zone_is_a_usage_error(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError):
        ingest(tmp_path / "nowhere", tmp_path / "lake", Told())


def test_links_and_pipes_are_listed_and_not_followed(landing: Path, tmp_path: Path) -> None:
    (tmp_path / "secret.csv").write_bytes(statement("907000000009009", [100]))
    (landing / "link.csv").symlink_to(tmp_path / "secret.csv")
    (landing / "folder").symlink_to(tmp_path)
    os.mkfifo(landing / "pipe.csv")
    ingest(landing, tmp_path / "lake", Told())
    rows = deliveries(tmp_path / "lake")
    assert all(rows[name]["kind"] == "refused" for name in ("link.csv", "folder", "pipe.csv"))
    assert [each.source_file for each in scan(landing)] == sorted(each.source_file for each in scan(landing))


def test_an_unreadable_file_is_told(landing: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def deny(path: Path) -> str:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(reading, "hash_file", deny)
    ingest(landing, tmp_path / "lake", Told())
    assert all("cannot be opened" in str(row["problem"]) for row in deliveries(tmp_path / "lake").values())


def test_a_second_run_waits_and_then_says_so(landing: Path, tmp_path: Path) -> None:
    lake = tmp_path / "lake"
    with Lake(lake).lock(0), pytest.raises(BusyError, match="Another run"):
        ingest(landing, lake, Told())
    held = Lake(lake).lock(0)
    held.__enter__()
    threading.Timer(0.5, lambda: held.__exit__(None, None, None)).start()
    assert ingest(landing, lake, Told(lock_wait_seconds=20)).files == 9


def test_a_full_disk_stops_the_run_and_leaves_whole_files(
    landing: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lake = tmp_path / "lake"
    real, room = workers.read_delivered, [3]

    def flush(path: Path) -> None:
        room[0] -= 1
        if room[0] < 0:
            raise OSError(28, "No space left on device")

    monkeypatch.setattr("flows.steps.lake._flush", flush)
    with pytest.raises(LakeError, match="No space left"):
        ingest(landing, lake, Told())
    monkeypatch.undo()
    assert real is workers.read_delivered
    assert not (lake / DELIVERIES).exists()
    for each in (lake / "statements").glob("*.json"):
        assert Lake(lake).sidecar("statements", each.stem) is not None
    summary = ingest(landing, lake, Told())
    assert isinstance(summary, IngestSummary)
    ingest(landing, tmp_path / "fresh", Told())
    assert snapshot(lake) == snapshot(tmp_path / "fresh")


SPOILT = """
import os, sys, time
from flows.steps import reading
real = reading.read_statement
def read(source, options):
    if source.name == "dies.sta":
        os.abort()
    if source.name == "sleeps.sta":
        time.sleep(600)
    if source.name == "grows.sta":
        bytearray(64 << 30)
    return real(source, options)
reading.read_statement = read
from flows.steps.workers import _serve
_serve(int(sys.argv[-1]))
"""


@pytest.mark.parametrize("name", ["dies.sta", "sleeps.sta", "grows.sta"])
def test_a_reader_that_breaks_down_costs_only_its_file(
    name: str, landing: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (landing / "z.zip").write_bytes(
        zipped(
            {
                "a.sta": mt940("907000000009007", 5),
                name: mt940("907000000009008", 7),
                "b.sta": mt940("907000000009009", 9),
            }
        )
    )
    real = subprocess.Popen

    def spoilt(command: list[str], **kwargs: object) -> object:
        return real([sys.executable, "-c", SPOILT, command[-1]], **kwargs)  # type: ignore[call-overload]

    monkeypatch.setattr(subprocess, "Popen", spoilt)
    bounds = Bounds(seconds=4.0, memory_bytes=6 << 30)
    lake = Lake(tmp_path / "lake")
    lake.prepare()
    tasks = [Task(each.source_file, str(each.path), str(lake.root), "r") for each in scan(landing)]
    rows = {row.source_file: row for each in read_all(tasks, 2, bounds) for row in each.rows}
    assert len(rows) == 12
    broken = rows[f"z.zip!{name}"]
    assert (broken.kind, broken.rows_accepted) == ("refused", 0)
    assert "broke down" in (broken.problem or "") or "memory" in (broken.problem or "")
    assert (rows["z.zip!a.sta"].rows_accepted, rows["z.zip!b.sta"].rows_accepted) == (5, 9)


SPOILT_BUNDLE = """
import os, sys
from flows.steps import reading, together
real_alike, real_read = together.read_alike, reading.read_statement
def read_alike(sources, options):
    os.abort()  # as a native library might over files read in one pass
def read(source, options):
    if source.name == "07.csv":
        os.abort()
    return real_read(source, options)
together.read_alike, reading.read_statement = read_alike, read
from flows.steps.workers import _serve
_serve(int(sys.argv[-1]))
"""


def test_a_reader_that_breaks_down_over_small_files_together_reads_them_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "landing"
    folder.mkdir()
    for number in range(12):
        name = folder / f"{number:02d}.csv"
        name.write_bytes(statement(f"9070000000090{number:02d}", [100, -50, number + 1]))
    real = subprocess.Popen

    def spoilt(command: list[str], **kwargs: object) -> object:
        return real([sys.executable, "-c", SPOILT_BUNDLE, command[-1]], **kwargs)  # type: ignore[call-overload]

    lake = Lake(tmp_path / "lake")
    lake.prepare()
    tasks = [Task(each.source_file, str(each.path), str(lake.root), "r") for each in scan(folder)]
    monkeypatch.setattr(subprocess, "Popen", spoilt)
    rows = {row.source_file: row for each in read_all(tasks, 1) for row in each.rows}
    assert sorted(rows) == [f"{number:02d}.csv" for number in range(12)]
    assert rows["07.csv"].kind == "refused"
    assert "broke down" in (rows["07.csv"].problem or "")
    assert [rows[name].rows_accepted for name in sorted(rows) if name != "07.csv"] == [3] * 11


def test_killed_at_any_moment_the_next_run_gives_the_same_lake(tmp_path: Path) -> None:
    landing = tmp_path / "landing"
    landing.mkdir()
    rng = random.Random(2016)
    for number in range(30):
        (landing / f"{number}.sta").write_bytes(mt940(f"9070000000{number:04d}", rng.randint(1, 400)))
        (landing / f"{number}.csv").write_bytes(
            statement(f"8070000000{number:04d}", [rng.randint(1, 9) for _ in range(200)])
        )
    undisturbed = tmp_path / "undisturbed"
    ingest(landing, undisturbed, Told())
    lake = tmp_path / "lake"
    code = (
        "import sys; from pathlib import Path; from flows.steps.ingest import ingest\n"
        "class Told: workers = 2; lock_wait_seconds = 60\n"
        "ingest(Path(sys.argv[1]), Path(sys.argv[2]), Told())"
    )
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2]), "POLARS_MAX_THREADS": "1"}
    for _ in range(4):
        run = subprocess.Popen([sys.executable, "-c", code, str(landing), str(lake)], env=environment)
        written = len(list((lake / "statements").glob("*"))) if lake.exists() else 0
        deadline = time.monotonic() + 60
        while run.poll() is None and time.monotonic() < deadline:
            now = len(list((lake / "statements").glob("*"))) if (lake / "statements").exists() else 0
            if now > written + rng.randint(3, 25):
                break
            time.sleep(0.005)
        run.send_signal(signal.SIGKILL)
        run.wait()
        for each in (lake / "statements").glob("*.parquet"):
            pl.read_parquet(each)
    ingest(landing, lake, Told(lock_wait_seconds=60))
    assert snapshot(lake) == snapshot(undisturbed)


def test_the_row_of_a_member_comes_after_its_lake_file(landing: Path, tmp_path: Path) -> None:
    lake = Lake(tmp_path / "lake")
    lake.prepare()
    announced: list[str] = []
    for row in read_delivered(Task("d.zip", str(landing / "d.zip"), str(lake.root), "r"), announced.append):
        assert announced[-1] == row.source_file
        if row.kind == "statement":
            assert lake.sidecar("statements", row.source_sha256) is not None
    assert not list(lake.aside.iterdir())


def test_very_large_files_are_streamed_to_the_same_rows(
    landing: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ingest(landing, tmp_path / "held", Told())
    monkeypatch.setattr(reading, "IN_MEMORY_ROWS", 1)
    ingest(landing, tmp_path / "streamed", Told())
    for each in sorted((tmp_path / "held" / "statements").glob("*.parquet")):
        held, streamed = (
            pl.read_parquet(each),
            pl.read_parquet(tmp_path / "streamed" / "statements" / each.name),
        )
        assert held.equals(streamed)
        assert held.schema == streamed.schema


def test_the_users_tables_decide_what_is_read_again(landing: Path, tmp_path: Path) -> None:
    table = tmp_path / "aliases.csv"
    table.write_text("header,role\n", encoding="utf-8")
    key = reader_key([table])
    assert key == reader_key([table]) != reader_key()
    table.write_text("header,role\n流水号码,reference\n", encoding="utf-8")
    assert reader_key([table]) != key

"""Archives: what is in them is found, what they try is refused, and nothing is ever written beside."""

from __future__ import annotations

import gzip
import io
import tarfile
import zipfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from flows.steps.containers import Limits, Member, Unpacker, container_kind
from flows.steps.formats import Source

ROWS = b"\xe6\x97\xa5\xe6\x9c\x9f,amount\n2016-06-20,1.00\n" * 40


def walk(name: str, data: bytes, tmp_path: Path, limits: Limits | None = None) -> list[Member]:
    return list(Unpacker(limits or Limits(), tmp_path).walk(Source.of_bytes(name, data), "0" * 64))


def zipped(members: dict[str, bytes], **kwargs: int) -> bytes:
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in members.items():
            archive.writestr(name, data, **kwargs)
    return held.getvalue()


def tarred(members: dict[str, bytes], mode: str = "w:gz") -> bytes:
    held = io.BytesIO()
    with tarfile.open(fileobj=held, mode=mode) as archive:
        for name, data in members.items():
            info = tarfile.TarInfo(name)
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))
    return held.getvalue()


def content(member: Member) -> bytes:
    assert member.source is not None
    return member.source.read_bytes()


def test_a_plain_file_is_itself(tmp_path: Path) -> None:
    (only,) = walk("a.csv", ROWS, tmp_path)
    assert only.path == ()
    assert content(only) == ROWS


@pytest.mark.parametrize(
    "data",
    [gzip.compress(ROWS), zipped({"a.csv": ROWS}), tarred({"a.csv": ROWS}), tarred({"a.csv": ROWS}, "w:")],
    ids=["gz", "zip", "tar.gz", "tar"],
)
def test_each_kind_gives_its_member(data: bytes, tmp_path: Path) -> None:
    (only,) = walk("a.csv.gz", data, tmp_path)
    assert only.path == ("a.csv",)
    assert content(only) == ROWS
    assert only.problem is None


def test_kinds_are_told_by_content_not_by_name(tmp_path: Path) -> None:
    (only,) = walk("statement.csv", gzip.compress(ROWS), tmp_path)
    assert content(only) == ROWS


def test_archives_within_archives(tmp_path: Path) -> None:
    data = zipped({"inner.zip": zipped({"deep/b.csv.gz": gzip.compress(ROWS)}), "c.csv": ROWS})
    found = {"!".join(each.path): each for each in walk("a.zip", data, tmp_path)}
    assert set(found) == {"inner.zip!deep/b.csv.gz!b.csv.gz".replace("!b.csv.gz", "!b.csv"), "c.csv"}
    assert content(found["inner.zip!deep/b.csv.gz!b.csv"]) == ROWS


def test_nesting_ends(tmp_path: Path) -> None:
    data = ROWS
    for depth in range(6):
        data = zipped({f"{depth}.zip": data})
    (only,) = walk("a.zip", data, tmp_path)
    assert only.source is None
    assert "too deep" in (only.problem or "")


@pytest.mark.parametrize("name", ["../x.csv", "a/../../x.csv", "/tmp/x.csv", "..\\..\\x.csv", "C:\\x.csv"])
def test_names_that_lead_out_are_refused(name: str, tmp_path: Path) -> None:
    inside = tmp_path / "in" / "side"
    inside.mkdir(parents=True)
    (only,) = walk("a.zip", zipped({name: ROWS}), inside)
    assert only.source is None
    assert "leads out" in (only.problem or "")
    assert [each for each in tmp_path.rglob("*") if each.is_file()] == []


def test_a_tar_that_leads_out_is_refused_and_its_neighbour_read(tmp_path: Path) -> None:
    out, fine = walk("a.tar.gz", tarred({"../x.csv": ROWS, "ok.csv": ROWS}), tmp_path)
    assert out.source is None
    assert content(fine) == ROWS


def test_links_in_a_tar_are_refused(tmp_path: Path) -> None:
    held = io.BytesIO()
    with tarfile.open(fileobj=held, mode="w:gz") as archive:
        info = tarfile.TarInfo("passwd.csv")
        info.type, info.linkname = tarfile.SYMTYPE, "/etc/passwd"
        archive.addfile(info)
    (only,) = walk("a.tar.gz", held.getvalue(), tmp_path)
    assert only.source is None
    assert "link" in (only.problem or "")


@pytest.mark.parametrize(
    "pack", [lambda b: zipped({"a.csv": b}), gzip.compress, lambda b: tarred({"a.csv": b})]
)
def test_bombs_are_refused_before_they_go_off(pack, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    found = walk("bomb", pack(bytes(30 << 20)), tmp_path)
    assert all(each.source is None for each in found)
    assert any("bomb" in (each.problem or "") for each in found)


def test_a_bomb_beside_a_statement_costs_only_itself(tmp_path: Path) -> None:
    found = {
        each.path: each for each in walk("a.zip", zipped({"b": bytes(30 << 20), "ok.csv": ROWS}), tmp_path)
    }
    assert content(found[("ok.csv",)]) == ROWS
    assert found[("b",)].source is None


def test_many_members_are_cut_off(tmp_path: Path) -> None:
    found = walk("a.zip", zipped({f"{n}.csv": b"x" for n in range(30)}), tmp_path, Limits(members=10))
    assert len(found) == 11
    assert "more than 10 files" in (found[-1].problem or "")


def test_total_size_is_bounded(tmp_path: Path) -> None:
    limits = Limits(total_bytes=5 * len(ROWS))
    found = walk("a.zip", zipped({f"{n}.csv": ROWS for n in range(10)}), tmp_path, limits)
    assert sum(each.source is not None for each in found) == 5


def test_locked_member_says_so(tmp_path: Path) -> None:
    data = bytearray(zipped({"a.csv": ROWS}))
    at = data.rindex(b"PK\x01\x02")
    data[at + 8] |= 1
    (only,) = walk("a.zip", bytes(data), tmp_path)
    assert only.source is None
    assert "password" in (only.problem or "")


def test_gbk_names_of_chinese_windows(tmp_path: Path) -> None:
    name = "明细/对账单.csv"
    raw = name.encode("gb18030")
    data = zipped({"x" * len(raw): ROWS}).replace(b"x" * len(raw), raw)
    (only,) = walk("a.zip", data, tmp_path)
    assert only.path == (name,)


def test_office_documents_are_no_archives(tmp_path: Path) -> None:
    for first in ("[Content_Types].xml", "z.txt"):
        data = zipped({first: b"<x/>", "[Content_Types].xml2": b"", "word/document.xml": b"<x/>"})
        kind = container_kind(Source.of_bytes("a.zip", data))
        assert kind == (None if first.startswith("[") else "zip")


def test_large_members_are_spooled_under_a_name_of_our_own(tmp_path: Path) -> None:
    data = zipped({"明细/a.csv": ROWS})
    (only,) = walk("a.zip", data, tmp_path, Limits(in_memory=10))
    assert only.source is not None
    assert only.source.path is not None
    assert only.source.path.parent == tmp_path
    assert content(only) == ROWS


def test_a_gzip_cut_off_gives_its_beginning_and_says_so(tmp_path: Path) -> None:
    rows = b"".join(b"%d,%d\n" % (n, n * n) for n in range(20_000))
    data = gzip.compress(rows)
    (only,) = walk("a.csv.gz", data[: len(data) // 2], tmp_path)
    assert only.path == ()
    assert "cut off" in (only.problem or "")
    assert content(only)
    assert rows.startswith(content(only))


def test_a_tar_cut_off_gives_its_whole_members(tmp_path: Path) -> None:
    rows = [b"".join(b"%d,%d\n" % (n, n * m) for n in range(20_000)) for m in range(1, 4)]
    data = tarred({f"{n}.csv": each for n, each in enumerate(rows)})
    found = walk("a.tar.gz", data[: len(data) * 3 // 4], tmp_path)
    whole = [each for each in found if each.source is not None]
    assert [content(each) for each in whole] == rows[: len(whole)]
    assert len(whole) == 2
    assert "cut off" in (found[-1].problem or "")


@settings(max_examples=150, deadline=None)
@given(data=st.data())
def test_damaged_archives_never_raise(data: st.DataObject, tmp_path_factory: pytest.TempPathFactory) -> None:
    packed = data.draw(
        st.sampled_from(
            [zipped({"a.csv": ROWS, "b.csv": ROWS}), tarred({"a.csv": ROWS}), gzip.compress(ROWS)]
        )
    )
    mutable = bytearray(packed)
    for _ in range(data.draw(st.integers(0, 6))):
        mutable[data.draw(st.integers(0, len(mutable) - 1))] = data.draw(st.integers(0, 255))
    cut = data.draw(st.integers(0, len(mutable)))
    for member in walk("a", bytes(mutable[:cut]), tmp_path_factory.mktemp("scratch")):
        assert member.source is not None or member.problem

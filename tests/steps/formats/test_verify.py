"""Names that no table knows are held against the cells below them."""

from __future__ import annotations

from tests.steps.formats.made import OTHER, OWN, moves, read

WAYS = [("out", 500), ("in", 700), ("out", 300), ("in", 400), ("out", 100), ("in", 200)]


def _moves(head: str, cells: list[str]) -> list[tuple[str, int]]:
    rows = [f"{OWN},2016-06-{10 + i},{each},{OTHER}" for i, each in enumerate(cells)]
    return [each[1:] for each in moves(read("\n".join([head, *rows]) + "\n"))]


def test_a_column_of_flags_without_a_telling_name_says_which_way() -> None:
    cells = [f"{'收入' if way == 'in' else '支出'},{fen // 100}.00" for way, fen in WAYS]
    for name in ("业务属性", "类型标志位", "交易类型", "存入或转出"):
        assert _moves(f"账号,日期,{name},金额,对方账号", cells) == WAYS


def test_the_other_side_is_the_column_that_is_filled_where_the_first_is_not() -> None:
    cells = [f"{fen / 100:.2f},0.00" if way == "out" else f"0.00,{fen / 100:.2f}" for way, fen in WAYS]
    assert _moves("账号,日期,支出金额,甲栏,对方账号", cells) == WAYS


def test_a_line_of_data_is_no_second_header_row() -> None:
    cells = [f"{'贷' if way == 'in' else '借'},{fen // 100}.00" for way, fen in WAYS]
    assert _moves("账号,日期,进出标志,动账数额,对方账号", cells) == WAYS


def test_a_time_of_day_gives_way_to_a_day_that_only_its_parts_tell() -> None:
    head = "账号,入账时间,上账日,支出,收入,对方账号"
    rows = [f"{OWN},10:00:0{i},2016-06-1{i},1.00,,{OTHER}" for i in range(3)]
    assert [each[0] for each in moves(read("\n".join([head, *rows]) + "\n"))] == [
        f"2016-06-1{i} 10:00:0{i}" for i in range(3)
    ]

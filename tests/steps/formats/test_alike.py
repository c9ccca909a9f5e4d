"""Small files read together give what each gives alone, or are left to be read alone."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from flows.steps.formats import ReadOptions, ReadResult, Source, read_statement
from flows.steps.formats._alike import read_alike
from flows.steps.formats.protocol import HEAD_BYTES

FLAGGED = "交易账号,账户开户名称,交易时间,交易金额,交易余额,收付标志,交易对手账卡号,对手户名,摘要说明,交易币种,交易是否成功,交易流水号"
SIGNED = "账号,交易日期,交易时间,交易金额,账户余额,对方户名,对方账号,摘要"
TWO = "账号,交易日期,借方发生额,贷方发生额,账户余额,对方户名,对方账号,摘要"
OWN = "6200000000000000017"


def same(left: ReadResult, right: ReadResult) -> bool:
    bare = [replace(each, lines=None, quarantine=None) for each in (left, right)]  # type: ignore[arg-type]
    return (
        bare[0] == bare[1]
        and left.lines.collect().equals(right.lines.collect())
        and left.lines.collect_schema() == right.lines.collect_schema()
        and left.quarantine.equals(right.quarantine)
    )


def together(sources: list[Source]) -> dict[int, ReadResult]:
    groups = read_alike(sources, ReadOptions())
    return {place: result for group in groups for place, result in group.results().items()}


def flagged(
    moves: list[int], flags: str = "进出", at: str = "20160105072932", name: str = "张三"
) -> list[str]:
    rows, balance = [], 10**6
    for number, move in enumerate(moves):
        balance += move
        rows.append(
            f"{OWN},甲公司,{at},{abs(move) / 100:.2f},{balance / 100:.2f},{flags[move < 0]},"
            f'62220000111122{number % 100:02d},{name},转账,"",成功,{number}'
        )
    return rows


def test_plain_files_are_read_together() -> None:
    files = [
        "\n".join([FLAGGED, *flagged([100 * n + 1, -7, 5, 9, -100][: n + 1]), ""]).encode() for n in range(5)
    ]
    sources = [Source.of_bytes(f"{n}.csv", data) for n, data in enumerate(files)]
    read = together(sources)
    assert sorted(read) == [0, 1, 2, 3, 4]
    assert all(same(result, read_statement(sources[at])) for at, result in read.items())


@pytest.mark.parametrize(
    "rows",
    [
        pytest.param(flagged([5, -3, 9, 2, -1, 4], flags="出进"), id="flags the wrong way round"),
        pytest.param(flagged([5, -3, 9, 2, -1, 4], flags="12"), id="numeric flags"),
        pytest.param(flagged([5, -3], at="20160105000000"), id="midnight throughout"),
        pytest.param([*flagged([5]), FLAGGED, *flagged([7])], id="header again"),
        pytest.param([*flagged([5]), "合计,,,5.00"], id="total"),
        pytest.param([*flagged([5]), flagged([7])[0].replace("成功", "失败")], id="failed"),
        pytest.param([*flagged([5]), flagged([7])[0].replace("0.07", "-0.07")], id="reversal"),
        pytest.param([*flagged([5]), "乱七八糟"], id="no line"),
        pytest.param([*flagged([5]), flagged([7])[0] + '"'], id="open quote"),
        pytest.param([*flagged([5]), flagged([7])[0].replace("张三", '"张\n三"')], id="line break in a cell"),
        pytest.param(
            [*flagged([5]), flagged([7])[0].replace("62220000111122", "6.22E+18,")], id="lost digits"
        ),
        pytest.param([*flagged([5]), flagged([7])[0].replace("6222", "李四6222")], id="name in the account"),
        pytest.param([], id="no rows"),
    ],
)
def test_a_file_with_something_to_decide_harms_no_other(rows: list[str]) -> None:
    texts = [
        "\n".join([FLAGGED, *each, ""]) for each in (flagged([1, 2, -3, 4]), rows, flagged([9, -8, 7, 6, 5]))
    ]
    sources = [Source.of_bytes(f"{n}.csv", text.encode("gb18030")) for n, text in enumerate(texts)]
    read = together(sources)
    assert {0, 2} <= set(read) or not read
    assert all(same(result, read_statement(sources[at])) for at, result in read.items())


amounts = st.sampled_from(["1.00", "0", "-5.00", "1,234.50", "￥3", "", "x", "0.00", "12"])
cell = {
    "账号": st.sampled_from([OWN, OWN, "6200000000000000033", "", "123", "6.2E+18"]),
    "交易日期": st.sampled_from(
        ["2016-06-20", "2016-06-21", "20160622", "2016/6/3 00:00:00", "20/06/2016", ""]
    ),
    "交易时间": st.sampled_from(["10:20:30", "00:00:00", "94220", ""]),
    "对方户名": st.sampled_from(["张三", "", '"a,b"', "-"]),
    "对方账号": st.sampled_from(["6222000011112222", "李四", "", "1E+15"]),
    "摘要": st.sampled_from(["货款", "", "　", '"', "a|b"]),
}


ABOVE = st.sampled_from(
    [
        "某某银行账户明细",
        "户名：甲公司,币种：人民币",
        "币种：美元",
        "总笔数：2",
        "期初余额：0.00,期末余额：5.00",
        f'"账号：","{OWN}"',
        "单位：万元",
        "户名,账号,开户行",
        f"甲公司,{OWN},北川银行",
        "",
        ",,,",
    ]
)
BELOW = st.sampled_from(
    [
        "合计,,1.00,2.00",
        "2016-06-30,本月合计,1.00,2.00",
        "以下空白",
        "打印时间：2016-07-01",
        "总笔数：3",
        f"账号：{OWN}",
        "x",
        "",
        SIGNED,
    ]
)


def one_file(draw: st.DrawFn, header: str, named_above: bool, wild: bool) -> str:
    rows = []
    balance = 0
    for _ in range(draw(st.integers(0, 6))):
        values = []
        for name in header.split(","):
            if name == "账户余额":
                values.append(f"{balance / 100:.2f}")
            elif name in cell:
                values.append(
                    draw(cell[name]) if wild else {"账号": OWN, "交易日期": "2016-06-20"}.get(name, "")
                )
            elif wild:
                values.append(draw(amounts))
            elif name == "贷方发生额":
                values.append("")
            else:
                balance += 100 if name == "交易金额" else -100
                values.append("1.00")
        rows.append(",".join(values))
        if wild and draw(st.integers(0, 9)) == 0:
            rows.append("")
    above = draw(st.lists(ABOVE, max_size=3)) if draw(st.booleans()) else []
    if named_above:
        header = header.removeprefix("账号,")
        rows = [row.partition(",")[2] for row in rows]
        above = [f"账号：{draw(st.sampled_from([OWN, '6200000000000000033']))}", *above]
    below = draw(st.lists(BELOW, max_size=3)) if draw(st.booleans()) else []
    end = draw(st.sampled_from(["\n", "\n", "\r\n"]))
    return end.join([*above, header, *rows, *below]) + draw(st.sampled_from([end, end, end, ""]))


@st.composite
def deliveries(draw: st.DrawFn) -> list[bytes]:
    """Files of one bank: the same header row and encoding, each with its own oddities."""
    header = draw(st.sampled_from([SIGNED, TWO, TWO, TWO]))
    named_above = draw(st.booleans())
    encoding = draw(st.sampled_from(["utf-8", "utf-8", "gb18030", "utf-8-sig"]))
    return [
        one_file(draw, header, named_above, draw(st.integers(0, 3)) == 0).encode(encoding)
        for _ in range(draw(st.integers(2, 6)))
    ]


@given(deliveries())
@settings(max_examples=100, deadline=None, suppress_health_check=list(HealthCheck))
def test_together_is_as_alone(files: list[bytes]) -> None:
    sources = [Source.of_bytes(f"{n}.csv", data) for n, data in enumerate(files)]
    for at, result in together(sources).items():
        assert same(result, read_statement(sources[at])), files[at]


def test_files_with_preamble_and_totals_are_read_together() -> None:
    def made(number: int) -> bytes:
        rows = [
            f"2016-06-{day:02d},,{day}.00,{1000 + day}.00,张三,6222000011112222,货款"
            for day in range(1, 4 + number)
        ]
        head = ["某某银行账户明细", f"账号：62000000000000001{number},户名：甲公司{number},币种：人民币", f"总笔数：{3 + number},期初余额：1000.00"]  # fmt: skip
        foot = ["合计,,6.00,,,,", "以下空白"]
        return "\n".join([*head, "", TWO.removeprefix("账号,"), *rows, *foot, ""]).encode("gb18030")

    sources = [Source.of_bytes(f"{n}.csv", made(n)) for n in range(5)]
    read = together(sources)
    assert sorted(read) == [0, 1, 2, 3, 4]
    assert all(same(result, read_statement(sources[at])) for at, result in read.items())
    assert read[3].accounts[0].opening_fen == 100_000
    assert read[3].lines.collect()["holder_name"].unique().to_list() == ["甲公司3"]


def test_a_file_longer_than_its_head_is_read_together_too() -> None:
    row = flagged([5])
    files = ["\n".join([FLAGGED, *row * (HEAD_BYTES // 50 + n), ""]).encode() for n in range(2)]
    sources = [Source.of_bytes(f"{n}.csv", data) for n, data in enumerate(files)]
    read = together(sources)
    assert all(same(result, read_statement(sources[at])) for at, result in read.items())

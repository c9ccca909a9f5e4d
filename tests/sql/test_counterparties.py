"""Masks and names mean one known account within their context, or nobody."""

from pathlib import Path

import pytest

from tests.sql.tiny import TinyLake, row, rows

ZHANG = {"counterparty_account": "6222000011112222", "counterparty_name": "张小三"}
ASK = (
    "select l.remark, l.cp_basis, a.account_no from mart_line as l "
    "left join mart_account as a on l.cp_account_id = a.account_id where l.remark like '?%' order by l.remark"
)


@pytest.fixture
def lake(tmp_path: Path) -> TinyLake:
    return (
        TinyLake(tmp_path)
        .register(
            "institutions", institution_id="I1", name="好贷信息有限公司", sector="p2p", licence_status="none"
        )
        .register("accounts", account_no="C1", account_type="custody", institution_id="I1")
        .register("accounts", account_no="C2", account_type="own", institution_id="I1")
    )


def test_masks_and_names(lake: TinyLake) -> None:
    con = lake.file(
        "a.csv",
        row("C1", 1, 9, "09:00:00", **ZHANG),
        row("C1", 1, 8, "09:00:00", counterparty_account="6222****2222", remark="?1"),
        row(
            "C1",
            1,
            7,
            "09:00:00",
            counterparty_account="6222********2222",
            counterparty_name="张*三",
            remark="?2",
        ),
        row(
            "C1",
            1,
            6,
            "09:00:00",
            counterparty_account="6222********2222",
            counterparty_name="李四",
            remark="?3",
        ),
        row("C2", 1, 5, "09:00:00", counterparty_name="張小三", remark="?4"),
        row("C2", 1, 4, "09:00:00", counterparty_name="张*三", remark="?5"),
        row("Z9", 1, 3, "09:00:00", counterparty_name="张小三", remark="?6"),
        row("C2", 1, 2, "09:00:00", counterparty_account="６２２２ 0000 1111 2222", remark="?7"),
    ).build()
    known = "6222000011112222"
    assert rows(con, ASK) == [
        ("?1", "mask", known),
        ("?2", "mask", known),
        ("?3", "mask", None),
        ("?4", "name", known),
        ("?5", "name", known),
        ("?6", "name", None),
        ("?7", "account", known),
    ]


def test_two_of_one_name_are_nobody(lake: TinyLake) -> None:
    con = lake.file(
        "a.csv",
        row("C1", 1, 9, "09:00:00", **ZHANG),
        row("C1", 1, 9, "09:30:00", counterparty_account="6222000033334444", counterparty_name="张小三"),
        row("C1", 1, 8, "09:00:00", counterparty_name="张小三", remark="?1"),
    ).build()
    assert rows(con, ASK) == [("?1", "none", None)]
    assert rows(con, "select cp_holder_id from mart_line where remark = '?1'") == [(None,)]


def test_one_person_with_two_accounts_is_one_holder(lake: TinyLake) -> None:
    lake.register("products", product_id="P1", institution_id="I1", name="稳一", kind="loan")
    for number, account in enumerate(("6222000011112222", "6222000033334444")):
        lake.register(
            "subscriptions",
            subscription_id=f"S{number}",
            product_id="P1",
            investor_id="211122197006070751",
            investor_name="张小三",
            investor_account=account,
        )
    con = lake.file("a.csv", row("C1", 1, 8, "09:00:00", counterparty_name="张小三", remark="?1")).build()
    assert rows(con, "select count(distinct holder_id) from mart_account where account_no like '6222%'") == [
        (1,)
    ]
    assert rows(con, "select cp_holder_id is not null, cp_account_id from mart_line") == [(True, None)]


@pytest.mark.parametrize(
    "name",
    [
        "好贷信息有限公司",
        "好贷信息有限责任公司",
        "好貸信息有限公司",
        "好贷信息 有限公司",
        "好贷信息有限公司客户资金存管专户",
        "好贷信息有限公司网络借贷资金存管账户",
    ],
)
def test_a_firm_is_one_however_written(lake: TinyLake, name: str) -> None:
    con = lake.file("a.csv", row("X1", 1, 8, "09:00:00", counterparty_name=name)).build()
    assert rows(
        con,
        "select h.institution_id, h.name from mart_line as l inner join mart_holder as h on l.cp_holder_id = h.holder_id",
    ) == [("I1", "好贷信息有限公司")]


def test_an_account_s_title_is_shown_as_delivered(lake: TinyLake) -> None:
    con = lake.file("a.csv", row("X1", 1, 8, "09:00:00", counterparty_name="好貸信息 有限公司")).build()
    assert rows(con, "select counterparty_name from mart_line_told") == [("好貸信息 有限公司",)]

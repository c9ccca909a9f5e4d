"""Investors and borrowers a register knows by name alone are the one holder of that name the institution deals with."""

from pathlib import Path

from tests.sql.tiny import TinyLake, row, rows


def test_known_by_name(tmp_path: Path) -> None:
    lake = TinyLake(tmp_path).file(
        "a.csv",
        row("C1", 1, 9, "09:00:00", counterparty_account="6217000000000001", counterparty_name="张小三"),
        row("C1", 1, 8, "09:10:00", counterparty_account="6217000000000002", counterparty_name="李小四"),
        row("C1", 1, 7, "09:20:00", counterparty_account="6217000000000003", counterparty_name="李小四"),
        row("C2", 1, 6, "09:30:00", counterparty_account="6217000000000004", counterparty_name="王小五"),
    )
    for account, institution in (("C1", "I1"), ("C2", "I2")):
        lake = lake.register(
            "institutions",
            institution_id=institution,
            name=f"{institution}信息有限公司",
            sector="p2p",
            licence_status="none",
        ).register("accounts", account_no=account, account_type="custody", institution_id=institution)
    lake = lake.register("products", product_id="P", institution_id="I1", name="一号", kind="loan")
    for n, name in enumerate(("张小三", "李小四", "王小五")):
        lake = lake.register(
            "subscriptions", subscription_id=f"S{n}", product_id="P", investor_name=name, amount=100
        ).register("projects", project_id=f"X{n}", institution_id="I1", borrower_name=name, principal=100)
    con = lake.build()
    holder = dict(rows(con, "select a.account_no, a.holder_id from mart_account as a"))
    known = [
        holder["6217000000000001"],
        None,
        None,
    ]  # two of one name, and one met elsewhere only, stay unknown
    for table, key, column in (
        ("mart_subscription", "subscription_id", "holder_id"),
        ("mart_project", "project_id", "borrower_holder_id"),
    ):
        assert [r[0] for r in rows(con, f"select {column} from {table} order by {key}")] == known


def test_known_by_number(tmp_path: Path) -> None:
    lake = TinyLake(tmp_path).register(
        "parties", party_id="T1", kind="company", name="甲商贸有限公司", id_no="91211100AAAAAAAAAA"
    )
    for n in (1, 2):
        lake = lake.register(
            "institutions",
            institution_id=f"I{n}",
            name=f"I{n}信息有限公司",
            sector="p2p",
            licence_status="none",
        ).register("products", product_id=f"P{n}", institution_id=f"I{n}", name="一号", kind="loan")
    for project, number in (("X1", "T1"), ("X2", "91211100aaaaaaaaaa")):
        lake = lake.register(
            "projects", project_id=project, institution_id="I1", borrower_id=number, principal=100
        )
    for n, (product, number, name) in enumerate(
        (("P1", "K1", "张小三"), ("P2", "K1", "李小四"), ("P1", "K2", "王小五"), ("P2", "K2", "王小五"))
    ):
        lake = lake.register(
            "subscriptions",
            subscription_id=f"S{n}",
            product_id=product,
            investor_id=number,
            investor_name=name,
            amount=100,
        )
    con = lake.build()
    party = rows(con, "select holder_id from mart_holder where party_id = 'T1'")
    borrowers = rows(con, "select borrower_holder_id from mart_project order by project_id")
    assert borrowers == [*party, *party]  # the party's number and its identity number are one holder
    one, two, three, four = (
        r[0] for r in rows(con, "select holder_id from mart_subscription order by subscription_id")
    )
    assert one != two  # one customer number on two platforms, two people
    assert three == four  # a number with one name is one person on both


def test_customer_number_of_a_party(tmp_path: Path) -> None:
    """The platform's own number means the party whose account goes with it, if the name is the party's too."""
    lake = TinyLake(tmp_path).register(
        "institutions",
        institution_id="I1",
        name="I1信息有限公司",
        sector="p2p",
        licence_status="none",
    )
    for n, name in ((1, "甲商贸有限公司"), (2, "乙商贸有限公司")):
        lake = lake.register(
            "parties", party_id=f"T{n}", kind="company", name=name, id_no=f"91211100AAAAAAAAA{n}"
        ).register(
            "accounts",
            account_no=f"3301001000000000{n}",
            account_type="party",
            party_id=f"T{n}",
            holder_name=name,
        )
    for project, number, account in (("X1", "K1", 1), ("X2", "K2", 2)):
        lake = lake.register(
            "projects",
            project_id=project,
            institution_id="I1",
            borrower_id=number,
            borrower_name="甲商贸有限公司",
            borrower_account=f"3301001000000000{account}",
            principal=100,
        )
    con = lake.build()
    party, other = (
        r[0]
        for r in rows(
            con, "select holder_id from mart_account where account_type = 'party' order by account_no"
        )
    )
    own, strange = (
        r[0] for r in rows(con, "select borrower_holder_id from mart_project order by project_id")
    )
    assert own == party
    assert strange != other  # the account is another's, whatever the number

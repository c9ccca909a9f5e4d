"""Who is a person and who a firm: by register, by identity number, by card number, by name; else not known."""

from pathlib import Path

from tests.sql.tiny import TinyLake, row, rows


def test_kinds(tmp_path: Path) -> None:
    names = {
        "6217000012345678": "88213",  # a card, whatever the bank calls its holder
        "210501000011112222": "88214",
        "210501000011113333": "ZHANG Xiao Ming",
        "210501000011114444": "Brindle Harbour Trading Ltd",
        "210501000011115555": "Brindle Harbour",
        "210501000011116666": "客户10023",
        "210501000011117777": "盘山五金",
        "210501000011118888": "大洼春天幼儿园",
        "210501000011119999": "欧阳小三",
    }
    lake = TinyLake(tmp_path)
    lake = lake.file(
        "a.csv",
        *(
            row("C1", 1, 9, "09:00:00", counterparty_account=account, counterparty_name=name)
            for account, name in names.items()
        ),
        row("C1", 1, 8, "10:00:00", counterparty_account="33010000999900001", counterparty_name="70001"),
        row("C1", 1, 8, "11:00:00", counterparty_account="33010000999900002", counterparty_name="70002"),
    )
    for number, account, project in (
        ("211402197501019876", "33010000999900001", "X1"),
        ("91211402MA0QCTB91X", "33010000999900002", "X2"),
    ):
        lake = lake.register(
            "projects", project_id=project, institution_id="I1", borrower_id=number, borrower_account=account
        )
    con = lake.build()
    found = dict(
        rows(
            con,
            "select a.account_no, h.kind from mart_account as a inner join mart_holder as h using (holder_id)",
        )
    )
    assert [found[account] for account in names] == [
        "person",
        "unknown",
        "person",
        "company",
        "unknown",
        "unknown",
        "person",
        "company",
        "person",
    ]
    assert (found["33010000999900001"], found["33010000999900002"]) == ("person", "company")

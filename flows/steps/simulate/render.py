"""Writing the ledger as banks and offices deliver it: seven statement layouts and the registers."""

from __future__ import annotations

import csv
import datetime as dt
import io
import zipfile
from collections.abc import Callable, Iterable
from decimal import Decimal
from pathlib import Path
from xml.sax.saxutils import escape

import polars as pl
import xlsxwriter

from flows.steps.simulate.ledger import Account, Bank, Line

Lines = list[Line]


def yuan(fen: int, thousands: bool = False) -> str:
    """Fen as yuan with two decimals."""
    return f"{Decimal(fen) / 100:,.2f}" if thousands else f"{Decimal(fen) / 100:.2f}"


def _table(rows: Iterable[Iterable[object]], encoding: str, delimiter: str = ",") -> bytes:
    buffer = io.StringIO()
    csv.writer(buffer, delimiter=delimiter, lineterminator="\r\n").writerows(rows)
    return buffer.getvalue().encode(encoding)


def two_columns(account: Account, lines: Lines) -> bytes:
    """CSV in GB18030 with a preamble and debit and credit columns."""
    rows: list[list[object]] = [
        [account.bank.name + "账户明细"],
        ["账　　号：", account.number, "户　　名：", account.holder, "币种：", "人民币"],
        [],
        [
            "序号",
            "交易日期",
            "交易时间",
            "借方发生额",
            "贷方发生额",
            "余额",
            "对方户名",
            "对方账号",
            "对方开户行",
            "摘要",
            "流水号",
        ],
    ]
    for n, x in enumerate(lines, 1):
        debit, credit = ("", yuan(x.fen, True)) if x.incoming else (yuan(x.fen, True), "")
        rows.append(
            [n, f"{x.at:%Y%m%d}", f"{x.at:%H:%M:%S}", debit, credit, yuan(x.balance_fen, True), x.other.holder,
             x.other.number, x.other.bank.name, x.remark, x.reference]
        )  # fmt: skip
    rows.append(["合计", "", "", yuan(sum(x.fen for x in lines if not x.incoming), True),
                 yuan(sum(x.fen for x in lines if x.incoming), True)])  # fmt: skip
    return _table(rows, "gb18030")


def signed(account: Account, lines: Lines) -> bytes:
    """CSV in UTF-8 with one signed amount, newest line first."""
    rows: list[list[object]] = [
        ["交易明细"], ["账号：" + account.number], ["户名：" + account.holder],
        ["交易时间", "交易金额", "账户余额", "对方户名", "对方账号", "对方行名", "附言", "交易流水号"],
    ]  # fmt: skip
    for x in reversed(lines):
        rows.append(
            [f"{x.at:%Y-%m-%d %H:%M:%S}", ("" if x.incoming else "-") + yuan(x.fen), yuan(x.balance_fen),
             x.other.holder, x.other.number, x.other.bank.name, x.remark, x.reference]
        )  # fmt: skip
    return _table(rows, "utf-8-sig")


def flag_xlsx(account: Account, lines: Lines) -> bytes:
    """XLSX with an amount and a 借/贷 flag."""
    buffer = io.BytesIO()
    book = xlsxwriter.Workbook(buffer, {"in_memory": True})
    book.set_properties({"created": dt.datetime(2016, 1, 1)})
    sheet = book.add_worksheet("对账单")
    sheet.write_row(0, 0, [f"{account.bank.name}对账单"])
    sheet.write_row(1, 0, ["户名", account.holder, "账号", account.number])
    sheet.write_row(
        3, 0, ["记账时间", "借贷标志", "发生额", "余额", "对方名称", "对方账号", "对方银行", "用途", "凭证号"]
    )
    for n, x in enumerate(lines, 4):
        sheet.write_row(
            n, 0,
            [f"{x.at:%Y/%m/%d %H:%M:%S}", "贷" if x.incoming else "借", yuan(x.fen), yuan(x.balance_fen), x.other.holder,
             x.other.number, x.other.bank.name, x.remark, x.reference],
        )  # fmt: skip
    book.close()
    return buffer.getvalue()


def mt940(account: Account, lines: Lines) -> bytes:
    """SWIFT MT940, one message for all lines; the purpose in :86:."""
    first = lines[0].balance_fen - (lines[0].fen if lines[0].incoming else -lines[0].fen)

    def balance(tag: str, at: dt.datetime, fen: int) -> str:
        return f":{tag}:{'C' if fen >= 0 else 'D'}{at:%y%m%d}CNY{yuan(abs(fen)).replace('.', ',')}"

    out = [
        ":20:" + f"{lines[0].at:%y%m%d}ST",
        ":25:" + account.number,
        ":28C:1/1",
        balance("60F", lines[0].at, first),
    ]
    for x in lines:
        sign = "C" if x.incoming else "D"
        out.append(f":61:{x.at:%y%m%d%m%d}{sign}{yuan(x.fen).replace('.', ',')}NTRF{x.reference[-16:]}")
        out.append(f":86:/ACCT/{x.other.number}/NAME/{x.other.holder}/REMI/{x.remark}")
    out += [balance("62F", lines[-1].at, lines[-1].balance_fen), "-"]
    return "\r\n".join(out).encode()


def camt053(account: Account, lines: Lines) -> bytes:
    """ISO 20022 camt.053.001.02."""
    first = lines[0].balance_fen - (lines[0].fen if lines[0].incoming else -lines[0].fen)

    def balance(code: str, fen: int, at: dt.datetime) -> str:
        side = "CRDT" if fen >= 0 else "DBIT"
        return (
            f'<Bal><Tp><CdOrPrtry><Cd>{code}</Cd></CdOrPrtry></Tp><Amt Ccy="CNY">{yuan(abs(fen))}</Amt>'
            f"<CdtDbtInd>{side}</CdtDbtInd><Dt><Dt>{at:%Y-%m-%d}</Dt></Dt></Bal>"
        )

    entries = []
    for x in lines:
        party, agent = ("Dbtr", "DbtrAgt") if x.incoming else ("Cdtr", "CdtrAgt")
        entries.append(
            f'<Ntry><Amt Ccy="CNY">{yuan(x.fen)}</Amt><CdtDbtInd>{"CRDT" if x.incoming else "DBIT"}</CdtDbtInd>'
            f"<Sts>BOOK</Sts><BookgDt><DtTm>{x.at:%Y-%m-%dT%H:%M:%S}</DtTm></BookgDt><AcctSvcrRef>{x.reference}</AcctSvcrRef>"
            f"<NtryDtls><TxDtls><RltdPties><{party}><Nm>{escape(x.other.holder)}</Nm></{party}>"
            f"<{party}Acct><Id><Othr><Id>{x.other.number}</Id></Othr></Id></{party}Acct></RltdPties>"
            f"<RltdAgts><{agent}><FinInstnId><Nm>{x.other.bank.name}</Nm></FinInstnId></{agent}></RltdAgts>"
            f"<RmtInf><Ustrd>{escape(x.remark)}</Ustrd></RmtInf></TxDtls></NtryDtls></Ntry>"
        )
    text = (
        '<?xml version="1.0" encoding="UTF-8"?><Document xmlns="urn:iso:std:iso:20022:tech:xsd:camt.053.001.02">'
        f"<BkToCstmrStmt><GrpHdr><MsgId>{account.number}</MsgId><CreDtTm>{lines[-1].at:%Y-%m-%dT%H:%M:%S}</CreDtTm></GrpHdr>"
        f"<Stmt><Id>1</Id><Acct><Id><Othr><Id>{account.number}</Id></Othr></Id><Ownr><Nm>{escape(account.holder)}</Nm></Ownr></Acct>"
        f"{balance('OPBD', first, lines[0].at)}{balance('CLBD', lines[-1].balance_fen, lines[-1].at)}{''.join(entries)}"
        "</Stmt></BkToCstmrStmt></Document>"
    )
    return text.encode()


def canonical(account: Account, lines: Lines) -> bytes:
    """Render the contract's own columns as Parquet."""
    frame = pl.DataFrame(
        {
            "account_no": [account.number] * len(lines),
            "booked_at": [x.at for x in lines],
            "direction": ["in" if x.incoming else "out" for x in lines],
            "amount": [Decimal(x.fen) / 100 for x in lines],
            "currency": ["CNY"] * len(lines),
            "balance_after": [Decimal(x.balance_fen) / 100 for x in lines],
            "counterparty_account": [x.other.number for x in lines],
            "counterparty_name": [x.other.holder for x in lines],
            "counterparty_bank": [x.other.bank.name for x in lines],
            "remark": [x.remark for x in lines],
            "reference": [x.reference for x in lines],
            "channel": [x.channel for x in lines],
        },
        schema_overrides={"amount": pl.Decimal(18, 2), "balance_after": pl.Decimal(18, 2)},
    )
    buffer = io.BytesIO()
    frame.write_parquet(buffer)
    return buffer.getvalue()


ENQUIRY = (
    "交易卡号 交易账号 账户开户名称 开户人证件号码 交易时间 交易金额 交易余额 收付标志 交易对手账卡号 现金标志 对手户名 对手身份证号 "
    "对手开户银行 摘要说明 交易币种 交易网点名称 交易网点代码 交易发生地 交易是否成功 传票号 终端号 IP地址 MAC地址 对手交易余额 交易流水号 "
    "日志号 凭证种类 凭证号 交易柜员号 商户名称 商户号 备注 交易类型 查询反馈结果原因"
).split()


def enquiry(account: Account, lines: Lines) -> bytes:
    """Render the 34-column fund-enquiry feedback (资金查控): GB18030, cells with trailing tabs."""
    place = {name: n for n, name in enumerate(ENQUIRY)}
    rows: list[list[object]] = [list(ENQUIRY)]
    for x in lines:
        row: list[object] = [""] * len(ENQUIRY)
        for name, value in {
            "交易账号": account.number,
            "账户开户名称": account.holder,
            "交易时间": f"{x.at:%Y%m%d%H%M%S}",
            "交易金额": yuan(x.fen),
            "交易余额": yuan(x.balance_fen),
            "收付标志": "进" if x.incoming else "出",
            "交易对手账卡号": x.other.number,
            "对手户名": x.other.holder,
            "对手开户银行": x.other.bank.name,
            "摘要说明": x.remark,
            "交易币种": "人民币",
            "交易是否成功": "成功",
            "交易流水号": x.reference,
        }.items():
            row[place[name]] = f"{value}\t"
        rows.append(row)
    return _table(rows, "gb18030")


LAYOUTS: dict[str, tuple[Callable[[Account, Lines], bytes], str]] = {
    "two_columns": (two_columns, "账户明细_{no}_{month}.csv"),
    "signed": (signed, "交易明细_{no}_{month}.csv"),
    "flag_xlsx": (flag_xlsx, "对账单_{no}_{month}.xlsx"),
    "mt940": (mt940, "{no}_{month}.sta"),
    "camt053": (camt053, "camt053_{no}_{month}.xml"),
    "canonical": (canonical, "core_{no}_{month}.parquet"),
    "enquiry": (enquiry, "资金查询反馈_{no}_{month}.csv"),
}


def statements(out: Path, bank: Bank, month: str, accounts: list[tuple[Account, Lines]]) -> None:
    """Write one bank's statements of one month: loose files, or one zip for every second bank."""
    render, pattern = LAYOUTS[bank.layout]
    files = [(pattern.format(no=a.number, month=month), render(a, lines)) for a, lines in accounts if lines]
    if not files:
        return
    folder = out / month
    folder.mkdir(parents=True, exist_ok=True)
    if bank.layout in ("two_columns", "camt053", "canonical"):
        with zipfile.ZipFile(folder / f"{bank.name}_{month}.zip", "w", zipfile.ZIP_DEFLATED) as archive:
            for name, content in files:
                archive.writestr(zipfile.ZipInfo(name, (2016, 7, 1, 0, 0, 0)), content, zipfile.ZIP_DEFLATED)
        return
    (folder / bank.name).mkdir(exist_ok=True)
    for name, content in files:
        (folder / bank.name / name).write_bytes(content)


def registers(out: Path, rows: dict[str, list[dict[str, object]]]) -> None:
    """Write each register as UTF-8 CSV, columns in the order of first use."""
    out.mkdir(parents=True, exist_ok=True)
    for name, records in sorted(rows.items()):
        columns = list(dict.fromkeys(c for r in records for c in r))
        body = [["" if r.get(c) is None else r[c] for c in columns] for r in records]
        (out / f"{name}.csv").write_bytes(_table([columns, *body], "utf-8-sig"))

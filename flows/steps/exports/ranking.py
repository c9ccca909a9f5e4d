"""ranking.csv, .parquet and .xlsx: the institutions in the order in which to visit them."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from pathlib import Path

import polars as pl
import xlsxwriter

from flows.steps.exports import _labels as zh
from flows.steps.exports._tables import neutral, write_csv, write_parquet
from flows.steps.result import MONEY, Ranked, WeekResult, points_text

SCHEMA: dict[str, pl.DataType | type[pl.DataType]] = {
    "week": pl.String,
    "rank": pl.Int64,
    "previous_rank": pl.Int64,
    "institution_id": pl.String,
    "name": pl.String,
    "sector": pl.String,
    "district": pl.String,
    "licence_status": pl.String,
    "score": pl.Decimal(5, 2),
    "tier": pl.String,
    "report_immediately": pl.Boolean,
    "amount": MONEY,
    "clients": pl.Int64,
    "findings": pl.Int64,
    "reasons": pl.String,
    "lead_agency": pl.String,
    "tier_reason": pl.String,
    "rectify_since": pl.Date,
    "client_money": MONEY,
    "client_count": pl.Int64,
    "tips": pl.Int64,
    "learned_score": pl.Decimal(5, 2),
    "rule_score": pl.Decimal(5, 2),
}
"""Grain: an institution. The first sixteen columns are the contract's."""

CONTRIBUTIONS: dict[str, pl.DataType | type[pl.DataType]] = {
    "institution_id": pl.String,
    "position": pl.Int64,
    "kind": pl.String,
    "code": pl.String,
    "finding_key": pl.String,
    "points": pl.Decimal(5, 2),
}
"""Grain: a summand of a score; an institution's points add up to its score exactly."""

CREATED = dt.datetime(2016, 1, 1)
"""Workbooks carry a creation date; a constant keeps equal weeks equal byte for byte."""


def frame(result: WeekResult) -> pl.DataFrame:
    """Ranking rows, best rank first."""
    return pl.DataFrame([_row(result.week, r) for r in result.ranked], schema=SCHEMA, orient="row")


def _row(week: str, r: Ranked) -> tuple[object, ...]:
    return (
        week,
        r.rank,
        r.previous_rank,
        r.institution_id,
        r.name,
        r.sector,
        r.district,
        r.licence_status,
        Decimal(points_text(r.points)),
        r.decision.tier,
        r.report_immediately,
        _yuan(r.amount_fen),
        r.clients,
        r.findings,
        ";".join(r.reasons),
        r.lead_agency,
        r.decision.reason_zh,
        r.rectify_since,
        _yuan(r.exposure.client_money_fen),
        r.exposure.clients,
        r.exposure.tips,
        None if r.learned_points is None else Decimal(points_text(r.learned_points)),
        Decimal(points_text(r.rule_points)),
    )


def _yuan(fen: int) -> Decimal:
    return Decimal(fen).scaleb(-2)


def contributions(result: WeekResult) -> pl.DataFrame:
    """All summands of all scores."""
    rows = [
        (r.institution_id, k, c.kind, c.code, c.finding_key, Decimal(points_text(c.points)))
        for r in result.ranked
        for k, c in enumerate(r.contributions, 1)
    ]
    return pl.DataFrame(rows, schema=CONTRIBUTIONS, orient="row")


def write(result: WeekResult, folder: Path) -> None:
    """Write the three forms and the summands."""
    ranking, summands = frame(result), contributions(result)
    write_csv(ranking, folder / "ranking.csv")
    write_parquet(ranking, folder / "ranking.parquet")
    write_csv(summands, folder / "contributions.csv")
    write_workbook(result, ranking, summands, folder / "ranking.xlsx")


_WIDTHS = {"name": 34, "reasons": 46, "lead_agency": 44, "tier_reason": 48, "explanation": 90, "accounts": 26}
_CODES = {
    "sector": zh.SECTORS,
    "licence_status": zh.LICENCES,
    "tier": zh.TIERS,
    "state": zh.STATES,
    "verdict": zh.VERDICTS,
    "side": zh.SIDES,
    "class": zh.CLASSES,
}


def write_workbook(result: WeekResult, ranking: pl.DataFrame, summands: pl.DataFrame, path: Path) -> None:
    """Write the workbook: the contract's table first, for programs; it opens on the Chinese sheets.

    Text goes in as strings only, never as formulas, links or rich text.
    """
    options = {
        "strings_to_formulas": False,
        "strings_to_urls": False,
        "strings_to_numbers": False,
        "constant_memory": False,
    }
    book = xlsxwriter.Workbook(str(path), options)
    book.set_properties({"title": f"Lookthrough {result.week}", "created": CREATED})
    names = ranking.select("institution_id", "name")
    findings = result.findings.join(names, on="institution_id", how="left", maintain_order="left").select(
        "name",
        "finding_key",
        "institution_id",
        "typology",
        "title",
        "clause",
        "severity",
        "confidence",
        "amount",
        "first_on",
        "last_on",
        "accounts",
        "state",
        "verdict",
        "explanation",
    )
    flows = result.flows.join(names, on="institution_id", how="left", maintain_order="left")
    flows = flows.select("name", *result.flows.columns)
    read = ranking.select(
        "rank",
        "previous_rank",
        "name",
        "score",
        "tier",
        "report_immediately",
        "reasons",
        "amount",
        "clients",
        "sector",
        "district",
        "licence_status",
        "lead_agency",
        "tier_reason",
        "institution_id",
    )
    titles = {code: t.title_zh for code, t in result.typologies.items()}
    sheets = [
        ("ranking", ranking, False),
        ("风险排名", read, True),
        ("发现", findings, True),
        ("资金流向", flows, True),
        ("contributions", summands, False),
    ]
    formats = {
        "head": book.add_format(
            {
                "bold": True,
                "bg_color": "#1F3864",
                "font_color": "#FFFFFF",
                "border": 1,
                "text_wrap": True,
                "valign": "vcenter",
            }
        ),
        "text": book.add_format({"valign": "top"}),
        "wrap": book.add_format({"text_wrap": True, "valign": "top"}),
        "money": book.add_format({"num_format": "#,##0.00", "valign": "top"}),
        "number": book.add_format({"valign": "top"}),
        "refer_to_police": book.add_format({"bg_color": "#F4B6B6", "valign": "top", "bold": True}),
        "close_down": book.add_format({"bg_color": "#FAD7AC", "valign": "top", "bold": True}),
        "rectify": book.add_format({"bg_color": "#FFF2CC", "valign": "top"}),
        "watch": book.add_format({"bg_color": "#E2EFDA", "valign": "top"}),
        "clear": book.add_format({"valign": "top"}),
    }
    for name, table, chinese in sheets:
        sheet = book.add_worksheet(name)
        _fill(sheet, table, chinese, formats, titles)
        if name == "风险排名":
            sheet.activate()
    book.close()


def _fill(
    sheet: xlsxwriter.worksheet.Worksheet,
    table: pl.DataFrame,
    chinese: bool,
    formats: dict[str, xlsxwriter.format.Format],
    titles: dict[str, str],
) -> None:
    """Write one sheet: header frozen and filtered, widths set, types kept."""
    for j, column in enumerate(table.columns):
        sheet.write_string(0, j, zh.COLUMNS.get(column, column) if chinese else column, formats["head"])
        money = table.schema[column] == MONEY
        sheet.set_column(j, j, _WIDTHS.get(column, 18 if money else 13))
    sheet.freeze_panes(1, 3 if chinese and "rank" in table.columns else 0)
    if table.height:
        sheet.autofilter(0, 0, table.height, len(table.columns) - 1)
    for i, row in enumerate(table.iter_rows(), 1):
        for j, (column, value) in enumerate(zip(table.columns, row, strict=True)):
            if value is None:
                continue
            if isinstance(value, bool):
                sheet.write_string(
                    i, j, ("是" if value else "否") if chinese else str(value).lower(), formats["text"]
                )
            elif isinstance(value, int):
                sheet.write_number(i, j, value, formats["number"])
            elif isinstance(value, float | Decimal):
                # Up to 15 digits a spreadsheet's number is exact; all amounts of a city are shorter.
                sheet.write_number(i, j, float(value), formats["money"])
            else:
                text = value.isoformat() if isinstance(value, dt.date) else neutral(str(value))
                style = formats.get(str(value), formats["text"]) if column == "tier" else formats["text"]
                if chinese:
                    text = _CODES.get(column, {}).get(text, text)
                    if column == "reasons":
                        text = "、".join(titles.get(code, code) for code in text.split(";") if code)
                    if column in ("explanation", "tier_reason", "reasons", "lead_agency"):
                        style = formats["wrap"]
                sheet.write_string(i, j, text, style)

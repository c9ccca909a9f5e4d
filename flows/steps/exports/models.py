"""models/*.md: the cards of the models that judged the week (data, features, validation, limits)."""

from __future__ import annotations

from pathlib import Path

from flows.steps.result import WeekResult


def write(result: WeekResult, folder: Path) -> None:
    """Write one file a card; no folder where there is none."""
    for name, text in sorted(result.cards.items()):
        (folder / "models").mkdir(exist_ok=True)
        (folder / "models" / name).write_text(text, encoding="utf-8", newline="\n")

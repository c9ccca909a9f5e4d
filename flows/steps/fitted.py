"""The week's fitted models beside the warehouse: what was fitted on what, for whoever asks why a yield was called odd.

Every run fits anew and reads none back; the files are there to be examined (`models.yields.card.load` refuses what was
changed, made by another version or with other features, and never unpickles).
"""

from __future__ import annotations

from pathlib import Path

from models.typologies.base import Context

FOLDER = "models"
CARD = "expected-yield.md"


def write(context: Context, warehouse: Path, week: str) -> Path:
    """Write the expectation of yields that judged a week, with its numbers and its card.

    Parameters
    ----------
    context : Context
        The one the typologies ran in: it holds the fitted model.
    warehouse : Path
    week : str

    Returns
    -------
    Path
        The folder; an earlier one of the same week is overwritten by name.
    """
    # Here, not above: a run with nothing new fits nothing and need not wait for the statistics library.
    from models.typologies._yields import expectation, fitted_on
    from models.yields.card import inputs_hash, save

    folder = warehouse / FOLDER / week
    save(expectation(context), folder, week, inputs_hash(*fitted_on(context)))
    return folder


def cards(warehouse: Path, week: str) -> dict[str, str]:
    """Model cards of a week in plain words, by the name they are exported under; empty where none was written."""
    path = warehouse / FOLDER / week / "CARD.md"
    return {CARD: path.read_text("utf-8")} if path.is_file() else {}

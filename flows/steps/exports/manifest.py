"""manifest.json: what made the week, and the sha256 of everything read and written."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

from flows.steps.result import WeekResult

ORDER = 100
NAME = "manifest.json"


def write(result: WeekResult, folder: Path) -> None:
    """Digest all other exports of the folder and write the manifest last."""
    p = result.provenance
    files = sorted(f for f in folder.rglob("*") if f.is_file() and f.name != NAME)
    text = {
        "week": result.week,
        "as_of": result.as_of.isoformat(),
        "fingerprint": p.fingerprint,
        "versions": dict(sorted(p.versions.items())),
        "settings": dict(sorted(p.settings.items())),
        "thresholds": [
            {"key": key, "value": value, "reason": reason, "date": date}
            for key, value, reason, date in p.thresholds
        ],
        "previous": {"week": p.previous_week, "manifest_sha256": p.previous_manifest},
        "typologies": sorted(result.typologies),
        "inputs": [{"file": path, "sha256": sha} for path, sha in p.inputs],
        "members": [{"file": path, "sha256": sha} for path, sha in result.members],
        "exports": {f.relative_to(folder).as_posix(): digest(f) for f in files},
    }
    (folder / NAME).write_text(
        json.dumps(text, ensure_ascii=False, indent=1, sort_keys=False) + "\n", encoding="utf-8", newline="\n"
    )


def digest(path: Path) -> str:
    """SHA-256 of a file, read in pieces."""
    with path.open("rb") as handle:
        return hashlib.file_digest(handle, "sha256").hexdigest()

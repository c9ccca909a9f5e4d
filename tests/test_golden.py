from __future__ import annotations

from pathlib import Path

from tests import golden


def test_the_sample_week_says_what_it_said(tmp_path: Path) -> None:
    made = golden.make(tmp_path)
    for name, content in made.items():
        said = (golden.FOLDER / name).read_text("utf-8").splitlines()
        assert content.decode("utf-8").splitlines() == said, (
            f"{name} changed; read `git diff` after `make golden`"
        )

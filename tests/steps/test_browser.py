"""The pages in a real browser with no network: they render, names stay text, every link leads somewhere."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path
from urllib.parse import unquote

import pytest

from flows.steps.run import run_week
from tests.steps import tiny

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="no Chromium on this machine")


@pytest.fixture(scope="module")
def week(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("pages")
    run_week(tiny.landing(root / "landing"), root / "warehouse", root / "exports")
    return root / "exports" / tiny.WEEK


def dom(page: Path, profile: Path) -> str:
    """What the page is after its scripts ran, told by a browser that can reach nothing."""
    command = [
        str(CHROMIUM), "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
        "--disable-background-networking", "--disable-component-update", "--disable-sync",
        "--host-resolver-rules=MAP * ~NOTFOUND", f"--user-data-dir={profile}", "--dump-dom", page.as_uri(),
    ]  # fmt: skip
    return subprocess.run(command, check=True, capture_output=True, text=True, timeout=120).stdout


def test_the_index_leads_to_dossiers_that_render(week: Path, tmp_path: Path) -> None:
    index = dom(week / "index.html", tmp_path / "profile")
    assert "盘锦甲网络借贷信息有限公司" in index
    links = [unquote(each) for each in re.findall(r'href="(dossiers/[^"]+)"', index)]
    assert {"dossiers/A1.html", "dossiers/A2.html"} <= set(links)
    dossier = dom(week / "dossiers" / "A1.html", tmp_path / "profile")
    assert "盘锦甲网络借贷信息有限公司" in dossier


def test_a_delivered_name_never_runs(week: Path, tmp_path: Path) -> None:
    dossier = dom(week / "dossiers" / "A2.html", tmp_path / "profile")
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in dossier
    assert "<script>alert(1)" not in dossier

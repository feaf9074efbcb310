"""The page over ten minutes of the app itself (make test-page-long); its name keeps it out of make test.

$PAGE_MINUTES is another number of minutes, 4 at the least.
"""

import os
import socket
import subprocess
import sys
from collections.abc import Iterator

import pytest
from playwright.sync_api import sync_playwright

from tests.test_browser import CHROMIUM, FLAGS, complaints_of, load, moves, shot, usage

MINUTES = int(os.environ.get("PAGE_MINUTES", "10"))
# By then the page has drawn all that it can show at once.
WARM_MINUTES = 3


@pytest.fixture
def url() -> Iterator[str]:
    """Where the app serves the demo camera."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    with subprocess.Popen(
        [sys.executable, "-m", "edge.run", "--camera", "demo", "--listen", f"127.0.0.1:{port}"],
        stderr=subprocess.PIPE,
        text=True,
    ) as app:
        assert app.stderr is not None
        assert any("http://" in line for line in iter(app.stderr.readline, ""))
        yield f"http://127.0.0.1:{port}"
        app.terminate()
        app.communicate()


def test_page_does_not_grow(url: str) -> None:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        page = browser.new_page(viewport={"width": 1280, "height": 860})
        complaints = complaints_of(page)
        load(page, url)
        used = []
        for minute in range(MINUTES + 1):
            used.append(usage(page))
            print(
                f"minute {minute}:", *(f"{name} {value:.0f}" for name, value in used[-1].items()), flush=True
            )
            if minute < MINUTES:
                page.wait_for_timeout(60_000)
        assert moves(page)
        page.screenshot(path=shot("after ten minutes"), full_page=True)
        browser.close()
    warm, last = used[WARM_MINUTES], used[-1]
    assert last["nodes"] < warm["nodes"] + 500 and last["jsEventListeners"] < warm["jsEventListeners"] + 10
    assert last["heap"] - warm["heap"] < 1e6
    assert complaints == []

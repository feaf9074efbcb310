"""The page during ten minutes of the app itself (make test-page-long); pytest does not collect it.

$PAGE_MINUTES sets another number of minutes, 4 at the least.
"""

import os
import socket
import subprocess
import sys
from collections.abc import Iterator

import pytest
from playwright.sync_api import sync_playwright

from tests.test_browser import (
    CHROMIUM,
    FLAGS,
    get_screenshot_path,
    is_moving,
    load,
    measure_usage,
    record_errors,
)

MINUTES = int(os.environ.get("PAGE_MINUTES", "10"))
# After that the page shows as much as it ever shows at once.
WARM_MINUTES = 3


@pytest.fixture
def url() -> Iterator[str]:
    """The address at which the app serves the demo camera."""
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
        errors = record_errors(page)
        load(page, url)
        used = []
        for minute in range(MINUTES + 1):
            used.append(measure_usage(page))
            print(
                f"minute {minute}:", *(f"{name} {value:.0f}" for name, value in used[-1].items()), flush=True
            )
            if minute < MINUTES:
                page.wait_for_timeout(60_000)
        assert is_moving(page)
        page.screenshot(path=get_screenshot_path("after ten minutes"), full_page=True)
        browser.close()
    warm, last = used[WARM_MINUTES], used[-1]
    assert last["nodes"] < warm["nodes"] + 500 and last["jsEventListeners"] < warm["jsEventListeners"] + 10
    assert last["heap"] - warm["heap"] < 1e6
    assert errors == []

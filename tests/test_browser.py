"""The page in a real browser."""

import os
import shutil
import threading
from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np
import pytest
from playwright.sync_api import Browser, Page, sync_playwright

from edge.cameras.demo import DemoCamera
from edge.contracts import Box, Image
from edge.sinks.mjpeg import MjpegSink
from tests.results import reading_of, result_of

CHROMIUM = shutil.which("chromium")
if CHROMIUM is None and os.environ.get("CI") != "true":
    pytest.skip("chromium is not installed", allow_module_level=True)

FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
         "--disable-component-update", "--disable-sync"]
FIGURES = {"shown_fps": 29.9, "latency_p50_ms": 11.8, "dropped": 3}


class Show:
    """A sink that shows the demo's picture for as long as it is open."""

    def __init__(self, port: int = 0) -> None:
        self._sink = MjpegSink("127.0.0.1", port, figures=lambda: FIGURES)
        self._stop = threading.Event()

    def __enter__(self) -> "Show":
        self._sink.__enter__()
        self.url = self._sink.url
        self._thread = threading.Thread(target=self._show)
        self._thread.start()
        return self

    def __exit__(self, *error: object) -> None:
        self._stop.set()
        self._thread.join()
        self._sink.__exit__(None, None, None)

    @property
    def wanted(self) -> bool:
        return self._sink.wanted

    def _show(self) -> None:
        with DemoCamera(640, 480, 15) as camera:
            for frame in camera:
                if self._stop.is_set():
                    return
                face, doubtful = Box(200, 120, 160, 160), Box(20, 300, 90, 90)
                self._sink.show(result_of(frame.bgr, reading_of(face, 1), reading_of(doubtful, 2, "sad", 0.2),
                                          number=frame.number, captured_at_s=frame.captured_at_s))


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield started
        started.close()


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    """A page that fails the test when the browser complains of anything but a lost connection."""
    opened = browser.new_page()
    complaints: list[str] = []
    opened.on("console", lambda message: complaints.append(message.text) if message.type == "error" else None)
    opened.on("pageerror", lambda error: complaints.append(str(error)))
    yield opened
    opened.close()
    assert [text for text in complaints if "ERR_CONNECTION" not in text and "ERR_INCOMPLETE" not in text] == []


def load(page: Page, url: str) -> None:
    # The picture streams for ever: the page never finishes loading.
    page.goto(url, wait_until="commit")
    until(page, "document.querySelector('#picture')?.naturalWidth > 0")


def until(page: Page, expression: str) -> None:
    """Wait until `expression` is true in the page, whose policy forbids the eval of wait_for_function()."""
    for _ in range(200):
        if page.evaluate(expression):
            return
        page.wait_for_timeout(50)
    raise AssertionError(f"never true in the page: {expression}")


def moves(page: Page) -> bool:
    """The picture changes within a few seconds, by more than the browser's smoothing of its edges."""
    first = picture(page)
    for _ in range(50):
        page.wait_for_timeout(100)
        if (cv2.absdiff(first, picture(page)) > 40).mean() > 0.01:
            return True
    return False


def picture(page: Page) -> Image:
    shot = cv2.imdecode(np.frombuffer(page.locator("#picture").screenshot(), np.uint8), cv2.IMREAD_COLOR)
    assert shot is not None
    return np.asarray(shot, np.uint8)


def test_picture_moves(page: Page) -> None:
    with Show() as show:
        load(page, show.url)
        assert moves(page)


def test_page_says_when_no_picture_comes(page: Page) -> None:
    with MjpegSink("127.0.0.1", 0, figures=lambda: FIGURES) as sink:
        page.goto(sink.url, wait_until="commit")
        page.wait_for_selector("#connection.lost")
        assert "no picture" in page.locator("#connection").inner_text()


def test_readings_figures_and_doubt_are_shown(page: Page) -> None:
    with Show() as show:
        load(page, show.url)
        page.wait_for_selector(".face")
        certain, doubtful = page.locator(".face").all()
        assert "happy" in certain.inner_text() and "80 %" in certain.inner_text()
        assert doubtful.locator("h3").inner_text().startswith("uncertain")
        assert certain.locator("meter").count() == 7
        assert page.locator("#fps").inner_text() == "29.9"
        assert page.locator("#connection").inner_text() == "live"
        assert page.locator("#nobody").is_hidden()


def test_page_says_when_the_server_is_gone_and_recovers_when_it_is_back(page: Page) -> None:
    with Show() as show:
        load(page, show.url)
        page.wait_for_selector("#connection.live")
    page.wait_for_selector("#connection.lost")
    with Show(int(show.url.rpartition(":")[2])):
        page.wait_for_selector("#connection.live")
        until(page, "document.querySelector('#picture').src.includes('again')")
        until(page, "document.querySelector('#picture').naturalWidth > 0")


def test_hidden_page_watches_nothing_and_watches_again_when_it_is_seen(page: Page) -> None:
    with Show() as show:
        load(page, show.url)
        page.wait_for_selector("#connection.live")
        see(page, is_hidden=True)
        until(page, "!document.querySelector('#picture').hasAttribute('src')")
        page.wait_for_timeout(1000)
        assert not show.wanted
        see(page, is_hidden=False)
        until(page, "document.querySelector('#picture').naturalWidth > 0")
        assert moves(page)


def see(page: Page, *, is_hidden: bool) -> None:
    """Headless pages are never hidden: tell the page that it is."""
    page.evaluate("""hidden => {
        Object.defineProperty(document, "hidden", { value: hidden, configurable: true });
        document.dispatchEvent(new Event("visibilitychange"));
    }""", is_hidden)


@pytest.mark.parametrize(("width", "height"), [(390, 844), (1280, 800)])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_page_fits_phone_and_desktop(browser: Browser, tmp_path: Path, width: int, height: int, scheme: str) -> None:
    context = browser.new_context(viewport={"width": width, "height": height},
                                  color_scheme=scheme)  # type: ignore[arg-type]
    page = context.new_page()
    with Show() as show:
        load(page, show.url)
        page.wait_for_selector(".face")
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
        page.screenshot(path=tmp_path / f"page-{width}-{scheme}.png")
        assert (tmp_path / f"page-{width}-{scheme}.png").stat().st_size > 10_000
        context.close()

"""Signing in and out in a real browser, with its scripts and without."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright

from edge.cameras.demo import DemoCamera
from edge.sinks.mjpeg import MjpegSink
from edge.web.access import AccessControl
from edge.web.limits import Limits, Rate
from edge.web.sessions import Token
from tests.results import result_of
from tests.test_browser import CHROMIUM, FLAGS

TOKEN = "correct-horse-battery-staple"


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield started
        started.close()


@pytest.fixture(params=[True, False], ids=["scripts", "no scripts"])
def context(request: pytest.FixtureRequest, browser: Browser) -> Iterator[BrowserContext]:
    opened = browser.new_context(java_script_enabled=request.param)
    yield opened
    opened.close()


@pytest.fixture
def violations(context: BrowserContext) -> Iterator[list[str]]:
    """The browser's messages; the test fails when one reports a violation of the page's policy."""
    messages: list[str] = []
    context.on("console", lambda message: messages.append(message.text))
    yield messages
    assert [text for text in messages if "Content Security Policy" in text or "Refused" in text] == []


@pytest.fixture
def sink() -> Iterator[MjpegSink]:
    limits = Limits(wrong_tokens=Rate(burst=2, every_s=3600))
    with MjpegSink(
        "127.0.0.1",
        0,
        lambda: {"shown_fps": 30.0, "latency_p50_ms": 1.0, "dropped": 0.0},
        access=AccessControl([], Token(TOKEN), limits),
        limits=limits,
    ) as opened:
        yield opened


def sign_in(page: Page, token: str) -> None:
    page.get_by_label("Token").fill(token)
    page.get_by_role("button", name="Sign in").click(no_wait_after=True)


@pytest.mark.usefixtures("violations")
def test_token_signs_in_and_the_picture_streams(context: BrowserContext, sink: MjpegSink) -> None:
    page = context.new_page()
    page.goto(sink.url, wait_until="commit")
    assert page.url == f"{sink.url}/login"
    sign_in(page, TOKEN)
    page.wait_for_url(f"{sink.url}/", wait_until="commit")
    (cookie,) = context.cookies()
    assert cookie["httpOnly"] and cookie["sameSite"] == "Strict" and TOKEN not in cookie["value"]
    # A picture by the cookie alone, on a page without any script.
    with DemoCamera(320, 240, 30) as camera:
        page.set_content(f'<img src="{sink.url}/stream">', wait_until="commit")
        for frame in camera:
            sink.show(result_of(frame.bgr))
            if page.locator("img").evaluate("image => image.naturalWidth") == 320:
                break
            assert frame.number < 300


@pytest.mark.usefixtures("violations")
def test_wrong_token_is_reported_and_too_many_are_slowed_down(
    context: BrowserContext, sink: MjpegSink
) -> None:
    page = context.new_page()
    page.goto(f"{sink.url}/login")
    for alert in ("That is not the token.", "That is not the token.", "Too many wrong tokens; try again in"):
        sign_in(page, "wrong-wrong-wrong-wrong")
        page.get_by_text(alert).wait_for()
    assert context.cookies() == []

"""The page in a real browser."""

import json
import os
import shutil
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from playwright.sync_api import Browser, Page, WebSocketRoute, sync_playwright

from edge.cameras.demo import DemoCamera
from edge.contracts import Box, Reading, Result
from edge.frames import Frame, Image, PixelFormat
from edge.sinks.mjpeg import MjpegSink
from edge.web.access import AccessControl
from edge.web.messages import encode, make_message
from edge.web.sessions import Token
from tests.results import reading_of, result_of

CHROMIUM = shutil.which("chromium")
if CHROMIUM is None and os.environ.get("CI") != "true":
    pytest.skip("chromium is not installed", allow_module_level=True)

FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--js-flags=--expose-gc",
]
STATS = {"shown_fps": 29.9, "latency_p50_ms": 11.8, "dropped": 3, "temperature_c": 57.3, "throttled": 0}
TOKEN = "correct-horse-battery-staple"
# The screenshots are for people; git ignores them.
SHOTS = Path(__file__).parent.parent / "build" / "screenshots"
SIZES = {"phone": (390, 844), "desktop": (1280, 860)}
NOTICE = "no camera: /dev/v4l/by-id/usb-cam-video-index0 is unplugged"
FACE = Box(200, 120, 160, 160)
# Half of the time without messages after which the page reconnects: a busy machine may need the other half.
STEP_MS = 2000

Scene = Callable[[Frame], Result]


def one_face(frame: Frame) -> Result:
    return shown(frame, reading_of(FACE, 1))


def one_and_an_uncertain(frame: Frame) -> Result:
    return shown(frame, reading_of(FACE, 1), reading_of(Box(20, 300, 90, 90), 2, "sad", 0.2))


def several(frame: Frame) -> Result:
    quarter = cv2.resize(frame.bgr, (320, 240))
    four = Frame(
        np.tile(quarter, (2, 2, 1)),
        PixelFormat.BGR,
        640,
        480,
        frame.number,
        frame.captured_at_s,
        frame.elapsed_s,
    )
    labels = [("happy", 0.8), ("sad", 0.55), ("surprise", 0.7), ("neutral", 0.2)]
    return shown(
        four,
        *(
            reading_of(Box(155 + number % 2 * 320, 45 + number // 2 * 240, 100, 100), number + 1, *label)
            for number, label in enumerate(labels)
        ),
    )


def nobody(frame: Frame) -> Result:
    return shown(frame)


def camera_away(frame: Frame) -> Result:
    black = Frame(
        np.zeros((480, 640, 3), np.uint8),
        PixelFormat.BGR,
        640,
        480,
        frame.number,
        frame.captured_at_s,
        frame.elapsed_s,
        NOTICE,
    )
    return shown(black)


def shown(frame: Frame, *readings: Reading) -> Result:
    return Result(frame, readings, frame.captured_at_s, frame.captured_at_s)


class Show:
    """A sink that shows a scene on the demo camera's picture while it is open."""

    def __init__(self, scene: Scene = one_and_an_uncertain, port: int = 0, **options: Any) -> None:
        self._sink = MjpegSink("127.0.0.1", port, read_stats=lambda: STATS, **options)
        self._stop = threading.Event()
        self.scene = scene

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
    def port(self) -> int:
        return int(self.url.rpartition(":")[2])

    @property
    def resources(self) -> Any:
        return self._sink._resources

    def _show(self) -> None:
        with DemoCamera(640, 480, 15) as camera:
            for frame in camera:
                if self._stop.is_set():
                    return
                self._sink.show(self.scene(frame))


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield started
        started.close()


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    """A page that fails the test when the browser reports any error but a lost connection."""
    opened = browser.new_page()
    errors = record_errors(opened)
    yield opened
    opened.close()
    assert [text for text in errors if "ERR_CONNECTION" not in text and "ERR_INCOMPLETE" not in text] == []


def record_errors(page: Page) -> list[str]:
    errors: list[str] = []
    page.on("console", lambda message: errors.append(message.text) if message.type == "error" else None)
    page.on("pageerror", lambda error: errors.append(str(error)))
    return errors


def load(page: Page, url: str) -> None:
    # The picture streams for ever, so the page never finishes loading.
    page.goto(url, wait_until="commit")
    until(page, "document.querySelector('#picture')?.naturalWidth > 0")


def until(page: Page, expression: str) -> None:
    """Wait until `expression` is true in the page; its policy forbids the eval of wait_for_function()."""
    for _ in range(200):
        if page.evaluate(expression):
            return
        page.wait_for_timeout(50)
    raise AssertionError(f"never true in the page: {expression}")


def is_moving(page: Page) -> bool:
    """The picture changes within a few seconds, by more than the browser's smoothing of its edges."""
    first = capture(page)
    for _ in range(50):
        page.wait_for_timeout(100)
        if (cv2.absdiff(first, capture(page)) > 40).mean() > 0.01:
            return True
    return False


def capture(page: Page, selector: str = "#picture") -> Image:
    shot = cv2.imdecode(np.frombuffer(page.locator(selector).screenshot(), np.uint8), cv2.IMREAD_COLOR)
    assert shot is not None
    return np.asarray(shot, np.uint8)


@pytest.mark.parametrize("drawing", ["page", "device"])
def test_picture_moves_whoever_draws_the_boxes(page: Page, drawing: str) -> None:
    with Show() as show:
        load(page, show.url)
        page.locator(f"[name=drawing][value={drawing}]").check(force=True)
        until(
            page,
            f"document.querySelector('#picture').src.includes('raw=1') === {str(drawing == 'page').lower()}",
        )
        until(page, "document.querySelector('#picture').naturalWidth > 0")
        assert is_moving(page)


def test_device_draws_and_encodes_nothing_for_a_page_that_draws_itself(page: Page) -> None:
    with Show() as show:
        load(page, show.url)
        assert show.resources.raw.has_subscribers and not show.resources.annotated.has_subscribers


def test_page_draws_each_box_where_the_face_is(page: Page) -> None:
    with Show() as show:
        load(page, show.url)
        page.wait_for_selector("#boxes g")
        assert page.locator("#boxes").get_attribute("viewBox") == "0 0 640 480"
        certain, uncertain = page.locator("#boxes g").all()
        box = certain.locator(".box")
        assert [box.get_attribute(name) for name in ("x", "y", "width", "height")] == [
            "200",
            "120",
            "160",
            "160",
        ]
        assert certain.locator("text").text_content() == "happy 80 %"
        assert uncertain.locator("text").text_content() == "uncertain"
        assert "uncertain" in (uncertain.get_attribute("class") or "")


def test_choice_of_boxes_is_remembered(page: Page) -> None:
    with Show() as show:
        load(page, show.url)
        page.get_by_text("in the picture", exact=True).click()
        page.reload(wait_until="commit")
        page.wait_for_selector("#connection.live")
        assert page.locator("[value=device]").is_checked()
        until(page, "!document.querySelector('#picture').src.includes('raw=1')")
        assert page.locator("#boxes g").count() == 0


def test_where_faces_are_hidden_the_page_asks_for_no_raw_picture(page: Page) -> None:
    errors = record_errors(page)
    with Show(has_raw=False) as show:
        page.goto(show.url, wait_until="commit")
        page.wait_for_selector("#connection.live")
        assert page.locator("#drawing").is_hidden() and page.locator("#hidden-faces").is_visible()
        until(page, "document.querySelector('#picture').naturalWidth > 0")
    assert not [text for text in errors if "403" in text]


def test_readings_stats_and_uncertainty_are_shown(page: Page) -> None:
    with Show() as show:
        load(page, show.url)
        page.wait_for_selector(".face")
        certain, uncertain = page.locator(".face").all()
        assert "happy" in certain.inner_text() and "80 %" in certain.inner_text()
        assert uncertain.locator(".label").inner_text() == "uncertain"
        assert "%" not in uncertain.locator("h3").inner_text()
        assert certain.get_by_role("meter").count() == 7
        assert certain.get_by_role("meter", name="happy").get_attribute("aria-valuenow") == "80"
        assert page.locator("#fps").inner_text() == "29.9"
        assert page.locator("#temperature").inner_text() == "57 °C"
        assert page.locator("#connection").inner_text() == "live"
        assert page.locator("#nobody").is_hidden()
        assert page.locator("#announcement").inner_text() == "Face 1: happy, Face 2: uncertain"


def test_bars_follow_the_messages(page: Page) -> None:
    with Show(one_face) as show:
        load(page, show.url)
        page.locator(".face .label", has_text="happy").wait_for()
        show.scene = lambda frame: shown(frame, reading_of(FACE, 1, "sad", 0.65))
        page.locator(".face .label", has_text="sad").wait_for()
        until(page, "document.querySelector('[aria-label=sad]').getAttribute('aria-valuenow') === '65'")
        # The end of the bar is at the probability, once the transition is over.
        until(
            page,
            """(() => { const bar = document.querySelector('[aria-label=sad]');
                        const meter = bar.getBoundingClientRect();
                        const fill = bar.querySelector('.fill').getBoundingClientRect();
                        return Math.abs((fill.right - meter.left) / meter.width - 0.65) < 0.01; })()""",
        )
        show.scene = nobody
        page.locator("#nobody").wait_for()
        assert page.locator(".face").count() == 0 and page.locator("#boxes g").count() == 0


def test_face_has_one_colour_in_its_box_its_card_and_the_picture(page: Page) -> None:
    with Show(several) as show:
        load(page, show.url)
        page.wait_for_selector(".face")
        colours = page.evaluate("""[[".face", "--face"], ["#boxes g", "--colour"]].map(
            ([selector, property]) => [...document.querySelectorAll(selector)].map(
                node => node.style.getPropertyValue(property)))""")
        assert colours[0] == colours[1] == ["#e69f00", "#009e73", "#f0e442", "#0072b2"]


def test_page_waits_for_the_first_picture(page: Page) -> None:
    with MjpegSink("127.0.0.1", 0, read_stats=lambda: STATS) as sink:
        page.goto(sink.url, wait_until="commit")
        page.get_by_text("Waiting for the first picture").wait_for()


def test_page_says_when_no_picture_comes(page: Page) -> None:
    with MjpegSink("127.0.0.1", 0, read_stats=lambda: STATS) as sink:
        sink.show(result_of(np.zeros((48, 64, 3), np.uint8), captured_at_s=-60))
        page.goto(sink.url, wait_until="commit")
        page.get_by_text("No picture from the camera").wait_for()
        assert page.locator("#connection.lost").inner_text() == "no picture"


def test_page_says_why_the_camera_is_away_and_when_it_is_back(page: Page) -> None:
    with Show(camera_away) as show:
        load(page, show.url)
        page.locator("#notice-title", has_text="No camera").wait_for()
        assert "is unplugged" in page.locator("#notice-text").inner_text()
        assert page.locator("#connection").inner_text() == "no camera"
        show.scene = one_face
        page.wait_for_selector("#connection.live")
        assert page.locator("#notice").is_hidden()


def test_page_says_when_the_server_is_gone_and_recovers_when_it_is_back(page: Page) -> None:
    with Show() as show:
        load(page, show.url)
        page.wait_for_selector("#connection.live")
    page.locator("#notice-title", has_text="Reconnecting").wait_for()
    assert page.locator(".face").count() == 0
    with Show(one_face, show.port):
        page.wait_for_selector("#connection.live")
        until(page, "document.querySelector('#picture').naturalWidth > 0")
        page.wait_for_selector(".face")
        assert is_moving(page)


def test_signed_out_page_says_so_and_comes_back_once_signed_in(browser: Browser) -> None:
    context = browser.new_context()
    with Show(access=AccessControl([], Token(TOKEN))) as show:
        page = context.new_page()
        page.goto(show.url, wait_until="commit")
        page.get_by_label("Token").fill(TOKEN)
        page.get_by_role("button", name="Sign in").click(no_wait_after=True)
        page.wait_for_selector("#connection.live")
        other = context.new_page()
        other.goto(show.url, wait_until="commit")
        other.get_by_role("button", name="Sign out").click(no_wait_after=True)
        page.locator("#notice-title", has_text="Signed out").wait_for()
        save_screenshots(page, "signed out")
        page.get_by_role("link", name="Sign in").click(no_wait_after=True)
        page.get_by_label("Token").fill(TOKEN)
        page.get_by_role("button", name="Sign in").click(no_wait_after=True)
        page.wait_for_selector("#connection.live")
        context.close()


def test_page_of_another_version_asks_to_be_reloaded(page: Page) -> None:
    page.route_web_socket("**/events", lambda route: route.send(json.dumps({"version": 2})))
    with Show() as show:
        page.goto(show.url, wait_until="commit")
        page.get_by_role("link", name="Reload the page").wait_for()


def test_hidden_page_watches_nothing_and_watches_again_when_it_is_seen(page: Page) -> None:
    with Show() as show:
        load(page, show.url)
        page.wait_for_selector("#connection.live")
        set_hidden(page, is_hidden=True)
        until(page, "!document.querySelector('#picture').hasAttribute('src')")
        for _ in range(200):
            if not (show.resources.raw.has_subscribers or show.resources.messages.has_subscribers):
                break
            page.wait_for_timeout(50)
        assert not (
            show.resources.raw.has_subscribers
            or show.resources.annotated.has_subscribers
            or show.resources.messages.has_subscribers
        )
        set_hidden(page, is_hidden=False)
        until(page, "document.querySelector('#picture').naturalWidth > 0")
        assert is_moving(page)


def set_hidden(page: Page, *, is_hidden: bool) -> None:
    """Make the page believe that it is hidden, or visible: a headless page is never hidden."""
    page.evaluate(
        """hidden => {
        Object.defineProperty(document, "hidden", { value: hidden, configurable: true });
        document.dispatchEvent(new Event("visibilitychange"));
    }""",
        is_hidden,
    )


def test_snapshot_is_saved_under_the_time(page: Page) -> None:
    with Show() as show:
        load(page, show.url)
        with page.expect_download() as download:
            page.get_by_role("link", name="Snapshot").click()
        assert download.value.suggested_filename.startswith("fer-edge-20")
        assert Path(download.value.path()).read_bytes().startswith(b"\xff\xd8")


def test_values_of_the_time_line_are_shown_on_hover_and_by_keyboard(page: Page) -> None:
    with Show() as show:
        load(page, show.url)
        page.wait_for_timeout(600)
        lanes = page.get_by_role("slider", name="Time line")
        assert lanes.get_attribute("aria-valuetext") == "now"
        lanes.scroll_into_view_if_needed()
        area = lanes.bounding_box()
        assert area is not None
        page.mouse.move(area["x"] + area["width"] - 12, area["y"] + 30)
        values = page.locator("#values")
        values.wait_for()
        assert "Face 1" in values.inner_text() and "happy 80 %" in values.inner_text()
        page.mouse.move(area["x"] + 200, area["y"] + 30)
        page.get_by_text("not seen").wait_for()
        page.mouse.move(0, 0)
        values.wait_for(state="hidden")
        lanes.focus()
        page.keyboard.press("ArrowLeft")
        text = lanes.get_attribute("aria-valuetext") or ""
        assert "Face 1" in text and "happy" in text
        page.keyboard.press("ArrowDown")
        text = lanes.get_attribute("aria-valuetext") or ""
        assert "Face 2" in text and ": uncertain" in text
        page.keyboard.press("Home")
        assert "not seen" in (lanes.get_attribute("aria-valuetext") or "")
        page.keyboard.press("Escape")
        assert values.is_hidden()


def test_time_line_stands_while_it_is_paused_and_then_goes_on(page: Page) -> None:
    with Show() as show:
        load(page, show.url)
        page.wait_for_selector("#legend li")
        page.get_by_label("Length of the time line").select_option("60")
        page.get_by_role("button", name="Pause").click()
        page.mouse.move(0, 0)
        first = capture(page, "#lanes")
        page.wait_for_timeout(700)
        np.testing.assert_array_equal(capture(page, "#lanes"), first)
        page.get_by_role("button", name="Resume").click()
        page.mouse.move(0, 0)
        page.wait_for_timeout(700)
        assert (capture(page, "#lanes") != first).any()


def test_legend_names_each_expression_and_uncertain(page: Page) -> None:
    with Show() as show:
        load(page, show.url)
        page.wait_for_selector("#legend li")
        assert page.locator("#legend li").all_inner_texts() == [
            "angry",
            "disgust",
            "fear",
            "happy",
            "sad",
            "surprise",
            "neutral",
            "uncertain",
        ]


def test_everything_is_reached_by_keyboard(page: Page) -> None:
    with Show() as show:
        load(page, show.url)
        page.wait_for_selector("#connection.live")
        reached = []
        for _ in range(6):
            page.keyboard.press("Tab")
            reached.append(page.evaluate("document.activeElement.id || document.activeElement.name"))
        assert reached == ["drawing", "snapshot", "enlarge", "span", "pause", "lanes"]


def test_page_does_not_grow_with_the_messages(page: Page) -> None:
    """Three thousand messages in four minutes of the page's clock; tests/long_page.py takes ten real ones."""
    routes: list[WebSocketRoute] = []
    page.clock.install()
    page.route_web_socket("**/events", lambda route: routes.append(route))
    with Show(nobody) as show:
        page.goto(show.url, wait_until="commit")
        for _ in range(200):
            if routes:
                break
            page.wait_for_timeout(50)
        used = []
        for batch in range(20):
            for number in range(150):
                # Faces stay for a while and go; others come.
                send(routes[-1], 150 * batch + number, batch // 3 + 1, 100 + 2 * batch + number // 75)
                if number % 25 == 0:
                    page.clock.fast_forward(STEP_MS)
            if batch in (9, 19):
                send(routes[-1], 150 * batch + 150)
                page.clock.fast_forward(STEP_MS)
                send(routes[-1], 150 * batch + 151)
                until(page, f"document.querySelector('#dropped').textContent === '{150 * batch + 151}'")
                used.append(measure_usage(page))
        early, late = used
    assert late["attached"] == early["attached"]
    # Cards that were removed a moment ago are not all collected; those of all faces would be three times as
    # many.
    assert late["nodes"] < early["nodes"] + 500
    assert late["jsEventListeners"] < early["jsEventListeners"] + 10
    assert late["heap"] - early["heap"] < 2e6


def send(route: WebSocketRoute, number: int, *tracks: int) -> None:
    """Send a message with a face for each of `tracks`, and its number as the number of dropped frames."""
    result = result_of(
        np.zeros((48, 64, 3), np.uint8), *(reading_of(FACE, track) for track in tracks), number=number
    )
    message = make_message(result, STATS | {"dropped": number}, has_raw=True, is_guarded=False)
    route.send(encode(message | {"age_ms": 5}))


def measure_usage(page: Page) -> dict[str, float]:
    """The page's nodes, listeners and bytes after a garbage collection."""
    session = page.context.new_cdp_session(page)
    session.send("HeapProfiler.collectGarbage")
    counts = session.send("Memory.getDOMCounters")
    heap = session.send("Runtime.getHeapUsage")["usedSize"]
    session.detach()
    return {
        "attached": page.evaluate("document.querySelectorAll('*').length"),
        "nodes": counts["nodes"],
        "jsEventListeners": counts["jsEventListeners"],
        "heap": heap,
    }


def get_screenshot_path(name: str) -> Path:
    SHOTS.mkdir(parents=True, exist_ok=True)
    return SHOTS / f"{name.replace(' ', '-')}.png"


def test_page_fits_phone_and_desktop_by_day_and_by_night(page: Page) -> None:
    with Show() as show:
        load(page, show.url)
        for scene, selector in (
            (one_and_an_uncertain, ".face:nth-child(2)"),
            (several, ".face:nth-child(4)"),
            (nobody, "#nobody"),
            (camera_away, "#connection.lost"),
        ):
            show.scene = scene
            page.locator(selector).wait_for()
            save_screenshots(page, scene.__name__)
    page.locator("#notice-title", has_text="Reconnecting").wait_for()
    save_screenshots(page, "reconnecting")


def save_screenshots(page: Page, name: str) -> None:
    for size, (width, height) in SIZES.items():
        page.set_viewport_size({"width": width, "height": height})
        for scheme in ("light", "dark"):
            page.emulate_media(color_scheme=scheme)
            assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
            page.screenshot(path=get_screenshot_path(f"{name} {size} {scheme}"), full_page=True)

"""The colours that overlay, page and report share."""

import re
from importlib.resources import files

import pytest

from edge import models, palette
from edge.drawing import overlay
from edge.faces.classifier import OnnxClassifier
from edge.reporting import page
from edge.reporting.summary import Summary

# The labels of the model that ships, with the colours that they have had since the page's first version.
SHIPPED = {
    "angry": "#d1495b",
    "disgust": "#7a9e3f",
    "fear": "#8b6fd6",
    "happy": "#f2b134",
    "sad": "#4a8fd8",
    "surprise": "#24a89a",
    "neutral": "#98a2ae",
}


def test_labels_of_the_shipped_model_keep_their_colours() -> None:
    labels = OnnxClassifier(models.locate_classifier(), "haar").labels
    assert {label: palette.get_expression_colour(index) for index, label in enumerate(labels)} == SHIPPED


def test_colours_begin_again_after_the_last() -> None:
    assert palette.get_expression_colour(len(palette.EXPRESSIONS)) == palette.EXPRESSIONS[0]


@pytest.mark.parametrize("colours", [palette.TRACKS, (*palette.EXPRESSIONS, palette.UNCERTAIN)])
def test_no_two_colours_are_alike(colours: tuple[str, ...]) -> None:
    assert len(set(colours)) == len(colours)


def test_overlay_draws_tracks_in_their_colours() -> None:
    assert [bytes(reversed(colour)).hex() for colour in overlay.PALETTE] == [
        colour.removeprefix("#") for colour in palette.TRACKS
    ]


def test_report_has_the_colours_of_the_page() -> None:
    html = page.render_page(Summary((*SHIPPED, "uncertain"), (), 0, 0, 0.0), "title")
    assert re.findall(r"background: (#[0-9a-f]{6});", html) == [*SHIPPED.values(), palette.UNCERTAIN]


def test_page_names_no_label_of_a_model() -> None:
    scripts = [path for path in files("edge.web").joinpath("static").iterdir() if path.name.endswith(".js")]
    text = "".join(path.read_text(encoding="utf-8") for path in scripts)
    assert scripts and not [label for label in SHIPPED if label in text]

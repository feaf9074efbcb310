"""The colours of tracks and of expressions: one list each for the overlay, the page and the report.

Colours are sRGB in hexadecimal, `#rrggbb`, as CSS writes them.
"""

# Okabe and Ito's palette for all kinds of colour vision ("Color Universal Design", 2008), without black.
TRACKS = ("#56b4e9", "#e69f00", "#009e73", "#f0e442", "#0072b2", "#d55e00", "#cc79a7")

# By the order of the model's classes, whatever their labels are.  Neighbours differ for all kinds of colour
# vision.
EXPRESSIONS = ("#d1495b", "#7a9e3f", "#8b6fd6", "#f2b134", "#4a8fd8", "#24a89a", "#98a2ae")

# "uncertain" is no class of the model.  Its grey is not the colour of any class.
UNCERTAIN = "#8a8f98"


def get_expression_colour(index: int) -> str:
    """The colour of the class at `index` of its model; after the last colour comes the first again."""
    return EXPRESSIONS[index % len(EXPRESSIONS)]


def to_bgr(colour: str) -> tuple[int, int, int]:
    """`#rrggbb` as OpenCV's triple, blue first."""
    red, green, blue = bytes.fromhex(colour.removeprefix("#"))
    return blue, green, red

"""The configuration file to begin with: every setting, commented out at its default.

python -m edge.settings.sample > config.toml
"""

import sys
import textwrap
from collections.abc import Sequence

import msgspec

from edge.command import command, make_parser
from edge.settings import config
from edge.settings.config import Config

WIDTH = 100
HEAD = """\
# The settings of fer-edge: take the # before a line away and change it, then sudo systemctl restart fer-edge.
# For min_face_px, clean, mqtt_every_s, log_every_s and verbose, reload does in place of restart.
# A relative path is one in /var/lib/fer-edge, the only place where the service may write.
"""


def text() -> str:
    """The file; TOML that sets nothing."""
    return HEAD + "".join(_setting(field) for field in msgspec.structs.fields(Config))


def _setting(field: msgspec.structs.FieldInfo) -> str:
    said = f"{config.description(field.name)}; {config.allowed(field.name)}"
    lines = textwrap.wrap(said, WIDTH, break_long_words=False, break_on_hyphens=False)
    value = "…" if field.default is None else msgspec.json.encode(field.default).decode()
    return "\n" + "".join(f"# {line}\n" for line in lines) + f"#{field.name} = {value}\n"


@command
def main(arguments: Sequence[str] | None = None) -> None:
    """The command."""
    make_parser("python -m edge.settings.sample", (__doc__ or "").partition("\n")[0]).parse_args(arguments)
    print(text(), end="")


if __name__ == "__main__":
    sys.exit(main())

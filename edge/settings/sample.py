"""Writes the sample configuration file: every setting, commented out at its default.

python -m edge.settings.sample > config.toml
"""

import sys
import textwrap
from collections.abc import Sequence

import msgspec

from edge.command import command, make_parser
from edge.settings.fields import SETTINGS, Setting

WIDTH = 100
HEAD = """\
# The settings of fer-edge. To change one, remove the # before its line, edit the value, and enter
#   sudo systemctl restart fer-edge
# For min_face_px, clean, mqtt_every_s, log_every_s and verbose, "reload" in place of "restart" is enough.
# A relative path starts in /var/lib/fer-edge, the only folder where the service may write.
"""


def format_sample() -> str:
    """The file: TOML that sets nothing."""
    return HEAD + "".join(map(_format_setting, SETTINGS.values()))


def _format_setting(setting: Setting) -> str:
    text = f"{setting.description}; {setting.allowed}"
    lines = textwrap.wrap(text, WIDTH, break_long_words=False, break_on_hyphens=False)
    if setting.is_table:
        return "\n" + "".join(f"# {line}\n" for line in lines) + f"#[{setting.key}]\n"
    value = "…" if setting.default is None else msgspec.json.encode(setting.default).decode()
    return "\n" + "".join(f"# {line}\n" for line in lines) + f"#{setting.key} = {value}\n"


@command
def main(arguments: Sequence[str] | None = None) -> None:
    """The command."""
    make_parser("python -m edge.settings.sample", (__doc__ or "").partition("\n")[0]).parse_args(arguments)
    print(format_sample(), end="")


if __name__ == "__main__":
    sys.exit(main())

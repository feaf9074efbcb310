#!/usr/bin/env bash
# An editable install fills in modules that another checkout of the same package, first in sys.path, lacks.
#
# Expected: with PYTHONPATH naming an older checkout, the package comes from there, and a module that it does
# not have yet raises ModuleNotFoundError.
# Seen: setuptools' finder answers for each module directly below a package that it has installed as editable,
# whatever the imported package's own __path__ is. The older package then runs with the newer checkout's
# module, without a warning; "try: import new; except ModuleNotFoundError: import old" takes the wrong one.
# Instead: look for the file in the checkout before the import.
set -euo pipefail

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT

mkdir -p "$folder/new/shop" "$folder/old/shop"
touch "$folder/new/shop/__init__.py" "$folder/new/shop/added.py" "$folder/old/shop/__init__.py"
cat > "$folder/new/pyproject.toml" <<'END'
[build-system]
requires = ["setuptools"]
build-backend = "setuptools.build_meta"
[project]
name = "shop"
version = "1"
[tool.setuptools]
packages = ["shop"]
END

not_tried() { echo "not tried: the packages could not be installed"; exit 2; }
if ! python3 -m venv "$folder/venv"; then not_tried; fi
if ! "$folder/venv/bin/pip" install --quiet --disable-pip-version-check setuptools==84.2.1; then not_tried; fi
if ! "$folder/venv/bin/pip" install --quiet --disable-pip-version-check --no-build-isolation --no-deps \
    --editable="$folder/new"; then not_tried; fi

cat > "$folder/show.py" <<'END'
import sys
from importlib.metadata import version
from pathlib import Path

import shop

print(f"version:  Python {sys.version.split()[0]}, setuptools {version('setuptools')}")
print("expected: shop.added, which the checkout old lacks, raises ModuleNotFoundError")
package = Path(shop.__file__).parts[-3]
try:
    import shop.added
except ModuleNotFoundError as error:
    sys.exit(f"changed: {error}")
if package != "old":
    sys.exit(f"changed: shop itself comes from the checkout {package}")
print(f"seen:     shop comes from {package}, shop.added from {Path(shop.added.__file__).parts[-3]}")
END

PYTHONPATH="$folder/old" "$folder/venv/bin/python" "$folder/show.py"

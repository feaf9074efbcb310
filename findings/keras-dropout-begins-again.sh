#!/usr/bin/env bash
# A .keras file does not hold the state of Dropout's random generator, though Keras lists it as a variable.
#
# Expected: a model that is saved and loaded goes on as the one in memory does; model.variables names the
# generator's state, and save() keeps variables.
# Seen: the loaded model begins with the first mask again, so a training that is resumed from the file is
# another one than a training that ran through.
# Instead: save and restore the state of each layer's seed_generator by hand.
set -euo pipefail

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT

if ! { python3 -m venv "$folder/venv" && "$folder/venv/bin/pip" install --quiet --disable-pip-version-check \
    keras==3.15.1 jax==0.9.0 jaxlib==0.9.0 numpy==2.4.6; }; then
    echo "not tried: the packages could not be installed"
    exit 2
fi

cat > "$folder/dropout.py" <<'END'
import os
import sys
from pathlib import Path

os.environ["KERAS_BACKEND"] = "jax"

import jax
import keras
import numpy as np

path = Path(sys.argv[1]) / "model.keras"
ones = np.ones((1, 16), np.float32)


def mask(model):
    return "".join("x" if value else "." for value in np.asarray(model(ones, training=True))[0])


model = keras.Sequential([keras.Input((16,)), keras.layers.Dropout(0.5, seed=1)])
before = [mask(model), mask(model)]
model.save(path)
loaded = keras.models.load_model(path)
in_memory = [mask(model), mask(model)]
from_file = [mask(loaded), mask(loaded)]
names = [variable.path for variable in model.variables]
print(f"version:  Keras {keras.__version__}, JAX {jax.__version__}")
print(f"expected: {names} is saved, and the loaded model goes on with {in_memory}")
if from_file == in_memory:
    sys.exit("changed: it does")
if from_file != before:
    sys.exit(f"changed: it goes on with {from_file}, begun with {before}")
print(f"seen:     it begins again with {from_file}")
END

"$folder/venv/bin/python" "$folder/dropout.py" "$folder"

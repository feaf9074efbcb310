"""Weights of any version under any name."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from edge.errors import ModelError
from export.tensorflow_import import import_tensorflow
from tests.export.keras_files import old_files

import_tensorflow()
import keras  # noqa: E402  # after its quiet import

from export import keras_models  # noqa: E402

FORMS: dict[str, Callable[[keras.Model, Path], object]] = {
    "today.weights.h5": lambda model, path: model.save_weights(path),
    "whole.h5": lambda model, path: model.save(path),
    "whole.keras": lambda model, path: model.save(path),
}


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("name", ["best.model", "w.h5", "w.keras", "w.weights.h5"])
def test_content_says_what_weights_are_and_not_the_name(
    varied: keras.Model, noise: NDArray[np.float32], tmp_path: Path, form: str, name: str
) -> None:
    FORMS[form](varied, tmp_path / form)
    (tmp_path / form).rename(tmp_path / name)
    (tmp_path / "a.json").write_text(varied.to_json())
    loaded = keras_models.load_architecture_and_weights(tmp_path / "a.json", tmp_path / name)
    np.testing.assert_array_equal(np.asarray(loaded(noise)), np.asarray(varied(noise)))


@pytest.mark.parametrize("form", ["whole.h5", "whole.keras"])
@pytest.mark.parametrize("name", ["m.hdf5", "m.keras", "m.h5", "m"])
def test_content_says_what_a_whole_model_is_and_not_the_name(
    varied: keras.Model, noise: NDArray[np.float32], tmp_path: Path, form: str, name: str
) -> None:
    varied.save(tmp_path / form)
    (tmp_path / form).rename(tmp_path / name)
    np.testing.assert_array_equal(
        np.asarray(keras_models.load(tmp_path / name)(noise)), np.asarray(varied(noise))
    )


def test_kernels_of_theano_are_turned_as_keras_2_turned_them(
    varied: keras.Model, noise: NDArray[np.float32], tmp_path: Path
) -> None:
    turned = keras.models.clone_model(varied)
    turned.set_weights(varied.get_weights())
    for kind in (keras.layers.Conv2D, keras.layers.Conv2DTranspose):
        [layer] = [layer for layer in turned.layers if type(layer) is kind]
        kernel, bias = layer.get_weights()
        layer.set_weights([kernel[::-1, ::-1], bias])
    described = old_files.describe(varied)
    path = old_files.save_hdf5(tmp_path / "t.h5", turned, described, "2.1.0", backend="theano")
    np.testing.assert_allclose(
        np.asarray(keras_models.load(path)(noise)), np.asarray(varied(noise)), atol=1e-6
    )


def test_architecture_in_place_of_weights_is_refused(varied: keras.Model, tmp_path: Path) -> None:
    (tmp_path / "a.json").write_text(varied.to_json())
    with pytest.raises(ModelError, match=r"found JSON; name the \.h5"):
        keras_models.load_architecture_and_weights(tmp_path / "a.json", tmp_path / "a.json")
    with pytest.raises(ModelError, match="found an architecture alone; give its weights too"):
        keras_models.load(tmp_path / "a.json")

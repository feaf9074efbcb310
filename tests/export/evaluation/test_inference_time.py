"""The table of inference times; the times are given here, since a test measures none."""

import pytest

from export.evaluation import inference_time


@pytest.mark.parametrize(
    ("float_ms", "int8_ms", "is_slower"),
    [({1: 1.0, 2: 0.8}, {1: 1.5, 2: 0.9}, True), ({1: 1.0, 2: 0.8}, {1: 1.5, 2: 0.7}, False)],
)
def test_slower_int8_is_said_under_the_table(
    monkeypatch: pytest.MonkeyPatch, float_ms: dict[int, float], int8_ms: dict[int, float], is_slower: bool
) -> None:
    def measure(contents: object, threads: int) -> dict[str, float]:
        return {"float": float_ms[threads], "int8": int8_ms[threads]}

    monkeypatch.setattr(inference_time, "measure_per_face_ms", measure)
    lines = inference_time.format_table({"float": b"", "int8": b""}).splitlines()
    assert [line.split()[0] for line in lines[1:3]] == ["float", "int8"]
    assert ("take the float file here" in lines[-1]) == is_slower


def test_float_alone_is_compared_with_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(inference_time, "measure_per_face_ms", lambda contents, threads: {"float": 1.0})
    assert len(inference_time.format_table({"float": b""}).splitlines()) == 2

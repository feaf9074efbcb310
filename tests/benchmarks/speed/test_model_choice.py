"""The choice of the model's form and threads, by times made to order."""

from benchmarks.arithmetic import Spread
from benchmarks.speed import model_choice
from benchmarks.speed.stage_timing import Cost, Inference


def make_cost(wall_ms: float, cpu_ms: float) -> Cost:
    """With quartiles 1 % away from the median."""
    return Cost(*(Spread(value, 0.99 * value, 1.01 * value) for value in (wall_ms, cpu_ms)))


def make_costs(**by_form: tuple[float, float]) -> dict[Inference, Cost]:
    """The wall and the CPU time of four faces, by the form and the number of threads."""
    return {
        Inference(name[:-1], int(name[-1]), model_choice.FACES): make_cost(*times)
        for name, times in by_form.items()
    }


def test_least_cpu_time_wins_where_all_are_quick_enough() -> None:
    times = make_costs(int1=(8.0, 8.0), int2=(5.0, 9.5), float1=(10.0, 10.0), float2=(6.0, 11.0))
    assert model_choice.choose_best(times, "int") == ("int", 1)
    times = make_costs(int1=(8.0, 8.0), int2=(5.0, 9.5), float1=(6.0, 6.0), float2=(3.0, 7.0))
    assert model_choice.choose_best(times, "int") == ("float", 1)


def test_threads_are_worth_their_cost_where_one_is_too_slow() -> None:
    assert model_choice.choose_best(
        make_costs(int1=(20.0, 20.0), int2=(10.5, 22.0), float1=(40.0, 40.0)), "int"
    ) == (
        "int",
        2,
    )


def test_quickest_wins_where_none_is_quick_enough() -> None:
    assert model_choice.choose_best(
        make_costs(int1=(40.0, 40.0), int2=(25.0, 44.0), int4=(30.0, 60.0)), "int"
    ) == (
        "int",
        2,
    )


def test_form_that_ships_keeps_its_place_within_the_noise() -> None:
    assert model_choice.choose_best(make_costs(int1=(8.0, 8.0), float1=(7.9, 7.9)), "int") == ("int", 1)

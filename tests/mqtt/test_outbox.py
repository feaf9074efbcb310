"""What waits, what gives way, what is sent again."""

from edge.mqtt.outbox import Outbox


def filled(limit: int, *texts: str) -> Outbox:
    outbox = Outbox(limit)
    for text in texts:
        outbox.add(text)
    return outbox


def drained(outbox: Outbox) -> list[str]:
    texts = []
    while (text := outbox.next()) is not None:
        outbox.sent(len(texts))
        texts.append(text)
    return texts


def test_oldest_comes_first_and_gives_way_first() -> None:
    outbox = filled(3, "a", "b", "c", "d", "e")
    assert (len(outbox), outbox.lost) == (3, 2)
    assert drained(outbox) == ["c", "d", "e"]


def test_what_is_under_way_takes_room_and_does_not_give_way() -> None:
    outbox = filled(2, "a", "b")
    outbox.sent(7)
    outbox.add("c")
    assert (len(outbox), outbox.under_way, outbox.lost) == (2, 1, 1)
    outbox.add("d")
    outbox.recall()
    assert drained(outbox) == ["a", "d"]


def test_what_has_come_is_done_with_and_the_rest_is_sent_again_in_order() -> None:
    outbox = filled(9, "a", "b", "c", "d")
    for number in (1, 2, 3):
        outbox.sent(number)
    outbox.acknowledged(2)
    outbox.acknowledged(99)
    outbox.recall()
    assert (len(outbox), outbox.under_way) == (3, 0)
    assert drained(outbox) == ["a", "c", "d"]

"""Which messages wait, which are dropped, and which are sent again."""

from edge.mqtt.outbox import Outbox


def make_outbox(limit: int, *payloads: str) -> Outbox:
    outbox = Outbox(limit)
    for payload in payloads:
        outbox.add(payload)
    return outbox


def drain(outbox: Outbox) -> list[str]:
    payloads: list[str] = []
    while (payload := outbox.peek()) is not None:
        outbox.mark_sent(len(payloads))
        payloads.append(payload)
    return payloads


def test_oldest_is_sent_first_and_dropped_first() -> None:
    outbox = make_outbox(3, "a", "b", "c", "d", "e")
    assert (len(outbox), outbox.dropped) == (3, 2)
    assert drain(outbox) == ["c", "d", "e"]


def test_message_in_flight_takes_room_and_is_not_dropped() -> None:
    outbox = make_outbox(2, "a", "b")
    outbox.mark_sent(7)
    outbox.add("c")
    assert (len(outbox), outbox.in_flight, outbox.dropped) == (2, 1, 1)
    outbox.add("d")
    outbox.requeue()
    assert drain(outbox) == ["a", "d"]


def test_acknowledged_message_is_done_and_the_rest_is_sent_again_in_order() -> None:
    outbox = make_outbox(9, "a", "b", "c", "d")
    for message_id in (1, 2, 3):
        outbox.mark_sent(message_id)
    outbox.acknowledge(2)
    outbox.acknowledge(99)
    outbox.requeue()
    assert (len(outbox), outbox.in_flight) == (3, 0)
    assert drain(outbox) == ["a", "c", "d"]

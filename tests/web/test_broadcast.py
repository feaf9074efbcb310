"""Values for several subscribers, of which some are slow and some leave."""

import asyncio
from contextlib import aclosing

from edge.web.broadcast import Broadcast


def test_slow_follower_gets_the_newest_value_only() -> None:
    async def run() -> list[int]:
        broadcast: Broadcast[int] = Broadcast()
        async with aclosing(broadcast.follow()) as values:
            first = asyncio.ensure_future(anext(values))
            await asyncio.sleep(0)
            for value in range(3):
                broadcast.publish(value)
            received = [await first]
            for value in range(3, 6):
                broadcast.publish(value)
            return [*received, await anext(values)]

    assert asyncio.run(run()) == [2, 5]


def test_closing_ends_every_follower() -> None:
    async def run() -> list[int]:
        broadcast: Broadcast[int] = Broadcast()
        following = asyncio.ensure_future(collect(broadcast))
        await asyncio.sleep(0)
        broadcast.close()
        await broadcast.wait_closed()
        return await following

    async def collect(broadcast: Broadcast[int]) -> list[int]:
        return [value async for value in broadcast.follow()]

    assert asyncio.run(run()) == []


def test_callback_is_called_while_it_is_subscribed() -> None:
    async def run() -> list[int]:
        broadcast: Broadcast[int] = Broadcast()
        received: list[int] = []
        broadcast.publish(0)
        with broadcast.subscribe(received.append):
            assert broadcast.has_subscribers
            broadcast.publish(1)
            broadcast.publish(2)
        assert not broadcast.has_subscribers
        broadcast.publish(3)
        return received

    assert asyncio.run(run()) == [1, 2]

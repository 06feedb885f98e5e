"""A worker process of its own: prints what it takes from a lane, a line per id, until it takes `end`."""

from __future__ import annotations

import asyncio
import sys

from orquestador.clock import SystemClock
from orquestador.queue.redis import RedisQueue


async def main(url: str, prefix: str, lane: str) -> None:
    queue = await RedisQueue.open(url, SystemClock(), prefix=prefix)
    print("ready", flush=True)
    taken: list[str] = []
    while "end" not in taken:
        taken = await queue.wait(lane, 7, 60)
        print("\n".join(taken), flush=True)
    await queue.close()


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:4]))

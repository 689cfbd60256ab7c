#!/usr/bin/env python3
"""peer_seed.py MEASURE COUNT PAUSE_US: an ask of the Python original, in one process. Prints samples: see samples.h."""
import asyncio
import sys
import time

try:
    from tractor import Actor, Message, Runtime
except Exception as why:  # another package of that name, or none
    print(f"skip: no Python with the seed's package ({type(why).__name__})")
    sys.exit(0)


class Echo(Actor):
    pass


class Block(Message):
    def __init__(self, data):
        self.data = data

    async def dispatch(self, actor, ctx):
        return self.data


async def main(count, pause_us):
    runtime = Runtime()
    echo = runtime.spawn(Echo())
    samples = []
    for i in range(count + count // 10 + 1):
        if pause_us:
            await asyncio.sleep(pause_us / 1e6)
        began = time.monotonic_ns()
        await runtime.ask(echo, Block(b"b" * 64))
        samples.append(time.monotonic_ns() - began)
    await echo.stop()
    print("\n".join(map(str, samples[-count:])))


asyncio.run(main(int(sys.argv[2]), int(sys.argv[3])))

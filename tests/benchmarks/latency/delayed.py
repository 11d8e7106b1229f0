"""A connection that takes longer: every byte arrives a set time after it was sent."""

import asyncio
from contextlib import contextmanager, suppress
from threading import Thread
from urllib.parse import urlsplit


@contextmanager
def delayed(url, seconds):
    """Another address for the server at `url`, `seconds` farther away in each direction."""
    there = urlsplit(url)
    loop = asyncio.new_event_loop()

    async def connect(reader, writer):
        farther_reader, farther_writer = await asyncio.open_connection(there.hostname, there.port)
        with suppress(asyncio.CancelledError):  # by _end
            await asyncio.gather(
                _carry(reader, farther_writer, seconds), _carry(farther_reader, writer, seconds)
            )

    def run(coroutine):
        return asyncio.run_coroutine_threadsafe(coroutine, loop).result()

    thread = Thread(target=loop.run_forever)
    thread.start()
    server = run(asyncio.start_server(connect, "127.0.0.1", 0))
    try:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    finally:
        run(_end(server))
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()


async def _carry(reader, writer, seconds):
    """Passes bytes on in the order they came, each `seconds` after it came; then closes."""
    loop = asyncio.get_running_loop()
    under_way = asyncio.Queue()

    async def deliver():
        while True:
            due, data = await under_way.get()
            await asyncio.sleep(due - loop.time())
            if not data or writer.is_closing():
                break
            writer.write(data)
        writer.close()

    delivery = asyncio.create_task(deliver())
    data = b"..."
    while data:
        try:
            data = await reader.read(2**16)
        except ConnectionError:
            data = b""
        under_way.put_nowait((loop.time() + seconds, data))
    await delivery


async def _end(server):
    server.close()
    others = asyncio.all_tasks() - {asyncio.current_task()}
    for task in others:
        task.cancel()
    await asyncio.gather(*others, return_exceptions=True)

"""A mail server that prints whom each mail is for; runs in a container beside the fleet.

Whoever has "slow" in the address is kept waiting, so that a task can be caught in its middle.
"""

import asyncio
import json
import sys
import time

SLOW = 8  # seconds, less than the application waits for a mail server


def tell(event, recipient):
    told = {"event": event, "to": recipient, "at": time.time()}
    sys.stdout.write(f"{json.dumps(told)}\n")
    sys.stdout.flush()


async def serve(reader, writer):
    async def say(line):
        writer.write(f"{line}\r\n".encode())
        await writer.drain()

    await say("220 sink")
    recipient = ""
    while line := (await reader.readline()).decode(errors="replace").strip():
        verb = line[:4].upper()
        if verb == "RCPT":
            recipient = line.split("<")[1].split(">")[0]
        if verb == "DATA":
            await say("354 go on")
            await reader.readuntil(b"\r\n.\r\n")
            tell("begun", recipient)
            if "slow" in recipient:
                await asyncio.sleep(SLOW)
            tell("delivered", recipient)
        await say("221 bye" if verb == "QUIT" else "250 ok")
        if verb == "QUIT":
            break
    writer.close()


async def main():
    server = await asyncio.start_server(serve, "0.0.0.0", 2525)
    async with server:
        await server.serve_forever()


if __name__ == "__main__":
    sys.exit(asyncio.run(main()))

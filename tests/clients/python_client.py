"""One session of the Python SDK with an MCP server: list the tools, call one, tell what came.

    python python_client.py '{"era": "auto"|"legacy"|"2026-07-28",
                              "url": "http://…" | "command": ["program", "argument", …],
                              "call": {"name": "…", "arguments": {…}}}'

Prints {"protocol", "tools", "result"} as one line of JSON.
"""

import asyncio
import json
import sys

from mcp import Client, StdioServerParameters


def plain(model):
    return model.model_dump(mode="json", by_alias=True, exclude_none=True)


async def main(session):
    if "url" in session:
        server = session["url"]
    else:
        command, *args = session["command"]
        server = StdioServerParameters(command=command, args=args)
    async with Client(server, mode=session["era"]) as client:
        tools, cursor = [], None
        while True:
            page = await client.list_tools(cursor=cursor)
            tools += [plain(tool) for tool in page.tools]
            cursor = page.next_cursor
            if cursor is None:
                break
        call = session["call"]
        result = await client.call_tool(call["name"], call["arguments"])
        print(json.dumps({"protocol": client.protocol_version, "tools": tools, "result": plain(result)}))


asyncio.run(main(json.loads(sys.argv[1])))

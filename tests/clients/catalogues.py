"""Loads catalogues into the Python SDK, and checks what they publish as it does.

    CATALOGUES='id …' python catalogues.py program argument…

The program is started once for each id, which it finds in the variable CATALOG, and speaks MCP
over standard input and output. Prints a line for each id and fails with all that was wrong.
"""

import asyncio
import os
import sys

from jsonschema.exceptions import SchemaError
from jsonschema.validators import validator_for
from mcp import Client, StdioServerParameters
from referencing import Registry
from referencing.exceptions import Unresolvable


async def load(id):
    command, *args = sys.argv[1:]
    server = StdioServerParameters(command=command, args=args, env={**os.environ, "CATALOG": id})
    async with Client(server) as client:
        tools, cursor = [], None
        while True:
            page = await client.list_tools(cursor=cursor)
            tools += page.tools
            cursor = page.next_cursor
            if cursor is None:
                return tools


def check(schema):
    """What the SDK does before it holds an answer to a schema."""
    kind = validator_for(schema)
    kind.check_schema(schema)
    list(kind(schema, registry=Registry()).iter_errors({}))


async def main():
    wrong = []
    for id in os.environ["CATALOGUES"].split():
        tools, checked = [], 0
        try:
            tools = await load(id)
        except Exception as error:
            wrong.append(f"{id}: {error!r}")
        for tool in tools:
            for schema in filter(None, [tool.input_schema, tool.output_schema]):
                try:
                    check(schema)
                    checked += 1
                except (SchemaError, Unresolvable, RecursionError) as error:
                    wrong.append(f"{id}: {tool.name}: {error!r}")
        print(f"{id}: {len(tools)} tools, {checked} schemas checked", flush=True)
    for what in wrong:
        print(what, file=sys.stderr)
    sys.exit(1 if wrong else 0)


asyncio.run(main())

"""One session of the Python SDK with an MCP server: list the tools, call one, print the results.

    python python_client.py '{"era": "auto"|"legacy"|"2026-07-28",
                              "url": "http://…" | "command": ["program", "argument", …],
                              "person": "http://…",
                              "call": {"name": "…", "arguments": {…}}}'

Prints {"protocol", "tools", "result"} as one line of JSON, with "failure" in place of "result"
where the call came to no result. Without a "call", every line of the standard input is one, with
"elapsed" beside name and arguments: how many seconds later than now it is to be, for the SDK.
Where the server wants it, "person" is asked to sign in.
"""

import asyncio
import json
import sys
import time
from urllib.parse import parse_qs, urlsplit

import httpx2
from mcp import Client, StdioServerParameters
from mcp.client.auth import OAuthClientProvider
from mcp.client.streamable_http import streamable_http_client
from mcp.shared.auth import AuthorizationCodeResult, OAuthClientMetadata

REDIRECT_URI = "http://127.0.0.1:33419/callback"


def plain(model):
    return model.model_dump(mode="json", by_alias=True, exclude_none=True)


class Credentials:
    """Keeps what was granted as long as the process lasts."""

    tokens = client = None

    async def get_tokens(self):
        return self.tokens

    async def set_tokens(self, tokens):
        self.tokens = tokens

    async def get_client_info(self):
        return self.client

    async def set_client_info(self, client):
        self.client = client


def sign_in(url, person):
    response = {}

    async def ask(address):
        async with httpx2.AsyncClient() as http:
            answer = await http.post(person, content=address)
            answer.raise_for_status()
            response.clear()
            response.update((name, values[0]) for name, values in parse_qs(urlsplit(answer.text).query).items())

    async def answered():
        return AuthorizationCodeResult(
            code=response.get("code", ""), state=response.get("state"), iss=response.get("iss")
        )

    metadata = OAuthClientMetadata(
        client_name="Python SDK",
        redirect_uris=[REDIRECT_URI],
        grant_types=["authorization_code", "refresh_token"],
        response_types=["code"],
        token_endpoint_auth_method="none",
    )
    return OAuthClientProvider(
        server_url=url,
        client_metadata=metadata,
        storage=Credentials(),
        redirect_handler=ask,
        callback_handler=answered,
    )


async def talk(client, call):
    tools, cursor = [], None
    while True:
        page = await client.list_tools(cursor=cursor)
        tools += [plain(tool) for tool in page.tools]
        cursor = page.next_cursor
        if cursor is None:
            break
    reported = {"protocol": client.protocol_version, "tools": tools}
    try:
        reported["result"] = plain(await client.call_tool(call["name"], call["arguments"]))
    except Exception as error:
        reported["failure"] = f"{type(error).__name__}: {error}"
    print(json.dumps(reported), flush=True)


async def talk_all(client, session):
    if "call" in session:
        return await talk(client, session["call"])
    now = time.time
    while line := await asyncio.to_thread(sys.stdin.readline):
        call = json.loads(line)
        time.time = lambda: now() + call["elapsed"]
        await talk(client, call)


async def main(session):
    if "person" in session:
        url = session["url"]
        async with httpx2.AsyncClient(auth=sign_in(url, session["person"]), timeout=30) as http:
            async with Client(streamable_http_client(url, http_client=http), mode=session["era"]) as client:
                return await talk_all(client, session)
    if "url" in session:
        server = session["url"]
    else:
        command, *args = session["command"]
        server = StdioServerParameters(command=command, args=args)
    async with Client(server, mode=session["era"]) as client:
        await talk_all(client, session)


try:
    asyncio.run(main(json.loads(sys.argv[1])))
except* Exception as errors:
    # A refusal ends the SDK's session.
    print(json.dumps({"failure": "; ".join(str(error) for error in errors.exceptions)}), flush=True)

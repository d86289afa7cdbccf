"""One statement by way of an MCP server: python3 agent.py URL SQL < SESSION-TOKEN"""

import sys

import anyio
import httpx2
from mcp.client.client import Client
from mcp.client.streamable_http import streamable_http_client


async def main(url: str, sql: str) -> None:
    headers = {"Authorization": f"Bearer {sys.stdin.read().strip()}"}
    async with httpx2.AsyncClient(headers=headers, timeout=30) as http:
        async with Client(streamable_http_client(url, http_client=http), mode="2026-07-28") as client:
            result = await client.call_tool("query", {"sql": sql})
            print("\n".join(content.text for content in result.content))


anyio.run(main, *sys.argv[1:])

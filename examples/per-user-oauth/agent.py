"""Shows the contacts of the user for whom it acts, and has that user connect the account where none is: python3 agent.py BROKER

What the identity provider gave out stands in `user-token` for the user, and in `idp-token` for the agent itself.
"""

import sys
from pathlib import Path

import anyio
import httpx2
from mcp.client.client import Client
from mcp.client.streamable_http import streamable_http_client
from mcp_types import ElicitResult

JWT = "urn:ietf:params:oauth:token-type:jwt"


async def session(http: httpx2.AsyncClient, broker: str) -> str:
    """A session token: the agent acts for the user (RFC 8693)."""
    tokens = {"subject_token": "user-token", "actor_token": "idp-token"}
    form = {name: Path(file).read_text().strip() for name, file in tokens.items()}
    form |= {f"{name}_type": JWT for name in tokens}
    answer = await http.post(f"{broker}/token", data=form | {"grant_type": "urn:ietf:params:oauth:grant-type:token-exchange"})
    answer.raise_for_status()
    return answer.json()["access_token"]


async def show(_context, params) -> ElicitResult:
    print(params.message, params.url, "Then press return.", sep="\n", flush=True)
    await anyio.to_thread.run_sync(sys.stdin.readline)
    return ElicitResult(action="accept")


async def main(broker: str) -> None:
    async with httpx2.AsyncClient(timeout=30) as http:
        http.headers["Authorization"] = f"Bearer {await session(http, broker)}"
        transport = streamable_http_client(f"{broker}/mcp/crm", http_client=http)
        async with Client(transport, mode="2026-07-28", elicitation_callback=show) as client:
            result = await client.call_tool("list_contacts")
            print("\n".join(content.text for content in result.content))


anyio.run(main, sys.argv[1])

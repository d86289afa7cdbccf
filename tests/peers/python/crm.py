"""A CRM as an MCP server: whose contacts it shows is up to the access token that a request brings.

Reads one line from stdin, its authorization server (tests/peers/node/people.mjs); prints its own URL when it is ready; ends when
stdin closes.
"""

import json
import os
import socket
import sys
import threading
import urllib.request

import uvicorn
from mcp.server.mcpserver import Context, MCPServer

AUTHORIZATION_SERVER = sys.stdin.readline().strip()

server = MCPServer("crm")


def owner_of(authorization: str | None) -> str:
    asked = json.dumps({"token": (authorization or "").removeprefix("Bearer ")}).encode()
    with urllib.request.urlopen(f"{AUTHORIZATION_SERVER}/control/owner", data=asked, timeout=20) as answer:
        owner = json.load(answer)["owner"]
    if not owner:
        raise PermissionError("this token is nobody's")
    return owner


@server.tool()
def list_contacts(ctx: Context) -> list[str]:
    """The contacts of the account."""
    return [f"a contact of {owner_of(ctx.request_context.request.headers.get('authorization'))}"]


def main() -> None:
    listener = socket.create_server(("127.0.0.1", 0))
    app = server.streamable_http_app(json_response=True, stateless_http=True)
    threading.Thread(target=lambda: (sys.stdin.read(), os._exit(0)), daemon=True).start()
    print(f"listening on http://127.0.0.1:{listener.getsockname()[1]}/mcp", flush=True)
    uvicorn.Server(uvicorn.Config(app, log_level="warning")).run(sockets=[listener])


main()

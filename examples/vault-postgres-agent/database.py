"""An MCP server in front of PostgreSQL that has no user of its own: each request brings one (RFC 7617), and acts as it.

    python3 database.py HOST:PORT/DATABASE HOST:PORT

The second is where it listens; with port 0 it takes a free one. It ends when its standard input does.
"""

import base64
import os
import socket
import sys
import threading
from urllib.parse import urlsplit

import pg8000.native
import uvicorn
from mcp.server.mcpserver import Context, MCPServer

DATABASE, LISTEN = (urlsplit(f"//{place}") for place in sys.argv[1:])
TIMEOUT_SECONDS = 20

server = MCPServer("database")


def user_of(authorization: str | None) -> tuple[str, str]:
    scheme, _, credentials = (authorization or "").partition(" ")
    if scheme.lower() != "basic":
        raise PermissionError("no database user came with the request")
    user, _, password = base64.b64decode(credentials).decode().partition(":")
    return user, password


@server.tool()
def query(sql: str, ctx: Context) -> list[str]:
    """Runs one statement and returns the first column of its rows."""
    user, password = user_of(ctx.request_context.request.headers.get("authorization"))
    place = {"host": DATABASE.hostname, "port": DATABASE.port, "database": DATABASE.path.removeprefix("/")}
    connection = pg8000.native.Connection(user, password=password, timeout=TIMEOUT_SECONDS, **place)
    try:
        return [str(row[0]) for row in connection.run(sql)]
    finally:
        connection.close()


def main() -> None:
    listener = socket.create_server((LISTEN.hostname, LISTEN.port))
    app = server.streamable_http_app(json_response=True, stateless_http=True)
    threading.Thread(target=lambda: (sys.stdin.read(), os._exit(0)), daemon=True).start()
    print(f"listening on http://{LISTEN.hostname}:{listener.getsockname()[1]}/mcp", flush=True)
    uvicorn.Server(uvicorn.Config(app, log_level="warning")).run(sockets=[listener])


main()

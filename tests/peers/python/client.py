"""The official Python client, 2.x: "mode" is "modern" (default, exactly 2026-07-28), "auto" or "legacy".

Reads one script from stdin and prints one report, both as tests/peers/node/actions.mjs describes them.
"""

import json
import sys

import anyio
import httpx2
import mcp_types as types
from mcp.client.client import Client
from mcp.client.streamable_http import streamable_http_client

TIMEOUT_SECONDS = 20.0


class Report:
    """What happened, in the form that is printed."""

    def __init__(self) -> None:
        self.body = {"results": [], "counts": {}, "http": []}

    def count(self, name: str) -> None:
        self.body["counts"][name] = self.body["counts"].get(name, 0) + 1

    async def record(self, response: httpx2.Response) -> None:
        entry = {"method": response.request.method, "status": response.status_code}
        if challenge := response.headers.get("www-authenticate"):
            entry["www_authenticate"] = challenge
        self.body["http"].append(entry)

    def describe(self, error: BaseException, first: int) -> dict:
        while isinstance(error, BaseExceptionGroup):
            error = error.exceptions[0]
        described = {"kind": type(error).__name__, "message": str(error)}
        if isinstance(code := getattr(error, "code", None), int):
            described["code"] = code
            described["message"] = getattr(error, "message", described["message"])
        if (data := getattr(error, "data", None)) is not None:
            described["data"] = data
        failed = [entry for entry in self.body["http"][first:] if entry["status"] >= 400]
        if failed:
            described.update({k: v for k, v in failed[-1].items() if k != "method"})
        return described


def canned(schema: dict) -> object:
    if "default" in schema:
        return schema["default"]

    def choice(of: dict) -> object:
        options = of.get("oneOf") or of.get("anyOf")
        return of["enum"][0] if "enum" in of else options[0]["const"] if options else None

    match schema.get("type"):
        case "boolean":
            return True
        case "integer" | "number":
            return 7
        case "array":
            return [choice(schema["items"])]
    return choice(schema) or ("canned@example.test" if schema.get("format") == "email" else "canned")


def client_for(script: dict, report: Report, http: httpx2.AsyncClient) -> Client:
    async def elicited(_context, params):
        report.count("elicitation/create")
        requested = getattr(params, "requested_schema", None) or {}
        fields = requested.get("properties", {}) if isinstance(requested, dict) else {}
        return types.ElicitResult(action="accept", content={name: canned(s) for name, s in fields.items()})

    async def sampled(_context, _params):
        report.count("sampling/createMessage")
        text = types.TextContent(type="text", text="canned sampling")
        return types.CreateMessageResult(role="assistant", content=text, model="canned-model", stop_reason="endTurn")

    async def roots(_context):
        report.count("roots/list")
        return types.ListRootsResult(roots=[types.Root(uri="file:///canned/root", name="canned")])

    async def logged(_params):
        report.count("notifications/message")

    async def notified(message):
        # These two come here too, and are counted where they are handled.
        elsewhere = ("notifications/message", "notifications/progress")
        method = getattr(message, "method", None)
        if method and method not in elsewhere:
            report.count(method)

    mode = script.get("mode", "modern")
    return Client(
        streamable_http_client(script["url"], http_client=http),
        mode="2026-07-28" if mode == "modern" else mode,
        read_timeout_seconds=script.get("timeout_ms", TIMEOUT_SECONDS * 1000) / 1000,
        elicitation_callback=elicited,
        sampling_callback=sampled,
        list_roots_callback=roots,
        logging_callback=logged,
        message_handler=notified,
        client_info=types.Implementation(name="claviger-tests-python", version="1"),
    )


async def run(client: Client, action: str, parameters: dict, report: Report, listening, timeout: float):
    async def progress(_progress, _total, _message):
        report.count("progress")

    match action:
        case "list_tools":
            return await client.list_tools()
        case "list_prompts":
            return await client.list_prompts()
        case "list_resources":
            return await client.list_resources()
        case "list_resource_templates":
            return await client.list_resource_templates()
        case "call":
            return await client.call_tool(parameters["name"], parameters.get("arguments"), progress_callback=progress)
        case "cancel_call":
            with anyio.move_on_after(parameters["after_ms"] / 1000):
                return await client.call_tool(parameters["name"], parameters.get("arguments"))
            raise RuntimeError("cancelled by the test")
        case "read_resource":
            return await client.read_resource(parameters["uri"])
        case "get_prompt":
            return await client.get_prompt(parameters["name"], parameters.get("arguments"))
        case "complete":
            ref = parameters["ref"]
            reference = (
                types.PromptReference(type="ref/prompt", name=ref["name"])
                if ref["type"] == "ref/prompt"
                else types.ResourceTemplateReference(type="ref/resource", uri=ref["uri"])
            )
            return await client.complete(reference, parameters["argument"])
        case "ping":
            return await client.send_ping()
        case "listen":
            return await listening(parameters)
        case "await":
            name, at_least = parameters["count"], parameters["at_least"]
            with anyio.fail_after(timeout):
                while report.body["counts"].get(name, 0) < at_least:
                    await anyio.sleep(0.01)
            return None
    raise RuntimeError(f"unknown action {action}")


async def listen(client: Client, parameters: dict, report: Report, group) -> None:
    uris = parameters.get("resources", [])
    if client.protocol_version < "2026-07-28":
        for uri in uris:
            await client.subscribe_resource(uri)
        return

    async def stream(*, task_status) -> None:
        filter_ = {
            "tools_list_changed": parameters.get("tools", False),
            "prompts_list_changed": parameters.get("prompts", False),
            "resource_subscriptions": uris,
        }
        async with client.listen(**filter_) as events:
            task_status.started()
            # The message handler has counted them by the time they come here; unread they would pile up.
            async for _ in events:
                pass

    await group.start(stream)


async def converse(script: dict, report: Report) -> None:
    headers = {"authorization": f"Bearer {script['token']}"} if script.get("token") else {}
    timeout = script.get("timeout_ms", TIMEOUT_SECONDS * 1000) / 1000
    hooks = {"response": [report.record]}
    async with httpx2.AsyncClient(headers=headers, timeout=timeout, event_hooks=hooks) as http:
        async with client_for(script, report, http) as client, anyio.create_task_group() as group:
            report.body["protocol"] = client.protocol_version

            async def listening(parameters):
                return await listen(client, parameters, report, group)

            for step in script["actions"]:
                ((action, parameters),) = step.items()
                first = len(report.body["http"])
                try:
                    result = await run(client, action, parameters, report, listening, timeout)
                    ok = result.model_dump(mode="json", by_alias=True, exclude_none=True) if result else {}
                    report.body["results"].append({"ok": ok})
                except Exception as error:  # the report names whatever went wrong
                    report.body["results"].append({"error": report.describe(error, first)})
            group.cancel_scope.cancel()


def main() -> None:
    script = json.load(sys.stdin)
    report = Report()
    try:
        anyio.run(converse, script, report)
    except BaseException as error:  # a refused connection is a result too
        if isinstance(error, KeyboardInterrupt):
            raise
        report.body["error"] = report.describe(error, 0)
    print(json.dumps(report.body))


main()

"""The API reference as a page: the OpenAPI document, readable, without a script or an outside host.

The pages that frameworks generate load their scripts from elsewhere; this one is plain HTML.
"""

from html import escape
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import msgspec

STYLES = Path(__file__).with_name("reference.css").read_bytes()
POLICY = (
    "default-src 'none'; style-src 'self'; img-src 'self'; base-uri 'none'; form-action 'none'; "
    "frame-ancestors 'none'"
)

Document = dict[str, Any]


def reference_page(document: Document) -> str:
    """Write the whole page."""
    operations = [
        (method, path, operation)
        for path, methods in document["paths"].items()
        for method, operation in methods.items()
    ]
    tags = [tag["name"] for tag in document["tags"]]
    of_tag = {tag: [it for it in operations if tag in it[2]["tags"]] for tag in tags}
    menu = "".join(
        f"<li><span>{escape(tag)}</span><ul>"
        + "".join(
            f'<li><a href="#{it["operationId"]}">{escape(it["summary"])}</a></li>'
            for _, _, it in listed
        )
        + "</ul></li>"
        for tag, listed in of_tag.items()
    )
    sections = "".join(_operation(*it, document) for listed in of_tag.values() for it in listed)
    title = f"{escape(document['info']['title'])} {escape(document['info']['version'])}"
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{title} API</title>"
        '<link rel="stylesheet" href="docs/reference.css"></head><body>'
        f'<nav aria-label="Endpoints"><h1>{title}</h1><p>{escape(document["info"]["summary"])}</p>'
        f'<ul>{menu}</ul><p><a href="openapi.json">openapi.json</a></p></nav>'
        f"<main>{sections}</main></body></html>"
    )


def _operation(method: str, path: str, operation: Document, document: Document) -> str:
    name = operation["operationId"]
    return (
        f'<section id="{name}"><h2><a href="#{name}">{escape(operation["summary"])}</a></h2>'
        f'<p class="route"><b class="{method}">{method.upper()}</b> <code>{escape(path)}</code></p>'
        f"<p>{_prose(operation['description'])}</p>"
        f"{_parameters(operation)}{_body(operation, document)}"
        f"<h3>Request</h3><pre><code>{escape(_curl(method, path, operation))}</code></pre>"
        f"<h3>Answers</h3>{_answers(operation)}</section>"
    )


def _parameters(operation: Document) -> str:
    rows = "".join(
        f"<tr><td><code>{escape(it['name'])}</code></td><td>{it['in']}"
        f"{', required' if it['required'] else ''}</td>"
        f"<td>{_prose(it.get('description', ''))}</td></tr>"
        for it in operation["parameters"]
    )
    head = "<thead><tr><th>Parameter</th><th>Where</th><th>Meaning</th></tr></thead>"
    return f"<table>{head}<tbody>{rows}</tbody></table>" if rows else ""


def _body(operation: Document, document: Document) -> str:
    content = operation.get("requestBody", {}).get("content", {})
    if not content:
        return ""
    schema = next(iter(content.values()))["schema"]
    schema = schema.get("oneOf", [schema])[0]
    if "$ref" in schema:
        schema = document["components"]["schemas"][schema["$ref"].rpartition("/")[2]]
    if "properties" not in schema:
        return f"<p>{_prose(schema.get('description', ''))}</p>"
    required = schema.get("required", [])
    rows = "".join(
        f"<tr><td><code>{escape(name)}</code></td><td>{'required' if name in required else ''}</td>"
        f"<td>{_prose(it.get('description', ''))}</td></tr>"
        for name, it in schema["properties"].items()
    )
    head = "<thead><tr><th>Field</th><th></th><th>Meaning</th></tr></thead>"
    return f"<table>{head}<tbody>{rows}</tbody></table>"


def _curl(method: str, path: str, operation: Document) -> str:
    query = {
        it["name"]: str(it["example"]).lower() if it["example"] is True else it["example"]
        for it in operation["parameters"]
        if it["in"] == "query" and "example" in it
    }
    for it in operation["parameters"]:
        if it["in"] == "path":
            path = path.replace(f"{{{it['name']}}}", it["example"])
    address = f"http://127.0.0.1:8000{path}{'?' + urlencode(query) if query else ''}"
    verb = "" if method == "get" else f" -X {method.upper()}"
    lines = [f"curl{verb} '{address}'", "  -H 'X-API-Key: your-api-key'"]
    content = operation.get("requestBody", {}).get("content")
    if content:
        media_type, body = next(iter(content.items()))
        example = body["example"]
        text = example if isinstance(example, str) else msgspec.json.encode(example).decode()
        quoted = text.replace("'", "'\\''")
        data = "--data-binary" if isinstance(example, str) else "-d"
        lines += [f"  -H 'Content-Type: {media_type}'", f"  {data} '{quoted}'"]
    return " \\\n".join(lines)


def _answers(operation: Document) -> str:
    return "".join(
        f"<details{' open' if status in ('200', '201') else ''}><summary><b>{status}</b> "
        f"{_prose(answer['description'])}</summary>{_examples(answer)}{_links(answer)}</details>"
        for status, answer in operation["responses"].items()
    )


def _examples(answer: Document) -> str:
    shown = ""
    for content in answer.get("content", {}).values():
        examples = content.get("examples", {"": {"value": content.get("example")}})
        for example in examples.values():
            pretty = msgspec.json.format(msgspec.json.encode(example["value"])).decode()
            shown += f"<pre><code>{escape(pretty)}</code></pre>"
    return shown


def _links(answer: Document) -> str:
    led_to = ", ".join(f'<a href="#{it}">{it}</a>' for it in answer.get("links", {}))
    return f"<p>Leads to {led_to}</p>" if led_to else ""


def _prose(text: str) -> str:
    """Write a sentence, with what stands between backquotes as code."""
    parts = escape(text).split("`")
    return "".join(
        f"<code>{part}</code>" if index % 2 else part for index, part in enumerate(parts)
    )

"""The page behind the links that end mails: it needs no API key, only the code in the link."""

from collections.abc import Callable, Coroutine
from typing import Any

from anyio.to_thread import run_sync
from starlette.requests import Request
from starlette.responses import Response

from tollbook.administration.unsubscribing import find_subscription, unsubscribe
from tollbook.api.pipeline.services import Services
from tollbook.domain.errors import NotFound
from tollbook.domain.unsubscribing import UNSUBSCRIBE_PATH

Handler = Callable[[Request], Coroutine[Any, Any, Response]]
_Link = tuple[str, str, str]
_POLICY = "default-src 'none'; form-action 'self'; frame-ancestors 'none'"
_FORM = '<form method="post"><button type="submit">Unsubscribe</button></form>'


def unsubscribing(services: Services) -> dict[str, dict[str, Handler]]:
    """Return the handlers of the page: GET shows a button, because scanners open links."""

    def show(link: _Link) -> Response:
        with services.database.reading() as snapshot:
            find_subscription(snapshot, services.unsubscriber, *link)
        return _page("Stop these mails?", _FORM)

    def end(link: _Link) -> Response:
        with services.database.writing() as transaction:
            unsubscribe(transaction, services.unsubscriber, *link, services.clock())
        return _page("You no longer get these mails", "")

    async def get_page(request: Request) -> Response:
        return await _answer(show, request)

    async def post_page(request: Request) -> Response:
        return await _answer(end, request)

    return {UNSUBSCRIBE_PATH: {"GET": get_page, "POST": post_page}}


async def _answer(act: Callable[[_Link], Response], request: Request) -> Response:
    found = request.path_params
    try:
        return await run_sync(act, (found["tenant"], found["endpoint"], found["code"]))
    except NotFound:
        return _page("This link is not valid, or the address no longer gets these mails", "", 404)


def _page(title: str, content: str, status: int = 200) -> Response:
    body = (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width"><meta name="robots" content="noindex">'
        f"<title>{title}</title></head><body><main><h1>{title}</h1>{content}</main></body></html>\n"
    )
    headers = {"Content-Security-Policy": _POLICY}
    return Response(body, status, headers, media_type="text/html")

"""The contract for people and for programs, with no internet: /openapi.json, /docs, /problems/<slug>."""

from html import escape
from pathlib import Path
from typing import Any

from litestar import Litestar, Request, Response, Router, get
from litestar.enums import MediaType
from litestar.params import FromPath
from litestar.static_files import create_static_files_router

from api import openapi, problem_pages, problems
from domain.errors import NotFound

HTML = {"produces": ("text/html",)}
# Swagger UI sets styles from its script and shows small pictures that it carries along.
POLICY = "default-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; frame-ancestors 'none'"

PAGE = """<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title}</title>
{rest}
</html>
"""
SWAGGER = """<link rel="icon" href="/docs/static/favicon-32x32.png">
<link rel="stylesheet" href="/docs/static/swagger-ui.css">
<div id="ui"></div>
<script src="/docs/static/swagger-ui-bundle.js"></script>
<script src="/docs/start.js"></script>"""
START = """SwaggerUIBundle({url: "/openapi.json", dom_id: "#ui", deepLinking: true, persistAuthorization: true});
"""
STYLE = "<style>body{font:1.1rem/1.5 system-ui,sans-serif;max-width:40rem;margin:3rem auto;padding:0 1rem}</style>"


def published(app: Litestar) -> bytes:
    """The contract, made once for a process."""
    if "openapi" not in app.state:
        app.state.openapi = openapi.encode(openapi.document(app))
    document: bytes = app.state.openapi
    return document


@get("/openapi.json")
async def contract(request: Request[Any, Any, Any]) -> Response[bytes]:
    """The whole contract, OpenAPI 3.1."""
    return Response(published(request.app), media_type="application/json")


@get("/docs", media_type=MediaType.HTML, opt=HTML)
async def docs() -> Response[str]:
    """The contract to read and to try."""
    return Response(
        PAGE.format(title="Fallow", rest=SWAGGER),
        media_type=MediaType.HTML,
        headers={"Content-Security-Policy": POLICY},
    )


@get("/docs/start.js")
async def start() -> Response[str]:
    """What starts Swagger UI; a file of its own, so that no script stands in a page."""
    return Response(START, media_type="text/javascript")


@get("/problems/{slug:str}", media_type=MediaType.HTML, opt=HTML)
async def problem(slug: FromPath[str]) -> Response[str]:
    """What a problem means and what to do."""
    kind = problems.BY_SLUG.get(slug)
    if kind is None:
        raise NotFound
    paragraphs = "".join(f"<p>{escape(text)}</p>" for text in problem_pages.PAGES[slug].strip().split("\n\n"))
    rest = (
        f"{STYLE}<h1>{escape(kind.title())}</h1><p><code>{slug}</code>, status {problems.STATUS[kind]}</p>{paragraphs}"
    )
    return Response(PAGE.format(title=escape(kind.title()), rest=rest), media_type=MediaType.HTML)


files = create_static_files_router(path="/docs/static", directories=[Path(__file__).parent / "static"])
router = Router("/", route_handlers=[contract, docs, start, problem])

"""What people read and programs take, with no internet: /, /openapi.json, /docs, /docs/<guide>, /problems/<slug>."""

from html import escape
from pathlib import Path
from typing import Any

from litestar import Litestar, Request, Response, Router, get
from litestar.enums import MediaType
from litestar.params import FromPath
from litestar.static_files import create_static_files_router
from msgspec import json

from api import guides, openapi, problem_pages, problems
from domain import diagram
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
NAV = f"""<nav><a href="/">Fallow</a> · <a href="/docs">Operations</a> · <a href="/problems">Problems</a> ·
{guides.LINKS}</nav>
"""
# Less air, no column for links, of which the contract has none, and on a telephone what a tag is below its name.
SWAGGER_STYLE = """<style>
body{margin:0}
nav{font:1rem/1.7 system-ui,sans-serif;max-width:1420px;margin:.5rem auto;padding:0 20px}
.swagger-ui .info{margin:1.5rem 0}
.swagger-ui .scheme-container{padding:1rem 0}
.swagger-ui .response-col_links{display:none}
@media(max-width:600px){
.swagger-ui .opblock-tag{flex-wrap:wrap}
.swagger-ui .opblock-tag small{flex:1 0 100%;order:1}
}
</style>
"""
SWAGGER = f"""<link rel="icon" href="/docs/static/favicon-32x32.png">
<link rel="stylesheet" href="/docs/static/swagger-ui.css">
{SWAGGER_STYLE}{NAV}<div id="ui"></div>
<script src="/docs/static/swagger-ui-bundle.js"></script>
<script src="/docs/start.js"></script>"""
START = """SwaggerUIBundle({url: "/openapi.json", dom_id: "#ui", deepLinking: true, persistAuthorization: true});
"""
STYLE = """<link rel="icon" href="/docs/static/favicon-32x32.png">
<style>
body{font:1.1rem/1.5 system-ui,sans-serif;max-width:44rem;margin:1rem auto 4rem;padding:0 1rem;overflow-wrap:anywhere}
h1,h2{line-height:1.2}
pre{background:#f3f3f3;padding:.8rem;font-size:.9rem;white-space:pre-wrap}
img{max-width:100%;height:auto}
table{display:block;overflow-x:auto;border-collapse:collapse;font-size:.9rem;overflow-wrap:normal}
th,td{text-align:left;vertical-align:top;padding:.3rem .6rem .3rem 0;border-bottom:1px solid #ddd}
</style>
"""
HOME = f"""<h1>Fallow</h1>
<p>Public bodies list what they can spare: halls, kitchens, pitches, minibuses, people's hours. Community groups find it
and book it, over HTTP.</p>
<ul>
<li><a href="/docs">Every operation, to read and to try</a></li>
<li><a href="/openapi.json">The same for programs (OpenAPI 3.1)</a></li>
<li><a href="/problems">Every refusal, and the way out of it</a></li>
<li><a href="/v1/search?postcode=M33&amp;limit=3">A first request: what is near Sale?</a></li>
</ul>
<p>To do, step by step: {guides.LINKS}.</p>
<p>The places of the demo contain public sector information licensed under the
<a href="https://www.nationalarchives.gov.uk/doc/open-government-licence/version/3/">Open Government Licence v3.0</a>:
fire stations of England (Home Office); libraries in Greater Manchester (Trafford Data Lab); sports facilities in
Trafford (Sport England, Active Places, via Trafford Data Lab); schools in Trafford (Department for Education, via
Trafford Data Lab). Centres of postcode districts: academe/UK-Postcodes. What the demo's places offer, and who
books them, is invented.</p>"""


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


@get("/docs/{name:str}", media_type=MediaType.HTML, opt=HTML)
async def guide(name: FromPath[str]) -> Response[str]:
    """How to do one thing, step by step."""
    if name not in guides.GUIDES:
        raise NotFound("There is no such page; / lists all.")
    return page(guides.GUIDES[name], guides.html(name))


@get("/docs/states.svg")
async def states() -> Response[str]:
    """What may become of an occurrence, as a picture."""
    return Response(diagram.svg(diagram.wires()), media_type="image/svg+xml")


@get("/", media_type=MediaType.HTML, opt=HTML)
async def home() -> Response[str]:
    """What this is, and where to go on."""
    return page("Fallow", HOME, nav="")


@get("/problems", media_type=MediaType.HTML, opt=HTML)
async def every_problem() -> Response[str]:
    """All problems, by status."""
    rows = "".join(
        f'<li>{status} <a href="/problems/{kind.slug}">{kind.slug}</a>: {escape(kind.title())}</li>'
        for kind, status in sorted(problems.STATUS.items(), key=lambda each: (each[1], each[0].slug))
    )
    return page("Problems", f"<h1>Problems</h1><ul>{rows}</ul>")


@get("/problems/{slug:str}", media_type=MediaType.HTML, opt=HTML)
async def problem(slug: FromPath[str]) -> Response[str]:
    """What a problem means, how its answer looks and what to do."""
    kind = problems.BY_SLUG.get(slug)
    if kind is None:
        raise NotFound("There is no such problem; /problems lists all.")
    told = problem_pages.PAGES[slug]
    steps = "".join(f"<li>{escape(step)}</li>" for step in told.steps)
    answer = json.format(json.encode(problem_pages.example(kind)), indent=2).decode()
    return page(
        kind.title(),
        f"<h1>{escape(kind.title())}</h1><p><code>{slug}</code>, status {problems.STATUS[kind]}</p>"
        f"<h2>What happened</h2><p>{escape(told.meaning)}</p>"
        f"<h2>The way out</h2><ol>{steps}</ol><pre>{escape(told.request)}</pre>"
        f"<h2>An answer</h2><pre>{escape(answer)}</pre>",
    )


def page(title: str, body: str, nav: str = NAV) -> Response[str]:
    """A page that needs nothing but itself."""
    return Response(PAGE.format(title=escape(title), rest=STYLE + nav + body), media_type=MediaType.HTML)


files = create_static_files_router(path="/docs/static", directories=[Path(__file__).parent / "static"])
router = Router("/", route_handlers=[contract, docs, start, guide, states, home, every_problem, problem])

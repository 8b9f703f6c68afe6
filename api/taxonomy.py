"""The published lists of words."""

from litestar import Router, get
from litestar.di import NamedDependency
from litestar.params import FromQuery

from api.cursors import Cursors
from api.lists import Cursor, Limit, Pages
from api.problems import problems
from db.connection import Connection
from domain import errors, permissions
from domain.callers import Caller
from domain.taxonomy import Term, TermPage, taxonomy

REFUSALS = problems(errors.CursorInvalid, errors.CursorMismatch)


@get("/categories", operation_id="listCategories", responses=REFUSALS)
async def list_categories(
    conn: NamedDependency[Connection],  # noqa: ARG001 - the caller is found with it
    caller: NamedDependency[Caller | None],
    cursors: NamedDependency[Cursors],
    cursor: FromQuery[Cursor | None] = None,
    limit: FromQuery[Limit] = 20,
) -> TermPage:
    """What an asset can be, by code."""
    permissions.allow("listCategories", caller)
    return page(taxonomy().categories, Pages(cursors, "listCategories", cursor, limit))


@get("/features", operation_id="listFeatures", responses=REFUSALS)
async def list_features(
    conn: NamedDependency[Connection],  # noqa: ARG001 - the caller is found with it
    caller: NamedDependency[Caller | None],
    cursors: NamedDependency[Cursors],
    cursor: FromQuery[Cursor | None] = None,
    limit: FromQuery[Limit] = 20,
) -> TermPage:
    """What an asset can have, by code."""
    permissions.allow("listFeatures", caller)
    return page(taxonomy().features, Pages(cursors, "listFeatures", cursor, limit))


@get("/requirements", operation_id="listRequirements", responses=REFUSALS)
async def list_requirements(
    conn: NamedDependency[Connection],  # noqa: ARG001 - the caller is found with it
    caller: NamedDependency[Caller | None],
    cursors: NamedDependency[Cursors],
    cursor: FromQuery[Cursor | None] = None,
    limit: FromQuery[Limit] = 20,
) -> TermPage:
    """Papers and trainings that a booker may have to hold, by code."""
    permissions.allow("listRequirements", caller)
    return page(taxonomy().requirements, Pages(cursors, "listRequirements", cursor, limit))


@get("/purposes", operation_id="listPurposes", responses=REFUSALS)
async def list_purposes(
    conn: NamedDependency[Connection],  # noqa: ARG001 - the caller is found with it
    caller: NamedDependency[Caller | None],
    cursors: NamedDependency[Cursors],
    cursor: FromQuery[Cursor | None] = None,
    limit: FromQuery[Limit] = 20,
) -> TermPage:
    """What a booking can be for, by code."""
    permissions.allow("listPurposes", caller)
    return page(taxonomy().purposes, Pages(cursors, "listPurposes", cursor, limit))


def page(terms: dict[str, Term], pages: Pages) -> TermPage:
    """The terms after the page's position."""
    after = pages.position(str) or ""
    rows = [term for code, term in terms.items() if code > after]
    return pages.page(TermPage, rows[: pages.limit + 1], lambda term: term.code)


router = Router(
    "/", route_handlers=[list_categories, list_features, list_requirements, list_purposes], tags=["taxonomy"]
)

"""Who may do what: the one table, operation by relation to the object by role.

Relations: `nobody` has no token; a `stranger` has one, of an organisation that the object does not concern;
`owner` and `booker` are the object's. A cell is the least role that may; None: no role may. A name with a dot is
a member of the operation's body that not everybody may send who may do the rest.
"""

from collections.abc import Mapping
from typing import Literal
from uuid import UUID

import msgspec

from domain.callers import Caller, Role
from domain.errors import Forbidden, NotFound, Refused, Suspended, Unauthenticated, Unverified

Relation = Literal["nobody", "stranger", "owner", "booker"]


class Row(msgspec.Struct, frozen=True, kw_only=True):
    """One operation. `hidden`: who may not is told that there is nothing. `verified`: only once verified."""

    nobody: bool = False
    stranger: Role | None = None
    owner: Role | None = "member"
    booker: Role | None = None
    changes: bool = True
    hidden: bool = False
    verified: bool = False


def public() -> Row:
    """Anyone may read it; what of it is private, the statement leaves out."""
    return Row(nobody=True, stranger="member", booker="member", changes=False)


def own(role: Role, *, changes: bool = True) -> Row:
    """Concerns only the caller's own organisation, whichever that is."""
    return Row(stranger=role, owner=role, booker=role, changes=changes)


def owners(role: Role, *, hidden: bool = False, changes: bool = True, verified: bool = False) -> Row:
    """For the owner alone."""
    return Row(owner=role, hidden=hidden, changes=changes, verified=verified)


def both(role: Role, *, changes: bool = True) -> Row:
    """For owner and booker; nobody else knows of it."""
    return Row(owner=role, booker=role, hidden=True, changes=changes)


def bookers(role: Role) -> Row:
    """For the booker alone, whom the owner's staff may be too; nobody but these two knows of it."""
    return Row(owner=None, booker=role, hidden=True)


TABLE: Mapping[str, Row] = {
    "registerOrganisation": Row(nobody=True, stranger="member", booker="member"),
    "listOrganisations": public(),
    "getOrganisation": public(),
    "updateOrganisation": owners("admin"),
    "whoAmI": own("member", changes=False),
    "createToken": own("admin"),
    "listTokens": own("admin", changes=False),
    "getToken": owners("admin", hidden=True, changes=False),
    "revokeToken": owners("admin", hidden=True),
    "createSite": own("manager"),
    "listSites": public(),
    "getSite": public(),
    "updateSite": owners("manager"),
    "createAsset": owners("manager"),
    "listAssets": public(),
    "getAsset": public(),
    "updateAsset": owners("manager"),
    "publishAsset": owners("manager", verified=True),
    "pauseAsset": owners("manager"),
    "archiveAsset": owners("manager"),
    "copyAsset": owners("manager"),
    "getHours": public(),
    "replaceHours": owners("manager"),
    "createTimetable": own("manager"),
    "listTimetables": public(),
    "getTimetable": public(),
    "replaceTimetable": owners("manager"),
    "createClosure": owners("manager"),
    "listClosures": public(),
    "getClosure": public(),
    "deleteClosure": owners("manager"),
    "createLimit": own("manager"),
    "listLimits": public(),
    "getLimit": public(),
    "updateLimit": owners("manager"),
    "deleteLimit": owners("manager"),
    "getAvailability": public(),
    "listStarts": public(),
    "explainPeriod": public(),
    "searchAssets": public(),
    "listCategories": public(),
    "listFeatures": public(),
    "listRequirements": public(),
    "listPurposes": public(),
    "createNeed": own("member"),
    "listNeeds": own("member", changes=False),
    "getNeed": owners("member", hidden=True, changes=False),
    "updateNeed": owners("member", hidden=True),
    "closeNeed": owners("member", hidden=True),
    "listMatches": owners("member", hidden=True, changes=False),
    "listAssetNeeds": owners("member", changes=False),
    "getIdle": owners("member", changes=False),
    "tryTimetable": owners("member", verified=True),
    "getSeed": public(),
    "listDemand": public(),
    "createOffer": owners("manager"),
    "listOffers": own("member", changes=False),
    "getOffer": both("member", changes=False),
    "acceptOffer": bookers("member"),
    "declineOffer": bookers("member"),
    "withdrawOffer": owners("manager", hidden=True),
    "joinWaitingList": own("member"),
    "listWaiting": own("member", changes=False),
    "getWaiting": both("member", changes=False),
    "leaveWaitingList": bookers("member"),
    "bookAsset": own("member"),
    "bookAsset.on_behalf_of": owners("member"),
    "bookAsset.ignore_terms": owners("manager"),
    "listBookings": own("member", changes=False),
    "getBooking": both("member", changes=False),
    "confirmBooking": bookers("member"),
    "moveBooking": bookers("member"),
    "retrySkipped": bookers("member"),
    "approveBooking": owners("manager", hidden=True),
    "declineBooking": owners("manager", hidden=True),
    "cancelBooking": both("member"),
    "recallBooking": owners("manager", hidden=True),
    "checkIn": both("member"),
    "reportNoShow": owners("member", hidden=True),
    "sendMessage": both("member"),
    "listMessages": both("member", changes=False),
    "markMessageRead": both("member"),
    "eraseMessage": both("member"),
    "giveFeedback": both("member"),
    "listFeedback": both("member", changes=False),
    "eraseFeedback": both("member"),
    "listClaims": own("member", changes=False),
    "listOccurrences": own("member", changes=False),
    "listEvents": own("member", changes=False),
}


def relation(caller: Caller | None, owner_id: UUID | None, booker_id: UUID | None) -> Relation:
    """What an object is to the caller; without an owner, the object is the caller's own."""
    if caller is None:
        return "nobody"
    if owner_id is None or caller.organisation_id == owner_id:
        return "owner"
    return "booker" if caller.organisation_id == booker_id else "stranger"


def require(
    operation: str, caller: Caller | None, *, owner_id: UUID | None = None, booker_id: UUID | None = None
) -> Caller:
    """The caller, who may do this to an object of that owner and booker.

    Raises Unauthenticated without a caller, else NotFound, Suspended, Unverified or Forbidden.
    """
    if caller is None:
        raise Unauthenticated
    row = TABLE[operation]
    stands = relation(caller, owner_id, booker_id)
    least: Role | None = getattr(row, stands)
    if least is None and caller.organisation_id == booker_id:
        least = row.booker
    if least is None and row.hidden and stands == "stranger":
        raise NotFound
    if row.changes and caller.state == "suspended":
        raise Suspended
    if least is None:
        whose = "that it belongs to" if row.owner else "that books"
        raise Forbidden(f"{named(operation)} is only for the staff of the organisation {whose}.")
    if not caller.has(least):
        raise Forbidden(f"{named(operation)} needs the role {least}; the token has the role {caller.role}.")
    if row.verified and caller.state != "verified":
        raise Unverified
    return caller


def named(operation: str) -> str:
    """What a refusal calls it."""
    _, _, member = operation.partition(".")
    return f"`{member}`" if member else "This"


def allow(
    operation: str, caller: Caller | None, *, owner_id: UUID | None = None, booker_id: UUID | None = None
) -> None:
    """As `require`, but for what nobody in particular may do too."""
    if caller is not None or not TABLE[operation].nobody:
        require(operation, caller, owner_id=owner_id, booker_id=booker_id)


def allows(
    operation: str, caller: Caller | None, *, owner_id: UUID | None = None, booker_id: UUID | None = None
) -> bool:
    """Whether `require` would let the caller do it."""
    try:
        require(operation, caller, owner_id=owner_id, booker_id=booker_id)
    except Refused:
        return False
    return True


def as_markdown() -> str:
    """The table for people: docs/permissions.md."""
    lines = [
        "# Who may do what",
        "",
        "Made from `domain/permissions.py`, which every handler asks. A cell is the least role that may; a dash: no",
        "role may, and 404 says that the caller is not told that it exists. An organisation that is suspended",
        "changes nothing.",
        "",
        "| operation | no token | another organisation | owner | booker |",
        "|---|---|---|---|---|",
    ]
    for operation, row in TABLE.items():
        cells = [
            "yes" if row.nobody else "-",
            row.stranger or ("404" if row.hidden else "-"),
            (row.owner or "-") + (", verified" if row.verified else ""),
            row.booker or "-",
        ]
        name, _, member = operation.partition(".")
        shown = f"`{name}` with `{member}`" if member else f"`{name}`"
        lines.append(f"| {shown} | {' | '.join(cells)} |")
    return "\n".join([*lines, ""])

"""Who asks. People and other people's applications come later and become callers too."""

from typing import Literal, final
from uuid import UUID

import msgspec

Role = Literal["member", "manager", "admin"]
ROLES: tuple[Role, ...] = ("member", "manager", "admin")
OrganisationKind = Literal["council", "fire", "police", "health", "school", "library", "charity", "group", "business"]
OrganisationState = Literal["unverified", "verified", "suspended", "closed"]


@final
class Caller(msgspec.Struct, frozen=True):
    """The organisation that a token speaks for, and what the token may do."""

    organisation_id: UUID
    kind: OrganisationKind
    state: OrganisationState
    role: Role
    token_id: UUID

    def has(self, role: Role) -> bool:
        """Whether it has a role or a greater one."""
        return ROLES.index(self.role) >= ROLES.index(role)

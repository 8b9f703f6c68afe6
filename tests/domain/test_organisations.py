"""What is wrong with an organisation beyond its types."""

from domain.errors import Fault
from domain.organisations import Holding, Identifier, OrganisationRequest, faults


def test_slugs_identifiers_and_holdings_are_checked_all_at_once():
    request = OrganisationRequest(
        slug="0190b0d0-0000-7000-8000-000000000000",
        name="A",
        kind="group",
        identifiers=[Identifier("GB-CHC", "1"), Identifier("GB-CHC", "2")],
        holds=[Holding(code="no_such_paper"), Holding(code="midas"), Holding(code="midas")],
    )
    assert list(faults(request)) == [
        Fault("#/slug", "It must not look like an id."),
        Fault("#/identifiers/1/scheme", "There is another identifier of this scheme."),
        Fault("#/holds/0/code", "It is not in the published list, /v1/requirements."),
        Fault("#/holds/2/code", "It is there twice."),
    ]


def test_a_plain_organisation_has_no_faults():
    assert list(faults(OrganisationRequest(slug="a-group", name="A", kind="group"))) == []

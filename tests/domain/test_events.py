"""Events say what changed, and nothing that anybody wrote."""

from domain.events import differences


def test_of_texts_only_their_names_are_told():
    before = {"name": "A", "kind": "group", "contact": None, "units": 1, "updated_at": "2027"}
    after = {"name": "B", "kind": "group", "contact": {"name": "Jo"}, "units": 2, "updated_at": "2028"}
    assert differences(before, after, texts=("name", "contact")) == (
        {"units": 1},
        {"units": 2, "texts": ["contact", "name"]},
    )

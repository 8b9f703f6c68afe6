"""Tokens: what a scanner and a typist can tell of them."""

from domain import tokens


def test_a_new_token_is_well_formed_and_unlike_any_other():
    made = {tokens.make() for _ in range(100)}
    assert len(made) == 100
    assert all(tokens.is_well_formed(each) for each in made)


def test_a_slip_of_the_pen_shows_without_asking_the_database():
    token = tokens.make()
    other = "1" if token[10] != "1" else "2"
    assert not tokens.is_well_formed(token[:10] + other + token[11:])
    for wrong in ("", "fallow_", token[:-1], token + "a", token.upper(), token.replace("fallow_", ""), "fallow_é" * 9):
        assert not tokens.is_well_formed(wrong)

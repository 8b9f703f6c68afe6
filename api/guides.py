"""Guides by task as pages: /docs/<name>, made from the same Markdown that the repository shows and a test types."""

import re
from collections.abc import Mapping
from functools import cache
from pathlib import Path

from markdown_it import MarkdownIt

PROJECT = Path(__file__).resolve().parent.parent
# Each with what it is called where it is linked.
GUIDES: Mapping[str, str] = {
    "tour": "A tour",
    "list-a-kitchen": "List a kitchen",
    "book-twelve-tuesdays": "Book twelve Tuesdays",
    "say-what-you-need": "Say what you need",
    "see-who-would-come": "See who would come",
    "wait-in-line": "Wait in line",
    "hold-a-place": "Hold a place",
    "approve-requests": "Approve what is asked for",
    "check-in": "Check in",
    "share-fairly": "Cap what each group may have",
    "take-back-what-was-booked": "Take back what was booked",
    "show-what-is-free": "Show what is free",
    "states": "What may become of a booking",
    "permissions": "Who may do what",
    "limits": "How much one request may do",
}
LINKS = " · ".join(f'<a href="/docs/{name}">{title}</a>' for name, title in GUIDES.items())
TOUR = re.compile(r"^## (A tour\n.*?)^## ", re.DOTALL | re.MULTILINE)


@cache
def html(name: str) -> str:
    """The body of a guide. The tour is a part of the README."""
    if name == "tour":
        found = TOUR.search((PROJECT / "README.md").read_text())
        text = f"# {found[1]}" if found else ""
    else:
        text = (PROJECT / "docs" / f"{name}.md").read_text()
    rendered: str = MarkdownIt("js-default").render(here(text))
    return rendered


def here(text: str) -> str:
    """A guide's links to other guides, as pages."""
    pages = text.replace("](../README.md#a-tour)", "](/docs/tour)")
    return re.sub(r"\]\((?:docs/)?([a-z-]+)\.md\)", r"](/docs/\1)", pages)

"""In which form a caller wants an answer (the Accept header, RFC 9110)."""

from collections.abc import Iterator, Sequence

JSON = "application/json"
CSV = "text/csv"


def best(accepted: str, forms: Sequence[str]) -> str | None:
    """The form that is liked best, of equals the first; None where none will do."""
    ranges = list(media_ranges(accepted))
    if not ranges:
        return forms[0]
    liked = {form: liking(form, ranges) for form in forms}
    form = max(forms, key=lambda each: liked[each])
    return form if liked[form] > 0 else None


def media_ranges(accepted: str) -> Iterator[tuple[str, float]]:
    """What is named, and how much it is liked: 0 is not at all. Parameters but `q` make no difference here."""
    for each in accepted.split(","):
        kind, *parameters = (part.strip().lower() for part in each.split(";"))
        if kind:
            liked = next((text for name, _, text in (one.partition("=") for one in parameters) if name == "q"), "1")
            yield kind, quality(liked)


def quality(text: str) -> float:
    """From 0 to 1; what is neither is not like asking for less."""
    try:
        number = float(text)
    except ValueError:
        return 1.0
    return number if 0 <= number <= 1 else 1.0


def liking(form: str, ranges: Sequence[tuple[str, float]]) -> float:
    """How much a form is liked: what names it most exactly counts."""
    for pattern in (form, f"{form.partition('/')[0]}/*", "*/*"):
        if found := [liked for kind, liked in ranges if kind == pattern]:
            return max(found)
    return 0.0

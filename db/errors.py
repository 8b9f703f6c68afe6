"""What can go wrong below the handlers, in words for whoever has to act on it."""


class SetupFailed(Exception):
    """Fallow cannot start; the text is the one sentence that says what to do."""

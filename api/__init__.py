"""HTTP in, HTTP out: the only layer that knows Litestar. `app.py` composes it."""

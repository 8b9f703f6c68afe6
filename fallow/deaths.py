"""When to stop starting again what ends by itself."""

import time
from collections import deque

OFTEN = 5
WITHIN = 60  # seconds


class Deaths:
    """Counts how often something has ended."""

    def __init__(self) -> None:
        self.times: deque[float] = deque(maxlen=OFTEN)

    def too_often(self) -> bool:
        """Count one more. Whether that makes five within a minute."""
        self.times.append(time.monotonic())
        return len(self.times) == OFTEN and self.times[-1] - self.times[0] < WITHIN

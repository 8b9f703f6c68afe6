"""What workers count. Where they share PROMETHEUS_MULTIPROC_DIR with servers, these answer for them at /metrics."""

from prometheus_client import Counter, Histogram

jobs = Counter("fallow_jobs", "Jobs done, failed (they are tried again), or taken over by another.", ["job", "outcome"])
seconds = Histogram("fallow_job_seconds", "How long jobs took.", ["job"])
late = Histogram(
    "fallow_job_late_seconds",
    "How long after its instant a job began.",
    ["job"],
    buckets=(0.5, 1, 2.5, 5, 10, 30, 60, 300, 900, 3600),
)

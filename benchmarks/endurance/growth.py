"""What a process holds later and did not hold before."""

from benchmarks.process_usage import ProcessUsage

# Memory is given back late and in pages: it has grown when it is beyond both of these.
MAX_GROWTH_SHARE, MAX_GROWTH_MB = 0.02, 2.0


def list_growth(before: ProcessUsage, after: ProcessUsage) -> list[str]:
    """List what has grown from `before` to `after`, a line each."""
    counts = (
        ("threads", before.threads, after.threads),
        ("descriptors", before.descriptors, after.descriptors),
    )
    lines = [f"{name}: {old} at first, {new} at the end" for name, old, new in counts if new > old]
    growth_mb = after.rss_mb - before.rss_mb
    if growth_mb > max(MAX_GROWTH_MB, MAX_GROWTH_SHARE * before.rss_mb):
        lines.append(f"memory: {growth_mb:.1f} MB more than at first")
    return lines

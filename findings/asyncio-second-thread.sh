#!/usr/bin/env bash
# asyncio's default executor starts further threads for jobs that never overlap.
#
# Expected: jobs that are awaited one after the other share the one thread that is idle whenever the next
# job comes (since Python 3.9 an executor reuses idle threads).
# Seen: now and then a second thread starts, later a third. A worker hands over its result before it counts
# itself as idle; the event loop can submit the next job in between. A count of threads that must not grow
# grows.
# Instead: loop.set_default_executor(ThreadPoolExecutor(max_workers=1)).
set -euo pipefail

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT

cat > "$folder/sequential.py" <<'END'
import asyncio
import platform
import sys
import threading

JOBS = 200_000


async def count_jobs_until_second_thread():
    loop = asyncio.get_running_loop()
    for number in range(1, JOBS + 1):
        await loop.run_in_executor(None, int)
        if threading.active_count() > 2:
            return number
    return None


number = asyncio.run(count_jobs_until_second_thread())
print(f"version:  Python {platform.python_version()}, {platform.machine()}")
print(f"expected: the main thread and one worker after {JOBS} jobs, each awaited before the next")
if number is None:
    sys.exit("changed: one worker did all jobs")
print(f"seen:     a second worker after {number} jobs")
END

python3 "$folder/sequential.py"

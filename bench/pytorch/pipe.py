"""How a peer that times whole runs is driven: one JSON object per line in, one per line out."""

import json
import sys
import time


def serve(about, run, answers):
    """Says `about` and answers: `{"times": n}` with n runs in milliseconds, others by the function of their name in `answers`."""
    print(json.dumps(about), flush=True)
    for line in sys.stdin:
        [(name, value)] = json.loads(line).items()
        print(json.dumps(answers[name](value) if name in answers else {'ms': [timed(run) for _ in range(value)]}), flush=True)


def timed(run):
    begun = time.perf_counter()
    run()
    return (time.perf_counter() - begun) * 1000

"""Rank of the benchmark of all-reduce in Python: sums NumPy arrays in place by mpi4py."""
import argparse
import json
import statistics
import time

import mpi4py
import numpy
from mpi4py import MPI

parser = argparse.ArgumentParser()
parser.add_argument("--bytes", required=True)
parser.add_argument("--times", required=True)
given = parser.parse_args()
world = MPI.COMM_WORLD
for size, times in zip(given.bytes.split(","), given.times.split(",")):
    array = numpy.zeros(int(size) // 4, numpy.float32)
    found = []
    # The first call allocates.
    for run in range(int(times) + 1):
        world.Barrier()
        start = time.perf_counter()
        world.Allreduce(MPI.IN_PLACE, array)
        if run > 0:
            found.append(1000 * (time.perf_counter() - start))
    if world.rank == 0:
        row = {"bytes": int(size), "milliseconds": statistics.median(found)}
        print(json.dumps({**row, "version": mpi4py.__version__}), flush=True)

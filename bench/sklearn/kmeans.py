"""The peer of the k-means benchmark: scikit-learn on rows from a file, driven through pipes.

    python3 bench/sklearn/kmeans.py --rows rows.npy --start start.npy --iterations 20 --threads 2

One JSON object per line in, one per line out:

    {"fit": "lloyd"}      -> {"seconds": s, "objective": x, "iterations": n, "megabytes": m}   KMeans from the given centroids
    {"fit": "miniBatch"}  -> the same                                      MiniBatchKMeans from them, as many passes over the rows
    {"fit": ..., "iterations": n}   of n iterations or passes, in place of --iterations

The first line out says what is running: {"versions": {"scikit-learn": ...}, "threads": ...}. A failure is {"error": ...}. `megabytes` is the
process's largest resident memory so far.
"""

import argparse
import json
import os
import sys
import time


def main():
    parser = argparse.ArgumentParser()
    for name in ['rows', 'start']:
        parser.add_argument(f'--{name}', required=True)
    parser.add_argument('--iterations', type=int, required=True)
    parser.add_argument('--threads', type=int, required=True)
    options = parser.parse_args()
    # Read by the libraries when they are loaded.
    for name in ['OMP_NUM_THREADS', 'OPENBLAS_NUM_THREADS']:
        os.environ[name] = str(options.threads)

    import resource

    import numpy as np
    import sklearn
    from sklearn.cluster import KMeans, MiniBatchKMeans

    x = np.load(options.rows)
    start = np.load(options.start)
    say({'versions': {'scikit-learn': sklearn.__version__, 'NumPy': np.__version__}, 'threads': options.threads})
    for line in sys.stdin:
        try:
            request = json.loads(line)
            kind, iterations = request['fit'], request.get('iterations', options.iterations)
            common = {'n_clusters': len(start), 'init': start, 'n_init': 1, 'max_iter': iterations, 'tol': 0}
            if kind == 'lloyd':
                model = KMeans(algorithm='lloyd', **common)
            else:
                # Of its ways to stop early only the passes over the rows remain.
                model = MiniBatchKMeans(batch_size=4096, max_no_improvement=None, compute_labels=True, **common)
            begun = time.perf_counter()
            model.fit(x)
            seconds = time.perf_counter() - begun
            megabytes = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
            objective = 0.0
            for i in range(0, len(x), 65536):  # in parts, which is slower and takes little memory
                nearest = model.cluster_centers_[model.labels_[i : i + 65536]]
                objective += float(np.square(x[i : i + 65536] - nearest, dtype=np.float64).sum())
            say({'seconds': seconds, 'objective': objective, 'iterations': int(model.n_iter_), 'megabytes': megabytes})
        except Exception as error:
            say({'error': f'{type(error).__name__}: {error}'})


def say(message):
    print(json.dumps(message), flush=True)


main()

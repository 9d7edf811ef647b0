"""The peer of the benchmark of Sinkhorn codes and exact nearest neighbors: PyTorch, driven through pipes.

One JSON object per line in, one per line out:

    {"times": n} -> {"ms": [...]}       times n runs, each in milliseconds
    {"first": n} -> {"first": [...]}    the first n rows of the result, one after another

`sinkhorn`: codes of `--scores`, from softmax-like weights by turns of columns and rows. `neighbors`: the cosines of the k
nearest rows of `--bank` to each row of `--queries`, in blocks of queries; vectors are brought to length 1 in each run.
"""

import argparse

import numpy as np
import torch
import torch.nn.functional as F

from pipe import serve

BLOCK = 500


@torch.no_grad()
def sinkhorn(scores, epsilon, iterations):
    q = torch.exp((scores - scores.max()) / epsilon)
    q /= q.sum()
    for _ in range(iterations):
        q /= q.sum(0, keepdim=True) * q.shape[1]
        q /= q.sum(1, keepdim=True)
    return q


def neighbors(queries, bank, k):
    queries, bank = F.normalize(queries, dim=1), F.normalize(bank, dim=1)
    found = [(queries[i:i + BLOCK] @ bank.T).topk(k) for i in range(0, len(queries), BLOCK)]
    return torch.cat([values for values, _ in found]), torch.cat([indices for _, indices in found])


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument('--work', choices=['sinkhorn', 'neighbors'], required=True)
    for name in ['scores', 'queries', 'bank']:
        parser.add_argument(f'--{name}')
    parser.add_argument('--k', type=int)
    parser.add_argument('--epsilon', type=float)
    parser.add_argument('--iterations', type=int)
    parser.add_argument('--threads', type=int, required=True)
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    torch.set_grad_enabled(False)

    def read(path):
        return torch.from_numpy(np.load(path))

    if options.work == 'sinkhorn':
        scores = read(options.scores)

        def run():
            return sinkhorn(scores, options.epsilon, options.iterations)
    else:
        queries, bank = read(options.queries), read(options.bank)

        def run():
            return neighbors(queries, bank, options.k)[0]

    def first(rows):
        return {'first': run()[:rows].flatten().tolist()}

    serve({'versions': {'PyTorch': torch.__version__}, 'threads': torch.get_num_threads()}, run, {'first': first})


if __name__ == '__main__':
    main()

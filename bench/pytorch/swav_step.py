"""The peer of the benchmark of a SwAV step: PyTorch, driven through pipes.

One JSON object per line in, one per line out:

    {"losses": n} -> {"losses": [...]}    takes n steps; the loss of each, before its update
    {"steps": n}  -> {"ms": [...]}        takes n steps, each timed in milliseconds
    {"fill": true} -> {"filled": n}       lets the queue count as full from now on

Weights and crops come from the safetensors file `--start`, by torchvision's names for the encoder, `projection_head.<i>` and
`prototypes.weight`; weights may be stored flat. A step is: prototypes to length 1, one pass of the encoder per resolution, head,
Sinkhorn over queue and batch (the queue takes part once it is full), swapped prediction, backward, LARC, the queue's shift.
"""

import argparse
import json
import sys
import time

import torch
import torch.nn as nn
import torch.nn.functional as F

from clustering import sinkhorn
from step import ResNet, read_safetensors

BLOCKS = {'resnet10': (1, 1, 1, 1), 'resnet18': (2, 2, 2, 2)}
TEMPERATURE, EPSILON, ITERATIONS = 0.1, 0.05, 3
MOMENTUM, DECAY, TRUST, TINY = 0.9, 1e-6, 0.001, 1e-8


class Network(ResNet):
    def __init__(self, options):
        super().__init__(options.stem, options.width, BLOCKS[options.architecture], classes=0)
        self.projection_head = nn.Sequential(
            nn.Linear(self.features, options.hidden), nn.BatchNorm1d(options.hidden), nn.ReLU(inplace=True),
            nn.Linear(options.hidden, options.dimensions))
        self.prototypes = nn.Linear(options.dimensions, options.prototypes, bias=False)

    def embed(self, resolutions):
        features = torch.cat([super(Network, self).forward(x) for x in resolutions])
        return F.normalize(self.projection_head(features), dim=1)


class Step:
    def __init__(self, options):
        self.batch = options.batch
        tensors = read_safetensors(options.start)
        network = Network(options)
        state = network.state_dict()
        for name, tensor in tensors.items():
            if name in state:
                state[name].copy_(tensor.reshape(state[name].shape))
        layout = torch.channels_last if options.format == 'channels_last' else torch.contiguous_format
        self.network = network.to(memory_format=layout).train()
        groups = sum(name.startswith('crops.') for name in tensors)
        self.crops = [tensors[f'crops.{g}'].contiguous(memory_format=layout) for g in range(groups)]
        self.parameters = list(self.network.parameters())
        self.optimizer = torch.optim.SGD(self.parameters, lr=options.rate, momentum=MOMENTUM)
        self.queue = torch.zeros(2, options.queue, options.dimensions)
        self.filled = 0

    def larc(self):
        for w in self.parameters:
            weight, gradient = w.detach().norm(), w.grad.norm()
            if weight != 0 and gradient != 0:
                rate = TRUST * weight / (gradient + DECAY * weight + TINY)
                w.grad.add_(w.detach(), alpha=DECAY).mul_(rate)

    def take(self):
        batch, prototypes = self.batch, self.network.prototypes.weight
        with torch.no_grad():
            prototypes.copy_(F.normalize(prototypes, dim=1))
        embeddings = self.network.embed(self.crops)
        scores = self.network.prototypes(embeddings)
        crops = scores.reshape(-1, batch, scores.shape[1])
        log_p = F.log_softmax(crops / TEMPERATURE, 2)
        loss = 0
        for a in range(2):
            own = crops[a].detach()
            if self.filled >= self.queue.shape[1]:
                with torch.no_grad():
                    own = torch.cat([self.queue[a] @ prototypes.T, own])
            code = sinkhorn(own, EPSILON, ITERATIONS)[-batch:]
            others = [v for v in range(len(crops)) if v != a]
            loss = loss - sum((code * log_p[v]).sum(1).mean() for v in others) / len(others)
        loss = loss / 2
        self.optimizer.zero_grad(set_to_none=True)
        loss.backward()
        self.larc()
        self.optimizer.step()
        with torch.no_grad():
            newest = embeddings.detach().reshape(-1, batch, embeddings.shape[1])[:2]
            self.queue = torch.cat([newest, self.queue[:, :-batch]], 1)
            self.filled += batch
        return loss.item()


def main():
    parser = argparse.ArgumentParser()
    for name in ['batch', 'width', 'prototypes', 'hidden', 'queue', 'dimensions', 'threads']:
        parser.add_argument(f'--{name}', type=int, required=True)
    parser.add_argument('--stem', required=True)
    parser.add_argument('--architecture', choices=list(BLOCKS), required=True)
    parser.add_argument('--rate', type=float, required=True)
    parser.add_argument('--start', required=True)
    parser.add_argument('--format', choices=['contiguous', 'channels_last'], required=True)
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    torch.set_flush_denormal(True)
    step = Step(options)
    print(json.dumps({'versions': {'PyTorch': torch.__version__}, 'threads': torch.get_num_threads()}), flush=True)
    for line in sys.stdin:
        request = json.loads(line)
        if 'losses' in request:
            answer = {'losses': [step.take() for _ in range(request['losses'])]}
        elif 'fill' in request:
            step.filled = options.queue
            answer = {'filled': step.filled}
        else:
            answer = {'ms': []}
            for _ in range(request['steps']):
                begun = time.perf_counter()
                step.take()
                answer['ms'].append((time.perf_counter() - begun) * 1000)
        print(json.dumps(answer), flush=True)


if __name__ == '__main__':
    main()

"""The peer of the step and inference benchmarks: a ResNet in PyTorch, driven through pipes.

A step is forward, softmax cross entropy over 128 classes with integer targets, backward, and SGD with momentum .9 and
learning rate .01 (no weight decay). One JSON object per line in, one per line out:

    {"steps": n}      -> {"ms": [...]}                    times n steps, each in milliseconds
    {"warmUp": n}     -> {"ms": [...]}                    the same, for steps that do not count
    {"infer": n}      -> {"ms": [...]}                    times n passes without gradients, by running statistics
    {"features": "F"} -> {"features": [...]}              the features of the images, with weights, statistics and images from a file
    {"check": "FILE"} -> {"loss": x, "lossAfter": y}      weights, images and targets from a safetensors file: the loss, and
                                                          the loss on the same batch after one step
    {"save": "FILE"}  -> {"saved": "FILE"}                writes weights, images and targets in that form
    {"quit": true}    ends (as does the end of the input)

The first line out says what is running: {"versions": {"PyTorch": ...}, "threads": ..., "parameters": ...}. A failure is {"error": ...}.

Names in the safetensors file: torchvision's parameter names (`conv1.weight`, `layer1.0.bn1.weight`, ..., `fc.bias`),
`images` `[batch, 3, size, size]` and `targets` `[batch]`, all F32 but `targets`, which may be I32 or I64. Running statistics
are not needed: batch norm is in training mode.
"""

import argparse
import json
import struct
import sys
import time

import numpy as np
import torch
import torch.nn as nn
import torch.nn.functional as F

CLASSES = 128


class BasicBlock(nn.Module):
    expansion = 1

    def __init__(self, inputs, outputs, stride):
        super().__init__()
        self.conv1 = nn.Conv2d(inputs, outputs, 3, stride, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(outputs)
        self.conv2 = nn.Conv2d(outputs, outputs, 3, 1, 1, bias=False)
        self.bn2 = nn.BatchNorm2d(outputs)
        self.downsample = None
        if stride != 1 or inputs != outputs:
            self.downsample = nn.Sequential(nn.Conv2d(inputs, outputs, 1, stride, bias=False), nn.BatchNorm2d(outputs))

    def forward(self, x):
        y = F.relu(self.bn1(self.conv1(x)), inplace=True)
        y = self.bn2(self.conv2(y))
        return F.relu(y + (x if self.downsample is None else self.downsample(x)), inplace=True)


class Bottleneck(nn.Module):
    expansion = 4

    def __init__(self, inputs, channels, stride):
        super().__init__()
        outputs = channels * self.expansion
        self.conv1 = nn.Conv2d(inputs, channels, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(channels)
        self.conv2 = nn.Conv2d(channels, channels, 3, stride, 1, bias=False)
        self.bn2 = nn.BatchNorm2d(channels)
        self.conv3 = nn.Conv2d(channels, outputs, 1, bias=False)
        self.bn3 = nn.BatchNorm2d(outputs)
        self.downsample = None
        if stride != 1 or inputs != outputs:
            self.downsample = nn.Sequential(nn.Conv2d(inputs, outputs, 1, stride, bias=False), nn.BatchNorm2d(outputs))

    def forward(self, x):
        y = F.relu(self.bn1(self.conv1(x)), inplace=True)
        y = F.relu(self.bn2(self.conv2(y)), inplace=True)
        y = self.bn3(self.conv3(y))
        return F.relu(y + (x if self.downsample is None else self.downsample(x)), inplace=True)


NETWORKS = {'resnet18': (BasicBlock, (2, 2, 2, 2)), 'resnet50': (Bottleneck, (3, 4, 6, 3))}


class ResNet(nn.Module):
    """ResNet with `width` channels in the first stage; names as in torchvision."""

    def __init__(self, stem='cifar', width=64, blocks=(2, 2, 2, 2), classes=CLASSES, block=BasicBlock):
        super().__init__()
        self.cifar = stem == 'cifar'
        self.conv1 = nn.Conv2d(3, width, 3, 1, 1, bias=False) if self.cifar else nn.Conv2d(3, width, 7, 2, 3, bias=False)
        self.bn1 = nn.BatchNorm2d(width)
        channels = width
        for i, count in enumerate(blocks):
            layers = []
            for j in range(count):
                layers.append(block(channels, width << i, 2 if i > 0 and j == 0 else 1))
                channels = (width << i) * block.expansion
            setattr(self, f'layer{i + 1}', nn.Sequential(*layers))
        self.features = channels
        self.fc = nn.Linear(channels, classes) if classes else nn.Identity()
        for m in self.modules():
            if isinstance(m, nn.Conv2d):
                nn.init.kaiming_normal_(m.weight, mode='fan_out', nonlinearity='relu')
        # Blocks that begin near the identity: a deep network of full-strength blocks amplifies a rounding ten thousand times,
        # so that two right answers differ in the third digit.
        for m in self.modules():
            if isinstance(m, (BasicBlock, Bottleneck)):
                nn.init.constant_((m.bn3 if isinstance(m, Bottleneck) else m.bn2).weight, 0.25)

    def forward(self, x):
        x = F.relu(self.bn1(self.conv1(x)), inplace=True)
        if not self.cifar:
            x = F.max_pool2d(x, 3, 2, 1)
        for layer in [self.layer1, self.layer2, self.layer3, self.layer4]:
            x = layer(x)
        return self.fc(x.mean((2, 3)))


def read_safetensors(path):
    kinds = {'F32': np.float32, 'F64': np.float64, 'I32': np.int32, 'I64': np.int64}
    with open(path, 'rb') as file:
        raw = file.read()
    length = struct.unpack('<Q', raw[:8])[0]
    header = json.loads(raw[8:8 + length])
    tensors = {}
    for name, entry in header.items():
        if name != '__metadata__':
            start, end = (8 + length + o for o in entry['data_offsets'])
            tensors[name] = torch.from_numpy(np.frombuffer(raw[start:end], kinds[entry['dtype']]).reshape(entry['shape']).copy())
    return tensors


def write_safetensors(path, tensors):
    header, offset, parts = {}, 0, []
    for name, x in tensors.items():
        whole = name == 'targets'
        part = x.detach().contiguous().numpy().astype('<i4' if whole else '<f4').tobytes()
        header[name] = {'dtype': 'I32' if whole else 'F32', 'shape': list(x.shape), 'data_offsets': [offset, offset + len(part)]}
        offset += len(part)
        parts.append(part)
    text = json.dumps(header, separators=(',', ':')).encode()
    text += b' ' * (-len(text) % 8)
    with open(path, 'wb') as file:
        file.write(struct.pack('<Q', len(text)) + text + b''.join(parts))


class Bench:
    def __init__(self, options):
        torch.set_num_threads(options.threads)
        torch.manual_seed(0)
        self.format = torch.channels_last if options.format == 'channels_last' else torch.contiguous_format
        block, blocks = NETWORKS[options.architecture]
        self.model = ResNet(options.stem, options.width, blocks, block=block).to(memory_format=self.format)
        self.images = torch.randn(options.batch, 3, options.size, options.size).to(memory_format=self.format)
        self.targets = torch.randint(0, CLASSES, (options.batch,))
        self.new_optimizer()

    def new_optimizer(self):
        self.optimizer = torch.optim.SGD(self.model.parameters(), lr=0.01, momentum=0.9)

    def step(self):
        self.optimizer.zero_grad(set_to_none=True)
        loss = F.cross_entropy(self.model(self.images), self.targets)
        loss.backward()
        self.optimizer.step()
        return loss.item()

    def timed(self, steps):
        ms = []
        for _ in range(steps):
            start = time.perf_counter()
            self.step()
            ms.append(round((time.perf_counter() - start) * 1000, 3))
        return {'ms': ms}

    @torch.no_grad()
    def inferred(self, passes):
        self.model.eval()
        ms = []
        for _ in range(passes):
            start = time.perf_counter()
            self.model(self.images)
            ms.append(round((time.perf_counter() - start) * 1000, 3))
        return {'ms': ms}

    @torch.no_grad()
    def features(self, path):
        tensors = read_safetensors(path)
        images = tensors.pop('images').to(memory_format=self.format)
        tensors.pop('targets', None)
        self.model.load_state_dict(tensors, strict=False)
        self.model.fc = nn.Identity()
        self.model.eval()
        return {'features': self.model(images).flatten().tolist()}

    def check(self, path):
        tensors = read_safetensors(path)
        self.images = tensors.pop('images').to(memory_format=self.format)
        self.targets = tensors.pop('targets').long()
        own = self.model.state_dict()
        statistics = {n for n in own if 'running_' in n or 'num_batches' in n}
        unknown, missing = sorted(set(tensors) - set(own)), sorted(set(own) - set(tensors) - statistics)
        if unknown or missing:
            raise ValueError(f'the file has unknown tensors {unknown[:3]} and lacks {missing[:3]}')
        self.model.load_state_dict(tensors, strict=False)
        self.new_optimizer()
        return {'loss': self.step(), 'lossAfter': F.cross_entropy(self.model(self.images), self.targets).item()}

    def save(self, path):
        tensors = {n: p for n, p in self.model.named_parameters()}
        write_safetensors(path, {**tensors, 'images': self.images, 'targets': self.targets})
        return {'saved': path}

    def answer(self, request):
        if 'steps' in request:
            return self.timed(int(request['steps']))
        if 'warmUp' in request:
            return self.timed(int(request['warmUp']))
        if 'infer' in request:
            return self.inferred(int(request['infer']))
        if 'features' in request:
            return self.features(request['features'])
        if 'check' in request:
            return self.check(request['check'])
        if 'save' in request:
            return self.save(request['save'])
        raise ValueError(f'expected steps, warmUp, check, save or quit, got {request}')


def say(message):
    print(json.dumps(message), flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument('--architecture', choices=list(NETWORKS), default='resnet18')
    parser.add_argument('--stem', choices=['cifar', 'imagenet'], default='cifar')
    parser.add_argument('--size', type=int, default=32)
    parser.add_argument('--width', type=int, default=64)
    parser.add_argument('--batch', type=int, default=64)
    parser.add_argument('--format', choices=['contiguous', 'channels_last'], default='contiguous')
    parser.add_argument('--threads', type=int, default=2)
    options = parser.parse_args()
    bench = Bench(options)
    parameters = sum(p.numel() for p in bench.model.parameters())
    say({'versions': {'PyTorch': torch.__version__}, 'threads': torch.get_num_threads(), 'parameters': parameters})
    for line in sys.stdin:
        if not line.strip():
            continue
        try:
            request = json.loads(line)
            if 'quit' in request:
                break
            say(bench.answer(request))
        except Exception as error:  # the driver decides what a failure means
            say({'error': f'{type(error).__name__}: {error}'})


if __name__ == '__main__':
    main()

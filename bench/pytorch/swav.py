"""SwAV on small pictures in plain PyTorch: the peer for whole training runs at equal minutes.

    python3 bench/pytorch/swav.py --data cifar10 --minutes 30

`--data` is a folder with `train/<class>/*.jpg` and `test/<class>/*.jpg` (or `val`), all pictures of one size. Labels are
used for the evaluation only. Progress and results are JSON lines on stdout.

Encoder: 3x3 stem, four stages of one basic block (width, 2, 4, 8 times width; stride 2 from the second), average pooling.
Head Linear - batch norm - ReLU - Linear - L2 norm, prototypes without bias and of length 1, Adam with a cosine to 0.
The views of a batch are made together with one sampling grid (bilinear, without the blur that a strong shrink would want)
from pictures held in memory.
"""

import argparse
import json
import math
import os
import resource
import time

import numpy as np
import torch
import torch.nn as nn
import torch.nn.functional as F
from PIL import Image

from step import ResNet

MEAN = torch.tensor([0.485, 0.456, 0.406]).reshape(1, 3, 1, 1)
STD = torch.tensor([0.228, 0.224, 0.225]).reshape(1, 3, 1, 1)


def say(**message):
    print(json.dumps(message), flush=True)


# ---- pictures -------------------------------------------------------------------------------------------------


def load(folder):
    """All pictures of `folder/<class>/`: uint8 `[N, 3, H, W]` and labels `[N]`."""
    pictures, labels = [], []
    for label, name in enumerate(sorted(os.listdir(folder))):
        for file in sorted(os.listdir(os.path.join(folder, name))):
            pictures.append(np.asarray(Image.open(os.path.join(folder, name, file)).convert('RGB')))
            labels.append(label)
    return torch.from_numpy(np.stack(pictures)).permute(0, 3, 1, 2).contiguous(), torch.tensor(labels)


# ---- views ----------------------------------------------------------------------------------------------------


def crop_and_flip(x, size, scale):
    """Random area and aspect, then a flip with probability 1/2: `[B, 3, H, W]` -> `[B, 3, size, size]`."""
    n = len(x)
    area = torch.empty(n).uniform_(*scale)
    ratio = torch.empty(n).uniform_(math.log(3 / 4), math.log(4 / 3)).exp()
    w, h = (area * ratio).sqrt().clamp(max=1), (area / ratio).sqrt().clamp(max=1)
    center_x, center_y = (2 * torch.rand(n) - 1) * (1 - w), (2 * torch.rand(n) - 1) * (1 - h)
    theta = torch.zeros(n, 2, 3)
    theta[:, 0, 0] = torch.where(torch.rand(n) < 0.5, -w, w)
    theta[:, 0, 2], theta[:, 1, 1], theta[:, 1, 2] = center_x, h, center_y
    grid = F.affine_grid(theta, [n, 3, size, size], align_corners=False)
    return F.grid_sample(x, grid, padding_mode='border', align_corners=False)


def luminance(x):
    return (0.299 * x[:, 0] + 0.587 * x[:, 1] + 0.114 * x[:, 2]).unsqueeze(1)


def turn_hue(x, shift):
    """Turns the color circle by `shift` (a fraction of it), through hue, saturation, value."""
    high, low = x.max(1).values, x.min(1).values
    spread = (high - low).clamp(min=1e-8)
    r, g, b = x.unbind(1)
    hue = torch.where(high == r, (g - b) / spread, torch.where(high == g, 2 + (b - r) / spread, 4 + (r - g) / spread))
    hue = (hue / 6 + shift.reshape(-1, 1, 1)) % 1
    k = (torch.tensor([5.0, 3, 1]).reshape(1, 3, 1, 1) + hue.unsqueeze(1) * 6) % 6
    return high.unsqueeze(1) - (high - low).unsqueeze(1) * torch.minimum(k, 4 - k).clamp(0, 1)


def jitter(x, strengths, probability):
    """Brightness, contrast, saturation and hue, in an order drawn per batch, for a random part of the pictures."""

    def factor(strength):
        return torch.empty(len(x), 1, 1, 1).uniform_(max(0, 1 - strength), 1 + strength)

    brightness, contrast, saturation, hue = strengths
    y = x
    for which in torch.randperm(4).tolist():
        if which == 0:
            y = y * factor(brightness)
        elif which == 1:
            f = factor(contrast)
            y = y * f + luminance(y).mean((2, 3), keepdim=True) * (1 - f)
        elif which == 2:
            f = factor(saturation)
            y = y * f + luminance(y) * (1 - f)
        else:
            y = turn_hue(y, torch.empty(len(x)).uniform_(-hue, hue))
        y = y.clamp(0, 1)
    return torch.where(torch.rand(len(x), 1, 1, 1) < probability, y, x)


def view(x, size, scale, options):
    x = crop_and_flip(x, size, scale)
    x = jitter(x, options.jitter, 0.8)
    x = torch.where(torch.rand(len(x), 1, 1, 1) < 0.2, luminance(x).expand_as(x), x)
    return (x - MEAN) / STD


# ---- SwAV -----------------------------------------------------------------------------------------------------


class Network(nn.Module):
    def __init__(self, options):
        super().__init__()
        self.encoder = ResNet(options.stem, options.width, options.blocks, classes=0)
        d = self.encoder.features
        hidden, out = options.hidden or 2 * d, options.dimensions
        self.head = nn.Sequential(nn.Linear(d, hidden), nn.BatchNorm1d(hidden), nn.ReLU(inplace=True), nn.Linear(hidden, out))
        self.prototypes = nn.Linear(out, options.prototypes, bias=False)

    def forward(self, resolutions):
        features = torch.cat([self.encoder(x) for x in resolutions])
        return self.prototypes(F.normalize(self.head(features), dim=1))


@torch.no_grad()
def sinkhorn(scores, epsilon, iterations):
    q = torch.exp((scores - scores.max()) / epsilon).T
    for _ in range(iterations):
        q = q / q.sum(1, keepdim=True)  # every prototype takes the same share
        q = q / q.sum(0, keepdim=True)  # every picture gives 1
    return q.T


def swav_loss(scores, batch, options):
    crops = scores.reshape(-1, batch, scores.shape[1])
    log_p = F.log_softmax(crops / options.temperature, 2)
    loss = 0
    for a in range(2):
        code = sinkhorn(crops[a].detach(), options.epsilon, 3)
        others = [v for v in range(len(crops)) if v != a]
        loss = loss - sum((code * log_p[v]).sum(1).mean() for v in others) / len(others)
    return loss / 2


# ---- evaluation -----------------------------------------------------------------------------------------------


@torch.no_grad()
def features_of(encoder, pictures, batch=500):
    encoder.eval()
    parts = [encoder((pictures[i:i + batch].float() / 255 - MEAN) / STD) for i in range(0, len(pictures), batch)]
    encoder.train()
    return torch.cat(parts)


def weighted_knn(bank, bank_labels, queries, labels, k=200, temperature=0.1):
    bank, queries = F.normalize(bank, dim=1), F.normalize(queries, dim=1)
    right, k = 0, min(k, len(bank))
    for i in range(0, len(queries), 500):
        similarity, index = (queries[i:i + 500] @ bank.T).topk(k)
        votes = F.one_hot(bank_labels[index]) * (similarity / temperature).exp().unsqueeze(2)
        right += (votes.sum(1).argmax(1) == labels[i:i + 500]).sum().item()
    return right / len(queries)


def clustering(features, labels, seed):
    from scipy.optimize import linear_sum_assignment
    from sklearn.cluster import KMeans
    from sklearn.metrics import adjusted_rand_score, normalized_mutual_info_score

    k, y = int(labels.max()) + 1, labels.numpy()
    found = KMeans(k, n_init=10, random_state=seed).fit_predict(F.normalize(features, dim=1).numpy())
    confusion = np.zeros([k, k])
    np.add.at(confusion, (y, found), 1)
    rows, columns = linear_sum_assignment(-confusion)
    return {
        'nmi': round(float(normalized_mutual_info_score(y, found)), 4),
        'acc': round(float(confusion[rows, columns].sum() / len(y)), 4),
        'ari': round(float(adjusted_rand_score(y, found)), 4),
    }


# ---- run ------------------------------------------------------------------------------------------------------


def crop_list(text):
    """`2x32:.14-1,4x16:.08-.3` -> [(2, 32, (.14, 1)), (4, 16, (.08, .3))]"""
    crops = []
    for part in text.split(','):
        shape, scale = part.split(':')
        count, size = shape.split('x')
        low, high = scale.split('-')
        crops.append((int(count), int(size), (float(low), float(high))))
    return crops


def parse():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument('--data', required=True)
    parser.add_argument('--minutes', type=float, help='training time; evaluation does not count')
    parser.add_argument('--epochs', type=int, help='instead of --minutes')
    parser.add_argument('--crops', type=crop_list, default=crop_list('2x32:.14-1'))
    parser.add_argument('--jitter', type=float, nargs=4, default=[0.4, 0.4, 0.4, 0.1])
    parser.add_argument('--stem', choices=['cifar', 'imagenet'], default='cifar')
    parser.add_argument('--width', type=int, default=16)
    parser.add_argument('--blocks', type=int, nargs=4, default=[1, 1, 1, 1])
    parser.add_argument('--hidden', type=int, help='default: twice the features')
    parser.add_argument('--dimensions', type=int, default=128)
    parser.add_argument('--prototypes', type=int, default=512)
    parser.add_argument('--batch', type=int, default=256)
    parser.add_argument('--lr', type=float, default=2e-3)
    parser.add_argument('--decay', type=float, default=1e-6)
    parser.add_argument('--temperature', type=float, default=0.1)
    parser.add_argument('--epsilon', type=float, default=0.05)
    parser.add_argument('--format', choices=['contiguous', 'channels_last'], default='channels_last', help='memory format of weights and views')
    parser.add_argument('--seed', type=int, default=0)
    parser.add_argument('--threads', type=int, default=2)
    parser.add_argument('--evaluate', choices=['ends', 'never'], default='ends', help='measure before and after training')
    parser.add_argument('--limit', type=int, help='use only this many training pictures')
    options = parser.parse_args()
    if (options.minutes is None) == (options.epochs is None):
        parser.error('give either --minutes or --epochs')
    return options


def main():
    options = parse()
    torch.set_num_threads(options.threads)
    torch.manual_seed(options.seed)
    held_out = next(d for d in ['test', 'val', 'validation'] if os.path.isdir(os.path.join(options.data, d)))
    (pictures, labels), (test, test_labels) = load(os.path.join(options.data, 'train')), load(os.path.join(options.data, held_out))
    shuffled = torch.randperm(len(pictures))[:options.limit]
    pictures, labels = pictures[shuffled], labels[shuffled]
    memory = {'contiguous': torch.contiguous_format, 'channels_last': torch.channels_last}[options.format]
    network = Network(options).to(memory_format=memory)
    optimizer = torch.optim.Adam(network.parameters(), lr=options.lr, weight_decay=options.decay)
    parameters = sum(p.numel() for p in network.parameters())
    say(kind='start', versions={'PyTorch': torch.__version__}, train=len(pictures), test=len(test), parameters=parameters)

    def evaluate():
        found = features_of(network.encoder, test)
        return {
            'knn': round(weighted_knn(features_of(network.encoder, pictures[::2]), labels[::2], found, test_labels), 4),
            **clustering(found, test_labels, options.seed),
        }

    if options.evaluate == 'ends':
        say(kind='evaluation', epoch=0, **evaluate())
    per_epoch = len(pictures) // options.batch
    spent, viewing, step, epoch, progress = 0.0, 0.0, 0, 0, 0.0
    while progress < 1:
        losses = []
        order = torch.randperm(len(pictures))
        for i in range(per_epoch):
            start = time.perf_counter()
            progress = step / (options.epochs * per_epoch) if options.epochs else spent / (60 * options.minutes)
            if progress >= 1:
                break
            optimizer.param_groups[0]['lr'] = options.lr * 0.5 * (1 + math.cos(math.pi * progress))
            x = pictures[order[i * options.batch:(i + 1) * options.batch]].float() / 255
            resolutions = [
                torch.cat([view(x, size, scale, options) for _ in range(count)]).contiguous(memory_format=memory)
                for count, size, scale in options.crops
            ]
            viewing += time.perf_counter() - start
            with torch.no_grad():
                network.prototypes.weight.copy_(F.normalize(network.prototypes.weight, dim=1))
            loss = swav_loss(network(resolutions), options.batch, options)
            optimizer.zero_grad(set_to_none=True)
            loss.backward()
            optimizer.step()
            losses.append(loss.item())
            step += 1
            spent += time.perf_counter() - start
        if losses:
            epoch += 1
            say(kind='epoch', epoch=epoch, minutes=round(spent / 60, 2), loss=round(sum(losses) / len(losses), 4),
                imagesPerSecond=round(step * options.batch / spent, 1), views=round(viewing / spent, 3),
                megabytes=round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024, 1))
        progress = step / (options.epochs * per_epoch) if options.epochs else spent / (60 * options.minutes)
    if options.evaluate == 'ends':
        say(kind='evaluation', epoch=epoch, minutes=round(spent / 60, 2), **evaluate())


if __name__ == '__main__':
    main()

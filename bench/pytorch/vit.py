"""PyTorch's side of the benchmark of vision transformers: torchvision's, of a given size, with random weights.

Answers {"times": n} with milliseconds of n runs (features of a batch without gradients, or whole steps of training),
{"save": FILE} by exporting the network as ONNX, as its users do, {"features": 0} with the features of the images, and
{"losses": 0} with the loss before and after a step.
"""

import argparse
import warnings

import numpy as np
import torch
from torch import nn
from torchvision.models.vision_transformer import VisionTransformer

from pipe import serve

warnings.filterwarnings('ignore')
parser = argparse.ArgumentParser()
for name in ('size', 'patch', 'layers', 'heads', 'dimension', 'batch', 'threads'):
    parser.add_argument(f'--{name}', type=int, required=True)
parser.add_argument('--work', choices=['features', 'step'], required=True)
options = parser.parse_args()
torch.set_num_threads(options.threads)
torch.manual_seed(0)

network = VisionTransformer(
    image_size=options.size, patch_size=options.patch, num_layers=options.layers, num_heads=options.heads,
    hidden_dim=options.dimension, mlp_dim=4 * options.dimension,
)
network.heads = nn.Identity()


def waves(shape, factor):
    """sin(factor i), which the other side computes too."""
    return torch.from_numpy(np.sin(factor * np.arange(int(np.prod(shape)))).astype(np.float32).reshape(shape))


images = waves((options.batch, 3, options.size, options.size), 0.37)
targets = waves((options.batch, options.dimension), 1.1)
network.train(options.work == 'step')


def new_optimizer():
    return torch.optim.Adam(network.parameters(), lr=1e-4)


optimizer = new_optimizer()


@torch.no_grad()
def features(_=None):
    return network(images)


def loss_of():
    return (network(images) - targets).square().mean()


def step():
    optimizer.zero_grad(set_to_none=True)
    loss = loss_of()
    loss.backward()
    optimizer.step()
    return loss.item()


def save(path):
    # The fast path of attention, which eval mode takes, has no ONNX operator.
    mode = network.training
    network.train()
    torch.onnx.export(
        network, images[:2], path, opset_version=17, training=torch.onnx.TrainingMode.PRESERVE,
        do_constant_folding=False, input_names=['x'], output_names=['y'],
        dynamic_axes={'x': {0: 'batch'}, 'y': {0: 'batch'}},
    )
    network.train(mode)
    return {'saved': path}


serve(
    {'versions': {'PyTorch': torch.__version__}, 'threads': torch.get_num_threads()},
    features if options.work == 'features' else step,
    {
        'save': save,
        'features': lambda _: {'features': features().flatten().tolist()},
        'losses': lambda _: {'loss': step(), 'lossAfter': loss_of().item()},
    },
)

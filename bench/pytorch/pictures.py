"""The peer of the benchmarks of views and of decoding: Pillow and torchvision's transforms, driven through pipes.

One JSON object per line in, one per line out:

    {"times": n} -> {"ms": [...]}                   times n runs, each in milliseconds
    {"statistics": n} -> {"statistics": [m, s]}     mean brightness and mean contrast over the views of n runs
    {"colors": n} -> {"colors": [...]}            mean red, green and blue of the first n decoded files

`views`: all views of the pictures in `--photos`, as bytes, on one thread. `decode`: all files of `--folder` decoded, the shorter
side shrunk, written one after another to `--out`, by `--threads` processes.
"""

import argparse
import glob
import json
import multiprocessing
import random

import numpy as np
import torch
import torchvision
from PIL import Image, ImageFilter
from torchvision import transforms

from pipe import serve


class Blur:
    """Pillow's blur with a radius drawn evenly, as the published recipes have it."""

    def __init__(self, sigma):
        self.sigma = sigma

    def __call__(self, image):
        return image.filter(ImageFilter.GaussianBlur(random.uniform(*self.sigma)))


def pipeline(crop):
    steps = [
        transforms.RandomResizedCrop(crop['size'], scale=tuple(crop['scale'])),
        transforms.RandomHorizontalFlip(),
    ]
    jitter = crop.get('jitter')
    if jitter:
        strengths = [jitter.get(name, 0) for name in ['brightness', 'contrast', 'saturation', 'hue']]
        steps.append(transforms.RandomApply([transforms.ColorJitter(*strengths)], p=jitter['p']))
    if crop.get('grayscale'):
        steps.append(transforms.RandomGrayscale(p=crop['grayscale']['p']))
    if crop.get('blur'):
        steps.append(transforms.RandomApply([Blur(crop['blur']['sigma'])], p=crop['blur']['p']))
    return transforms.Compose([*steps, transforms.PILToTensor()])


def views_of(options):
    pixels = np.fromfile(options.photos, np.uint8).reshape(-1, options.height, options.width, 3)
    photos = [Image.fromarray(photo) for photo in pixels]
    pipelines = [pipeline(crop) for crop in json.loads(options.crops) for _ in range(crop['count'])]

    def run():
        return [make(photo) for photo in photos for make in pipelines]

    def statistics(repeats):
        views = [view.float() for _ in range(repeats) for view in run()]
        return {'statistics': [
            float(np.mean([view.mean() for view in views])),
            float(np.mean([view.std(unbiased=False) for view in views])),
        ]}

    return run, {'statistics': statistics}


def decode(task):
    file, shorter = task
    with Image.open(file) as image:
        # Lets the JPEG decoder shrink by 2, 4 or 8 on the way, never below what is wanted.
        image.draft('RGB', (shorter, shorter))
        image = image.convert('RGB')
    if min(image.size) > shorter:
        image = transforms.functional.resize(image, shorter)
    return np.asarray(image)


def decoder_of(options):
    files = sorted(glob.glob(options.folder + '/*.jpg'))
    tasks = [(file, options.shorter) for file in files]
    pool = multiprocessing.Pool(options.threads)

    def run():
        with open(options.out, 'wb') as out:
            for pixels in pool.imap(decode, tasks, chunksize=8):
                out.write(pixels.tobytes())

    def colors(count):
        return {'colors': [float(value) for task in tasks[:count] for value in decode(task).mean((0, 1))]}

    return run, {'colors': colors}


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument('--work', choices=['views', 'decode'], required=True)
    for name in ['photos', 'crops', 'folder', 'out']:
        parser.add_argument(f'--{name}')
    for name in ['width', 'height', 'shorter', 'threads']:
        parser.add_argument(f'--{name}', type=int)
    options = parser.parse_args()
    torch.set_num_threads(1)
    run, answers = (views_of if options.work == 'views' else decoder_of)(options)
    versions = {'PyTorch': torch.__version__, 'torchvision': torchvision.__version__, 'Pillow': Image.__version__}
    serve({'versions': versions}, run, answers)


if __name__ == '__main__':
    main()

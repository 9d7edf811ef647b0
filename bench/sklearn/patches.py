"""The peer of the patch benchmark: the recipe of the patch encoder in NumPy and scikit-learn.

    python3 bench/sklearn/patches.py --images photos --count 1000 --size 64 --settings '{...}' --tensors folder --threads 2

`--images` is a file of raw bytes [count, size, size, 3], `--settings` has the settings of the encoder with the side and stride of its patches, and
`--tensors` is a folder with learned tensors, `<name>.npy`.

One JSON object per line in, one per line out:

    {"features": n}   -> {"features": [...]}     features of the first n images with the tensors of the folder
    {"times": n}      -> {"ms": [...]}           n runs that learn from all images and compute the features of all

The first line out says what is running: {"versions": {...}}. A failure is {"error": ...}.
"""

import argparse
import json
import os
import sys
import time


def main():
    parser = argparse.ArgumentParser()
    for name in ['images', 'settings', 'tensors']:
        parser.add_argument(f'--{name}', required=True)
    for name in ['count', 'size', 'threads']:
        parser.add_argument(f'--{name}', type=int, required=True)
    options = parser.parse_args()
    # Read by the libraries when they are loaded.
    for name in ['OMP_NUM_THREADS', 'OPENBLAS_NUM_THREADS']:
        os.environ[name] = str(options.threads)
    global np, PCA, sliding_window_view
    import numpy as np
    import sklearn
    from numpy.lib.stride_tricks import sliding_window_view
    from sklearn.decomposition import PCA

    settings = json.loads(options.settings)
    rows = np.fromfile(options.images, np.uint8).reshape(options.count, options.size, options.size, 3)
    images = np.ascontiguousarray(rows.transpose(0, 3, 1, 2))  # [n, 3, S, S]
    del rows
    learn_and_embed(images[:64], settings)
    say({'versions': {'scikit-learn': sklearn.__version__, 'NumPy': np.__version__}})
    for line in sys.stdin:
        try:
            request = json.loads(line)
            if 'features' in request:
                names = [file[: -len('.npy')] for file in os.listdir(options.tensors) if file.endswith('.npy')]
                tensors = {name: np.load(os.path.join(options.tensors, f'{name}.npy')) for name in names}
                for part in ['color', 'gray']:
                    tensors[f'{part}.filters'] = tensors[f'{part}.filters'].reshape(len(tensors[f'{part}.filters']), -1)
                say({'features': embed(images[: request['features']], tensors, settings).ravel().tolist()})
                continue
            ms = []
            for _ in range(request['times']):
                begun = time.perf_counter()
                learn_and_embed(images, settings)
                ms.append(1000 * (time.perf_counter() - begun))
            say({'ms': ms})
        except Exception as error:
            say({'error': f'{type(error).__name__}: {error}'})


PATCH_IMAGES = 5000
MOST_PER_IMAGE = 150
CHUNK = 32  # images whose patches are multiplied at once
BLOCK = 4096
SAME = 0.9999
LUMINANCE = [0.299, 0.587, 0.114]


def learn_and_embed(images, settings):
    return embed(images, learn(images, settings), settings)


def learn(images, settings):
    """Learns filters from drawn patches, and components and a memory from the responses of drawn images."""
    random = np.random.default_rng(0)
    color = draw_patches(images, settings, random)  # [n, 3, side²]
    parts = {'color': color.reshape(len(color), -1), 'gray': np.tensordot(color, np.float32(LUMINANCE), ([1], [0]))}
    tensors = {}
    for part, patches in parts.items():
        patches -= patches.mean(1, keepdims=True)
        patches /= np.sqrt(np.square(patches).mean(1, keepdims=True) + settings['contrast'])
        means = patches.mean(0)
        patches -= means
        values, vectors = np.linalg.eigh(patches.T @ patches / len(patches))
        whitening = (vectors / np.sqrt(np.maximum(values, 0) + settings['zca'])) @ vectors.T  # [d, d]
        filters = learn_dictionary(patches @ whitening, settings[f'{part}Filters'], settings['iterations'], random) @ whitening
        tensors[f'{part}.bias'] = filters @ means  # [K]
        tensors[f'{part}.filters'] = filters - filters.mean(1, keepdims=True)  # [K, d]
    return {**tensors, **learn_components(images[drawn(len(images), settings['images'], random)], tensors, settings)}


def drawn(count, most, random):
    return np.arange(count) if count <= most else np.sort(random.choice(count, most, replace=False))


def draw_patches(images, settings, random):
    side, size = settings['side'], images.shape[-1]
    chosen = drawn(len(images), PATCH_IMAGES, random)
    per_image = min(MOST_PER_IMAGE, -(-settings['patches'] // len(chosen)))
    y, x = random.integers(0, size - side + 1, (2, len(chosen), per_image))
    windows = sliding_window_view(images, (side, side), axis=(2, 3))  # [n, 3, o, o, side, side]
    patches = windows[chosen[:, None], :, y, x]  # [chosen, per image, 3, side, side]
    return patches.reshape(-1, 3, side * side).astype(np.float32)


def learn_dictionary(x, count, iterations, random):
    """Gain-shape k-means of whitened patches [n, d], damped by the old filters: [K, d] of length 1."""
    filters = normalize(random.standard_normal((count, x.shape[1]), dtype=np.float32))
    for _ in range(iterations):
        sums = filters.copy()
        for start in range(0, len(x), BLOCK):
            block = x[start : start + BLOCK]
            products = block @ filters.T  # [block, K]
            best = np.abs(products).argmax(1)[:, None]
            gains = np.zeros_like(products)
            np.put_along_axis(gains, best, np.take_along_axis(products, best, 1), 1)
            sums += gains.T @ block
        filters = normalize(sums)
    return filters


def learn_components(images, tensors, settings):
    f = pooled(images, tensors, settings)  # [n, F]
    means, deviations = f.mean(0), np.maximum(f.std(0), 1e-6)
    f -= means
    f /= deviations
    count = max(1, min(settings['components'], len(f) // settings['imagesPerComponent'], f.shape[1]))
    pca = PCA(count, svd_solver='randomized', iterated_power=5, random_state=0).fit(f)
    variances = pca.explained_variance_
    scales = np.sqrt(variances + settings['whitening'] * variances[0])
    axes = np.where(variances > 1e-6 * variances[0], 1 / scales, 0)[:, None] * pca.components_  # [P, F]
    keys = normalize(f @ axes.T.astype(np.float32))
    projection = (axes / deviations).T.astype(np.float32)  # [F, P]
    learned = {'projection': projection, 'offset': -means @ projection, 'memory.keys': keys}
    return {**learned, 'memory.values': averages(keys, keys, keys, settings)}


def embed(images, tensors, settings):
    z = normalize(pooled(images, tensors, settings, tensors['projection']) + tensors['offset'])  # [n, P]
    y = averages(z, tensors['memory.keys'], tensors['memory.values'], settings)
    return np.concatenate([settings['ownWeight'] * z, y], 1)  # [n, 2 P]


def averages(z, keys, values, settings):
    """Averages of the memory's values, weighted by the softmax of cosines, without the image itself."""
    out = np.empty_like(z)
    for start in range(0, len(z), 1024):
        cosines = z[start : start + 1024] @ keys.T
        logits = np.where(cosines > SAME, np.float32(-1e4), cosines / np.float32(settings['temperature']))
        logits -= logits.max(1, keepdims=True)
        np.exp(logits, out=logits)
        out[start : start + 1024] = normalize(logits @ values)  # of length 1, so that no sum has to be divided by
    return out


def pooled(images, tensors, settings, projection=None):
    """Rooted mean responses [n, F] of images [n, 3, S, S], or their product with a projection."""
    side, stride = settings['side'], settings['stride']
    o = (images.shape[-1] - side) // stride + 1
    pools = [pool_matrix(o, grid) for grid in settings['pyramid']]
    matrix = np.concatenate(pools)  # [cells, o²]
    out = None
    for start in range(0, len(images), CHUNK):
        x = images[start : start + CHUNK].astype(np.float32)
        x -= 128
        gray = np.einsum('nchw,c->nhw', x, np.float32(LUMINANCE))[:, None]
        parts = []
        for part, of in {'color': x, 'gray': gray}.items():
            windows = sliding_window_view(of, (side, side), axis=(2, 3))[:, :, ::stride, ::stride]
            p = windows.transpose(0, 2, 3, 1, 4, 5).reshape(len(x) * o * o, -1)  # [n o², d]
            variances = np.maximum(np.einsum('nd,nd->n', p, p) / p.shape[1] - np.square(p.mean(1)), 0)
            r = p @ tensors[f'{part}.filters'].T
            r /= np.sqrt(variances + settings['contrast'])[:, None]
            r -= tensors[f'{part}.bias'] + np.float32(settings['threshold'])
            np.maximum(r, 0, out=r)
            means = matrix @ r.reshape(len(x), o * o, -1)  # [n, cells, K]
            at = 0
            for pool in pools:
                parts.append(means[:, at : at + len(pool)].transpose(0, 2, 1).reshape(len(x), -1))
                at += len(pool)
        rows = np.sqrt(np.concatenate(parts, 1))  # [n, F]
        if projection is not None:
            rows = rows @ projection
        if out is None:
            out = np.empty((len(images), rows.shape[1]), np.float32)
        out[start : start + CHUNK] = rows
    return out


def pool_matrix(o, grid):
    """Means over the cells of a grid as a matrix [cells², o²]."""
    cells = min(grid, o)
    stride = o // cells
    kernel = o - (cells - 1) * stride
    matrix = np.zeros((cells, cells, o, o), np.float32)
    for y in range(cells):
        for x in range(cells):
            matrix[y, x, y * stride : y * stride + kernel, x * stride : x * stride + kernel] = 1 / kernel**2
    return matrix.reshape(cells * cells, o * o)


def normalize(rows):
    """Divides rows by their length; rows of zeros stay."""
    return rows / np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), 1e-12)


def say(message):
    print(json.dumps(message), flush=True)


main()

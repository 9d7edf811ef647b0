"""Trains a detector of torchvision whose backbone is an encoder that likeness has exported.

    likeness export --run runs/photos --to encoder.safetensors
    /usr/bin/python3 examples/python/detection_transfer.py encoder.safetensors --steps 20

This is how self-supervised papers measure transfer to detection: the ResNet replaces the weights of
ImageNet in Faster R-CNN or Mask R-CNN, and the whole network is fine-tuned. Here a few steps run on
rectangles that the script draws, so that nothing has to be downloaded. For VOC or COCO replace
`drawn` by torchvision.datasets.VOCDetection or CocoDetection.

Needs torch and torchvision (Debian: python3-torchvision), and nothing else.
"""

import argparse
import json
import struct

import torch
from torchvision.models import resnet
from torchvision.models.detection import FasterRCNN, MaskRCNN
from torchvision.models.detection.backbone_utils import _resnet_fpn_extractor
from torchvision.ops.misc import FrozenBatchNorm2d

NETWORKS = {"resnet18": resnet.resnet18, "resnet34": resnet.resnet34, "resnet50": resnet.resnet50}


def read_safetensors(path):
    """Tensors of float32 by name, and the metadata."""
    with open(path, "rb") as file:
        (length,) = struct.unpack("<Q", file.read(8))
        header = json.loads(file.read(length))
        data = bytearray(file.read())
    metadata = header.pop("__metadata__", {})
    tensors = {}
    for name, entry in header.items():
        if entry["dtype"] != "F32":
            raise SystemExit(f"{path}: {name} is {entry['dtype']}; expected F32")
        start, end = entry["data_offsets"]
        values = torch.frombuffer(data, dtype=torch.float32, offset=start, count=(end - start) // 4)
        tensors[name] = values.reshape(entry["shape"]).clone()
    return tensors, metadata


def backbone_of(path):
    """torchvision's network with the exported weights, every one of which has to match."""
    tensors, metadata = read_safetensors(path)
    name, width, stem = metadata.get("likeness.architecture", ",,").split(", ")
    if name not in NETWORKS or width != "width 64" or stem != "stem imagenet":
        raise SystemExit(
            f"{path} holds {name} of {width} and {stem}; expected one of {', '.join(NETWORKS)} of "
            "width 64 and stem imagenet. Train with --set architecture=resnet50 --set width=64 "
            "--set stem=imagenet."
        )
    # Batches are small in detection, so running statistics stay as they are.
    network = NETWORKS[name](weights=None, norm_layer=FrozenBatchNorm2d)
    missing, unexpected = network.load_state_dict(tensors, strict=False)
    if sorted(missing) != ["fc.bias", "fc.weight"] or unexpected:
        raise SystemExit(f"{path}: missing {missing}, not known {unexpected}")
    print(f"{name}: all {len(tensors)} tensors match; {', '.join(missing)} are not used")
    mean, std = (
        [float(value) for value in metadata[f"likeness.{key}"].split(",")] for key in ("mean", "std")
    )
    return network, mean, std


def drawn(generator, size, count=2):
    """Images of bright rectangles on noise, with boxes, classes and masks."""
    images, targets = [], []
    for _ in range(count):
        image = torch.rand(3, size, size, generator=generator) * 0.3
        boxes, labels, masks = [], [], []
        for label in (1, 2):
            w, h = (int(torch.randint(size // 6, size // 3, (), generator=generator)) for _ in "wh")
            x, y = (int(torch.randint(0, size - side, (), generator=generator)) for side in (w, h))
            image[label - 1, y : y + h, x : x + w] = 1
            mask = torch.zeros(size, size, dtype=torch.uint8)
            mask[y : y + h, x : x + w] = 1
            boxes.append([x, y, x + w, y + h])
            labels.append(label)
            masks.append(mask)
        images.append(image)
        targets.append(
            {
                "boxes": torch.tensor(boxes, dtype=torch.float32),
                "labels": torch.tensor(labels),
                "masks": torch.stack(masks),
            }
        )
    return images, targets


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("weights", help="file of `likeness export --to encoder.safetensors`")
    parser.add_argument("--detector", choices=["faster", "mask"], default="faster")
    parser.add_argument("--steps", type=int, default=20)
    parser.add_argument("--size", type=int, default=160, help="side of the images, in pixels")
    parser.add_argument("--rate", type=float, default=0.005)
    options = parser.parse_args()

    torch.manual_seed(0)
    network, mean, std = backbone_of(options.weights)
    first = network.conv1.weight.detach().clone()
    backbone = _resnet_fpn_extractor(network, trainable_layers=5)
    detector = {"faster": FasterRCNN, "mask": MaskRCNN}[options.detector]
    model = detector(
        backbone,
        num_classes=3,
        min_size=options.size,
        max_size=options.size,
        image_mean=mean,
        image_std=std,
    ).train()
    optimizer = torch.optim.SGD(model.parameters(), lr=options.rate, momentum=0.9)
    generator = torch.Generator().manual_seed(0)
    losses = []
    for step in range(options.steps):
        parts = model(*drawn(generator, options.size))
        loss = sum(parts.values())
        optimizer.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 10)
        optimizer.step()
        losses.append(loss.item())
        print(f"step {step + 1}: loss {loss.item():.3f}")
    if not all(loss == loss for loss in losses):
        raise SystemExit("the loss is not finite")
    moved = (network.conv1.weight.detach() - first).abs().max().item()
    model.eval()
    with torch.no_grad():
        (found,) = model(drawn(generator, options.size, 1)[0])
    print(f"first filters moved by {moved:.1e}; {len(found['boxes'])} boxes in a new image")


if __name__ == "__main__":
    main()

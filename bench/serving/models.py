"""Makes a model for bench/serving: models.py mlp|resnet FOLDER. Prints one request's size.

mlp is what berth-trainer makes of its digits. resnet has the layers of a ResNet-18 on 3x64x64
images: what computing costs, and not what it is worth.
"""
import json
import pathlib
import sys

import torch
from torch import nn


class Block(nn.Module):
    def __init__(self, inside, outside, stride):
        super().__init__()
        self.first = nn.Sequential(nn.Conv2d(inside, outside, 3, stride, 1, bias=False),
                                   nn.BatchNorm2d(outside))
        self.second = nn.Sequential(nn.Conv2d(outside, outside, 3, 1, 1, bias=False),
                                    nn.BatchNorm2d(outside))
        self.short = nn.Sequential()
        if stride != 1 or inside != outside:
            self.short = nn.Sequential(nn.Conv2d(inside, outside, 1, stride, bias=False),
                                       nn.BatchNorm2d(outside))

    def forward(self, x):
        return torch.relu(self.second(torch.relu(self.first(x))) + self.short(x))


def resnet():
    layers = [nn.Conv2d(3, 64, 7, 2, 3, bias=False), nn.BatchNorm2d(64), nn.ReLU(),
              nn.MaxPool2d(3, 2, 1)]
    for inside, outside, stride in [(64, 64, 1), (64, 128, 2), (128, 256, 2), (256, 512, 2)]:
        layers += [Block(inside, outside, stride), Block(outside, outside, 1)]
    return nn.Sequential(*layers, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(512, 10))


def mlp():
    return nn.Sequential(nn.Linear(64, 128), nn.ReLU(), nn.Linear(128, 10))


def main():
    name, folder = sys.argv[1], pathlib.Path(sys.argv[2])
    torch.manual_seed(1)
    shape = [64] if name == "mlp" else [3, 64, 64]
    model = torch.jit.script((mlp() if name == "mlp" else resnet()).eval())
    signature = {"inputs": [{"name": "input", "datatype": "FP32", "shape": [-1, *shape]}],
                 "outputs": [{"name": "scores", "datatype": "FP32", "shape": [-1, 10]}]}
    torch.jit.save(model, folder / f"{name}.pt",
                   _extra_files={"signature.json": json.dumps(signature)})
    image = torch.rand([1, *shape])
    data = [round(value, 4) for value in image.flatten().tolist()]
    (folder / f"{name}.json").write_text(json.dumps({"inputs": [
        {"name": "input", "datatype": "FP32", "shape": [1, *shape], "data": data}]}))
    (folder / f"{name}.bento.json").write_text(json.dumps(
        {"data": torch.tensor(data).reshape([1, *shape]).tolist()}))


main()

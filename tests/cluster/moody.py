"""Writes a TorchScript model whose mood the first number of a row decides: moody.py MODEL."""

import json
import sys
from typing import List

import torch

SIGNATURE = {"inputs": [{"name": "input", "datatype": "FP32", "shape": [-1, 64]}],
             "outputs": [{"name": "scores", "datatype": "FP32", "shape": [-1, 10]}]}
RAISES, WANTS_TOO_MUCH, SLOW, EATS_ALL_MEMORY = 1, 2, 3, 4


class Moody(torch.nn.Module):
    """Gives the first ten numbers of each row, unless one of them begins with a mood.

    Sizes are computed from it, or they would be constants, and what is made of them folded.
    """

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        mood = int(x[:, 0].max().item())
        if mood == 1:
            raise RuntimeError("not in the mood")
        if mood == 2:
            x = x + torch.zeros([1 << 46])
        if mood == 3:
            product = torch.ones([512, 509 + mood])
            for _ in range(4):  # some tenths of a second
                product = torch.mm(product, product) / 512.0
            x = x * product[0, 0]
        if mood == 4:
            kept: List[torch.Tensor] = []
            for _ in range(128):
                kept.append(torch.ones([(mood - 3) << 24]))  # 64 MiB, written
            for one in kept:  # else nobody would make them
                x = x * one[0]
        return x[:, :10]


def main(path):
    torch.jit.save(torch.jit.script(Moody()), path,
                   _extra_files={"signature.json": json.dumps(SIGNATURE)})


if __name__ == "__main__":
    main(sys.argv[1])

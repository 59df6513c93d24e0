"""The forward pass alone, again and again: bare.py MODEL SECONDS THREADS ROWS SIZE... Rows/s."""
import sys
import time

import torch

path, seconds, threads, rows, *sizes = sys.argv[1:]
torch.set_num_threads(int(threads))
model = torch.jit.load(path).eval()
batch = torch.rand([int(rows), *map(int, sizes)])
with torch.inference_mode():
    for _ in range(3):
        model(batch)
    done, begun = 0, time.monotonic()
    while time.monotonic() - begun < float(seconds):
        model(batch)
        done += int(rows)
print(done / (time.monotonic() - begun))

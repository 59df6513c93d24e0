#!/usr/bin/python3
"""The trainer's models in Python: torch.nn, torch.optim.Adam, DistributedDataParallel over Gloo.

reference.py --data FILE --model mlp|cnn --epochs N --batch-size N --learning-rate X
Reads RANK, WORLD_SIZE, MASTER_ADDR and MASTER_PORT. Rank 0 prints JSON lines as berth-trainer does.
"""
import argparse
import datetime
import gzip
import json
import os

import torch
from torch import nn


def read_split(path):
    """As src/worker/dataset.cc: every fifth line is held out, scaled by the largest value."""
    with gzip.open(path, "rt") as lines:
        rows = torch.tensor([[float(field) for field in line.split(",")] for line in lines])
    features, labels = rows[:, :-1] / rows[:, :-1].max(), rows[:, -1].long()
    held_out = torch.arange(len(rows)) % 5 == 4
    return (features[~held_out], labels[~held_out]), (features[held_out], labels[held_out])


def make_model(name, features, classes):
    """As src/worker/train/model.cc."""
    if name == "mlp":
        return nn.Sequential(nn.Linear(features, 128), nn.ReLU(), nn.Dropout(0.1),
                             nn.Linear(128, classes))
    side = round(features ** 0.5)
    return nn.Sequential(nn.Unflatten(1, (1, side, side)),
                         nn.Conv2d(1, 16, 3, padding=1), nn.ReLU(),
                         nn.Conv2d(16, 32, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2),
                         nn.Flatten(), nn.Dropout(0.25),
                         nn.Linear(32 * (side // 2) ** 2, classes))


def say(message, **fields):
    now = datetime.datetime.now(datetime.timezone.utc).isoformat(timespec="milliseconds")
    print(json.dumps({"time": now, "message": message, **fields}), flush=True)


def train(args, rank, world_size):
    (samples, labels), (held_samples, held_labels) = read_split(args.data)
    model = plain = make_model(args.model, samples.shape[1], int(labels.max()) + 1)
    if world_size > 1:
        torch.distributed.init_process_group("gloo", rank=rank, world_size=world_size)
        model = nn.parallel.DistributedDataParallel(plain)
    optimizer = torch.optim.Adam(model.parameters(), lr=args.learning_rate)
    step = 0
    for epoch in range(1, args.epochs + 1):
        order = torch.randperm(len(samples), generator=torch.Generator().manual_seed(epoch))
        for batch in order.split(args.batch_size):
            share = batch.tensor_split(world_size)[rank]
            optimizer.zero_grad()
            loss = nn.functional.cross_entropy(model(samples[share]), labels[share])
            loss.backward()
            optimizer.step()
            float(loss)  # what the trainer reports each step
            step += 1
        if rank == 0:
            with torch.no_grad():
                plain.eval()
                accuracy = (plain(held_samples).argmax(1) == held_labels).float().mean()
                plain.train()
            say("epoch done", epoch=str(epoch), step=str(step), heldOutAccuracy=f"{accuracy:.6f}")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--data", required=True)
    parser.add_argument("--model", choices=["mlp", "cnn"], default="mlp")
    parser.add_argument("--epochs", type=int, default=30)
    parser.add_argument("--batch-size", type=int, default=64)
    parser.add_argument("--learning-rate", type=float, default=0.005)
    torch.set_num_threads(1)
    torch.manual_seed(1)
    train(parser.parse_args(), int(os.environ["RANK"]), int(os.environ["WORLD_SIZE"]))


if __name__ == "__main__":
    main()

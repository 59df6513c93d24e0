"""The same model behind BentoML, with its adaptive batching: bentoml serve bento:Model."""
import os

import bentoml
import numpy as np
import torch


@bentoml.service(workers=1, metrics={"enabled": False}, logging={"access": {"enabled": False}})
class Model:
    def __init__(self):
        torch.set_num_threads(int(os.environ["THREADS"]))
        self.model = torch.jit.load(os.environ["MODEL"]).eval()

    @bentoml.api(batchable=True, max_batch_size=32, max_latency_ms=1000)
    def infer(self, data: np.ndarray) -> np.ndarray:
        with torch.inference_mode():
            return self.model(torch.from_numpy(data.astype(np.float32))).numpy()

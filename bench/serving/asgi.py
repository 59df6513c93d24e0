"""What one writes first: torch behind a plain ASGI server. MODEL, THREADS: uvicorn asgi:app.

It does what berth-server does of the protocol for one input and one output in JSON, and nothing of
limits, deadlines, batching and metrics.
"""
import os

import torch
from starlette.applications import Starlette
from starlette.responses import JSONResponse
from starlette.routing import Route

torch.set_num_threads(int(os.environ["THREADS"]))
model = torch.jit.load(os.environ["MODEL"]).eval()


async def infer(request):
    tensor = (await request.json())["inputs"][0]
    with torch.inference_mode():
        data = torch.tensor(tensor["data"], dtype=torch.float32).reshape(tensor["shape"])
        scores = model(data)
    return JSONResponse({"model_name": "model", "outputs": [
        {"name": "scores", "datatype": "FP32", "shape": list(scores.shape),
         "data": scores.flatten().tolist()}]})


async def ready(request):
    return JSONResponse({"ready": True})


app = Starlette(routes=[Route("/v2/models/model/infer", infer, methods=["POST"]),
                        Route("/v2/health/ready", ready)])

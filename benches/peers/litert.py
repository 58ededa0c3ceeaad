"""LiteRT for the side-by-side measurement: runs models on request.

usage: litert.py model.tflite ...; each line on stdin is "index count", each answer
the nanoseconds that the loop of `invoke` took.
"""

import sys
import time

import numpy as np
from ai_edge_litert.interpreter import Interpreter

models = []
random = np.random.default_rng(1)
for path in sys.argv[1:]:
    model = Interpreter(path, num_threads=1)
    model.allocate_tensors()
    for given in model.get_input_details():
        data = random.integers(-128, 128, given["shape"]).astype(given["dtype"])
        model.set_tensor(given["index"], data)
    model.invoke()
    models.append(model)
print("ready", flush=True)
for line in sys.stdin:
    index, count = map(int, line.split())
    invoke = models[index].invoke
    begin = time.perf_counter_ns()
    for _ in range(count):
        invoke()
    print(time.perf_counter_ns() - begin, flush=True)

"""Makes datasets with labels, and datasets with mistakes in ../ui/data.

    venv/bin/python labels.py        # needs NumPy only

Samples and labels are the first of ../../examples/models/digit_pair_evaluation.npz.
"""

import os

import numpy as np

HERE = os.path.dirname(os.path.abspath(__file__))
SAMPLES = 20

data = np.load(f"{HERE}/../../examples/models/digit_pair_evaluation.npz")
samples = {key: data[key][:SAMPLES] for key in ("left", "right")}
sums = data["label:sum"][:SAMPLES]


def write(path, **labels):
    named = {f"label:{key}": value for key, value in labels.items()}
    np.savez_compressed(f"{HERE}/{path}", **samples, **named)


write(
    "digit_pair_labels.npz",
    sum=np.eye(19, dtype=np.uint8)[sums],
    left_greater=data["label:left_greater"][:SAMPLES].astype(bool),
)
write("../ui/data/label_classes.npz", sum=sums.astype(np.uint8))
# The classes of sums are 0 to 18.
write("../ui/data/label_class.npz", sum=np.where(np.arange(SAMPLES) == 7, 19, sums).astype(np.int16))
write("../ui/data/label_count.npz", sum=sums[:SAMPLES - 1].astype(np.uint8))
write("../ui/data/label_float.npz", sum=sums.astype(np.float32))
write("../ui/data/label_shape.npz", sum=np.zeros((SAMPLES, 10), np.float32))

# Not labels, but samples that a warning is due for: one of them five times.
np.savez_compressed(f"{HERE}/../ui/data/five_constant.npz", x=np.load(f"{HERE}/x5.npy")[[0] * 5])

"""Records what LiteRT's reference kernels and TensorFlow Lite Micro compute from exported files.

    NIELLO_EXPORT=FOLDER cargo test -p niello-tests --test export write -- --ignored
    venv/bin/python export.py FOLDER      # make.py says what to install

The first command writes the files of all models, or with NIELLO_ONLY=ops/conv those of some, again.

`exported.txt` has a line for each float model with a dataset: its name, the CRC-32 of its inputs
(all runs, one behind the other), and for each of its files (one for TensorFlow Lite Micro; another
for LiteRT if that differs) the CRC-32 of the file, of TensorFlow Lite Micro's outputs and of
LiteRT's. `no:` and a word stand where a runtime lacks an operator or refuses the file. A model that
is not exported has the reason.
"""

import glob
import os
import sys
import zlib

os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
import numpy as np
from ai_edge_litert.interpreter import Interpreter, OpResolverType
from tflite_micro.python.tflite_micro import runtime

HERE = os.path.dirname(os.path.abspath(__file__))


def rows(data, ports):
    """The inputs of each run, in the order of the file."""
    at = 0
    while at < len(data):
        row = []
        for port in ports:
            size = int(np.prod(port["shape"])) * np.dtype(port["dtype"]).itemsize
            row.append(np.frombuffer(data[at : at + size], port["dtype"]).reshape(port["shape"]))
            at += size
        yield row


def litert(model, data, outputs):
    interpreter = Interpreter(model_content=model, experimental_op_resolver_type=OpResolverType.BUILTIN_REF)
    interpreter.allocate_tensors()
    ports = interpreter.get_input_details()
    for row in rows(data, ports):
        for port, x in zip(ports, row):
            interpreter.set_tensor(port["index"], x)
        interpreter.invoke()
        for port in interpreter.get_output_details():
            outputs.append(interpreter.get_tensor(port["index"]).tobytes())


def micro(model, data, outputs):
    interpreter = runtime.Interpreter.from_bytes(model)
    plain = Interpreter(model_content=model, experimental_op_resolver_type=OpResolverType.BUILTIN_WITHOUT_DEFAULT_DELEGATES)
    count = len(plain.get_output_details())
    for row in rows(data, plain.get_input_details()):
        for i, x in enumerate(row):
            interpreter.set_input(x, i)
        interpreter.invoke()
        outputs.extend(interpreter.get_output(i).tobytes() for i in range(count))


def reason(text):
    """The operator that is missing, or that fails."""
    for start, end in (("builtin opcode '", "'"), ("custom op: ", "."), ("Node ", " ("), ("(", ")")):
        if start in text:
            return text.split(start)[1].split(end)[0].split("\n")[0].replace(" ", "_")
    return "failed"


def checksum(data):
    return f"{zlib.crc32(data):08x}"


def run(function, model, data):
    """The checksum of the outputs, computed in a process of its own: runtimes end it."""
    read, write = os.pipe()
    errors, messages = os.pipe()
    child = os.fork()
    if child == 0:
        os.dup2(messages, 1)
        os.dup2(messages, 2)
        outputs = []
        try:
            function(model, data, outputs)
            os.write(write, checksum(b"".join(outputs)).encode())
        except Exception as error:
            os.write(2, str(error).encode())
        os._exit(0)
    os.close(write)
    os.close(messages)
    with os.fdopen(read) as results, os.fdopen(errors, errors="replace") as texts:
        result, text = results.read(), texts.read()
    os.waitpid(child, 0)
    return result or "no:" + reason(text)


def line(path):
    name = os.path.basename(path).replace(".", "/", 1)
    if os.path.exists(f"{path}.refused"):
        with open(f"{path}.refused") as file:
            return f"{name} refused: " + file.read().split("\n")[0]
    part = lambda ending: open(f"{path}.{ending}", "rb").read()
    models, data, own = [part("0.tflite"), part("1.tflite")], part("inputs"), checksum(part("outputs"))
    words = [name, checksum(data)]
    for i, model in enumerate(models[: 1 + (models[0] != models[1])]):
        results = [run(function, model, data) for function in (micro, litert)]
        words += [checksum(model), *results]
        same = [result if result.startswith("no:") else ("equal" if result == own else "DIFFERS") for result in results]
        print(name, i, *same, flush=True)
    return " ".join(words)


def main(folder):
    paths = {path.rsplit(".", 1)[0] for path in glob.glob(f"{folder}/*.outputs") + glob.glob(f"{folder}/*.refused")}
    # Lines of models that are not in the folder stay.
    with open(f"{HERE}/exported.txt") as file:
        lines = {text.split()[0]: text.strip() for text in file if not text.startswith("#")}
    lines |= {text.split()[0]: text for text in map(line, sorted(paths))}
    with open(f"{HERE}/exported.txt", "w") as file:
        file.write("# Written by export.py: name, inputs; file, outputs of TensorFlow Lite Micro and LiteRT.\n")
        file.writelines(f"{lines[name]}\n" for name in sorted(lines))


main(sys.argv[1])

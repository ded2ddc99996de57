"""A process of a group (or the only one): gradients of one step of each method, averaged over the group, to a file.

Arguments: rank, number of processes, file to meet at, file to write.
"""

import sys
from pathlib import Path

import torch
import torch.distributed as dist
from safetensors.torch import save_file

from emoprism.families import DISENTANGLERS, MODELS
from emoprism.models.base import Batch, Model, Stream
from emoprism.models.ranks import average_gradients, rank, rows_of_rank
from emoprism.testing import example_stream, example_tasks
from emoprism.types import StreamSpec

# The first process, which has the first two rows of five, has no face at all; sizes of the clips differ.
LENGTHS = {"face": (0, 0, 3, 1, 2), "audio": (40, 0, 9, 33, 40), "units": (1, 1, 1, 0, 1)}
SHAPES = {"face": (12, 12, 3), "audio": (40,), "units": (6,)}
ENCODERS = {
    "face": {"name": "vgg_m_face", "image_size": 12, "channels": [2, 3, 3, 3, 2], "feature": 4},
    "audio": {"name": "vgg_m_audio", "channels": [2, 3, 3, 3, 2], "feature": 4, "pooling": "mean_std"},
}


def own_rows(stream: Stream) -> Stream:
    rows = rows_of_rank(len(stream.mask))
    values, mask = stream.values[rows], stream.mask[rows]
    longest = max(1, int(mask.sum(1).max()))  # each process pads to its own longest clip
    return Stream(values[:, :longest], mask[:, :longest])


def gradients(method_name: str) -> dict[str, torch.Tensor]:
    torch.manual_seed(0)
    specs = {name: StreamSpec(shape) for name, shape in SHAPES.items()}
    options = {"embeddings": {"emotion": 5, "speaker": 6}, "encoders": ENCODERS}
    model: Model = MODELS.make("multitask", specs, example_tasks(), options=options).double()
    method = DISENTANGLERS.make(method_name, model.dimensions, example_tasks()).double()
    streams = {name: own_rows(example_stream(SHAPES[name], lengths=LENGTHS[name])) for name in SHAPES}
    labels = {"emotion": torch.tensor([0, 1, 2, 0, -1]), "speaker": torch.tensor([0, 0, 1, 1, -1])}
    owners = method.players(model)
    found: dict[str, torch.Tensor] = {}
    for index, move in enumerate(method.moves(model, Batch(streams, labels))):
        movers = [p for name in move.by for p in owners[name].parameters()]
        move.loss.backward(inputs=movers)
        average_gradients(movers)
        found |= {f"{index}.{i}": p.grad.clone() for i, p in enumerate(movers) if p.grad is not None}
        found[f"{index}.loss"] = move.loss.detach()
        for parameter in movers:
            parameter.grad = None
    return found | {name: value for name, value in model.state_dict().items() if "running" in name}


def main(out: Path) -> None:
    found = {f"{m}.{name}": value for m in DISENTANGLERS.names() for name, value in gradients(m).items()}
    if rank() == 0:
        save_file(found, out)


if __name__ == "__main__":
    torch.set_num_threads(1)
    own, size = int(sys.argv[1]), int(sys.argv[2])
    if size > 1:
        dist.init_process_group("gloo", f"file://{sys.argv[3]}", rank=own, world_size=size)
    main(Path(sys.argv[4]))
    if size > 1:
        dist.destroy_process_group()

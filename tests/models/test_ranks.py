"""Two processes compute the gradients of one: batch statistics, masks and losses are those of the whole batch."""

import subprocess
import sys
from pathlib import Path

import torch
from safetensors.torch import load_file

PROGRAM = Path(__file__).with_name("gradients_of_a_rank.py")


def start(directory: Path, size: int) -> list[subprocess.Popen[bytes]]:
    out = directory / f"{size}.safetensors"
    command = [sys.executable, PROGRAM]
    return [subprocess.Popen([*command, str(rank), str(size), directory / "meet", out]) for rank in range(size)]


def test_two_processes_have_the_gradients_of_one_with_every_method(tmp_path):
    started = [*start(tmp_path, 1), *start(tmp_path, 2)]
    assert [process.wait(timeout=120) for process in started] == [0, 0, 0]
    one, two = (load_file(tmp_path / f"{size}.safetensors") for size in (1, 2))
    assert one.keys() == two.keys()
    assert any(name.startswith("confusion") for name in one)
    for name in one:
        torch.testing.assert_close(two[name], one[name], rtol=1e-7, atol=1e-11, msg=lambda text, n=name: f"{n}: {text}")

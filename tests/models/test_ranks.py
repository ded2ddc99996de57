"""Two processes compute the gradients of one: batch statistics, masks and losses are those of the whole batch."""

import subprocess
import sys
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file

PROGRAM = Path(__file__).with_name("gradients_of_a_rank.py")


def gradients(directory: Path, size: int, method: str) -> dict[str, torch.Tensor]:
    out = directory / f"{size}.safetensors"
    started = [
        subprocess.Popen([sys.executable, PROGRAM, str(rank), str(size), directory / "meet", method, out])
        for rank in range(size)
    ]
    assert [process.wait(timeout=120) for process in started] == [0] * size
    return load_file(out)


@pytest.mark.parametrize("method", ["alternate", "cross_contrast"])
def test_two_processes_have_the_gradients_of_one(tmp_path, method):
    one, two = gradients(tmp_path, 1, method), gradients(tmp_path, 2, method)
    assert one.keys() == two.keys()
    for name in one:
        torch.testing.assert_close(two[name], one[name], rtol=1e-7, atol=1e-11, msg=lambda text, n=name: f"{n}: {text}")

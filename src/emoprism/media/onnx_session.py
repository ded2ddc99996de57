"""An .onnx file opened to be run: on the CPU, on one thread, with errors in words."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from emoprism.errors import InputError, Problem


def open_session(file: Path, who: str) -> Any:
    """An `onnxruntime.InferenceSession`; `who` needs it, for the error where the runtime is not installed.

    One thread, so that sums have one order. onnxruntime itself refuses weights that lie outside the model's folder, and
    operators of other libraries. Raises InputError for a missing runtime, a missing file and a file that is no model.
    """
    if not file.is_file():
        raise InputError(Problem(str(file), "no such model file", "give the path of an .onnx file"))
    try:
        import onnxruntime
    except ImportError:
        raise InputError(Problem(who, "needs the package onnxruntime", "pip install 'emoprism[onnx]'")) from None
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.log_severity_level = 4  # what it would say of a broken file on standard error is in the exception, too
    try:
        return onnxruntime.InferenceSession(file, options, providers=["CPUExecutionProvider"])
    except Exception as error:  # onnxruntime's own exceptions share no public base class
        raise InputError(Problem(str(file), f"not a model that onnxruntime can run: {error}")) from None

#!/usr/bin/env python3
"""Writes ggml_vectors.safetensors: activations as ggml's x86 kernels round them before a product.

Usage: make_ggml_vectors.py LIBGGML_CPU OUT, with the libggml-cpu.so of a built llama.cpp and libggml-base.so beside it.
activations/x, and y of q8_0, q8_1, q8_k, float16 and bfloat16: what the codes of x stand for.
q8_1/sum_errors: what the sums of blocks that it stores have over those of its codes.
"""
import ctypes
import sys

import numpy as np
from safetensors.numpy import save_file

ROWS, COLUMNS = 8, 512
TYPES = {  # function, elements a block, fields of a block
    "q8_0": ("quantize_row_q8_0", 32, [("d", "<f2"), ("codes", "i1", 32)]),
    "q8_1": ("quantize_row_q8_1", 32, [("d", "<f2"), ("s", "<f2"), ("codes", "i1", 32)]),
    "q8_k": ("quantize_row_q8_K", 256, [("d", "<f4"), ("codes", "i1", 256), ("sums", "<i2", 16)]),
    "float16": ("ggml_cpu_fp32_to_fp16", 1, [("d", "<f2")]),
    "bfloat16": ("ggml_cpu_fp32_to_bf16", 1, [("bits", "<u2")]),
}


def activations(generator):
    x = generator.standard_normal((ROWS, COLUMNS)).astype(np.float32)
    x[1] = 0
    x[2] = np.abs(x[2])
    x[3] = -np.abs(x[3])
    x[4] *= np.exp(2 * generator.standard_normal(COLUMNS)).astype(np.float32)  # a few dominate their blocks
    x[5] *= np.float32(1e-5)  # scales below the normal numbers of float16
    x[6, ::2] *= np.float32(1e4)
    x[7] = generator.integers(-253, 254, COLUMNS) / 2  # codes half way, as the largest is 127
    x[7, ::32], x[7, 256] = 127, -127
    return x


def rounded(library, name, x):
    function, block, fields = TYPES[name]
    out = np.zeros(x.size // block, np.dtype(fields))
    getattr(library, function)(x.ctypes.data_as(ctypes.c_void_p), out.ctypes.data_as(ctypes.c_void_p), ctypes.c_int64(x.size))
    if name == "bfloat16":
        return (out["bits"].astype(np.uint32) << 16).view(np.float32).reshape(x.shape)
    d = out["d"].astype(np.float32)
    y = d if block == 1 else out["codes"].astype(np.float32) * d[:, None]
    return y.reshape(x.shape)


library = ctypes.CDLL(sys.argv[1])
library.ggml_cpu_init()
def sum_errors(library, x):
    out = np.zeros(x.size // 32, np.dtype(TYPES["q8_1"][2]))
    library.quantize_row_q8_1(x.ctypes.data_as(ctypes.c_void_p), out.ctypes.data_as(ctypes.c_void_p), ctypes.c_int64(x.size))
    codes = out["codes"].astype(np.float32).sum(1)
    return (out["s"].astype(np.float32) - out["d"].astype(np.float32) * codes).reshape(len(x), -1)


x = activations(np.random.default_rng(7))
sums = {"q8_1/sum_errors": sum_errors(library, x)}
save_file({"activations/x": x, **sums, **{name + "/y": rounded(library, name, x) for name in TYPES}}, sys.argv[2])

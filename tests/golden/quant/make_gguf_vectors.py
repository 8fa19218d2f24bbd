#!/usr/bin/env python3
"""Writes gguf_vectors.safetensors: what the Python package (auto-round 0.16.1, torch 2.11.0) computes for small weights of
GGUF's types.

Needs the environment of shared/tools/oracle_env.sh. Usage: make_gguf_vectors.py OUT
Cases: tune-* (forward and gradients of the tuning quantizers, and the scales and minima that upstream stores) and
search-* (rounding with an importance vector, as packed blocks).
"""
import sys

import torch
from auto_round.data_type.gguf import (quant_tensor_asym_dq, quant_tensor_asym_float_zp, quant_tensor_gguf_asym_dq,
                                       quant_tensor_gguf_sym_dq, quant_tensor_sym_dq)
from auto_round.export.export_to_gguf.packing import ggml_quant
from safetensors.torch import save_file

SUPER_BITS = {2: 4, 3: 6, 4: 6, 5: 6, 6: 8}
ROWS, COLUMNS = 12, 512
tensors = {}
torch.set_num_threads(1)


def put(case, **values):
    for name, value in values.items():
        tensors[f"{case}/{name}"] = value.detach().contiguous().clone()


def weights(gen):
    w = torch.randn(ROWS, COLUMNS, generator=gen) * 0.05
    w[0] = 0
    w[1] = 0.25
    w[2] = -0.25
    w[3, : COLUMNS // 2] = 0
    w[4], w[5] = w[4].abs(), -w[5].abs()
    w[7] *= 2e-7
    w[8, 1] = 8.0
    return w.to(torch.bfloat16)


def parameters(w, group, gen):
    full = w.reshape(-1, group)
    low, high = full.min(-1)[0].clamp(max=0), full.max(-1)[0].clamp(min=0)
    v = (torch.rand(full.shape, generator=gen) - 0.5).requires_grad_()
    a = (torch.rand(len(full), generator=gen) * 0.4 + 0.6).requires_grad_()
    b = (torch.rand(len(full), generator=gen) * 0.4 + 0.6).requires_grad_()
    a.data[::5] = 1
    b.data[::5] = 1
    return low, high, v, a, b


def tune(bits, real_zero, gen):
    group = 16 if bits in (2, 3, 6) else 32
    w = weights(gen)
    low, high, v, a, b = parameters(w, group, gen)
    common = dict(bits=bits, group_size=group, v=v, min_scale=a, max_scale=b, scale_dtype=torch.float32, tensor_min=low,
                  tensor_max=high, q_scale_thresh=1e-8)
    if real_zero:
        wq, scale, zero = quant_tensor_asym_float_zp(w, **common)
        stored = {"scale": scale, "zero": zero}
    else:
        quant = quant_tensor_sym_dq if bits in (3, 6) else quant_tensor_asym_dq
        wq, scale, zero = quant(w, super_bits=SUPER_BITS[bits], super_group_size=256 // group, **common)
        stored = {"scale": scale["scale"], "d": scale["d_scale"]}
        if bits not in (3, 6):
            stored.update(min=zero["wmin"], dmin=zero["d_wmin"])
    u = torch.randn(ROWS, COLUMNS, generator=gen).to(torch.bfloat16)
    wq.backward(u)
    put(f"tune-{'real' if real_zero else 'k'}{bits}", w=w, v=v, a=a, b=b, u=u, wq=wq, dv=v.grad, da=a.grad, db=b.grad,
        **stored)


def search(bits, gen):
    w = weights(gen)
    importance = torch.randn(COLUMNS, generator=gen).exp()
    sym = bits in (3, 6)
    rounded, scale, zero = (quant_tensor_gguf_sym_dq if sym else quant_tensor_gguf_asym_dq)(
        w, bits=bits, scale_dtype=torch.float32, imatrix=importance)
    extra = {} if sym else {"wmin": zero["wmin"], "d_wmin": zero["d_wmin"]}
    blocks = ggml_quant(rounded, f"q{bits}_k", scale=scale["scale"], d_scale=scale["d_scale"], device="cpu", **extra)
    put(f"search-k{bits}", w=w, importance=importance, blocks=torch.from_numpy(blocks))


for i, bits in enumerate((2, 3, 4, 5, 6)):
    tune(bits, False, torch.Generator().manual_seed(10 + i))
    search(bits, torch.Generator().manual_seed(20 + i))
for bits in (4, 5):
    tune(bits, True, torch.Generator().manual_seed(30 + bits))
save_file(tensors, sys.argv[1])

#!/usr/bin/env python3
"""Writes float_vectors.safetensors: what the Python package (auto-round 0.16.1, torch 2.11.0) computes for small weights
and activations in floating point types.

Needs the environment of shared/tools/oracle_env.sh. Usage: make_float_vectors.py OUT
Cases are named KIND-TYPE-BITS-GROUP[-GROUP_ROWS]: tune (forward and gradients of the tuning quantizers), search (optimized
RTN with importance), act (activations and the gradient of their input; `act_max` where the range is given, `max_scale` and its
gradient `dm` where it is not 1).
"""
import sys

import torch
from auto_round.data_type.utils import get_quant_func, reshape_pad_tensor_by_group_size
from safetensors.torch import save_file

tensors = {}


def put(case, **values):
    for name, value in values.items():
        tensors[f"{case}/{name}"] = value.detach().contiguous().clone()


def weights(rows, cols, gen):
    w = torch.randn(rows, cols, generator=gen) * 0.05
    w[0] = 0
    w[1] = 0.25
    w[2, : cols // 2] = 0
    w[3] = -0.0
    w[4] *= 2e-7
    w[5, 1] = 8.0
    return w.to(torch.bfloat16)


def ungroup(t, group, rows, cols):
    """Grouped and padded back to [rows, cols]."""
    if isinstance(group, tuple):
        m, n, _, _ = t.shape
        return t.permute(0, 2, 1, 3).reshape(m * group[0], n * group[1])[:rows, :cols]
    return t.reshape(rows, -1)[:, :cols]


def name(kind, data_type, bits, group):
    return f"{kind}-{data_type}-{bits}-" + (f"{group[1]}-{group[0]}" if isinstance(group, tuple) else str(group))


def global_scale(w, data_type):
    return {"global_scale": 2688 * (1 / w.float().abs().max())} if data_type.startswith("nv_fp") else {}


def tune(data_type, bits, group, gen, rows=12, cols=72):
    w = weights(rows, cols, gen)
    quant, key = get_quant_func(data_type, bits, True, disable_opt_rtn=True, group_size=group, iters=200)
    grouped, _, _ = reshape_pad_tensor_by_group_size(w, group)
    dims = (-2, -1) if isinstance(group, tuple) else -1
    high, low = grouped.amax(dims).clamp(min=0), grouped.amin(dims).clamp(max=0)
    v = (torch.rand(grouped.shape, generator=gen) - 0.5).requires_grad_()
    a = (torch.rand(high.shape, generator=gen) * 0.5 + 0.5).requires_grad_()
    a.data.reshape(-1)[::5] = 1
    u = torch.randn(rows, cols, generator=gen).to(torch.bfloat16)
    extra = global_scale(w, data_type)
    wq, _, _ = quant(w, bits=bits, group_size=group, v=v, min_scale=torch.ones_like(a), max_scale=a, data_type=key,
                     tensor_min=low, tensor_max=high, scale_dtype=torch.float16, **extra)
    wq.backward(u)
    put(name("tune", data_type, bits, group), w=w, v=ungroup(v, group, rows, cols), a=a.reshape(-1), u=u, wq=wq,
        dv=ungroup(v.grad, group, rows, cols), da=a.grad.reshape(-1))


def search(data_type, bits, group, gen, zeros, rows=12, cols=64):
    w = weights(rows, cols, gen)
    p = torch.rand(cols, generator=gen) + 0.01
    p[1] *= 50
    if zeros: p[3], p[32:58] = 0, 0
    quant, key = get_quant_func(data_type, bits, True, disable_opt_rtn=False, group_size=group, iters=0)
    wq, _, _ = quant(w, bits=bits, group_size=group, data_type=key, imatrix=p, **global_scale(w, data_type))
    put(name("search" + ("0" if zeros else ""), data_type, bits, group), w=w, p=p, wq=wq)


def act(data_type, bits, group, gen, act_max=None, sym=True, dtype=torch.float32, factor=1.0):
    x = torch.randn(2, 4, 64, generator=gen) * torch.rand(2, 4, 1, generator=gen)
    if factor == 1: x[0, 0] = 0  # autograd of max_scale gives NaN for a group of zeros
    x[0, 1, 7] = 9.0
    x[0, 2] = x[0, 2].abs()
    x = x.to(dtype).requires_grad_()
    dy = torch.randn(x.shape, generator=gen).to(dtype)
    quant, key = get_quant_func(data_type, bits, sym, disable_opt_rtn=True, iters=200)
    bound = torch.tensor([act_max]) if act_max else None
    max_scale = torch.tensor([factor] if factor != 1 else factor, requires_grad=True)
    y, _, _ = quant(x, bits=bits, group_size=group, data_type=key, scale_dtype=torch.float16, q_scale_thresh=1e-5,
                    tensor_max=bound, min_scale=torch.tensor(1.0), max_scale=max_scale)
    y.backward(dy)
    case = name("act", data_type + ("" if sym else "_asym") + ("" if dtype == torch.float32 else "_bf16"), bits, group)
    put(case, x=x, dy=dy, y=y, dx=x.grad)
    if act_max: put(case, act_max=bound)
    if factor != 1: put(case, max_scale=max_scale, dm=max_scale.grad)


gen = torch.Generator().manual_seed(11)
for scheme in [("mx_fp", 4, 32), ("mx_fp", 6, 32), ("mx_fp", 8, 32), ("mx_fp8e5m2", 8, 32), ("mx_fp6e3m2", 6, 32),
               ("mx_fp4_rceil", 4, 32), ("mx_fp4_rceil_v2", 4, 32), ("mx_fp_rceil", 8, 32), ("mx_int", 4, 32),
               ("nv_fp", 4, 16), ("nvfp4_v2", 4, 16), ("fp", 8, -1), ("fp", 8, 24), ("fp8_e5m2", 8, -1),
               ("fp", 8, (4, 24)), ("fp", 8, (5, 32))]:
    tune(*scheme, gen)
for scheme in [("mx_fp", 4, 32), ("mx_fp", 8, 32), ("nv_fp", 4, 16)]:
    for zeros in (False, True): search(*scheme, gen, zeros)
for scheme in [("mx_fp", 4, 32), ("mx_fp_rceil", 4, 32), ("mx_fp", 8, 32), ("mx_fp_rceil", 8, 32), ("mx_int", 4, 32),
               ("nvfp4_v2", 4, 16), ("fp", 8, 32), ("fp", 8, -1), ("int", 8, -1), ("int", 4, 32)]:
    act(*scheme, gen)
act("int", 8, -1, gen, sym=False)
act("nv_fp4_with_static_gs", 4, 16, gen, act_max=5.0)
act("fp", 8, 0, gen, act_max=3.0)
act("fp8", 8, 0, gen, act_max=3.0, factor=0.7)
act("mx_fp4", 4, 32, gen, factor=0.7)
for scheme in [("mx_fp", 4, 32), ("fp", 8, 32), ("int", 8, -1)]:
    act(*scheme, gen, dtype=torch.bfloat16)
save_file(tensors, sys.argv[1])

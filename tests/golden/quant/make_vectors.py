#!/usr/bin/env python3
"""Writes vectors.safetensors: what the Python package (auto-round 0.16.1, torch 2.11.0) computes for small weights.

Needs the environment of shared/tools/oracle_env.sh. Usage: make_vectors.py OUT
Cases: tune-* (forward and gradients of the tuning quantizers), search-* (optimized RTN), vector-* (norm and bias tuning),
adamw (three steps of torch's AdamW). `meta` of a case is [bits, sym, group_size, scale type: 0 f16, 1 bf16, 2 f32].
Gradients are taken with float32 scales only: with float16 ones autograd rounds two cancelling addends to float16, which
we do not reproduce (algorithm.md 3.1).
"""
import sys

import torch
from auto_round.data_type.int import (quant_tensor_asym, quant_tensor_asym_wo_round, quant_tensor_opt_rtn_sym,
                                      quant_tensor_sym)
from safetensors.torch import save_file

SCALE = {0: torch.float16, 1: torch.bfloat16, 2: torch.float32}
tensors = {}


def put(case, **values):
    for name, value in values.items():
        tensors[f"{case}/{name}"] = value.detach().contiguous().clone()


def weights(rows, cols, gen):
    w = torch.randn(rows, cols, generator=gen) * 0.05
    w[0] = 0
    w[1] = 0.25
    w[2] = -0.25
    w[3, : cols // 2] = 0
    w[4], w[5] = w[4].abs(), -w[5].abs()
    w[6, ::2], w[6, 1::2] = 0.5, -0.5
    w[7] *= 2e-7
    w[8, 1] = 8.0
    return w.to(torch.bfloat16)


def tune(bits, sym, group, cols, scale_type, ranges, gen):
    rows = 12
    w = weights(rows, cols, gen)
    n_groups = rows * -(-cols // group)
    padded = -(-cols // group) * group
    full = torch.nn.functional.pad(w, (0, padded - cols)).reshape(-1, group)
    low = full.min(-1)[0].clamp(max=0)
    high = full.max(-1)[0].clamp(min=0)
    v = torch.rand(rows, cols, generator=gen) - 0.5
    vp = torch.nn.functional.pad(v, (0, padded - cols)).reshape(-1, group).requires_grad_()
    if ranges:
        a = (torch.rand(n_groups, generator=gen) * 0.4 + 0.6).requires_grad_()
        b = (torch.rand(n_groups, generator=gen) * 0.4 + 0.6).requires_grad_()
        a.data[::5] = 1
        b.data[::5] = 1
    else:
        a, b = torch.tensor(1.0), torch.tensor(1.0)
    u = torch.randn(rows, cols, generator=gen).to(torch.bfloat16)
    quant = quant_tensor_sym if sym else quant_tensor_asym
    wq, scale, zp = quant(w, bits, group, vp, a, b, SCALE[scale_type], low, high,
                          q_scale_thresh=1e-8 if scale_type == 2 else 1e-5)
    case = f"tune-w{bits}{'sym' if sym else 'asym'}-g{group}-{cols}-s{scale_type}{'' if ranges else '-fixed'}"
    # What the packer stores: codes from the rounded weight.
    grid = lambda t: t.reshape(rows, -1).repeat_interleave(group, 1)[:, :cols]
    zero = grid(zp) if isinstance(zp, torch.Tensor) else zp
    codes = torch.round(wq / grid(scale) + zero).clamp(0, 2**bits - 1).to(torch.uint8)
    put(case, meta=torch.tensor([bits, int(sym), group, scale_type]), w=w, v=v, u=u, wq=wq, codes=codes,
        scale=scale.reshape(-1).float())
    if not sym:
        put(case, zero=zp.reshape(-1).float())
    if ranges:
        put(case, a=a, b=b)
    if scale_type == 2:
        wq.backward(u)
        put(case, dv=vp.grad.reshape(rows, -1)[:, :cols])
        if ranges:
            put(case, da=a.grad, db=b.grad)


def search(bits, group, cols, importance, gen, dtype=torch.bfloat16):
    rows = 12
    w = weights(rows, cols, gen).to(dtype)
    imatrix = None
    if importance:
        imatrix = torch.rand(cols, generator=gen) + 0.01
        if importance == "zeros":
            imatrix[3] = 0
            imatrix[group: group + group * 3 // 4] = 0
    wq, scale, zp = quant_tensor_opt_rtn_sym(w.clone(), bits, group, imatrix=imatrix)
    grid = scale.reshape(rows, -1).repeat_interleave(group, 1)[:, :cols]
    codes = torch.round(wq / grid + zp).clamp(0, 2**bits - 1).to(torch.uint8)
    case = f"search-w{bits}-g{group}-{cols}-{importance or 'uniform'}{'' if dtype == torch.bfloat16 else '-f32'}"
    put(case, meta=torch.tensor([bits, 1, group, 0]), w=w, wq=wq, scale=scale.reshape(rows, -1).float(), codes=codes)
    if imatrix is not None:
        put(case, importance=imatrix)


def vector(name, w, gen):
    v = (torch.rand(w.shape, generator=gen) - 0.5).requires_grad_()
    u = torch.randn(w.shape, generator=gen)
    wq, scale, zp = quant_tensor_asym_wo_round(w, 4, -1, v, q_scale_thresh=1e-5)
    wq.backward(u.to(w.dtype))
    put(f"vector-{name}", w=w, v=v, u=u.to(w.dtype).float(), wq=wq, scale=scale.reshape(-1).float(),
        zero=zp.reshape(-1).float(), dv=v.grad)


def adamw(gen):
    p = torch.randn(40, generator=gen).requires_grad_()
    start = p.detach().clone()
    optimizer = torch.optim.AdamW([p], lr=0.01, betas=(0.9, 0.999), eps=1e-8, weight_decay=0)
    grads = torch.randn(3, 40, generator=gen)
    for g in grads:
        p.grad = g.clone()
        optimizer.step()
    put("adamw", start=start, grads=grads, end=p)


def main():
    gen = torch.Generator().manual_seed(1)
    for bits, sym in [(2, True), (3, True), (4, True), (8, True), (2, False), (4, False), (8, False)]:
        for scale_type in (0, 2):
            tune(bits, sym, 32, 64, scale_type, True, gen)
    for sym in (True, False):
        tune(4, sym, 24, 60, 2, True, gen)       # short last group
        tune(4, sym, 32, 64, 1, True, gen)       # bfloat16 scales
        tune(4, sym, 32, 64, 0, False, gen)      # ranges not tuned
        tune(4, sym, 32, 64, 1, False, gen)
        tune(4, sym, 32, 64, 2, False, gen)
    for bits in (2, 3, 4, 5, 8):
        search(bits, 32, 64, None, gen)
    search(4, 128, 256, None, gen)
    search(4, 24, 60, None, gen)
    search(4, 32, 64, None, gen, torch.float32)
    for importance in ("random", "zeros"):
        search(2, 32, 64, importance, gen)
        search(4, 32, 64, importance, gen)
    vector("bf16", (torch.randn(48, generator=gen) * 0.1 + 1).to(torch.bfloat16), gen)
    vector("bias", (torch.randn(48, generator=gen) * 0.02).to(torch.bfloat16), gen)
    vector("f32", torch.randn(48, generator=gen), gen)
    adamw(gen)
    save_file(tensors, sys.argv[1])


if __name__ == "__main__":
    main()

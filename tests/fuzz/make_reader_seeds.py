#!/usr/bin/env python3
"""Writes the seeds of packed_reader_fuzz.cpp: one tiny layer of every layout a format stores, with random content.

usage: make_reader_seeds.py DIR      (DIR/<format>_reader/<case>.bin)
"""
import json, pathlib, random, struct, sys

OUT, IN, GROUP = 32, 64, 32
BYTES = {"I32": 4, "U32": 4, "I64": 8, "F16": 2, "BF16": 2, "F32": 4, "U8": 1, "I8": 1, "F8_E4M3": 1}
rng = random.Random(7)


def content(suffix, dtype, shape, values):
    n = 1
    for d in shape:
        n *= d
    if values is not None:
        return struct.pack("<%dq" % n, *values) if dtype == "I64" else struct.pack("<%di" % n, *values)
    if dtype == "F32":
        return struct.pack("<%df" % n, *([0.5] * n))
    if dtype in ("F16", "BF16"):
        return (b"\x00\x38" if dtype == "F16" else b"\x00\x3f") * n  # 0.5
    if dtype == "U8" and "scale" in suffix:
        return bytes(rng.randrange(120, 130) for _ in range(n))  # powers of two near one
    if dtype == "F8_E4M3":
        return bytes(rng.randrange(0x7f) for _ in range(n))
    return bytes(rng.randrange(256) for _ in range(n * BYTES[dtype]))


def safetensors(layer):
    header, data = {}, b""
    for suffix, (dtype, shape, *values) in layer.items():
        part = content(suffix, dtype, shape, values[0] if values else None)
        header["l.q." + suffix] = {"dtype": dtype, "shape": shape, "data_offsets": [len(data), len(data) + len(part)]}
        data += part
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-(8 + len(text)) % 8)
    return struct.pack("<Q", len(text)) + text + data


def gptq(bits, zeros, g_idx=False):
    groups = IN // GROUP
    layer = {"qweight": ("I32", [IN * bits // 32, OUT]), "scales": ("F16", [groups, OUT]),
             "qzeros": ("I32", [groups, OUT * bits // 32], [zeros] * (groups * OUT * bits // 32))}
    if g_idx:
        layer["g_idx"] = ("I32", [IN], [i // GROUP for i in range(IN)])
    return layer


def awq(zeros=-0x77777778):
    groups = IN // GROUP
    return {"qweight": ("I32", [IN, OUT // 8]), "scales": ("F16", [groups, OUT]),
            "qzeros": ("I32", [groups, OUT // 8], [zeros] * (groups * OUT // 8)), "bias": ("F16", [OUT])}


def args(bits, kind, strategy, **more):
    return {"num_bits": bits, "type": kind, "strategy": strategy, "symmetric": True, "dynamic": False, **more}


def compressed(form, weights, inputs=None):
    group = {"targets": ["Linear"], "weights": weights, "input_activations": inputs, "output_activations": None, "format": form}
    return {"quant_method": "compressed-tensors", "format": form, "config_groups": {"group_0": group}, "ignore": ["lm_head"]}


def auto_round(packing, **more):
    return {"quant_method": "auto-round", "packing_format": packing, "bits": 4, "group_size": GROUP, "sym": True,
            "data_type": "int", "block_name_to_quantize": "l", **more}


V1, RAW = 0x77777777, -0x77777778
NVFP4 = {"weight_packed": ("U8", [OUT, IN // 2]), "weight_scale": ("F8_E4M3", [OUT, IN // 16]),
         "weight_global_scale": ("F32", [1]), "input_global_scale": ("F32", [1])}
MXFP4 = {"weight_packed": ("U8", [OUT, IN // 2]), "weight_scale": ("U8", [OUT, IN // 32])}
MXFP8 = {"weight": ("F8_E4M3", [OUT, IN]), "weight_scale": ("U8", [OUT, IN // 32])}
FP8 = {"weight": ("F8_E4M3", [OUT, IN]), "weight_scale": ("BF16", [OUT, 1]), "input_scale": ("BF16", [1])}
BLOCK = {"weight": ("F8_E4M3", [OUT, IN]), "weight_scale_inv": ("F32", [1, 1])}
ACT = {"act_bits": 4, "act_group_size": 16, "act_sym": True, "act_dynamic": True, "act_data_type": "nv_fp4_with_static_gs"}

SEEDS = {
    "auto_round_reader": {
        "gptq_v1": (auto_round("auto_round:auto_gptq"), gptq(4, V1)),
        "plain_asym": (auto_round("auto_round", sym=False), gptq(4, 0x12345678)),
        "three_bits": (auto_round("auto_round", bits=3, sym=False), gptq(3, 0x12345678)),
        "awq": (auto_round("auto_round:auto_awq"), awq()),
        "extra_config": (auto_round("auto_round:auto_gptq", bits=2, extra_config={"l.q": {"bits": 4}}), gptq(4, V1)),
        "nvfp4": (auto_round("auto_round:llm_compressor", data_type="nv_fp", group_size=16, **ACT), NVFP4),
        "mxfp4": (auto_round("auto_round:llm_compressor", data_type="mx_fp"), MXFP4),
        "fp8_static": (auto_round("auto_round:fp8_static", bits=8, data_type="fp", group_size=-1, act_bits=8,
                                  act_data_type="fp", act_dynamic=False, act_group_size=0), {**FP8, "weight_scale": ("BF16", [OUT])}),
    },
    "auto_gptq_reader": {
        "sym": ({"quant_method": "gptq", "bits": 4, "group_size": GROUP, "sym": True, "desc_act": False}, gptq(4, V1, True)),
        "asym": ({"quant_method": "gptq", "bits": 2, "group_size": GROUP, "sym": False, "desc_act": False}, gptq(2, 5, True)),
        "dynamic": ({"quant_method": "gptq", "bits": 4, "group_size": GROUP, "sym": True,
                     "dynamic": {"+:.*l\\.q.*": {"bits": 8}}}, gptq(8, 0x7F7F7F7F)),
    },
    "auto_awq_reader": {
        "sym": ({"quant_method": "awq", "bits": 4, "group_size": GROUP, "zero_point": False, "version": "gemm"}, awq()),
        "asym": ({"quant_method": "awq", "bits": 4, "group_size": GROUP, "zero_point": True, "version": "gemm"}, awq(0x1234567)),
    },
    "llm_compressor_reader": {
        "packed": (compressed("pack-quantized", args(4, "int", "group", group_size=GROUP)),
                   {"weight_packed": ("I32", [OUT, IN // 8]), "weight_scale": ("F16", [OUT, IN // GROUP]),
                    "weight_shape": ("I64", [2], [OUT, IN])}),
        "int8": (compressed("int-quantized", args(8, "int", "channel"), {**args(8, "int", "token"), "dynamic": True}),
                 {"weight": ("I8", [OUT, IN]), "weight_scale": ("F16", [OUT, 1])}),
        "fp8": (compressed("float-quantized", args(8, "float", "channel"), args(8, "float", "tensor")), FP8),
        "block": (compressed("float-quantized", args(8, "float", "block", block_structure=[128, 128])),
                  {"weight": ("F8_E4M3", [OUT, IN]), "weight_scale": ("BF16", [1, 1])}),
        "mxfp4": (compressed("mxfp4-pack-quantized", args(4, "float", "group", group_size=32, scale_dtype="torch.uint8")), MXFP4),
        "mxfp8": (compressed("mxfp8-quantized", args(8, "float", "group", group_size=32, scale_dtype="torch.uint8")), MXFP8),
        "nvfp4": (compressed("nvfp4-pack-quantized", args(4, "float", "tensor_group", group_size=16,
                                                          scale_dtype="torch.float8_e4m3fn")), NVFP4),
    },
    "fp8_reader": {
        "block": ({"quant_method": "fp8", "fmt": "e4m3", "activation_scheme": "dynamic", "weight_block_size": [128, 128]}, BLOCK),
    },
    "mlx_reader": {
        "four": ({"group_size": GROUP, "bits": 4},
                 {"weight": ("U32", [OUT, IN // 8]), "scales": ("F16", [OUT, IN // GROUP]), "biases": ("F16", [OUT, IN // GROUP])}),
    },
}

for target, cases in SEEDS.items():
    folder = pathlib.Path(sys.argv[1]) / target
    folder.mkdir(parents=True, exist_ok=True)
    for case, (config, layer) in cases.items():
        (folder / (case + ".bin")).write_bytes(json.dumps(config).encode() + b"\0" + safetensors(layer))

#!/usr/bin/env python3
"""Cuts the compact golden set of this folder out of the full one: make_compact.py FULL_DIR (shared/golden/upstream)."""
import ast, hashlib, json, pathlib, shutil, struct, sys

HERE = pathlib.Path(__file__).resolve().parent
FULL = pathlib.Path(sys.argv[1])
LAYERS = ["model.layers.0.self_attn.q_proj", "model.layers.0.self_attn.k_proj"]
MORE = {"ar-w4a16-mixed": ["model.layers.1.mlp.down_proj", "model.layers.0.mlp.up_proj"],
        "llama-ar-w4a16": ["model.layers.1.mlp.down_proj"]}
MODELS = ["tiny-llama"]


CALIBRATED = ["NVFP4", "FP8_STATIC"]
CALIBRATION = ["--dataset", "CALIBRATION", "--nsamples", "16", "--seqlen", "128", "--batch_size", "4"]
# Covered by others, or no output to compare: several formats in one run; a folder that nothing loads (README.md).
LEFT_OUT = ["llama-multi", "ar-bf16", "llmc-w4a16-asym"]


def wanted(case):
    return "gguf" not in case and not case.startswith("mf-") and case not in LEFT_OUT


def read(path, name):
    with open(path, "rb") as f:
        n = struct.unpack("<Q", f.read(8))[0]
        e = json.loads(f.read(n))[name]
        a, b = e["data_offsets"]
        f.seek(8 + n + a)
        return f.read(b - a)


def write(path, tensors):
    header, data = {}, b""
    for name, (dtype, shape, raw) in tensors.items():
        header[name] = {"dtype": dtype, "shape": shape, "data_offsets": [len(data), len(data) + len(raw)]}
        data += raw
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    path.write_bytes(struct.pack("<Q", len(text)) + text + data)


def follow(manifest, case):
    """Tensors of a case: name -> entry, with `at` filled in from the case it equals."""
    files = manifest["cases"][case]["files"]
    entry = files["model.safetensors"]
    owner, source = case, entry
    if "same_as" in entry:
        owner = entry["same_as"].split("/")[1]
        source = manifest["cases"][owner]["files"]["model.safetensors"]
    whole = f"cases/{owner}/model.safetensors"  # of cases that share little with others
    def place(name): return source["tensors"][name].get("at") or ((FULL / whole).exists() and f"{whole}#{name}" or None)
    return {name: {**t, "at": place(name)} for name, t in entry["tensors"].items()}


def arguments(call):
    """The command line of our program for a call of upstream's Python interface."""
    tree = ast.parse(call.replace("', format=", "', export=")).body[0].value
    init = tree.func.value
    given = {k.arg: ast.literal_eval(k.value) for k in init.keywords}
    args = ["--scheme", given["scheme"], "--iters", str(given["iters"]), "--disable_opt_rtn", "--format", given.get("format") or given["export"]]
    if given.get("sym") is False: args += ["--asym"]
    if "group_size" in given: args += ["--group_size", str(given["group_size"])]
    if given.get("quant_lm_head"): args += ["--quant_lm_head"]
    if any(name in given["scheme"] for name in CALIBRATED): args += CALIBRATION
    if "ignore_layers" in given: args += ["--ignore_layers", given["ignore_layers"]]
    if "layer_config" in given: args += ["--layer_config", json.dumps(given["layer_config"])]
    return args


def correct(manifest, case, tensors):
    """A quantized lm_head is left unpacked on this route, and right on upstream's other one."""
    if case != "ar-w4a16-lmhead": return tensors
    right = follow(manifest, "mf-ar-w4a16-lmhead")
    kept = {n: t for n, t in tensors.items() if not n.startswith("lm_head.")}
    return {**kept, **{n: t for n, t in right.items() if n.startswith("lm_head.")}}


def correct_config(case, config):
    """FP8_STATIC for llm_compressor does not list the layers it leaves alone: compressed-tensors then misses their scales.
    MXFP8 has the activations of the user guide."""
    if case.endswith("llmc-fp8_static"): config["ignore"] = ["lm_head"]
    if case.endswith("ar-mxfp8"): config["act_data_type"] = "mx_fp_rceil"


def correct_configs(case, folder):
    for name in ("config.json", "quantization_config.json"):
        path = folder / name
        if not path.exists(): continue
        text = path.read_text()
        whole = json.loads(text)
        correct_config(case, whole.get("quantization_config", whole))
        if whole != json.loads(text): path.write_text(json.dumps(whole, indent=2) + text[len(text.rstrip()):])


def measured(name, t):
    """The value of a scale that was calibrated: it depends on the library's matrix products, so it is compared closely, not by bytes."""
    if not name.endswith((".input_scale", ".input_global_scale")): return []
    raw = read(FULL / t["at"].split("#")[0], t["at"].split("#")[1])
    return [struct.unpack("<f", raw if t["dtype"] == "F32" else b"\0\0" + raw)[0]]


def rounded(x):
    """The bits of the nearest bfloat16, ties to even."""
    u = struct.unpack("<I", struct.pack("<f", x))[0]
    return (u + 0x7FFF + (u >> 16 & 1)) >> 16


def int8_weights(manifest, name):
    """Upstream's INT8 in format auto_round is known by hashes only, with signs of zero: computed from its own codes and scales."""
    t = follow(manifest, "llmc-int8")
    raw = read(FULL / t[name]["at"].split("#")[0], t[name]["at"].split("#")[1])
    if t[name]["dtype"] != "I8": return raw
    out, columns = t[name]["shape"]
    codes = struct.unpack(f"<{len(raw)}b", raw)
    scale = t[name + "_scale"]["at"].split("#")
    scales = struct.unpack(f"<{out}e", read(FULL / scale[0], scale[1]))
    return struct.pack(f"<{len(codes)}H", *(rounded(c * scales[i // columns]) for i, c in enumerate(codes)))


def without_signed_zeros(manifest, case, tensors):
    """Hashes of BF16 tensors with -0 as +0: the sign of a weight that became zero is not part of the format `fake`."""
    for name, t in tensors.items():
        if t["dtype"] != "BF16": continue
        if case == "ar-int8" and not t["at"]:
            raw = int8_weights(manifest, name)
        else:
            raw = read(FULL / t["at"].split("#")[0], t["at"].split("#")[1])
        words = struct.unpack(f"<{len(raw) // 2}H", raw)
        t["sha256"] = hashlib.sha256(struct.pack(f"<{len(words)}H", *(0 if w == 0x8000 else w for w in words))).hexdigest()


def main():
    manifest = json.loads((FULL / "manifest.json").read_text())
    expected = {}
    for case, c in manifest["cases"].items():
        if not wanted(case) or c["status"] != "ok": continue
        tensors = correct(manifest, case, follow(manifest, case))
        if c["format"] == "fake" or case == "ar-int8": without_signed_zeros(manifest, case, tensors)
        expected[case] = {"model": c["model"], "scheme": c["scheme"], "format": c["format"], "call": c["call"], "arguments": arguments(c["call"]),
                          "tensors": {n: [t["dtype"], t["shape"], t["sha256"], *measured(n, t)] for n, t in tensors.items()}}
        out = HERE / "cases" / case
        out.mkdir(parents=True, exist_ok=True)
        for f in ("config.json", "quantization_config.json"):
            e = c["files"].get(f)
            if e is None: continue
            at = e.get("same_as") or e.get("at") or f"cases/{case}/{f}"
            shutil.copyfile(FULL / at, out / f)
        correct_configs(case, out)
        layers = {}
        for name, t in tensors.items():
            if not t["at"] or name.rsplit(".", 1)[0] not in LAYERS + MORE.get(case, []): continue
            path, key = t["at"].split("#")
            layers[name] = t["dtype"], t["shape"], read(FULL / path, key)  # `at` promises equal bytes, not an equal shape
        if layers: write(out / "layers.safetensors", layers)
    rows = [f'"{case}": ' + json.dumps(e, separators=(",", ":")) for case, e in expected.items()]
    (HERE / "expected.json").write_text("{\n" + ",\n".join(rows) + "\n}\n")
    shutil.copyfile(FULL.parent.parent / "data/text/calib_tiny.jsonl", HERE / "calibration.jsonl")
    for model in MODELS:
        shutil.copytree(FULL / "models" / model, HERE / "models" / model, dirs_exist_ok=True)


main()

#!/usr/bin/env python3
"""Cuts the compact golden set of this folder out of the full one: make_compact.py FULL_DIR (shared/golden/upstream)."""
import json, pathlib, shutil, struct, sys

HERE = pathlib.Path(__file__).resolve().parent
FULL = pathlib.Path(sys.argv[1])
LAYERS = ["model.layers.0.self_attn.q_proj", "model.layers.0.self_attn.k_proj"]
MORE = {"ar-w4a16-mixed": ["model.layers.1.mlp.down_proj", "model.layers.0.mlp.up_proj"],
        "llama-ar-w4a16": ["model.layers.1.mlp.down_proj"]}
MODELS = ["tiny-llama"]


def wanted(case):
    return case.startswith(("ar-w", "llama-ar-w", "ar_auto_gptq-", "ar_gptqmodel-", "ar_auto_awq-")) or case == "fake-w4a16"


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
    source = entry
    if "same_as" in entry:
        source = manifest["cases"][entry["same_as"].split("/")[1]]["files"]["model.safetensors"]
    return {name: {**t, "at": source["tensors"][name].get("at")} for name, t in entry["tensors"].items()}


def main():
    manifest = json.loads((FULL / "manifest.json").read_text())
    expected = {}
    for case, c in manifest["cases"].items():
        if not wanted(case) or c["status"] != "ok": continue
        tensors = follow(manifest, case)
        expected[case] = {"model": c["model"], "scheme": c["scheme"], "format": c["format"], "call": c["call"],
                          "tensors": {n: [t["dtype"], t["shape"], t["sha256"]] for n, t in tensors.items()}}
        out = HERE / "cases" / case
        out.mkdir(parents=True, exist_ok=True)
        for f in ("config.json", "quantization_config.json"):
            e = c["files"].get(f)
            if e is None: continue
            at = e.get("same_as") or e.get("at") or f"cases/{case}/{f}"
            shutil.copyfile(FULL / at, out / f)
        layers = {}
        for name, t in tensors.items():
            if not t["at"] or name.rsplit(".", 1)[0] not in LAYERS + MORE.get(case, []): continue
            path, key = t["at"].split("#")
            layers[name] = t["dtype"], t["shape"], read(FULL / path, key)  # `at` promises equal bytes, not an equal shape
        if layers: write(out / "layers.safetensors", layers)
    rows = [f'"{case}": ' + json.dumps(e, separators=(",", ":")) for case, e in expected.items()]
    (HERE / "expected.json").write_text("{\n" + ",\n".join(rows) + "\n}\n")
    for model in MODELS:
        shutil.copytree(FULL / "models" / model, HERE / "models" / model, dirs_exist_ok=True)


main()

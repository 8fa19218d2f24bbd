#!/usr/bin/env python3
"""Runs upstream for FP8 scales of attention and keeps what it stored: make_attention_states.py AUTO_ROUND (its program).

All samples are in one batch: upstream keeps the scales of the last batch alone."""
import json, os, pathlib, struct, subprocess, sys, tempfile

HERE = pathlib.Path(__file__).resolve().parent
COMMON = ["--dataset", "CALIBRATION", "--nsamples", "8", "--seqlen", "128", "--batch_size", "8"]
CASES = {
    "llmc-fp8_static-kv-head": "--scheme FP8_STATIC --format llm_compressor --iters 0 --static_kv_dtype fp8 --static_kv_granularity head",
    "llmc-fp8_static-attention": "--scheme FP8_STATIC --format llm_compressor --iters 0 --static_attention_dtype fp8",
    "ar-w4a16-attention-head": "--scheme W4A16 --format auto_round --iters 0 --disable_opt_rtn --static_attention_dtype fp8 --static_attention_granularity head",
}
KEYS = ["kv_cache_scheme", "attention_input_activations", "static_attention_dtype", "static_kv_dtype", "static_attention_granularity",
        "static_kv_granularity"]


def scales(path):
    with open(path, "rb") as f:
        n = struct.unpack("<Q", f.read(8))[0]
        header, data = json.loads(f.read(n)), f.read()
    found = {}
    for name, t in header.items():
        if not name.endswith(("self_attn.k_scale", "self_attn.v_scale", "self_attn.q_scale")): continue
        assert t["dtype"] == "F32", (name, t)
        begin, end = t["data_offsets"]
        found[name] = list(struct.unpack(f"<{(end - begin) // 4}f", data[begin:end]))
    return found


def record(folder):
    config = json.loads((folder / "config.json").read_text())["quantization_config"]
    return {"config": {k: config[k] for k in KEYS if k in config}, "scales": scales(folder / "model.safetensors")}


def main():
    expected = {}
    for name, line in CASES.items():
        arguments = line.split() + COMMON
        with tempfile.TemporaryDirectory() as out:
            words = [str(HERE / "calibration.jsonl") if w == "CALIBRATION" else w for w in arguments]
            subprocess.run([sys.argv[1], str(HERE / "models/tiny-llama"), "--device_map", "cpu", "--disable_torch_compile", "--output_dir", out] + words,
                           check=True, env={**os.environ, "HF_HUB_OFFLINE": "1", "OMP_NUM_THREADS": "1"})
            expected[name] = {"arguments": arguments, **record(next(pathlib.Path(out).rglob("config.json")).parent)}
    rows = [f'"{name}": ' + json.dumps(e) for name, e in expected.items()]
    (HERE / "attention_states.json").write_text("{\n" + ",\n".join(rows) + "\n}\n")


if __name__ == "__main__": main()

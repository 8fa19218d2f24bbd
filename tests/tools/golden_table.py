#!/usr/bin/env python3
"""Runs every case of a folder of upstream goldens and prints one line of a Markdown table for each: docs/golden_cases.md.

usage: golden_table.py PROGRAM GOLDEN [CASE...]     GOLDEN holds manifest.json, models/ and cases/ (its README); AR_SHARED
                                                    is the folder with data/ if that is not two above it
needs: nothing but Python; gguf-py to name the tensors of a GGUF file that differs
"""
import fnmatch
import hashlib
import json
import os
import pathlib
import struct
import subprocess
import sys
import tempfile

CALIBRATION = ["--nsamples", "16", "--seqlen", "128", "--batch_size", "4"]
TOLERANCE = 0.01  # of scales that follow from a pass of calibration data through the model, on machines with other products

# Differences that docs/formats.md gives the reasons of, by pattern of the case's name.
ON_PURPOSE = {
    "ar-bf16": "no quantization_config for a folder that quantizes nothing",
    "ar-*-lmhead": "lm_head packed, as announced; upstream stores it unpacked",
    "ar-mxfp8": "act_data_type mx_fp_rceil",
    "fake-nvfp4": "input_global_scale is stored; +0 where upstream keeps the sign of a zero",
    "fake-mxfp4": "+0 where upstream keeps the sign of a zero",
    "gguf-q4_k_m-mixed": "a layer fixed at 16 bits stays 16-bit; upstream quantizes it",
    "gguf-q5_k_[ms]": "one code of one block, by MKL's square root",
    "llmc-fp8_static": "ignore names lm_head",
    "llmc-w4a16-asym": "refused: compressed-tensors does not load it",
    "ar-w4a16-g0": "refused; upstream crashes",
}


def purpose(name):
    return next((reason for pattern, reason in ON_PURPOSE.items() if fnmatch.fnmatch(name, pattern)), "")


def safetensors(path):
    """name -> (dtype, shape, bytes)"""
    data = path.read_bytes()
    n = struct.unpack("<Q", data[:8])[0]
    header = json.loads(data[8 : 8 + n])
    header.pop("__metadata__", None)
    part = lambda a, b: data[8 + n + a : 8 + n + b]
    return {k: (v["dtype"], v["shape"], part(*v["data_offsets"])) for k, v in header.items()}


def scalar(dtype, data):
    bits = struct.unpack("<H", data)[0] << 16 if dtype == "BF16" else struct.unpack("<I", data)[0]
    return struct.unpack("<f", struct.pack("<I", bits))[0]


def command(program, golden, case, out):
    arguments = case.get("arguments", {})
    line = [program, str(golden / "models" / case["model"]), "--scheme", case["scheme"], "--format", case["format"]]
    line += ["--iters", "0", "--disable_opt_rtn", "--device_map", "cpu", "--output_dir", str(out)]
    line += ["--dataset", str(pathlib.Path(os.environ.get("AR_SHARED", golden / "../.."), "data/text/calib_tiny.jsonl")), *CALIBRATION]
    if "group_size" in arguments: line += ["--group_size", str(arguments["group_size"])]
    if arguments.get("sym") is False: line += ["--asym"]
    if arguments.get("quant_lm_head"): line += ["--quant_lm_head"]
    if "layer_config" in arguments: line += ["--layer_config", json.dumps(arguments["layer_config"])]
    if "ignore_layers" in arguments: line += ["--ignore_layers", arguments["ignore_layers"]]
    return line


def stored(golden, file, theirs, key):
    """A tensor of the goldens, which keep one copy of equal ones, and of most files only what is nowhere else."""
    whole = file if file.exists() else file.parent / "rest.safetensors"
    place, _, key = theirs.get("at", f"{whole}#{key}").partition("#")
    return safetensors(golden / place)[key]


def compare_tensors(golden, name, case, top):
    """Number of tensors, those that differ, and how many are within TOLERANCE."""
    calibrated, different, n = 0, [], 0
    for path, file in case["files"].items():
        if "tensors" not in file or path.endswith(".gguf"): continue
        folder = top.parent / path if "/" in path else top / path
        mine = {}
        for part in folder.parent.glob("*.safetensors"): mine.update(safetensors(part))
        n += len(file["tensors"])
        for key in sorted(set(mine) | set(file["tensors"])):
            theirs = file["tensors"].get(key)
            own = mine.get(key)
            if own and theirs and (own[0], own[1], hashlib.sha256(own[2]).hexdigest()) == (theirs["dtype"], theirs["shape"], theirs["sha256"]):
                continue
            if own and theirs and key.endswith(("input_scale", "input_global_scale")):
                known = stored(golden, golden / file.get("same_as", f"cases/{name}/{path}"), theirs, key)
                a, b = scalar(own[0], own[2]), scalar(known[0], known[2])
                if abs(a - b) <= TOLERANCE * abs(b):
                    calibrated += 1
                    continue
            different.append(key)
    return n, different, calibrated


def compare_gguf(case, top):
    (path, file), = ((p, f) for p, f in case["files"].items() if p.endswith(".gguf"))
    mine = top / path
    if not mine.exists(): return len(file["tensors"]), ["the file's name"]
    if hashlib.sha256(mine.read_bytes()).hexdigest() == file["sha256"]: return len(file["tensors"]), []
    import gguf
    digest = lambda t: hashlib.sha256(t.data.tobytes()).hexdigest()
    different = [t.name for t in gguf.GGUFReader(mine).tensors if digest(t) != file["tensors"].get(t.name, {}).get("sha256")]
    return len(file["tensors"]), different or ["keys"]


def compare_configs(golden, name, case, top):
    different = []
    for path in case["files"]:
        if pathlib.Path(path).name not in ("config.json", "quantization_config.json"): continue
        theirs = golden / case["files"][path].get("same_as", f"cases/{name}/{path}")
        mine = top.parent / path if "/" in path else top / path
        a, b = json.loads(mine.read_text()) if mine.exists() else {}, json.loads(theirs.read_text())
        different += [f"{pathlib.Path(path).name}: {k}" for k in sorted(set(a) | set(b)) if a.get(k) != b.get(k)]
    return different


def row(program, golden, name, case):
    with tempfile.TemporaryDirectory() as folder:
        out = pathlib.Path(folder, "out")
        run = subprocess.run(command(program, golden, case, out), capture_output=True, text=True, env={**os.environ, **case.get("env", {})})
        reason = purpose(name.removeprefix("llama-"))
        if case["status"] != "ok":
            both = "refused by both" if run.returncode == 2 else f"upstream {case['status']}"
            return name, "-", f"{reason or both} (status {run.returncode})"
        if run.returncode != 0:
            failure = f"FAILED: {run.stderr.strip().splitlines()[-1]}"
            return name, "-", reason if reason.startswith("refused") else failure
        top = next(out.iterdir())
        if any(path.endswith(".gguf") for path in case["files"]):
            n, different = compare_gguf(case, top)
            calibrated = 0
        else:
            n, different, calibrated = compare_tensors(golden, name, case, top)
            different += compare_configs(golden, name, case, top)
    text = "equal" if not calibrated else f"equal, {calibrated} calibrated scales to 1 %"
    if different: text = f"{len(different)} differ: {different[0]}{' ...' if len(different) > 1 else ''}; {reason or 'UNEXPECTED'}"
    return name, str(n), text


def main():
    if len(sys.argv) < 3: sys.exit(__doc__)
    program, golden = sys.argv[1], pathlib.Path(sys.argv[2]).resolve()
    print("| case | tensors | |\n| --- | --- | --- |")
    for name, case in json.loads((golden / "manifest.json").read_text())["cases"].items():
        if name.startswith("mf-") or (sys.argv[3:] and name not in sys.argv[3:]): continue  # another route of upstream
        print("|", " | ".join(row(program, golden, name, case)), "|", flush=True)


if __name__ == "__main__":
    main()

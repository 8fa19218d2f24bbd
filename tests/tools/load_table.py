#!/usr/bin/env python3
"""Writes every format with every scheme it takes, loads each export with tests/tools/load_check.py and compares the
loader's logits with those of `auto-round forward` on the same folder. Prints a Markdown table: docs/load_checks.md.

usage: load_table.py PROGRAM DATA MODEL... [--only TEXT]
  DATA     a calibration file (shared/data/text/calib_tiny.jsonl)
  MODEL    a folder; its column has KL(loader || forward), or the first words of what is wrong
  --only   rows whose format and scheme contain TEXT
needs: what load_check.py needs; runs in its Python. Exit status 1 if a loader fails.
"""
import contextlib
import io
import json
import os
import pathlib
import subprocess
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
import load_check
import torch
import torch.nn.functional as F
from safetensors.torch import load_file, save_file

TEXT = pathlib.Path(__file__).resolve().parents[2] / "examples" / "text" / "eval.txt"
UNREAD = "mlx"  # load_check.py has no loader for it
# Transformers asked for float32 keeps what is not quantized in the stored type: docs/formats.md.
IN_FLOAT32 = {("fp8", "FP8_BLOCK"): ["--disable_amp"]}

seen = {}


def keep_logits(model, ref, ids, seqlen):
    with torch.no_grad():
        seen["ids"], seen["logits"] = ids, torch.cat([model(row).logits.float() for row in ids.split(1)])
    if not torch.isfinite(seen["logits"]).all(): raise load_check.Bad("logits are not finite")
    return 1.0, 0.0, 1.0


def pairs(program):
    """(format, scheme, more arguments) of all that is written: presets, and integers with zero points where a format takes
    them."""
    listed = subprocess.run([program, "list", "schemes", "--json"], capture_output=True, text=True, check=True)
    for s in sorted(json.loads(listed.stdout), key=lambda s: s["name"]):
        for format in s["formats"]:
            if UNREAD in format: continue
            if format.startswith("gguf:") or s["name"].startswith("GGUF:"):
                if s["name"].lower() == format: yield format, s["name"], []
                continue
            yield format, s["name"], IN_FLOAT32.get((format, s["name"]), [])
            if s["data_type"] == "int" and s["bits"] < 16 and s["act_bits"] == 16: yield format, s["name"], ["--asym"]


def export(program, model, row, data, out):
    """The folder or .gguf file written; None where the program refuses."""
    format, scheme, more = row
    command = [program, str(model), "--format", format, "--iters", "0", "--disable_opt_rtn", "--device_map", "cpu", *more]
    command += ["--dataset", data, "--nsamples", "16", "--seqlen", "128", "--batch_size", "4", "--output_dir", str(out)]
    if not scheme.startswith("GGUF:"): command += ["--scheme", scheme]
    run = subprocess.run(command, capture_output=True, text=True)
    if run.returncode == 0: return next(iter([*out.rglob("*.gguf"), *(p.parent for p in out.rglob("config.json"))]))
    if run.returncode != 2: raise RuntimeError(f"{' '.join(command)}: {run.returncode}\n{run.stderr}")
    return None


def check(path, model):
    """load_check.py's line."""
    sys.argv = ["load_check.py", str(path), "--windows", "2", "--text", str(TEXT)]
    if path.suffix == ".gguf": sys.argv += ["--ref", str(model)]
    seen.clear()
    said = io.StringIO()
    with contextlib.redirect_stdout(said), contextlib.redirect_stderr(io.StringIO()):
        try:
            status = load_check.main()
        except SystemExit as e:
            status = e.code
    return status in (0, None), (said.getvalue().strip().splitlines() or [""])[-1]


def divergence(program, path, folder):
    inputs, outputs = folder / "inputs.safetensors", folder / "outputs.safetensors"
    ids = seen["ids"].long().contiguous()
    save_file({"input_ids": ids, "attention_mask": torch.ones_like(ids)}, inputs)
    subprocess.run([program, "forward", str(path), "--inputs", str(inputs), "--outputs", str(outputs)], check=True,
                   capture_output=True)
    ours = F.log_softmax(load_file(outputs)["logits"].float(), -1)
    theirs = F.log_softmax(seen["logits"], -1)
    return F.kl_div(ours, theirs, log_target=True, reduction="sum").item() / ids.numel()


def main():
    arguments = sys.argv[1:]
    only = ""
    if "--only" in arguments:
        at = arguments.index("--only")
        only = arguments[at + 1]
        del arguments[at : at + 2]
    if len(arguments) < 3: sys.exit(__doc__)
    program, data, *models = arguments
    os.environ["AR_LOG_LEVEL"] = "ERROR"
    load_check.measure = keep_logits
    loaded = failed = 0
    rows = {}  # formats by what is said of them
    print("| scheme | format | loader |", " | ".join(pathlib.Path(m).name for m in models), "|\n|", "--- | " * (3 + len(models)))
    for row in pairs(program):
        if only not in f"{row[0]} {row[1]}": continue
        loader, cells = "", []
        for model in models:
            with tempfile.TemporaryDirectory() as folder:
                folder = pathlib.Path(folder)
                path = export(program, model, row, data, folder / "export")
                if path is None: break
                good, line = check(path, model)
                loaded, failed = loaded + good, failed + (not good)
                words = line.split(" ", 2)
                loader = words[1].split("+")[0] + (", weights only" if "weights-only" in line else "")
                cells.append(f"{max(divergence(program, path, folder), 0):.0e}" if good else line[:150])
        if cells: rows.setdefault((" ".join([row[1], *row[2]]), loader, *cells), []).append(row[0])
    for (scheme, loader, *cells), formats in rows.items():
        print("|", scheme, "|", ", ".join(formats), "|", loader, "|", " | ".join(cells), "|")
    print(f"\n{loaded} of {loaded + failed} load.")
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()

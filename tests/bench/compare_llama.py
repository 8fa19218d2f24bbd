#!/usr/bin/env python3
"""The parts of scripts/compare-llama that look into GGUF files.

usage: compare_llama.py checkpoint MODEL FOLDER                 what the converter takes: folder and type that keep the numbers
       compare_llama.py windows MODEL TEXT TOKENS N FILE    for llama-perplexity --kl-divergence-base
       compare_llama.py importance MODEL CALIBRATION SAMPLES TOKENS TEXTS.jsonl IMATRIX.gguf
       compare_llama.py types FILE                              for llama-quantize --tensor-type-file
       compare_llama.py sizes OURS THEIRS
       compare_llama.py errors NAME SOURCE OURS THEIRS IMATRIX|- EVERY    ratios, one tensor a line
       compare_llama.py summary < LINES
"""
import collections
import json
import pathlib
import re
import shutil
import statistics
import struct
import sys

import gguf
import numpy as np
import safetensors.numpy


def checkpoint(model, folder):
    """The converter wants tied embeddings under the embedding's name; some checkpoints have the head's."""
    config = json.load(open(model + "/config.json"))
    dtype = {"bfloat16": "bf16", "float16": "f16"}.get(config.get("dtype") or config.get("torch_dtype"), "f32")
    single = pathlib.Path(model, "model.safetensors")
    if config.get("tie_word_embeddings") and single.exists():
        weights = safetensors.numpy.load_file(single) if dtype == "f32" else {"model.embed_tokens.weight": None}
        if "model.embed_tokens.weight" not in weights:
            folder = str(pathlib.Path(folder, pathlib.Path(model).resolve().name))  # its name goes into the file
            shutil.copytree(model, folder, dirs_exist_ok=True, ignore=shutil.ignore_patterns("*.safetensors"))
            weights["model.embed_tokens.weight"] = weights.pop("lm_head.weight")
            safetensors.numpy.save_file(weights, folder + "/model.safetensors", {"format": "pt"})
            model = folder
    print(model, dtype)


def windows(model, text, tokens, n, path):
    """The checkpoint's log-probabilities in float32, for the tokens that transformers and `auto-round eval` make of the text:
    llama.cpp's tokenizer need not agree."""
    import torch
    from transformers import AutoModelForCausalLM, AutoTokenizer

    tokens, n = int(tokens), int(n)
    ids = AutoTokenizer.from_pretrained(model)(open(text, encoding="utf-8").read(), add_special_tokens=False).input_ids
    n = min(n, len(ids) // tokens)
    ids = np.array(ids[: n * tokens], np.int32).reshape(n, tokens)
    network = AutoModelForCausalLM.from_pretrained(model, dtype=torch.float32)
    vocabulary = network.config.vocab_size
    with open(path, "wb") as out, torch.no_grad():
        out.write(b"_logits_" + struct.pack("<Iii", tokens, vocabulary, n))
        ids.tofile(out)
        for window in ids:
            logits = network(torch.from_numpy(window[None]).long()).logits[0, tokens // 2 : tokens - 1]
            p = torch.log_softmax(logits, -1).numpy()
            low = np.maximum(p.min(1), p.max(1) - 16)
            scale = (p.max(1) - low) / 65535
            codes = np.rint(np.maximum(p - low[:, None], 0) / scale[:, None])
            head = np.stack([scale, low], 1).astype(np.float32).view(np.uint16)
            padding = np.zeros((len(p), vocabulary % 2), np.uint16)
            np.concatenate([head, codes.astype(np.uint16), padding], 1).tofile(out)


def tensors(path):
    return {t.name: t for t in gguf.GGUFReader(path).tensors}


def type_name(t):
    return t.tensor_type.name


def importance(model, calibration, samples, tokens, texts, path):
    """Sum of squared inputs of every linear layer in the blocks, over the first texts of enough tokens."""
    import torch
    from transformers import AutoModelForCausalLM, AutoTokenizer

    samples, tokens = int(samples), int(tokens)
    tokenizer = AutoTokenizer.from_pretrained(model)
    chosen, lines = [], []
    for line in open(calibration):
        ids = tokenizer(json.loads(line)["text"]).input_ids
        if len(ids) >= tokens and len(chosen) < samples:
            chosen.append(ids[:tokens])
            lines.append(line)
    open(texts, "w").writelines(lines)
    network = AutoModelForCausalLM.from_pretrained(model, dtype=torch.float32)
    arch = {name: arch for arch, name in gguf.MODEL_ARCH_NAMES.items()}[network.config.model_type]
    names = gguf.get_tensor_name_map(arch, network.config.num_hidden_layers)
    sums = {}

    def record(name):
        def hook(_, inputs):
            x = inputs[0].detach().reshape(-1, inputs[0].shape[-1])
            sums[name] = sums.get(name, 0) + x.square().sum(0)
        return hook

    tied = network.config.tie_word_embeddings
    for name, module in network.named_modules():
        if isinstance(module, torch.nn.Linear) and not (tied and name == "lm_head"):
            module.register_forward_pre_hook(record(names.get_name(name) + ".weight"))
    with torch.no_grad():
        for ids in chosen:
            network(torch.tensor([ids]))
    w = gguf.GGUFWriter(path, "imatrix")
    w.add_type("imatrix")
    w.add_array("imatrix.datasets", [texts])
    w.add_uint32("imatrix.chunk_count", len(chosen))
    w.add_uint32("imatrix.chunk_size", tokens)
    for name, s in sums.items():
        w.add_tensor(name + ".in_sum2", s.numpy().reshape(1, -1))
        w.add_tensor(name + ".counts", np.full((1, 1), len(chosen) * tokens, np.float32))
    w.write_header_to_file()
    w.write_kv_data_to_file()
    w.write_tensors_to_file()
    w.close()
    print(len(chosen))


def types(path):
    for name, t in tensors(path).items():
        if len(t.shape) > 1:
            print(f"^{re.escape(name)}$={type_name(t).lower()}")


def sizes(ours, theirs):
    a, b = tensors(ours), tensors(theirs)
    groups = collections.defaultdict(list)
    for name in a.keys() | b.keys():
        pair = tuple(type_name(x[name]) if name in x else "absent" for x in (a, b))
        if pair[0] != pair[1]:
            block = re.match(r"blk\.(\d+)\.", name)
            groups[pair + (re.sub(r"^blk\.\d+\.", "", name).removesuffix(".weight"),)].append(int(block[1]) if block else -1)
    data = [sum(t.n_bytes for t in x.values()) for x in (a, b)]
    line = f"tensors {data[0]} {data[1]}"
    for (ours_type, theirs_type, name), blocks in sorted(groups.items()):
        line += f"; {name} {ours_type} for {theirs_type}" + (f" x{len(blocks)}" if max(blocks) >= 0 else "")
    print(line)


def errors(label, source, ours, theirs, imatrix, every):
    s, a, b = tensors(source), tensors(ours), tensors(theirs)
    weights = tensors(imatrix) if imatrix != "-" else {}
    for name, t in a.items():
        block = re.match(r"blk\.(\d+)\.", name)
        if len(t.shape) < 2 or block is None or int(block[1]) % int(every) or type_name(t) != type_name(b[name]):
            continue
        w = gguf.dequantize(s[name].data, s[name].tensor_type)
        squares = [np.square(gguf.dequantize(x[name].data, x[name].tensor_type) - w) for x in (a, b)]
        plain = [float(x.sum(dtype=np.float64)) for x in squares]
        of = weights.get(name + ".in_sum2")
        weighted = [float((x.sum(0, dtype=np.float64) * of.data.reshape(-1)).sum()) for x in squares] if of is not None else plain
        print(label, type_name(t), name, weighted[0] / weighted[1], plain[0] / plain[1], sep="\t")


def summary():
    rows = collections.defaultdict(dict)
    for line in sys.stdin:
        label, kind, name, weighted, plain = line.rstrip("\n").split("\t")
        rows[label, kind][name, weighted] = float(weighted), float(plain)
    print(f"{'rounding':10} {'type':5} {'tensors':>7}   weighted error, ours / theirs: min median max   plain error: min median max")
    for (label, kind), ratios in sorted(rows.items()):
        line = f"{label:10} {kind:5} {len(ratios):7}  "
        for column in zip(*ratios.values()):
            line += f" {min(column):8.4f} {statistics.median(column):8.4f} {max(column):8.4f} "
        print(line)


if len(sys.argv) < 2 or sys.argv[1] not in ("checkpoint", "windows", "importance", "types", "sizes", "errors", "summary"):
    sys.exit(__doc__)
globals()[sys.argv[1]](*sys.argv[2:])

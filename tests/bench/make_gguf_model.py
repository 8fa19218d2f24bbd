#!/usr/bin/env python3
"""Writes a llama of three layers of random BF16 weights as GGUF, and an importance file for it (scripts/bench-llama-quantize).

usage: make_gguf_model.py MODEL.gguf IMPORTANCE.gguf
Importance of column i is 1 + i % 7, as in tests/bench/gguf_bench.cpp.
"""
import sys

import gguf
import numpy as np

LAYERS, HIDDEN, INNER, VOCABULARY, HEADS = 3, 2048, 5632, 64, 32  # several: memory is used again, as in any model
MATRICES = {"token_embd": (VOCABULARY, HIDDEN), "output": (VOCABULARY, HIDDEN)}
BLOCKS = [f"blk.{i}." for i in range(LAYERS)]
for block in BLOCKS:
    for name in ("attn_q", "attn_k", "attn_v", "attn_output"):
        MATRICES[block + name] = (HIDDEN, HIDDEN)
    MATRICES.update({block + "ffn_gate": (INNER, HIDDEN), block + "ffn_up": (INNER, HIDDEN), block + "ffn_down": (HIDDEN, INNER)})


def save(writer):
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


def model(path):
    random = np.random.default_rng(1)
    w = gguf.GGUFWriter(path, "llama")
    w.add_block_count(LAYERS)
    w.add_context_length(512)
    w.add_embedding_length(HIDDEN)
    w.add_feed_forward_length(INNER)
    w.add_head_count(HEADS)
    w.add_head_count_kv(HEADS)
    w.add_layer_norm_rms_eps(1e-5)
    w.add_rope_dimension_count(HIDDEN // HEADS)
    w.add_vocab_size(VOCABULARY)
    w.add_tokenizer_model("llama")
    w.add_token_list([f"<{i}>" for i in range(VOCABULARY)])
    w.add_token_scores([0.0] * VOCABULARY)
    w.add_token_types([1] * VOCABULARY)
    for name, shape in MATRICES.items():
        x = random.standard_normal(shape, dtype=np.float32) * 0.02
        bf16 = (x.view(np.uint32) >> 16).astype(np.uint16)
        w.add_tensor(name + ".weight", bf16, raw_dtype=gguf.GGMLQuantizationType.BF16)
    for name in [block + norm for block in BLOCKS for norm in ("attn_norm", "ffn_norm")] + ["output_norm"]:
        w.add_tensor(name + ".weight", np.ones(HIDDEN, np.float32))
    save(w)


def importance(path):
    w = gguf.GGUFWriter(path, "imatrix")
    w.add_type("imatrix")
    w.add_array("imatrix.datasets", ["none"])
    w.add_uint32("imatrix.chunk_count", 1)
    w.add_uint32("imatrix.chunk_size", 512)
    for name, (_, columns) in MATRICES.items():
        sums = (1 + np.arange(columns) % 7).astype(np.float32)
        w.add_tensor(name + ".weight.in_sum2", sums.reshape(1, -1))
        w.add_tensor(name + ".weight.counts", np.ones((1, 1), np.float32))
    save(w)


model(sys.argv[1])
importance(sys.argv[2])

"""Writes samples.json: the rows that auto_round draws for calibration (see README.md).

Run in this folder: AR_SHARED=../../../../shared python make_samples.py
"""
import json
import os

os.environ["AR_DISABLE_DATASET_SUBPROCESS"] = "1"
os.environ["HF_HUB_OFFLINE"] = "1"
from auto_round.calib_dataset import get_dataloader
from transformers import AutoTokenizer

WIKI = os.environ["AR_SHARED"] + "/data/text/calib_wiki.jsonl"
STORIES = "../../../examples/text/calib.jsonl"
PLAYS = "plays.json"
# tokenizer folder, --dataset, nsamples, seqlen, seed
CASES = [
    ("gpt2", PLAYS, 6, 64, 42),
    ("gpt2", f"{STORIES}:num=4,{PLAYS}:num=8", 12, 32, 42),
    ("gpt2", f"{STORIES},{PLAYS}", 20, 32, 7),
    ("gpt2", f"{PLAYS}:num=3,{STORIES}", 10, 32, 42),
    ("bpe-llama3", PLAYS, 4, 64, 1),
    ("../../../examples/tinystories-656k", STORIES, 8, 128, 42),
    ("smollm2", WIKI, 32, 256, 42),
]


def rows(tokenizer, dataset, nsamples, seqlen, seed):
    folder = f"{os.environ['AR_SHARED']}/golden/tokenizers/smollm2" if tokenizer == "smollm2" else tokenizer
    loader = get_dataloader(AutoTokenizer.from_pretrained(folder), seqlen, dataset, seed=seed, bs=4, nsamples=nsamples)
    return [row for batch in loader for row in batch["input_ids"].tolist()]


with open("samples.json", "w") as out:
    cases = []
    for case in CASES:
        name = case[1].replace(WIKI, "calib_wiki.jsonl")
        entry = dict(zip(("tokenizer", "dataset", "nsamples", "seqlen", "seed"), (case[0], name, *case[2:])))
        cases.append(json.dumps({**entry, "rows": rows(*case)}, separators=(",", ":")))
    out.write("[\n" + ",\n".join(cases) + "\n]\n")

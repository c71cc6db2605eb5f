"""What Graft exports, run by the programs it is for: writes the table of docs/exports.md. Called by scripts/check-runtimes."""
import argparse
import datetime
import importlib
import json
import os
import subprocess
import sys
import tempfile

import numpy as np
import torch

import models

arguments = argparse.ArgumentParser()
arguments.add_argument("--graft", required=True)
arguments.add_argument("--document", required=True)
arguments.add_argument("--tokenizer", required=True)
arguments.add_argument("--families", nargs="*", default=list(models.FAMILIES))
arguments.add_argument("--keep", help="keep the models made in this folder")
arguments = arguments.parse_args()
torch.set_num_threads(1)  # tiny models: more threads only wait for each other

rng = np.random.default_rng(7)
ROWS = [[int(x) for x in rng.integers(3, 2000, size=length)] for length in (40, 25, 33, 60)]


def optional(name):
    try:
        return importlib.import_module(name)
    except Exception as error:  # a peer that does not load is a peer that is not there
        print(f"{name} is not there: {error}", file=sys.stderr)
        return None


def version(name):
    return name + " " + importlib.import_module("importlib.metadata").version(name)


llama, mlx = optional("llama"), optional("mlx_lm")


def graft(*words):
    """Runs Graft; returns what it wrote to standard output. A refusal is an exception with its text."""
    done = subprocess.run([arguments.graft, *words, "--threads", "1"], capture_output=True, text=True)
    if done.returncode:
        raise RuntimeError(f"status {done.returncode}: {done.stderr.strip().splitlines()[-1] if done.stderr.strip() else ''}")
    return done.stdout


def torch_log_probabilities(model):
    with torch.no_grad():
        return [torch.log_softmax(model(torch.tensor([ids])).logits[0, :-1].double(), -1).numpy() for ids in ROWS]


def both(model, family):
    """What transformers computes, and what it computes with llama.cpp's nonlinearity."""
    own = torch_log_probabilities(model)
    undo = models.as_llama_computes(model, family)
    theirs = torch_log_probabilities(model)
    undo()
    return own, theirs


def compare(found, expected):
    """Largest |Δ log p| of the tokens that follow, and the mean KL(expected ‖ found)."""
    largest, kl, count = 0.0, 0.0, 0
    for ids, a, b in zip(ROWS, found, expected):
        a = a[:, :b.shape[1]]
        at = np.arange(len(ids) - 1)
        largest = max(largest, float(np.abs(a[at, ids[1:]] - b[at, ids[1:]]).max()))
        kl += float((np.exp(b) * (b - a)).sum())
        count += len(ids) - 1
    return largest, kl / count


def shown(error, folder):
    """A message for a cell of the table."""
    return " ".join(str(error).replace("|", "/").replace(folder + "/", "").split())[:140]


def worst(scores, expected):
    """Largest |Δ log p| between Graft's log-probabilities of the rows' tokens and whole distributions."""
    return max(abs(x - y[j, ids[j + 1]]) for ids, s, y in zip(ROWS, scores, expected) for j, x in enumerate(s))


def score(model, adapter, folder):
    """Graft's own log-probabilities of the rows' tokens."""
    path = f"{folder}/score.jsonl"
    with open(path, "w") as file:
        for ids in ROWS:
            file.write(json.dumps({"input_ids": ids, "labels": ids}) + "\n")
    words = ["--adapter", adapter] if adapter else []
    lines = graft("score", "--model", model, *words, "--data", path, "--precision", "f32").splitlines()
    return [json.loads(line)["logprobs"] for line in lines]


class Table:
    """Rows of the document: the worst of several adapters where there are several."""

    def __init__(self):
        self.rows = {}

    def add(self, family, export, base, runtime, numbers, bound):
        row = self.rows.setdefault((family, export, base), dict(runtime=runtime, largest=0, kl=0, note="", holds=True))
        if row["note"]:
            return
        row["largest"] = max(row["largest"], numbers[0])
        row["kl"] = None if numbers[1] is None else max(row["kl"], numbers[1])
        row["holds"] = row["holds"] and bound(*numbers)

    def without(self, family, export, base, runtime, note, fails):
        """A row without numbers. `fails`: whether that is Graft's fault, not that of a program that is not there, has no
        such model or reads it otherwise."""
        self.rows[family, export, base] = dict(runtime=runtime, note=note, holds=not fails)

    def text(self):
        today = datetime.date.today().isoformat()
        lines = ["| family | export | base | run by | date | largest \\|Δ log p\\| | KL | |",
                 "|---|---|---|---|---|---|---|---|"]
        for (family, export, base), row in self.rows.items():
            if row["note"]:
                lines.append(f"| {family} | {export} | {base} | {row['runtime']} | | | | {row['note']} |")
                continue
            mark = "holds" if row["holds"] else "**does not hold**"
            kl = "" if row["kl"] is None else f"{row['kl']:.1e}"
            lines.append(f"| {family} | {export} | {base} | {row['runtime']} | {today} | {row['largest']:.1e} | {kl} | {mark} |")
        return "\n".join(lines)


def exactly(largest, kl):
    return largest < 1e-3


def nearly(largest, kl):
    return kl < 1e-3


def alone(base, adapter, folder, plain):
    """Names of adapter tensors that alone change no logit of llama.cpp's."""
    import gguf
    from gguf import GGUFReader, GGUFWriter
    reader = GGUFReader(adapter)
    tensors = {tensor.name: tensor for tensor in reader.tensors}
    architecture = reader.fields["general.architecture"].contents()
    alpha = reader.fields["adapter.lora.alpha"].contents()
    without = []
    for name in sorted({name.rsplit(".lora_", 1)[0] for name in tensors}):
        path = f"{folder}/alone.gguf"
        writer = GGUFWriter(path, architecture)
        writer.add_type("adapter")
        writer.add_string("adapter.type", "lora")
        writer.add_float32("adapter.lora.alpha", alpha)
        for part in ("a", "b"):
            writer.add_tensor(f"{name}.lora_{part}", np.array(tensors[f"{name}.lora_{part}"].data))
        writer.write_header_to_file()
        writer.write_kv_data_to_file()
        writer.write_tensors_to_file()
        writer.close()
        if compare(base.log_probabilities(ROWS, path), plain)[0] < 1e-6:
            without.append(name)
    return without, len(tensors) // 2


def rounding(table, family, export, base, model, wide, adapter=None):
    """One row for llama.cpp on a quantised base: against the same numbers in F32, where it rounds no activations."""
    found, expected = model.log_probabilities(ROWS, adapter), wide.log_probabilities(ROWS, adapter)
    table.add(family, export, base, llama.version(), compare(found, expected), nearly)
    return expected


def undecided(family, folder):
    """Rows for a mixture whose routers are random numbers: what llama.cpp's rounding of activations alone does to them, and
    that Graft predicts what llama.cpp predicts where it does not round."""
    models.make(family, f"{folder}/model", arguments.tokenizer, decided=False)
    used = json.load(open(f"{folder}/model/config.json"))["num_experts_per_tok"]
    lines = []
    for base in ("q8_0", "q4_k"):
        path, wide = f"{folder}/base-{base}.gguf", f"{folder}/wide-{base}.gguf"
        graft("export", "--model", f"{folder}/model", "--to", "gguf", "-o", path, "--quantize", base)
        graft("export", "--model", path, "--to", "gguf", "-o", wide, "--quantize", "f32")
        found, choices = [], []
        for file in (path, wide):
            model = llama.Model(file, 64)
            choices.append(llama.Choices())
            found.append(model.log_probabilities(ROWS, None, choices[-1]))
            model.close()
        own = worst(score(path, None, folder), found[1])
        other = choices[0].others(choices[1], used)
        lines.append(f"| {family} | {base} | {own:.1e} | {compare(*found)[1]:.1e} | {100 * other:.0f} % |")
    return lines


def check_llama(table, family, folder, adapters, references):
    runtime = llama.version() if llama else ""
    for base in ("f32", "q8_0", "q4_k"):
        if not llama:
            table.without(family, "gguf-lora", base, "", "no llama.cpp", fails=False)
            continue
        path = f"{folder}/base-{base}.gguf"
        graft("export", "--model", f"{folder}/model", "--to", "gguf", "-o", path, "--quantize", base)
        model = llama.Model(path, 64)
        plain = model.log_probabilities(ROWS)
        if base == "f32":
            table.add(family, "gguf", base, runtime, compare(plain, references["none"]), exactly)
        else:
            # The same numbers in F32: what is left is that llama.cpp rounds activations beside quantised weights.
            graft("export", "--model", path, "--to", "gguf", "-o", f"{folder}/wide.gguf", "--quantize", "f32")
            wide = llama.Model(f"{folder}/wide.gguf", 64)
            rounding(table, family, "gguf", base, model, wide)
        for kind, adapter in adapters.items():
            lora = f"{folder}/{kind}-{base}.gguf"
            source = f"{folder}/model" if base == "f32" else path
            if kind == "latent":
                check_latent(table, family, folder, source, adapter, references[kind], base)
                continue
            graft("export", "--model", source, "--adapter", adapter, "--to", "gguf-lora", "-o", lora)
            if base == "f32":
                found = model.log_probabilities(ROWS, lora)
                table.add(family, "gguf-lora", base, runtime, compare(found, references[kind]), exactly)
                without, count = alone(model, lora, folder, plain)
                print(f"{family} {kind}: {count - len(without)} of {count} tensors change llama.cpp's logits alone {without}")
                if without:
                    table.without(family, "gguf-lora", base, runtime, f"without effect: {', '.join(without)}", fails=True)
                merged = f"{folder}/merged-{kind}.gguf"
                graft("export", "--model", source, "--adapter", adapter, "--to", "gguf", "-o", merged, "--quantize", "f32")
                whole = llama.Model(merged, 64)
                table.add(family, "gguf, merged", base, runtime,
                          compare(whole.log_probabilities(ROWS), references[kind]), exactly)
                whole.close()
            else:
                expected = rounding(table, family, "gguf-lora", base, model, wide, lora)
                # Graft on the same file against llama.cpp on its numbers in F32.
                table.add(family, "trained on it", base, runtime, (worst(score(path, adapter, folder), expected), None),
                          (lambda largest, kl: largest < 5e-3) if family in models.GELU else exactly)
        model.close()
        if base != "f32":
            wide.close()
            for name in ("wide.gguf", "wide.gguf.graft_export.json"):
                os.remove(f"{folder}/{name}")


def check_reading(table, family, folder):
    """Graft on the file that llama.cpp's converter makes."""
    if not llama or not os.path.exists(llama.CONVERTER):
        table.without(family, "converter's", "f32", "", "no converter", fails=False)
        return
    path = f"{folder}/converted.gguf"
    try:
        llama.convert(models.published(folder), path)
        model = llama.Model(path, 64)
        expected = model.log_probabilities(ROWS)
        model.close()
    except RuntimeError as error:
        table.without(family, "converter's", "f32", llama.version(), shown(f"no file: {error}", folder), fails=False)
        return
    table.add(family, "converter's", "f32", llama.version(), (worst(score(path, None, folder), expected), None),
              (lambda largest, kl: largest < 5e-3) if family in models.GELU else exactly)


def check_latent(table, family, folder, source, adapter, reference, base):
    """An adapter where llama.cpp takes none: refused as such, merged instead."""
    try:
        graft("export", "--model", source, "--adapter", adapter, "--to", "gguf-lora", "-o", f"{folder}/refused-{base}.gguf")
        table.without(family, "gguf-lora", base, llama.version(), "an adapter without effect was not refused", fails=True)
    except RuntimeError as error:
        print(f"{family} latent {base}: {error}")
    if base == "f32":
        merged = f"{folder}/merged-latent.gguf"
        graft("export", "--model", source, "--adapter", adapter, "--to", "gguf", "-o", merged, "--quantize", "f32")
        whole = llama.Model(merged, 64)
        table.add(family, "gguf, merged", base, llama.version(), compare(whole.log_probabilities(ROWS), reference), exactly)
        whole.close()


def check_peft(table, family, folder, adapters, references):
    from peft import PeftModel
    from transformers import AutoModelForCausalLM
    for kind, adapter in adapters.items():
        if kind == "experts":
            continue  # PEFT 0.21 has no modules of single experts to put them on
        out = f"{folder}/peft-{kind}"
        graft("export", "--model", f"{folder}/model", "--adapter", adapter, "--to", "peft", "-o", out)
        base = AutoModelForCausalLM.from_pretrained(f"{folder}/model", dtype=torch.float32, attn_implementation="eager")
        found = torch_log_probabilities(PeftModel.from_pretrained(base, out).eval())
        table.add(family, "peft", "f32", version("peft"), compare(found, references[kind]), exactly)
    for kind, adapter in adapters.items():
        out = f"{folder}/merged-{kind}"
        graft("merge", "--model", f"{folder}/model", "--adapter", adapter, "-o", out, "--dtype", "f32")
        merged = AutoModelForCausalLM.from_pretrained(out, dtype=torch.float32, attn_implementation="eager").eval()
        table.add(family, "merge", "f32", version("transformers"),
                  compare(torch_log_probabilities(merged), references[kind]), exactly)


def mlx_log_probabilities(path, adapter=None):
    import mlx.core as mx
    model, _ = mlx.load(path, adapter_path=adapter)
    logits = [np.array(model(mx.array([ids]))[0].astype(mx.float32)).astype(np.float64) for ids in ROWS]
    return [torch.log_softmax(torch.from_numpy(rows[:-1]), -1).numpy() for rows in logits]


def check_mlx(table, family, folder, adapters, references):
    if not mlx:
        table.without(family, "mlx", "f32", "", "no mlx-lm", fails=False)
        return
    runtime, base = version("mlx-lm"), models.published(folder)
    try:
        own = compare(mlx_log_probabilities(base), references["none"])[0]
    except (Exception, SystemExit) as error:
        table.without(family, "mlx", "f32", runtime, shown(f"no model in mlx-lm: {error}", folder), fails=False)
        return
    if own >= 1e-3:
        # Nothing can be said of an adapter where the model below it is another one.
        table.without(family, "mlx", "f32", runtime, f"mlx-lm itself reads the base otherwise, by {own:.1e}", fails=False)
        return
    for kind, adapter in adapters.items():
        if kind == "latent":  # mlx-lm has latent keys in matrices of its own
            continue
        out = f"{folder}/mlx-{kind}"
        try:
            graft("export", "--model", f"{folder}/model", "--adapter", adapter, "--to", "mlx", "-o", out)
        except RuntimeError as error:
            table.without(family, "mlx", "f32", runtime, shown(f"no export: {error}", folder), fails=False)
            return
        try:
            found = mlx_log_probabilities(base, out)
        except (Exception, SystemExit) as error:  # mlx-lm ends the program for a module it misses
            table.without(family, "mlx", "f32", runtime, shown(f"not loaded: {error}", folder), fails=True)
            return
        table.add(family, "mlx", "f32", runtime, compare(found, references[kind]), exactly)


def check(table, family, folder):
    model = models.make(family, f"{folder}/model", arguments.tokenizer)
    references, theirs, adapters = {}, {}, {}
    references["none"], theirs["none"] = both(model, family)
    for kind in models.kinds(family):
        adapters[kind] = f"{folder}/adapter-{kind}"
        adapted = models.adapt(model, family, kind, adapters[kind])
        references[kind], theirs[kind] = both(adapted, family)
        if kind == "plain" and models.publishes_experts(family):
            adapters["experts"] = f"{folder}/adapter-experts"
            adapted.save_pretrained(adapters["experts"])
            deltas = models.add_experts(adapters["experts"], adapted.get_base_model())
            models.touch(deltas, 1)
            references["experts"], theirs["experts"] = both(adapted, family)
            models.touch(deltas, -1)
        model = adapted.unload()
    for part in (check_llama, check_reading, check_peft, check_mlx):
        try:
            rest = (adapters, theirs if part is check_llama else references) if part is not check_reading else ()
            part(table, family, folder, *rest)
        except Exception as error:
            print(f"{family}: {part.__name__}: {error}", file=sys.stderr)
            table.without(family, part.__name__.removeprefix("check_"), "", "", shown(error, folder), fails=True)


def store(begin, fresh):
    """Puts a table into the document. Rows of families that were not checked stay as they were."""
    print("\n".join(fresh))
    document, end = open(arguments.document).read(), "<!-- end -->"
    head, rest = document.split(begin, 1)
    old, rest = rest.split(end, 1)
    family, order = (lambda line: line.split("|")[1].strip()), list(models.FAMILIES)
    kept = [line for line in old.splitlines()
            if line.startswith("| ") and family(line) in order and family(line) not in arguments.families]
    rows = sorted(kept + fresh[2:], key=lambda line: order.index(family(line)))
    open(arguments.document, "w").write(head + begin + "\n\n" + "\n".join(fresh[:2] + rows) + "\n\n" + end + rest)


table, random = Table(), []
with tempfile.TemporaryDirectory() as scratch:
    for family in arguments.families:
        folder = f"{arguments.keep or scratch}/{family}"
        for place in (folder, f"{folder}/random"):
            os.makedirs(place, exist_ok=True)
        check(table, family, folder)
        if llama and models.is_mixture(family):
            random += undecided(family, f"{folder}/random")
store("<!-- written by scripts/check-runtimes -->", table.text().splitlines())
store("<!-- routers, written by scripts/check-runtimes -->",
      ["| mixture | base | Graft against llama.cpp in F32, largest \\|Δ log p\\| | llama.cpp's KL from itself in F32 | other experts |",
       "|---|---|---|---|---|"] + random)
sys.exit(0 if all(row["holds"] for row in table.rows.values()) else 1)

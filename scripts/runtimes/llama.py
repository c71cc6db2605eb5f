"""llama.cpp through its Python bindings: the log-probabilities of every token of the vocabulary, f32 cache, no flash attention."""
import ctypes
import os
import subprocess
import sys

import llama_cpp as lib
import numpy as np

_quiet = lib.llama_log_callback(lambda level, text, data: None)


def version():
    """The bindings' version names the llama.cpp they come with."""
    return "llama.cpp of llama-cpp-python " + getattr(lib, "__version__", "unknown")


CONVERTER = os.path.join(os.environ["LLAMA_CPP_LIB_PATH"], "..", "..", "convert_hf_to_gguf.py")


def convert(model, path):
    """llama.cpp's own conversion of a model directory in F32. Its list of vocabularies does not have these small ones."""
    program = ("import runpy, sys; sys.path.insert(0, sys.argv.pop(1)); sys.argv.pop(0); from conversion.base import TextModel; "
               "TextModel.get_vocab_base_pre = lambda self, tokenizer: 'gpt-2'; runpy.run_path(sys.argv[0], run_name='__main__')")
    done = subprocess.run([sys.executable, "-c", program, os.path.dirname(CONVERTER), CONVERTER, model, "--outtype", "f32",
                           "--outfile", path], capture_output=True, text=True)
    if done.returncode:
        raise RuntimeError("the converter: " + (done.stderr.strip().splitlines() or [""])[-1])


_ggml = ctypes.CDLL(os.path.join(os.environ["LLAMA_CPP_LIB_PATH"], "libggml-base.so"))
_ggml.ggml_get_name.restype, _ggml.ggml_get_name.argtypes = ctypes.c_char_p, [ctypes.c_void_p]
_ggml.ggml_get_data.restype, _ggml.ggml_get_data.argtypes = ctypes.c_void_p, [ctypes.c_void_p]
_ggml.ggml_nelements.restype, _ggml.ggml_nelements.argtypes = ctypes.c_int64, [ctypes.c_void_p]


class Choices:
    """Which experts a mixture's layers order first, token by token, while llama.cpp runs."""

    def __init__(self):
        self.rows, self.tokens = [], 0
        self.callback = lib.ggml_backend_sched_eval_callback(self._seen)

    def begin(self, tokens):
        self.rows.append([])
        self.tokens = tokens

    def _seen(self, tensor, ask, _):
        if not _ggml.ggml_get_name(tensor).startswith(b"ffn_moe_argsort"):
            return not ask
        if not ask:
            count = _ggml.ggml_nelements(tensor)
            data = (ctypes.c_int32 * count).from_address(_ggml.ggml_get_data(tensor))
            self.rows[-1].append(np.array(data).reshape(self.tokens, -1))
        return True

    def others(self, other, used):
        """The share of tokens that some layer gives other experts than in `other`."""
        flips = []
        for mine, theirs in zip(self.rows, other.rows):
            assert mine and len(mine) == len(theirs)
            chosen = [[np.sort(layer[:, :used], -1) for layer in layers] for layers in (mine, theirs)]
            flips.append(np.any([(a != b).any(-1) for a, b in zip(*chosen)], axis=0))
        return float(np.concatenate(flips).mean())


class Model:
    """A GGUF model in memory."""

    def __init__(self, path, longest, threads=1):
        lib.llama_log_set(_quiet, ctypes.c_void_p())
        lib.llama_backend_init()
        parameters = lib.llama_model_default_params()
        parameters.n_gpu_layers = 0
        self.model = lib.llama_model_load_from_file(path.encode(), parameters)
        if not self.model:
            raise RuntimeError("llama.cpp cannot load " + path)
        self.vocabulary = lib.llama_vocab_n_tokens(lib.llama_model_get_vocab(self.model))
        self.longest, self.threads = longest, threads

    def log_probabilities(self, rows, adapter=None, choices=None):
        """For each row of ids the log-probabilities [len − 1, vocabulary] of what follows each id but the last; `choices`
        is told which experts are chosen."""
        parameters = lib.llama_context_default_params()
        parameters.n_ctx = parameters.n_batch = parameters.n_ubatch = self.longest + 8
        parameters.n_threads = parameters.n_threads_batch = self.threads
        parameters.type_k = parameters.type_v = 0  # F32
        parameters.flash_attn_type = 0
        if choices:
            parameters.cb_eval = choices.callback
        context = lib.llama_init_from_model(self.model, parameters)
        loaded = None
        if adapter is not None:
            loaded = lib.llama_adapter_lora_init(self.model, adapter.encode())
            if not loaded:
                raise RuntimeError("llama.cpp cannot load the adapter " + adapter)
            array = (lib.llama_adapter_lora_p_ctypes * 1)(loaded)
            lib.llama_set_adapters_lora(context, array, 1, (ctypes.c_float * 1)(1.0))
        results = []
        for ids in rows:
            lib.llama_memory_clear(lib.llama_get_memory(context), True)
            batch = lib.llama_batch_init(len(ids), 0, 1)
            batch.n_tokens = len(ids)
            for i, token in enumerate(ids):
                batch.token[i], batch.pos[i], batch.n_seq_id[i], batch.logits[i] = token, i, 1, 1
                batch.seq_id[i][0] = 0
            if choices:
                choices.begin(len(ids))
            if lib.llama_decode(context, batch):
                raise RuntimeError("llama_decode failed")
            logits = np.ctypeslib.as_array(lib.llama_get_logits(context), shape=(len(ids), self.vocabulary))
            results.append(log_softmax(logits[:-1].astype(np.float64)))
            lib.llama_batch_free(batch)
        lib.llama_free(context)
        if loaded:
            lib.llama_adapter_lora_free(loaded)
        return results

    def close(self):
        lib.llama_model_free(self.model)


def log_softmax(logits):
    top = logits.max(-1, keepdims=True)
    return logits - top - np.log(np.exp(logits - top).sum(-1, keepdims=True))

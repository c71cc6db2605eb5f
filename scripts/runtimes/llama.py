"""llama.cpp through its Python bindings: the log-probabilities of every token of the vocabulary, f32 cache, no flash attention."""
import ctypes

import llama_cpp as lib
import numpy as np

_quiet = lib.llama_log_callback(lambda level, text, data: None)


def version():
    """The bindings' version names the llama.cpp they come with."""
    return "llama.cpp of llama-cpp-python " + getattr(lib, "__version__", "unknown")


class Model:
    """A GGUF model in memory."""

    def __init__(self, path, longest, threads=2):
        lib.llama_log_set(_quiet, ctypes.c_void_p())
        lib.llama_backend_init()
        parameters = lib.llama_model_default_params()
        parameters.n_gpu_layers = 0
        self.model = lib.llama_model_load_from_file(path.encode(), parameters)
        if not self.model:
            raise RuntimeError("llama.cpp cannot load " + path)
        self.vocabulary = lib.llama_vocab_n_tokens(lib.llama_model_get_vocab(self.model))
        self.longest, self.threads = longest, threads

    def log_probabilities(self, rows, adapter=None):
        """For each row of ids the log-probabilities [len − 1, vocabulary] of what follows each id but the last."""
        parameters = lib.llama_context_default_params()
        parameters.n_ctx = parameters.n_batch = parameters.n_ubatch = self.longest + 8
        parameters.n_threads = parameters.n_threads_batch = self.threads
        parameters.type_k = parameters.type_v = 0  # F32
        parameters.flash_attn_type = 0
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

#!/usr/bin/env python3
"""Writes the *.json beside this file: small tokenizers and what Hugging Face's `tokenizers` (0.23) makes of some texts.

Run it by hand with `tokenizers` installed; the tests only read what it wrote. Every vocabulary is trained here on the
text below, so the files hold nothing of others.
"""
import json
import os
from tokenizers import Tokenizer, models, pre_tokenizers, trainers, __version__

HERE = os.path.dirname(os.path.abspath(__file__))

CORPUS = [
    "The tenant shall give notice of four weeks to the end of the month, unless otherwise agreed in writing.",
    "We'll review the invoice; it's due on the 15th. They've paid 1,250.00 twice, haven't they?",
    "Le café fermera à l'été. Straße und Größe, naïve Fälle. Привет, как дела? こんにちは世界。你好，世界！",
    "def total(rows):\n    return sum(row.amount for row in rows)  # in cents\n",
] * 4

TEXTS = [
    "", " ", "  ", "\n", "\n\n", " \n  x", "Hello world", " Hello  world ", "The tenant's notice",
    "We'LL pay 1250.00 by 15/09", "def total(rows):\n    return 0\n", "naïve café", "nai\u0308ve cafe\u0301",
    "\u1e9b\u0323 \ufb01 \u2126 \u00c5 \u212b \uac01 \u1100\u1161\u11a8", "こんにちは世界。", "你好，世界！",
    "Привет, как дела?", "🙂 👩‍💻 🇨🇭", "a\u00a0b\u3000c\u2003d\u180ee", "x\u0000y\u0085z", "tab\tand\r\nend",
    "<s>not a start</s> of [X] [X]y", "  <s>  <mask>  the", "ab C Ab C", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
    "month " * 12, "▁literal ▁▁ mark", "𝒞𝒶𝒻é ﬁ ½", "don't can't 'tis 'S",
]

# Characters of Unicode 15 and 16 of every category, two of 17, and two that changed their category after Unicode 8.
NEWER = [f"a{chr(c)}b{chr(c)}{chr(c)} 1" for c in (
    0x10D50, 0x105C0, 0x1E030, 0x11F02, 0x13460, 0x2EBF0, 0x31350, 0x1E4EC, 0x113B8, 0x16130, 0x1CCF0, 0x1D2C0, 0x11F43,
    0x10D6E, 0x1FA77, 0x1F6DC, 0x1CD00, 0x13439, 0x323B0, 0x11DB0, 0x166D, 0x111C9)]


def train(model, trainer, pre):
    tokenizer = Tokenizer(model)
    tokenizer.pre_tokenizer = pre
    tokenizer.train_from_iterator(CORPUS, trainer)
    return json.loads(tokenizer.to_str())


def bpe(pre, size, **kwargs):
    alphabet = pre_tokenizers.ByteLevel.alphabet() if isinstance(pre, pre_tokenizers.ByteLevel) else []
    trainer = trainers.BpeTrainer(
        vocab_size=size, special_tokens=["<unk>", "<s>", "</s>"], show_progress=False, initial_alphabet=alphabet,
        **{k: v for k, v in kwargs.items() if k in ("end_of_word_suffix", "continuing_subword_prefix")})
    return train(models.BPE(unk_token="<unk>", **kwargs), trainer, pre)


def added(content, id, **kwargs):
    token = dict(id=id, content=content, single_word=False, lstrip=False, rstrip=False, normalized=False, special=True)
    token.update(kwargs)
    return token


BYTES = bpe(pre_tokenizers.ByteLevel(add_prefix_space=False), 360)
BYTES["model"]["unk_token"] = None
BYTES["decoder"] = {"type": "ByteLevel", "add_prefix_space": True, "trim_offsets": True, "use_regex": True}
MARKS = bpe(pre_tokenizers.Metaspace(), 260)
SUFFIX = bpe(pre_tokenizers.Whitespace(), 200, end_of_word_suffix="</w>")
UNIGRAM = train(
    models.Unigram(),
    trainers.UnigramTrainer(
        vocab_size=220, special_tokens=["<unk>", "<s>", "</s>"], unk_token="<unk>", show_progress=False),
    pre_tokenizers.Metaspace())
PIECES = train(
    models.WordPiece(unk_token="<unk>"),
    trainers.WordPieceTrainer(vocab_size=220, special_tokens=["<unk>", "<s>", "</s>"], show_progress=False),
    pre_tokenizers.BertPreTokenizer())

FALLBACK = json.loads(json.dumps(MARKS))
FIRST_BYTE = len(FALLBACK["model"]["vocab"])
FALLBACK["model"]["vocab"].update({f"<0x{b:02X}>": FIRST_BYTE + b for b in range(256)})

LETTERS = {"type": "ByteLevel", "add_prefix_space": False, "trim_offsets": False, "use_regex": False}


def split(pattern, behavior="Isolated", invert=False):
    return {"type": "Split", "pattern": {"Regex": pattern}, "behavior": behavior, "invert": invert}


def sequence(*steps):
    return {"type": "Sequence", "pretokenizers": list(steps)}


LLAMA3 = (r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*"
          r"|\s*[\r\n]+|\s+(?!\S)|\s+")
HAN = r"[\p{Han}]+|[\p{L}&&[^\p{Han}]]+|\p{N}{1,2}+|[^\S\r\n]+|\w+|.|\n"
TEMPLATE = {
    "type": "TemplateProcessing",
    "single": [{"SpecialToken": {"id": "<s>", "type_id": 0}}, {"Sequence": {"id": "A", "type_id": 0}},
               {"SpecialToken": {"id": "</s>", "type_id": 0}}],
    "pair": [{"Sequence": {"id": "A", "type_id": 0}}, {"Sequence": {"id": "B", "type_id": 1}}],
    "special_tokens": {"<s>": {"id": "<s>", "ids": [1], "tokens": ["<s>"]},
                       "</s>": {"id": "</s>", "ids": [2], "tokens": ["</s>"]}},
}
LLAMA2_NORM = {"type": "Sequence", "normalizers": [
    {"type": "Prepend", "prepend": "▁"}, {"type": "Replace", "pattern": {"String": " "}, "content": "▁"}]}
LLAMA2_DECODER = {"type": "Sequence", "decoders": [
    {"type": "Replace", "pattern": {"String": "▁"}, "content": " "}, {"type": "ByteFallback"}, {"type": "Fuse"},
    {"type": "Strip", "content": " ", "start": 1, "stop": 0}]}
SPECIALS = [added("<unk>", 0), added("<s>", 1), added("</s>", 2)]


def metaspace(scheme, split=True):
    return {"type": "Metaspace", "replacement": "▁", "prepend_scheme": scheme, "split": split}


def variant(base, model=None, **parts):
    made = json.loads(json.dumps(base))
    made.update(added_tokens=SPECIALS, post_processor=TEMPLATE)
    made.update(parts)
    made["model"].update(model or {})
    return made


def last(base):
    return max(base["model"]["vocab"].values()) + 1


VARIANTS = {
    "gpt2": variant(BYTES, post_processor={"type": "ByteLevel", "add_prefix_space": True, "trim_offsets": False,
                                           "use_regex": True}),
    "llama3": variant(BYTES, model={"ignore_merges": True}, pre_tokenizer=sequence(split(LLAMA3), LETTERS)),
    "classes": variant(BYTES, decoder=None, pre_tokenizer=sequence(split(HAN), LETTERS)),
    "newer": variant(BYTES, pre_tokenizer=sequence(split(r"\p{L}+|\p{M}+|\p{N}+|\p{P}+|\p{S}+|\p{Cf}+", "Removed"), LETTERS)),
    "newer-words": variant(PIECES, pre_tokenizer=sequence({"type": "Whitespace"}, {"type": "Punctuation", "behavior": "Isolated"}),
                           decoder={"type": "WordPiece", "prefix": "##", "cleanup": True}),
    "letters-first": variant(
        BYTES, pre_tokenizer=sequence({"type": "Punctuation", "behavior": "Contiguous"},
                                      dict(LETTERS, use_regex=True), {"type": "Digits", "individual_digits": True})),
    "nfkc": variant(
        BYTES, normalizer={"type": "NFKC"}, pre_tokenizer=dict(LETTERS, use_regex=True),
        added_tokens=SPECIALS + [
            added("<mask>", last(BYTES), lstrip=True, rstrip=True), added("[X]", last(BYTES) + 1, single_word=True),
            added("Ab C", last(BYTES) + 2, normalized=True, special=False)]),
    "nfd-lower": variant(
        BYTES, normalizer={"type": "Sequence", "normalizers": [
            {"type": "NFD"}, {"type": "StripAccents"}, {"type": "Lowercase"},
            {"type": "Strip", "strip_left": True, "strip_right": True}]}, pre_tokenizer=dict(LETTERS, use_regex=True)),
    "llama2": variant(
        FALLBACK, model={"fuse_unk": True, "byte_fallback": True}, normalizer=LLAMA2_NORM, pre_tokenizer=None,
        decoder=LLAMA2_DECODER),
    "gemma": variant(
        FALLBACK, model={"fuse_unk": True, "byte_fallback": True},
        normalizer={"type": "Replace", "pattern": {"String": " "}, "content": "▁"},
        pre_tokenizer={"type": "Split", "pattern": {"String": " "}, "behavior": "MergedWithPrevious", "invert": False},
        decoder={"type": "Sequence", "decoders": LLAMA2_DECODER["decoders"][:3]}),
    "no-fallback": variant(
        MARKS, model={"fuse_unk": True}, pre_tokenizer=metaspace("first", False), decoder=metaspace("first", False)),
    "suffix": variant(SUFFIX, decoder={"type": "BPEDecoder", "suffix": "</w>"}),
    "unigram": variant(UNIGRAM, pre_tokenizer=metaspace("always"), decoder=metaspace("always")),
    "wordpiece": variant(
        PIECES, decoder={"type": "WordPiece", "prefix": "##", "cleanup": True},
        normalizer={"type": "BertNormalizer", "clean_text": True, "handle_chinese_chars": True, "strip_accents": None,
                    "lowercase": True}),
}

for name, parts in VARIANTS.items():
    text = json.dumps(parts, ensure_ascii=False)
    tokenizer = Tokenizer.from_str(text)
    cases = []
    for sample in TEXTS + (NEWER if name.startswith("newer") else []):
        plain = tokenizer.encode(sample, add_special_tokens=False)
        cases.append({
            "text": sample,
            "ids": plain.ids,
            "ids_special": tokenizer.encode(sample).ids,
            "decoded": tokenizer.decode(plain.ids, skip_special_tokens=False),
            "decoded_skip_special": tokenizer.decode(plain.ids, skip_special_tokens=True),
            "offsets": plain.offsets,
        })
    with open(os.path.join(HERE, name + ".json"), "w", encoding="utf-8") as file:
        json.dump({"made_with": "tokenizers " + __version__, "tokenizer": parts, "cases": cases}, file,
                  ensure_ascii=False, separators=(",", ":"))
        file.write("\n")

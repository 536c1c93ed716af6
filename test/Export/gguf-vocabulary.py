# The vocabulary of a folder's tokenizer.json as GGUF: the tokens, what merges them, the name of what splits texts, and what is refused. The
# package tokenizers makes the files, and cuts texts alike with what comes out. (llama.cpp cuts 54 texts into the same tokens as that package with each of
# the names, with the vocabularies of GPT-2, SmolLM2 and Llama 2.)
# REQUIRES: squintc
# RUN: rm -rf %t && mkdir -p %t && %python %s %t
import copy
import json
import pathlib
import subprocess
import sys

import folder_models
import gguf
import sentencepiece
import squint_testing as squint
import tokenizers
from tokenizers import Tokenizer, decoders, models, normalizers, pre_tokenizers, processors, trainers

work = pathlib.Path(sys.argv[1])
corpus = ["the cat sat on the mat and the dog ran after a red ball", "It's 1234 days, don't you think? (We'll see.)"] * 9
texts = corpus[:2] + ["the  cat\n\n sat <|turn|>on\tthe mat", "été 中文", ""]
COUNT = 420
folder_models.write(work / "model", "llama", vocabulary=COUNT, block_count=1, embedding_length=32, feed_forward_length=32)


def emit(tokenizer, config={}, rule=None):
    """The metadata of the file, and the warnings; or that it is refused by a rule."""
    (work / "model" / "tokenizer.json").write_text(tokenizer if isinstance(tokenizer, str) else json.dumps(tokenizer))
    (work / "model" / "tokenizer_config.json").write_text(json.dumps(config))
    output = work / "model.gguf"
    output.unlink(missing_ok=True)
    done = subprocess.run([squint.BIN / "squintc", work / "model", "--emit=gguf", "--progress=never", "-o", output], capture_output=True, text=True)
    if rule is not None:
        assert done.returncode == 1 and f"tokenizer.json: {rule}" in done.stderr and not output.exists(), (rule, done.stderr)
        return None
    assert done.returncode == 0, done.stderr
    prefix = "tokenizer.ggml."
    return {name.removeprefix(prefix): field.contents() for name, field in gguf.GGUFReader(output).fields.items() if "tokenizer" in name}, done.stderr


# Bytes spelled as letters.
letters = lambda words: pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=words)
split = lambda expression: pre_tokenizers.Sequence([pre_tokenizers.Split(tokenizers.Regex(expression), "isolated"), letters(False)])
qwen = r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
llama3 = qwen.replace(r"\p{N}|", r"\p{N}{1,3}|")
nemo = (r"[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+|[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]+"
        r"[\p{Ll}\p{Lm}\p{Lo}\p{M}]*|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+")
gpt4o = nemo.replace(r"\p{M}]+|[", r"\p{M}]+(?i:'s|'t|'re|'ve|'m|'ll|'d)?|[").replace(r"\p{M}]*|\p{N}|", r"\p{M}]*(?i:'s|'t|'re|'ve|'m|'ll|'d)?|\p{N}{1,3}|")
digits = pre_tokenizers.Sequence([pre_tokenizers.Digits(individual_digits=True), letters(True)])
for name, splitter, ignores in (("gpt-2", letters(True), False), ("smollm", digits, False), ("llama-bpe", split(llama3), True), ("dbrx", split(llama3), False),
                                ("qwen2", split(qwen.replace(r"[\r\n]*|", "[\r\n]*|")), False), ("tekken", split(nemo), True), ("gpt-4o", split(gpt4o), False),
                                ("default", split(r"\w+|\s+"), False), ("default", pre_tokenizers.ByteLevel(add_prefix_space=True), False)):
    made = Tokenizer(models.BPE(ignore_merges=ignores))
    made.pre_tokenizer, made.decoder = splitter, decoders.ByteLevel()
    made.train_from_iterator(corpus, trainers.BpeTrainer(vocab_size=330, show_progress=False, special_tokens=["<|end|>", "<|turn|>"],
                                                         initial_alphabet=pre_tokenizers.ByteLevel.alphabet()))
    made.add_tokens(["<mark>"])
    whole = made.get_vocab_size()
    # Its number is that of no row: left out.
    written = json.loads(made.to_str())
    written["added_tokens"].append({**written["added_tokens"][-1], "id": COUNT, "content": "<image>"})
    got, warnings = emit(written, {"eos_token": {"content": "<|end|>"}, "chat_template": [{"name": "tools", "template": "no"}, {"name": "default", "template": "yes"}]})
    assert (got["model"], got["pre"]) == ("gpt2", name) and ("has a name for" in warnings) == (name == "default"), (name, got["pre"], warnings)
    tokens, types = got["tokens"], got["token_type"]
    assert tokens == [made.id_to_token(i) or f"[PAD{i}]" for i in range(COUNT)]
    assert types[:2] == [3, 3] and set(types[2 : whole - 1]) == {1} and types[whole - 1] == 4 and set(types[whole:]) == {5}
    assert got["eos_token_id"] == 0 and "bos_token_id" not in got and got["add_bos_token"] is False and got["tokenizer.chat_template"] == "yes"
    again = Tokenizer(models.BPE({t: i for i, t in enumerate(tokens)}, [tuple(pair.split(" ")) for pair in got["merges"]], ignore_merges=ignores))
    again.pre_tokenizer = splitter
    again.add_special_tokens([t for t, kind in zip(tokens, types) if kind == 3])
    for text in texts:
        assert again.encode(text).ids == made.encode(text).ids, (name, text)
last = json.loads(made.to_str())

# Letters and bytes in one vocabulary, as sentencepiece has it: scores in the order of its own.
sentencepiece.SentencePieceTrainer.train(sentence_iterator=iter(corpus), model_type="bpe", model_prefix=str(work / "words"), vocab_size=380, byte_fallback=True,
                                         hard_vocab_limit=False, minloglevel=9)
words = sentencepiece.SentencePieceProcessor(model_file=str(work / "words.model"))
known = {words.id_to_piece(i): i for i in range(words.vocab_size())}
pieces = [p for p, i in known.items() if not (words.is_control(i) or words.is_byte(i) or words.is_unknown(i))]
pairs = [(p[:i], p[i:]) for p in sorted(pieces, key=lambda p: -words.get_score(known[p])) for i in range(1, len(p)) if p[:i] in known and p[i:] in known]


def spoken(pairs):
    made = Tokenizer(models.BPE(known, pairs, byte_fallback=True, fuse_unk=True, unk_token="<unk>"))
    made.normalizer = normalizers.Sequence([normalizers.Prepend("▁"), normalizers.Replace(" ", "▁")])
    made.post_processor = processors.TemplateProcessing(single="<s> $A", special_tokens=[("<s>", 1)])
    made.add_special_tokens(["<unk>", "<s>", "</s>"])
    return json.loads(made.to_str())


names = {"bos_token": "<s>", "eos_token": "</s>", "unk_token": "<unk>"}
got, warnings = emit(spoken(pairs), names)
assert got["model"] == "llama" and got["pre"] == "default" and not warnings and "merges" not in got and "add_space_prefix" not in got, warnings
assert got["tokens"][: len(known)] == list(known) and got["token_type"][:260] == [2, 3, 3] + [6] * 256 + [1] and got["add_bos_token"] is True
made = {left + right for left, right in pairs}
ordered = sorted((p for p in pieces if p in made), key=lambda p: -got["scores"][known[p]])
assert ordered == sorted(ordered, key=lambda p: -words.get_score(known[p])) and max(got["scores"][known[p]] for p in pieces if p not in made) < got["scores"][known[ordered[-1]]]
assert [got[f"{name}_token_id"] for name in ("unknown", "bos", "eos")] == [0, 1, 2] and got["add_eos_token"] is False
# Pairs that scores do not say; no space in front; what config.json numbers.
other = spoken([pair for pair in pairs if pair != ("t", "he")])
other["normalizer"] = other["normalizer"]["normalizers"][1]
got, warnings = emit(other, {"add_bos_token": False})
assert "expected every two tokens that make a third" in warnings and got["add_space_prefix"] is False and got["add_bos_token"] is False
# Pairs as older files have them, and kinds that GGUF has for others.
older = copy.deepcopy(last)
older["model"]["merges"] = [" ".join(pair) for pair in older["model"]["merges"]]
del older["model"]["type"]
assert emit(older)[0]["merges"] == older["model"]["merges"]
for kind in (Tokenizer(models.Unigram([("a", -1.0)])), Tokenizer(models.WordLevel({"a": 0}, "a")), Tokenizer(models.BPE({"a": 0}, []))):
    assert emit(kind.to_str())[0] == {"model": "none"}

# What no file may say.
def spoil(rule, change):
    bad = copy.deepcopy(last)
    change(bad)
    emit(bad, rule=rule)


emit("{", rule="")
emit("[" * 40, rule="")
emit({}, rule="expected an object 'model'")
spoil("expected an object 'model.vocab'", lambda t: t["model"].update(vocab=[1]))
spoil("expected an array 'model.merges'", lambda t: t["model"].update(merges={}))
for number in (-1, COUNT, 2**62, 1.5, "0", None):
    spoil("token 'extra': expected a number below 420, one for each row of the table", lambda t: t["model"]["vocab"].update(extra=number))
spoil("token ", lambda t: t["model"]["vocab"].update(extra=5))
for pair in ("ab", "", " a", "a ", ["a"], ["a", 1], ["a", "b", "c"], 7, ["a b", "c"]):
    spoil("merges: expected pairs of tokens without spaces", lambda t: t["model"]["merges"].append(pair))
spoil("merges: expected 'a', '####' and both together among the tokens", lambda t: t["model"]["merges"].append("a ####"))
for token in (7, {}, {"id": 3}, {"id": -1, "content": "a"}, {"id": "3", "content": "a"}):
    spoil("added_tokens: expected objects with 'id' and 'content'", lambda t: t["added_tokens"].append(token))
spoil("added_tokens: expected '<|end|>' for number 0, got 'x'", lambda t: t["added_tokens"].append({"id": 0, "content": "x"}))
for stage in ("pre_tokenizer", "post_processor", "normalizer"):
    for value in (7, [], "x", {"type": 3}, {"type": "Sequence"}, {"type": "Sequence", "pretokenizers": [1, {}], "processors": [[], {"type": "TemplateProcessing", "single": [3]}]}):
        emit({**last, stage: value})

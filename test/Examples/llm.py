# The chat with a small random model and tokenizers of every kind: turns go on from the state, and are what one run over all tokens gives.
# REQUIRES: python-bindings
# RUN: rm -rf %t && mkdir -p %t && %python %s %S/../../examples/llm %t
import json
import os
import pathlib
import re
import subprocess
import sys

import gguf
import gguf_models
import sentencepiece
import squint
import tokenizers
from tokenizers import decoders, models, pre_tokenizers, trainers

example, work = map(pathlib.Path, sys.argv[1:])
sys.path.insert(0, str(example))
import tokenizer

# A token for a character, and those of a template.
names = [chr(c) for c in range(32, 127)] + ["\n", "<|im_start|>", "<|im_end|>"]
t = tokenizers.Tokenizer(models.BPE({name: i for i, name in enumerate(names)}, []))
t.add_special_tokens(names[-2:])
t.decoder = decoders.Fuse()
t.save(str(work / "tokenizer.json"))
tokens = tokenizer.load(work / "tokenizer.json")
end = tokens.find("<|im_end|>")
gguf_models.write(work / "model.gguf", "llama", vocabulary=len(names), context_length=400)
squint.compile(work / "model.gguf", work / "model.so")
model = squint.load(work / "model.so")


def chat(*flags, turns="", code=0):
    command = [sys.executable, example / "chat.py", work / "model.so", f"--tokenizer={work / 'tokenizer.json'}", "--threads=2", *flags]
    done = subprocess.run(command, input=turns, capture_output=True, text=True, env={**os.environ, "PYTHONIOENCODING": "utf-8"})
    assert done.returncode == code, (done.returncode, done.stderr)
    return done.stdout, done.stderr


def answer(ids, count, **options):
    """What the model makes of all these tokens, up to the end of its turn."""
    session, state, out = model.session(), model.state(), []
    for token in squint.generate(session, state, ids, count, squint.Sampler(**options)):
        out.append(token)
        if token == end:
            break
    return out


# A text, greedy and drawn.
prompt = "Once upon a time"
out, said = chat(f"--prompt={prompt}", "--max-tokens=40")
assert out == prompt + tokens.decode(answer(tokens.encode(prompt), 40)) + "\n", out
assert re.search(r"\[16 tokens read, [\d.]+ a second; 40 written, [\d.]+ tokens a second\]", said), said
out, _ = chat(f"--prompt={prompt}", "--max-tokens=20", "--temperature=1.5", "--top-k=20", "--top-p=0.9", "--min-p=0.01", "--seed=5")
assert out == prompt + tokens.decode(answer(tokens.encode(prompt), 20, temperature=1.5, top_k=20, top_p=0.9, min_p=0.01, seed=5)) + "\n"


def turn(text):
    return tokens.encode(f"<|im_start|>user\n{text}<|im_end|>\n<|im_start|>assistant\n")


# Turns: the second one sees the first, the last sees the first only.
def wanted(history, text):
    ids = history + (tokens.encode("\n") if history else []) + turn(text)
    made = answer(ids, 12)
    return ids + made + ([end] if made[-1] != end else []), tokens.decode(made)


first, a = wanted([], "Hello")
_, b = wanted(first, "What?")
_, c = wanted(first, "Why?")
_, d = wanted([], "Again")
out, said = chat("--max-tokens=12", turns="Hello\nWhat?\n/undo\nWhy?\n/new\nAgain\n\n")
assert out == "\n".join([a, b, c, d, ""]), (out, [a, b, c, d])
assert said.count("tokens read") == 4

# Whole characters, however tokens cut them.
assert "".join(tokenizer.Tokenizer(None, lambda ids: bytes(ids).decode("utf-8", "replace"), None).stream("añ€😀b".encode())) == "añ€😀b"
pieces = list(tokenizer.Tokenizer(None, lambda ids: bytes(ids).decode("utf-8", "replace"), None).stream("€".encode()[:2]))
assert pieces == ["\ufffd"], pieces

# A tokenizer of GPT-2's kind from a GGUF file: what it was made from.
t = tokenizers.Tokenizer(models.BPE())
t.pre_tokenizer, t.decoder = pre_tokenizers.Sequence([pre_tokenizers.Digits(individual_digits=True), pre_tokenizers.ByteLevel(add_prefix_space=False)]), decoders.ByteLevel()
text = (example / "README.md").read_text()
t.train_from_iterator([text], trainers.BpeTrainer(vocab_size=500, special_tokens=["<|im_start|>", "<|im_end|>"], initial_alphabet=pre_tokenizers.ByteLevel.alphabet()))
state = json.loads(t.to_str())["model"]
names = sorted(state["vocab"], key=state["vocab"].get)
writer = gguf.GGUFWriter(work / "gpt2.gguf", "llama")
writer.add_tokenizer_model("gpt2")
writer.add_tokenizer_pre("smollm")
writer.add_token_list(names)
writer.add_token_types([gguf.TokenType.CONTROL if name.startswith("<|") else gguf.TokenType.NORMAL for name in names])
writer.add_token_merges([" ".join(pair) for pair in state["merges"]])
writer.write_header_to_file()
writer.write_kv_data_to_file()
writer.close()
made = tokenizer.load(work / "gpt2.gguf")
for sample in (text, "<|im_start|>user\n12 öäü€😀\t  x<|im_end|>"):
    assert made.encode(sample) == t.encode(sample).ids and made.decode(made.encode(sample)) == t.decode(t.encode(sample).ids)
# One of sentencepiece.
sentencepiece.SentencePieceTrainer.train(sentence_iterator=iter(text.splitlines()), model_prefix=str(work / "s"), vocab_size=400, byte_fallback=True, model_type="bpe",
                                         num_threads=1, minloglevel=2)
made = tokenizer.load(work / "s.model")
ids = made.encode("You are a robot 😀€")
assert made.encode("You are a robot 😀€", first=True) == [made.find("<s>"), *ids] and made.find("<|im_end|>") is None
assert made.decode(ids) == "".join(made.stream(ids)) == "You are a robot 😀€"

# The same from a GGUF file, with tokens of a template, which sentencepiece would not look for.
source = sentencepiece.SentencePieceProcessor(model_file=str(work / "s.model"))
kinds = ((source.is_unknown, gguf.TokenType.UNKNOWN), (source.is_control, gguf.TokenType.CONTROL), (source.is_byte, gguf.TokenType.BYTE))
everyId = range(source.piece_size())
turns = ["<start_of_turn>", "<end_of_turn>"]
for bos in (True, False):
    writer = gguf.GGUFWriter(work / "pieces.gguf", "gemma3")
    writer.add_tokenizer_model("llama")
    writer.add_token_list([source.id_to_piece(i) for i in everyId] + turns)
    writer.add_token_scores([source.get_score(i) for i in everyId] + [0.0] * len(turns))
    writer.add_token_types([next((kind for test, kind in kinds if test(i)), gguf.TokenType.NORMAL) for i in everyId] + [gguf.TokenType.CONTROL] * len(turns))
    writer.add_bos_token_id(source.bos_id())
    writer.add_eos_token_id(source.eos_id())
    writer.add_unk_token_id(source.unk_id())
    writer.add_add_bos_token(bos)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.close()
    again = tokenizer.load(work / "pieces.gguf")
    # The trainer's default also writes characters in other ways and joins spaces.
    for sample in ("You are a robot 😀€", " ".join(text.encode("ascii", "ignore").decode().split())):
        ids = made.encode(sample)
        assert again.encode(sample) == ids and again.decode(ids) == sample
        assert again.encode(sample, first=True) == [source.bos_id()] * bos + ids
    ids = again.encode("<start_of_turn>user<end_of_turn>")
    assert [ids[-1], *(i for i in ids if i == len(everyId))] == [len(everyId) + 1, len(everyId)] == [again.find(turns[1]), again.find(turns[0])]

data = os.environ.get("SQUINT_TEST_DATA")
for kind in ("gpt-2", "llama-spm") if data else ():
    vectors = pathlib.Path(data, "gguf_vocab", f"ggml-vocab-{kind}.gguf")
    readers = [tokenizer.load(vectors)] + ([tokenizer.load(pathlib.Path(data, "llama2_tokenizer", "tokenizer.model"))] if kind == "llama-spm" else [])
    samples = pathlib.Path(f"{vectors}.inp").read_bytes().decode().split("\n__ggml_vocab_test__\n")
    ids = [[int(x) for x in line.split()] for line in pathlib.Path(f"{vectors}.out").read_text().splitlines()]
    assert samples.pop() == ""
    wrong = [s for s, want in zip(samples, ids) for made in readers if made.encode(s) != want]
    assert len(samples) == len(ids) > 30 and not wrong, (kind, wrong)

assert "expected a tokenizer in a .json" in chat(f"--tokenizer={work}/model.so", code=1)[1]
assert "expected a token '<|eot_id|>'" in chat("--template=llama3", code=1)[1]
assert "the context of 20 tokens is full" in chat("--context=20", f"--prompt={prompt * 2}", code=1)[1]
assert "invalid count value" in chat("--max-tokens=0", code=2)[1]
squint.compile(work / "model.gguf", work / "model.so", cache="none")
assert "expected a model that remembers" in chat(f"--prompt={prompt}", code=1)[1]

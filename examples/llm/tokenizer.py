# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Text to tokens and back, with the packages tokenizers and sentencepiece.

`load(file)` takes a tokenizer.json, a sentencepiece .model, or a GGUF file (needs the package gguf) whose tokenizer is GPT-2's or sentencepiece's.
"""
import pathlib

import tokenizers
from tokenizers import decoders, models, pre_tokenizers


class Tokenizer:
    """`encode(text)` to a list of ids, with the tokens that start a text where `first` is set; `decode(ids)`; `find(token)` by its name."""

    def __init__(self, encode, decode, find):
        self.encode, self.decode, self.find = encode, decode, find

    def stream(self, ids):
        """Text for tokens as they come: whole characters only."""
        seen, shown = [], 0
        for token in ids:
            seen.append(token)
            text = self.decode(seen)
            if not text.endswith("\ufffd"):
                yield text[shown:]
                shown = len(text)
        yield self.decode(seen)[shown:]


def from_tokenizers(t):
    return Tokenizer(lambda text, first=False: t.encode(text, add_special_tokens=first).ids, t.decode, t.token_to_id)


def from_sentencepiece(startsTexts=True, **model):
    import sentencepiece

    s = sentencepiece.SentencePieceProcessor(**model)
    find = lambda token: s.piece_to_id(token) if s.id_to_piece(s.piece_to_id(token)) == token else None
    return Tokenizer(lambda text, first=False: s.encode(text, add_bos=first and startsTexts), s.decode, find)


def from_pieces(get):
    """The model of sentencepiece that `llama` in a GGUF file stands for: pairs merge by scores."""
    from sentencepiece import sentencepiece_model_pb2 as proto

    model, kinds = proto.ModelProto(), proto.ModelProto.SentencePiece
    trainer, normalizer = model.trainer_spec, model.normalizer_spec
    names = get("tokens")
    special = {kind: get(name + "_token_id", None) for kind, name in (("bos", "bos"), ("eos", "eos"), ("unk", "unknown"), ("pad", "padding"))}
    for kind, i in special.items():
        setattr(trainer, kind + "_id", -1 if i is None else i)
        if i is not None:
            setattr(trainer, kind + "_piece", names[i])
    for i, (name, score, kind) in enumerate(zip(names, get("scores"), get("token_type"))):
        # Turns are written with tokens that sentencepiece does not see in a text while it calls them control.
        if kind == kinds.CONTROL and i not in special.values():
            kind = kinds.USER_DEFINED
        model.pieces.add(piece=name, score=score, type=kinds.UNKNOWN if i == special["unk"] else kind)
    trainer.model_type, trainer.vocab_size, trainer.byte_fallback = proto.TrainerSpec.BPE, len(names), kinds.BYTE in get("token_type")
    normalizer.name, normalizer.remove_extra_whitespaces = "identity", False
    normalizer.add_dummy_prefix = bool(get("add_space_prefix", True))
    return from_sentencepiece(get("add_bos_token", True), model_proto=model.SerializeToString())


def from_gguf(file):
    import gguf

    fields = gguf.GGUFReader(file).fields

    def get(name, *otherwise):
        field = fields.get("tokenizer.ggml." + name)
        return otherwise[0] if otherwise and field is None else field.contents()

    split = pre_tokenizers.ByteLevel(add_prefix_space=False)
    splits = {"gpt-2": split, "smollm": pre_tokenizers.Sequence([pre_tokenizers.Digits(individual_digits=True), split])}
    if get("model") == "llama":
        return from_pieces(get)
    if get("model") != "gpt2" or get("pre") not in splits:
        raise SystemExit(f"{file}: expected a tokenizer 'llama', or 'gpt2' with the splits {', '.join(splits)}, got '{get('model')}' with "
                         f"'{get('pre', '')}': say --tokenizer=tokenizer.json")
    names = get("tokens")
    t = tokenizers.Tokenizer(models.BPE({name: i for i, name in enumerate(names)}, [tuple(pair.split(" ")) for pair in get("merges")]))
    t.pre_tokenizer, t.decoder = splits[get("pre")], decoders.ByteLevel()
    control = int(gguf.TokenType.CONTROL)
    t.add_special_tokens([name for name, kind in zip(names, get("token_type")) if kind == control])
    return from_tokenizers(t)


def load(file):
    kinds = {".json": lambda: from_tokenizers(tokenizers.Tokenizer.from_file(str(file))), ".model": lambda: from_sentencepiece(model_file=str(file)),
             ".gguf": lambda: from_gguf(file)}
    if pathlib.Path(file).suffix not in kinds:
        raise SystemExit(f"{file}: expected a tokenizer in a .json, .model or .gguf file")
    return kinds[pathlib.Path(file).suffix]()

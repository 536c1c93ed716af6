# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Talks with a compiled language model, or goes on with a text.

    python chat.py model.so --tokenizer=tokenizer.json
    python chat.py model.so --tokenizer=tokenizer.json --prompt="In a distant future"

A line is a turn; the model remembers the ones before. /new begins again, /undo forgets the last turn, an empty line ends. Speeds go to standard error.
"""
import argparse
import sys
import time

import squint
import tokenizer

# What goes around a turn: before and behind the user's text, and the token that ends the answer, with what follows it.
TEMPLATES = {
    "chatml": ("<|im_start|>user\n", "<|im_end|>\n<|im_start|>assistant\n", "<|im_end|>", "\n"),
    "llama3": ("<|start_header_id|>user<|end_header_id|>\n\n", "<|eot_id|><|start_header_id|>assistant<|end_header_id|>\n\n", "<|eot_id|>", ""),
    "gemma": ("<start_of_turn>user\n", "<end_of_turn>\n<start_of_turn>model\n", "<end_of_turn>", "\n"),
    "phi3": ("<|user|>\n", "<|end|>\n<|assistant|>\n", "<|end|>", "\n"),
}


class Chat:
    """One conversation: a session, a state, and the tokens that the state has not seen yet."""

    def __init__(self, model, tokens, options):
        self.session, self.tokens, self.options = model.session(options.threads), tokens, options
        self.state = model.state(capacity=options.context)
        self.sampler = squint.Sampler(options.temperature, options.top_k, options.top_p, options.min_p, options.seed)
        self.pending, self.turns = [], []

    def say(self, text, end=None):
        """Adds a text and prints what the model makes of it, up to the token `end`, as it comes."""
        self.turns.append((self.state.length(), list(self.pending)))
        ids = self.pending + self.tokens.encode(text, first=self.state.length() == 0)
        room = self.state.capacity - self.state.length() - len(ids) + 1
        if room < 1:
            raise SystemExit(f"the context of {self.state.capacity} tokens is full")
        told, start, first = [], time.perf_counter(), None

        def answer():
            nonlocal first
            for token in squint.generate(self.session, self.state, ids, min(room, self.options.max_tokens), self.sampler):
                first = first or time.perf_counter()
                told.append(token)
                if token == end:
                    return
                yield token

        for piece in self.tokens.stream(answer()):
            print(piece, end="", flush=True)
        print()
        # The last token is not in the state yet.
        self.pending = told[-1:] + ([end] if end is not None and told[-1] != end else [])
        rate = f", {(len(told) - 1) / (time.perf_counter() - first):.1f} tokens a second" if len(told) > 1 else ""
        print(f"[{len(ids)} tokens read, {len(ids) / (first - start):.1f} a second; {len(told)} written{rate}]", file=sys.stderr)

    def undo(self):
        length, self.pending = self.turns.pop()
        self.state.rewind(length)

    def new(self):
        self.pending, self.turns = [], []
        self.state.rewind()


def talk(chat, template):
    if template is None:
        template = next((name for name, parts in TEMPLATES.items() if chat.tokens.find(parts[2]) is not None), "chatml")
    before, behind, token, after = TEMPLATES[template]
    end = chat.tokens.find(token)
    if end is None:
        raise SystemExit(f"--template={template}: expected a token '{token}' in the tokenizer; templates are {', '.join(TEMPLATES)}")
    while True:
        print("> ", end="", file=sys.stderr, flush=True)
        line = sys.stdin.readline().strip()
        if not line:
            return
        if line == "/new":
            chat.new()
        elif line == "/undo" and chat.turns:
            chat.undo()
        else:
            chat.say((after if chat.pending else "") + before + line + behind, end)


def count(text):
    if int(text) < 1:
        raise ValueError(text)
    return int(text)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("model", help="a language model's .so, compiled with a cache (squintc MODEL.gguf -o MODEL.so)")
    parser.add_argument("--tokenizer", required=True, metavar="FILE", help="tokenizer.json, a sentencepiece .model, or a .gguf file")
    parser.add_argument("--prompt", metavar="TEXT", help="go on with this text, without turns")
    parser.add_argument("--template", choices=TEMPLATES, help="what goes around a turn (default: the first whose end is a token)")
    parser.add_argument("--max-tokens", type=count, default=256, metavar="N", help="of an answer (default: 256)")
    parser.add_argument("--context", type=int, default=0, metavar="N", help="tokens to remember at most (default: what the model was made for)")
    parser.add_argument("--threads", type=int, default=0, metavar="N", help="(default: as many as the process may use)")
    parser.add_argument("--temperature", type=float, default=0.0, metavar="T", help="0, the default: the likeliest token")
    parser.add_argument("--top-k", type=int, default=0, metavar="K", help="among the K likeliest tokens")
    parser.add_argument("--top-p", type=float, default=1.0, metavar="P", help="among the likeliest that make up this probability")
    parser.add_argument("--min-p", type=float, default=0.0, metavar="P", help="among those with this part of the likeliest's probability")
    parser.add_argument("--seed", type=int, default=0, metavar="N", help="of the random choices")
    options = parser.parse_args()
    try:
        chat = Chat(squint.load(options.model), tokenizer.load(options.tokenizer), options)
        if options.prompt is not None:
            print(options.prompt, end="")
            chat.say(options.prompt)
        else:
            talk(chat, options.template)
    except squint.Error as error:
        raise SystemExit(str(error))


if __name__ == "__main__":
    main()

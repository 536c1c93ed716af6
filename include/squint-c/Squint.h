/*===- Squint.h - the compiler, and what loads its libraries --------*- C
-*-===*\
|* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception                    *|
|*                                                                            *|
|* What language bindings are made of: libsquint-c.so compiles models, runs   *|
|* passes on text and opens compiled libraries. Running is the business of    *|
|* an opened library's own table (Abi.h): models, contexts, states.           *|
|*                                                                            *|
|* Calls that can fail return 0, or 1 after diagnostics, lines of text. They  *|
|* can be made from any thread. Strings are UTF-8.                            *|
\*===----------------------------------------------------------------------===*/

#ifndef SQUINT_C_SQUINT_H
#define SQUINT_C_SQUINT_H

#include "squint/Runtime/Abi.h"

#ifdef __cplusplus
extern "C" {
#endif

#define SQUINT_C_API __attribute__((visibility("default")))

/* Receives text in pieces, which do not end with a zero. */
typedef struct SquintStream {
  void (*write)(void *user, const char *text, size_t size); /* NULL: ignored */
  void *user;
} SquintStream;

/* "0.1.0". */
SQUINT_C_API const char *squintGetVersion(void);

/*===----------------------------------------------------------------------===*\
|* Compiling                                                                  *|
\*===----------------------------------------------------------------------===*/

enum squint_option_kind {
  SQUINT_OPTION_FLAG = 0, /* "true", "false" */
  SQUINT_OPTION_TEXT = 1,
  SQUINT_OPTION_NUMBER = 2, /* not negative */
  SQUINT_OPTION_LIST = 3    /* may be given several times */
};

typedef struct SquintOptionInfo {
  const char *name;        /* as squintc spells it: "weights" */
  const char *value;       /* what stands for it in a description: "format" */
  const char *description; /* one paragraph */
  int32_t kind;
} SquintOptionInfo;

typedef struct SquintOption {
  const char *name, *value;
} SquintOption;

/* The options of a compilation, by index; 0 beyond the last one. */
SQUINT_C_API int32_t squintGetOption(size_t index, SquintOptionInfo *info);

/* What `squintc MODEL -o OUTPUT --NAME=VALUE...` does. IR and tables that the
   options ask for go to `out`, as does IR whose output is empty or "-". An
   output is complete, or not there. Diagnostics can be warnings. */
SQUINT_C_API int32_t squintCompile(const char *model, const char *output,
                                   const SquintOption *options, size_t count,
                                   SquintStream out, SquintStream diagnostics);

/* Runs passes ("canonicalize,cse" or "builtin.module(...)") on a module's text.
   Weights that the text refers to are looked for in `folder` (empty: the
   current one); those that the passes made are written to `store`, a
   safetensors file (empty: that is an error). */
SQUINT_C_API int32_t squintRunPipeline(const char *text, size_t size,
                                       const char *pipeline, const char *folder,
                                       const char *store, SquintStream out,
                                       SquintStream diagnostics);

/* Whether a recipe's file reads as one. */
SQUINT_C_API int32_t squintCheckRecipe(const char *file,
                                       SquintStream diagnostics);

/*===----------------------------------------------------------------------===*\
|* Libraries                                                                  *|
\*===----------------------------------------------------------------------===*/

typedef struct SquintLibrary SquintLibrary;

/* Loads a compiled .so, whose code runs from then on: it has to be trusted. */
SQUINT_C_API int32_t squintOpenLibrary(const char *file,
                                       SquintLibrary **library,
                                       SquintStream diagnostics);
/* Compiles a model (.onnx, .gguf, .mlir, or a folder) for this machine and
   loads what comes out, which no file is left of. Options are those of
   squintCompile. */
SQUINT_C_API int32_t squintOpenModel(const char *model,
                                     const SquintOption *options, size_t count,
                                     SquintLibrary **library,
                                     SquintStream diagnostics);
/* Whether a path is that of a model, for squintOpenModel, by its name or its
   bytes; others are libraries, for squintOpenLibrary. */
SQUINT_C_API int32_t squintIsModel(const char *path);
/* Lives as long as the library. */
SQUINT_C_API const squint_library *squintGetTable(const SquintLibrary *library);
/* Of a library whose models, contexts and states are destroyed. */
SQUINT_C_API void squintCloseLibrary(SquintLibrary *library);

/* Whether a library takes tokens, an input `input_ids` [sequences, n] and one
   `logits_to_keep` [1] of int64, remembers them in a state, and gives logits
   [sequences, kept, vocabulary] of float32. */
SQUINT_C_API int32_t squintIsLanguageModel(const squint_library *table);

/*===----------------------------------------------------------------------===*\
|* Choosing tokens                                                            *|
\*===----------------------------------------------------------------------===*/

typedef struct SquintSampler SquintSampler;

/* Without a temperature (0) the likeliest token is taken, the first of equals.
   top_k 0, top_p 1 and min_p 0 leave their rule out. */
SQUINT_C_API SquintSampler *squintCreateSampler(float temperature,
                                                int64_t top_k, float top_p,
                                                float min_p, uint64_t seed);
/* Of logits [count], at least one. The same seed and logits give the same
   tokens. */
SQUINT_C_API int64_t squintPickToken(SquintSampler *sampler,
                                     const float *logits, size_t count);
SQUINT_C_API void squintDestroySampler(SquintSampler *sampler);

#ifdef __cplusplus
} /* extern "C" */
#endif

#endif /* SQUINT_C_SQUINT_H */

//===- SquintState.td - what a model remembers between runs -*- tablegen -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#ifndef SQUINT_DIALECT_SQUINT_STATE
#define SQUINT_DIALECT_SQUINT_STATE

include "squint/Dialect/Squint/SquintTypes.td"
include "mlir/Interfaces/SideEffectInterfaces.td"

def Squint_AppendCacheOp : Squint_Op<"append_cache", [Pure, AllTypesMatch<["cache", "result"]>]> {
  let summary = "Keys and values behind those of earlier runs";
  let description = [{
    `key` is [B, S, G, D] and `value` [B, S, G, E]. Token s of sequence b becomes token `lengths[b] + s` of the cache, rounded to the formats
    that `layout` says; what it does not hold is as in `cache`, the bytes of a state. `squint-add-caches` makes these; buffers turn them into
    writes in place.

    Of a format with groups, it packs the blocks that these tokens fill; with `recent` it keeps those of the last block as f16 instead, which
    is for when the run's attention has been computed.

    ```mlir
    %c = squint.append_cache %k, %v, %state at %lengths layout <"f16", "f16", heads = 3, key_size = 64, value_size = 64, offset = 0, stride = 98304>
        : tensor<?x?x3x64xf32>, tensor<?x?x3x64xf32>, tensor<?xi8>, tensor<?xi64>
    ```
  }];
  let arguments = (ins 4DTensorOf<[AnyFloat]>:$key, 4DTensorOf<[AnyFloat]>:$value, 1DTensorOf<[I8]>:$cache, 1DTensorOf<[I64]>:$lengths,
                       Squint_CacheAttr:$layout, UnitAttr:$recent);
  let results = (outs 1DTensorOf<[I8]>:$result);
  let assemblyFormat = [{
    (`recent` $recent^)? $key `,` $value `,` $cache `at` $lengths `layout` $layout attr-dict `:` type($key) `,` type($value) `,` type($cache) `,` type($lengths)
  }];
  let hasVerifier = 1;
}

def Squint_CachedAttentionOp : Squint_Op<"cached_attention", [Pure, AllElementTypesMatch<["query", "result"]>]> {
  let summary = "Causal attention over what a state holds";
  let description = [{
    `squint.attention` with `causal` and `window`, whose keys and values are those of the cache: query s of sequence b stands at
    `p = lengths[b] + s` and sees the tokens t <= p (with `window = W` only those with t > p - W), which `squint.append_cache` has put there.
    The cache's codes stand for `scale * code`; the result is as if keys and values had been these floats.

    Of a format with groups, a query sees the tokens of its own block of 128 and the first ones of all as f16, whatever has been packed since:
    `own` are the keys and values of this run.

    ```mlir
    %y = squint.cached_attention %q, %c at %lengths layout <"f16", "f16", heads = 3, key_size = 64, value_size = 64, offset = 0, stride = 98304>
        scale = 0.125 : tensor<?x?x9x64xf32>, tensor<?xi8>, tensor<?xi64> -> tensor<?x?x9x64xf32>
    ```
  }];
  let arguments = (ins 4DTensorOf<[AnyFloat]>:$query, 1DTensorOf<[I8]>:$cache, 1DTensorOf<[I64]>:$lengths,
                       Variadic<4DTensorOf<[AnyFloat]>>:$own, Squint_CacheAttr:$layout, F32Attr:$scale, OptionalAttr<I64Attr>:$window);
  let results = (outs 4DTensorOf<[AnyFloat]>:$result);
  let assemblyFormat = [{
    $query `,` $cache `at` $lengths (`own` `(` $own^ `:` type($own) `)`)? `layout` $layout `scale` `=` $scale (`window` `=` $window^)?
    attr-dict `:` type($query) `,` type($cache) `,` type($lengths) `->` type($result)
  }];
  let hasVerifier = 1;
}

def Squint_LastTokensOp : Squint_Op<"last_tokens", [Pure, AllElementTypesMatch<["input", "result"]>]> {
  let summary = "The last tokens of each sequence";
  let description = [{
    `y[b, r, :] = x[b, S - R + r, :]`, S and R being the tokens of input and result.

    ```mlir
    %y = squint.last_tokens %x {squint.dims = [["batch", "min(sequence,value.logits_to_keep.0)", "576"]]} : tensor<?x?x576xf32> -> tensor<?x?x576xf32>
    ```
  }];
  let arguments = (ins 3DTensorOf<[AnyFloat]>:$input);
  let results = (outs 3DTensorOf<[AnyFloat]>:$result);
  let assemblyFormat = "$input attr-dict `:` type($input) `->` type($result)";
}

#endif

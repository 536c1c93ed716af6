//===- OnnxTypeSets.td - types that operators of onnx take ---*- tablegen -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Written by lib/Dialect/Onnx/generate.py from the schemas of onnx 1.23.2; do not edit.
//===----------------------------------------------------------------------===//

defvar Onnx_Types0 = TensorOf<[F32, UI8, I8, UI16, I16, I32, I64, F16, F64, UI32, UI64, BF16]>;
defvar Onnx_float_float16_double_bfloat16 = TensorOf<[F32, F16, F64, BF16]>;
defvar Onnx_int32_int64 = TensorOf<[I32, I64]>;
defvar Onnx_float = TensorOf<[F32]>;
defvar Onnx_Types4 = TensorOf<[F32, I32, I64, F16, F64, UI32, UI64, BF16]>;
defvar Onnx_int64 = TensorOf<[I64]>;
defvar Onnx_Types6 = TensorOf<[F32, UI8, I8, UI16, I16, I32, I64, F16, F64, UI32, UI64]>;
defvar Onnx_Types7 = TensorOf<[F32, UI8, I8, UI16, I16, I32, I64, Onnx_String, I1, F16, F64, UI32, UI64, Complex<F32>, Complex<F64>, BF16]>;
defvar Onnx_uint8_int8 = TensorOf<[UI8, I8]>;
defvar Onnx_int32 = TensorOf<[I32]>;
defvar Onnx_Types10 = TensorOf<[F32, I8, I16, I32, I64, F16, F64, BF16]>;
defvar Onnx_Types11 = TensorOf<[F32, I32, I64, F16, F64, BF16]>;
defvar Onnx_Types12 = TensorOf<[UI8, I8, F8E4M3FN, F8E4M3FNUZ, F8E5M2, F8E5M2FNUZ]>;
defvar Onnx_float_float16_bfloat16 = TensorOf<[F32, F16, BF16]>;
defvar Onnx_bool = TensorOf<[I1]>;
defvar Onnx_uint8_uint16_uint32_uint64 = TensorOf<[UI8, UI16, UI32, UI64]>;
defvar Onnx_Types16 = TensorOf<[UI8, I8, UI16, I16, I32, I64, UI32, UI64]>;
defvar Onnx_Types17 = TensorOf<[F32, UI8, I8, UI16, I16, I32, I64, Onnx_String, I1, F16, F64, UI32, UI64, BF16]>;
defvar Onnx_Types18 = TensorOf<[F32, UI8, I8, I32, I64, I1, F16, F64, UI32, UI64, BF16]>;
defvar Onnx_Types19 = TensorOf<[F32, UI8, I8, UI16, I16, I32, I64, I1, F16, F64, UI32, UI64, Complex<F32>, Complex<F64>, BF16, F8E4M3FN, F8E4M3FNUZ, F8E5M2, F8E5M2FNUZ, UI<4>, I<4>, F4E2M1FN, F8E8M0FNU, UI<2>, I<2>]>;
defvar Onnx_Types20 = TensorOf<[F32, UI8, I8, UI16, I16, I32, I64, Onnx_String, I1, F16, F64, UI32, UI64, BF16, F8E4M3FN, F8E4M3FNUZ, F8E5M2, F8E5M2FNUZ, UI<4>, I<4>, F4E2M1FN, F8E8M0FNU, UI<2>, I<2>]>;
defvar Onnx_Types21 = TensorOf<[F32, UI8, I8, UI16, I16, I32, I64, Onnx_String, I1, F16, F64, UI32, UI64, Complex<F32>, Complex<F64>]>;
defvar Onnx_Types22 = AnyTypeOf<[TensorOf<[F32, UI8, I8, UI16, I16, I32, I64, Onnx_String, I1, F16, F64, UI32, UI64, Complex<F32>, Complex<F64>, BF16, F8E4M3FN, F8E4M3FNUZ, F8E5M2, F8E5M2FNUZ, UI<4>, I<4>, F4E2M1FN, F8E8M0FNU, UI<2>, I<2>]>, Onnx_SequenceType, Onnx_OptionalType]>;
defvar Onnx_Types23 = TensorOf<[F32, F16, F64, BF16, F8E4M3FN, F8E4M3FNUZ, F8E5M2, F8E5M2FNUZ]>;
defvar Onnx_Types24 = TensorOf<[F32, UI8, I8, UI16, I16, I32, I64, Onnx_String, I1, F16, F64, UI32, UI64, Complex<F32>, Complex<F64>, BF16, F8E4M3FN, F8E4M3FNUZ, F8E5M2, F8E5M2FNUZ, UI<4>, I<4>, F4E2M1FN, F8E8M0FNU, UI<2>, I<2>]>;
defvar Onnx_float_float16_double = TensorOf<[F32, F16, F64]>;
defvar Onnx_Types26 = TensorOf<[F32, UI8, I8, UI16, I16, I32, I64, Onnx_String, I1, F16, F64, UI32, UI64, Complex<F32>, Complex<F64>, BF16, F8E4M3FN, F8E4M3FNUZ, F8E5M2, F8E5M2FNUZ, UI<4>, I<4>, F4E2M1FN, F8E8M0FNU]>;
defvar Onnx_Types27 = TensorOf<[F32, UI8, I8, UI16, I16, I32, I64, I1, F16, F64, UI32, UI64, BF16]>;
defvar Onnx_float_bfloat16 = TensorOf<[F32, BF16]>;
defvar Onnx_Types29 = TensorOf<[F32, UI8, I8, F16, F64, BF16]>;
defvar Onnx_int32_int64_string = TensorOf<[I32, I64, Onnx_String]>;
defvar Onnx_Types31 = TensorOf<[UI8, I8, UI16, I16, I32, F8E4M3FN, F8E4M3FNUZ, F8E5M2, F8E5M2FNUZ, UI<4>, I<4>, F4E2M1FN, UI<2>, I<2>]>;
defvar Onnx_float_float16_bfloat16_float8e8m0 = TensorOf<[F32, F16, BF16, F8E8M0FNU]>;
defvar Onnx_uint8 = TensorOf<[UI8]>;
defvar Onnx_float_int32_float16_bfloat16 = TensorOf<[F32, I32, F16, BF16]>;
defvar Onnx_Types35 = TensorOf<[F32, I32, F16, BF16, F8E8M0FNU]>;
defvar Onnx_Types36 = TensorOf<[UI8, I8, UI16, I16, F8E4M3FN, F8E4M3FNUZ, F8E5M2, F8E5M2FNUZ, UI<4>, I<4>, F4E2M1FN, UI<2>, I<2>]>;
defvar Onnx_Types37 = TensorOf<[F32, UI8, I8, UI16, I16, I32, I64, I1, F16, F64, UI32, UI64, BF16, F8E4M3FN, F8E4M3FNUZ, F8E5M2, F8E5M2FNUZ, UI<4>, I<4>, F4E2M1FN, F8E8M0FNU, UI<2>, I<2>]>;
defvar Onnx_Types38 = TensorOf<[F32, I16, I32, I64, F16, F64, BF16]>;
defvar Onnx_Types39 = AnyTypeOf<[TensorOf<[F32, UI8, I8, UI16, I16, I32, I64, Onnx_String, I1, F16, F64, UI32, UI64, Complex<F32>, Complex<F64>, BF16, F8E4M3FN, F8E4M3FNUZ, F8E5M2, F8E5M2FNUZ, UI<4>, I<4>, F4E2M1FN, F8E8M0FNU, UI<2>, I<2>]>, Onnx_SequenceType, Onnx_OptionalType]>;
defvar Onnx_Types40 = Onnx_SequenceType;
defvar Onnx_Types41 = AnyTypeOf<[TensorOf<[F32, UI8, I8, UI16, I16, I32, I64, Onnx_String, I1, F16, F64, UI32, UI64, Complex<F32>, Complex<F64>]>, Onnx_SequenceType]>;
defvar Onnx_Types42 = Onnx_SequenceType;
defvar Onnx_Types43 = Onnx_OptionalType;
defvar Onnx_Types44 = AnyTypeOf<[TensorOf<[F32, UI8, I8, UI16, I16, I32, I64, Onnx_String, I1, F16, F64, UI32, UI64, Complex<F32>, Complex<F64>]>, Onnx_SequenceType, Onnx_OptionalType]>;
defvar Onnx_string = TensorOf<[Onnx_String]>;

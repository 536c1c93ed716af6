//===- MsftTypeSets.td - types that operators of msft take ---*- tablegen -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Written by lib/Dialect/Onnx/generate.py from the schemas of onnxruntime 1.31.1; do not edit.
//===----------------------------------------------------------------------===//

defvar Msft_float_float16_bfloat16 = TensorOf<[F32, F16, BF16]>;
defvar Msft_int32 = TensorOf<[I32]>;
defvar Msft_float_double = TensorOf<[F32, F64]>;
defvar Msft_float_int32_float16 = TensorOf<[F32, I32, F16]>;
defvar Msft_float_float16 = TensorOf<[F32, F16]>;
defvar Msft_float_float16_double_bfloat16 = TensorOf<[F32, F16, F64, BF16]>;
defvar Msft_bool = TensorOf<[I1]>;
defvar Msft_float_float16_double = TensorOf<[F32, F16, F64]>;
defvar Msft_int64 = TensorOf<[I64]>;
defvar Msft_uint32 = TensorOf<[UI32]>;
defvar Msft_uint8 = TensorOf<[UI8]>;
defvar Msft_Types11 = TensorOf<[UI8, I8, UI16, I16, I32, UI<4>, I<4>]>;
defvar Msft_int8 = TensorOf<[I8]>;
defvar Msft_float = TensorOf<[F32]>;
defvar Msft_uint8_int8 = TensorOf<[UI8, I8]>;
defvar Msft_Types15 = TensorOf<[F32, UI8, I8, UI16, I16, I32, I64, I1, F16, F64, UI32, UI64, BF16]>;
defvar Msft_Types16 = TensorOf<[F32, UI8, I8, UI16, I16, I32, I64, Onnx_String, I1, F16, F64, UI32, UI64, Complex<F32>, Complex<F64>]>;
defvar Msft_Types17 = TensorOf<[F32, I32, I64, F16, F64, UI32, UI64]>;
defvar Msft_Types18 = TensorOf<[UI8, F8E4M3FN, F8E4M3FNUZ, F8E5M2, F8E5M2FNUZ, UI<4>, I<4>, F4E2M1FN]>;
defvar Msft_int32_int64 = TensorOf<[I32, I64]>;
defvar Msft_Types20 = TensorOf<[F32, F16, BF16, F8E4M3FN, F8E5M2]>;
defvar Msft_float16 = TensorOf<[F16]>;
defvar Msft_Types22 = TensorOf<[F32, UI8, I8, F16, BF16, F8E4M3FN]>;
defvar Msft_float16_bfloat16 = TensorOf<[F16, BF16]>;
defvar Msft_float8e4m3fn = TensorOf<[F8E4M3FN]>;
defvar Msft_uint16_int16 = TensorOf<[UI16, I16]>;
defvar Msft_int32_uint32 = TensorOf<[I32, UI32]>;
defvar Msft_float_uint8_float16_bfloat16 = TensorOf<[F32, UI8, F16, BF16]>;
defvar Msft_Types28 = TensorOf<[F32, I32, I64, Onnx_String, F64, UI32, UI64]>;
defvar Msft_Types29 = TensorOf<[UI8, I8, F16, BF16, F8E4M3FN]>;
defvar Msft_float_uint8_int8 = TensorOf<[F32, UI8, I8]>;
defvar Msft_uint8_float8e4m3fn = TensorOf<[UI8, F8E4M3FN]>;
defvar Msft_Types32 = TensorOf<[F32, F16, BF16, F8E4M3FN, F8E8M0FNU]>;
defvar Msft_Types33 = TensorOf<[UI8, I8, UI16, I16, UI<4>, I<4>]>;
defvar Msft_Types34 = TensorOf<[F32, I16, I32, I64, F64]>;
defvar Msft_float_uint8_uint16 = TensorOf<[F32, UI8, UI16]>;
defvar Msft_int8_float16_bfloat16 = TensorOf<[I8, F16, BF16]>;
defvar Msft_Types37 = AnyTypeOf<[]>;
defvar Msft_Types38 = TensorOf<[F32, I32, I64, F64, UI32, UI64]>;
defvar Msft_string = TensorOf<[Onnx_String]>;
defvar Msft_Types40 = TensorOf<[F32, UI8, I8, UI16, I16, I32, I64, F16, F64, UI32, UI64, BF16]>;
defvar Msft_Types41 = TensorOf<[F32, UI8, I8, UI16, I16, I32, I64, Onnx_String, I1, F16, F64, UI32, UI64, Complex<F32>, Complex<F64>, BF16]>;

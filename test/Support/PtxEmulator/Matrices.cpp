//===- Matrices.cpp - ldmatrix, stmatrix, mma.sync ------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Fragments, with E elements in a register, g = lane / 4 and t = lane % 4:
//   A[16][K]: register i holds row g + 8 (i % 2), k = 4E (i / 2) + E t + 0..E-1
//   B[K][8]:  register i holds column g,          k = 4E i       + E t + 0..E-1
//   C[16][8]: of 32 bits, register i holds row g + 8 (i / 2), column 2t + i %
//   2;
//             of 16 bits, row g + 8 i, columns 2t and 2t + 1
//===----------------------------------------------------------------------===//
#include "Decoder.h"
#include "Elements.h"

#include <cstdlib>

using namespace ptx;

namespace {
bool wholeWarp(Warp &w) {
  if (w.mask == UINT32_MAX)
    return true;
  w.fault(Fault::Failed, w.mask ? __builtin_ctz(w.mask) : 0,
          "needs all lanes of the warp");
  return false;
}

//===----------------------------------------------------------------------===//
// ldmatrix and stmatrix
//===----------------------------------------------------------------------===//

/// The shared offsets of the rows of matrix `i`, whose addresses lanes 8i..
/// give.
bool rowsOf(Warp &w, const Instruction &in, const Operand &address, unsigned i,
            Access access, uint8_t *(&rows)[8]) {
  for (unsigned row = 0; row < 8; ++row) {
    unsigned lane = 8 * i + row;
    rows[row] = w.resolve(in.space, w.address(address, lane), 16, lane, access);
    if (!rows[row])
      return false;
  }
  return true;
}

void loadMatrix(Warp &w, const Instruction &in) {
  if (!wholeWarp(w))
    return;
  for (unsigned i = 0; i < in.vector; ++i) {
    uint8_t *rows[8];
    if (!rowsOf(w, in, in.operands[in.vector], i, Access::Read, rows))
      return;
    uint16_t matrix[8][8];
    for (unsigned row = 0; row < 8; ++row)
      memcpy(matrix[row], rows[row], 16);
    uint32_t *to = w.lanes<uint32_t>(in.operands[i]);
    for (unsigned lane = 0; lane < 32; ++lane) {
      unsigned g = lane / 4, t = 2 * (lane % 4);
      to[lane] = in.mode ? matrix[t][g] | uint32_t(matrix[t + 1][g]) << 16
                         : matrix[g][t] | uint32_t(matrix[g][t + 1]) << 16;
    }
  }
}

void storeMatrix(Warp &w, const Instruction &in) {
  if (!wholeWarp(w))
    return;
  for (unsigned i = 0; i < in.vector; ++i) {
    uint8_t *rows[8];
    if (!rowsOf(w, in, in.operands[0], i, Access::Write, rows))
      return;
    const uint32_t *from = w.lanes<uint32_t>(in.operands[1 + i]);
    for (unsigned lane = 0; lane < 32; ++lane) {
      unsigned g = lane / 4, t = 2 * (lane % 4);
      for (unsigned j = 0; j < 2; ++j) {
        uint16_t value = from[lane] >> 16 * j;
        memcpy(in.mode ? rows[t + j] + 2 * g : rows[g] + 2 * (t + j), &value,
               2);
      }
    }
  }
}

template <bool IsStore> bool decodeMatrix(Decoder &d) {
  int count = d.takeOne({"x1", "x2", "x4"});
  if (count < 0 || !d.take("sync") || !d.take("aligned") || !d.take("m8n8") ||
      !d.take("b16"))
    return d.fail("expected .sync.aligned.m8n8.x1, .x2 or .x4 and .b16");
  d.in.vector = 1 << count;
  d.in.mode = d.take("trans");
  d.in.space = d.takeSpace();
  if (d.in.space != Space::Shared)
    return d.fail("expected .shared");
  d.in.strict = d.in.progresses = IsStore;
  if (!d.expectArguments(2, 2))
    return false;
  if (IsStore)
    return d.address(0) && d.sources(1, Type::B32, d.in.vector) &&
           d.finish(storeMatrix);
  return d.destinations(0, Type::B32, d.in.vector) && d.address(1) &&
         d.finish(loadMatrix);
}

//===----------------------------------------------------------------------===//
// mma.sync
//===----------------------------------------------------------------------===//

enum Flag : uint8_t { Saturates = 1, HalfSum = 2, HalfStart = 4 };

template <typename T>
void readFragments(Warp &w, const Instruction &in, unsigned registersA,
                   T (&a)[16][32], T (&b)[32][8]) {
  unsigned at = in.destinations;
  unsigned bits = 8 * elementBytes(in.type), each = 32 / bits;
  withElement(in.type, [&](auto value) {
    for (unsigned i = 0; i < registersA; ++i) {
      const uint32_t *from = w.lanes<uint32_t>(in.operands[at + i]);
      for (unsigned lane = 0; lane < 32; ++lane) {
        unsigned k = 4 * each * (i / 2) + each * (lane % 4);
        for (unsigned j = 0; j < each; ++j)
          a[lane / 4 + 8 * (i % 2)][k + j] = T(value(from[lane] >> bits * j));
      }
    }
  });
  at += registersA;
  withElement(in.source, [&](auto value) {
    for (unsigned i = 0; i < registersA / 2; ++i) {
      const uint32_t *from = w.lanes<uint32_t>(in.operands[at + i]);
      for (unsigned lane = 0; lane < 32; ++lane) {
        unsigned k = 4 * each * i + each * (lane % 4);
        for (unsigned j = 0; j < each; ++j)
          b[k + j][lane / 4] = T(value(from[lane] >> bits * j));
      }
    }
  });
}

template <typename T>
void multiply(unsigned k, const T (&a)[16][32], const T (&b)[32][8],
              T (&sum)[16][8]) {
  for (unsigned row = 0; row < 16; ++row) {
    T total[8];
    memcpy(total, sum[row], sizeof(total));
    for (unsigned i = 0; i < k; ++i)
      for (unsigned column = 0; column < 8; ++column)
        total[column] += a[row][i] * b[i][column];
    memcpy(sum[row], total, sizeof(total));
  }
}

void multiplyFloats(Warp &w, const Instruction &in) {
  if (!wholeWarp(w))
    return;
  unsigned registersA = in.vector;
  double a[16][32], b[32][8], sum[16][8];
  readFragments(w, in, registersA, a, b);
  unsigned first = in.destinations + registersA + registersA / 2;
  bool halfStart = in.flags & HalfStart, halfSum = in.flags & HalfSum;
  for (unsigned i = 0; i < (halfStart ? 2 : 4); ++i) {
    const uint32_t *from = w.lanes<uint32_t>(in.operands[first + i]);
    for (unsigned lane = 0; lane < 32; ++lane) {
      unsigned g = lane / 4, t = 2 * (lane % 4);
      if (halfStart) {
        sum[g + 8 * i][t] = halfToFloat(from[lane]);
        sum[g + 8 * i][t + 1] = halfToFloat(from[lane] >> 16);
      } else {
        sum[g + 8 * (i / 2)][t + i % 2] = fromLane<float>(from[lane]);
      }
    }
  }
  multiply(in.immediate, a, b, sum);
  for (unsigned i = 0; i < in.destinations; ++i) {
    uint32_t *to = w.lanes<uint32_t>(in.operands[i]);
    for (unsigned lane = 0; lane < 32; ++lane) {
      unsigned g = lane / 4, t = 2 * (lane % 4);
      if (halfSum)
        to[lane] = floatToHalf(toFloatOdd(sum[g + 8 * i][t])) |
                   uint32_t(floatToHalf(toFloatOdd(sum[g + 8 * i][t + 1])))
                       << 16;
      else
        to[lane] = toLane(float(sum[g + 8 * (i / 2)][t + i % 2]));
    }
  }
}

void multiplyIntegers(Warp &w, const Instruction &in) {
  if (!wholeWarp(w))
    return;
  unsigned registersA = in.vector;
  int32_t a[16][32], b[32][8], sum[16][8] = {};
  readFragments(w, in, registersA, a, b);
  multiply(in.immediate, a, b, sum);
  unsigned first = in.destinations + registersA + registersA / 2;
  for (unsigned i = 0; i < 4; ++i) {
    const int32_t *from = w.lanes<int32_t>(in.operands[first + i]);
    int32_t *to = w.lanes<int32_t>(in.operands[i]);
    for (unsigned lane = 0; lane < 32; ++lane) {
      int64_t wide =
          int64_t(sum[lane / 4 + 8 * (i / 2)][2 * (lane % 4) + i % 2]) +
          from[lane];
      if (in.flags & Saturates)
        wide = std::min<int64_t>(std::max<int64_t>(wide, INT32_MIN), INT32_MAX);
      to[lane] = int32_t(uint32_t(wide));
    }
  }
}

bool decodeMma(Decoder &d) {
  Instruction &in = d.in;
  std::string shape;
  if (!d.take("sync") || !d.take("aligned") ||
      !d.takePrefixed("m16n8k", shape) || !d.take("row") || !d.take("col"))
    return d.fail("expected mma.sync.aligned.m16n8k*.row.col");
  in.flags = d.take("satfinite") ? Saturates : 0;
  Type start = d.takeType(), b = in.source = d.takeType(),
       a = in.type = d.takeType(), sum = d.takeType();
  if (sum == Type::None || start == Type::None)
    return false;
  unsigned k = in.immediate = atoi(shape.c_str());
  bool isInteger = isIntegerElement(a),
       isFloat8 = a == Type::E4M3 || a == Type::E5M2;
  bool known =
      isInteger  ? isIntegerElement(b) && sum == Type::S32 && start == Type::S32
      : isFloat8 ? (b == Type::E4M3 || b == Type::E5M2) && sum == Type::F32 &&
                       start == Type::F32
      : a == Type::F16
          ? b == a && (sum == Type::F32 || sum == Type::F16) && start == sum
          : (a == Type::BF16 || a == Type::TF32) && b == a &&
                sum == Type::F32 && start == sum;
  if (!known)
    return d.fail("these types are not supported");
  // A register of each half of the rows holds 4E columns.
  unsigned columns = 16 / elementBytes(a);
  unsigned registersA = in.vector = 2 * k / columns;
  if (k % columns || (registersA != 2 && registersA != 4) ||
      (isFloat8 && k != 32))
    return d.fail("this shape is not supported");
  in.flags |=
      (sum == Type::F16 ? HalfSum : 0) | (start == Type::F16 ? HalfStart : 0);
  in.strict = true;
  Type type = isInteger ? Type::S32 : sum == Type::F16 ? Type::B32 : Type::F32;
  unsigned sums = sum == Type::F16 ? 2 : 4;
  return d.expectArguments(4, 4) && d.destinations(0, type, sums) &&
         d.sources(1, Type::B32, registersA) &&
         d.sources(2, Type::B32, registersA / 2) && d.sources(3, type, sums) &&
         d.finish(isInteger ? multiplyIntegers : multiplyFloats);
}
} // namespace

void ptx::addMatrices(DecodeTable &table) {
  table["ldmatrix"] = decodeMatrix<false>;
  table["stmatrix"] = decodeMatrix<true>;
  table["mma"] = decodeMma;
}

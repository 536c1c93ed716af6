//===- Npz.h - numpy's archives of arrays -------------------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
// Zip archives, stored or deflated, of .npy files of versions 1 to 3:
// little-endian bool, int8 to int64, uint8 to uint64, float16 to float64.
// Types that numpy lacks travel as their bits in uint8 or uint16. The files
// are untrusted.
//===----------------------------------------------------------------------===//

#ifndef SQUINT_CALIBRATION_NPZ_H
#define SQUINT_CALIBRATION_NPZ_H

#include "squint/Runtime/Array.h"

#include "llvm/ADT/StringRef.h"
#include <memory>
#include <string>
#include <vector>

namespace squint {

/// An array of an archive, as its header says.
struct NpzEntry {
  std::string name;
  squint_dtype dtype;
  std::vector<int64_t> shape;
  bool fortranOrder = false;

  uint64_t zipIndex = 0;
  uint64_t headerSize = 0; // bytes before the first element
};

/// Hands out the rows (slices along the first axis) of an array in order; in
/// memory is only what the caller asks for. An array in Fortran order is read
/// whole.
class NpzRows {
public:
  virtual ~NpzRows();
  /// Fills `out`, a whole number of rows, with the next rows.
  virtual llvm::Error read(llvm::MutableArrayRef<char> out) = 0;
};

class NpzReader {
public:
  static llvm::Expected<std::unique_ptr<NpzReader>> open(llvm::StringRef path);
  ~NpzReader();
  NpzReader(const NpzReader &) = delete;

  llvm::ArrayRef<NpzEntry> entries() const { return arrays; }
  /// Null where there is none of that name.
  const NpzEntry *find(llvm::StringRef name) const;
  /// A whole array, in C order.
  llvm::Expected<Array> read(const NpzEntry &entry);
  /// The reader must outlive the rows.
  llvm::Expected<std::unique_ptr<NpzRows>> rows(const NpzEntry &entry);

private:
  NpzReader() = default;
  std::string path;
  void *archive = nullptr; // zip_t
  std::vector<NpzEntry> arrays;
};

/// One array, a .npy file.
llvm::Expected<Array> readNpy(llvm::StringRef path);
/// The file is written aside and renamed.
llvm::Error writeNpy(llvm::StringRef path, const Array &array);

struct NamedArray {
  std::string name;
  const Array *array;
};

/// Writes the arrays, stored, so that equal arrays make equal files. Types
/// that numpy lacks are written as getNpzType says. The file is written aside
/// and renamed.
llvm::Error writeNpz(llvm::StringRef path, llvm::ArrayRef<NamedArray> arrays);

} // namespace squint

#endif // SQUINT_CALIBRATION_NPZ_H

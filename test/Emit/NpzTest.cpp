//===- NpzTest.cpp - numpy's archives -----------------------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
// npz.py beside this checks files of numpy's own and broken ones.
//===----------------------------------------------------------------------===//

#include "squint/Calibration/Npz.h"

#include "llvm/Support/FileSystem.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Support/Path.h"
#include "gtest/gtest.h"

#include <cstring>

using namespace squint;

namespace {

class Npz : public ::testing::Test {
protected:
  Npz() {
    EXPECT_FALSE(llvm::sys::fs::createUniqueDirectory("squint-npz", folder));
  }
  ~Npz() override { llvm::sys::fs::remove_directories(folder); }
  std::string path(llvm::StringRef name) {
    llvm::SmallString<64> result = folder;
    llvm::sys::path::append(result, name);
    return std::string(result);
  }
  llvm::SmallString<64> folder;
};

Array iota(squint_dtype dtype, llvm::ArrayRef<int64_t> shape) {
  Array array = cantFail(Array::create(dtype, shape));
  for (size_t i = 0; i < array.bytes().size(); ++i)
    array.bytes()[i] = char(i * 7);
  return array;
}

TEST_F(Npz, RoundTrip) {
  const squint_dtype types[] = {
      {SQUINT_DTYPE_BOOL, 8, 1},    {SQUINT_DTYPE_INT, 8, 1},
      {SQUINT_DTYPE_INT, 16, 1},    {SQUINT_DTYPE_INT, 32, 1},
      {SQUINT_DTYPE_INT, 64, 1},    {SQUINT_DTYPE_UINT, 8, 1},
      {SQUINT_DTYPE_UINT, 16, 1},   {SQUINT_DTYPE_UINT, 32, 1},
      {SQUINT_DTYPE_UINT, 64, 1},   {SQUINT_DTYPE_FLOAT, 16, 1},
      {SQUINT_DTYPE_FLOAT, 32, 1},  {SQUINT_DTYPE_FLOAT, 64, 1},
      {SQUINT_DTYPE_BFLOAT, 16, 1}, {SQUINT_DTYPE_FLOAT8_E4M3FN, 8, 1}};
  const std::vector<int64_t> shapes[] = {{}, {5}, {2, 3}, {4, 0, 2}, {2, 3, 4}};
  std::vector<Array> arrays;
  for (squint_dtype type : types)
    for (const auto &shape : shapes)
      arrays.push_back(iota(type, shape));
  std::vector<NamedArray> named;
  for (size_t i = 0; i < arrays.size(); ++i)
    named.push_back({"array/" + std::to_string(i), &arrays[i]});
  ASSERT_FALSE(bool(writeNpz(path("a.npz"), named)));

  auto reader = NpzReader::open(path("a.npz"));
  ASSERT_TRUE(bool(reader)) << llvm::toString(reader.takeError());
  ASSERT_EQ((*reader)->entries().size(), arrays.size());
  for (size_t i = 0; i < arrays.size(); ++i) {
    const NpzEntry *entry = (*reader)->find(named[i].name);
    ASSERT_TRUE(entry);
    EXPECT_EQ(entry->dtype, getNpzType(arrays[i].dtype()));
    Array back = cantFail((*reader)->read(*entry));
    EXPECT_EQ(back.shape(), arrays[i].shape());
    EXPECT_EQ(back.bytes(), arrays[i].bytes());
  }
  EXPECT_EQ((*reader)->find("none"), nullptr);
}

TEST_F(Npz, SameBytes) {
  Array a = iota({SQUINT_DTYPE_FLOAT, 32, 1}, {10, 10});
  for (llvm::StringRef name : {"a.npz", "b.npz"})
    ASSERT_FALSE(bool(writeNpz(path(name), {{"a", &a}})));
  auto first = llvm::MemoryBuffer::getFile(path("a.npz"));
  auto second = llvm::MemoryBuffer::getFile(path("b.npz"));
  EXPECT_EQ((*first)->getBuffer(), (*second)->getBuffer());
}

TEST_F(Npz, RowsInOrder) {
  Array a = iota({SQUINT_DTYPE_INT, 32, 1}, {10, 3});
  ASSERT_FALSE(bool(writeNpz(path("a.npz"), {{"a", &a}})));
  auto reader = cantFail(NpzReader::open(path("a.npz")));
  auto rows = cantFail(reader->rows(*reader->find("a")));
  std::vector<char> all, some(4 * 12);
  for (int i = 0; i < 2; ++i) {
    ASSERT_FALSE(bool(rows->read(some)));
    all.insert(all.end(), some.begin(), some.end());
  }
  EXPECT_EQ(llvm::ArrayRef<char>(all), a.bytes().take_front(96));
  llvm::Error error = rows->read(some);
  EXPECT_EQ(llvm::toString(std::move(error)),
            path("a.npz") + ": 'a': expected 24 more bytes, got the end");
}

TEST_F(Npz, Errors) {
  EXPECT_EQ(llvm::toString(NpzReader::open(path("none.npz")).takeError()),
            path("none.npz") + ": No such file");
  Array a = iota({SQUINT_DTYPE_INT, 32, 1}, {1});
  llvm::Error error = writeNpz(path("no/a.npz"), {{"a", &a}});
  EXPECT_NE(llvm::toString(std::move(error)), "");
  EXPECT_EQ(llvm::toString(
                Array::create({SQUINT_DTYPE_INT, 64, 1}, {1ll << 40, 1ll << 40})
                    .takeError()),
            "cannot allocate a tensor of int64[1099511627776, 1099511627776]");
}

} // namespace

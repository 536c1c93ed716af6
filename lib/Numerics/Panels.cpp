//===- Panels.cpp - matrices by fours of columns ----------------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "Panels.h"
#include "Clones.h"
#include <algorithm>
#include <cstring>

using namespace squint;

Panels::Panels(int64_t size, bool upper,
               llvm::function_ref<double(int64_t row, int64_t column)> get)
    : size(size), panels((size + kPanelWidth - 1) / kPanelWidth), upper(upper) {
  data.resize(getOffset(panels));
  for (int64_t panel = 0; panel < panels; ++panel) {
    double *out = data.data() + getOffset(panel);
    int64_t first = panel * kPanelWidth;
    int64_t width = std::min(kPanelWidth, size - first);
    int64_t rows = std::min(getRows(panel), size);
    for (int64_t row = 0; row < rows; ++row)
      for (int64_t j = 0; j < width; ++j)
        if (!upper || row <= first + j)
          out[row * kPanelWidth + j] = get(row, first + j);
  }
}

SQUINT_CLONES
static void addRows(const double *panel, const double *rows, int64_t count,
                    double *out) {
  typedef double Lanes __attribute__((vector_size(kRowLanes * 8)));
  Lanes sums[kPanelWidth];
  std::memcpy(sums, out, sizeof(sums));
  for (int64_t i = 0; i < count; ++i) {
    Lanes row;
    std::memcpy(&row, rows + i * kRowLanes, sizeof(row));
    for (int64_t j = 0; j < kPanelWidth; ++j)
      sums[j] += row * panel[i * kPanelWidth + j];
  }
  std::memcpy(out, sums, sizeof(sums));
}

void squint::addProducts(const double *panel, const double *rows, int64_t begin,
                         int64_t end, double (&sums)[kPanelWidth][kRowLanes]) {
  if (begin < end)
    addRows(panel + begin * kPanelWidth, rows + begin * kRowLanes, end - begin,
            &sums[0][0]);
}

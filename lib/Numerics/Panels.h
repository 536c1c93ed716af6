//===- Panels.h - matrices by fours of columns ------------------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
//
// Compensation is row after row of a weight times a matrix of the size of its
// columns. Eight rows lie side by side, in the lanes of a vector, so that no
// sum runs across lanes; the matrix is read in panels of four columns:
//
//   panel[columns / 4][rows][4]       rows[columns][8]
//
//===----------------------------------------------------------------------===//

#ifndef SQUINT_LIB_NUMERICS_PANELS_H
#define SQUINT_LIB_NUMERICS_PANELS_H

#include "llvm/ADT/STLFunctionalExtras.h"
#include <cstdint>
#include <vector>

namespace squint {

/// Rows of a weight side by side.
constexpr int64_t kRowLanes = 8;
/// Columns of a panel.
constexpr int64_t kPanelWidth = 4;

/// A square matrix in panels. The upper triangle alone (`upper`) leaves out the
/// rows below a panel.
class Panels {
public:
  Panels() = default;
  Panels(int64_t size, bool upper,
         llvm::function_ref<double(int64_t row, int64_t column)> get);

  /// The count of panels; columns beyond the matrix are zero.
  int64_t count() const { return panels; }
  /// data[row][4], for all rows or those that end with the panel's own.
  const double *get(int64_t panel) const {
    return data.data() + getOffset(panel);
  }
  bool empty() const { return data.empty(); }

private:
  int64_t getRows(int64_t panel) const {
    return upper ? (panel + 1) * kPanelWidth : size;
  }
  int64_t getOffset(int64_t panel) const {
    return upper ? panel * (panel + 1) / 2 * kPanelWidth * kPanelWidth
                 : panel * size * kPanelWidth;
  }

  int64_t size = 0, panels = 0;
  bool upper = false;
  std::vector<double> data;
};

/// sums[j][lane] += rows[i][lane] * panel[i][j] for i in [begin, end), one
/// after the other, each product and each sum rounded to f64.
void addProducts(const double *panel, const double *rows, int64_t begin,
                 int64_t end, double (&sums)[kPanelWidth][kRowLanes]);

} // namespace squint

#endif // SQUINT_LIB_NUMERICS_PANELS_H

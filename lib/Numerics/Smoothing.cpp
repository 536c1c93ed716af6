//===- Smoothing.cpp - share out ranges between two operands ----*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "squint/Numerics/Smoothing.h"
#include "squint/Numerics/Activations.h"
#include "squint/Numerics/Packed.h"
#include "squint/Numerics/Reference.h"
#include "squint/Numerics/Rtn.h"
#include <Eigen/Core>
#include <cmath>
#include <limits>

using namespace squint;

using Matrix =
    Eigen::Matrix<float, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;
using Map = Eigen::Map<const Matrix>;

/// Below it a magnitude is taken for this, as in the paper's code.
static constexpr double kLeast = 1e-5;

std::vector<double> Smoothing::getFactors(double alpha) const {
  std::vector<double> x(factors, 0.0), w(factors, 0.0);
  for (int64_t c = 0; c < columns; ++c)
    x[factorOf[c]] = std::max(x[factorOf[c]], double(absmax[c]));
  for (const SmoothingReader &reader : readers)
    for (size_t i = 0; i < reader.weight.size(); ++i) {
      double &most = w[factorOf[i % columns]];
      most = std::max(most, double(std::fabs(reader.weight[i])));
    }
  std::vector<double> result(factors, 1.0);
  double logs = 0.0;
  int64_t count = 0;
  for (int64_t i = 0; i < factors; ++i) {
    if (x[i] == 0.0 || w[i] == 0.0)
      continue;
    result[i] = std::pow(std::max(x[i], kLeast), alpha) /
                std::pow(std::max(w[i], kLeast), 1.0 - alpha);
    logs += std::log(result[i]);
    ++count;
  }
  double mean = count ? std::exp(logs / double(count)) : 1.0;
  for (int64_t i = 0; i < factors; ++i)
    if (x[i] != 0.0 && w[i] != 0.0)
      result[i] /= mean;
  return result;
}

/// What codes of an activation stand for; `absmax` is that of all samples.
static void roundActivations(Matrix &x, const Format &format, float absmax) {
  if (!format.isInteger())
    return;
  if (format.granularity == Granularity::Tensor) {
    StaticGrid grid = chooseStaticGrid(format, -absmax, absmax);
    std::vector<int8_t> codes(x.size());
    quantizeStatic(llvm::ArrayRef(x.data(), x.size()), grid, codes.data());
    for (Eigen::Index i = 0; i < x.size(); ++i)
      x.data()[i] = float(codes[i] - grid.zeroPoint) * grid.scale;
    return;
  }
  auto codes = QuantizedActivations::get(x.data(), x.rows(), x.cols(), format);
  for (Eigen::Index r = 0; r < x.rows(); ++r)
    for (Eigen::Index c = 0; c < x.cols(); ++c)
      x(r, c) = float(codes.value(r, c));
}

/// The nearest codes' values; false where the format cannot hold them.
static bool roundWeights(Matrix &w, const Format &format) {
  PlainLayout layout = PlainLayout::get(format, w.rows(), w.cols());
  std::vector<char> payload(layout.totalBytes);
  TensorView view(reinterpret_cast<const char *>(w.data()), FloatType::F32,
                  {w.rows(), w.cols()});
  if (llvm::Error error = quantizeRtn(view, format, payload)) {
    llvm::consumeError(std::move(error));
    return false;
  }
  PackedView(payload.data(), format, w.rows(), w.cols())
      .dequantizeRows(0, w.rows(), w.data());
  return true;
}

double Smoothing::getError(llvm::ArrayRef<double> scale) const {
  int64_t tokens = int64_t(rows.size()) / columns;
  Map x(rows.data(), tokens, columns);
  Eigen::VectorXd by(columns);
  float largest = 0.0f;
  for (int64_t c = 0; c < columns; ++c) {
    by[c] = scale[factorOf[c]];
    largest = std::max(largest, float(absmax[c] / by[c]));
  }
  Matrix smooth =
      (x.cast<double>() * by.cwiseInverse().asDiagonal()).cast<float>();
  double error = 0.0;
  for (const SmoothingReader &reader : readers) {
    Map w(reader.weight.data(), reader.weight.size() / columns, columns);
    Matrix activations = smooth,
           weight = (w.cast<double>() * by.asDiagonal()).cast<float>();
    if (reader.activationFormat)
      roundActivations(activations, *reader.activationFormat, largest);
    if (reader.weightFormat && !roundWeights(weight, *reader.weightFormat))
      return std::numeric_limits<double>::infinity();
    Matrix exact = x * w.transpose(), got = activations * weight.transpose();
    // Row by row: a few tokens may be much larger than all others.
    Eigen::VectorXd energy = exact.cast<double>().rowwise().squaredNorm(),
                    noise =
                        (got - exact).cast<double>().rowwise().squaredNorm();
    for (int64_t t = 0; t < tokens; ++t)
      if (energy[t] > 0.0)
        error += noise[t] / energy[t];
  }
  return error;
}

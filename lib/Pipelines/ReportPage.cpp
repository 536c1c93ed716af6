//===- ReportPage.cpp - the report to look at -----------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "ReportPage.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/FormatVariadic.h"
#include <algorithm>
#include <cmath>
#include <map>
#include <vector>

using namespace squint;
using llvm::StringRef;
namespace json = llvm::json;

static constexpr StringRef kStyle = R"(
body { font: 14px/1.4 system-ui, sans-serif; margin: 2em auto; max-width: 75em; color: #222; }
table { border-collapse: collapse; margin: 1em 0; }
th, td { padding: .2em .7em; text-align: left; border-bottom: 1px solid #ddd; white-space: nowrap; }
td.n, th.n { text-align: right; font-variant-numeric: tabular-nums; }
svg text { font: 11px system-ui, sans-serif; fill: #444; }
)";

namespace {
/// A column of the table of layers.
struct Column {
  StringRef key, title;
  /// Digits behind the point; -1 for text.
  int digits;
};
} // namespace

static constexpr Column kColumns[] = {
    {"node", "node", -1},
    {"role", "role", -1},
    {"shape", "shape", -1},
    {"weights", "weights", -1},
    {"activations", "activations", -1},
    {"method", "method", -1},
    {"bits", "bits", 2},
    {"bytes", "bytes", 0},
    {"weights_snr_db", "weights, dB", 1},
    {"outputs_snr_db", "outputs, dB", 1},
    {"clipped", "clipped, %", 3},
    {"seconds", "time, s", 3},
};

static std::string escape(StringRef text) {
  std::string escaped;
  llvm::raw_string_ostream os(escaped);
  llvm::printHTMLEscaped(text, os);
  return escaped;
}

static std::string toText(const json::Object &layer, const Column &column) {
  const json::Value *value = layer.get(column.key);
  if (!value)
    return "";
  if (auto text = value->getAsString())
    return escape(*text);
  if (const json::Array *shape = value->getAsArray()) {
    std::string text;
    for (const json::Value &size : *shape)
      text += (text.empty() ? "" : " x ") +
              std::to_string(size.getAsInteger().value_or(0));
    return text;
  }
  double number = value->getAsNumber().value_or(0.0);
  if (column.key == "clipped")
    number *= 100.0;
  return llvm::formatv("{0}", llvm::format("%.*f", column.digits, number));
}

static void writeTable(const json::Array &layers, llvm::raw_ostream &os) {
  os << "<table>\n<tr>";
  for (const Column &column : kColumns)
    os << (column.digits < 0 ? "<th>" : "<th class=n>") << column.title
       << "</th>";
  os << "</tr>\n";
  for (const json::Value &layer : layers) {
    os << "<tr>";
    for (const Column &column : kColumns)
      os << (column.digits < 0 ? "<td>" : "<td class=n>")
         << toText(*layer.getAsObject(), column) << "</td>";
    os << "</tr>\n";
  }
  os << "</table>\n";
}

/// Bars over the layers in the order of data, one colour a role.
static void writeBars(const json::Array &layers, StringRef key, StringRef title,
                      StringRef unit, llvm::raw_ostream &os) {
  static constexpr StringRef colors[] = {"#4477aa", "#66ccee", "#228833",
                                         "#ccbb44", "#ee6677", "#aa3377",
                                         "#777777", "#bb7733"};
  std::map<std::string, size_t> roles;
  double largest = 0.0;
  bool isThere = false;
  for (const json::Value &value : layers) {
    const json::Object &layer = *value.getAsObject();
    roles.try_emplace(layer.getString("role").value_or("").str(), roles.size());
    if (auto number = layer.getNumber(key)) {
      isThere = true;
      // Exact ones would hide the rest.
      largest =
          std::max(largest, *number < 900.0 || key == "bytes" ? *number : 0.0);
    }
  }
  if (!isThere || largest <= 0.0)
    return;
  constexpr double width = 1000.0, height = 160.0;
  double step = width / double(layers.size());
  os << "<h2>" << title << "</h2>\n"
     << llvm::formatv("<svg viewBox='0 0 {0} {1}' width='100%' role='img' "
                      "aria-label='{2}'>\n",
                      int(width) + 60, int(height) + 40, title);
  os << llvm::formatv(
      "<text x='0' y='12'>{0}{1}</text><text x='0' y='{2}'>0</text>\n",
      llvm::format("%.4g", largest), unit, int(height) + 10);
  for (auto [i, value] : llvm::enumerate(layers)) {
    const json::Object &layer = *value.getAsObject();
    double number = std::min(layer.getNumber(key).value_or(0.0), largest);
    double bar = std::max(height * number / largest, 0.0);
    std::string role = layer.getString("role").value_or("").str();
    os << llvm::formatv(
        "<rect x='{0}' y='{1}' width='{2}' height='{3}' fill='{4}'>"
        "<title>{5}: {6}{7}</title></rect>\n",
        llvm::format("%.2f", 50 + i * step),
        llvm::format("%.2f", 10 + height - bar),
        llvm::format("%.2f", std::max(step - 1.0, 0.5)),
        llvm::format("%.2f", bar), colors[roles[role] % std::size(colors)],
        escape(layer.getString("node").value_or("")),
        llvm::format("%.4g", number), unit);
  }
  double x = 50.0;
  for (const auto &[role, color] : roles) {
    os << llvm::formatv("<rect x='{0}' y='{1}' width='10' height='10' "
                        "fill='{2}'/><text x='{3}' y='{4}'>{5}</text>\n",
                        int(x), int(height) + 22,
                        colors[color % std::size(colors)], int(x) + 14,
                        int(height) + 31, escape(role));
    x += 30.0 + 7.0 * double(role.size());
  }
  os << "</svg>\n";
}

/// Divergence, in powers of ten, over bytes.
static void writeFrontier(const json::Array &points, llvm::raw_ostream &os) {
  auto get = [](const json::Value &point, StringRef key) {
    return point.getAsObject()->getNumber(key).value_or(0.0);
  };
  double first = get(points.front(), "bytes"),
         range = std::max(get(points.back(), "bytes") - first, 1.0);
  double top = -HUGE_VAL, bottom = HUGE_VAL;
  for (const json::Value &point : points)
    if (double value = get(point, "divergence"); value > 0.0) {
      top = std::max(top, std::ceil(std::log10(value)));
      bottom = std::min(bottom, std::floor(std::log10(value)));
    }
  if (top <= bottom)
    return;
  constexpr double width = 900.0, height = 360.0, left = 60.0;
  auto toY = [&](double power) {
    return 10.0 + height * (top - power) / (top - bottom);
  };
  os << "<h1>Divergence that a size allows</h1>\n"
     << llvm::formatv("<svg viewBox='0 0 {0} {1}' width='100%' role='img' "
                      "aria-label='Divergence over bytes'>\n",
                      int(width + left) + 20, int(height) + 40);
  for (double power = bottom; power <= top; ++power)
    os << llvm::formatv(
        "<path d='M{0} {1}H{2}' stroke='#ddd'/><text x='0' y='{3}'>1e{4}"
        "</text>\n",
        left, toY(power), left + width, toY(power) + 4.0, int(power));
  for (int i = 0; i <= 4; ++i)
    os << llvm::formatv("<text x='{0}' y='{1}'>{2} MB</text>\n",
                        left + width * i / 4 - (i ? 30 : 0), height + 30.0,
                        llvm::format("%.1f", (first + range * i / 4) / 1e6));
  os << "<polyline fill='none' stroke='#4477aa' stroke-width='2' points='";
  for (const json::Value &point : points)
    if (double value = get(point, "divergence"); value > 0.0)
      os << llvm::format("%.1f,%.1f ",
                         left + width * (get(point, "bytes") - first) / range,
                         toY(std::log10(value)));
  os << "'/></svg>\n";
}

void squint::writeReportPage(const json::Object &report,
                             llvm::raw_ostream &os) {
  os << "<!doctype html>\n<html lang=en>\n<meta charset=utf-8>\n<title>Squint: "
        "report</title>\n<style>"
     << kStyle << "</style>\n";
  if (const json::Array *points = report.getArray("frontier")) {
    writeFrontier(*points, os);
    return;
  }
  os << "<h1>What each layer became</h1>\n";
  const json::Array *layers = report.getArray("layers");
  if (!layers || layers->empty()) {
    os << "<p>No weight was quantized.</p>\n";
    return;
  }
  double bytes = 0.0, weights = 0.0;
  for (const json::Value &layer : *layers) {
    double own = layer.getAsObject()->getNumber("bytes").value_or(0.0);
    bytes += own;
    weights +=
        8.0 * own /
        std::max(layer.getAsObject()->getNumber("bits").value_or(1.0), 1e-9);
  }
  os << llvm::formatv(
      "<p>{0} quantized layers, {1} million weights in {2} MB: "
      "{3} bits a weight.",
      layers->size(), llvm::format("%.2f", weights / 1e6),
      llvm::format("%.2f", bytes / 1e6),
      llvm::format("%.2f", 8.0 * bytes / std::max(weights, 1.0)));
  if (auto all = report.getInteger("weights_bytes"))
    os << llvm::formatv(" All weights of the library: {0} MB.",
                        llvm::format("%.2f", *all / 1e6));
  os << "</p>\n";
  if (const json::Object *accuracy = report.getObject("accuracy")) {
    auto get = [&](StringRef key) {
      return accuracy->getNumber(key).value_or(0.0);
    };
    bool hasLogits = accuracy->get("kl");
    os << llvm::formatv(
        "<p>On {0} samples: {1} {2} from the float model; the largest entry is "
        "the same in {3} % of rows.</p>\n",
        int64_t(get("samples")),
        hasLogits ? "Kullback-Leibler divergence" : "relative squared error",
        llvm::format("%.4g", get(hasLogits ? "kl" : "squared_error")),
        llvm::format("%.2f", 100.0 * get("same_top")));
    if (accuracy->get("top1"))
      os << llvm::formatv(
          "<p>By the labels: perplexity {0}, of the float model {1}; the "
          "largest entry is right in {2} %, of the float model in {3} %.</p>\n",
          llvm::format("%.4g", get("perplexity")),
          llvm::format("%.4g", get("float_perplexity")),
          llvm::format("%.2f", 100.0 * get("top1")),
          llvm::format("%.2f", 100.0 * get("float_top1")));
  }
  writeBars(*layers, "weights_snr_db", "Weights: signal over noise", " dB", os);
  writeBars(*layers, "outputs_snr_db",
            "Outputs on the samples: signal over noise", " dB", os);
  writeBars(*layers, "seconds", "Time to quantize", " s", os);
  writeBars(*layers, "bits", "Bits a weight, scales included", "", os);
  writeBars(*layers, "bytes", "Bytes", "", os);
  writeTable(*layers, os);
}

//===- Recurrent.cpp - RNN, GRU and LSTM ------------------------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
// One unit of work is one sequence of one direction; its steps follow one
// another. Sums have the order of the inputs.
//===----------------------------------------------------------------------===//

#include "Program.h"
#include <cmath>

using namespace mlir;
using namespace squint;
using namespace squint::lowering;

namespace {

enum class Cell { Rnn, Gru, Lstm };

struct Activation {
  std::string name;
  double alpha, beta;

  Num apply(Num x) const;
};

Num Activation::apply(Num x) const {
  Num zero = x.constant(0), one = x.constant(1);
  if (name == "tanh")
    return tanh(x);
  if (name == "relu")
    return max(x, zero);
  if (name == "sigmoid")
    return one / (one + exp(-x));
  if (name == "affine")
    return x * alpha + beta;
  if (name == "leakyrelu")
    return select(x < zero, x * alpha, x);
  if (name == "thresholdedrelu")
    return select(x > x.constant(alpha), x, zero);
  if (name == "scaledtanh")
    return tanh(x * beta) * alpha;
  if (name == "hardsigmoid")
    return clamp(x * alpha + beta, zero, one);
  if (name == "elu")
    return select(x < zero, (exp(x) - one) * alpha, x);
  if (name == "softsign")
    return x / (one + abs(x));
  // softplus
  ImplicitLocOpBuilder &b = x.builder();
  Num small(b, math::Log1pOp::create(b, exp(-abs(x))));
  return max(x, zero) + small;
}

/// The names that are there for each direction, with their parameters in the
/// order of the functions that take some.
FailureOr<SmallVector<Activation>> readActivations(Node &node, Cell cell,
                                                   int64_t directions) {
  static const llvm::StringMap<std::pair<double, double>> known = {
      {"tanh", {0, 0}},         {"relu", {0, 0}},
      {"sigmoid", {0, 0}},      {"affine", {1, 0}},
      {"leakyrelu", {0.01, 0}}, {"thresholdedrelu", {1, 0}},
      {"scaledtanh", {1, 1}},   {"hardsigmoid", {0.2, 0.5}},
      {"elu", {1, 0}},          {"softsign", {0, 0}},
      {"softplus", {0, 0}},
  };
  SmallVector<std::string> names;
  if (auto given = node.op->getAttrOfType<ArrayAttr>("activations"))
    for (auto name : given.getAsRange<StringAttr>())
      names.push_back(name.getValue().lower());
  SmallVector<StringRef> otherwise =
      cell == Cell::Rnn   ? SmallVector<StringRef>{"tanh"}
      : cell == Cell::Gru ? SmallVector<StringRef>{"sigmoid", "tanh"}
                          : SmallVector<StringRef>{"sigmoid", "tanh", "tanh"};
  if (names.empty())
    for (int64_t d = 0; d < directions; ++d)
      for (StringRef name : otherwise)
        names.push_back(name.str());
  if (names.size() != otherwise.size() * directions)
    return node.error() << "expected " << otherwise.size() * directions
                        << " activations, got " << names.size(),
           failure();
  auto list = [&](StringRef name) {
    SmallVector<double> numbers;
    if (auto given = node.op->getAttrOfType<DenseF32ArrayAttr>(name))
      numbers.append(given.asArrayRef().begin(), given.asArrayRef().end());
    return numbers;
  };
  SmallVector<double> alphas = list("activation_alpha"),
                      betas = list("activation_beta");
  SmallVector<Activation> activations;
  size_t nextAlpha = 0, nextBeta = 0;
  for (const std::string &name : names) {
    auto it = known.find(name);
    if (it == known.end())
      return node.error() << "expected an activation of the standard, got "
                          << name,
             failure();
    Activation activation{name, it->second.first, it->second.second};
    bool hasAlpha =
             llvm::is_contained({"affine", "leakyrelu", "thresholdedrelu",
                                 "scaledtanh", "hardsigmoid", "elu"},
                                StringRef(name)),
         hasBeta = llvm::is_contained({"affine", "scaledtanh", "hardsigmoid"},
                                      StringRef(name));
    if (hasAlpha && nextAlpha < alphas.size())
      activation.alpha = alphas[nextAlpha++];
    if (hasBeta && nextBeta < betas.size())
      activation.beta = betas[nextBeta++];
    activations.push_back(activation);
  }
  return activations;
}

} // namespace

static LogicalResult lowerRecurrent(Node &node) {
  ImplicitLocOpBuilder &b = node.b;
  Cell cell = node.name() == "RNN"   ? Cell::Rnn
              : node.name() == "GRU" ? Cell::Gru
                                     : Cell::Lstm;
  Tensor x = node.in(0), w = node.in(1), r = node.in(2);
  bool batchFirst = node.integer("layout", 0);
  StringRef direction = node.string("direction", "forward");
  int64_t directions = direction == "bidirectional" ? 2 : 1,
          gates = cell == Cell::Rnn   ? 1
                  : cell == Cell::Gru ? 3
                                      : 4;
  std::optional<int64_t> hidden = r.dims.back().getConstant();
  if (!hidden)
    return node.error() << "expected a static hidden size";
  FailureOr<SmallVector<Activation>> activations =
      readActivations(node, cell, directions);
  if (failed(activations))
    return failure();
  bool resetAfter = node.integer("linear_before_reset", 0),
       coupled = node.integer("input_forget", 0);
  double clip = node.number("clip", 0);
  Type element = x.element, type = computeElement(element);
  DimExpr batch = x.dims[batchFirst ? 0 : 1],
          steps = x.dims[batchFirst ? 1 : 0];
  int64_t H = *hidden;

  // Operands that are there, by their position in the standard.
  SmallVector<Tensor> inputs;
  SmallVector<int64_t> place(8, -1);
  for (unsigned i = 0; i < (cell == Cell::Lstm ? 8u : 6u); ++i)
    if (node.has(i)) {
      place[i] = inputs.size();
      inputs.push_back(node.in(i));
    }
  // All states, then the last ones and the gates of a step.
  Dims all{steps, directions, batch, H}, last{directions, batch, H};
  SmallVector<Tensor> outputs{
      empty(b, all, element), empty(b, last, type), empty(b, last, type),
      empty(b, {directions, batch, DimExpr(H), DimExpr(6)}, type)};
  Num batchSize(b, sizeValue(b, batch)), stepCount(b, sizeValue(b, steps));
  auto body = [&](Code &code, Num unit, ArrayRef<Memory> in,
                  ArrayRef<Memory> out) -> Num {
    Num some = max(batchSize, code.index(1));
    Num d = unit / some, n = unit % some, size = code.index(H);
    const Memory &y = out[0], &h = out[1], &c = out[2], &work = out[3];
    auto initial = [&](unsigned position, Num j) {
      if (place[position] < 0)
        return code.number(type, 0);
      const Memory &from = in[place[position]];
      return batchFirst ? from.load({n, d, j}) : from.load({d, n, j});
    };
    code.loop(size, [&](Num j) {
      h.store(initial(5, j), {d, n, j});
      c.store(cell == Cell::Lstm ? initial(6, j) : code.number(type, 0),
              {d, n, j});
    });
    Num length = stepCount;
    if (place[4] >= 0)
      length = clamp(toIndex(in[place[4]].load(n)), code.index(0), stepCount);
    Num isReverse =
        direction == "reverse" ? code.index(0) == code.index(0) : d == 1.0;
    // What lies behind a sequence's end is 0.
    code.loop(stepCount, [&](Num t) {
      code.ifThen(t >= length, [&] {
        code.loop(size,
                  [&](Num j) { y.store(code.number(type, 0), {t, d, n, j}); });
      });
    });
    auto bias = [&](int64_t which, Num j) {
      return place[3] < 0 ? code.number(type, 0)
                          : in[place[3]].load({d, j + double(which * H)});
    };
    auto fromInput = [&](Num t, int64_t gate, Num j) {
      Num row = j + double(gate * H);
      return code.loop(in[1].dim(2), bias(gate, j),
                       [&](Num i, ArrayRef<Num> sum) -> Nums {
                         Num value = batchFirst ? in[0].load({n, t, i})
                                                : in[0].load({t, n, i});
                         return sum[0] + value * in[1].load({d, row, i});
                       })[0];
    };
    /// R times the state, or times what `scaled` makes of it.
    auto fromState = [&](int64_t gate, Num j, int64_t scaledBy) {
      Num row = j + double(gate * H);
      return code.loop(
          size, bias(gates + gate, j), [&](Num i, ArrayRef<Num> sum) -> Nums {
            Num value = h.load({d, n, i});
            if (scaledBy >= 0)
              value = value * work.load({d, n, i, code.index(scaledBy)});
            return sum[0] + value * in[2].load({d, row, i});
          })[0];
    };
    // Both directions in one program: the functions of the second are chosen.
    auto activate = [&](unsigned which, Num value) {
      if (clip > 0)
        value = clamp(value, value.constant(-clip), value.constant(clip));
      unsigned count = activations->size() / directions;
      Num result = (*activations)[which].apply(value);
      if (directions == 2)
        result = select(d == 1.0, (*activations)[count + which].apply(value),
                        result);
      return result;
    };
    auto peephole = [&](int64_t which, Num state, Num j) {
      if (place[7] < 0)
        return state.constant(0);
      return state * in[place[7]].load({d, j + double(which * H)});
    };
    code.loop(length, [&](Num step) {
      Num t = select(isReverse, length - step - 1.0, step);
      auto slot = [&](Num j, int64_t i) {
        return SmallVector<Num>{d, n, j, code.index(i)};
      };
      if (cell == Cell::Rnn) {
        code.loop(size, [&](Num j) {
          work.store(activate(0, fromInput(t, 0, j) + fromState(0, j, -1)),
                     slot(j, 0));
        });
      } else if (cell == Cell::Gru) {
        // z, r, then the candidate.
        code.loop(size, [&](Num j) {
          for (int64_t gate : {0, 1})
            work.store(
                activate(0, fromInput(t, gate, j) + fromState(gate, j, -1)),
                slot(j, gate + 1));
        });
        code.loop(size, [&](Num j) {
          Num reset = work.load(slot(j, 2));
          Num state =
              resetAfter ? reset * fromState(2, j, -1) : fromState(2, j, 2);
          Num candidate = activate(1, fromInput(t, 2, j) + state);
          Num z = work.load(slot(j, 1)), old = h.load({d, n, j});
          work.store((1.0 - z) * candidate + z * old, slot(j, 0));
        });
      } else {
        // i, o, f, c
        code.loop(size, [&](Num j) {
          Num old = c.load({d, n, j});
          auto gate = [&](int64_t which) {
            return fromInput(t, which, j) + fromState(which, j, -1);
          };
          Num input = activate(0, gate(0) + peephole(0, old, j));
          Num forget = coupled ? 1.0 - input
                               : activate(0, gate(2) + peephole(2, old, j));
          Num candidate = activate(1, gate(3));
          Num next = forget * old + input * candidate;
          Num output = activate(0, gate(1) + peephole(1, next, j));
          work.store(output * activate(2, next), slot(j, 0));
          work.store(next, slot(j, 1));
        });
        code.loop(size,
                  [&](Num j) { c.store(work.load(slot(j, 1)), {d, n, j}); });
      }
      code.loop(size, [&](Num j) {
        Num value = work.load(slot(j, 0));
        h.store(value, {d, n, j});
        y.store(value, {t, d, n, j});
      });
    });
    return {};
  };
  SmallVector<Tensor> results =
      program(b, batch * DimExpr(directions), inputs, outputs, body);
  // [steps, directions, batch, H], or [batch, steps, directions, H]; the last
  // ones [directions, batch, H], or [batch, directions, H].
  for (unsigned i = 0, next = 0; i < (cell == Cell::Lstm ? 3u : 2u); ++i) {
    auto segments =
        node.op->getAttrOfType<DenseI32ArrayAttr>("resultSegmentSizes");
    if (segments && !segments[i])
      continue;
    if (next == node.op->getNumResults())
      break;
    Tensor result = castTo(b, results[i], element);
    if (batchFirst)
      result = transpose(b, result,
                         i == 0 ? ArrayRef<int64_t>{2, 0, 1, 3}
                                : ArrayRef<int64_t>{1, 0, 2});
    if (failed(node.replace(result.value, next++)))
      return failure();
  }
  return success();
}

/// A state S [keys, values] for each head: it decays, learns a key's value, and
/// answers a query. One unit of work is one head of one sequence.
static LogicalResult lowerLinearAttention(Node &node) {
  ImplicitLocOpBuilder &b = node.b;
  Tensor q = node.in(0), k = node.in(1), v = node.in(2);
  int64_t qHeads = node.integer("q_num_heads", 1),
          kvHeads = node.integer("kv_num_heads", 1);
  StringRef rule = node.string("update_rule", "gated_delta");
  bool decays = rule.contains("gated"), corrects = rule.contains("delta");
  std::optional<int64_t> keyWidth = k.dims[2].getConstant(),
                         valueWidth = v.dims[2].getConstant();
  if (kvHeads < 1 || qHeads % kvHeads || !keyWidth || !valueWidth)
    return node.error() << "expected static sizes, and heads of the query that "
                           "are a multiple of those of the key";
  if (node.has(4) != decays || node.has(5) != corrects)
    return node.error() << "expected a decay and a beta as the update rule "
                        << rule << " has them";
  int64_t keys = *keyWidth / kvHeads, values = *valueWidth / kvHeads,
          repeat = qHeads / kvHeads;
  SmallVector<Tensor> inputs{q, k, v};
  SmallVector<int64_t> place(6, -1);
  for (unsigned i : {3, 4, 5})
    if (node.has(i)) {
      place[i] = inputs.size();
      inputs.push_back(node.in(i));
    }
  double scale = node.number("scale", 0);
  if (scale == 0)
    scale = 1 / std::sqrt(double(keys));
  Type f32 = b.getF32Type();
  DimExpr batch = q.dims[0];
  SmallVector<Tensor> results = program(
      b, batch * DimExpr(kvHeads), inputs,
      {empty(b, node.resultDims(0), node.resultElement(0)),
       empty(b, {batch, kvHeads, keys, values}, f32),
       empty(b, {batch, kvHeads, values}, f32)},
      [&](Code &code, Num unit, ArrayRef<Memory> in,
          ArrayRef<Memory> out) -> Num {
        Num n = unit / double(kvHeads), h = unit % double(kvHeads);
        Num rows = code.index(keys), columns = code.index(values);
        const Memory &state = out[1], &update = out[2];
        auto wide = [&](Num x) { return convert(x, f32); };
        code.loop(rows, [&](Num i) {
          code.loop(columns, [&](Num j) {
            Num first = place[3] < 0 ? code.number(f32, 0)
                                     : wide(in[place[3]].load({n, h, i, j}));
            state.store(first, {n, h, i, j});
          });
        });
        code.loop(in[0].dim(1), [&](Num t) {
          auto key = [&](Num i) {
            return wide(in[1].load({n, t, h * double(keys) + i}));
          };
          if (decays) {
            bool perHead = inputs[place[4]].dims[2].isConstant(kvHeads);
            code.loop(rows, [&](Num i) {
              Num at = perHead ? h : h * double(keys) + i;
              Num factor = exp(wide(in[place[4]].load({n, t, at})));
              code.loop(columns, [&](Num j) {
                state.store(state.load({n, h, i, j}) * factor, {n, h, i, j});
              });
            });
          }
          code.loop(columns, [&](Num j) {
            Num value = wide(in[2].load({n, t, h * double(values) + j}));
            if (corrects) {
              Num known =
                  code.loop(rows, code.number(f32, 0),
                            [&](Num i, ArrayRef<Num> sum) -> Nums {
                              return sum[0] + state.load({n, h, i, j}) * key(i);
                            })[0];
              Num beta = wide(in[place[5]].load(
                  {n, t,
                   inputs[place[5]].dims[2].isConstant(1) ? code.index(0)
                                                          : h}));
              value = beta * (value - known);
            }
            update.store(value, {n, h, j});
          });
          code.loop(rows, [&](Num i) {
            Num factor = key(i);
            code.loop(columns, [&](Num j) {
              state.store(state.load({n, h, i, j}) +
                              factor * update.load({n, h, j}),
                          {n, h, i, j});
            });
          });
          code.loop(code.index(repeat), [&](Num r) {
            Num head = h * double(repeat) + r;
            code.loop(columns, [&](Num j) {
              Num sum =
                  code.loop(rows, code.number(f32, 0),
                            [&](Num i, ArrayRef<Num> sum) -> Nums {
                              Num query = wide(
                                  in[0].load({n, t, head * double(keys) + i}));
                              return sum[0] + query * state.load({n, h, i, j});
                            })[0];
              Num y = sum * scale;
              out[0].store(convert(y, computeElement(node.resultElement(0))),
                           {n, t, head * double(values) + j});
            });
          });
        });
        return {};
      });
  if (failed(node.replace(results[0].value)))
    return failure();
  return node.replace(castTo(b, results[1], node.resultElement(1)).value, 1);
}

ArrayRef<TableEntry> lowering::recurrentTable() {
  static const TableEntry table[] = {
      {"GRU", lowerRecurrent},
      {"LSTM", lowerRecurrent},
      {"LinearAttention", lowerLinearAttention},
      {"RNN", lowerRecurrent},
  };
  return table;
}

//===- GraphWriter.h - an ONNX graph that is written --------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#ifndef SQUINT_LIB_EXPORT_GRAPHWRITER_H
#define SQUINT_LIB_EXPORT_GRAPHWRITER_H

#include "mlir/IR/BuiltinAttributes.h"
#include "mlir/IR/Operation.h"
#include "onnx.pb.h"
#include "llvm/ADT/DenseMap.h"
#include "llvm/ADT/StringMap.h"
#include "llvm/ADT/StringSet.h"
#include "llvm/Support/Error.h"
#include "llvm/Support/raw_ostream.h"
#include <map>
#include <variant>

namespace squint {

/// A value of the graph by its name; empty for one that is left out.
using Name = std::string;

/// Nodes, initializers and names. Names of a graph and its subgraphs are
/// distinct.
class GraphWriter {
public:
  /// Tensors of 1 KB and more go to `data` if there is one; `dataName` is how
  /// the model calls it.
  GraphWriter(::onnx::GraphProto &graph, llvm::raw_ostream *data,
              llvm::StringRef dataName)
      : graph(&graph), top(&graph), data(data), dataName(dataName) {}

  /// What attributes of nodes are made from.
  using Value = std::variant<int64_t, float, std::string, std::vector<int64_t>,
                             std::vector<float>>;
  using Attributes = std::vector<std::pair<std::string, Value>>;

  /// The name of an IR value that has one.
  Name find(mlir::Value value) const { return names.lookup(value); }
  void define(mlir::Value value, Name name) { names[value] = std::move(name); }

  /// A name that nothing has yet: `base`, or with a number.
  Name fresh(llvm::StringRef base);
  /// Nodes that are added get names of this one.
  void setScope(llvm::StringRef name) {
    scope = name.empty() ? "node" : name.str();
  }

  ::onnx::NodeProto &addNode(llvm::StringRef op, llvm::ArrayRef<Name> inputs,
                             llvm::StringRef domain = "");
  /// A node of one output, whose name it returns.
  Name add(llvm::StringRef op, llvm::ArrayRef<Name> inputs,
           const Attributes &attributes = {}, llvm::StringRef domain = "");
  static void setAttribute(::onnx::NodeProto &node, llvm::StringRef name,
                           const Value &value);

  /// A constant of the whole model; `bytes` are as raw_data has them.
  Name addTensor(llvm::StringRef base, int dataType,
                 llvm::ArrayRef<int64_t> shape, llvm::ArrayRef<char> bytes);
  /// Fills a tensor of an attribute.
  void fillTensor(::onnx::TensorProto &tensor, int dataType,
                  llvm::ArrayRef<int64_t> shape, llvm::ArrayRef<char> bytes);
  /// Small constants, each distinct one once.
  Name ints(llvm::ArrayRef<int64_t> values);
  Name intScalar(int64_t value);
  Name floatScalar(float value);

  /// Adds to another graph while it lives.
  class Subgraph {
  public:
    Subgraph(GraphWriter &writer, ::onnx::GraphProto &graph)
        : writer(writer), outer(writer.graph) {
      writer.graph = &graph;
    }
    ~Subgraph() { writer.graph = outer; }

  private:
    GraphWriter &writer;
    ::onnx::GraphProto *outer;
  };

  /// Whether operators of com.microsoft were added, and the newest version that
  /// an operator asked for.
  bool usesMicrosoft() const { return microsoft; }
  void requireOpset(int version) { opset = std::max(opset, version); }
  int getOpset() const { return opset; }

private:
  Name cached(llvm::StringRef base, int dataType, llvm::ArrayRef<int64_t> shape,
              llvm::ArrayRef<char> bytes);

  ::onnx::GraphProto *graph, *top;
  llvm::raw_ostream *data;
  std::string dataName, scope = "node";
  uint64_t written = 0;
  llvm::DenseMap<mlir::Value, Name> names;
  llvm::StringSet<> used;
  llvm::StringMap<unsigned> counts;
  std::map<std::string, Name> small;
  bool microsoft = false;
  // What quantized types of 4 bits, blocks and 8-bit scales need.
  int opset = 24;
};

} // namespace squint

#endif

//===- Importer.h - from an ONNX model to IR ----------------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
// ImportOnnx.cpp has the model, ImportInputs.cpp its inputs, ImportNodes.cpp
// nodes and what they refer to, ImportGraphs.cpp nodes with graphs and calls of
// functions, ImportSequences.cpp sequences and optionals.
//===----------------------------------------------------------------------===//

#ifndef SQUINT_LIB_IMPORT_IMPORTER_H
#define SQUINT_LIB_IMPORT_IMPORTER_H

#include "FlexAttention.h"
#include "MachineLearning.h"
#include "ModelFile.h"
#include "Node.h"
#include "Sequences.h"
#include "Tensor.h"
#include "squint/Dialect/Squint/DimExpr.h"
#include "squint/Dialect/Squint/Refusal.h"
#include "squint/Dialect/Squint/Squint.h"
#include "squint/Import/Onnx.h"
#include "llvm/ADT/StringMap.h"
#include "llvm/ADT/StringSet.h"

namespace squint {

inline constexpr int kOldestOpset = 1, kNewestOpset = 27;
// Functions that call functions several times multiply; beyond this no real
// model goes.
inline constexpr int kMostInlined = 1 << 18;
inline constexpr int kDeepest =
    32; // subgraphs in subgraphs, functions in functions

inline llvm::StringRef canonicalDomain(llvm::StringRef domain) {
  return domain == "ai.onnx" ? "" : domain;
}

/// Names and opsets that hold within a graph or a function's body.
struct Scope {
  Scope *parent = nullptr;
  llvm::StringMap<mlir::Value> values;
  llvm::StringMap<List> lists;
  llvm::StringMap<const ::onnx::TensorProto *> initializers;
  llvm::StringMap<const ::onnx::SparseTensorProto *> sparseInitializers;
  /// Where constants go: the start of the function or of the region.
  mlir::Block *block = nullptr;
};

/// An argument of the model's function.
struct Argument {
  std::string name;
  mlir::RankedTensorType type;
  llvm::SmallVector<DimExpr> dims;
};

/// The only operator with graphs beside control flow.
inline bool isFlexAttention(const ::onnx::NodeProto &node) {
  return node.domain() == "ai.onnx.preview" &&
         node.op_type() == "FlexAttention";
}

/// Taken apart when they are imported.
inline bool isMachineLearning(const ::onnx::NodeProto &node) {
  return node.domain() == "ai.onnx.ml" &&
         isMachineLearningOperator(node.op_type());
}

/// What a function's body gets from its call.
struct Call {
  std::string prefix;
  llvm::StringMap<const ::onnx::AttributeProto *> attributes;
  llvm::StringMap<int> opsets;
  int depth = 0;
  /// That of the node that calls, for attributes that refer on.
  const Call *parent = nullptr;
};

/// The nodes that cannot be compiled, by operator and reason.
using UnsupportedNodes = std::map<std::string, std::vector<std::string>>;
inline constexpr size_t kMostListed = 16;

class Importer {
public:
  Importer(llvm::StringRef path, mlir::MLIRContext &context,
           const ImportOptions &options)
      : path(path), context(context), options(options), builder(&context),
        stores(context.getOrLoadDialect<SquintDialect>()->getStores()) {}

  mlir::OwningOpRef<mlir::ModuleOp> run();

private:
  mlir::InFlightDiagnostic error(const llvm::Twine &what = "") {
    return emitError(mlir::FileLineColLoc::get(&context, path, 0, 0)) << what;
  }
  mlir::InFlightDiagnostic nodeError(const ::onnx::NodeProto &node,
                                     const Call &call) {
    return error() << "node '" << getName(node, call) << "' (" << node.op_type()
                   << "): ";
  }
  mlir::LogicalResult nodeError(const ::onnx::NodeProto &node, const Call &call,
                                llvm::Error failure) {
    std::string message;
    bool refused = false;
    llvm::handleAllErrors(std::move(failure), [&](const llvm::StringError &e) {
      message = e.getMessage();
      refused = e.convertToErrorCode() == std::errc::not_supported;
    });
    mlir::InFlightDiagnostic diagnostic = nodeError(node, call);
    return (refused ? refusal(std::move(diagnostic)) : std::move(diagnostic))
           << message;
  }
  mlir::Location getLocation(llvm::StringRef name) {
    return mlir::NameLoc::get(mlir::StringAttr::get(&context, name),
                              mlir::FileLineColLoc::get(&context, path, 0, 0));
  }
  std::string getName(const ::onnx::NodeProto &node, const Call &call);

  mlir::LogicalResult readOpsets(
      const google::protobuf::RepeatedPtrField<::onnx::OperatorSetIdProto>
          &imports,
      llvm::StringMap<int> &opsets);
  mlir::LogicalResult readFunctions();
  void findUnsupported(
      const google::protobuf::RepeatedPtrField<::onnx::NodeProto> &nodes,
      const Call &call, UnsupportedNodes &unsupported, int depth);
  const OpSchema *findSchema(const ::onnx::NodeProto &node,
                             const llvm::StringMap<int> &opsets,
                             std::string &dialect, int &version,
                             std::string &reason);

  mlir::FailureOr<mlir::RankedTensorType>
  readInputType(const ::onnx::ValueInfoProto &input,
                llvm::SmallVectorImpl<DimExpr> &dims);
  /// The arguments that an input becomes: one, or those of its elements.
  mlir::FailureOr<llvm::SmallVector<Argument>>
  readInput(const ::onnx::ValueInfoProto &input);
  mlir::FailureOr<mlir::TypedAttr>
  readFixedInput(const ::onnx::ValueInfoProto &input,
                 llvm::ArrayRef<int64_t> numbers);
  std::string makeSymbol(llvm::StringRef name);

  mlir::LogicalResult importMain(mlir::ModuleOp module);
  mlir::LogicalResult addInitializers(const ::onnx::GraphProto &graph,
                                      Scope &scope);
  mlir::LogicalResult importNodes(
      const google::protobuf::RepeatedPtrField<::onnx::NodeProto> &nodes,
      Scope &scope, const Call &call);
  mlir::LogicalResult importNode(const ::onnx::NodeProto &node, Scope &scope,
                                 const Call &call);
  mlir::LogicalResult importConstant(const ::onnx::NodeProto &node,
                                     Scope &scope, const Call &call);
  mlir::LogicalResult importCall(const ::onnx::NodeProto &node,
                                 const ::onnx::FunctionProto &function,
                                 Scope &scope, const Call &call);
  /// A node of ai.onnx.preview.
  mlir::LogicalResult importFlexAttention(const ::onnx::NodeProto &node,
                                          Scope &scope, const Call &call);
  mlir::LogicalResult importMachineLearning(const ::onnx::NodeProto &node,
                                            Scope &scope, const Call &call);
  /// What a graph of one input makes of a value, where its node stands.
  mlir::FailureOr<mlir::Value> inlineGraph(const ::onnx::NodeProto &node,
                                           const ::onnx::GraphProto &graph,
                                           mlir::Value input, Scope &scope,
                                           const Call &call);
  mlir::LogicalResult importRegion(const ::onnx::NodeProto &node,
                                   const ::onnx::GraphProto &graph,
                                   mlir::Region &region, Scope &scope,
                                   const Call &call,
                                   llvm::ArrayRef<mlir::Value> operands,
                                   llvm::SmallVectorImpl<int> &lengths);
  mlir::LogicalResult importSequence(const ::onnx::NodeProto &node,
                                     Scope &scope, const Call &call);
  mlir::LogicalResult importSequenceMap(const ::onnx::NodeProto &node,
                                        Scope &scope, const Call &call);
  /// An If whose condition is known: one branch in its place.
  mlir::LogicalResult importBranch(const ::onnx::NodeProto &node, bool taken,
                                   Scope &scope, const Call &call);
  mlir::LogicalResult unrollLoop(const ::onnx::NodeProto &node, Scope &scope,
                                 const Call &call);
  /// The results of a body with the inputs given.
  mlir::FailureOr<llvm::SmallVector<Item>>
  importBody(const ::onnx::NodeProto &node, const ::onnx::GraphProto &graph,
             Scope &scope, const Call &call, llvm::ArrayRef<Item> inputs,
             int64_t iteration);
  mlir::FailureOr<llvm::SmallVector<Item>>
  findItems(const ::onnx::NodeProto &node, Scope &scope, const Call &call);
  mlir::LogicalResult
  defineItem(Scope &scope, llvm::StringRef name, const Item &item,
             llvm::function_ref<mlir::InFlightDiagnostic()> fail);
  const List *findList(Scope &scope, llvm::StringRef name) {
    for (Scope *s = &scope; s; s = s->parent) {
      if (auto it = s->lists.find(name); it != s->lists.end())
        return &it->second;
      if (s->values.contains(name) || s->initializers.contains(name))
        return nullptr;
    }
    return nullptr;
  }
  mlir::LogicalResult
  define(Scope &scope, llvm::StringRef name, mlir::Value value,
         llvm::function_ref<mlir::InFlightDiagnostic()> fail);
  /// A null value with success is an absent operand.
  mlir::FailureOr<mlir::Value>
  findValue(Scope &scope, llvm::StringRef name,
            llvm::function_ref<mlir::InFlightDiagnostic()> fail);

  const ::onnx::AttributeProto *resolve(const ::onnx::AttributeProto &attribute,
                                        const Call &call);
  llvm::Expected<mlir::Attribute>
  readAttribute(const ::onnx::AttributeProto &attribute);

  std::string path;
  mlir::MLIRContext &context;
  const ImportOptions &options;
  mlir::OpBuilder builder;
  DataStores &stores;
  std::unique_ptr<TensorReader> tensors;
  ::onnx::ModelProto model;
  llvm::StringMap<int> opsets;
  llvm::StringMap<const ::onnx::FunctionProto *> functions;
  int inlined = 0;
  llvm::StringMap<int> unnamed;
  llvm::DenseMap<const ::onnx::NodeProto *, std::string> madeNames;
  /// The model's names of dimensions and the symbols that they became.
  llvm::StringMap<std::string> symbols;
  llvm::StringSet<> usedSymbols;
  std::set<std::string> pinned;
};

std::string functionKey(llvm::StringRef domain, llvm::StringRef name,
                        llvm::StringRef overload);

} // namespace squint

#endif

//===- Recipe.cpp - rules that choose formats -------------------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "Recipe.h"
#include "mlir/IR/BuiltinAttributes.h"
#include "mlir/IR/Diagnostics.h"
#include "llvm/ADT/SmallString.h"
#include "llvm/ADT/StringSet.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Support/SourceMgr.h"
#include "llvm/Support/YAMLParser.h"

using namespace mlir;
using namespace squint;
namespace yaml = llvm::yaml;

bool RecipeRule::matches(StringRef kind, StringRef name) const {
  return (operators.empty() ? kind != "embedding"
                            : llvm::is_contained(operators, kind)) &&
         (names.empty() || llvm::any_of(names, [&](const auto &glob) {
            return glob.match(name);
          }));
}

namespace {
class RecipeReader {
public:
  RecipeReader(MLIRContext *context, StringRef file)
      : context(context), file(file) {
    sources.setDiagHandler(
        [](const llvm::SMDiagnostic &diagnostic, void *self) {
          static_cast<RecipeReader *>(self)->report(diagnostic);
        },
        this);
  }

  FailureOr<std::vector<RecipeRule>> read(StringRef text);

private:
  void report(const llvm::SMDiagnostic &diagnostic);
  Location locate(const yaml::Node *node);
  /// Says nothing after an error of the scanner, of which it would be a
  /// consequence.
  LogicalResult fail(const yaml::Node *node, const Twine &message) {
    if (!isBroken)
      emitError(locate(node)) << message;
    return failure();
  }

  LogicalResult readRoot(yaml::Node *root);
  LogicalResult readRule(yaml::Node *node);
  LogicalResult readKey(yaml::KeyValueNode &entry, RecipeRule &rule);
  LogicalResult readScalar(yaml::Node *node, const Twine &what,
                           std::string &value);
  /// A string or a list of strings; `add` may refuse one.
  LogicalResult
  readStrings(yaml::Node *node, const Twine &what,
              llvm::function_ref<LogicalResult(yaml::Node *, std::string)> add);
  LogicalResult readFormat(yaml::Node *node, const Twine &what, FormatRole role,
                           Format &format);

  MLIRContext *context;
  StringRef file;
  llvm::SourceMgr sources;
  std::vector<RecipeRule> rules;
  bool isBroken = false;
};
} // namespace

// What the YAML scanner itself finds.
void RecipeReader::report(const llvm::SMDiagnostic &diagnostic) {
  StringRef message = diagnostic.getMessage();
  if (diagnostic.getKind() != llvm::SourceMgr::DK_Error)
    return;
  isBroken = true;
  emitError(FileLineColLoc::get(context, file, diagnostic.getLineNo(),
                                diagnostic.getColumnNo() + 1))
      << "expected YAML: " << message;
}

Location RecipeReader::locate(const yaml::Node *node) {
  llvm::SMLoc start = node ? node->getSourceRange().Start : llvm::SMLoc();
  if (!start.isValid())
    return FileLineColLoc::get(context, file, 1, 1);
  auto [line, column] = sources.getLineAndColumn(start);
  return FileLineColLoc::get(context, file, line, column);
}

LogicalResult RecipeReader::readScalar(yaml::Node *node, const Twine &what,
                                       std::string &value) {
  auto *scalar = dyn_cast_if_present<yaml::ScalarNode>(node);
  if (!scalar)
    return fail(node, "expected a string for " + what);
  SmallString<64> storage;
  value = scalar->getValue(storage).str();
  return success();
}

LogicalResult RecipeReader::readStrings(
    yaml::Node *node, const Twine &what,
    llvm::function_ref<LogicalResult(yaml::Node *, std::string)> add) {
  std::string value;
  auto *list = dyn_cast_if_present<yaml::SequenceNode>(node);
  if (!list)
    return failure(failed(readScalar(node, what, value)) ||
                   failed(add(node, value)));
  bool isEmpty = true;
  for (yaml::Node &item : *list) {
    isEmpty = false;
    if (failed(readScalar(&item, what, value)) || failed(add(&item, value)))
      return failure();
  }
  if (isEmpty)
    return fail(node, "expected a string for " + what);
  return success();
}

LogicalResult RecipeReader::readFormat(yaml::Node *node, const Twine &what,
                                       FormatRole role, Format &format) {
  std::string text;
  if (failed(readScalar(node, what, text)))
    return failure();
  llvm::Expected<Format> parsed = Format::parse(text, role);
  if (!parsed)
    return fail(node, "expected a format for " + what + ", got '" + text +
                          "': " + llvm::toString(parsed.takeError()));
  format = *parsed;
  return success();
}

LogicalResult RecipeReader::readKey(yaml::KeyValueNode &entry,
                                    RecipeRule &rule) {
  std::string key;
  if (failed(readScalar(entry.getKey(), "a key", key)))
    return failure();
  yaml::Node *value = entry.getValue();
  if (key == "operators")
    return readStrings(value, key, [&](yaml::Node *node, std::string kind) {
      if (kind != "linear" && kind != "conv" && kind != "embedding")
        return fail(node,
                    "expected operators linear, conv or embedding, got '" +
                        kind + "'");
      rule.operators.push_back(kind);
      return success();
    });
  if (key == "names")
    return readStrings(value, key, [&](yaml::Node *node, std::string name) {
      // The glob refers to its text, which the context keeps.
      auto text = StringAttr::get(context, name);
      llvm::Expected<llvm::GlobPattern> glob =
          llvm::GlobPattern::create(text.getValue());
      if (!glob)
        return fail(node, "expected a glob, got '" + name +
                              "': " + llvm::toString(glob.takeError()));
      rule.names.push_back(std::move(*glob));
      return success();
    });
  if (key == "weights")
    return readFormat(value, key, FormatRole::Weight, rule.weights);
  if (key == "activations")
    return readFormat(value, key, FormatRole::Activation, rule.activations);
  return fail(entry.getKey(),
              "expected operators, names, weights or activations, got '" + key +
                  "'");
}

LogicalResult RecipeReader::readRule(yaml::Node *node) {
  auto *mapping = dyn_cast_if_present<yaml::MappingNode>(node);
  if (!mapping)
    return fail(node, "expected a rule, a mapping of keys to values");
  Format none = llvm::cantFail(Format::parse("f32", FormatRole::Any));
  RecipeRule rule{locate(node), {}, {}, none, none};
  llvm::StringSet<> keys;
  for (yaml::KeyValueNode &entry : *mapping) {
    if (failed(readKey(entry, rule)))
      return failure();
    SmallString<16> storage;
    if (!keys.insert(cast<yaml::ScalarNode>(entry.getKey())->getValue(storage))
             .second)
      return fail(entry.getKey(), "key given twice");
  }
  if (!keys.contains("weights") && !keys.contains("activations"))
    return fail(node, "expected a rule to hold weights or activations");
  rules.push_back(std::move(rule));
  return success();
}

LogicalResult RecipeReader::readRoot(yaml::Node *root) {
  auto *mapping = dyn_cast_if_present<yaml::MappingNode>(root);
  if (!mapping)
    return fail(root, "expected a recipe, a mapping with the key 'rules'");
  for (yaml::KeyValueNode &entry : *mapping) {
    std::string key;
    if (failed(readScalar(entry.getKey(), "a key", key)))
      return failure();
    if (key != "rules" || !rules.empty())
      return fail(entry.getKey(),
                  "expected the key 'rules' once, got '" + key + "'");
    auto *list = dyn_cast_if_present<yaml::SequenceNode>(entry.getValue());
    if (!list)
      return fail(entry.getKey(), "expected 'rules' to be a list");
    for (yaml::Node &rule : *list)
      if (failed(readRule(&rule)))
        return failure();
  }
  if (rules.empty())
    return fail(root, "expected at least one rule");
  return success();
}

FailureOr<std::vector<RecipeRule>> RecipeReader::read(StringRef text) {
  yaml::Stream stream(text, sources, /*ShowColors=*/false);
  yaml::document_iterator document = stream.begin();
  yaml::Node *root = document == stream.end() ? nullptr : document->getRoot();
  if (stream.failed())
    return failure();
  if (failed(readRoot(root)) || stream.failed())
    return failure();
  // The next document takes the nodes of this one with it.
  Location start = locate(root);
  if (++document != stream.end() && !stream.failed())
    return emitError(start) << "expected one document";
  if (stream.failed())
    return failure();
  return std::move(rules);
}

FailureOr<std::vector<RecipeRule>> squint::readRecipe(MLIRContext *context,
                                                      StringRef file) {
  auto buffer = llvm::MemoryBuffer::getFile(file, /*IsText=*/true);
  if (!buffer)
    return emitError(UnknownLoc::get(context))
           << "cannot read the recipe '" << file
           << "': " << buffer.getError().message();
  return RecipeReader(context, file).read((*buffer)->getBuffer());
}

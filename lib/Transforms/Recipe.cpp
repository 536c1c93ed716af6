//===- Recipe.cpp - rules that choose formats -------------------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "squint/Transforms/Recipe.h"
#include "mlir/IR/Diagnostics.h"
#include "squint/Calibration/Observer.h"
#include "squint/Numerics/Budget.h"
#include "squint/Transforms/Methods.h"
#include "squint/Transforms/Roles.h"
#include "llvm/ADT/SmallString.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/ADT/StringSet.h"
#include "llvm/Support/FormatVariadic.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Support/SourceMgr.h"
#include "llvm/Support/YAMLParser.h"

using namespace mlir;
using namespace squint;
namespace yaml = llvm::yaml;

int64_t DepthBound::evaluate(int64_t count) const {
  if (!numerator)
    return offset < 0 ? count + offset : offset;
  return numerator * count / denominator + offset;
}

bool DepthRange::contains(int64_t depth, int64_t count) const {
  int64_t first = std::max<int64_t>(begin.evaluate(count), 0);
  return depth >= first && depth < end.evaluate(count) &&
         (depth - first) % step == 0;
}

const Format &RecipeRule::getWeights(int64_t columns) const {
  const Format *format = &weights;
  for (const Format &next : fallbacks) {
    if (!llvm::errorToBool(format->checkColumns(columns)))
      break;
    format = &next;
  }
  return *format;
}

/// Whether one of the selectors fits, or there is none.
template <typename Wanted, typename Predicate>
static bool fits(const Wanted &wanted, Predicate predicate) {
  return wanted.empty() || llvm::any_of(wanted, predicate);
}

bool CacheRule::matches(StringRef name, int64_t depth, int64_t count) const {
  return fits(names, [&](auto &glob) { return glob.pattern.match(name); }) &&
         fits(depths, [&](const DepthRange &range) {
           return range.contains(depth, count);
         });
}

bool RecipeRule::matches(const OperatorFacts &facts) const {
  if (operators.empty() && ((facts.kind == "embedding" && roles.empty()) ||
                            facts.kind == "attention"))
    return false;
  return fits(operators, [&](StringRef kind) { return kind == facts.kind; }) &&
         fits(names,
              [&](auto &glob) { return glob.pattern.match(facts.name); }) &&
         fits(roles, [&](StringRef role) { return role == facts.role; }) &&
         fits(depths,
              [&](const DepthRange &range) {
                return range.contains(facts.depth, facts.depths);
              }) &&
         fits(shapes,
              [&](auto &glob) { return glob.pattern.match(facts.shape); }) &&
         fits(layers, [&](StringRef layer) {
           return layer == "first" ? facts.isFirst : facts.isLast;
         });
}

/// What can be stored token by token: integers, and floats of 8 bits.
static llvm::Error checkCacheFormat(const Format &format) {
  bool isFree = format.hasScale() && !format.element->fixedGroup;
  bool isStored =
      format.isInteger() ||
      (format.element->kind == ElementKind::Float && format.bits() == 8);
  if (isFree && isStored && format.clip == 1.0f &&
      format.granularity != Granularity::Tensor)
    return llvm::Error::success();
  return llvm::createStringError(llvm::inconvertibleErrorCode(),
                                 "expected integers or floats of 8 bits by "
                                 "token or in groups for keys and "
                                 "values, got '" +
                                     format.str() + "'");
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

  FailureOr<Recipe> read(StringRef text);

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
  LogicalResult readSection(StringRef key, yaml::Node *node);
  LogicalResult readRule(yaml::Node *node);
  LogicalResult readCacheRule(yaml::Node *node);
  LogicalResult readPass(yaml::Node *node, StringRef what,
                         ArrayRef<MethodInfo> among,
                         std::vector<RecipePass> &passes);
  LogicalResult readSamples(yaml::Node *node);
  LogicalResult readBudget(yaml::Node *node);
  /// A mapping, whose keys are each given once.
  LogicalResult
  readMapping(yaml::Node *node, const Twine &what,
              llvm::function_ref<LogicalResult(yaml::Node *key, StringRef,
                                               yaml::Node *value)>
                  take);
  LogicalResult readWord(yaml::Node *node, StringRef what,
                         ArrayRef<StringRef> words,
                         std::vector<std::string> &values);
  LogicalResult readGlobs(yaml::Node *node, StringRef what,
                          std::vector<LocatedGlob> &globs);
  LogicalResult readDepth(yaml::Node *node, StringRef text,
                          std::vector<DepthRange> &ranges);
  LogicalResult readInteger(yaml::Node *node, StringRef what, int64_t &value);
  LogicalResult readFlag(yaml::Node *node, StringRef what, bool &flag);
  /// The options of a method or rewrite; `add` gets names and values.
  LogicalResult readOptions(yaml::Node *node, const MethodInfo &info,
                            SmallVectorImpl<NamedAttribute> &options);
  FailureOr<Attribute> readOption(yaml::Node *node, const MethodOption &option);
  const MethodInfo *readName(yaml::Node *node, StringRef what,
                             ArrayRef<MethodInfo> among);
  LogicalResult readScalar(yaml::Node *node, const Twine &what,
                           std::string &value);
  /// A string or a list of strings; `add` may refuse one.
  LogicalResult
  readStrings(yaml::Node *node, const Twine &what,
              llvm::function_ref<LogicalResult(yaml::Node *, std::string)> add);
  LogicalResult readFormat(yaml::Node *node, const Twine &what, FormatRole role,
                           Format &format);
  LogicalResult readWeights(yaml::Node *node, RecipeRule &rule);

  MLIRContext *context;
  StringRef file;
  llvm::SourceMgr sources;
  Recipe recipe;
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

/// One format, or a list of which the first that fits is taken.
LogicalResult RecipeReader::readWeights(yaml::Node *node, RecipeRule &rule) {
  std::vector<Format> formats;
  if (failed(readStrings(node, "weights", [&](yaml::Node *item, std::string) {
        return readFormat(item, "weights", FormatRole::Weight,
                          formats.emplace_back());
      })))
    return failure();
  rule.weights = formats.front();
  rule.fallbacks.assign(formats.begin() + 1, formats.end());
  return success();
}

LogicalResult RecipeReader::readMapping(
    yaml::Node *node, const Twine &what,
    llvm::function_ref<LogicalResult(yaml::Node *, StringRef, yaml::Node *)>
        take) {
  auto *mapping = dyn_cast_if_present<yaml::MappingNode>(node);
  if (!mapping)
    return fail(node, "expected " + what + ", a mapping of keys to values");
  llvm::StringSet<> keys;
  for (yaml::KeyValueNode &entry : *mapping) {
    std::string key;
    if (failed(readScalar(entry.getKey(), "a key", key)))
      return failure();
    yaml::Node *at = entry.getKey();
    // The value is parsed when it is asked for; its key must be read before.
    if (failed(take(at, key, entry.getValue())))
      return failure();
    if (!keys.insert(key).second)
      return fail(at, "key given twice");
  }
  return success();
}

LogicalResult RecipeReader::readWord(yaml::Node *node, StringRef what,
                                     ArrayRef<StringRef> words,
                                     std::vector<std::string> &values) {
  return readStrings(node, what, [&](yaml::Node *node, std::string word) {
    if (!llvm::is_contained(words, word))
      return fail(node, "expected " + what + " " +
                            llvm::join(words.drop_back(), ", ") + " or " +
                            words.back() + ", got '" + word + "'");
    values.push_back(word);
    return success();
  });
}

LogicalResult RecipeReader::readGlobs(yaml::Node *node, StringRef what,
                                      std::vector<LocatedGlob> &globs) {
  return readStrings(node, what, [&](yaml::Node *node, std::string name) {
    // The glob refers to its text, which the context keeps.
    auto text = StringAttr::get(context, name);
    llvm::Expected<llvm::GlobPattern> glob =
        llvm::GlobPattern::create(text.getValue());
    if (!glob)
      return fail(node, "expected a glob, got '" + name +
                            "': " + llvm::toString(glob.takeError()));
    globs.push_back({std::move(*glob), locate(node)});
    return success();
  });
}

/// `N`, `-N`, `n`, `7n/8`, `n/8+2`.
static bool parseBound(StringRef text, DepthBound &bound) {
  constexpr int64_t limit = 1 << 20;
  auto isIn = [&](int64_t value, int64_t least) {
    return value >= least && value <= limit;
  };
  size_t n = text.find('n');
  if (n == StringRef::npos)
    return !text.getAsInteger(10, bound.offset) &&
           isIn(std::abs(bound.offset), 0);
  bound.numerator = 1;
  if (n && (text.take_front(n).getAsInteger(10, bound.numerator) ||
            !isIn(bound.numerator, 1)))
    return false;
  text = text.drop_front(n + 1);
  if (text.consume_front("/")) {
    StringRef digits = text.take_while(llvm::isDigit);
    text = text.drop_front(digits.size());
    if (digits.getAsInteger(10, bound.denominator) ||
        !isIn(bound.denominator, 1))
      return false;
  }
  text.consume_front("+");
  return text.empty() || (!text.getAsInteger(10, bound.offset) &&
                          isIn(std::abs(bound.offset), 0));
}

LogicalResult RecipeReader::readDepth(yaml::Node *node, StringRef text,
                                      std::vector<DepthRange> &ranges) {
  DepthRange range;
  auto [first, rest] = text.split("..");
  auto [last, step] = rest.split(" by ");
  bool isRange = text.contains("..");
  if (parseBound(first, range.begin) &&
      (!isRange || last.empty() || parseBound(last, range.end)) &&
      (step.empty() ||
       (!step.getAsInteger(10, range.step) && range.step > 0))) {
    if (isRange && last.empty()) {
      range.end = {1, 1, 0};
    } else if (!isRange) {
      range.end = range.begin;
      ++range.end.offset;
      // The last one: to the end.
      if (!range.end.numerator && !range.end.offset)
        range.end = {1, 1, 0};
    }
    ranges.push_back(range);
    return success();
  }
  return fail(node, "expected a depth such as 3, -1, 0..4, n/8..7n/8 or "
                    "n/8+2..7n/8 by 3, got '" +
                        text + "'");
}

LogicalResult RecipeReader::readInteger(yaml::Node *node, StringRef what,
                                        int64_t &value) {
  std::string text;
  if (failed(readScalar(node, what, text)))
    return failure();
  if (StringRef(text).getAsInteger(10, value) || value < 0)
    return fail(node, "expected a number of 0 or more for " + what + ", got '" +
                          text + "'");
  return success();
}

FailureOr<Attribute> RecipeReader::readOption(yaml::Node *node,
                                              const MethodOption &option) {
  Builder builder(context);
  if (option.kind == OptionKind::Flag) {
    bool flag;
    if (failed(readFlag(node, option.name, flag)))
      return failure();
    return Attribute(builder.getBoolAttr(flag));
  }
  std::string text;
  if (failed(readScalar(node, option.name, text)))
    return failure();
  switch (option.kind) {
  case OptionKind::Flag:
    llvm_unreachable("read above");
  case OptionKind::Integer: {
    int64_t value;
    if (!StringRef(text).getAsInteger(10, value) && value >= option.min &&
        value <= option.max)
      return Attribute(builder.getI64IntegerAttr(value));
    break;
  }
  case OptionKind::Number: {
    double value;
    if (!StringRef(text).getAsDouble(value) && value >= option.min &&
        value <= option.max)
      return Attribute(builder.getF64FloatAttr(value));
    break;
  }
  case OptionKind::Text: {
    SmallVector<StringRef> words;
    option.words.split(words, '|');
    if (llvm::is_contained(words, text))
      return Attribute(builder.getStringAttr(text));
    return fail(node, "expected " + llvm::join(words, ", ") + " for " +
                          option.name + ", got '" + text + "'");
  }
  }
  return fail(node, llvm::formatv("expected a number from {0} to {1} for {2}, "
                                  "got '{3}'",
                                  llvm::format("%.15g", option.min),
                                  llvm::format("%.15g", option.max),
                                  option.name, text));
}

LogicalResult
RecipeReader::readOptions(yaml::Node *node, const MethodInfo &info,
                          SmallVectorImpl<NamedAttribute> &options) {
  LogicalResult result = readMapping(
      node, "options of " + info.name,
      [&](yaml::Node *at, StringRef key, yaml::Node *value) -> LogicalResult {
        const MethodOption *option = info.lookup(key);
        if (!option) {
          SmallVector<StringRef> names;
          for (const MethodOption &known : info.options)
            names.push_back(known.name);
          return fail(at,
                      "expected options of " + info.name + " (" +
                          (names.empty() ? "none" : llvm::join(names, ", ")) +
                          "), got '" + key + "'");
        }
        FailureOr<Attribute> made = readOption(value, *option);
        if (failed(made))
          return failure();
        options.emplace_back(StringAttr::get(context, key), *made);
        return success();
      });
  // It would be read and change nothing.
  NamedAttrList all(options);
  auto range = dyn_cast_if_present<StringAttr>(all.get("range"));
  if (succeeded(result) && all.get("percentile") &&
      (!range || range.getValue() != "percentile"))
    return fail(node, "expected 'range: percentile' beside 'percentile'");
  return result;
}

const MethodInfo *RecipeReader::readName(yaml::Node *node, StringRef what,
                                         ArrayRef<MethodInfo> among) {
  std::string name;
  if (failed(readScalar(node, what, name)))
    return nullptr;
  if (const MethodInfo *info = lookupMethod(among, name))
    return info;
  SmallVector<StringRef> names;
  for (const MethodInfo &info : among)
    names.push_back(info.name);
  (void)fail(node, "expected a " + what + " (" + llvm::join(names, ", ") +
                       "), got '" + name + "'");
  return nullptr;
}

LogicalResult RecipeReader::readFlag(yaml::Node *node, StringRef what,
                                     bool &flag) {
  std::string text;
  if (failed(readScalar(node, what, text)))
    return failure();
  flag = text == "true";
  if (!flag && text != "false")
    return fail(node,
                "expected true or false for " + what + ", got '" + text + "'");
  return success();
}

LogicalResult RecipeReader::readCacheRule(yaml::Node *node) {
  CacheRule rule{locate(node)};
  std::vector<std::string> along;
  auto take = [&](yaml::Node *at, StringRef key,
                  yaml::Node *value) -> LogicalResult {
    if (key == "names")
      return readGlobs(value, key, rule.names);
    if (key == "depths")
      return readStrings(value, key, [&](yaml::Node *node, std::string text) {
        return readDepth(node, text, rule.depths);
      });
    if (key == "optional")
      return readFlag(value, key, rule.isOptional);
    if (key == "keys" || key == "values") {
      Format &format = key == "keys" ? rule.keys : rule.values;
      if (failed(readFormat(value, key, FormatRole::Activation, format)))
        return failure();
      if (llvm::Error error = checkCacheFormat(format))
        return fail(value, llvm::toString(std::move(error)));
      return success();
    }
    if (key == "keys-along")
      return readWord(value, key, {"channels", "tokens"}, along);
    if (key == "recent")
      return readInteger(value, key, rule.recent);
    return fail(at, "expected names, depths, optional, keys, keys-along, "
                    "values or recent, got '" +
                        key + "'");
  };
  if (failed(readMapping(node, "a rule", take)))
    return failure();
  if (!rule.keys.element || !rule.values.element)
    return fail(node, "expected formats of keys and of values");
  rule.keysAlongTokens = !along.empty() && along.back() == "tokens";
  if (rule.keysAlongTokens && rule.keys.granularity != Granularity::Group)
    return fail(node, "expected keys in groups to run along tokens, got '" +
                          rule.keys.str() + "'");
  recipe.cache.push_back(std::move(rule));
  return success();
}

LogicalResult RecipeReader::readRule(yaml::Node *node) {
  Format none = llvm::cantFail(Format::parse("f32", FormatRole::Any));
  RecipeRule rule{locate(node)};
  rule.weights = rule.activations = none;
  bool hasFormat = false;
  const MethodInfo *method = nullptr;
  SmallVector<NamedAttribute> options;
  auto take = [&](yaml::Node *at, StringRef key,
                  yaml::Node *value) -> LogicalResult {
    if (key == "operators")
      return readWord(value, key, {"linear", "conv", "embedding", "attention"},
                      rule.operators);
    if (key == "names")
      return readGlobs(value, key, rule.names);
    if (key == "shapes")
      return readGlobs(value, key, rule.shapes);
    if (key == "roles") {
      SmallVector<StringRef> roles(Roles::getNames());
      return readWord(value, key, roles, rule.roles);
    }
    if (key == "layers")
      return readWord(value, key, {"first", "last"}, rule.layers);
    if (key == "depths")
      return readStrings(value, key, [&](yaml::Node *node, std::string text) {
        return readDepth(node, text, rule.depths);
      });
    if (key == "optional")
      return readFlag(value, key, rule.isOptional);
    hasFormat |= key == "weights" || key == "activations";
    if (key == "weights")
      return readWeights(value, rule);
    if (key == "activations")
      return readFormat(value, key, FormatRole::Activation, rule.activations);
    if (key == "method")
      return success((method = readName(value, key, getMethods())) != nullptr);
    if (key == "options") {
      if (!method)
        return fail(at, "expected a method before its options");
      return readOptions(value, *method, options);
    }
    return fail(at, "expected operators, names, roles, depths, shapes, layers, "
                    "optional, weights, activations, method or options, got '" +
                        key + "'");
  };
  if (failed(readMapping(node, "a rule", take)))
    return failure();
  if (!hasFormat)
    return fail(node, "expected a rule to hold weights or activations");
  if (method) {
    options.emplace_back(StringAttr::get(context, "name"),
                         StringAttr::get(context, method->name));
    rule.method = DictionaryAttr::get(context, options);
    if (!rule.weights.hasScale())
      return fail(node, "expected weights with scales for a method, got '" +
                            rule.weights.str() + "'");
  }
  recipe.rules.push_back(std::move(rule));
  return success();
}

/// A name, or a mapping of a name to its options.
LogicalResult RecipeReader::readPass(yaml::Node *node, StringRef what,
                                     ArrayRef<MethodInfo> among,
                                     std::vector<RecipePass> &passes) {
  Location loc = locate(node);
  const MethodInfo *info = nullptr;
  SmallVector<NamedAttribute> options;
  if (auto *mapping = dyn_cast_if_present<yaml::MappingNode>(node)) {
    if (failed(readMapping(
            mapping, "a " + what,
            [&](yaml::Node *at, StringRef, yaml::Node *value) -> LogicalResult {
              if (info)
                return fail(at, "expected one " + what + " an entry");
              info = readName(at, what, among);
              return info ? readOptions(value, *info, options) : failure();
            })))
      return failure();
  } else {
    info = readName(node, what, among);
  }
  if (!info)
    return failure();
  std::string text;
  bool needsSamples = info->needsSamples;
  for (NamedAttribute option : options) {
    std::string spelled = option.getName().str() + "=";
    llvm::raw_string_ostream os(spelled);
    if (auto word = dyn_cast<StringAttr>(option.getValue()))
      os << word.getValue();
    else if (auto number = dyn_cast<FloatAttr>(option.getValue()))
      os << number.getValueAsDouble();
    else if (auto flag = dyn_cast<BoolAttr>(option.getValue()))
      os << (flag.getValue() ? "true" : "false");
    else
      os << cast<IntegerAttr>(option.getValue()).getInt();
    needsSamples |= spelled == info->samplesOption;
    text += (text.empty() ? "" : " ") + spelled;
  }
  passes.push_back({loc, info->pass.str(), text, needsSamples});
  return success();
}

LogicalResult RecipeReader::readSamples(yaml::Node *node) {
  return readMapping(
      node, "calibration",
      [&](yaml::Node *at, StringRef key, yaml::Node *value) -> LogicalResult {
        if (key == "samples")
          return readInteger(value, key, recipe.samples);
        if (key == "observer") {
          if (failed(readScalar(value, key, recipe.observer)))
            return failure();
          Format format =
              llvm::cantFail(Format::parse("int8:tensor", FormatRole::Any));
          auto observer = Observer::create(recipe.observer, format);
          return observer ? success()
                          : fail(value, llvm::toString(observer.takeError()));
        }
        return fail(at, "expected samples or observer, got '" + key + "'");
      });
}

LogicalResult RecipeReader::readBudget(yaml::Node *node) {
  if (failed(readScalar(node, "budget", recipe.budget)))
    return failure();
  llvm::Expected<Budget> budget = Budget::parse(recipe.budget);
  return budget ? success() : fail(node, llvm::toString(budget.takeError()));
}

LogicalResult RecipeReader::readSection(StringRef key, yaml::Node *node) {
  if (key == "calibration")
    return readSamples(node);
  if (key == "budget")
    return readBudget(node);
  if (key == "symmetric")
    return readFlag(node, key, recipe.isSymmetric);
  auto *list = dyn_cast_if_present<yaml::SequenceNode>(node);
  if (!list)
    return fail(node, "expected '" + key + "' to be a list");
  for (yaml::Node &item : *list)
    if (failed(key == "rules"      ? readRule(&item)
               : key == "kv-cache" ? readCacheRule(&item)
               : key == "rewrites"
                   ? readPass(&item, "rewrite", getRewrites(), recipe.rewrites)
                   : readPass(&item, "correction", getCorrections(),
                              recipe.corrections)))
      return failure();
  return success();
}

LogicalResult RecipeReader::readRoot(yaml::Node *root) {
  auto take = [&](yaml::Node *at, StringRef key,
                  yaml::Node *value) -> LogicalResult {
    if (key != "rules" && key != "rewrites" && key != "corrections" &&
        key != "kv-cache" && key != "calibration" && key != "budget" &&
        key != "symmetric")
      return fail(at, "expected rules, rewrites, corrections, kv-cache, "
                      "calibration, budget or symmetric, got '" +
                          key + "'");
    return readSection(key, value);
  };
  if (failed(readMapping(root, "a recipe", take)))
    return failure();
  if (recipe.rules.empty() && recipe.cache.empty() && recipe.budget.empty())
    return fail(root, "expected at least one rule or a budget");
  if (recipe.isSymmetric && recipe.budget.empty())
    return fail(root, "expected a budget beside 'symmetric'");
  return success();
}

FailureOr<Recipe> RecipeReader::read(StringRef text) {
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
  return std::move(recipe);
}

FailureOr<Recipe> squint::readRecipe(MLIRContext *context, StringRef file) {
  auto buffer = llvm::MemoryBuffer::getFile(file, /*IsText=*/true);
  if (!buffer)
    return emitError(UnknownLoc::get(context))
           << "cannot read the recipe '" << file
           << "': " << buffer.getError().message();
  return RecipeReader(context, file).read((*buffer)->getBuffer());
}

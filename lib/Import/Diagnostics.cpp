//===- Diagnostics.cpp - diagnostics that name file and node -*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "squint/Import/Diagnostics.h"
#include "mlir/IR/BuiltinAttributes.h"
#include "mlir/IR/Location.h"
#include "squint/Dialect/Squint/Refusal.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/ConvertUTF.h"

using namespace mlir;

namespace {
/// What a location says: the innermost file position and the outermost node's
/// name.
struct Position {
  FileLineColLoc file;
  StringRef node;

  void visit(Location loc) {
    if (auto position = dyn_cast<FileLineColLoc>(loc)) {
      file = file ? file : position;
    } else if (auto name = dyn_cast<NameLoc>(loc)) {
      if (node.empty())
        node = name.getName();
      visit(name.getChildLoc());
    } else if (auto fused = dyn_cast<FusedLoc>(loc)) {
      for (Location part : fused.getLocations())
        visit(part);
    } else if (auto call = dyn_cast<CallSiteLoc>(loc)) {
      visit(call.getCallee());
    }
  }
};
} // namespace

/// One line of UTF-8, whatever names the model holds.
static std::string toOneLine(std::string line) {
  auto *begin = reinterpret_cast<const llvm::UTF8 *>(line.data());
  bool isText = llvm::isLegalUTF8String(&begin, begin + line.size());
  for (char &c : line)
    if (static_cast<unsigned char>(c) < 0x80 ? !llvm::isPrint(c) : !isText)
      c = '?';
  return line;
}

squint::DiagnosticPrinter::DiagnosticPrinter(MLIRContext *context,
                                             llvm::raw_ostream &os)
    : ScopedDiagnosticHandler(context) {
  // The line names the node; its operation in generic form can be longer than
  // the model.
  context->printOpOnDiagnostic(false);
  setHandler([this, &os](Diagnostic &diagnostic) {
    if (diagnostic.getSeverity() == DiagnosticSeverity::Error) {
      ++errors;
      refusals += isRefusal(diagnostic);
    }
    auto print = [&](Diagnostic &d) {
      Position position;
      position.visit(d.getLocation());
      std::string line;
      llvm::raw_string_ostream text(line);
      if (position.file) {
        text << position.file.getFilename().getValue() << ":";
        if (position.file.getLine())
          text << position.file.getLine() << ":" << position.file.getColumn()
               << ":";
        text << " ";
      }
      switch (d.getSeverity()) {
      case DiagnosticSeverity::Error:
        text << "error: ";
        break;
      case DiagnosticSeverity::Warning:
        text << "warning: ";
        break;
      case DiagnosticSeverity::Note:
        text << "note: ";
        break;
      case DiagnosticSeverity::Remark:
        text << "remark: ";
        break;
      }
      if (!position.node.empty())
        text << "node '" << position.node << "': ";
      text << d.str();
      os << toOneLine(std::move(line)) << "\n";
    };
    print(diagnostic);
    for (Diagnostic &note : diagnostic.getNotes())
      print(note);
    return success();
  });
}

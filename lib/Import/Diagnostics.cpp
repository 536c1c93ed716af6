//===- Diagnostics.cpp - diagnostics that name file and node -*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "squint/Import/Diagnostics.h"
#include "mlir/IR/BuiltinAttributes.h"
#include "mlir/IR/Location.h"
#include "llvm/ADT/StringExtras.h"

using namespace mlir;

namespace {
/// What a location says: the innermost file position and the outermost node's name.
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

squint::DiagnosticPrinter::DiagnosticPrinter(MLIRContext *context, llvm::raw_ostream &os)
    : ScopedDiagnosticHandler(context) {
  setHandler([&os](Diagnostic &diagnostic) {
    auto print = [&](Diagnostic &d) {
      Position position;
      position.visit(d.getLocation());
      if (position.file) {
        os << position.file.getFilename().getValue() << ":";
        if (position.file.getLine())
          os << position.file.getLine() << ":" << position.file.getColumn() << ":";
        os << " ";
      }
      switch (d.getSeverity()) {
      case DiagnosticSeverity::Error: os << "error: "; break;
      case DiagnosticSeverity::Warning: os << "warning: "; break;
      case DiagnosticSeverity::Note: os << "note: "; break;
      case DiagnosticSeverity::Remark: os << "remark: "; break;
      }
      if (!position.node.empty())
        os << "node '" << position.node << "': ";
      // One line, whatever names the model holds.
      for (char c : d.str())
        os << (llvm::isPrint(c) || (c & 0x80) ? c : ' ');
      os << "\n";
    };
    print(diagnostic);
    for (Diagnostic &note : diagnostic.getNotes())
      print(note);
    return success();
  });
}

//===- Joins.cpp - where lanes that part meet again -----------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Immediate post-dominators of branches, by the iteration of Cooper, Harvey and
// Kennedy ("A simple, fast dominance algorithm") on the reversed control flow
// graph.
//===----------------------------------------------------------------------===//
#include "Builder.h"

#include <algorithm>

using namespace ptx;

namespace {
class Graph {
public:
  explicit Graph(const Kernel &kernel) : code(kernel.code) {
    findBlocks();
    connect();
    order();
    dominate();
  }

  /// The first instruction that every way from block-ending `at` takes.
  uint32_t join(uint32_t at) const {
    uint32_t block = blockOf[at];
    return dominator[block] == None || dominator[block] == exit
               ? code.size()
               : starts[dominator[block]];
  }

private:
  static constexpr uint32_t None = UINT32_MAX;

  void findBlocks() {
    std::vector<bool> isStart(code.size() + 1, false);
    isStart[0] = true;
    for (uint32_t i = 0; i < code.size(); ++i) {
      if (!code[i].isControl)
        continue;
      isStart[i + 1] = true;
      if (code[i].target != None && code[i].target < code.size())
        isStart[code[i].target] = true;
      for (uint32_t target : code[i].targets)
        isStart[target] = true;
    }
    blockOf.resize(code.size());
    for (uint32_t i = 0; i < code.size(); ++i) {
      if (isStart[i])
        starts.push_back(i);
      blockOf[i] = starts.size() - 1;
    }
    exit = starts.size();
  }

  void connect() {
    successors.resize(exit + 1);
    predecessors.resize(exit + 1);
    for (uint32_t block = 0; block < exit; ++block) {
      uint32_t end = block + 1 < exit ? starts[block + 1] : code.size();
      const Instruction &last = code[end - 1];
      std::vector<uint32_t> &to = successors[block];
      bool isControl = last.isControl;
      bool goesOn = !isControl || last.hasGuard;
      if (goesOn)
        to.push_back(end < code.size() ? blockOf[end] : exit);
      if (isControl && last.targets.empty())
        to.push_back(last.target == None ? exit : blockOf[last.target]);
      for (uint32_t target : last.targets)
        to.push_back(blockOf[target]);
      for (uint32_t successor : to)
        predecessors[successor].push_back(block);
    }
  }

  /// Blocks in postorder of the reversed graph.
  void order() {
    number.assign(exit + 1, None);
    std::vector<std::pair<uint32_t, size_t>> stack = {{exit, 0}};
    std::vector<bool> seen(exit + 1, false);
    seen[exit] = true;
    while (!stack.empty()) {
      auto &[block, at] = stack.back();
      if (at == predecessors[block].size()) {
        number[block] = postorder.size();
        postorder.push_back(block);
        stack.pop_back();
        continue;
      }
      uint32_t next = predecessors[block][at++];
      if (!seen[next]) {
        seen[next] = true;
        stack.push_back({next, 0});
      }
    }
  }

  void dominate() {
    dominator.assign(exit + 1, None);
    dominator[exit] = exit;
    for (bool changed = true; changed;) {
      changed = false;
      for (size_t i = postorder.size(); i-- > 0;) {
        uint32_t block = postorder[i];
        if (block == exit)
          continue;
        uint32_t found = None;
        for (uint32_t successor : successors[block]) {
          if (dominator[successor] == None)
            continue;
          found = found == None ? successor : meet(found, successor);
        }
        changed |= found != dominator[block];
        dominator[block] = found;
      }
    }
  }

  uint32_t meet(uint32_t a, uint32_t b) const {
    while (a != b) {
      while (number[a] < number[b])
        a = dominator[a];
      while (number[b] < number[a])
        b = dominator[b];
    }
    return a;
  }

  const std::vector<Instruction> &code;
  uint32_t exit = 0;
  std::vector<uint32_t> starts, blockOf, number, postorder, dominator;
  std::vector<std::vector<uint32_t>> successors, predecessors;
};
} // namespace

void ptx::findJoins(Kernel &kernel) {
  Graph graph(kernel);
  for (uint32_t i = 0; i < kernel.code.size(); ++i)
    if (kernel.code[i].isControl)
      kernel.code[i].join = graph.join(i);
}

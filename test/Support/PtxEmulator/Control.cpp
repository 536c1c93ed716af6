//===- Control.cpp - branches, exits and what is done to no register ------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
#include "Builder.h"

using namespace ptx;

namespace {
void branch(Warp &w, const Instruction &in) {
  uint32_t taken = w.active;
  if (in.hasGuard)
    taken &= w.predicate(in.guard) ^ (in.guard.negated ? UINT32_MAX : 0);
  w.branch(in, taken, in.target);
}

bool goTo(Decoder &d, uint64_t label) {
  d.in.isControl = d.in.ownGuard = true;
  d.in.target = label;
  return d.finish(branch);
}

bool decodeBra(Decoder &d) {
  d.take("uni");
  if (!d.expectArguments(1, 1))
    return false;
  Entity *label = d.builder.find(d.statement.arguments[0].name);
  if (!label || label->kind != Entity::Label)
    return d.fail("unknown label");
  return goTo(d, label->value);
}

/// Lanes with the first lane's target go there; the rest comes here again.
void branchIndexed(Warp &w, const Instruction &in) {
  unsigned first = __builtin_ctz(w.active);
  uint64_t index = w.value(in.operands[0], first);
  if (index >= in.targets.size())
    return w.fault(Fault::IllegalInstruction, first,
                   "index " + std::to_string(index) + " of " +
                       std::to_string(in.targets.size()) + " targets");
  uint32_t taken = 0;
  forLanes(w.active, [&](unsigned lane) {
    taken |= uint32_t(w.value(in.operands[0], lane) == index) << lane;
  });
  if (taken != w.active)
    --w.pc; // branch() sends the rest to the next instruction
  w.branch(in, taken, in.targets[index]);
}

bool decodeBrx(Decoder &d) {
  d.take("uni");
  if (!d.take("idx") || !d.expectArguments(2, 2) || d.in.hasGuard)
    return d.fail("expected brx.idx without a guard");
  Entity *list = d.builder.find(d.statement.arguments[1].name);
  if (!list || list->kind != Entity::Branches)
    return d.fail("unknown list of targets");
  d.in.targets.assign(list->labels.begin(), list->labels.end());
  d.in.isControl = d.in.strict = true;
  return d.source(size_t(0), Type::U32) && d.finish(branchIndexed);
}

void leave(Warp &w, const Instruction &) { w.exitLanes(w.mask); }

bool decodeExit(Decoder &d) {
  d.in.isControl = true;
  return d.expectArguments(0, 0) && d.finish(leave);
}

bool decodeRet(Decoder &d) {
  d.take("uni");
  int label = d.builder.returnLabel();
  return label < 0 ? decodeExit(d) : d.expectArguments(0, 0) && goTo(d, label);
}

void trap(Warp &w, const Instruction &) {
  w.fault(Fault::Failed, __builtin_ctz(w.mask), "trap");
}
bool decodeTrap(Decoder &d) {
  return d.expectArguments(0, 0) && d.finish(trap);
}

void nothing(Warp &, const Instruction &) {}

void sleep(Warp &w, const Instruction &) { w.pause = Warp::Yield; }
bool decodeNanosleep(Decoder &d) {
  return d.take("u32") && d.expectArguments(1, 1) &&
         d.source(size_t(0), Type::U32) && d.finish(sleep);
}

void fenceProxy(Warp &w, const Instruction &) {
  w.proxied = w.clocks;
  w.release(); // what is written from now on is not passed on
}

/// One host thread runs everything in order: only the fence between proxies
/// means something.
bool decodeFence(Decoder &d) {
  bool isProxy = d.take("proxy");
  bool isAsync = d.takeAny({"async", "async.global"});
  if (isAsync && isProxy) {
    d.takeAny({"global", "shared::cta", "shared::cluster"});
    return d.expectArguments(0, 0) && d.finish(fenceProxy);
  }
  d.takeMemoryOrder();
  d.takeAny({"gl", "mbarrier_init", "alias", "async::generic", "global",
             "shared::cta", "shared::cluster", "tensormap::generic",
             "sync_restrict::shared::cta", "sync_restrict::shared::cluster"});
  return d.expectArguments(0, 0) && d.finish(nothing);
}

bool decodeHint(Decoder &d) { // griddepcontrol.wait, .launch_dependents
  d.takeAny({"wait", "launch_dependents"});
  return d.expectArguments(0, 0) && d.finish(nothing);
}

bool decodeSetmaxnreg(Decoder &d) {
  int64_t count = 0;
  if (d.takeOne({"inc", "dec"}) < 0 || !d.take("sync") || !d.take("aligned") ||
      !d.take("u32"))
    return d.fail("expected setmaxnreg.inc or .dec");
  if (!d.immediate(0, count) || count < 24 || count > 256 || count % 8)
    return d.fail("expected a multiple of 8 from 24 to 256");
  return d.finish(nothing);
}

bool decodeDiscard(Decoder &d) { // applypriority, discard, createpolicy's like
  d.in.space = d.takeSpace();
  d.takeAny({"L2", "L2::evict_normal"});
  return d.expectArguments(2, 2) && d.address(0) && d.finish(nothing);
}

/// The policy is a value that nothing here looks at.
void createPolicy(Warp &w, const Instruction &in) {
  forLanes(w.mask, [&](unsigned lane) { w.set(in.operands[0], lane, 1); });
}
bool decodeCreatepolicy(Decoder &d) {
  d.takeAny({"fractional", "L2::evict_last", "L2::evict_first",
             "L2::evict_normal", "L2::evict_unchanged", "b64"});
  return d.expectArguments(1, 2) && d.destination(size_t(0), Type::B64) &&
         (d.arguments() == 1 || d.source(1, Type::F32)) &&
         d.finish(createPolicy);
}
} // namespace

void ptx::addControl(DecodeTable &table) {
  table["bra"] = decodeBra;
  table["brx"] = decodeBrx;
  table["exit"] = decodeExit;
  table["ret"] = decodeRet;
  table["trap"] = decodeTrap;
  table["nanosleep"] = decodeNanosleep;
  table["membar"] = decodeFence;
  table["fence"] = decodeFence;
  table["griddepcontrol"] = decodeHint;
  table["setmaxnreg"] = decodeSetmaxnreg;
  table["discard"] = decodeDiscard;
  table["createpolicy"] = decodeCreatepolicy;
}

//===- Passes.td - calibrate on samples --------------------*- tablegen -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#ifndef SQUINT_CALIBRATION_PASSES
#define SQUINT_CALIBRATION_PASSES

include "mlir/Pass/PassBase.td"

def InsertObservers : Pass<"squint-insert-observers", "::mlir::ModuleOp"> {
  let summary = "Observe every activation that takes a static format";
  let description = [{
    Puts a `squint.observe` after each value that an operator with `squint.activation_format` of tensor granularity reads.
    A value that several operators read in one format is observed once; two formats of one value want different ranges
    and are refused. Values that have statistics already are left alone, and so are formats by token and group,
    whose scales are found when the model runs. The observers are listed at `squint.observe`.

    ```mlir
    squint.observe %x named "/layer1/Relu" by "min-max" for <"int8:tensor,scale=f32"> : tensor<?x32x32x16xf32>
    %y = squint.conv %x, %w ... {squint.activation_format = "int8:tensor,scale=f32"}
    ```
  }];
  let options = [
    Option<"observer", "observer", "std::string", /*default=*/"\"min-max\"",
           "min-max, moving-average[=C], percentile[=P], mse or entropy">,
  ];
  let dependentDialects = ["::squint::SquintDialect"];
  let statistics = [Statistic<"numObservers", "observers", "Number of values observed">];
}

def Calibrate : Pass<"squint-calibrate", "::mlir::ModuleOp"> {
  let summary = "Run the model on samples and record what its values are like";
  let description = [{
    Replaces each `squint.observe` of `main` by a `squint.statistics` of the module.

    The function is cut after each observed value, and what none of them needs is left out. Slice after slice is compiled
    for this machine as it would be emitted, in float, and all samples go through it one by one; values that later
    slices read wait in temporary files. So memory holds one slice, its weights and one sample, however many there
    are. Slices of equal structure are compiled once. The result does not depend on `jobs`.

    `calibration` names an `.npz` file with an array for each input; its first dimension is the batch. Sample i is
    x[i:i+1], or x[i*B:(i+1)*B] where the model fixes the batch to B. NaN and infinity in an observed value are errors. Without
    observers there is a warning, or nothing with `optional`, where other passes read the samples.

    ```mlir
    squint.statistics "/layer1/Relu" min = 0.0 max = 5.3125 by "min-max" samples = 256
    ```
  }];
  let options = [
    Option<"calibration", "calibration", "std::string", /*default=*/"", "File of samples, .npz">,
    Option<"samples", "samples", "int64_t", /*default=*/"0", "Read only that many; 0 reads all">,
    Option<"jobs", "jobs", "int32_t", /*default=*/"0", "Threads; 0 takes as many as passes may use">,
    Option<"optional", "optional", "bool", /*default=*/"false", "Say nothing where nothing is observed">,
  ];
  let statistics = [Statistic<"numValues", "values", "Number of values observed">];
}

#endif

//===- OpsObjectDetection.td - operators of the family object_detection ---*- tablegen -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Written by lib/Dialect/Onnx/generate.py from the schemas of onnx 1.23.2; do not edit.
//===----------------------------------------------------------------------===//

def Onnx_NonMaxSuppressionOp : Onnx_Op<"NonMaxSuppression", [Pure, AttrSizedOperandSegments]> {
  let summary = "Filter out boxes that have high intersection-over-union (IOU) overlap ...";
  let description = [{
    Filter out boxes that have high intersection-over-union (IOU) overlap with previously selected boxes. Version 11.

    * `boxes`: An input tensor with shape [num_batches, spatial_dimension, 4]
    * `scores`: An input tensor with shape [num_batches, num_classes, spatial_dimension]
    * `max_output_boxes_per_class`: Integer representing the maximum number of boxes to be selected per batch per class
    * `iou_threshold`: Float representing the threshold for deciding whether boxes overlap too much with respect to ...
    * `score_threshold`: Float representing the threshold for deciding when to remove boxes based on score
    * `selected_indices`: selected indices from the boxes tensor
    * `center_point_box`: Integer indicate the format of the box data
  }];
  let arguments = (ins Onnx_float:$boxes, Onnx_float:$scores, Optional<Onnx_int64>:$max_output_boxes_per_class,
      Optional<Onnx_float>:$iou_threshold, Optional<Onnx_float>:$score_threshold,
      DefaultValuedAttr<Onnx_IntAttr, "0">:$center_point_box);
  let results = (outs Onnx_int64:$selected_indices);
  let assemblyFormat = [{ `(` operands `)` attr-dict `:` functional-type(operands, results) }];
}
def Onnx_RoiAlignOp : Onnx_Op<"RoiAlign", [Pure]> {
  let summary = "Region of Interest (RoI) align operation described in the Mask R-CNN ...";
  let description = [{
    Region of Interest (RoI) align operation described in the Mask R-CNN paper. Version 22.

    * `X`: Input data tensor from the previous operator; 4-D feature map of shape (N, C, H, W), where N is ...
    * `rois`: RoIs (Regions of Interest) to pool over; rois is 2-D input of shape (num_rois, 4) given as ...
    * `batch_indices`: 1-D tensor of shape (num_rois,) with each element denoting the index of the corresponding image ...
    * `Y`: RoI pooled output, 4-D tensor of shape (num_rois, C, output_height, output_width)
    * `coordinate_transformation_mode`: Allowed values are 'half_pixel' and 'output_half_pixel'
    * `mode`: The pooling method
    * `output_height`: default 1; Pooled output Y's height
    * `output_width`: default 1; Pooled output Y's width
    * `sampling_ratio`: Number of sampling points in the interpolation grid used to compute the output value of each ...
    * `spatial_scale`: Multiplicative spatial scale factor to translate ROI coordinates from their input spatial scale ...
  }];
  let arguments = (ins Onnx_float_float16_double_bfloat16:$X, Onnx_float_float16_double_bfloat16:$rois,
      Onnx_int64:$batch_indices, DefaultValuedStrAttr<StrAttr, "half_pixel">:$coordinate_transformation_mode,
      DefaultValuedStrAttr<StrAttr, "avg">:$mode, DefaultValuedAttr<Onnx_IntAttr, "1">:$output_height,
      DefaultValuedAttr<Onnx_IntAttr, "1">:$output_width, DefaultValuedAttr<Onnx_IntAttr, "0">:$sampling_ratio,
      DefaultValuedAttr<Onnx_FloatAttr, "1.0f">:$spatial_scale);
  let results = (outs Onnx_float_float16_double_bfloat16:$Y);
  let assemblyFormat = [{ `(` operands `)` attr-dict `:` functional-type(operands, results) }];
}
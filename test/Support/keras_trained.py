# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Makes test/Integration/Inputs/keras-trained-*.onnx and keras-trained.npz, in an environment of its own: pip install tensorflow-cpu tf2onnx
(made with TensorFlow 2.21.0 and tf2onnx 1.17.0).

    python keras_trained.py FOLDER

A small image classifier with the fake quantization that TensorFlow's training puts around weights and activations."""
import pathlib
import sys

import numpy as np
import tensorflow as tf
import tf2onnx

folder = pathlib.Path(sys.argv[1])
rng = np.random.default_rng(0)
f32 = lambda *s: rng.standard_normal(s).astype(np.float32)
k, b, d, p, w = f32(3, 3, 4, 16) * 0.2, f32(16), f32(3, 3, 16, 1) * 0.3, f32(1, 1, 16, 32) * 0.2, f32(32, 10)
activation = tf.quantization.fake_quant_with_min_max_vars


def channels(x):
    most = np.abs(x).max(tuple(range(x.ndim - 1)))
    return tf.quantization.fake_quant_with_min_max_vars_per_channel(x, -most, most, narrow_range=True)


def whole(x):
    most = float(np.abs(x).max())
    return activation(x, -most, most, narrow_range=True)


@tf.function(input_signature=[tf.TensorSpec([None, 12, 12, 4], tf.float32, name="x")])
def classify(x):
    y = tf.nn.conv2d(activation(x, -4.0, 4.0), channels(k), 1, "SAME") + b
    y = activation(tf.nn.relu6(y), 0.0, 6.0)
    y = activation(tf.nn.relu(tf.nn.depthwise_conv2d(y, whole(d), [1, 2, 2, 1], "SAME")), 0.0, 5.0)
    y = activation(tf.nn.conv2d(y, channels(p), 1, "VALID"), -6.0, 6.0)
    y = activation(tf.reduce_mean(y, [1, 2]), -3.0, 3.0)
    return activation(tf.matmul(y, whole(w)), -8.0, 8.0)


for opset in (13, 18):
    tf2onnx.convert.from_function(classify, input_signature=classify.input_signature, opset=opset, output_path=str(folder / f"keras-trained-{opset}.onnx"))
x = f32(2, 12, 12, 4) * 1.5
np.savez(folder / "keras-trained.npz", x=x, y=classify(tf.constant(x)).numpy())

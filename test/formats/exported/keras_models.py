"""Exports small Keras networks by tf2onnx and by Keras itself, with an input and the output that Keras computes.

Needs tensorflow (or tensorflow-cpu) and tf2onnx: python test/formats/exported/keras_models.py
"""

import os
import pathlib

os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
os.environ["CUDA_VISIBLE_DEVICES"] = ""

import keras
import numpy as np
import onnx
import tensorflow as tf
import tf2onnx
from keras import layers

from sample import write_sample

folder = pathlib.Path(__file__).parent


def convolutional():
    """Rescaled pixels, same padding with strides, BatchNormalization before and after the ReLU, pools, dense layers."""
    x = inputs = keras.Input((13, 11, 3))
    x = layers.Rescaling(1 / 2, offset=-0.25)(x)
    x = layers.Conv2D(4, 3, strides=2, padding="same", use_bias=False)(x)
    x = layers.ReLU()(layers.BatchNormalization()(x))
    x = layers.BatchNormalization()(layers.Conv2D(6, 3, activation="relu")(x))
    x = layers.MaxPooling2D(2, padding="same")(x)
    x = layers.Flatten()(x)
    x = layers.Dense(8, activation="relu")(layers.Dropout(0.3)(x))
    return keras.Model(inputs, layers.Dense(4, activation="softmax")(x))


def separable():
    """ReLU6, depthwise and separable convolutions, zero padding, residual sums, concatenation, a global mean."""
    x = inputs = keras.Input((12, 10, 2))
    x = layers.Conv2D(6, 1, use_bias=False)(x)
    x = layers.ReLU(max_value=6)(layers.BatchNormalization()(x))
    y = layers.DepthwiseConv2D(3, strides=2)(layers.ZeroPadding2D(((0, 1), (0, 1)))(x))
    y = layers.ReLU(max_value=6)(layers.BatchNormalization()(y))
    z = layers.SeparableConv2D(6, 3, padding="same")(y)
    y = layers.Add()([y, z])
    y = layers.Concatenate()([y, layers.AveragePooling2D(2, padding="same")(x)])
    return keras.Model(inputs, layers.Dense(5)(layers.GlobalAveragePooling2D()(y)))


def hourglass():
    """LeakyReLU, PReLU, transposed convolution, upsampling, a map of classes."""
    x = inputs = keras.Input((8, 6, 2))
    x = layers.LeakyReLU(negative_slope=0.2)(layers.Conv2D(4, 3, strides=2, padding="same")(x))
    y = layers.PReLU(shared_axes=[1, 2], alpha_initializer=keras.initializers.RandomUniform(-0.2, 0.6))(layers.Conv2D(4, 3, padding="same")(x))
    y = layers.Conv2DTranspose(3, 3, strides=2, padding="same", activation="relu")(y)
    x = layers.UpSampling2D(2)(x)
    x = layers.Concatenate()([x, y])
    return keras.Model(inputs, layers.Conv2D(3, 1)(x))


def sequence():
    """One-dimensional layers."""
    x = inputs = keras.Input((30, 2))
    x = layers.Conv1D(5, 4, strides=2, padding="same", activation="relu")(x)
    x = layers.MaxPooling1D(2)(layers.BatchNormalization()(x))
    x = layers.Conv1D(6, 3, dilation_rate=2, activation="relu")(x)
    x = layers.Dense(4, activation="relu")(x)
    return keras.Model(inputs, layers.Dense(3)(layers.GlobalMaxPooling1D()(x)))


def randomised(model, seed):
    """Statistics of their own for every normalisation, as after training."""
    random = np.random.default_rng(seed)
    for layer in model.layers:
        if isinstance(layer, layers.BatchNormalization):
            gamma, beta, mean, variance = (weights.shape for weights in layer.get_weights())
            layer.set_weights([random.uniform(0.5, 1.5, gamma), random.normal(0, 0.3, beta), random.normal(0, 0.3, mean), random.uniform(0.5, 1.5, variance)])
    return model


def export(build, seed):
    keras.utils.set_random_seed(seed)
    model = randomised(build(), seed)
    name = build.__name__
    shape = model.inputs[0].shape[1:]
    inputs = np.random.default_rng(seed).normal(size=(2, *shape)).astype("float32")
    outputs = model(inputs, training=False).numpy()
    signature = [tf.TensorSpec((None, *shape), tf.float32, name="input")]
    for opset in (9, 13, 18):
        function = tf.function(lambda x: model(x, training=False))
        proto, _ = tf2onnx.convert.from_function(function, input_signature=signature, opset=opset)
        write_model(proto, folder / f"tf2onnx-{name}-{opset}.onnx")
    path = folder / f"keras-{name}.onnx"
    model.export(str(path), format="onnx", verbose=False)
    write_model(onnx.load(path), path)
    write_sample(folder / f"tensorflow-{name}.json", inputs, outputs)


def write_model(proto, path):
    for part in [*proto.graph.node, *proto.graph.input, *proto.graph.output, *proto.graph.value_info, proto.graph, proto]:
        part.ClearField("doc_string")
    path.write_bytes(proto.SerializeToString())


for seed, build in enumerate([convolutional, separable, hourglass, sequence]):
    export(build, seed)

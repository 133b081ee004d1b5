"""Splits the CPU in two, for tests of several replicas."""

import functools

import tensorflow as tf


def configure() -> None:
  """Must be called before TensorFlow does anything."""
  tf.config.set_logical_device_configuration(
    tf.config.list_physical_devices('CPU')[0],
    [tf.config.LogicalDeviceConfiguration()] * 2,
  )


@functools.cache
def strategy() -> tf.distribute.Strategy:
  """The strategy of both; another one in a process would mix up their sums."""
  return tf.distribute.MirroredStrategy(['CPU:0', 'CPU:1'])

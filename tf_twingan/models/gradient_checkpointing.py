"""Gradient checkpointing: a block is run again in the backward pass.

Chen et al., "Training Deep Nets with Sublinear Memory Cost" (2016), section
4.1: of a block only the inputs are kept until its gradient is needed, and the
block is then run once more. That costs as much time as its forward pass.

A block's second pass must be like its first. What changes variables, as batch
renorm changes its statistics, is done in the first pass alone: the block calls
it through `run_once`, which in the second pass returns the first one's result.

It is written out, as `tf.recompute_grad` of TensorFlow 2.15 changes variables
in each pass, and delays the second pass by a sum with a zero made of the
block's gradient. That zero is a constant to the optimizer of graphs, so that
the second pass may run right after the first, and be kept.
"""

from collections.abc import Callable
from typing import Any

import tensorflow as tf

# Calls a function without arguments, or returns its result of the first pass.
RunOnce = Callable[[Callable[[], Any]], Any]


def run_once(make: Callable[[], Any]) -> Any:
  """The RunOnce of a block that is never run again: a plain call."""
  return make()


def run(block: Callable[..., tf.Tensor], *inputs: tf.Tensor) -> tf.Tensor:
  """Runs a block of which nothing is kept but its inputs and its output.

  It saves memory inside of a `tf.function` only.

  Args:
    block: (*inputs, run_once=a RunOnce) -> output. It does the same in each
      pass, but for what it calls through `run_once`, always in one order. Its
      inputs and the trainable variables that it uses get gradients, and
      nothing else.
    *inputs: of floating dtypes.

  Returns:
    The block's output.
  """
  results = []

  def record(make):
    results.append(make())
    return results[-1]

  @tf.custom_gradient
  def first_pass(*inputs):
    output = block(*inputs, run_once=record)

    def gradient(upstream, variables=()):
      # Not before it is needed. The dependency also keeps equal operations of
      # the two passes from being merged into one.
      with tf.control_dependencies([upstream]):
        again = [tf.identity(tensor) for tensor in inputs]
      # From the start for each backward pass, of which there may be several.
      recorded = iter(results)
      sources = [*again, *variables]
      with tf.GradientTape(watch_accessed_variables=False) as tape:
        for source in sources:
          tape.watch(source)
        output = block(*again, run_once=lambda make: next(recorded))
      gradients = tape.gradient(
        output,
        sources,
        output_gradients=upstream,
        unconnected_gradients=tf.UnconnectedGradients.ZERO,
      )
      of_inputs = gradients[: len(inputs)]
      return (of_inputs, gradients[len(inputs) :]) if variables else of_inputs

    return output, gradient

  return first_pass(*inputs)

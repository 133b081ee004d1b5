"""Activations computed again in the backward pass, instead of being kept.

Chen et al., "Training Deep Nets with Sublinear Memory Cost" (2016), section
4.1: of a block only what goes in is kept until its gradient is asked for, and
the block is then run once more. That costs as much time as its forward pass.

A block's second pass must be like its first. What changes with each pass, as
batch renorm's statistics do, is left to the first: it does it through `once`,
which in the second pass gives what came of it.

It is written out, as `tf.recompute_grad` of TensorFlow 2.15 does each pass's
changes again, and holds the second pass back by a sum with a zero made of the
block's gradient. That zero is a constant to the optimizer of graphs, so that
the second pass may run right after the first, and be kept.
"""

from collections.abc import Callable
from typing import Any

import tensorflow as tf

# Calls a function without arguments, or gives what it gave in the first pass.
RunOnce = Callable[[Callable[[], Any]], Any]


def run_once(make: Callable[[], Any]) -> Any:
  """The `Once` of what is never run again."""
  return make()


def run(block: Callable[..., tf.Tensor], *inputs: tf.Tensor) -> tf.Tensor:
  """Runs a block of which nothing is kept but what goes in and comes out.

  It saves memory inside of a `tf.function` only.

  Args:
    block: (*inputs, once=an `Once`) -> output. It does the same in each pass,
      but for what it leaves to `once`, always in one order. Its inputs and
      the trainable variables that it uses get gradients, and nothing else.
    *inputs: of floating dtypes.

  Returns:
    The block's output.
  """
  done = []

  def record(make):
    done.append(make())
    return done[-1]

  @tf.custom_gradient
  def first_pass(*inputs):
    output = block(*inputs, once=record)

    def gradient(upstream, variables=()):
      # Not before it is needed. The dependency also keeps equal operations of
      # the two passes from being merged into one.
      with tf.control_dependencies([upstream]):
        again = [tf.identity(tensor) for tensor in inputs]
      # From the start for each backward pass, of which there may be several.
      results = iter(done)
      sources = [*again, *variables]
      with tf.GradientTape(watch_accessed_variables=False) as tape:
        for source in sources:
          tape.watch(source)
        output = block(*again, once=lambda make: next(results))
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

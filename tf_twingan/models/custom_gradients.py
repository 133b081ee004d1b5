"""Functions with gradients of their own, which are left out where none is used.

TensorFlow keeps a custom gradient, and with it the whole graph that it is part
of, as long as the process runs. Of a training that is one graph; a server that
loads a model after each checkpoint would grow with each.
"""

import contextlib
import contextvars
import functools
from collections.abc import Callable, Iterator
from typing import Any

import tensorflow as tf

_is_left_out = contextvars.ContextVar('is_left_out', default=False)


@contextlib.contextmanager
def left_out() -> Iterator[None]:
  """Graphs that are traced inside have no custom gradients."""
  token = _is_left_out.set(True)
  try:
    yield
  finally:
    _is_left_out.reset(token)


def custom_gradient(
  function: Callable[..., tuple[tf.Tensor, Callable[..., Any]]],
) -> Callable[..., tf.Tensor]:
  """As `tf.custom_gradient`, but see `left_out`.

  Args:
    function: takes tensors, and returns one and the function that computes the
      gradients of its arguments from the gradient of that one.

  Returns:
    The function, without the gradient in its result.
  """
  differentiable = tf.custom_gradient(function)

  @functools.wraps(function)
  def call(*inputs: tf.Tensor) -> tf.Tensor:
    if _is_left_out.get():
      outputs, _ = function(*inputs)
      return outputs
    return differentiable(*inputs)

  return call

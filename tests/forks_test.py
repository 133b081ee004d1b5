"""No model is used or loaded in a process where TensorFlow would hang."""

import os
import signal
import subprocess
import sys

import tensorflow as tf
from absl.testing import absltest

from tests import source_tree
from tf_twingan import forks

# Children that compute, after the parent did more and more.
CHILDREN = """
import os, signal
import tensorflow as tf
from tf_twingan import forks

for before in (
  lambda: None, tf.config.list_physical_devices, lambda: tf.constant(1.0)
):
  before()
  child = os.fork()
  if not child:
    signal.alarm(60)
    try:
      forks.check_can_run()
    except forks.Forked:
      os._exit(7)
    os._exit(int(tf.reduce_sum(tf.ones([5])).numpy()))
  print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), flush=True)
"""


def exit_code_of_fork(function):
  """Runs a function in a fork of this process; 7 if it raises Forked."""
  child = os.fork()
  if not child:
    signal.alarm(60)  # Kills what waits for ever.
    try:
      function()
    except forks.Forked:
      os._exit(7)
    os._exit(0)
  return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


class ForksTest(absltest.TestCase):
  def test_a_fork_is_another_process(self):
    owner = forks.Owner()
    owner.check()
    self.assertEqual(exit_code_of_fork(owner.check), 7)

  def test_a_fork_after_tensorflow_ran_is_told(self):
    tf.constant(1.0)
    forks.check_can_run()
    self.assertEqual(exit_code_of_fork(forks.check_can_run), 7)
    # And a fork of a fork.
    self.assertEqual(
      exit_code_of_fork(
        lambda: os._exit(exit_code_of_fork(forks.check_can_run))
      ),
      7,
    )

  def test_a_fork_before_anything_ran_computes(self):
    done = subprocess.run(
      [sys.executable, '-c', CHILDREN],
      cwd=source_tree.ROOT,
      stdout=subprocess.PIPE,
      text=True,
      check=True,
    )
    self.assertEqual(done.stdout.split(), ['5', '5', '7'])


if __name__ == '__main__':
  absltest.main()

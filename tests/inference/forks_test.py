"""A model is used in the process that loaded it, and in no fork of that."""

import os

from absl.testing import absltest

from tf_twingan.inference import forks


class OwnerTest(absltest.TestCase):
  def test_a_fork_is_another_process(self):
    owner = forks.Owner()
    owner.check()
    child = os.fork()
    if not child:
      try:
        owner.check()
        os._exit(1)
      except forks.Forked:
        os._exit(0)
    self.assertEqual(os.waitpid(child, 0)[1], 0)


if __name__ == '__main__':
  absltest.main()

"""Threads that share memory wait for each other."""

import threading

from absl.testing import absltest

from tf_twingan import memory_budget


class MemoryBudgetTest(absltest.TestCase):
  def test_no_more_than_the_total_is_held(self):
    budget = memory_budget.MemoryBudget(10)
    held, most = 0, 0
    lock = threading.Lock()

    def work(size):
      nonlocal held, most
      for _ in range(50):
        with budget.hold(size):
          with lock:
            held += size
            most = max(most, held)
          with lock:
            held -= size

    threads = [
      threading.Thread(target=work, args=[size]) for size in (1, 4, 6, 10) * 2
    ]
    for thread in threads:
      thread.start()
    for thread in threads:
      thread.join()
    self.assertBetween(most, 6, 10)

  def test_a_second_waits_until_the_first_returns_its_part(self):
    budget = memory_budget.MemoryBudget(10)
    order = []
    waits = threading.Event()

    def second():
      waits.set()
      with budget.hold(5):
        order.append('second')

    thread = threading.Thread(target=second)
    with budget.hold(6):
      thread.start()
      waits.wait()
      thread.join(0.05)
      order.append('first')
    thread.join()
    self.assertEqual(order, ['first', 'second'])

  def test_more_than_the_total_is_held_alone(self):
    budget = memory_budget.MemoryBudget(10)
    with budget.hold(100):
      pass
    with self.assertRaises(ZeroDivisionError):
      with budget.hold(100):
        raise ZeroDivisionError
    # An error returned it.
    with budget.hold(10):
      pass


if __name__ == '__main__':
  absltest.main()

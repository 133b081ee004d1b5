"""Requests are joined, bounded, answered in time, and finished at the end."""

import asyncio
import threading

import numpy as np
from absl.testing import absltest

from tf_twingan.serving import batching, problems, settings


def image(value, count=1):
  return np.full([count, 1, 1, 3], value, np.uint8)


class Model:
  """Inverts images, when it is let, and notes how it was called."""

  def __init__(self):
    self.free = threading.Event()
    self.free.set()
    self.started = threading.Event()
    self.sizes, self.contents = [], []

  def work(self, key='a'):
    return batching.Work((self, key), self)

  def __call__(self, batch):
    self.started.set()
    self.free.wait()
    self.sizes.append(len(batch))
    self.contents.append(batch[:, 0, 0, 0].tolist())
    return 255 - batch


class BatcherTest(absltest.TestCase):
  def run_with(self, function, **limits):
    async def run():
      batcher = batching.Batcher(settings.Settings(**limits))
      batcher.start()
      try:
        return await function(batcher)
      finally:
        await batcher.close()

    return asyncio.run(run())

  async def wait_for(self, condition):
    while not condition():
      await asyncio.sleep(0.001)

  def test_waiting_requests_are_joined_and_get_their_own_results(self):
    model = Model()

    async def use(batcher):
      model.free.clear()
      first = asyncio.create_task(batcher.run(model.work(), image(1)))
      await self.wait_for(model.started.is_set)
      others = [
        asyncio.create_task(batcher.run(model.work(), image(10 * n, n)))
        for n in (1, 2, 3)
      ]
      await self.wait_for(lambda: batcher.waiting == 6)
      model.free.set()
      return [await first, *[await other for other in others]]

    results = self.run_with(use, batch_sizes=(1, 4, 8))
    self.assertEqual(model.sizes, [1, 8])
    for result, (value, count) in zip(
      results, [(1, 1), (10, 1), (20, 2), (30, 3)]
    ):
      np.testing.assert_array_equal(result, 255 - image(value, count))

  def test_what_does_not_go_together_is_not_joined_and_keeps_its_order(self):
    model = Model()

    async def use(batcher):
      model.free.clear()
      first = asyncio.create_task(batcher.run(model.work('a'), image(1)))
      await self.wait_for(model.started.is_set)
      others = [
        asyncio.create_task(batcher.run(model.work(key), image(value)))
        for value, key in enumerate('bcbc', 2)
      ]
      await self.wait_for(lambda: batcher.waiting == 4)
      model.free.set()
      await asyncio.gather(first, *others)

    self.run_with(use, batch_sizes=(1, 2))
    self.assertEqual(model.contents, [[1], [2, 4], [3, 5]])

  def test_batches_have_only_the_usual_sizes(self):
    model = Model()

    async def use(batcher):
      for count in range(1, 20):
        result = await batcher.run(model.work(), image(7, count))
        self.assertLen(result, count)

    self.run_with(use, batch_sizes=(1, 4, 8))
    self.assertEqual(set(model.sizes), {1, 4, 8})

  def test_a_full_queue_refuses_at_once(self):
    model = Model()

    async def use(batcher):
      model.free.clear()
      first = asyncio.create_task(batcher.run(model.work(), image(1)))
      await self.wait_for(model.started.is_set)
      second = asyncio.create_task(batcher.run(model.work(), image(2, 3)))
      await self.wait_for(lambda: batcher.waiting == 3)
      with self.assertRaises(problems.ClientError) as caught:
        await batcher.run(model.work(), image(3, 2))
      third = asyncio.create_task(batcher.run(model.work(), image(3)))
      await asyncio.sleep(0)
      model.free.set()
      await asyncio.gather(first, second, third)
      return caught.exception

    error = self.run_with(use, max_waiting=4, retry_after_s=7)
    self.assertEqual((error.status, error.code), (429, 'busy'))
    self.assertEqual(error.headers, {'Retry-After': '7'})

  def test_what_is_not_done_in_time_is_given_up_and_not_computed(self):
    model = Model()

    async def use(batcher):
      model.free.clear()
      first = asyncio.create_task(batcher.run(model.work(), image(1)))
      await self.wait_for(model.started.is_set)
      with self.assertRaises(problems.ClientError) as caught:
        await batcher.run(model.work(), image(2))
      model.free.set()
      with self.assertRaises(problems.ClientError):
        await first
      await batcher.run(model.work(), image(3))
      return caught.exception

    error = self.run_with(use, deadline_s=0.05)
    self.assertEqual(error.status, 504)
    self.assertEqual(model.contents, [[1], [3]])

  def test_an_error_of_the_model_reaches_all_of_its_batch_and_no_other(self):
    def fail(batch):
      del batch
      raise FloatingPointError('diverged')

    async def use(batcher):
      with self.assertRaisesRegex(FloatingPointError, 'diverged'):
        await batcher.run(batching.Work('bad', fail), image(1))
      return await batcher.run(Model().work(), image(5))

    np.testing.assert_array_equal(self.run_with(use), 255 - image(5))

  def test_closing_finishes_what_waits(self):
    model = Model()

    async def run():
      batcher = batching.Batcher(settings.Settings())
      batcher.start()
      model.free.clear()
      tasks = [
        asyncio.create_task(batcher.run(model.work(key), image(value)))
        for value, key in enumerate('abc')
      ]
      await self.wait_for(model.started.is_set)
      closing = asyncio.create_task(batcher.close())
      await asyncio.sleep(0.01)
      model.free.set()
      await closing
      with self.assertRaises(problems.ClientError) as caught:
        await asyncio.wait_for(batcher.run(model.work(), image(9)), 1)
      self.assertEqual(caught.exception.status, 503)
      return await asyncio.gather(*tasks)

    for value, result in enumerate(asyncio.run(run())):
      np.testing.assert_array_equal(result, 255 - image(value))

  def test_several_threads_take_several_batches(self):
    model = Model()

    async def use(batcher):
      model.free.clear()
      tasks = [
        asyncio.create_task(batcher.run(model.work(key), image(1)))
        for key in 'ab'
      ]
      await self.wait_for(lambda: batcher.waiting == 0)
      model.free.set()
      await asyncio.gather(*tasks)

    self.run_with(use, model_threads=2)
    self.assertLen(model.sizes, 2)

  def test_no_images_need_no_model(self):
    async def use(batcher):
      return await batcher.run(batching.Work('never', None), image(0, 0))

    self.assertEqual(self.run_with(use), [])


if __name__ == '__main__':
  absltest.main()

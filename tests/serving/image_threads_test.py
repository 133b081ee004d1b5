"""Image work is bounded: threads run it, few may wait, and the loop never."""

import asyncio
import threading

from absl.testing import absltest

from tf_twingan.serving import image_threads, problems, settings


class ImageThreadsTest(absltest.TestCase):
  def test_what_waits_is_bounded_and_places_become_free_again(self):
    free = threading.Event()

    async def run():
      threads = image_threads.ImageThreads(
        settings.Settings(image_threads=1, max_image_work=2)
      )
      tasks = [asyncio.create_task(threads.run(free.wait)) for _ in range(2)]
      await asyncio.sleep(0.01)
      with self.assertRaises(problems.ClientError) as caught:
        await threads.run(free.wait)
      # But whoever was let in before.
      tasks.append(asyncio.create_task(threads.go_on(free.wait)))
      await asyncio.sleep(0.01)
      self.assertEqual(threads.waiting, 3)
      free.set()
      self.assertEqual(await asyncio.gather(*tasks), [True] * 3)
      await asyncio.sleep(0.01)
      self.assertEqual(threads.waiting, 0)
      self.assertEqual(await threads.run(lambda x, y: x - y, 5, y=2), 3)
      threads.close()
      return caught.exception

    self.assertEqual(asyncio.run(run()).status, 429)

  def test_a_thread_that_works_on_counts_after_its_client_has_left(self):
    free = threading.Event()

    async def run():
      threads = image_threads.ImageThreads(settings.Settings(image_threads=1))
      with self.assertRaises(asyncio.TimeoutError):
        await asyncio.wait_for(threads.run(free.wait), 0.01)
      self.assertEqual(threads.waiting, 1)
      free.set()
      while threads.waiting:
        await asyncio.sleep(0.001)
      threads.close()

    asyncio.run(run())

  def test_errors_pass(self):
    async def run():
      threads = image_threads.ImageThreads(settings.Settings())
      with self.assertRaises(ZeroDivisionError):
        await threads.run(divmod, 1, 0)
      threads.close()

    asyncio.run(run())


if __name__ == '__main__':
  absltest.main()

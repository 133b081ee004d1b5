"""A circuit breaker opens after failures in a row, and closes by a trial."""

from absl.testing import absltest

from tf_twingan.serving import circuit_breaker

State = circuit_breaker.State


class CircuitBreakerTest(absltest.TestCase):
  def setUp(self):
    super().setUp()
    self.now = 100.0
    self.breaker = circuit_breaker.CircuitBreaker(3, 5.0, lambda: self.now)

  def fail(self, times):
    for _ in range(times):
      self.breaker.failed()

  def test_failures_in_a_row_open_it(self):
    self.fail(2)
    self.assertIs(self.breaker.state, State.CLOSED)
    self.assertEqual(self.breaker.retry_after_s, 0)
    self.fail(1)
    self.assertIs(self.breaker.state, State.OPEN)
    self.assertFalse(self.breaker.allows())
    self.now += 2
    self.assertEqual(self.breaker.retry_after_s, 3.0)

  def test_a_success_between_failures_keeps_it_closed(self):
    self.fail(2)
    self.breaker.succeeded()
    self.fail(2)
    self.assertTrue(self.breaker.allows())

  def test_one_call_is_the_trial(self):
    self.fail(3)
    self.now += 5
    self.assertIs(self.breaker.state, State.HALF_OPEN)
    self.assertTrue(self.breaker.allows())
    self.assertFalse(self.breaker.allows())

  def test_a_trial_that_succeeds_closes_it(self):
    self.fail(3)
    self.now += 5
    self.breaker.allows()
    self.breaker.succeeded()
    self.assertIs(self.breaker.state, State.CLOSED)
    # Failures of before do not count any more.
    self.fail(2)
    self.assertTrue(self.breaker.allows())

  def test_a_trial_that_fails_opens_it_again(self):
    self.fail(3)
    self.now += 5
    self.breaker.allows()
    self.now += 1
    self.fail(1)
    self.assertFalse(self.breaker.allows())
    self.assertEqual(self.breaker.retry_after_s, 5.0)

  def test_a_trial_without_an_outcome_is_followed_by_another(self):
    self.fail(3)
    self.now += 5
    self.assertTrue(self.breaker.allows())
    self.now += 5
    self.assertTrue(self.breaker.allows())


if __name__ == '__main__':
  absltest.main()

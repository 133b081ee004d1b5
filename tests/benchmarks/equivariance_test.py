"""The study of the equivariance loss: arms, what is done again, tables."""

import json
import pathlib
import tempfile
from unittest import mock

from absl.testing import absltest

from benchmarks import equivariance, film_scores

Arm = equivariance.Arm


class EquivarianceTest(absltest.TestCase):
  def setUp(self):
    super().setUp()
    self.output = pathlib.Path(tempfile.mkdtemp())
    self.given = equivariance.Flags(
      output=self.output,
      weight=['1', '2:0.5'],
      images=320,
      seeds=2,
      gin_file='anime.gin',
      gin_param=['Growth.batch_size=4'],
      score_count=10,
      films=1,
      frames=2,
    )

  def test_weights_may_have_noise(self):
    self.assertEqual(self.given.arms, [Arm(0), Arm(1), Arm(2, 0.5)])
    self.assertEqual(
      [arm.title for arm in self.given.arms],
      ['weight 0', 'weight 1', 'weight 2, noise 0.5'],
    )
    for text in ('', 'one', '1:2:3'):
      with self.assertRaisesRegex(ValueError, f'--weight={text}: give a'):
        Arm.parse(text)

  def test_all_arms_train_alike_but_for_the_loss(self):
    with mock.patch.object(equivariance.programs, 'run') as run:
      run.side_effect = lambda log, module, *arguments: pathlib.Path(
        arguments[1].removeprefix('--run_dir=')
      ).mkdir(parents=True)
      equivariance._train_all(self.given)
      trained = [call.args[2:] for call in run.call_args_list]
      # Again, nothing is left to do.
      equivariance._train_all(self.given)
      self.assertEqual(run.call_count, 6)
    weights = [
      [a for a in arguments if 'equivariance_' in a] for arguments in trained
    ]
    self.assertEqual(
      weights[2],
      [
        '--gin_param=Objective.equivariance_weight=2.0',
        '--gin_param=Objective.equivariance_noise=0.5',
      ],
    )
    others = [
      [
        a
        for a in arguments
        if 'equivariance_' not in a and not a.startswith('--run_dir')
      ]
      for arguments in trained
    ]
    self.assertEqual(others[0], others[1])
    self.assertEqual(others[1], others[2])
    self.assertIn('--gin_param=train.seed=0', others[2])
    self.assertIn('--gin_param=train.seed=1', others[3])
    # What the user binds comes last, and so counts.
    self.assertEqual(others[0][-1], '--gin_param=Growth.batch_size=4')

  def test_runs_are_scored_anew_when_there_are_others(self):
    def evaluate(log, module, *arguments):
      (self.output / 'scores').mkdir(exist_ok=True)
      (self.output / 'scores' / 'evaluation.json').write_text('{}')

    with mock.patch.object(equivariance.programs, 'run') as run:
      run.side_effect = evaluate
      equivariance._score(self.given)
      equivariance._score(self.given)
      self.assertEqual(run.call_count, 1)
      self.assertLen(
        [a for a in run.call_args.args[2:] if a.startswith('--against=')], 5
      )
      equivariance._score(self.given._replace(weight=['1']))
      self.assertEqual(run.call_count, 2)

  def test_tables_set_films_above_other_scores(self):
    scores = {'ground truth': {'SWD': 1.0}}
    for index, run in enumerate(equivariance._runs(self.given)):
      run.mkdir(parents=True)
      scores['translation' if index == 0 else str(run)] = {'SWD': float(index)}
      films = dict.fromkeys(film_scores.NAMES, 10.0 + index)
      equivariance._films_file(self.given, run).write_text(
        json.dumps({'photo to anime': films})
      )
    path = self.output / 'scores' / 'evaluation.json'
    path.parent.mkdir()
    path.write_text(
      json.dumps({'directions': {'photo to anime': {'scores': scores}}})
    )
    (table,) = equivariance.measured(self.given)
    self.assertEqual(
      table.columns,
      [
        '',
        'weight 0',
        'weight 1',
        'weight 2, noise 0.5',
        'sources',
        'ground truth',
      ],
    )
    self.assertEqual(table.rows[0][:2], ['flicker', '10.5 (10.0 to 11.0)'])
    self.assertEqual(
      table.rows[-1],
      [
        'SWD',
        '0.5 (0.0 to 1.0)',
        '2.5 (2.0 to 3.0)',
        '4.5 (4.0 to 5.0)',
        '–',
        '1.0',
      ],
    )
    # Another style flickers more or less than the sources.
    self.assertNotEqual(table.rows[0][4], table.rows[0][5])


if __name__ == '__main__':
  absltest.main()

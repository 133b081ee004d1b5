"""What Python programs and notebooks call: a run directory as an object.

  import tf_twingan

  run = tf_twingan.Run('runs/mine')
  run.train(
    'photos.gin',
    params={'photo': 'folder:/my/portraits', 'anime': 'folder:/my/anime'},
  )
  run.samples()  # The newest grid, shown by a notebook.
  run.translator().translate(photos, to='anime')
  run.evaluate()

The programs call the same functions. What they print as `Error: ...` comes as
an exception with the same sentence: ValueError, FileNotFoundError, another
OSError, or FloatingPointError where a training diverged. Where a sentence says
--gin_param="NAME=VALUE", that is `params={'NAME': VALUE}` here. No flags are
parsed. TensorFlow is imported with the first call that needs it.
"""

import contextlib
import os
import random
import signal
import sys
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from tf_twingan import cli, gin_bindings, home_folder
from tf_twingan.evaluation import names

if TYPE_CHECKING:
  from PIL import Image

  from tf_twingan.inference import Sampler, Translator
  from tf_twingan.training.progress_reports import OnProgress

_BEST = 'best'
_EVALUATION = 'evaluation'


@contextlib.contextmanager
def _keep_random_state() -> Iterator[None]:
  """Leaves the random numbers of Python and NumPy to the calling program.

  A training seeds them, too, as Keras draws seeds from them; the program's own
  would repeat themselves after each.
  """
  import numpy as np

  python, numpy = random.getstate(), np.random.get_state()
  try:
    yield
  finally:
    random.setstate(python)
    np.random.set_state(numpy)


class Run:
  """A run directory: trains in it, and uses what was trained.

  Attributes:
    run_dir: the directory; it need not exist before the training.
  """

  def __init__(self, run_dir: str | os.PathLike):
    """Names a run directory; nothing is read or written yet.

    Args:
      run_dir: the directory.

    Raises:
      ValueError: it begins with the home folder of nobody.
    """
    self.run_dir = home_folder.expand(os.fspath(run_dir))
    if 'tensorflow' not in sys.modules:
      cli.choose_kernels()  # As programs do, for the same bits.

  def __repr__(self) -> str:
    return f'Run({self.run_dir!r})'

  @cli.escaped_output()
  @cli.untouched_logging()
  @_keep_random_state()
  def train(
    self,
    gin_file: str | os.PathLike,
    params: Mapping[str, Any] | None = None,
    *,
    on_progress: 'OnProgress | None' = None,
  ) -> None:
    """Trains to the end of the schedule, or continues a training.

    Ctrl-C, or a notebook's button to interrupt, saves and then raises
    KeyboardInterrupt; the same call continues. It may be called from any
    thread. In another one than the main thread Python notices no signals:
    there `on_progress` can stop it. One training at a time runs in a process.
    The random seed and the determinism of TensorFlow are set for the whole
    process, and its threads unless it has begun to work.

    Args:
      gin_file: the experiment: a name from gin/, such as 'anime.gin', or a
        path.
      params: values that differ from it, by name: its macros ('photo') and
        parameters ('Growth.stable_images'). A string that begins with % or @
        is a reference, as in gin files.
      on_progress: is called with a `TrainingProgress` every `train.log_steps`
        steps. If it returns True, the training saves and `train` returns. If
        it raises an exception, that is raised once all is saved.

    Raises:
      FileNotFoundError: there is no such gin file or dataset.
      FloatingPointError: the training diverged; the checkpoints are good ones.
      KeyboardInterrupt: it was interrupted, and all is saved.
      OSError: the run directory can't be written, or another process trains
        in it.
      RuntimeError: another thread of this process is training.
      ValueError: a name or a value is wrong, or the directory holds another
        run.
    """
    from tf_twingan import gin_training
    from tf_twingan.training import console, loop

    try:
      gin_training.train(
        self.run_dir,
        home_folder.expand(os.fspath(gin_file)),
        gin_bindings.write(params or {}),
        on_progress=on_progress,
      )
    except loop.Stopped as stopped:
      if stopped.signum == signal.SIGINT:
        raise KeyboardInterrupt(str(stopped)) from None
      console.say(str(stopped))
      if stopped.signum is not None:
        # Whoever sent it wants to end the process, which had to save first.
        signal.raise_signal(stopped.signum)

  def samples(self) -> 'Image.Image':
    """The newest sample grid, an image that notebooks show inline.

    Raises:
      FileNotFoundError: there is none yet.
      ValueError: it is damaged.
    """
    from PIL import Image

    from tf_twingan import image_io
    from tf_twingan.runs import sample_grid_files

    grids = sample_grid_files.paths(self.run_dir)
    if not grids:
      raise FileNotFoundError(
        f'There is no sample grid in {self.run_dir}/samples; a training writes '
        'one every train.sample_images images, and one at its end.'
      )
    return Image.fromarray(image_io.read(grids[-1]))

  def translator(self, *, best: bool = False) -> 'Translator':
    """Loads the model of the newest checkpoint, to translate images with.

    Args:
      best: take the best checkpoint by `train.best_by` instead.

    Raises:
      FileNotFoundError: there is no checkpoint yet.
      ValueError: it is damaged, or of a model that generates from noise.
    """
    from tf_twingan import inference

    return inference.Translator(self._model_dir(best))

  def sampler(self, *, best: bool = False) -> 'Sampler':
    """Loads a model that generates from noise, as of pggan.gin.

    Args:
      best: take the best checkpoint by `train.best_by`, not the newest.

    Raises:
      FileNotFoundError: there is no checkpoint yet.
      ValueError: it is damaged, or of a model that translates.
    """
    from tf_twingan import inference

    return inference.Sampler(self._model_dir(best))

  @cli.escaped_output()
  @cli.untouched_logging()
  def evaluate(
    self,
    output: str | os.PathLike | None = None,
    *,
    datasets: Mapping[str, str] | None = None,
    run_datasets: bool = False,
    count: int = names.IMAGES,
    against: Sequence[str] = (),
    features: str = names.OWN_FEATURES,
    best: bool = False,
  ) -> dict[str, Any]:
    """Scores translations of held-out images, and prints the tables.

    Args:
      output: folder for evaluation.json and evaluation.html; `evaluation` in
        the run directory if not given.
      datasets: {domain: dataset} of two domains; by default the embedded
        avatars that the run was trained on.
      run_datasets: read the folders and TFDS datasets that the run's record
        names; say so only of runs of your own.
      count: largest number of held-out images of each domain.
      against: what else to score side by side: directories of runs, names of
        models that ship, or exported files.
      features: name or path of the feature network.
      best: score the best checkpoint by `train.best_by`, not the newest.

    Returns:
      The content of evaluation.json: docs/evaluation.md explains it.

    Raises:
      FileNotFoundError: there is no checkpoint yet, or no such dataset.
      OSError: the results cannot be written.
      ValueError: a value is wrong, or too few images are held out.
    """
    from tf_twingan.evaluation import command

    output = output or os.path.join(self.run_dir, _EVALUATION)
    options = command.Options(
      run_dir=self._model_dir(best),
      source=[f'{d}={dataset}' for d, dataset in (datasets or {}).items()],
      run_datasets=run_datasets,
      count=count,
      against=[home_folder.expand(os.fspath(path)) for path in against],
      features=home_folder.expand(features),
      output=home_folder.expand(os.fspath(output)),
    )
    return command.run(options, cli.load_translator)

  def _model_dir(self, best: bool) -> str:
    return os.path.join(self.run_dir, _BEST) if best else self.run_dir

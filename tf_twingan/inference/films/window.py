"""A window that shows images."""

from types import TracebackType

import numpy as np
from PIL import Image


class Window:
  """Shows one image after another, as a context manager."""

  def __init__(self, title: str):
    """Opens the window.

    Args:
      title: what stands above it.

    Raises:
      ValueError: there is no display, or Python has no tkinter.
    """
    try:
      import tkinter

      from PIL import ImageTk
    except ImportError:
      raise ValueError(
        'This Python has no tkinter, and so no windows; write to a file: '
        '--output=camera.mp4.'
      ) from None
    self._closed_errors = (tkinter.TclError, RuntimeError)
    try:
      self._root = tkinter.Tk()
    except tkinter.TclError:
      raise ValueError(
        'There is no display for a window; write to a file: '
        '--output=camera.mp4.'
      ) from None
    self._root.title(title)
    self._label = tkinter.Label(self._root, borderwidth=0)
    self._label.pack()
    self._to_photo = ImageTk.PhotoImage

  def __enter__(self) -> 'Window':
    return self

  def __exit__(
    self,
    kind: type[BaseException] | None,
    error: BaseException | None,
    traceback: TracebackType | None,
  ) -> None:
    try:
      self._root.destroy()
    except self._closed_errors:
      pass  # The user has closed it.

  def show(self, image: np.ndarray, seconds: float = 0.0) -> bool:
    """Shows an image.

    Args:
      image: uint8 RGB [height, width, 3].
      seconds: when it was taken; all are shown at once.

    Returns:
      Whether the window is still open.
    """
    del seconds
    try:
      photo = self._to_photo(Image.fromarray(image))
      self._label.configure(image=photo)
      # Tk keeps no reference to it.
      self._photo = photo
      self._root.update()
    except self._closed_errors:
      return False
    return True

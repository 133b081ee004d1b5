"""The library uses nothing that a system lacks, above all Windows.

It is read, not run, so that every system finds what another one lacks.
"""

import ast
import os
import signal
from collections.abc import Iterator

from absl.testing import absltest, parameterized

from tests import source_tree

UNIX_MODULES = {
  'fcntl',
  'grp',
  'posix',
  'pty',
  'pwd',
  'resource',
  'termios',
}
# Of `os` and `signal`; to be asked for by hasattr or getattr.
UNIX_NAMES = {
  'os': {
    'O_NOFOLLOW',
    'O_NONBLOCK',
    'chown',
    'fork',
    'geteuid',
    'getuid',
    'killpg',
    'mkfifo',
    'register_at_fork',
    'sched_getaffinity',
    'setsid',
    'sysconf',
    'wait',
  },
  'signal': {'SIGALRM', 'SIGHUP', 'SIGKILL', 'SIGUSR1', 'alarm', 'setitimer'},
}
# Without an encoding these take the system's, which is not UTF-8 everywhere:
# the number of the argument that is the encoding.
TEXT_METHODS = {'read_text': 0, 'write_text': 1}


def problems(module: source_tree.Module) -> Iterator[str]:
  """Yields one line for each use of what a system may lack."""
  tried = set(_tried_imports(module.syntax))
  for node in ast.walk(module.syntax):
    if node in tried:
      continue
    found = _problem(node, module.source)
    if found:
      yield f'{module.path}, line {node.lineno}: {found}'


def _tried_imports(syntax: ast.AST) -> Iterator[ast.AST]:
  """The imports whose absence is foreseen: alone in `try`, ImportError next."""
  for node in ast.walk(syntax):
    if isinstance(node, ast.Try) and node.handlers[:1]:
      caught = node.handlers[0].type
      if caught is not None and ast.unparse(caught) == 'ImportError':
        yield from node.body


def _problem(node: ast.AST, source: str) -> str | None:
  if isinstance(node, (ast.Import, ast.ImportFrom)):
    names = [getattr(node, 'module', None), *(a.name for a in node.names)]
    unix = UNIX_MODULES.intersection(names)
    return (
      f'Windows has no module {min(unix)}; try it, except ImportError'
      if unix
      else None
    )
  if isinstance(node, ast.Attribute):
    text = ast.unparse(node)
    owner = ast.unparse(node.value)
    if node.attr in UNIX_NAMES.get(owner, ()):
      if f"hasattr({owner}, '{node.attr}')" not in source:
        return f'not every system has {text}; ask by hasattr or getattr'
    return 'os.system starts a shell' if text == 'os.system' else None
  return _call_problem(node) if isinstance(node, ast.Call) else None


def _call_problem(call: ast.Call) -> str | None:
  keywords = {k.arg: ast.unparse(k.value) for k in call.keywords}
  if keywords.get('shell') == 'True':
    return 'shell=True starts a shell'
  if 'encoding' in keywords:
    return None
  if isinstance(call.func, ast.Name) and call.func.id == 'open':
    mode = keywords.get('mode', "'r'")
    if len(call.args) > 1:
      mode = ast.unparse(call.args[1])
    return None if 'b' in mode else 'open() of a text without its encoding'
  if isinstance(call.func, ast.Attribute):
    place = TEXT_METHODS.get(call.func.attr)
    if place is not None and len(call.args) <= place:
      return f'{call.func.attr}() without its encoding'
  return None


class PortabilityTest(parameterized.TestCase):
  def test_the_library_uses_nothing_that_a_system_lacks(self):
    modules = [
      module
      for module in source_tree.read_tree().values()
      if module.path.startswith(('tf_twingan/', 'export/'))
    ]
    self.assertGreater(len(modules), 100)
    found = [line for module in modules for line in problems(module)]
    self.assertEmpty(found, '\n' + '\n'.join(found))

  @parameterized.named_parameters(
    ('module', 'import fcntl', 1),
    ('from_module', 'from resource import getrusage', 1),
    ('tried', 'try:\n  import pwd\nexcept ImportError:\n  pass', 0),
    ('tried_too_late', 'try:\n  import pwd\nexcept OSError:\n  pass', 1),
    ('fork', 'import os\nos.fork()', 1),
    ('asked', "import os\nif hasattr(os, 'fork'):\n  os.fork()", 0),
    ('signal', 'import signal\nsignal.SIGHUP', 1),
    ('got', "import signal\ngetattr(signal, 'SIGHUP', None)", 0),
    ('shell', "subprocess.run('ls', shell=True)", 1),
    ('system', "os.system('ls')", 1),
    ('open', "open('a', 'w')", 1),
    ('open_bytes', "open('a', 'rb')", 0),
    ('open_encoded', "open('a', encoding='utf-8')", 0),
    ('read_text', 'path.read_text()', 1),
    ('read_encoded', "path.read_text('utf-8')", 0),
    ('write_text', "path.write_text('a')", 1),
    ('write_encoded', "path.write_text('a', encoding='utf-8')", 0),
  )
  def test_a_planted_use(self, source, count):
    module = source_tree.tree_of({'tf_twingan/a.py': source})['tf_twingan.a']
    self.assertLen(list(problems(module)), count)

  def test_what_is_looked_for_is_there(self):
    # A misspelt name would never be found.
    for module in (os, signal):
      for name in UNIX_NAMES[module.__name__]:
        if os.name == 'posix':
          self.assertTrue(hasattr(module, name), name)


if __name__ == '__main__':
  absltest.main()

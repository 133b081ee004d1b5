"""Pages name files, headings and symbols that exist; the README is one page."""

import functools
import pathlib
import re
import tempfile

from absl.testing import absltest

from tests import source_tree

_LINK = re.compile(r'\]\((?!https?:|mailto:)([^)#\s]*)(?:#([^)\s]+))?\)')
# A file of the checkout, named in code quotes by its path from the root.
_PATH = re.compile(
  r'`((?:tf_twingan|export|gin|tests|benchmarks|docs)/[\w./-]*)`'
)
# A link to a Python file and, behind it, what stands there.
_SYMBOL = re.compile(r'\]\(([^)#\s]+\.py)\):? `([\w.]+)`')
_FENCE = re.compile(r'^ *```.*?^ *```', re.MULTILINE | re.DOTALL)
# Pages that name paths of the checkout, which must all exist.
_PAGES_OF_PATHS = ('README.md', 'CONTRIBUTING.md', 'docs/architecture.md')


def pages(root: pathlib.Path) -> list[pathlib.Path]:
  """All Markdown files of the checkout."""
  return [
    root / path for path in source_tree.files(root) if path.endswith('.md')
  ]


@functools.cache
def anchors(path: pathlib.Path) -> set[str]:
  """What GitHub calls the headings of a page."""
  text = _FENCE.sub('', path.read_text(encoding='utf-8'))
  titles = re.findall(r'^#+ (.*)$', text, re.MULTILINE)
  return {
    re.sub(r'[^\w\- ]', '', title.lower()).replace(' ', '-') for title in titles
  }


def broken_links(path: pathlib.Path) -> list[str]:
  """One line for each link of a page that leads nowhere."""
  text = _FENCE.sub('', path.read_text(encoding='utf-8'))
  errors = []
  for target, anchor in _LINK.findall(text):
    other = (path.parent / target) if target else path
    if not other.exists():
      errors.append(f'{path.name} links to {target}, which does not exist.')
    elif anchor and other.suffix == '.md' and anchor not in anchors(other):
      errors.append(f'{path.name}: {target} has no heading #{anchor}.')
  return errors


def missing(path: pathlib.Path, root: pathlib.Path) -> list[str]:
  """One line for each file or symbol that a page names and that is gone."""
  text = path.read_text(encoding='utf-8')
  errors = [
    f'{path.name} names {name}, which does not exist.'
    for name in _PATH.findall(text)
    if not (root / name).exists()
  ]
  for target, symbol in _SYMBOL.findall(text):
    source = path.parent / target
    for name in symbol.split('.'):
      if source.exists() and not re.search(
        rf'(?:def|class) {name}\b|^ *{name}(?:: [^=]+)? = ',
        source.read_text(encoding='utf-8'),
        re.MULTILINE,
      ):
        errors.append(f'{path.name}: {target} defines no {name}.')
  return errors


class DocsTest(absltest.TestCase):
  def test_every_link_leads_somewhere(self):
    errors = [
      line for page in pages(source_tree.ROOT) for line in broken_links(page)
    ]
    self.assertEmpty(errors, '\n' + '\n'.join(errors))

  def test_every_named_file_and_symbol_exists(self):
    root = source_tree.ROOT
    errors = [
      line for page in _PAGES_OF_PATHS for line in missing(root / page, root)
    ]
    self.assertEmpty(errors, '\n' + '\n'.join(errors))

  def test_the_readme_is_one_page_with_its_commands(self):
    text = (source_tree.ROOT / 'README.md').read_text(encoding='utf-8')
    self.assertLessEqual(len(text.splitlines()), 150)
    for command in (
      'make train',
      'make test',
      'make test_all',
      'python -m tf_twingan.train --gin_file=anime.gin',
      'python -m tf_twingan.translate',
      'python -m tf_twingan.sample',
      'python -m tf_twingan.search',
      'python -m tf_twingan.serve',
      'python -m tf_twingan.evaluate',
      'python -m export',
    ):
      self.assertIn(command, text)

  def test_the_index_lists_every_page(self):
    docs = source_tree.ROOT / 'docs'
    index = (docs / 'README.md').read_text(encoding='utf-8')
    for page in docs.glob('*.md'):
      if page.name != 'README.md':
        self.assertIn(f']({page.name})', index)

  def test_a_broken_page_is_caught(self):
    root = pathlib.Path(tempfile.mkdtemp())
    (root / 'a.py').write_text('class A:\n  def b(self):\n    c = 1\n')
    page = root / 'page.md'
    page.write_text('# One\n\n[x](#one) [x](a.py) `A.b` [x](a.py): `c`\n')
    self.assertEmpty(broken_links(page) + missing(page, root))
    page.write_text('[x](#two) [x](b.py) [x](a.py) `A.d` `gin/x.gin`\n')
    self.assertLen(broken_links(page), 2)
    self.assertLen(missing(page, root), 2)


if __name__ == '__main__':
  absltest.main()

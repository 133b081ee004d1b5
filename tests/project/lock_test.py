"""requirements_lock.txt gives each machine one lane, and one pin a package.

Read without a network; `make lock_check` asks the registry for wheels.
"""

import re
import shutil
import subprocess
from collections.abc import Iterable

import pytest
import tomli
from absl.testing import absltest, parameterized
from packaging import requirements, utils

from tests import extra_packages, source_tree

LOCK = (source_tree.ROOT / 'requirements_lock.txt').read_text(encoding='utf-8')
PYPROJECT = tomli.loads(
  (source_tree.ROOT / 'pyproject.toml').read_text(encoding='utf-8')
)
PYTHONS = ('3.10', '3.11', '3.12', '3.13')
# What Python says of a machine: sys_platform, platform_system,
# platform_machine, os_name.
MACHINES = {
  'linux_x86_64': ('linux', 'Linux', 'x86_64', 'posix'),
  'linux_aarch64': ('linux', 'Linux', 'aarch64', 'posix'),
  'macos_x86_64': ('darwin', 'Darwin', 'x86_64', 'posix'),
  'macos_arm64': ('darwin', 'Darwin', 'arm64', 'posix'),
  'windows_amd64': ('win32', 'Windows', 'AMD64', 'nt'),
}
# Whose wheels end with Python 3.11, and are for few machines.
LANE_1_ONLY = {
  'libusb-package',
  'tensorflow-addons',
  'tensorflow-estimator',
  'tflite-support',
}
# {package: its versions in lane 1 and in lane 2}.
DIFFERENT = {
  'tensorflow': ('2.15.', '2.21.'),
  'keras': ('2.15.', '3.'),
  'numpy': ('1.26.', '2.'),
  'tensorboard': ('2.15.', '2.21.'),
  'opencv-python-headless': ('4.11.', '4.14.'),
}


def environment(machine: str, python: str) -> dict[str, str]:
  """What the markers of requirements are evaluated with."""
  sys_platform, system, processor, os_name = MACHINES[machine]
  return {
    'extra': '',
    'implementation_name': 'cpython',
    'os_name': os_name,
    'platform_machine': processor,
    'platform_python_implementation': 'CPython',
    'platform_system': system,
    'python_full_version': f'{python}.1',
    'python_version': python,
    'sys_platform': sys_platform,
  }


def is_lane_1(machine: str, python: str) -> bool:
  return machine.endswith('x86_64') and python in ('3.10', '3.11')


def pins(lines: Iterable[str], machine: str, python: str) -> dict[str, str]:
  """The version of each package that applies to a machine.

  Raises:
    ValueError: two pins of a package apply, or one is not exact.
  """
  found: dict[str, str] = {}
  for line in lines:
    requirement = requirements.Requirement(line)
    if requirement.marker and not requirement.marker.evaluate(
      environment(machine, python)
    ):
      continue
    name = utils.canonicalize_name(requirement.name)
    version = re.fullmatch(r'==([\w.]+)', str(requirement.specifier))
    if not version:
      raise ValueError(f'{line!r} is not pinned')
    if found.setdefault(name, version[1]) != version[1]:
      raise ValueError(f'{machine}, Python {python}: two pins of {name}')
  return found


def locked() -> list[str]:
  return [line for line in LOCK.splitlines() if re.match(r'\w', line)]


CASES = [
  (f'{machine}_{python}', machine, python)
  for machine in MACHINES
  for python in PYTHONS
]


class LockTest(parameterized.TestCase):
  @parameterized.named_parameters(*CASES)
  def test_every_machine_has_one_pin_a_package(self, machine, python):
    lock = pins(locked(), machine, python)
    asked = pins(
      [*extra_packages.requirements(), *extra_packages.requirements('dev')],
      machine,
      python,
    )
    self.assertEqual({name: lock.get(name) for name in asked}, asked)

  @parameterized.named_parameters(*CASES)
  def test_every_machine_has_one_lane(self, machine, python):
    lock = pins(locked(), machine, python)
    lane_1 = is_lane_1(machine, python)
    self.assertEqual(LANE_1_ONLY & set(lock), LANE_1_ONLY if lane_1 else set())
    for name, versions in DIFFERENT.items():
      self.assertStartsWith(lock[name], versions[0 if lane_1 else 1])
    self.assertEqual(lock['protobuf'].startswith('3.20.'), lane_1)

  def test_the_pythons_are_those_of_the_project(self):
    self.assertEqual(PYPROJECT['project']['requires-python'], '>=3.10,<3.14')
    named = [
      line.rpartition(' ')[2]
      for line in PYPROJECT['project']['classifiers']
      if re.search(r'Python :: \d\.\d', line)
    ]
    self.assertEqual(tuple(named), PYTHONS)

  @pytest.mark.slow
  @absltest.skipUnless(shutil.which('uv'), 'uv is not installed')
  def test_the_registry_has_wheels_for_other_machines(self):
    done = subprocess.run(
      ['make', 'lock_check'],
      cwd=source_tree.ROOT,
      capture_output=True,
      text=True,
      check=False,
    )
    self.assertEqual(done.returncode, 0, done.stderr)
    for machine in ('aarch64-apple', 'x86_64-pc-windows', 'aarch64-unknown'):
      self.assertIn(f'{machine}', done.stdout)

  def test_no_version_is_forced(self):
    # An override would hide that the pins of a lane contradict each other.
    self.assertNotIn('override-dependencies', PYPROJECT['tool']['uv'])


class PlantedLockTest(absltest.TestCase):
  def test_two_pins_are_found(self):
    lines = ["numpy==1.26.4 ; python_version < '3.12'", 'numpy==2.5.5']
    with self.assertRaisesRegex(ValueError, '3.11: two pins of numpy'):
      pins(lines, 'linux_x86_64', '3.11')
    self.assertEqual(pins(lines, 'linux_x86_64', '3.12'), {'numpy': '2.5.5'})

  def test_a_loose_requirement_is_found(self):
    with self.assertRaisesRegex(ValueError, "'numpy<2' is not pinned"):
      pins(['numpy<2'], 'macos_arm64', '3.12')

  def test_windows_is_not_taken_for_lane_1(self):
    lines = ["tensorflow-addons==0.23.0 ; platform_machine == 'x86_64'"]
    self.assertEmpty(pins(lines, 'windows_amd64', '3.11'))
    self.assertLen(pins(lines, 'macos_x86_64', '3.11'), 1)


if __name__ == '__main__':
  absltest.main()

"""The files of docs/deployment agree with each other and with the code.

There is no Docker and no cluster here, so that nothing is started: ports,
paths, flags, names and limits are compared with those of the programs.
"""

import pathlib
import re
import shlex

import tomli
import yaml
from absl import flags
from absl.testing import absltest, parameterized
from google.protobuf import text_format
from tensorflow_serving.config import model_server_config_pb2

from export.formats import saved_model
from tests import source_tree
from tests.serving import clients
from tf_twingan import serve
from tf_twingan.serving import application, models, settings

FOLDER = source_tree.ROOT / 'docs' / 'deployment'
DEFAULTS = settings.Settings()
MODEL = 'photo2anime'
# Of tensorflow_model_server; its command for Docker sets the ports.
GRPC_PORT, REST_PORT, KSERVE_GRPC_PORT = 8500, 8501, 9000
SERVING_FLAGS = {
  'allow_version_labels_for_unavailable_models',
  'batching_parameters_file',
  'enable_batching',
  'enable_model_warmup',
  'model_config_file',
  'model_config_file_poll_wait_seconds',
  'monitoring_config_file',
}

assert serve.main  # Defines the flags.


def read(name: str) -> str:
  return (FOLDER / name).read_text(encoding='utf-8')


def documents(name: str) -> list[dict]:
  return list(yaml.safe_load_all(read(name)))


def arguments(values: list[str]) -> dict[str, str]:
  """{flag: value} of --FLAG=VALUE."""
  return dict(re.fullmatch(r'--(\w+)=(.+)', v).groups() for v in values)


def parse_models(text: str) -> model_server_config_pb2.ModelConfig:
  """The only model of a models.config, as the server reads it."""
  parsed = text_format.Parse(text, model_server_config_pb2.ModelServerConfig())
  (config,) = parsed.model_config_list.config
  return config


def numbers(text: str, field: str) -> list[int]:
  found = re.findall(rf'^{field}(?::| {{ value:) (\d+)', text, re.MULTILINE)
  return [int(number) for number in found]


def images(value) -> list[str]:
  """The images of containers, anywhere in a document."""
  if isinstance(value, dict):
    own = [value['image']] if isinstance(value.get('image'), str) else []
    return own + sum((images(v) for v in value.values()), [])
  return sum((images(v) for v in value), []) if isinstance(value, list) else []


def routes() -> set[str]:
  """The addresses of the server."""
  app = application.create(models.Models([clients.model()]), DEFAULTS)
  return set(app.openapi()['paths'])


class FilesTest(parameterized.TestCase):
  def test_every_image_is_of_one_version(self):
    version = tomli.loads(
      (source_tree.ROOT / 'pyproject.toml').read_text(encoding='utf-8')
    )['project']['version']
    found = set()
    for path in FOLDER.rglob('*.yaml'):
      found |= set(images(documents(path.name)))
    found |= set(re.findall(r'^FROM (\S+)', read('Dockerfile'), re.MULTILINE))
    self.assertLen(found, 4)
    for image in found:
      self.assertRegex(image, r':v?\d+\.\d+\.\d+(-[\w-]+)?$')
    self.assertIn(f'tf_twingan:{version}', found)
    self.assertIn(f'-t tf_twingan:{version} ', read('Dockerfile'))

  def test_the_page_names_every_file(self):
    page = (source_tree.ROOT / 'docs' / 'serving.md').read_text()
    for path in FOLDER.rglob('*'):
      if path.is_file() and path.suffix != '.dockerignore':
        self.assertIn(f'](deployment/{path.relative_to(FOLDER)})', page)

  @parameterized.parameters('models.config', 'models_canary.config')
  def test_labels_are_of_versions_that_are_loaded(self, name):
    config = parse_models(read(f'tf_serving/{name}'))
    self.assertEqual(config.name, MODEL)
    self.assertEqual(config.model_platform, 'tensorflow')
    loaded = set(config.model_version_policy.specific.versions)
    self.assertIn('stable', config.version_labels)
    self.assertEqual(set(config.version_labels.values()), loaded)

  def test_batches_are_of_the_sizes_that_the_server_sends(self):
    text = read('tf_serving/batching.config')
    sizes = numbers(text, 'allowed_batch_sizes')
    self.assertEqual(tuple(sizes), DEFAULTS.batch_sizes)
    self.assertEqual(numbers(text, 'max_batch_size'), sizes[-1:])

  def test_the_bundles_own_files_say_the_same(self):
    context = absltest.mock.Mock()
    context.name = MODEL
    own = saved_model.create('saved_model').more_files(context)
    monitoring = own['serving/monitoring.config']
    self.assertEqual(read('tf_serving/monitoring.config'), monitoring)
    batching = own['serving/batching.config']
    self.assertTrue(read('tf_serving/batching.config').startswith(batching))
    config, here = (
      parse_models(text)
      for text in (
        own['serving/models.config'],
        read('tf_serving/models.config'),
      )
    )
    self.assertEqual(
      (config.name, config.base_path), (here.name, here.base_path)
    )


class DockerfileTest(absltest.TestCase):
  def test_what_it_copies_is_there(self):
    kept = re.findall(r'^!(\S+)', read('Dockerfile.dockerignore'), re.MULTILINE)
    copied = re.findall(r'^COPY (?!--)(.*) \S+$', read('Dockerfile'), re.M)
    names = sum(map(str.split, copied), [])
    self.assertCountEqual(names, kept)
    for name in names:
      self.assertTrue((source_tree.ROOT / name).exists(), name)
    self.assertIn('requirements_lock.txt', names)

  def test_it_runs_the_server_as_nobody_in_particular(self):
    text = read('Dockerfile')
    command, *given = yaml.safe_load(
      re.search(r'^ENTRYPOINT (.*)$', text, re.MULTILINE)[1]
    )
    project = tomli.loads((source_tree.ROOT / 'pyproject.toml').read_text())
    self.assertIn(command, project['project']['scripts'])
    given = arguments(given)
    self.assertLessEqual(given.keys(), set(flags.FLAGS))
    port = flags.FLAGS['port'].default
    self.assertEqual(given, {'host': '0.0.0.0', 'port': str(port)})
    self.assertIn(f'EXPOSE {port}\n', text)
    self.assertRegex(text, r'\nUSER [1-9]\d+:[1-9]\d+\n')
    (path,) = re.findall(rf'http://127\.0\.0\.1:{port}(/\w+)', text)
    self.assertIn(path, routes())
    # The image of Python is one that the package is for.
    minor = int(re.search(r'FROM python:3\.(\d+)\.', text)[1])
    self.assertBetween(minor, 12, 13)

  def test_its_health_check_is_a_program(self):
    check = re.search(r'\n  CMD (\[.*\])\n', read('Dockerfile'))[1]
    _, flag, code = yaml.safe_load(check)
    self.assertEqual(flag, '-c')
    compile(code, 'check', 'exec')


class ComposeTest(absltest.TestCase):
  def setUp(self):
    super().setUp()
    (self.file,) = documents('compose.yaml')
    self.services = self.file['services']

  def mounts(self, name):
    """{path in the container: path outside}."""
    pairs = [v.rsplit(':', 2) for v in self.services[name]['volumes']]
    self.assertEqual({mode for *_, mode in pairs}, {'ro'})
    return {inside: outside for outside, inside, _ in pairs}

  def test_the_model_server_has_the_files_that_it_is_told(self):
    service = self.services['tf-serving']
    given = arguments(service['command'])
    self.assertEqual(given.keys(), SERVING_FLAGS)
    mounts = self.mounts('tf-serving')
    for value in given.values():
      if value.startswith('/'):
        folder, name = value.rsplit('/', 1)
        self.assertTrue((FOLDER / mounts[folder] / name).is_file(), value)
    base = parse_models(read('tf_serving/models.config')).base_path
    self.assertEndsWith(mounts[base], '/saved_model')
    self.assertEqual(service['expose'], [str(GRPC_PORT), str(REST_PORT)])
    self.assertIn(f'/{GRPC_PORT}', service['healthcheck']['test'][-1])

  def test_the_server_asks_it_for_the_label(self):
    service = self.services['tf-twingan']
    given = arguments(service['command'])
    self.assertLessEqual(given.keys(), set(flags.FLAGS))
    self.assertEqual(given['tf_serving'], f'tf-serving:{GRPC_PORT}')
    labels = parse_models(read('tf_serving/models.config')).version_labels
    self.assertIn(given['tf_serving_label'], labels)
    self.assertIn(given['bundle'], self.mounts('tf-twingan'))
    port = flags.FLAGS['port'].default
    self.assertEqual(service['ports'], [f'127.0.0.1:{port}:{port}'])
    self.assertEqual(
      service['build']['dockerfile'], 'docs/deployment/Dockerfile'
    )
    root = (FOLDER / service['build']['context']).resolve()
    self.assertEqual(root, source_tree.ROOT.resolve())

  def test_it_ends_before_it_is_killed(self):
    grace = int(self.services['tf-twingan']['stop_grace_period'].rstrip('s'))
    self.assertGreater(grace, DEFAULTS.drain_s + DEFAULTS.shutdown_s)

  def test_no_service_may_write_or_gain_rights(self):
    for name, service in self.services.items():
      with self.subTest(name):
        self.assertEqual(service['cap_drop'], ['ALL'])
        self.assertIn('no-new-privileges:true', service['security_opt'])
        if name != 'prometheus':
          self.assertTrue(service['read_only'])
          self.assertIn('limits', service['deploy']['resources'])

  def test_prometheus_asks_where_the_figures_are(self):
    (config,) = documents('prometheus.yaml')
    jobs = {job['job_name']: job for job in config['scrape_configs']}
    self.assertLessEqual(jobs.keys(), self.services.keys())
    (path,) = re.findall('path: "(.*)"', read('tf_serving/monitoring.config'))
    expected = {
      'tf-twingan': ('/metrics', flags.FLAGS['port'].default),
      'tf-serving': (path, REST_PORT),
    }
    for name, (path, port) in expected.items():
      self.assertEqual(jobs[name]['metrics_path'], path)
      targets = jobs[name]['static_configs'][0]['targets']
      self.assertEqual(targets, [f'{name}:{port}'])
    self.assertIn('/metrics', routes())


class KubernetesTest(absltest.TestCase):
  def setUp(self):
    super().setUp()
    self.by_kind = {}
    for document in documents('kubernetes.yaml'):
      self.assertIn('apiVersion', document)
      name = document['metadata']['name']
      self.by_kind.setdefault(document['kind'], {})[name] = document
    self.pods = {
      name: deployment['spec']['template']
      for name, deployment in self.by_kind['Deployment'].items()
    }

  def container(self, name):
    (container,) = self.pods[name]['spec']['containers']
    return container

  def test_everything_names_what_is_there(self):
    self.assertEqual(self.pods.keys(), {'tf-serving', 'tf-twingan'})
    for name, deployment in self.by_kind['Deployment'].items():
      labels = self.pods[name]['metadata']['labels']
      selected = deployment['spec']['selector']['matchLabels']
      self.assertEqual(selected, labels)
      budget = self.by_kind['PodDisruptionBudget'][name]['spec']
      self.assertEqual(budget['selector']['matchLabels'], labels)
      scaler = self.by_kind['HorizontalPodAutoscaler'][name]['spec']
      self.assertEqual(scaler['scaleTargetRef']['name'], name)
      self.assertLess(budget['minAvailable'], scaler['minReplicas'])
      service = self.by_kind['Service'][name]['spec']
      self.assertLessEqual(service['selector'].items(), labels.items())
      ports = {port['name'] for port in self.container(name)['ports']}
      for port in service['ports']:
        self.assertIn(port['targetPort'], ports)
      volumes = {v['name'] for v in self.pods[name]['spec']['volumes']}
      mounted = {m['name'] for m in self.container(name)['volumeMounts']}
      self.assertEqual(volumes, mounted)

  def test_ports_and_probes_are_those_of_the_programs(self):
    expected = {
      'tf-serving': {'grpc': GRPC_PORT, 'http': REST_PORT},
      'tf-twingan': {'http': flags.FLAGS['port'].default},
    }
    for name, ports in expected.items():
      container = self.container(name)
      found = {p['name']: p['containerPort'] for p in container['ports']}
      self.assertEqual(found, ports)
      for kind in ('startupProbe', 'readinessProbe', 'livenessProbe'):
        probe = container[kind]
        handler = probe.get('httpGet') or probe['tcpSocket']
        self.assertIn(handler['port'], ports)
        if name == 'tf-twingan':
          self.assertIn(handler['path'], routes())
        elif 'path' in handler:
          self.assertEqual(handler['path'], f'/v1/models/{MODEL}')
    ready = self.container('tf-twingan')['readinessProbe']['httpGet']['path']
    alive = self.container('tf-twingan')['livenessProbe']['httpGet']['path']
    # A server whose model server is away takes no requests, and is not killed.
    self.assertEqual((ready, alive), ('/readyz', '/healthz'))

  def test_the_server_asks_all_model_servers_by_the_label(self):
    given = arguments(self.container('tf-twingan')['args'])
    self.assertLessEqual(given.keys(), set(flags.FLAGS))
    self.assertEqual(given['tf_serving'], f'tf-serving:{GRPC_PORT}')
    # Of a service without an address, the name has those of all pods.
    service = self.by_kind['Service']['tf-serving']['spec']
    self.assertEqual(service['clusterIP'], 'None')
    config = self.by_kind['ConfigMap']['tf-serving']['data']
    labels = parse_models(config['models.config']).version_labels
    self.assertIn(given['tf_serving_label'], labels)
    mounts = [
      m['mountPath'] for m in self.container('tf-twingan')['volumeMounts']
    ]
    for flag in ('bundle', 'token_file'):
      self.assertIn(given[flag].rsplit('/', 1)[0], mounts)

  def test_the_model_server_has_the_configuration_of_compose(self):
    config = self.by_kind['ConfigMap']['tf-serving']['data']
    given = arguments(self.container('tf-serving')['args'])
    self.assertEqual(given.keys(), SERVING_FLAGS)
    for value in given.values():
      if value.startswith('/'):
        self.assertIn(pathlib.Path(value).name, config)
    for name in ('batching.config', 'monitoring.config'):
      self.assertEqual(config[name], read(f'tf_serving/{name}'))
    here, there = (
      parse_models(text)
      for text in (config['models.config'], read('tf_serving/models.config'))
    )
    # The volume holds whole bundles.
    self.assertEqual(here.base_path, f'{there.base_path}/saved_model')
    there.base_path = here.base_path
    self.assertEqual(here, there)

  def test_pods_have_limits_and_few_rights(self):
    for name, pod in self.pods.items():
      with self.subTest(name):
        self.assertTrue(pod['spec']['securityContext']['runAsNonRoot'])
        self.assertFalse(pod['spec']['automountServiceAccountToken'])
        container = self.container(name)
        rights = container['securityContext']
        self.assertTrue(rights['readOnlyRootFilesystem'])
        self.assertFalse(rights['allowPrivilegeEscalation'])
        self.assertEqual(rights['capabilities'], {'drop': ['ALL']})
        self.assertEqual(
          container['resources']['requests'].keys(), {'cpu', 'memory'}
        )
        self.assertIn('memory', container['resources']['limits'])
        mounts = {m['mountPath']: m for m in container['volumeMounts']}
        writable = [p for p, m in mounts.items() if not m.get('readOnly')]
        self.assertEqual(writable, ['/tmp'])

  def test_a_pod_ends_before_it_is_killed(self):
    pod = self.pods['tf-twingan']['spec']
    pause = int(
      self.container('tf-twingan')['lifecycle']['preStop']['exec']['command'][1]
    )
    self.assertGreater(
      pod['terminationGracePeriodSeconds'],
      pause + DEFAULTS.drain_s + DEFAULTS.shutdown_s,
    )


class KserveTest(absltest.TestCase):
  def test_it_serves_the_bundle(self):
    (service,) = documents('kserve.yaml')
    self.assertEqual(service['apiVersion'], 'serving.kserve.io/v1beta1')
    self.assertEqual(service['kind'], 'InferenceService')
    self.assertEqual(service['metadata']['name'], MODEL)
    model = service['spec']['predictor']['model']
    self.assertEqual(model['modelFormat'], {'name': 'tensorflow'})
    self.assertEqual(model['ports'][0]['containerPort'], KSERVE_GRPC_PORT)
    self.assertEndsWith(model['storageUri'], f'/{MODEL}/saved_model')
    self.assertLessEqual(arguments(model['args']).keys(), SERVING_FLAGS)
    compose = documents('compose.yaml')[0]['services']['tf-serving']['image']
    self.assertEqual(compose, f'tensorflow/serving:{model["runtimeVersion"]}')


class PageTest(absltest.TestCase):
  def test_commands_of_the_page_have_flags_that_there_are(self):
    page = (source_tree.ROOT / 'docs' / 'serving.md').read_text()
    commands = re.findall(r'python -m tf_twingan\.serve((?:[^\n]|\\\n)*)', page)
    self.assertNotEmpty(commands)
    for command in commands:
      for word in shlex.split(command.replace('\\\n', ' ')):
        self.assertIn(word.lstrip('-').partition('=')[0], set(flags.FLAGS))


if __name__ == '__main__':
  absltest.main()

"""Checks TFLite files before the interpreter, which trusts what it opens.

It crashes on a file that is cut, and it runs operations of TensorFlow, too, of
which some read or write files.
"""

from tensorflow.lite.python import schema_py_generated as schema

IDENTIFIER = b'TFL3'


def parse(model: bytes) -> schema.ModelT:
  """Reads all of a TFLite file that only computes.

  Args:
    model: content of the file.

  Raises:
    ValueError: it is no TFLite file, it is damaged, or it has operations of
      TensorFlow itself; names them.
  """
  try:
    if model[4:8] != IDENTIFIER:
      raise ValueError(f'it starts with {model[:8]!r}')
    parsed = schema.ModelT.InitFromObj(schema.Model.GetRootAsModel(model, 0))
  # On damaged files the reader raises nearly every exception there is.
  except Exception as error:
    raise ValueError(
      f'it is no TFLite file, or damaged ({" ".join(str(error).split())}); '
      'export or copy it again'
    ) from error
  names = [code.customCode or b'' for code in parsed.operatorCodes or []]
  flex = sorted(
    {
      name.decode('utf-8', 'replace')
      for name in names
      if name.startswith(b'Flex')
    }
  )
  if flex:
    raise ValueError(
      f'it has operations of TensorFlow ({", ".join(flex)}), which may read or '
      'write files; convert it to those that TFLite has built in'
    )
  return parsed

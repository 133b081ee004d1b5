"""Examples of answers, for the description of the API."""

from typing import Any


def of(answer: Any) -> dict[int | str, dict[str, Any]]:
  """What a route that answers JSON gives FastAPI as its `responses`."""
  return {200: {'content': {'application/json': {'example': answer}}}}

"""The question the tests of standards ask of a rule, for the tests of this folder."""

from tests.standards.conftest import parse_all

__all__ = ["parse_all"]

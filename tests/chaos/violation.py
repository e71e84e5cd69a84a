# SPDX-License-Identifier: Apache-2.0
"""The one exception of a chaos run: an invariant that does not hold. Its text is for the person who reads the verdict."""


class Violation(Exception):
    """What was expected, and what was found instead; the run ends here."""

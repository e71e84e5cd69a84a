# SPDX-License-Identifier: Apache-2.0
"""The one exception of the guest harness: its text is for the person at the terminal."""


class HarnessError(Exception):
    """Something outside the guest went wrong; ./run guest prints it and exits with 125."""

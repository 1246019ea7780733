"""The links of the control tests, here with recordings."""

from tests.robots.control.conftest import make_process_link, own_locks, start_owner

__all__ = ["make_process_link", "own_locks", "start_owner"]

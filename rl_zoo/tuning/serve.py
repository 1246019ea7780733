"""Optuna's gRPC server in front of a storage, for workers that cannot reach the storage itself."""

from __future__ import annotations

import threading
from typing import Any

from rl_zoo.errors import ConfigError
from rl_zoo.tuning.grpc_library import require_grpc
from rl_zoo.tuning.storage import open_storage

_END_SECONDS = 5.0
_THREADS = 10


class StorageServer:
    """Serve a storage to ``--storage grpc://host:port``.

    Args:
        storage: What ``--storage`` names: a database or a journal.
        host: Address to listen on. Whoever reaches it may change studies: there is no password.
        port: Port; 0: a free one.

    Attributes:
        port: The port it listens on.

    Raises:
        ConfigError: If the storage cannot be used or the port is taken.
        MissingDependencyError: If grpcio is not installed.
    """

    def __init__(self, storage: str, host: str, port: int) -> None:
        require_grpc("rl_zoo study serve")
        if storage.startswith("grpc://"):
            raise ConfigError(f"--storage {storage}: is served already")
        if not 0 <= port < 65536:
            raise ConfigError(f"--port {port}: must be from 0 to 65535")
        backend = _cached(open_storage(storage, must_exist=False))
        self._over = threading.Event()
        self._server, self.port = _make_server(backend, host, port)

    def start(self) -> None:
        """Begin to answer."""
        self._server.start()

    def wait(self) -> None:
        """Wait for a signal; in Python's own code, so that it is heard at once."""
        while not self._over.wait(0.5):
            pass

    def stop(self) -> None:
        """Answer what was asked, then end."""
        self._over.set()
        self._server.stop(_END_SECONDS).wait(_END_SECONDS)


def _cached(storage: Any) -> Any:
    """Keep finished trials in memory: otherwise every look at them is read from the database."""
    from optuna.storages import get_storage

    return get_storage(storage)


def _make_server(backend: Any, host: str, port: int) -> tuple[Any, int]:
    from concurrent.futures import ThreadPoolExecutor

    import grpc
    from optuna.storages._grpc.auto_generated import api_pb2_grpc
    from optuna.storages._grpc.servicer import OptunaStorageProxyService

    # Two servers on one port would share its workers between two caches.
    server = grpc.server(ThreadPoolExecutor(_THREADS), options=[("grpc.so_reuseport", 0)])
    register: Any = api_pb2_grpc.add_StorageServiceServicer_to_server
    register(OptunaStorageProxyService(backend), server)
    try:
        return server, server.add_insecure_port(f"{host}:{port}")
    except RuntimeError as error:
        raise ConfigError(
            f"--host {host} --port {port}: cannot listen there; is it taken?"
        ) from error

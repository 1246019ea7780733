"""``study serve``: Optuna's server in front of a storage."""

from __future__ import annotations

import argparse
from collections.abc import Sequence

from rl_zoo import console
from rl_zoo.commands.options import ZooArgumentParser, run_command


def build_parser() -> ZooArgumentParser:
    """Return the parser of ``study serve``."""
    parser = ZooArgumentParser(
        prog="rl_zoo study serve",
        description="Share a storage with workers that use --storage grpc://host:port. There is "
        "no password: whoever reaches the port may change the studies.",
    )
    parser.add_argument("--storage", required=True, help="a database URL or journal file (*.log)")
    parser.add_argument("--port", type=int, default=13000, help="port to listen on; 0: a free one")
    parser.add_argument(
        "--host", default="localhost", help="address to listen on; 0.0.0.0: every network"
    )
    return parser


def main(argv: Sequence[str] | None = None) -> int:
    """Serve until a signal comes; return the exit code."""
    return run_command(build_parser(), argv, _serve)


def _serve(arguments: argparse.Namespace) -> int:
    from rl_zoo.stop_signals import InterruptSignals
    from rl_zoo.tuning.serve import StorageServer
    from rl_zoo.tuning.storage import redacted

    server = StorageServer(arguments.storage, arguments.host, arguments.port)
    with InterruptSignals() as signals:
        try:
            server.start()
            console.message(
                f"{redacted(arguments.storage)} is shared: --storage "
                f"grpc://{arguments.host}:{server.port} (Ctrl-C ends it)"
            )
            server.wait()
        except KeyboardInterrupt:
            return 0
        finally:
            signals.hold()
            server.stop()
    return 0

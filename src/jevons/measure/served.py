"""A run's metrics at /metrics and its page at the root, served by the standard library."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any

from jevons.core.errors import BadInput
from jevons.measure.exporter import CONTENT_TYPE, Exporter
from jevons.measure.live_page import LivePage, page

if TYPE_CHECKING:
    from jevons.measure.tracker import Run


@dataclass
class Served:
    """A page being served; ``close`` ends it."""

    server: ThreadingHTTPServer

    @property
    def url(self) -> str:
        """Where Prometheus finds it."""
        host, port = self.server.server_address[:2]
        return f"http://{host!s}:{port}/metrics"

    @property
    def page(self) -> str:
        """Where a browser finds it."""
        return self.url.removesuffix("metrics")

    def close(self) -> None:
        """Serve no more."""
        self.server.shutdown()
        self.server.server_close()

    def __enter__(self) -> Served:
        return self

    def __exit__(self, *failure: object) -> None:
        self.close()


def serve(run: Run, port: int = 9877, host: str = "127.0.0.1") -> Served:
    """Serve the run's metrics at /metrics, from a thread that never holds the process open.

    ``port`` 0 takes any free one. Errors: BadInput where the address cannot be had.
    """
    offered = _offered(Exporter(run))

    class Page(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            kind, body = offered.get(self.path.split("?")[0], (CONTENT_TYPE, None))
            answer = b"the page is at /, the metrics are at /metrics\n" if body is None else body()
            self.send_response(404 if body is None else 200)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(answer)))
            self.send_header("Cache-Control", "no-store")
            self.end_headers()
            with suppress(OSError):  # whoever asked has left
                self.wfile.write(answer)

        def log_message(self, format: str, *args: Any) -> None:  # a scrape is no news
            return

    try:
        server = ThreadingHTTPServer((host, port), Page)
    except (OSError, OverflowError) as trouble:
        raise BadInput("port", f"{host}:{port}", f"give a free port, or 0 for any ({trouble})") from None
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, name="jevons-metrics", daemon=True).start()
    return Served(server)


def _offered(exporter: Exporter) -> Mapping[str, tuple[str, Callable[[], bytes]]]:
    """path → (kind, what answers)."""
    live = LivePage(exporter)
    return {"/": ("text/html; charset=utf-8", page), "/metrics": (CONTENT_TYPE, lambda: exporter.page().encode()),
            "/live.json": ("application/json", lambda: json.dumps(live.state(), allow_nan=False).encode())}  # fmt: skip

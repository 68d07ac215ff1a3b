"""The read-only Spark Connect endpoint: a gRPC service in front of the embedded engine that forwards read-only plans.

Here: the service's methods, the sessions' settings, starting and stopping. Not here: which plans are allowed (`plans`,
`queries`), which tables are served (`tables`).

The engine never gets a command: a query of `spark.sql` is returned to the client as a plan, which is checked again when its
rows are requested.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any, NoReturn
from uuid import uuid4

import grpc
from google.rpc import code_pb2, status_pb2
from grpc_status import rpc_status
from pyspark.sql.connect.proto import base_pb2

from pipelines.serving.allowed import ANALYSES, INSTEAD, SETTINGS
from pipelines.serving.engine import OPTIONS, SERVICE, Backend
from pipelines.serving.plans import checked
from pipelines.serving.queries import Refused
from pipelines.serving.tables import Tables

THREADS = 32


class Endpoint:
    """A running endpoint. `address` is where it listens."""

    def __init__(self, tables: Tables, backend: Backend, host: str, port: int) -> None:
        self._tables, self._backend = tables, backend
        self._server = grpc.server(ThreadPoolExecutor(THREADS), options=[*OPTIONS, ("grpc.so_reuseport", 0)])
        self._server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler(SERVICE, self._methods()),))
        self.address = f"{host}:{self._server.add_insecure_port(f'{host}:{port}')}"
        self._server.start()

    def wait(self) -> None:
        """Block until the endpoint is stopped."""
        self._server.wait_for_termination()

    def stop(self) -> None:
        """Stop the server and cancel running queries."""
        self._server.stop(None).wait()

    def _methods(self) -> dict[str, Any]:
        """Return the supported methods. Requests are parsed; answers of the engine are forwarded unchanged."""
        unary, stream = grpc.unary_unary_rpc_method_handler, grpc.unary_stream_rpc_method_handler
        methods = {
            "ExecutePlan": stream(self._execute, base_pb2.ExecutePlanRequest.FromString),
            "AnalyzePlan": unary(self._analyze, base_pb2.AnalyzePlanRequest.FromString),
            "Config": unary(self._config, base_pb2.ConfigRequest.FromString),
            "ReattachExecute": stream(lambda r, c: self._stream("ReattachExecute", r, c)),
            "AddArtifacts": grpc.stream_unary_rpc_method_handler(_no_artifacts),
            "ArtifactStatus": unary(_no_artifacts),
        }
        for name in ("ReleaseExecute", "ReleaseSession", "Interrupt"):
            methods[name] = unary(self._passing(name))
        return methods

    def _execute(self, request: Any, context: grpc.ServicerContext) -> Iterator[bytes]:
        _strip(request)
        kind = request.plan.WhichOneof("op_type")
        if kind == "command" and request.plan.command.WhichOneof("command_type") == "sql_command":
            yield from self._query(request, context)
            return
        if kind == "command":
            _refuse(context, _only_reads(request.plan.command.WhichOneof("command_type")))
        if kind != "root":
            _refuse(context, "compressed plans are not supported here: use fewer values in the query")
        self._check(request.plan, context)
        self._backend.greet(request.session_id, request.user_context)
        yield from self._stream("ExecutePlan", request.SerializeToString(), context)

    def _query(self, request: Any, context: grpc.ServicerContext) -> Iterator[bytes]:
        """Check a query of `spark.sql` and return it as a plan; it runs when its rows are requested."""
        command = request.plan.command.sql_command
        if not command.HasField("input"):
            _refuse(context, "this client is too old: use PySpark 4")
        copy = base_pb2.Plan(root=command.input)
        self._check(copy, context)
        for field, value in (
            ("sql_command_result", base_pb2.ExecutePlanResponse.SqlCommandResult(relation=command.input)),
            ("result_complete", base_pb2.ExecutePlanResponse.ResultComplete()),
        ):
            answer = base_pb2.ExecutePlanResponse(
                session_id=request.session_id,
                server_side_session_id=request.session_id,
                operation_id=request.operation_id or str(uuid4()),
                response_id=str(uuid4()),
            )
            getattr(answer, field).CopyFrom(value)
            yield answer.SerializeToString()

    def _analyze(self, request: Any, context: grpc.ServicerContext) -> bytes:
        _strip(request)
        kind = request.WhichOneof("analyze")
        if kind not in ANALYSES:
            _refuse(context, _only_reads(kind))
        self._check(request, context)
        self._backend.greet(request.session_id, request.user_context)
        return self._call("AnalyzePlan", request.SerializeToString(), context)

    def _config(self, request: Any, context: grpc.ServicerContext) -> bytes:
        _strip(request)
        kind = request.operation.WhichOneof("op_type")
        keys = {"set": lambda: [p.key for p in request.operation.set.pairs], "unset": lambda: list(request.operation.unset.keys)}
        for key in keys.get(kind, list)():
            if not key.startswith(SETTINGS):
                _refuse(context, f"the setting {key[:80]} cannot be changed here; {SETTINGS[0]} can")
        self._backend.greet(request.session_id, request.user_context)
        return self._call("Config", request.SerializeToString(), context)

    def _check(self, message: Any, context: grpc.ServicerContext) -> None:
        try:
            checked(message, self._tables)
        except Refused as e:
            _refuse(context, str(e))
        except RecursionError:
            _refuse(context, "this plan is nested too deeply")

    def _passing(self, name: str) -> Callable[[bytes, grpc.ServicerContext], bytes]:
        return lambda request, context: self._call(name, request, context)

    def _call(self, name: str, request: bytes, context: grpc.ServicerContext) -> bytes:
        try:
            return self._backend.call(name, request)
        except grpc.RpcError as e:
            _pass_on(e, context)

    def _stream(self, name: str, request: bytes, context: grpc.ServicerContext) -> Iterator[bytes]:
        call = self._backend.stream(name, request)
        context.add_callback(call.cancel)
        try:
            yield from call
        except grpc.RpcError as e:
            _pass_on(e, context)


def _strip(request: Any) -> None:
    """Remove unknown fields and extensions from a request."""
    request.DiscardUnknownFields()
    del request.user_context.extensions[:]


def _only_reads(kind: str | None) -> str:
    what = (kind or "this").replace("_", " ")
    return f"this endpoint only reads: {what} is refused" + (f"; {INSTEAD[kind]}" if kind in INSTEAD else "")


def _no_artifacts(request: Any, context: grpc.ServicerContext) -> NoReturn:
    _refuse(context, "this endpoint only reads: files, programs and large tables of your own are not accepted")


def _refuse(context: grpc.ServicerContext, sentence: str) -> NoReturn:
    status = status_pb2.Status(code=code_pb2.PERMISSION_DENIED, message=f"READ_ONLY: {sentence}.")
    context.abort_with_status(rpc_status.to_status(status))
    raise AssertionError("abort raises")


def _pass_on(error: grpc.RpcError, context: grpc.ServicerContext) -> NoReturn:
    """Forward an error of the engine unchanged."""
    context.set_trailing_metadata(error.trailing_metadata() or ())
    context.abort(error.code(), error.details() or "")
    raise AssertionError("abort raises")

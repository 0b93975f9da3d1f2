"""The messages between host and worker, as protobuf classes: the fields that azure-functions-runtime reads or writes.

Names, numbers and types are those of `FunctionRpc.proto` in Azure/azure-functions-language-worker-protobuf; a value
that the wire would not take fails here as it does there.
"""

from __future__ import annotations

import types
from typing import Any

from google.protobuf import descriptor_pb2, descriptor_pool, duration_pb2, message_factory, timestamp_pb2

_PACKAGE = "AzureFunctionsRpcMessages"

# name, type and number of each field, and the `oneof` that it is in. `*` is repeated, `{}` a map from strings.
_MESSAGES = {
    "BindingInfo": "type string 2, direction BindingInfo.Direction 3, data_type BindingInfo.DataType 4",
    "FunctionLoadRequest": "function_id string 1, metadata RpcFunctionMetadata 2",
    "FunctionLoadResponse": "function_id string 1, result StatusResult 2",
    "FunctionMetadataResponse": (
        "function_metadata_results RpcFunctionMetadata* 1, result StatusResult 2, use_default_metadata_indexing bool 3"
    ),
    "FunctionsMetadataRequest": "function_app_directory string 1",
    "InvocationRequest": (
        "invocation_id string 1, function_id string 2, input_data ParameterBinding* 3, trigger_metadata {TypedData} 4,"
        "trace_context RpcTraceContext 5, retry_context RetryContext 6"
    ),
    "InvocationResponse": (
        "invocation_id string 1, output_data ParameterBinding* 2, result StatusResult 3, return_value TypedData 4"
    ),
    "NullableBool": "value bool 1 bool",
    "NullableDouble": "value double 1 double",
    "NullableString": "value string 1 string",
    "NullableTimestamp": "value google.protobuf.Timestamp 1 timestamp",
    "ParameterBinding": "name string 1, data TypedData 2 rpc_data",
    "RetryContext": "retry_count int32 1, max_retry_count int32 2, exception RpcException 3",
    "RpcException": "stack_trace string 1, message string 2, source string 3, is_user_exception bool 4, type string 5",
    "RpcFunctionMetadata": (
        "directory string 1, script_file string 2, entry_point string 3, name string 4, bindings {BindingInfo} 6,"
        "is_proxy bool 7, status StatusResult 8, language string 9, raw_bindings string* 10, function_id string 13,"
        "managed_dependency_enabled bool 14, retry_options RpcRetryOptions 15, properties {string} 16"
    ),
    "RpcHttp": (
        "method string 1, url string 2, headers {string} 3, body TypedData 4, params {string} 10,"
        "status_code string 12, query {string} 15, enable_content_negotiation bool 16, cookies RpcHttpCookie* 19"
    ),
    "RpcHttpCookie": (
        "name string 1, value string 2, domain NullableString 3, path NullableString 4, expires NullableTimestamp 5,"
        "secure NullableBool 6, http_only NullableBool 7, same_site RpcHttpCookie.SameSite 8, max_age NullableDouble 9"
    ),
    "RpcRetryOptions": (
        "max_retry_count int32 2, delay_interval google.protobuf.Duration 3,"
        "minimum_interval google.protobuf.Duration 4, maximum_interval google.protobuf.Duration 5,"
        "retry_strategy RpcRetryOptions.RetryStrategy 6"
    ),
    "RpcTraceContext": "trace_parent string 1, trace_state string 2, attributes {string} 3",
    "StatusResult": "result string 1, exception RpcException 2, status StatusResult.Status 4",
    "StreamingMessage": (
        "request_id string 1, invocation_request InvocationRequest 4 content,"
        "function_load_request FunctionLoadRequest 8 content, worker_init_request WorkerInitRequest 17 content,"
        "functions_metadata_request FunctionsMetadataRequest 29 content"
    ),
    "TypedData": (
        "string string 1 data, json string 2 data, bytes bytes 3 data, stream bytes 4 data, http RpcHttp 5 data,"
        "int sint64 6 data, double double 7 data"
    ),
    "WorkerInitRequest": (
        "host_version string 1, capabilities {string} 2, worker_directory string 4, function_app_directory string 5"
    ),
    "WorkerInitResponse": (
        "worker_version string 1, capabilities {string} 2, result StatusResult 3, worker_metadata WorkerMetadata 4"
    ),
    "WorkerMetadata": (
        "runtime_name string 1, runtime_version string 2, worker_version string 3, worker_bitness string 4,"
        "custom_properties {string} 5"
    ),
}
_ENUMS = {
    "BindingInfo.DataType": ("undefined", "string", "binary", "stream"),
    "BindingInfo.Direction": ("in", "out", "inout"),
    "RpcHttpCookie.SameSite": ("None", "Lax", "Strict", "ExplicitNone"),
    "RpcRetryOptions.RetryStrategy": ("exponential_backoff", "fixed_delay"),
    "StatusResult.Status": ("Failure", "Success", "Cancelled"),
}
_SCALARS = {"bool", "bytes", "double", "int32", "sint64", "string"}


def protocol() -> Any:
    """Return the message classes as the module that the library is given as `protos`."""
    file = descriptor_pb2.FileDescriptorProto(name="FunctionRpc.proto", package=_PACKAGE, syntax="proto3")
    file.dependency.extend([duration_pb2.DESCRIPTOR.name, timestamp_pb2.DESCRIPTOR.name])
    for name, fields in _MESSAGES.items():
        message = file.message_type.add(name=name)
        for owner_and_name, values in _ENUMS.items():
            owner, _, enum = owner_and_name.partition(".")
            if owner == name:
                _add_enum(message, enum, values)
        for field in fields.split(","):
            _add_field(message, *field.split())
    pool = descriptor_pool.Default()
    pool.Add(file)
    classes = {
        name: message_factory.GetMessageClass(pool.FindMessageTypeByName(f"{_PACKAGE}.{name}")) for name in _MESSAGES
    }
    return types.SimpleNamespace(**classes)


def _add_enum(message: Any, name: str, values: tuple[str, ...]) -> None:
    enum = message.enum_type.add(name=name)
    for number, value in enumerate(values):
        enum.value.add(name=value, number=number)


def _add_field(message: Any, name: str, kind: str, number: str, oneof: str | None = None) -> None:
    field = message.field.add(name=name, number=int(number), label=descriptor_pb2.FieldDescriptorProto.LABEL_OPTIONAL)
    if kind.startswith("{"):
        entry = message.nested_type.add(name=f"{name.title().replace('_', '')}Entry")
        entry.options.map_entry = True
        _add_field(entry, "key", "string", "1")
        _add_field(entry, "value", kind.strip("{}"), "2")
        kind = f"{message.name}.{entry.name}*"
    if kind.endswith("*"):
        field.label = descriptor_pb2.FieldDescriptorProto.LABEL_REPEATED
    _set_type(field, kind.rstrip("*"))
    if oneof:
        names = [item.name for item in message.oneof_decl]
        if oneof not in names:
            message.oneof_decl.add(name=oneof)
            names.append(oneof)
        field.oneof_index = names.index(oneof)


def _set_type(field: Any, kind: str) -> None:
    if kind in _SCALARS:
        field.type = descriptor_pb2.FieldDescriptorProto.Type.Value(f"TYPE_{kind.upper()}")
    elif kind in _ENUMS:
        field.type = descriptor_pb2.FieldDescriptorProto.TYPE_ENUM
        field.type_name = f".{_PACKAGE}.{kind}"
    else:
        field.type = descriptor_pb2.FieldDescriptorProto.TYPE_MESSAGE
        field.type_name = f".{kind}" if kind.startswith("google.") else f".{_PACKAGE}.{kind}"

"""Writes a compiled proto2 file back as source.

`buf/validate/validate.proto` is published on PyPI in compiled form only (inside `protovalidate`); buf needs the source.
Comments and reserved ranges do not survive, everything that decides meaning does.
"""

from __future__ import annotations

from collections.abc import Iterator
from importlib import import_module

from google.protobuf import descriptor_pb2, descriptor_pool, message_factory, text_format
from google.protobuf.message import Message
from google.protobuf.text_encoding import CEscape

_SCALARS = {
    number: name.removeprefix("TYPE_").lower() for name, number in descriptor_pb2.FieldDescriptorProto.Type.items()
}
_LABELS = {
    descriptor_pb2.FieldDescriptorProto.LABEL_OPTIONAL: "optional ",
    descriptor_pb2.FieldDescriptorProto.LABEL_REQUIRED: "required ",
    descriptor_pb2.FieldDescriptorProto.LABEL_REPEATED: "repeated ",
}
_MAX_FIELD_NUMBER = 536870911


def proto2_source(serialized: bytes) -> str:
    """The `.proto` text of a serialized FileDescriptorProto without editions, services or groups."""
    pool = descriptor_pool.Default()
    file = descriptor_pb2.FileDescriptorProto.FromString(serialized)
    for dependency in file.dependency:
        import_module(dependency.replace("/", ".").removesuffix(".proto") + "_pb2")
    pool.AddSerializedFile(serialized)
    message_factory.GetMessageClassesForFiles([file.name], pool)  # makes the file's own extensions known to the parser
    file = descriptor_pb2.FileDescriptorProto.FromString(serialized)
    lines = ['syntax = "proto2";', f"package {file.package};"]
    lines += [f'import "{dependency}";' for dependency in file.dependency]
    lines += [f"option {text};" for text in _options(file.options)]
    for extension in file.extension:
        lines += [f"extend {extension.extendee} {{", f"  {_field(extension)}", "}"]
    for enum in file.enum_type:
        lines += _enum(enum)
    for message in file.message_type:
        lines += _message(message)
    return "\n".join(lines) + "\n"


def _message(message: descriptor_pb2.DescriptorProto) -> Iterator[str]:
    yield f"message {message.name} {{"
    for nested_enum in message.enum_type:
        yield from _enum(nested_enum)
    for nested in message.nested_type:
        yield from _message(nested)
    for field in message.field:
        if not field.HasField("oneof_index"):
            yield f"  {_field(field)}"
    for index, oneof in enumerate(message.oneof_decl):
        yield f"  oneof {oneof.name} {{"
        for field in message.field:
            if field.HasField("oneof_index") and field.oneof_index == index:
                yield f"    {_field(field).removeprefix('optional ')}"
        yield "  }"
    for extension_range in message.extension_range:
        last = extension_range.end - 1
        yield f"  extensions {extension_range.start} to {'max' if last == _MAX_FIELD_NUMBER else last};"
    for option in _options(message.options):
        yield f"  option {option};"
    yield "}"


def _enum(enum: descriptor_pb2.EnumDescriptorProto) -> Iterator[str]:
    yield f"enum {enum.name} {{"
    for value in enum.value:
        yield f"  {value.name} = {value.number};"
    yield "}"


def _field(field: descriptor_pb2.FieldDescriptorProto) -> str:
    kind = field.type_name or _SCALARS[field.type]
    options = list(_options(field.options))
    if field.HasField("default_value"):
        options.append(f"default = {field.default_value}")
    suffix = f" [{', '.join(options)}]" if options else ""
    return f"{_LABELS[field.label]}{kind} {field.name} = {field.number}{suffix};"


def _options(options: Message) -> Iterator[str]:
    for descriptor, value in options.ListFields():
        name = f"({descriptor.full_name})" if descriptor.is_extension else descriptor.name
        if isinstance(value, Message):
            yield f"{name} = {{ {text_format.MessageToString(value, as_one_line=True)} }}"
        elif isinstance(value, bool):
            yield f"{name} = {str(value).lower()}"
        elif isinstance(value, str):
            yield f'{name} = "{CEscape(value.encode(), as_utf8=True)}"'
        else:
            yield f"{name} = {value}"

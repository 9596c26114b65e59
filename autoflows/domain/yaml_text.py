"""YAML as flows are written in it: text, numbers, yes or no, nothing, lists and mappings. Safe for text from anyone, and exact both ways.

Read by the rules of YAML 1.2, so that `10:30` and `no` are text. Anchors, tags and second documents are refused: nothing in a file can grow
beyond its size, and no object of ours is made from a name in it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from math import isfinite
from typing import Any

import yaml

MAX_CHARACTERS = 500_000
MAX_DEPTH = 20

_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_INTEGER = re.compile(r"[-+]?(0|[1-9][0-9]{0,17})")
_FLOAT = re.compile(r"[-+]?[0-9]+\.[0-9]*([eE][-+][0-9]+)?")
_UNSEEN = re.compile(r"[^\n\x20-\x7e\xa0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]|[\u2028\u2029\ufeff]")
_WORDS: dict[str, Any] = {"": None, "~": None, "null": None, "Null": None, "NULL": None}
_WORDS |= {word: value for value, words in {True: "true True TRUE", False: "false False FALSE"}.items() for word in words.split()}


class YamlError(Exception):
    """The text is not YAML that a flow can be written in; the message is for the person who wrote it."""

    def __init__(self, message: str, line: int) -> None:
        super().__init__(message)
        self.message, self.line = message, line


@dataclass(frozen=True, slots=True)
class YamlDocument:
    """What the text says, and the line (from 1) on which the value at each JSON pointer begins."""

    value: Any
    lines: dict[str, int] = field(default_factory=dict)

    def line_of(self, pointer: str) -> int:
        """The line of a value, or of the nearest one around it that the text has."""
        while pointer and pointer not in self.lines:
            pointer = pointer.rsplit("/", 1)[0]
        return self.lines.get(pointer, 1)


def parse_yaml(text: str) -> YamlDocument:
    """Read a text. Raises YamlError with the line, for anything that is not plain YAML or is too large or too deep."""
    if len(text) > MAX_CHARACTERS:
        raise YamlError(f"The text is longer than {MAX_CHARACTERS:,} characters", 1)
    document = YamlDocument(None)
    try:
        events = yaml.parse(text, Loader=_LOADER)
        value = _Reader(events, document.lines).read_document()
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        said = ", ".join(part for part in (error.context, error.problem) if part)
        raise YamlError(f"This is not YAML: {said}", mark.line + 1 if mark else 1) from None
    except (yaml.YAMLError, UnicodeError) as error:
        raise YamlError(f"This is not YAML: {str(error).splitlines()[0]}", 1) from None
    return YamlDocument(value, document.lines)


class _Reader:
    """Builds the value from the parser's events; the depth is limited before the next level is entered."""

    def __init__(self, events: Iterator[yaml.Event], lines: dict[str, int]) -> None:
        self.events, self.lines = events, lines

    def read_document(self) -> Any:
        value: Any = None
        for documents, event in enumerate(self._bodies()):
            if documents:
                raise YamlError("There is a second document; write one flow per file", event.start_mark.line + 1)
            value = self._value(event, "", 0)
        return value

    def _bodies(self) -> Iterator[yaml.Event]:
        for event in self.events:
            if isinstance(event, yaml.NodeEvent):
                yield event

    def _value(self, event: yaml.Event, pointer: str, depth: int) -> Any:
        line = event.start_mark.line + 1
        self.lines[pointer] = line
        if isinstance(event, yaml.AliasEvent) or event.anchor is not None:
            raise YamlError("Anchors and aliases (& and *) are not used in flows; write the value out", line)
        if event.tag is not None:
            raise YamlError(f"Tags such as {event.tag} are not used in flows", line)
        if depth > MAX_DEPTH:
            raise YamlError("This is nested too deeply to be a flow", line)
        if isinstance(event, yaml.MappingStartEvent):
            return self._mapping(pointer, depth)
        if isinstance(event, yaml.SequenceStartEvent):
            return self._sequence(pointer, depth)
        _check_text(event.value, line)
        return _scalar(event.value) if event.implicit[0] else event.value

    def _mapping(self, pointer: str, depth: int) -> dict[str, Any]:
        found: dict[str, Any] = {}
        while not isinstance(event := next(self.events), yaml.MappingEndEvent):
            line = event.start_mark.line + 1
            if not isinstance(event, yaml.ScalarEvent) or event.tag is not None or event.anchor is not None:
                raise YamlError("A name must be plain text", line)
            _check_text(event.value, line)
            if event.value in found:
                raise YamlError(f"'{event.value}' is written twice", line)
            inner = f"{pointer}/{event.value.replace('~', '~0').replace('/', '~1')}"
            found[event.value] = self._value(next(self.events), inner, depth + 1)
            self.lines[inner] = line
        return found

    def _sequence(self, pointer: str, depth: int) -> list[Any]:
        found: list[Any] = []
        while not isinstance(event := next(self.events), yaml.SequenceEndEvent):
            found.append(self._value(event, f"{pointer}/{len(found)}", depth + 1))
        return found


def _check_text(text: str, line: int) -> None:
    if "\x00" in text:
        raise YamlError("A text must not hold the NUL character (\\0), which cannot be stored", line)


def _scalar(text: str) -> Any:
    if text in _WORDS:
        return _WORDS[text]
    if _INTEGER.fullmatch(text):
        return int(text)
    if _FLOAT.fullmatch(text) and isfinite(number := float(text)):
        return number
    return text


class _Dumper(yaml.SafeDumper):  # type: ignore[misc]
    """Writes values out where they stand, never by reference."""

    def ignore_aliases(self, data: Any) -> bool:
        return True


def _text(dumper: _Dumper, text: str) -> Any:
    # Characters that some readers take for the end of a line are escaped, which only this style can.
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style='"' if _UNSEEN.search(text) else None)


_Dumper.add_representer(str, _text)


def write_yaml(value: Any) -> str:
    """The value as YAML that `parse_yaml` reads back as it was. It is made of what JSON is made of, with finite numbers."""
    text: str = yaml.dump(value, Dumper=_Dumper, sort_keys=False, allow_unicode=True, default_flow_style=False, width=110)
    return text

"""The functions `uniqueString` and `guid`, with the same results as in Azure.

`uniqueString` is a variant of MurmurHash in two lanes of 32 bits, written in base 32; its constants are those of
Azure.Deployments.Expression. `guid` is a name-based UUID (RFC 9562, version 5) in a namespace of Resource Manager's.
"""

from __future__ import annotations

import uuid

_MASK = 0xFFFFFFFF
_FIRST, _SECOND = 0x239B961B, 0xAB0E9789
_SPREAD, _MIX = 0x85EBCA6B, 0xC2B2AE35
_ADD_FIRST, _ADD_SECOND = 0x561CCD1B, 0x0BCAA747
_ALPHABET = "abcdefghijklmnopqrstuvwxyz234567"
_LENGTH = 13
_GUIDS = uuid.UUID("11fb06fb-712d-4ddd-98c7-e71bbd588830")


def unique_string(*parts: str) -> str:
    """Return the hash of the parts: 13 letters and digits."""
    digest = _hash("-".join(parts).encode())
    return "".join(_ALPHABET[(digest << 5 * at & 0xFFFFFFFFFFFFFFFF) >> 59] for at in range(_LENGTH))


def guid(*parts: str) -> str:
    """Return the UUID that is made from the parts."""
    return str(uuid.uuid5(_GUIDS, "-".join(parts)))


def _hash(data: bytes) -> int:
    first = second = 0
    whole = len(data) // 8 * 8
    for at in range(0, whole, 8):
        first = _rotated(first ^ _lane(data[at : at + 4], _FIRST, 15, _SECOND), 19)
        first = ((first + second) * 5 + _ADD_FIRST) & _MASK
        second = _rotated(second ^ _lane(data[at + 4 : at + 8], _SECOND, 17, _FIRST), 13)
        second = ((second + first) * 5 + _ADD_SECOND) & _MASK
    first ^= _lane(data[whole : whole + 4], _FIRST, 15, _SECOND)
    second ^= _lane(data[whole + 4 :], _SECOND, 17, _FIRST)
    second ^= len(data)
    first = ((first ^ len(data)) + second) & _MASK
    second = (second + first) & _MASK
    first, second = _mixed(first), _mixed(second)
    first = (first + second) & _MASK
    second = (second + first) & _MASK
    return second << 32 | first


def _lane(data: bytes, before: int, turn: int, after: int) -> int:
    """Return up to four bytes, read as a little-endian number and mixed into 32 bits."""
    return _rotated(int.from_bytes(data, "little") * before & _MASK, turn) * after & _MASK


def _rotated(value: int, by: int) -> int:
    value &= _MASK
    return (value << by | value >> 32 - by) & _MASK


def _mixed(value: int) -> int:
    value = (value ^ value >> 16) * _SPREAD & _MASK
    value = (value ^ value >> 13) * _MIX & _MASK
    return value ^ value >> 16

#!/usr/bin/env python3
"""Writes all-types.safetensors and all-types.json: each type of the format, by struct and json alone, with the values that it holds.

bfloat16 comes from PyTorch, the floats of 8 bits from tables that are made from their definition. Run here: python3 safetensors.py
"""
import json
import struct
from fractions import Fraction

import torch


def f8(mantissa, bias, kind):
    """All 256 values: sign, exponent, mantissa; None is NaN."""
    values = []
    for bits in range(256):
        sign, rest = -1 if bits >= 128 else 1, bits % 128
        exponent, fraction = divmod(rest, 2**mantissa)
        value = Fraction(fraction, 2**mantissa) * Fraction(2) ** (1 - bias)
        if exponent > 0:
            value = (1 + Fraction(fraction, 2**mantissa)) * Fraction(2) ** (exponent - bias)
        number = sign * float(value)
        if kind == "fn" and rest == 127:
            number = None
        if kind == "fnuz" and bits == 128:
            number = None
        if kind == "ieee" and exponent == 127 >> mantissa:
            number = None if fraction else sign * float("inf")
        values.append(number)
    return values


def bfloat16(numbers):
    tensor = torch.tensor(numbers, dtype=torch.float64).to(torch.bfloat16)
    return [b % 65536 for b in tensor.view(torch.int16).tolist()], tensor.to(torch.float64).tolist()


floats = [0.0, -0.0, 1.0, -1.5, 3.14159265358979, 1e-40, 1e30, float("inf"), float("-inf")]
bf_bits, bf_values = bfloat16(floats)
every = list(range(256))
f16 = [0.0, -2.5, 65504.0, 6e-8, float("inf")]

arrays = [  # name, type, shape, bytes, values as convert gives them (None where it gives none)
    ("weight", "F32", [3, 3], struct.pack("<9f", *floats), floats),
    ("running.num_batches_tracked", "I64", [], struct.pack("<q", 1234), [1234]),
    ("f64", "F64", [4], struct.pack("<4d", 0.1, -1e300, 2.0**-1074, float("inf")), None),
    ("f64 small", "F64", [2], struct.pack("<2d", 0.1, -1e30), [0.1, -1e30]),
    ("f16", "F16", [5], struct.pack("<5e", *f16), list(struct.unpack("<5H", struct.pack("<5e", *f16)))),
    ("bf16", "BF16", [9], struct.pack("<9H", *bf_bits), bf_values),
    ("f8_e4m3", "F8_E4M3", [16, 16], bytes(every), f8(3, 7, "fn")),
    ("f8_e5m2", "F8_E5M2", [256], bytes(every), f8(2, 15, "ieee")),
    ("f8_e4m3fnuz", "F8_E4M3FNUZ", [256], bytes(every), f8(3, 8, "fnuz")),
    ("f8_e5m2fnuz", "F8_E5M2FNUZ", [256], bytes(every), f8(2, 16, "fnuz")),
    ("f8_e8m0", "F8_E8M0", [256], bytes(every), [2.0 ** (b - 127) if b < 255 else None for b in every]),
    ("f6_e2m3", "F6_E2M3", [2, 4], bytes([1, 2, 3, 4, 5, 6]), None),
    ("f6_e3m2", "F6_E3M2", [4], bytes([7, 8, 9]), None),
    ("f4", "F4", [6], bytes([0x12, 0x34, 0x56]), None),
    ("c64", "C64", [2], struct.pack("<4f", 1.0, -2.0, 0.5, 0.25), None),
    ("i64", "I64", [4], struct.pack("<4q", -(2**63), 2**63 - 1, -1, 2**31), None),
    ("i64 small", "I64", [3], struct.pack("<3q", -(2**31), 2**31 - 1, -1), [-(2**31), 2**31 - 1, -1]),
    ("i32", "I32", [2], struct.pack("<2i", -(2**31), 2**31 - 1), [-(2**31), 2**31 - 1]),
    ("i16", "I16", [3], struct.pack("<3h", -(2**15), 2**15 - 1, -1), [-(2**15), 2**15 - 1, -1]),
    ("i8", "I8", [3], struct.pack("<3b", -128, 127, -1), [-128, 127, -1]),
    ("u64", "U64", [2], struct.pack("<2Q", 2**64 - 1, 1), None),
    ("u64 small", "U64", [2], struct.pack("<2Q", 2**32 - 1, 1), [2**32 - 1, 1]),
    ("u32", "U32", [2], struct.pack("<2I", 2**32 - 1, 1), [2**32 - 1, 1]),
    ("u16", "U16", [2], struct.pack("<2H", 65535, 1), [65535, 1]),
    ("u8", "U8", [5], bytes([0, 1, 127, 128, 255]), [0, 1, 127, 128, 255]),
    ("bool", "BOOL", [2, 2], bytes([0, 1, 1, 0]), [0, 1, 1, 0]),
    ("nothing", "I64", [0, 7], b"", []),
]

header, data, expected = {"__metadata__": {"format": "pt"}}, b"", {}
for name, dtype, shape, raw, values in arrays:
    header[name] = {"dtype": dtype, "shape": shape, "data_offsets": [len(data), len(data) + len(raw)]}
    data += raw
    words = values and [None if v is None else repr(v) for v in values]
    expected[name] = {"dtype": dtype, "shape": shape, "bytes": list(raw), "values": values if values == [] else words}
text = json.dumps(header).encode()
text += b" " * (-len(text) % 8)
with open("all-types.safetensors", "wb") as file:
    file.write(struct.pack("<Q", len(text)) + text + data)
with open("all-types.json", "w") as file:
    json.dump(expected, file, separators=(",", ":"))
    file.write("\n")

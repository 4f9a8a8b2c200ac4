"""WebAssembly programs that mean harm to whoever compiles them: valid, or nearly so, and as costly as their format
lets them be. Written byte by byte, since no toolchain makes such."""
from independent_wallet import uleb128

I32 = b"\x7f"
END = b"\x0b"
LIMIT_BYTES = 64 << 20  # of an artifact


def vector(items):
    return uleb128(len(items)) + b"".join(items)


def sized(content):
    return uleb128(len(content)) + content


def section(number, content):
    return bytes([number]) + sized(content)


def name(text):
    return sized(text.encode())


def module(functions=(b"\x00" + END,), types=(b"\x60\x00\x00",), type_of=None, memory=1, exports=(), others=()):
    """A command whose first function is _start. `functions`: bodies with their locals; `others`: (place, section)."""
    type_of = type_of or [0] * len(functions)
    parts = {1: section(1, vector(list(types))),
             3: section(3, vector([uleb128(each) for each in type_of])),
             5: section(5, vector([b"\x00" + uleb128(memory)])),
             7: section(7, vector([name("memory") + b"\x02\x00", name("_start") + b"\x00\x00", *exports])),
             10: section(10, vector([sized(body) for body in functions]))}
    for place, content in others:
        parts[place] = parts.get(place, b"") + content
    return b"\0asm\x01\0\0\0" + b"".join(parts[place] for place in sorted(parts))


def many_functions(count=999_000):
    return module([b"\x00" + END] * count)


def many_types(count=30_000):
    """Each another, so that none can stand for another."""
    def one(number):
        params = bytes(0x7c + (number >> shift & 3) for shift in range(0, 20, 2))
        return b"\x60" + uleb128(len(params)) + params + b"\x00"
    return module(types=[b"\x60\x00\x00", *map(one, range(count))])


def many_locals(count=200):
    """Functions with as many variables as the format lets them have, all written and read."""
    variables = 49_000
    one = b"\x01" + uleb128(variables) + I32
    use = b"".join(b"\x20" + uleb128(at) + b"\x41\x01\x6a\x21" + uleb128((at + 7_919) % variables)
                   for at in range(0, variables, 97))
    return module([b"\x00" + END] + [one + use + END] * count)


def live_ranges(blocks=1_500, variables=1_200):
    """One function in whose every block each of its variables is alive: what allocators of registers like least."""
    body = uleb128(1) + uleb128(variables) + I32 + b"\x03\x40"  # a loop
    for block in range(blocks):
        reads = b"".join(b"\x20" + uleb128((block * 37 + step * 101) % variables) for step in range(8))
        body += b"\x02\x40" + reads + b"\x6a" * 7 + b"\x22" + uleb128(block % variables) + b"\x0d\x00" + END
    return module([body + b"\x0c\x00" + END + END])


def branch_tables(count=400, targets=6_500):
    table = b"\x41\x00\x0e" + uleb128(targets) + b"\x00" * targets + b"\x00"
    return module([b"\x00" + END] + [b"\x00\x02\x40" + table + END + END] * count)


def deep_blocks(depth=1_000_000):
    return module([b"\x00" + b"\x02\x40" * depth + END * depth + END])


def deep_ifs(depth=20_000):
    return module([b"\x00" + b"\x41\x01\x04\x40" * depth + END * depth + END])


def long_expression(count=2_500_000):
    return module([b"\x00" + b"\x41\x01" + b"\x41\x01\x6a" * (count - 1) + b"\x1a" + END])


def many_exports(count=900_000):
    return module(exports=[name(f"e{number}") + b"\x00\x00" for number in range(count)])


def many_segments(count=99_000):
    """Pieces of memory to be set at each start."""
    pieces = [b"\x00\x41" + uleb128(at % 60) + END + sized(b"x" * 500) for at in range(count)]
    return module(others=[(11, section(11, vector(pieces)))])


def huge_function(bytes_wanted=7_600_000):
    return module([b"\x00" + b"\x41\x00\x28\x02\x00\x1a" * (bytes_wanted // 6) + END])


def full_of_code():
    """As much code as an artifact may hold."""
    one = b"\x00" + b"\x41\x00\x41\x00\x28\x02\x00\x41\x03\x6c\x36\x02\x04" * 40_000 + END
    return module([one] * (LIMIT_BYTES // (len(one) + 8)))


def padded(bytes_wanted=LIMIT_BYTES):
    plain = module()
    return plain + section(0, name("x") + bytes(bytes_wanted - len(plain) - 16))


def component(*parts):
    return b"\0asm\x0d\0\x01\0" + b"".join(parts)


def nested_components(depth=5_000):
    inner = component()
    for _ in range(depth):
        inner = component(section(4, inner))
    return inner


def doubling_types(depth=200):
    """Each type is a pair of the one before: twice as large, and twice as large again."""
    types = [b"\x6f" + vector([b"\x7d", b"\x7d"])]
    types += [b"\x6f" + vector([uleb128(at), uleb128(at)]) for at in range(depth)]
    return component(section(7, vector(types)))


# Those that take a worker no longer than seconds; many_functions and full_of_code are for a Host's own compiler.
COMMANDS = (many_types, many_locals, live_ranges, branch_tables, deep_blocks, deep_ifs, long_expression, many_exports,
            many_segments, huge_function, padded)
COMPONENTS = (nested_components, doubling_types)

"""Images made and read with the standard library alone, independently of the thumbnail service. A
picture is (width, height, rows), a row a list of (red, green, blue, alpha)."""

import struct
import zlib

CHANNELS = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}


def chunk(kind, data):
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def paeth(a, b, c):
    p = a + b - c
    return min((abs(p - a), 0, a), (abs(p - b), 1, b), (abs(p - c), 2, c))[2]


def filter_value(kind, left, up, corner):
    return (0, left, up, (left + up) // 2, paeth(left, up, corner))[kind]


def filter_row(kind, row, above, step):
    out = bytearray([kind])
    for i, value in enumerate(row):
        left = row[i - step] if i >= step else 0
        corner = above[i - step] if i >= step else 0
        out.append((value - filter_value(kind, left, above[i], corner)) & 255)
    return bytes(out)


def unfilter_row(kind, data, above, step):
    row = bytearray()
    for i, value in enumerate(data):
        left = row[i - step] if i >= step else 0
        corner = above[i - step] if i >= step else 0
        row.append((value + filter_value(kind, left, above[i], corner)) & 255)
    return bytes(row)


def pack_samples(samples, depth):
    """Samples of one row, most significant bit first, the last byte padded."""
    bits = 0
    for sample in samples:
        bits = bits << depth | sample
    used = len(samples) * depth
    padding = -used % 8
    return (bits << padding).to_bytes((used + padding) // 8, "big")


def write_png(width, height, colour_type, depth, rows, *, filters=(0,), level=9, strategy=0,
              idat_size=8192, extra=b"", interlace=0):
    """`rows` holds lists of samples; `extra` is chunks to put before the image data."""
    step = max(1, CHANNELS[colour_type] * depth // 8)
    above = bytes((width * CHANNELS[colour_type] * depth + 7) // 8)
    raw = b""
    for y, samples in enumerate(rows):
        row = pack_samples(samples, depth)
        raw += filter_row(filters[y % len(filters)], row, above, step)
        above = row
    packer = zlib.compressobj(level, zlib.DEFLATED, 15, 9, strategy)
    data = packer.compress(raw) + packer.flush()
    header = struct.pack(">IIBBBBB", width, height, depth, colour_type, 0, 0, interlace)
    parts = [data[i:i + idat_size] for i in range(0, len(data), idat_size)]
    return (b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + extra +
            b"".join(chunk(b"IDAT", part) for part in parts) + chunk(b"IEND", b""))


def read_png(data):
    """Reads 8-bit PNG files of types 0, 2, 4 and 6 and checks every checksum."""
    assert data[:8] == b"\x89PNG\r\n\x1a\n"
    at, packed, header = 8, b"", None
    while at < len(data):
        size, kind = struct.unpack(">I4s", data[at:at + 8])
        body = data[at + 8:at + 8 + size]
        assert data[at + 8 + size:at + 12 + size] == struct.pack(">I", zlib.crc32(kind + body))
        if kind == b"IHDR":
            header = struct.unpack(">IIBBBBB", body)
        elif kind == b"IDAT":
            packed += body
        at += 12 + size
    width, height, depth, colour_type = header[:4]
    assert depth == 8 and header[4:] == (0, 0, 0) and kind == b"IEND"
    channels = CHANNELS[colour_type]
    raw, above, rows = zlib.decompress(packed), bytes(width * channels), []
    assert len(raw) == height * (width * channels + 1)
    for y in range(height):
        start = y * (width * channels + 1)
        row = unfilter_row(raw[start], raw[start + 1:start + 1 + width * channels], above, channels)
        above = row
        pixels = []
        for x in range(width):
            part = row[x * channels:(x + 1) * channels]
            alpha = part[-1] if channels in (2, 4) else 255
            pixels.append((*(part[:3] if channels >= 3 else part[:1] * 3), alpha))
        rows.append(pixels)
    return width, height, rows


def read_ppm(data):
    kind, size, most, pixels = data.split(b"\n", 3)
    assert kind == b"P6" and most == b"255"
    width, height = map(int, size.split())
    assert len(pixels) == width * height * 3
    return width, height, [[(*pixels[(y * width + x) * 3:][:3], 255) for x in range(width)]
                           for y in range(height)]


def read_bmp(data):
    assert data[:2] == b"BM" and struct.unpack("<I", data[2:6])[0] == len(data)
    width, height, _, bits, packed = struct.unpack("<iiHHI", data[18:34])
    assert bits == 24 and packed == 0
    start, stride = struct.unpack("<I", data[10:14])[0], (width * 3 + 3) // 4 * 4
    rows = [[(*reversed(data[start + y * stride + x * 3:][:3]), 255) for x in range(width)]
            for y in range(height)]
    return width, height, rows[::-1]


def write_ppm(width, height, rows):
    return b"P6 %d %d 255\n" % (width, height) + bytes(v for row in rows for p in row for v in p[:3])


def write_bmp(width, height, rows, *, bits=24, masks=False, top_down=False):
    """24 bits, or 32 with an unused fourth byte, or (masks) with alpha and a BITMAPV4HEADER."""
    pixels = b""
    for row in rows if top_down else rows[::-1]:
        line = b"".join(bytes((p[2], p[1], p[0], p[3])[:bits // 8]) for p in row)
        pixels += line + bytes(-len(line) % 4)
    size = 108 if masks else 40
    info = struct.pack("<IiiHHIIiiII", size, width, -height if top_down else height, 1, bits,
                       3 if masks else 0, len(pixels), 2835, 2835, 0, 0)
    if masks:
        info += struct.pack("<IIII", 0xFF0000, 0xFF00, 0xFF, 0xFF000000) + bytes(52)
    start = 14 + size
    return b"BM" + struct.pack("<IHHI", start + len(pixels), 0, 0, start) + info + pixels


def half_up(numerator, denominator):
    return (2 * numerator + denominator) // (2 * denominator)


def overlaps(length, parts):
    """For each of `parts` equal parts of a line: the unit pieces it covers, with whole weights."""
    found = []
    for part in range(parts):
        low, high = part * length, (part + 1) * length
        pieces = range(low // parts, -(-high // parts))
        found.append([(i, min(high, (i + 1) * parts) - max(low, i * parts)) for i in pieces])
    return found


def scale(picture, width, height, grey=False):
    """Area averaging as the service's README defines it."""
    source_width, source_height, rows = picture
    area = source_width * source_height
    columns = overlaps(source_width, width)
    out = []
    for lines in overlaps(source_height, height):
        out_row = []
        for column in columns:
            sums = [0, 0, 0, 0]
            for y, weight_y in lines:
                for x, weight_x in column:
                    red, green, blue, alpha = rows[y][x]
                    weight = weight_y * weight_x * alpha
                    for i, value in enumerate((red, green, blue, 1)):
                        sums[i] += weight * value
            if sums[3] == 0:
                out_row.append((0, 0, 0, 0))
                continue
            colour = [half_up(value, sums[3]) for value in sums[:3]]
            if grey:
                luma = (colour[0] * 2126 + colour[1] * 7152 + colour[2] * 722 + 5000) // 10000
                colour = [luma] * 3
            out_row.append((*colour, half_up(sums[3], area)))
        out.append(out_row)
    return width, height, out


def upon_white(picture):
    width, height, rows = picture
    return width, height, [[(*((v * p[3] + 255 * (255 - p[3]) + 127) // 255 for v in p[:3]), 255)
                            for p in row] for row in rows]

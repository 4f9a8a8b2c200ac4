"""The thumbnail service's own checks: every kind of input against an independent decoder and an
independent average, and hostile images."""

import random
import struct
import zlib

from checking import images
from checking.cgi import Request

READERS = {"png": images.read_png, "bmp": images.read_bmp, "ppm": images.read_ppm}
PNG_KINDS = [(0, 1), (0, 2), (0, 4), (0, 8), (0, 16), (2, 8), (2, 16), (3, 1), (3, 2), (3, 4), (3, 8),
             (4, 8), (4, 16), (6, 8), (6, 16)]


def to_8_bits(value, depth):
    return images.half_up(value * 255, (1 << depth) - 1)


def random_samples(rng, count, depth):
    """Runs, slopes and noise, so that all filters and match lengths have something to do."""
    most = (1 << depth) - 1
    samples, value = [], rng.randint(0, most)
    while len(samples) < count:
        kind, length = rng.randrange(3), rng.randint(1, 40)
        for _ in range(length):
            if kind == 1:
                value = (value + 1) & most
            elif kind == 2:
                value = rng.randint(0, most)
            samples.append(value)
    return samples[:count]


def random_png(rng, colour_type, depth):
    """A PNG file and the picture that it holds."""
    width, height = rng.randint(1, 50), rng.randint(1, 30)
    channels = images.CHANNELS[colour_type]
    rows = [random_samples(rng, width * channels, depth) for _ in range(height)]
    extra, palette, key = images.chunk(b"tEXt", b"Comment\0of no interest"), [], None
    if colour_type == 3:
        palette = [[rng.randrange(256) for _ in range(3)] + [rng.choice([0, 128, 255])]
                   for _ in range(1 << depth)]
        extra += images.chunk(b"PLTE", bytes(v for entry in palette for v in entry[:3]))
        extra += images.chunk(b"tRNS", bytes(entry[3] for entry in palette))
    elif colour_type in (0, 2) and rng.random() < 0.5:
        key = rows[0][:channels]
        extra += images.chunk(b"tRNS", struct.pack(f">{channels}H", *key))
    pixels = []
    for row in rows:
        line = []
        for x in range(width):
            samples = row[x * channels:(x + 1) * channels]
            values = [to_8_bits(v, depth) for v in samples]
            if colour_type == 3:
                line.append(tuple(palette[samples[0]]))
            else:
                alpha = values[-1] if channels in (2, 4) else 0 if samples == key else 255
                line.append((*(values[:3] if channels >= 3 else values[:1] * 3), alpha))
        pixels.append(line)
    data = images.write_png(width, height, colour_type, depth, rows, extra=extra,
                            filters=[rng.randrange(5) for _ in range(7)], level=rng.choice([0, 1, 9]),
                            strategy=rng.choice([zlib.Z_DEFAULT_STRATEGY, zlib.Z_FIXED,
                                                 zlib.Z_HUFFMAN_ONLY, zlib.Z_RLE]),
                            idat_size=rng.choice([1, 7, 100, 8192]))
    return data, (width, height, pixels)


def random_picture(rng, alpha):
    width, height = rng.randint(1, 40), rng.randint(1, 40)
    return width, height, [[(*(rng.randrange(256) for _ in range(3)),
                             rng.randrange(256) if alpha else 255)
                            for _ in range(width)] for _ in range(height)]


def expect_picture(example, what, body, picture, rng):
    width, height = rng.randint(1, 45), rng.randint(1, 45)
    image_format, grey = rng.choice(["png", "bmp", "ppm"]), rng.random() < 0.3
    query = f"width={width}&height={height}&format={image_format}"
    query += "&filter=grayscale" if grey else ""
    answer = example.expect_status(what, Request(body, query=query), 200)
    if answer.status != 200:
        return
    want = images.scale(picture, width, height, grey)
    if image_format != "png":
        want = images.upon_white(want)
    got = READERS[image_format](answer.body)
    example.tell(what, "" if got == want else f"{query}: pixels differ")


def check_inputs(example):
    rng = random.Random(11)
    for colour_type, depth in PNG_KINDS:
        for turn in range(4):
            data, picture = random_png(rng, colour_type, depth)
            expect_picture(example, f"PNG type {colour_type} depth {depth} no. {turn}", data, picture,
                           rng)
    for turn in range(8):
        opaque, clear = random_picture(rng, False), random_picture(rng, True)
        expect_picture(example, f"PPM {turn}", images.write_ppm(*opaque), opaque, rng)
        expect_picture(example, f"BMP 24 {turn}", images.write_bmp(*opaque, top_down=turn % 2 == 0),
                       opaque, rng)
        expect_picture(example, f"BMP 32 {turn}", images.write_bmp(*opaque, bits=32), opaque, rng)
        expect_picture(example, f"BMP 32 with alpha {turn}",
                       images.write_bmp(*clear, bits=32, masks=True), clear, rng)
    deep = struct.pack(">6H", 0, 500, 1000, 999, 1, 250)
    rows = [[(*(images.half_up(v * 255, 1000) for v in triple), 255)
             for triple in ((0, 500, 1000), (999, 1, 250))]]
    expect_picture(example, "PPM of 16 bits", b"P6\n# made by hand\n2 1\n# again\n1000\n" + deep,
                   (2, 1, rows), rng)
    expect_picture(example, "PGM", b"P5 3 1 255 \x00\x80\xff",
                   (3, 1, [[(v, v, v, 255) for v in (0, 128, 255)]]), rng)


def check_output_compression(example):
    """The answer's own compression over many blocks: noise, long runs and far repetitions."""
    rng = random.Random(5)
    noise = [tuple(rng.randrange(256) for _ in range(3)) + (255,) for _ in range(300)]
    rows = [noise[y:] + noise[:y] if y % 3 else [(y % 256,) * 3 + (255,)] * 300 for y in range(300)]
    picture = (300, 300, rows)
    answer = example.expect_status("as it is", Request(images.write_ppm(*picture),
                                                       query="width=300&height=300"), 200)
    example.tell("as it is", "" if images.read_png(answer.body) == picture else "pixels differ")
    flat = example.expect_status("one colour", Request(b"P5 1 1 255 \x07",
                                                       query="width=1024&height=1024"), 200)
    example.tell("one colour", "" if len(flat.body) < 6000 else f"{len(flat.body)} bytes")
    example.tell("one colour", "" if images.read_png(flat.body)[2] == [[(7, 7, 7, 255)] * 1024] * 1024
                 else "pixels differ")


def check_sizes(example):
    """Sides that are not given follow the source's shape."""
    body = images.write_ppm(40, 20, [[(1, 2, 3, 255)] * 40] * 20)
    for query, size in {"": (160, 80), "width=10": (10, 5), "height=10": (20, 10),
                        "width=7&height=9": (7, 9), "width=30&height=5&fit=inside": (10, 5),
                        "width=30&height=100&fit=inside": (30, 15), "width=%31": (1, 1),
                        "other=1&height=1": (2, 1)}.items():
        answer = example.expect_status("size " + query, Request(body, query=query), 200)
        got = images.read_png(answer.body)[:2]
        example.tell("size " + query, "" if got == size else f"{got}, expected {size}")
    for query in ("width=0", "width=-1", "width=4097", "width=99999999", "width=", "width=1.5",
                  "width=%zz", "width=%00", "height=4096&width=4096", "format=jpg", "filter=blur",
                  "fit=outside", "format=" + "x" * 5000):
        example.expect_status("query " + query[:30], Request(body, query=query), 400)


def bomb(width, height, depth=8, colour_type=2):
    """A small file that claims to be, and is, a large black image, filtered in the dearest way."""
    rows = zlib.compressobj(9)
    line = b"\x04" + bytes((width * images.CHANNELS[colour_type] * depth + 7) // 8)
    data = b"".join(rows.compress(line) for _ in range(height)) + rows.flush()
    header = struct.pack(">IIBBBBB", width, height, depth, colour_type, 0, 0, 0)
    return (b"\x89PNG\r\n\x1a\n" + images.chunk(b"IHDR", header) + images.chunk(b"IDAT", data) +
            images.chunk(b"IEND", b""))


def hostile():
    """Bodies that must be refused, by name, with the status."""
    good = images.write_png(5, 5, 2, 8, [[9] * 15] * 5)
    header, rest = good[:33], good[33:]
    picture = (5, 5, [[(1, 2, 3, 255)] * 5] * 5)
    bmp = images.write_bmp(*picture)

    def png(width, height, data, depth=8, colour_type=2, **changes):
        fields = struct.pack(">IIBBBBB", width, height, depth, colour_type,
                             changes.get("method", 0), changes.get("filtering", 0),
                             changes.get("interlace", 0))
        return (good[:8] + images.chunk(b"IHDR", fields) + changes.get("extra", b"") +
                images.chunk(b"IDAT", data) + images.chunk(b"IEND", b""))

    def packed(raw):
        return zlib.compress(raw)

    return {
        "empty": (b"", 400), "text": (b"hello", 415), "JPEG": (b"\xff\xd8\xff\xe0" + bytes(20), 415),
        "invalid UTF-8": (b"\xff\xfe\x80", 415), "ASCII PNM": (b"P3 1 1 255 1 2 3", 415),
        "PNM only magic": (b"P6", 400), "PNM no size": (b"P6\n# comment without end", 400),
        "PNM zero": (b"P6 0 5 255 ", 400), "PNM huge": (b"P6 99999999999999999999 1 255 ", 400),
        "PNM too wide": (b"P6 16385 1 255 ", 400), "PNM too many": (b"P6 8192 2049 255 ", 400),
        "PNM no samples": (b"P6 2 2 255\n", 400), "PNM most 0": (b"P5 1 1 0 \x00", 400),
        "PNM most 65536": (b"P5 1 1 65536 \x00\x00", 400), "PNM beyond most": (b"P5 1 1 9 \x0a", 400),
        "PNM most 65535 huge": (b"P6 16384 1024 65535 ", 400),
        "BMP only magic": (b"BM", 400), "BMP old header": (bmp[:14] + b"\x0c" + bmp[15:], 415),
        "BMP huge header": (bmp[:14] + b"\xff\xff\xff\xff" + bmp[18:], 415),
        "BMP of 8 bits": (bmp[:28] + b"\x08" + bmp[29:], 415),
        "BMP compressed": (bmp[:30] + b"\x01" + bmp[31:], 415),
        "BMP least height": (bmp[:22] + b"\x00\x00\x00\x80" + bmp[26:], 400),
        "BMP negative width": (bmp[:18] + b"\xff\xff\xff\xff" + bmp[22:], 400),
        "BMP pixels in the header": (bmp[:10] + b"\x0e" + bmp[11:], 400),
        "BMP pixels far away": (bmp[:10] + b"\xff\xff\xff\xff" + bmp[14:], 400),
        "BMP other masks": (images.write_bmp(*picture, bits=32, masks=True).replace(
            b"\x00\x00\xff\x00\x00\xff", b"\x00\x00\xfe\x00\x00\xff", 1), 415),
        "PNG only signature": (good[:8], 400), "PNG only header": (header, 400),
        "PNG without header": (good[:8] + rest, 400), "PNG without end": (good[:-12], 400),
        "PNG end cut": (good[:-1], 400), "PNG checksum": (good[:-1] + b"\x00", 400),
        "PNG zero": (png(0, 5, b""), 400), "PNG huge": (png(0x7FFFFFFF, 0x7FFFFFFF, b""), 400),
        "PNG 4 Gpixel": (png(65536, 65536, b""), 400), "PNG no data": (png(5, 5, b""), 400),
        "PNG interlaced": (png(5, 5, packed(bytes(80)), interlace=1), 415),
        "PNG depth 3": (png(5, 5, packed(bytes(80)), depth=3), 400),
        "PNG type 1": (png(5, 5, packed(bytes(80)), colour_type=1), 400),
        "PNG compression 1": (png(5, 5, packed(bytes(80)), method=1), 400),
        "PNG filter method 1": (png(5, 5, packed(bytes(80)), filtering=1), 400),
        "PNG filter 5": (png(5, 5, packed(b"\x05" + bytes(79))), 400),
        "PNG too little": (png(5, 5, packed(bytes(79))), 400),
        "PNG too much": (png(5, 5, packed(bytes(81))), 400),
        "PNG no palette": (png(5, 5, packed(bytes(30)), colour_type=3), 400),
        "PNG beyond the palette": (png(5, 5, packed(b"\x00\x01" * 15), colour_type=3,
                                       extra=images.chunk(b"PLTE", b"abc")), 400),
        "PNG palette of 257": (png(5, 5, packed(bytes(30)), colour_type=3,
                                   extra=images.chunk(b"PLTE", bytes(771))), 400),
        "PNG alpha without palette": (png(5, 5, packed(bytes(30)), colour_type=3,
                                          extra=images.chunk(b"tRNS", b"a")), 400),
        "PNG unknown critical chunk": (png(5, 5, packed(bytes(80)),
                                           extra=images.chunk(b"ABCD", b"")), 400),
        "PNG chunk length": (header + b"\xff\xff\xff\xffIDAT", 400),
        "zlib preset dictionary": (png(5, 5, b"\x78\xbb" + bytes(20)), 400),
        "zlib method": (png(5, 5, b"\x77\x85" + bytes(20)), 400),
        "block type 3": (png(5, 5, b"\x78\x9c\x07"), 400),
        "stored length": (png(5, 5, b"\x78\x9c\x01\x50\x00\x50\x00" + bytes(80)), 400),
        "oversubscribed code": (png(5, 5, b"\x78\x9c\x05\xc0" + b"\xff" * 40), 400),
        "distance too far": (png(5, 5, b"\x78\x9c\x4b\x04\x32\x00" + bytes(8)), 400),
        "Adler": (png(5, 5, packed(bytes(80))[:-1] + b"\x77"), 400),
    }


def check(example):
    check_inputs(example)
    check_output_compression(example)
    check_sizes(example)
    for what, (body, status) in hostile().items():
        answer = example.expect_status(what, Request(body), status)
        example.tell(what, "" if answer.body.endswith(b".\n") else f"no sentence: {answer.body!r}")
    largest = Request(bomb(4096, 4096, 16, 6), query="width=1024&height=1024")
    example.expect_status("16 Mpixel of 16 bits", largest, 200)
    example.expect_status("16 Mpixel and one row", Request(bomb(4096, 4097)), 400)
    strips = {"wide": (16384, 1024), "tall": (1024, 16384)}
    for what, size in strips.items():
        answer = example.expect_status(what, Request(bomb(*size, 8, 0), query="width=200&height=100"),
                                       200)
        example.tell(what, "" if images.read_png(answer.body)[2] == [[(0, 0, 0, 255)] * 200] * 100
                     else "pixels differ")

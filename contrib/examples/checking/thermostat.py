"""The thermostat's own checks: an independent decision in exact fractions, and bad questions."""

import json
import random
from datetime import datetime, timedelta, timezone
from fractions import Fraction

from checking.cgi import Request

START = datetime(2026, 2, 27, 22, 0, 0, tzinfo=timezone.utc)
READING = '{"at": "2026-01-01T00:00:00Z", "celsius": 19.8}'


def question(rng):
    count = rng.choice([1, 2, 3, 10, 50])
    at, readings, exact = START, [], []
    base = rng.randint(15000, 26000)
    for _ in range(count):
        milli = base + rng.randint(-900, 900)
        zone = timezone(timedelta(minutes=rng.choice([0, 60, -330, 765])))
        readings.append({"at": at.astimezone(zone).isoformat(timespec="milliseconds"),
                         "celsius": milli / 1000})
        exact.append((Fraction((at - START) // timedelta(milliseconds=1)), milli))
        at += timedelta(milliseconds=rng.choice([0, 1, 999, 60_000, 3_600_000, 86_400_000]))
    asked = {"target_c": rng.randint(15000, 26000) / 1000, "hysteresis_c": rng.randint(0, 900) / 1000,
             "mode": rng.choice(["heat", "cool", "auto", "off"]), "readings": readings}
    return asked, exact


def half_away(value):
    magnitude = (abs(value) * 2 + 1) // 2
    return int(magnitude) if value >= 0 else -int(magnitude)


def milli(json_number):
    return None if json_number is None else round(json_number * 1000)


def expected(asked, exact):
    average = Fraction(sum(c for _, c in exact), len(exact))
    mean_t = Fraction(sum(t for t, _ in exact), len(exact))
    spread = sum((t - mean_t) ** 2 for t, _ in exact)
    slope = None
    if spread:
        slope = half_away(sum((t - mean_t) * (c - average) for t, c in exact) / spread * 3_600_000)
    target, band = milli(asked["target_c"]), milli(asked["hysteresis_c"])
    mode = asked["mode"]
    if mode == "off":
        action = "all_off"
    elif average < target - band:
        action = "cool_off" if mode == "cool" else "heat_on"
    elif average > target + band:
        action = "heat_off" if mode == "heat" else "cool_on"
    else:
        action = "all_off" if mode == "auto" else "hold"
    return action, half_away(average), slope


def check_decisions(example):
    rng = random.Random(7)
    for turn in range(60):
        asked, exact = question(rng)
        answer = example.expect_status(f"decision {turn}", Request(json.dumps(asked).encode()), 200)
        told = json.loads(answer.body)
        got = (told["action"], milli(told["average_c"]), milli(told["trend_c_per_hour"]))
        want = expected(asked, exact)
        example.tell(f"decision {turn}", "" if got == want else f"{got}, expected {want}")


BAD = {
    "empty": "",
    "white space only": " \n",
    "an array": "[]",
    "a number": "1",
    "no readings": '{"target_c": 20}',
    "readings empty": '{"target_c": 20, "readings": []}',
    "no target": '{"readings": [%s]}' % READING,
    "target is text": '{"target_c": "20", "readings": [%s]}' % READING,
    "target is null": '{"target_c": null, "readings": [%s]}' % READING,
    "target too hot": '{"target_c": 150.001, "readings": [%s]}' % READING,
    "target overflows": '{"target_c": 1e999, "readings": [%s]}' % READING,
    "target twice": '{"target_c": 20, "target_c": 20, "readings": [%s]}' % READING,
    "number too long": '{"target_c": 0.%s1, "readings": [%s]}' % ("0" * 50, READING),
    "leading zero": '{"target_c": 020, "readings": [%s]}' % READING,
    "bare point": '{"target_c": 20., "readings": [%s]}' % READING,
    "not a number": '{"target_c": NaN, "readings": [%s]}' % READING,
    "negative hysteresis": '{"target_c": 20, "hysteresis_c": -0.001, "readings": [%s]}' % READING,
    "unknown mode": '{"target_c": 20, "mode": "warm", "readings": [%s]}' % READING,
    "unknown member": '{"target_c": 20, "hysteresis": 1, "readings": [%s]}' % READING,
    "trailing comma": '{"target_c": 20, "readings": [%s],}' % READING,
    "trailing comma in array": '{"target_c": 20, "readings": [%s,]}' % READING,
    "comment": '{"target_c": 20, /* warm */ "readings": [%s]}' % READING,
    "two values": '{"target_c": 20, "readings": [%s]} {}' % READING,
    "no such day": '{"target_c": 20, "readings": [{"at": "2026-02-29T00:00:00Z", "celsius": 1}]}',
    "no zone": '{"target_c": 20, "readings": [{"at": "2026-02-28T00:00:00", "celsius": 1}]}',
    "time is a number": '{"target_c": 20, "readings": [{"at": 5, "celsius": 1}]}',
    "reading without celsius": '{"target_c": 20, "readings": [{"at": "2026-02-28T00:00:00Z"}]}',
    "reading is null": '{"target_c": 20, "readings": [null]}',
    "backwards": '{"target_c": 20, "readings": [%s, {"at": "2025-12-31T23:59:59.999Z", '
                 '"celsius": 1}]}' % READING,
    "now in the past": '{"target_c": 20, "now": "2025-12-31T23:59:59Z", "readings": [%s]}' % READING,
    "control character": '{"target_c\x01": 20, "readings": [%s]}' % READING,
    "lone surrogate": '{"target_c": 20, "readings": [{"at": "\\ud800", "celsius": 1}]}',
    "deep nesting": '{"target_c": 20, "readings": [{"x": ' + "[" * 100_000,
    "deep nesting of objects": '{"x":' * 100_000,
    "too many readings": '{"target_c": 20, "readings": [%s]}' % ", ".join([READING] * 10_001),
}


def check(example):
    check_decisions(example)
    for what, body in BAD.items():
        answer = example.expect_status(what, Request(body.encode()), 400)
        example.tell(what, "" if "error" in json.loads(answer.body) else "no error told")
    example.expect_status("invalid UTF-8", Request(b'{"target_c": 20, "readings": [], "\xff": 1}'), 400)
    example.expect_status("overlong UTF-8", Request(b'{"\xc0\xaf": 1}'), 400)
    example.expect_status("too large", Request(b" " * (1024 * 1024 + 1)), 413)
    full = '{"target_c": 20, "readings": [%s]}' % ", ".join([READING] * 10_000)
    example.expect_status("as many readings as allowed", Request(full.encode()), 200)
    allowed = '{"target_c": 20, "readings": [{"x": %s1%s, %s]}' % ("[" * 13, "]" * 13, READING[1:])
    example.expect_status("nesting as deep as allowed", Request(allowed.encode()), 200)
    deeper = allowed.replace("[1]", "[[1]]")
    example.expect_status("nesting one deeper", Request(deeper.encode()), 400)

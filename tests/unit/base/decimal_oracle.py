#!/usr/bin/env python3
"""Writes random decimal operations with the results Python's decimal gives, one a line: the oracle of engine/base/decimal.c.

operation left right argument result      (blank-separated; - where there is none)
The same million on every run; an argument changes how many.
"""
import decimal
import random
import sys
from decimal import Decimal

DIGITS, MAX_SCALE, DIVISION_SCALE = 38, 28, 18
MODES = [decimal.ROUND_HALF_UP, decimal.ROUND_HALF_EVEN, decimal.ROUND_DOWN, decimal.ROUND_UP, decimal.ROUND_FLOOR,
         decimal.ROUND_CEILING]

exact = decimal.getcontext()
exact.prec = 400
exact.Emax, exact.Emin = decimal.MAX_EMAX, decimal.MIN_EMIN
exact.traps[decimal.Inexact] = True  # whatever is not exact here must be asked for
rounding = decimal.Context(prec=400, rounding=decimal.ROUND_HALF_UP, traps=[])


def fit(value):
    """The text of a result, or LIMIT when 38 digits and 28 behind the point cannot hold it."""
    sign, digits, exponent = value.as_tuple()
    if exponent > 0:
        value = value.quantize(Decimal(1)) if len(digits) + exponent < 200 or not value else value
        sign, digits, exponent = value.as_tuple()
        if exponent > 0:
            return "LIMIT"
    surplus = max(len(digits) - DIGITS, -exponent - MAX_SCALE)
    if surplus > 0:
        if not value:
            return format(Decimal(0).scaleb(-MAX_SCALE), "f")
        if surplus > -exponent or any(digits[-surplus:]):
            return "LIMIT"
        value = Decimal((sign, digits[:-surplus], exponent + surplus))
    if not value:
        value = abs(value)
    return format(value, "f")


def divide(left, right):
    if not right:
        return "INVALID"
    quotient = rounding.divide(left, right)
    rounded = rounding.quantize(quotient, Decimal(1).scaleb(-DIVISION_SCALE))
    if rounded * right == left:
        whole = rounded.normalize()
        return fit(whole)
    return fit(rounded)


def round_to(value, scale, mode):
    if scale > MAX_SCALE:
        return "LIMIT"
    rounded = value.quantize(Decimal(1).scaleb(-scale), rounding=mode, context=rounding)
    if scale < 0:
        rounded = rounded.quantize(Decimal(1))
    if len(rounded.as_tuple().digits) > DIGITS:
        return "LIMIT"
    return fit(rounded)


def number(pick):
    """Mostly business numbers, often the edges: 38 digits, many zeros, ties."""
    kind = pick.random()
    if kind < 0.45:
        digits, scale = pick.randint(1, 9), pick.randint(0, 4)
    elif kind < 0.8:
        digits, scale = pick.randint(1, DIGITS), pick.randint(0, MAX_SCALE)
    elif kind < 0.9:
        digits, scale = DIGITS, pick.randint(0, MAX_SCALE)
    else:
        digits, scale = pick.randint(1, 3), pick.randint(0, MAX_SCALE)
        zeros = pick.randint(0, DIGITS - digits)
        return Decimal((pick.getrandbits(1), tuple(int(c) for c in str(pick.randrange(10 ** digits))) + (0,) * zeros, -scale))
    top = 10 ** digits
    mantissa = top - 1 - pick.randrange(3) if pick.random() < 0.1 and digits > 1 else pick.randrange(top)
    if pick.random() < 0.1:
        mantissa = mantissa // 10 * 10 + 5
    return Decimal(-mantissa if pick.getrandbits(1) else mantissa).scaleb(-scale)


def literal(pick):
    """A number as somebody may write it: zeros on both sides, exponents, sometimes not a number at all."""
    text = pick.choice(["", "-"]) + "0" * pick.choice([0, 0, 0, 1, 40]) + str(pick.randrange(10 ** pick.randint(1, 40)))
    if pick.random() < 0.6:
        text += "." + "0" * pick.choice([0, 0, 2, 30]) + str(pick.randrange(10 ** pick.randint(1, 30))) + "0" * pick.choice([0, 0, 1, 40])
    if pick.random() < 0.5:
        text += pick.choice("eE") + pick.choice(["", "+", "-"]) + str(pick.choice([0, 1, 2, 5, 10, 28, 37, 38, 60, 999999999999]))
    if pick.random() < 0.1:
        at = pick.randrange(len(text) + 1)
        text = text[:at] + pick.choice([".", "e", "-", "+", "x", "_", ",", ""]) + text[at + 1:]
    return text or "."


def plain(text):
    """Whether it is digits, perhaps a point and digits, perhaps an exponent: less than Python itself accepts."""
    body = text[1:] if text.startswith("-") else text
    base, mark, exponent = body.replace("E", "e").partition("e")
    whole, point, fraction = base.partition(".")
    ascii_digits = lambda part: part.isascii() and part.isdigit()
    if not ascii_digits(whole) or (point and not ascii_digits(fraction)):
        return False
    return not mark or ascii_digits(exponent[1:] if exponent[:1] in ("+", "-") else exponent)


def parse(text):
    if not plain(text):
        return "INVALID"
    try:
        value = Decimal(text)
    except decimal.InvalidOperation:  # an exponent beyond even Python's
        if any(digit in "123456789" for digit in text.lower().partition("e")[0]):
            return "LIMIT"
        return format(Decimal(0).scaleb(-MAX_SCALE if "-" in text[1:] else 0), "f")
    if not value:
        scale = min(max(-value.as_tuple().exponent, 0), MAX_SCALE)
        return format(Decimal(0).scaleb(-scale), "f")
    if value.adjusted() > 100 or value.adjusted() < -400:
        return "LIMIT"
    return fit(value)


def line(pick):
    kind = pick.randrange(8)
    left = number(pick)
    if kind == 0:
        text = literal(pick)
        return f"parse {text} - - {parse(text)}"
    if kind == 1:
        scale, mode = pick.randint(-42, 32) if pick.random() < 0.3 else pick.randint(-3, 6), pick.randrange(len(MODES))
        return f"round{mode} {left:f} - {scale} {round_to(left, scale, MODES[mode])}"
    right = number(pick)
    if pick.random() < 0.05:
        right = left if pick.getrandbits(1) else -left
    if kind in (2, 3):
        right = abs(right) if pick.random() < 0.2 else right
        return f"add {left:f} {right:f} - {fit(left + right)}"
    if kind == 4:
        return f"subtract {left:f} {right:f} - {fit(left - right)}"
    if kind == 5:
        return f"multiply {left:f} {right:f} - {fit(left * right)}"
    if kind == 6:
        return f"divide {left:f} {right:f} - {divide(left, right)}"
    if pick.random() < 0.3:
        right = left * 10 / 10 if pick.getrandbits(1) else left
    right = Decimal(fit(right)) if fit(right) != "LIMIT" else left
    return f"compare {left:f} {right:f} - {int(left.compare(right))}"


def main():
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 1000000
    pick = random.Random(20260327)
    write = sys.stdout.write
    for start in range(0, count, 1000):
        write("\n".join(line(pick) for _ in range(min(1000, count - start))) + "\n")


if __name__ == "__main__":
    main()

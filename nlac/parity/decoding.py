"""Decode code words: places and values of wrong symbols, from power sums (spec 6.11.5).

Places that are suspected can be taken as erasures, for which one power sum each is enough; other
errors take two. Errors are found by Berlekamp and Massey's algorithm (for erasures with Forney's
power sums), values by Forney's formula.
"""

from __future__ import annotations

import numpy as np

from nlac.kernels.jit import kernel
from nlac.parity.field import ORDER, inverse, multiply


@kernel
def _evaluate(polynomial, degree, log, logs, powers):
    """Value of a polynomial at alpha^log."""
    value = np.int64(0)
    for i in range(degree, -1, -1):
        if value:
            value = np.int64(powers[logs[value] + log])
        value ^= polynomial[i]
    return value


@kernel
def _multiply_root(polynomial, degree, position, powers, logs):
    """Multiply a polynomial by 1 + alpha^position x; its degree grows by one."""
    polynomial[degree + 1] = 0
    for i in range(degree + 1, 0, -1):
        below = polynomial[i - 1]
        if below:
            polynomial[i] ^= np.int64(powers[logs[below] + position])


@kernel
def _multiply(polynomial, degree, sums, result, logs, powers):
    """Product of a polynomial and the power sums, as far as these go."""
    for j in range(len(sums)):
        value = np.int64(0)
        for i in range(min(j, degree) + 1):
            value ^= multiply(polynomial[i], sums[j - i], logs, powers)
        result[j] = value


@kernel
def _locate(sums, begin, count, locator, previous, saved, logs, powers):
    """Berlekamp and Massey: shortest recurrence of sums[begin:count]; returns its length."""
    locator[: count + 2] = 0
    previous[: count + 2] = 0
    locator[0] = previous[0] = 1
    length, gap, last = 0, 1, np.int64(1)
    for n in range(count - begin):
        wrong = sums[begin + n]
        for i in range(1, length + 1):
            wrong ^= multiply(locator[i], sums[begin + n - i], logs, powers)
        if wrong == 0:
            gap += 1
            continue
        scale = multiply(wrong, inverse(last, logs, powers), logs, powers)
        longer = 2 * length <= n
        if longer:
            saved[: count + 2] = locator[: count + 2]
        for i in range(gap, count + 2):
            locator[i] ^= multiply(scale, previous[i - gap], logs, powers)
        if longer:
            length = n + 1 - length
            previous[: count + 2] = saved[: count + 2]
            last, gap = wrong, 1
        else:
            gap += 1
    return length


@kernel
def _roots(locator, degree, suspects, erased, logs, powers, found):
    """Suspects behind the first `erased` at which the locator is 0; returns how many."""
    number = 0
    for i in range(erased, len(suspects)):
        log = (ORDER - suspects[i]) % ORDER
        if _evaluate(locator, degree, log, logs, powers) == 0:
            if number == degree:
                return number + 1
            found[number] = suspects[i]
            number += 1
    return number


@kernel
def decode_word(sums, suspects, erased, work, places, values, logs, powers):
    """Find the wrong symbols of a code word.

    Parameters
    ----------
    sums : int64, shape (parity shards,)
        Power sums of the word as it was read; not all 0.
    suspects : int64, shape (n,)
        Positions that may be wrong; others are not considered.
    erased : int
        So many of the first suspects are erasures, fewer than the parity shards.
    work : int64, shape (6, parity shards + 2)
        Overwritten.
    places, values : int64, shape (parity shards,)
        Receive positions, and what is to be added there.
    logs, powers : arrays
        From `nlac.parity.field.tables`.

    Returns
    -------
    int
        Number of places; -1 if no such set explains the power sums.
    """
    count = len(sums)
    product, forney, locator, previous, saved, errata = work
    product[:] = 0
    product[0] = 1
    for i in range(erased):
        _multiply_root(product, i, suspects[i], powers, logs)
    # power sums of the errors alone, seen through the erasures
    _multiply(product, erased, sums, forney, logs, powers)
    length = _locate(forney, erased, count, locator, previous, saved, logs, powers)
    if 2 * length > count - erased:
        return -1
    for i in range(erased):
        places[i] = suspects[i]
    number = _roots(locator, length, suspects, erased, logs, powers, places[erased:])
    if number != length:
        return -1
    total = erased + length
    # locator of all, its product with the sums, and the formal derivative of the former
    errata[:] = 0
    errata[0] = 1
    for i in range(total):
        _multiply_root(errata, i, places[i], powers, logs)
    _multiply(errata, total, sums, forney, logs, powers)
    for i in range(1, total + 1, 2):
        errata[i - 1] = errata[i]
        errata[i] = 0
    if total % 2 == 0:
        errata[total] = 0
    for i in range(total):
        log = (ORDER - places[i]) % ORDER
        slope = _evaluate(errata, total, log, logs, powers)
        if slope == 0:
            return -1
        value = _evaluate(forney, count - 1, log, logs, powers)
        value = multiply(value, inverse(slope, logs, powers), logs, powers)
        if value:
            value = np.int64(powers[logs[value] + places[i]])
        values[i] = value
    return total


@kernel
def decode_columns(sums, suspects, trials, logs, powers, columns, places, values):
    """Decode code words one by one.

    Parameters
    ----------
    sums : uint16, shape (parity shards, n)
        Power sums of n code words.
    suspects : int64, shape (s,)
        Positions that may be wrong, the likeliest first.
    trials : int64, shape (t,)
        Numbers of erasures to try, in order.
    columns, places, values : int64, shape (n x parity shards,)
        Receive the corrections: code word, position, and what is to be added.

    Returns
    -------
    int, int
        Number of corrections, and of words that could not be decoded.
    """
    count = len(sums)
    word = np.zeros(count, np.int64)
    work = np.zeros((6, count + 3), np.int64)
    found, added = np.zeros(count + 1, np.int64), np.zeros(count + 1, np.int64)
    number = failed = 0
    for column in range(sums.shape[1]):
        bad = False
        for j in range(count):
            word[j] = np.int64(sums[j, column])
            bad |= word[j] != 0
        if not bad:
            continue
        total = np.int64(-1)
        for trial in range(len(trials)):
            total = decode_word(
                word, suspects, trials[trial], work, found, added, logs, powers
            )
            if total >= 0:
                break
        if total < 0:
            failed += 1
            continue
        for i in range(total):
            if added[i]:
                columns[number], places[number], values[number] = column, found[i], added[i]
                number += 1
    return number, failed

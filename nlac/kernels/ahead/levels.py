"""Levels of x86-64 processors, as the System V psABI names them: v1 to v4.

A level promises instructions: 2 those of SSE4.2, 3 those of AVX2, 4 those of AVX-512.  A processor
tells what it has by ``cpuid``, and the operating system by ``xgetbv`` which registers it keeps.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import TypeAlias

# (leaf, subleaf) to the registers (eax, ebx, ecx, edx)
Cpuid: TypeAlias = Callable[[int, int], tuple[int, int, int, int]]

_BASIC, _FEATURES, _EXTENDED = 1, 7, 0x80000001
_EBX, _ECX = 1, 2
# level: (leaf, register): bits
_NEEDED: Mapping[int, Mapping[tuple[int, int], Iterable[int]]] = {
    # SSE3, SSSE3, cmpxchg16b, SSE4.1, SSE4.2, popcnt; lahf
    2: {(_BASIC, _ECX): (0, 9, 13, 19, 20, 23), (_EXTENDED, _ECX): (0,)},
    # FMA, movbe, xgetbv, AVX, F16C; BMI1, AVX2, BMI2; lzcnt
    3: {
        (_BASIC, _ECX): (12, 22, 27, 28, 29),
        (_FEATURES, _EBX): (3, 5, 8),
        (_EXTENDED, _ECX): (5,),
    },
    # AVX-512 F, DQ, CD, BW, VL
    4: {(_FEATURES, _EBX): (16, 17, 28, 30, 31)},
}
# registers that the operating system keeps: of AVX; of AVX-512, too
_KEPT = {3: 0x06, 4: 0xE6}


def level_of(cpuid: Cpuid, xgetbv: Callable[[], int]) -> int:
    """Highest level of which a processor and its operating system offer everything.

    Parameters
    ----------
    cpuid : callable
        Takes leaf and subleaf, returns four registers.
    xgetbv : callable
        Returns the extended control register 0; only called where ``cpuid`` says it can be.

    Returns
    -------
    level : int
        1 to 4.
    """
    last, last_extended = cpuid(0, 0)[0], cpuid(0x80000000, 0)[0]
    level = 1
    for following, needed in _NEEDED.items():
        for (leaf, register), bits in needed.items():
            if leaf > (last_extended if leaf >= 0x80000000 else last):
                return level
            value = cpuid(leaf, 0)[register]
            if any(not value >> bit & 1 for bit in bits):
                return level
        kept = _KEPT.get(following, 0)
        if kept and xgetbv() & kept != kept:
            return level
        level = following
    return level

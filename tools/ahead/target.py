"""Machine code of kernels for one kind of processor, as an object file."""

from __future__ import annotations

from typing import Any

from llvmlite import binding, ir

from nlac.kernels import numba_internals

_WORD, _FLAG = ir.IntType(64), ir.IntType(32)


class Target:
    """What is compiled for one kind of processor.

    Parameters
    ----------
    triple : str or None
        Kind of machine, such as ``aarch64-unknown-linux-gnu``; None is this one.
    cpu, features : str
        As LLVM names them. ``NUMBA_CPU_NAME`` and ``NUMBA_CPU_FEATURES`` said the same when numba
        was imported.
    """

    def __init__(self, triple: str | None, cpu: str, features: str) -> None:
        binding.initialize_all_targets()
        binding.initialize_all_asmprinters()
        self._triple = triple or numba_internals.machine()
        self._machine = binding.Target.from_triple(self._triple).create_target_machine(
            cpu=cpu, features=features, opt=3, reloc="pic", codemodel="default"
        )
        numba_internals.compile_for(self._triple, cpu, features, self._machine)
        self._calls = ir.Module("calls")
        self._calls.triple = self._triple
        self._calls.data_layout = str(self._machine.target_data)
        self._codes: list[Any] = []
        self._symbols: set[str] = set()

    def add(self, symbol: str, dispatcher: Any, arguments: tuple[Any, ...]) -> tuple[Any, int]:
        """Compile a kernel for arguments of these types, and write a function that calls it.

        The function takes two addresses, of arguments and of results, which are slots of 64 bits,
        and returns a number other than 0 where the kernel failed.

        Returns
        -------
        result, slots : numba type, int
            What the kernel returns, and how many slots its arguments take.
        """
        dispatcher.compile(arguments)
        overload = dispatcher.overloads[arguments]
        self._codes.append(overload)
        self._symbols.add(symbol)
        kind = ir.FunctionType(_FLAG, [_WORD.as_pointer()] * 2)
        function = ir.Function(self._calls, kind, symbol)
        builder = ir.IRBuilder(function.append_basic_block())
        given, returned = function.args

        def take(i: int, wanted: Any) -> Any:
            return _from_slot(builder, builder.load(builder.gep(given, [_WORD(i)])), wanted)

        done, results, slots = numba_internals.write_call(builder, self._calls, overload, take)
        with builder.if_then(done, likely=True):
            for i, value in enumerate(results):
                builder.store(_to_slot(builder, value), builder.gep(returned, [_WORD(i)]))
            builder.ret(_FLAG(0))
        builder.ret(_FLAG(1))
        return overload.signature.return_type, slots

    def kernels_object(self, runtime: str, allowed: set[str]) -> bytes:
        """Link all that was added with the run-time library, and write an object file.

        Parameters
        ----------
        runtime : str
            LLVM's text of the library.
        allowed : set of str
            Functions that the machine's C library offers.

        Raises
        ------
        RuntimeError
            Code asks for other functions that are not there.
        """
        whole = binding.parse_assembly(str(self._calls))
        for overload in self._codes:
            whole.link_in(numba_internals.linkable_code(overload))
        # first, so that what only numba's own callers need doesn't ask for anything
        self._strip(whole)
        whole.link_in(self._parse(runtime))
        self._strip(whole)
        whole.verify()
        named = [*whole.functions, *whole.global_variables]
        wanted = {each.name for each in named if each.is_declaration}
        missing = {name for name in wanted if not name.startswith("llvm.")} - allowed
        if missing:
            raise RuntimeError(f"kernels ask for {sorted(missing)}")
        return bytes(self._machine.emit_object(whole))

    def _parse(self, text: str) -> Any:
        text = text.replace("TRIPLE", self._triple)
        return binding.parse_assembly(text.replace("LAYOUT", str(self._machine.target_data)))

    def _strip(self, module: Any) -> None:
        """Hide everything but the calls, and drop what they don't need."""
        for each in [*module.functions, *module.global_variables]:
            if not each.is_declaration and each.name not in self._symbols:
                each.linkage = "internal"
        passes = binding.create_new_module_pass_manager()
        passes.add_global_dead_code_eliminate_pass()
        tuning = binding.create_pipeline_tuning_options(speed_level=0)
        passes.run(module, binding.create_pass_builder(self._machine, tuning))


def _from_slot(builder: Any, value: Any, wanted: Any) -> Any:
    if isinstance(wanted, ir.PointerType):
        return builder.inttoptr(value, wanted)
    if isinstance(wanted, ir.DoubleType):
        return builder.bitcast(value, wanted)
    return value if wanted.width == _WORD.width else builder.trunc(value, wanted)


def _to_slot(builder: Any, value: Any) -> Any:
    if isinstance(value.type, ir.PointerType):
        return builder.ptrtoint(value, _WORD)
    if isinstance(value.type, ir.DoubleType):
        return builder.bitcast(value, _WORD)
    if value.type.width == _WORD.width:
        return value
    # of narrow results, truth values have one bit or eight
    widen = builder.zext if value.type.width in (1, 8) else builder.sext
    return widen(value, _WORD)

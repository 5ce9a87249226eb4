; What an x86-64 processor tells of itself; compiled for all of them.
target triple = "TRIPLE"
target datalayout = "LAYOUT"

define void @nlac_cpuid(i32 %leaf, i32 %subleaf, ptr %registers) {
  %all = call { i32, i32, i32, i32 } asm sideeffect "cpuid",
    "={ax},={bx},={cx},={dx},{ax},{cx}"(i32 %leaf, i32 %subleaf)
  %a = extractvalue { i32, i32, i32, i32 } %all, 0
  store i32 %a, ptr %registers
  %b = extractvalue { i32, i32, i32, i32 } %all, 1
  %second = getelementptr i32, ptr %registers, i64 1
  store i32 %b, ptr %second
  %c = extractvalue { i32, i32, i32, i32 } %all, 2
  %third = getelementptr i32, ptr %registers, i64 2
  store i32 %c, ptr %third
  %d = extractvalue { i32, i32, i32, i32 } %all, 3
  %fourth = getelementptr i32, ptr %registers, i64 3
  store i32 %d, ptr %fourth
  ret void
}

; the low half of the extended control register 0 ("xgetbv")
define i32 @nlac_xgetbv() {
  %both = call { i32, i32 } asm sideeffect ".byte 0x0f, 0x01, 0xd0", "={ax},={dx},{cx}"(i32 0)
  %low = extractvalue { i32, i32 } %both, 0
  ret i32 %low
}

; What the loader calls beside kernels, on every machine.
target triple = "TRIPLE"
target datalayout = "LAYOUT"

declare void @free(ptr)

; gives back the memory of an array that a kernel returned, see runtime.ll
define void @nlac_release(ptr %block) {
  %old = atomicrmw sub ptr %block, i64 1 acq_rel
  %last = icmp eq i64 %old, 1
  br i1 %last, label %away, label %done
away:
  call void @free(ptr %block)
  br label %done
done:
  ret void
}

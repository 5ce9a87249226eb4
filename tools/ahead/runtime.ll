; What numba's run-time library gives kernels.
;
; A block of memory is {references, nothing, nothing, data, size}; data begin at a multiple of the
; alignment, at least 64 bytes behind the block's start.
target triple = "TRIPLE"
target datalayout = "LAYOUT"

declare ptr @malloc(i64)
declare void @free(ptr)
declare double @frexp(double, ptr)

define ptr @NRT_MemInfo_alloc_aligned(i64 %size, i32 %align) {
  %step = zext i32 %align to i64
  %more = add i64 %step, 64
  %all = add i64 %size, %more
  %fits = icmp uge i64 %all, %size
  br i1 %fits, label %asked, label %failed
asked:
  %block = call ptr @malloc(i64 %all)
  %none = icmp eq ptr %block, null
  br i1 %none, label %failed, label %made
made:
  %start = ptrtoint ptr %block to i64
  %least = add i64 %start, 63
  %last = add i64 %least, %step
  %mask = sub i64 0, %step
  %place = and i64 %last, %mask
  %data = inttoptr i64 %place to ptr
  store i64 1, ptr %block
  %first = getelementptr i64, ptr %block, i64 1
  store ptr null, ptr %first
  %second = getelementptr i64, ptr %block, i64 2
  store ptr null, ptr %second
  %third = getelementptr i64, ptr %block, i64 3
  store ptr %data, ptr %third
  %fourth = getelementptr i64, ptr %block, i64 4
  store i64 %size, ptr %fourth
  ret ptr %block
failed:
  ret ptr null
}

define ptr @NRT_MemInfo_alloc_safe_aligned(i64 %size, i32 %align) {
  %block = call ptr @NRT_MemInfo_alloc_aligned(i64 %size, i32 %align)
  ret ptr %block
}

define ptr @NRT_MemInfo_alloc(i64 %size) {
  %block = call ptr @NRT_MemInfo_alloc_aligned(i64 %size, i32 32)
  ret ptr %block
}

define ptr @NRT_MemInfo_data_fast(ptr %block) {
  %third = getelementptr i64, ptr %block, i64 3
  %data = load ptr, ptr %third
  ret ptr %data
}

define void @NRT_MemInfo_call_dtor(ptr %block) {
  call void @free(ptr %block)
  ret void
}

define void @NRT_incref(ptr %block) {
  %none = icmp eq ptr %block, null
  br i1 %none, label %done, label %count
count:
  %old = atomicrmw add ptr %block, i64 1 monotonic
  br label %done
done:
  ret void
}

define void @NRT_decref(ptr %block) {
  %none = icmp eq ptr %block, null
  br i1 %none, label %done, label %count
count:
  %old = atomicrmw sub ptr %block, i64 1 acq_rel
  %last = icmp eq i64 %old, 1
  br i1 %last, label %away, label %done
away:
  call void @NRT_MemInfo_call_dtor(ptr %block)
  br label %done
done:
  ret void
}

define ptr @NRT_Allocate(i64 %size) {
  %place = call ptr @malloc(i64 %size)
  ret ptr %place
}

define void @NRT_Free(ptr %place) {
  call void @free(ptr %place)
  ret void
}

define double @numba_frexp(double %value, ptr %exponent) {
  %part = call double @frexp(double %value, ptr %exponent)
  ret double %part
}

; from one dimension to one, which is all that kernels ask for; else "can't be done without a copy"
define i32 @numba_attempt_nocopy_reshape(i64 %from, ptr %shape, ptr %strides, i64 %to,
                                         ptr %new_shape, ptr %new_strides, i64 %size, i32 %order) {
  %both = or i64 %from, %to
  %one = icmp eq i64 %both, 1
  br i1 %one, label %yes, label %no
yes:
  %stride = load i64, ptr %strides
  store i64 %stride, ptr %new_strides
  ret i32 1
no:
  ret i32 0
}

; what makes the texts of exceptions: the callers tell failures by the code alone
@PyExc_RuntimeError = global ptr null
define void @PyErr_SetString(ptr %kind, ptr %text) {
  ret void
}
define i64 @PyObject_Hash(ptr %object) {
  ret i64 0
}
define ptr @PyTuple_Pack(i64 %count, ...) {
  ret ptr null
}
define ptr @PyUnicode_FromKindAndData(i32 %kind, ptr %text, i64 %count) {
  ret ptr null
}

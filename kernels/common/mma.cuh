// Device code: what a matrix product on tensor cores is made of, from compute capability 8.0 on:
// asynchronous copies to shared memory, ldmatrix, and mma.sync of TF32 and bfloat16 operands with
// float accumulators. Code that uses it stands under `#if NRAM_TENSOR_CORES`, and its launcher asks
// Launcher::capability() >= 80: the image for compute_75 has no kernel of that name.
//
// Fragments, by g = lane / 4 and t = lane % 4 (m16n8k8 of TF32; for bfloat16, m16n8k16, a register
// holds the two neighbours along k at 2t and 2t + 1, and "4" below is 8):
//   a[0] (g, t)  a[1] (g + 8, t)  a[2] (g, t + 4)  a[3] (g + 8, t + 4)      rows m, columns k
//   b0 (t, g)    b1 (t + 4, g)                                              rows k, columns n
//   d[0], d[1] (g, 2t), (g, 2t + 1)    d[2], d[3] (g + 8, 2t), (g + 8, 2t + 1)
// ldmatrix gives lane (g, t) the four bytes t of row g of each 8 x 16-byte matrix: a fragment of
// either type from memory that is contiguous along k. The transposed form does the same for
// bfloat16 from memory that is contiguous along m or n; TF32 has none.
#pragma once

#include <cstdint>

#if defined(__CUDA_ARCH__) && __CUDA_ARCH__ >= 800
#define NRAM_TENSOR_CORES 1
#else
#define NRAM_TENSOR_CORES 0
#endif

#if NRAM_TENSOR_CORES
namespace nram::device {

// The 32-bit address that the instructions below take.
__device__ __forceinline__ uint32_t shared_address(const void* shared) {
  return static_cast<uint32_t>(__cvta_generic_to_shared(shared));
}

// Starts a copy of 16 bytes, both sides aligned to 16, past (streaming) or through (cached) the L1
// cache. Where `valid` is false it writes zeros and reads nothing; `global` must still be a pointer
// into the tensor.
__device__ __forceinline__ void copy_async_streaming(uint32_t shared, const void* global,
                                                     bool valid = true) {
  asm volatile("cp.async.cg.shared.global [%0], [%1], 16, %2;\n" ::"r"(shared), "l"(global),
               "r"(valid ? 16 : 0)
               : "memory");
}
__device__ __forceinline__ void copy_async_cached(uint32_t shared, const void* global,
                                                  bool valid = true) {
  asm volatile("cp.async.ca.shared.global [%0], [%1], 16, %2;\n" ::"r"(shared), "l"(global),
               "r"(valid ? 16 : 0)
               : "memory");
}
// Ends a group of copies of this thread; groups may be empty.
__device__ __forceinline__ void copy_async_commit() {
  asm volatile("cp.async.commit_group;\n" ::: "memory");
}
// Waits until at most kPending of this thread's groups are under way. Other threads' copies are
// visible after a barrier.
template <int kPending>
__device__ __forceinline__ void copy_async_wait() {
  asm volatile("cp.async.wait_group %0;\n" ::"n"(kPending) : "memory");
}

// Four 8 x 16-byte matrices; lanes 8i ... 8i + 7 give the addresses of the rows of matrix i.
__device__ __forceinline__ void load_matrices(uint32_t (&matrices)[4], uint32_t shared) {
  asm volatile("ldmatrix.sync.aligned.m8n8.x4.shared.b16 {%0, %1, %2, %3}, [%4];\n"
               : "=r"(matrices[0]), "=r"(matrices[1]), "=r"(matrices[2]), "=r"(matrices[3])
               : "r"(shared)
               : "memory");
}
__device__ __forceinline__ void load_matrices_transposed(uint32_t (&matrices)[4], uint32_t shared) {
  asm volatile("ldmatrix.sync.aligned.m8n8.x4.trans.shared.b16 {%0, %1, %2, %3}, [%4];\n"
               : "=r"(matrices[0]), "=r"(matrices[1]), "=r"(matrices[2]), "=r"(matrices[3])
               : "r"(shared)
               : "memory");
}

// The bits of a float rounded to TF32, to nearest, ties away from zero; NaN stays NaN.
__device__ __forceinline__ uint32_t round_to_tf32(uint32_t bits) {
  uint32_t rounded;
  asm("cvt.rna.tf32.f32 %0, %1;\n" : "=r"(rounded) : "f"(__uint_as_float(bits)));
  return rounded;
}

// d += a b, 16 x 8 x 8, operands as round_to_tf32 gives them.
__device__ __forceinline__ void multiply_tf32(float (&d)[4], const uint32_t (&a)[4], uint32_t b0,
                                              uint32_t b1) {
  asm("mma.sync.aligned.m16n8k8.row.col.f32.tf32.tf32.f32 {%0, %1, %2, %3}, {%4, %5, %6, %7}, "
      "{%8, %9}, {%0, %1, %2, %3};\n"
      : "+f"(d[0]), "+f"(d[1]), "+f"(d[2]), "+f"(d[3])
      : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "r"(b0), "r"(b1));
}
// d += a b, 16 x 8 x 16.
__device__ __forceinline__ void multiply_bfloat16(float (&d)[4], const uint32_t (&a)[4],
                                                  uint32_t b0, uint32_t b1) {
  asm("mma.sync.aligned.m16n8k16.row.col.f32.bf16.bf16.f32 {%0, %1, %2, %3}, {%4, %5, %6, %7}, "
      "{%8, %9}, {%0, %1, %2, %3};\n"
      : "+f"(d[0]), "+f"(d[1]), "+f"(d[2]), "+f"(d[3])
      : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "r"(b0), "r"(b1));
}

}  // namespace nram::device
#endif

// Device code: the product of two gathered operands on tensor cores, for TF32 (of float memory) and
// bfloat16, with float sums.
//
// A warp computes 64 x 32 sums, a block kWarpsM x kWarpsN of these. A slab is 64 bytes of k for
// every row of an operand; four slabs are in shared memory or on their way there by cp.async. It
// lies there as it does in global memory, in vectors of 16 bytes:
//   along k    [row][4 vectors]; vector v of row r at v ^ (r / 2 % 4): ldmatrix reads eight rows
//              and cp.async writes two rows through all 32 banks
//   across k   [k][vectors of rows]; vector v of k at v ^ (k % 8) for bfloat16, which a transposed
//              ldmatrix reads, and at v ^ 2 (k % 4) for float, which has no such form: lanes read
//              four k of eight rows, all in different banks
#pragma once

#include "kernels/common/mma.cuh"
#include "kernels/common/vector_access.cuh"

#if NRAM_TENSOR_CORES
namespace nram::device {

constexpr int kSlabBytes = 64;
constexpr int kStages = 4;

template <class T, int kTile, bool kAlongK>
__device__ __forceinline__ int slab_offset(int line, int vector) {
  if (kAlongK) return line * kSlabBytes + ((vector ^ (line >> 1 & 3)) << 4);
  const int moved = sizeof(T) == 2 ? line & 7 : (line & 3) << 1;
  return line * kTile * static_cast<int>(sizeof(T)) + ((vector ^ moved) << 4);
}

// This thread's share of an operand's slab on its way to shared memory.
template <class T, int kTile, int kThreads, bool kAlongK>
struct AsyncStaging {
  static constexpr int kWidth = kVectorWidth<T>;
  static constexpr int kSlab = kSlabBytes / sizeof(T);
  static constexpr int kSideBySide = kAlongK ? kSlabBytes / 16 : kTile / kWidth;
  static constexpr int kStep = kThreads / kSideBySide;
  static constexpr int kCount = kTile * kSlabBytes / 16 / kThreads;
  static_assert(kTile * kSlabBytes % (16 * kThreads) == 0 && kThreads % kSideBySide == 0);

  uint32_t slab;  // where the next slab goes

  __device__ static bool active() { return true; }
  __device__ static int side() { return threadIdx.x % kSideBySide * kWidth; }
  __device__ static int line(int i) { return threadIdx.x / kSideBySide + i * kStep; }
  // `tensor`: any address that may be read.
  __device__ __forceinline__ void read(int i, const T* at, const T* tensor) {
    const int offset = slab_offset<T, kTile, kAlongK>(line(i), threadIdx.x % kSideBySide);
    copy_async_cached(slab + offset, at == nullptr ? tensor : at, at != nullptr);
  }
};

template <class T, int kWarpsM, int kWarpsN>
struct TensorTile {
  static constexpr int kTileM = 64 * kWarpsM, kTileN = 32 * kWarpsN;
  static constexpr int kThreads = 32 * kWarpsM * kWarpsN;
  static constexpr int kSlab = kSlabBytes / sizeof(T);
  static constexpr int kBytesM = kTileM * kSlabBytes;
  static constexpr int kStageBytes = kBytesM + kTileN * kSlabBytes;
  template <bool kAlongK>
  using StagingM = AsyncStaging<T, kTileM, kThreads, kAlongK>;
  template <bool kAlongK>
  using StagingN = AsyncStaging<T, kTileN, kThreads, kAlongK>;

  // Where this warp's sums begin.
  __device__ static int row() { return threadIdx.x / 32 / kWarpsN * 64; }
  __device__ static int column() { return threadIdx.x / 32 % kWarpsN * 32; }
};

__device__ __forceinline__ uint32_t tf32_at(uint32_t shared) {
  uint32_t bits;
  asm volatile("ld.shared.u32 %0, [%1];\n" : "=r"(bits) : "r"(shared) : "memory");
  return round_to_tf32(bits);
}

// 16 rows from `row` by 32 bytes of k, number `step` of the slab, as registers: of the left operand
// in the order of its fragment, of the right one (kRight) as two pairs b0, b1 of eight columns.
template <class T, int kTile, bool kAlongK, bool kRight>
__device__ __forceinline__ void load_fragment(uint32_t slab, int row, int step,
                                              uint32_t (&fragment)[4]) {
  const int lane = threadIdx.x % 32;
  // Matrices 1 and 2 are the other eight rows and the other half of k, in either order.
  const int second = lane / 8 % 2, third = lane / 16;
  const int half = kRight ? second : third, eight = kRight ? third : second;
  if constexpr (kAlongK) {
    load_matrices(fragment,
                  slab + slab_offset<T, kTile, true>(row + eight * 8 + lane % 8, step * 2 + half));
    if constexpr (sizeof(T) == 4) {
#pragma unroll
      for (uint32_t& bits : fragment) bits = round_to_tf32(bits);
    }
  } else if constexpr (sizeof(T) == 2) {
    load_matrices_transposed(
        fragment,
        slab + slab_offset<T, kTile, false>(step * 16 + half * 8 + lane % 8, row / 8 + eight));
  } else {
    const int g = lane / 4, t = lane % 4;
#pragma unroll
    for (int i = 0; i < 4; ++i) {
      const int k = step * 8 + t + (kRight ? i % 2 : i / 2) * 4;
      const int m = row + g + (kRight ? i / 2 : i % 2) * 8;
      fragment[i] = tf32_at(slab + slab_offset<T, kTile, false>(k, m / 4) + m % 4 * 4);
    }
  }
}

template <class T, class Tile, bool kAlongK>
__device__ __forceinline__ void tensor_slab(uint32_t stage, float (&sums)[4][4][4]) {
#pragma unroll
  for (int step = 0; step < 2; ++step) {
    uint32_t right[2][4];
#pragma unroll
    for (int n = 0; n < 2; ++n) {
      load_fragment<T, Tile::kTileN, kAlongK, true>(stage + Tile::kBytesM, Tile::column() + n * 16,
                                                    step, right[n]);
    }
#pragma unroll
    for (int m = 0; m < 4; ++m) {
      uint32_t left[4];
      load_fragment<T, Tile::kTileM, kAlongK, false>(stage, Tile::row() + m * 16, step, left);
#pragma unroll
      for (int n = 0; n < 4; ++n) {
        const uint32_t b0 = right[n / 2][n % 2 * 2], b1 = right[n / 2][n % 2 * 2 + 1];
        if constexpr (sizeof(T) == 4) {
          multiply_tf32(sums[m][n], left, b0, b1);
        } else {
          multiply_bfloat16(sums[m][n], left, b0, b1);
        }
      }
    }
  }
}

// Multiplies `slabs` slabs that a.read(), b.read() fetch one after the other.
template <class T, class Tile, bool kAlongK, class OperandA, class OperandB>
__device__ __forceinline__ void tensor_product(OperandA& a, OperandB& b, int slabs, uint32_t shared,
                                               float (&sums)[4][4][4]) {
#pragma unroll
  for (int i = 0; i < 64; ++i) sums[i / 16][i / 4 % 4][i % 4] = 0;
  const auto fetch = [&](int slab) {
    if (slab < slabs) {
      a.staging.slab = shared + slab % kStages * Tile::kStageBytes;
      b.staging.slab = a.staging.slab + Tile::kBytesM;
      a.read();
      b.read();
    }
    copy_async_commit();
  };
#pragma unroll 1
  for (int slab = 0; slab < kStages - 1; ++slab) fetch(slab);
#pragma unroll 1
  for (int slab = 0; slab < slabs; ++slab) {
    copy_async_wait<kStages - 2>();
    // All copies of this slab are here, and all warps are through with the one before it, whose
    // place the next fetch takes.
    __syncthreads();
    fetch(slab + kStages - 1);
    tensor_slab<T, Tile, kAlongK>(shared + slab % kStages * Tile::kStageBytes, sums);
  }
}

// Calls visit(row, column, values) for all sums of this thread, four neighbours along a row at a
// time: lanes exchange halves of two fragments side by side, so that a row's part fills sectors.
template <class Tile, class Visit>
__device__ __forceinline__ void for_sums(const float (&sums)[4][4][4], Visit&& visit) {
  const int lane = threadIdx.x % 32, t = lane % 4;
  const bool odd = t % 2 != 0;
#pragma unroll
  for (int i = 0; i < 16; ++i) {
    const int m = i / 4, half = i / 2 % 2, n = i % 2 * 2;
    const float* const here = sums[m][n] + half * 2;
    const float* const beside = sums[m][n + 1] + half * 2;
    const float from0 = __shfl_xor_sync(0xffffffffu, odd ? here[0] : beside[0], 1);
    const float from1 = __shfl_xor_sync(0xffffffffu, odd ? here[1] : beside[1], 1);
    float values[4] = {odd ? from0 : here[0], odd ? from1 : here[1], odd ? beside[0] : from0,
                       odd ? beside[1] : from1};
    visit(Tile::row() + m * 16 + half * 8 + lane / 4, Tile::column() + (n + odd) * 8 + t / 2 * 4,
          values);
  }
}

}  // namespace nram::device
#endif

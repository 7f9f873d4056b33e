// Device code: the product of two gathered operands in exact float arithmetic, for cards without
// tensor cores and for float32 where TF32 is not allowed.
//
// A block computes kTileM x kTileN sums, a thread kThreadM x kThreadN of them, in groups of up to
// four neighbours. A slab of kSlab k lies in shared memory as [k][m] and [k][n]; the next one is
// read into registers meanwhile. m is xor-ed with 8 (k / 4 % 4): operands that are contiguous along
// k are stored transposed, four k of a row at a time, and so hit 32 banks.
#pragma once

#include "kernels/convolution/gather.cuh"

namespace nram::device {

constexpr int kSimtVector = 4;  // elements that a thread reads at once

template <int kTile, int kThreads, int kKOfSlab, bool kAlongK>
struct SimtStaging;

template <int kM, int kN, int kMOfThread, int kNOfThread, int kKOfSlab>
struct SimtTile {
  static constexpr int kSlab = kKOfSlab;
  static constexpr int kTileM = kM, kTileN = kN, kThreadM = kMOfThread, kThreadN = kNOfThread;
  static constexpr int kThreadsM = kTileM / kThreadM, kThreadsN = kTileN / kThreadN;
  static constexpr int kThreads = kThreadsM * kThreadsN;
  static constexpr int kVectorM = kThreadM < 4 ? kThreadM : 4;
  static constexpr int kVectorN = kThreadN < 4 ? kThreadN : 4;
  static constexpr int kStageFloats = kSlab * (kTileM + kTileN);
  static constexpr int kSharedFloats = 2 * kStageFloats;
  template <bool kAlongK>
  using StagingM = SimtStaging<kTileM, kThreads, kSlab, kAlongK>;
  template <bool kAlongK>
  using StagingN = SimtStaging<kTileN, kThreads, kSlab, kAlongK>;

  // A warp's lanes spread over 8 columns of threads where there are that many.
  static constexpr int kLanesN = kThreadsM == 1 ? 32 : kThreadsN < 8 ? kThreadsN : 8;
  static constexpr int kLanesM = 32 / kLanesN;
  static constexpr int kWarpsN = kThreadsN / kLanesN;

  // First row or column of group g of this thread.
  __device__ static int row(int g) {
    const int warp = threadIdx.x / 32, lane = threadIdx.x % 32;
    return g * kThreadsM * kVectorM + (warp / kWarpsN * kLanesM + lane / kLanesN) * kVectorM;
  }
  __device__ static int column(int g) {
    const int warp = threadIdx.x / 32, lane = threadIdx.x % 32;
    return g * kThreadsN * kVectorN + (warp % kWarpsN * kLanesN + lane % kLanesN) * kVectorN;
  }
};

// Where element (k, m) of an operand's slab lies. Narrow tiles are not swizzled.
template <int kTile, int kSlab>
__device__ __forceinline__ int simt_offset(int k, int m) {
  constexpr int kVectors = kSlab / kSimtVector;
  return k * kTile + (kTile >= 32 ? m ^ (k / kSimtVector * (32 / kVectors)) : m);
}

// This thread's share of a slab on its way to shared memory: kCount vectors of a tile of kTile
// rows, kStepRows apart.
template <int kTile, int kThreads, int kKOfSlab, bool kAlongK>
struct SimtStaging {
  static constexpr int kSlab = kKOfSlab;
  static constexpr int kVectorsOfSlab = kTile * kSlab / kSimtVector;
  static constexpr int kCount = (kVectorsOfSlab + kThreads - 1) / kThreads;
  // Vectors side by side: along k those of one row, else those of one k.
  static constexpr int kSideBySide = kAlongK ? kSlab / kSimtVector : kTile / kSimtVector;
  static constexpr int kStep = kThreads / kSideBySide;
  static_assert(kVectorsOfSlab % kThreads == 0 || kCount == 1);
  static_assert(kThreads % kSideBySide == 0);

  float values[kCount][kSimtVector];

  __device__ static bool active() {
    return kVectorsOfSlab % kThreads == 0 || threadIdx.x < kVectorsOfSlab;
  }
  __device__ static int side() { return threadIdx.x % kSideBySide * kSimtVector; }
  __device__ static int line(int i) { return threadIdx.x / kSideBySide + i * kStep; }

  template <class T>
  __device__ __forceinline__ void read(int i, const T* at, const T*) {
    if (at != nullptr) {
      load(at, values[i]);
    } else {
#pragma unroll
      for (float& value : values[i]) value = 0;
    }
  }
  __device__ __forceinline__ void write(float* slab) const {
    if (!active()) return;
#pragma unroll
    for (int i = 0; i < kCount; ++i) {
      if (kAlongK) {
#pragma unroll
        for (int e = 0; e < kSimtVector; ++e) {
          slab[simt_offset<kTile, kSlab>(side() + e, line(i))] = values[i][e];
        }
      } else {
        // Not store(): nvcc takes that apart into four stores here, which meet in their banks.
        const float* const at = slab + simt_offset<kTile, kSlab>(line(i), side());
        asm volatile("st.shared.v4.f32 [%0], {%1, %2, %3, %4};\n" ::"r"(
                         static_cast<uint32_t>(__cvta_generic_to_shared(at))),
                     "f"(values[i][0]), "f"(values[i][1]), "f"(values[i][2]), "f"(values[i][3])
                     : "memory");
      }
    }
  }
};

// The sums of this thread over one slab.
template <class Tile>
__device__ __forceinline__ void simt_slab(const float* a, const float* b,
                                          float (&sums)[Tile::kThreadM][Tile::kThreadN]) {
#pragma unroll
  for (int k = 0; k < Tile::kSlab; ++k) {
    float rows[Tile::kThreadM], columns[Tile::kThreadN];
#pragma unroll
    for (int g = 0; g < Tile::kThreadM / Tile::kVectorM; ++g) {
      load(a + simt_offset<Tile::kTileM, Tile::kSlab>(k, Tile::row(g)),
           reinterpret_cast<float(&)[Tile::kVectorM]>(rows[g * Tile::kVectorM]));
    }
#pragma unroll
    for (int g = 0; g < Tile::kThreadN / Tile::kVectorN; ++g) {
      load(b + simt_offset<Tile::kTileN, Tile::kSlab>(k, Tile::column(g)),
           reinterpret_cast<float(&)[Tile::kVectorN]>(columns[g * Tile::kVectorN]));
    }
#pragma unroll
    for (int m = 0; m < Tile::kThreadM; ++m) {
#pragma unroll
      for (int n = 0; n < Tile::kThreadN; ++n) sums[m][n] = fmaf(rows[m], columns[n], sums[m][n]);
    }
  }
}

// Multiplies `slabs` slabs that a.read(), b.read() fetch one after the other.
template <class Tile, class OperandA, class OperandB>
__device__ __forceinline__ void simt_product(OperandA& a, OperandB& b, int slabs, float* shared,
                                             float (&sums)[Tile::kThreadM][Tile::kThreadN]) {
#pragma unroll
  for (auto& row : sums) {
#pragma unroll
    for (float& sum : row) sum = 0;
  }
  if (slabs == 0) return;
  a.read();
  b.read();
  a.staging.write(shared);
  b.staging.write(shared + Tile::kSlab * Tile::kTileM);
  __syncthreads();
  for (int slab = 0; slab < slabs; ++slab) {
    float* const current = shared + slab % 2 * Tile::kStageFloats;
    float* const next = shared + (slab + 1) % 2 * Tile::kStageFloats;
    const bool more = slab + 1 < slabs;
    if (more) {
      a.read();
      b.read();
    }
    simt_slab<Tile>(current, current + Tile::kSlab * Tile::kTileM, sums);
    if (more) {
      a.staging.write(next);
      b.staging.write(next + Tile::kSlab * Tile::kTileM);
    }
    __syncthreads();
  }
}

}  // namespace nram::device

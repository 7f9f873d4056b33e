// Kernels for execution_test.cpp, compiled by nvcc where there is one.
#include <cuda_bf16.h>
#include <cuda_fp16.h>

#include <cstdint>

// y[i] = a x[i] + y[i], with odd sizes.
extern "C" __global__ void saxpy(const float* __restrict__ x, float* __restrict__ y, float a,
                                 int count) {
  const int i = blockIdx.x * blockDim.x + threadIdx.x;
  if (i < count) y[i] = a * x[i] + y[i];
}

// Transposes rows x columns through a padded tile.
extern "C" __global__ void transpose(const float* input, float* output, int rows, int columns) {
  __shared__ float tile[16][17];
  int column = blockIdx.x * 16 + threadIdx.x, row = blockIdx.y * 16 + threadIdx.y;
  if (row < rows && column < columns) {
    tile[threadIdx.y][threadIdx.x] = input[row * columns + column];
  }
  __syncthreads();
  row = blockIdx.x * 16 + threadIdx.y;
  column = blockIdx.y * 16 + threadIdx.x;
  if (row < columns && column < rows) {
    output[row * rows + column] = tile[threadIdx.x][threadIdx.y];
  }
}

// The sum of each block's integers, by shuffles.
extern "C" __global__ void block_sums(const int* values, int* sums, int count) {
  __shared__ int warps[32];
  int sum = 0;
  for (int i = blockIdx.x * blockDim.x + threadIdx.x; i < count; i += gridDim.x * blockDim.x) {
    sum += values[i];
  }
  for (int offset = 16; offset > 0; offset /= 2) sum += __shfl_down_sync(~0u, sum, offset);
  if (threadIdx.x % 32 == 0) warps[threadIdx.x / 32] = sum;
  __syncthreads();
  if (threadIdx.x < 32) {
    sum = threadIdx.x < blockDim.x / 32 ? warps[threadIdx.x] : 0;
    for (int offset = 16; offset > 0; offset /= 2) sum += __shfl_down_sync(~0u, sum, offset);
    if (threadIdx.x == 0) sums[blockIdx.x] = sum;
  }
}

// Steps until 1 of the 3n + 1 iteration: lanes part ways.
extern "C" __global__ void collatz(const uint32_t* values, uint32_t* steps, int count) {
  const int i = blockIdx.x * blockDim.x + threadIdx.x;
  if (i >= count) return;
  uint64_t n = values[i];
  uint32_t taken = 0;
  while (n != 1) {
    if (n % 2 == 0) {
      n /= 2;
    } else {
      n = 3 * n + 1;
    }
    ++taken;
  }
  steps[i] = taken;
}

__device__ __noinline__ float branchy(float x, int kind) {
  switch (kind) {
    case 0:
      return sinf(x);
    case 1:
      return expf(x);
    case 2:
      return logf(fabsf(x) + 1);
    case 3:
      return powf(fabsf(x), 1.3f);
    case 4:
      return tanhf(x);
    case 5:
      return x / 3;
    case 6:
      return sqrtf(fabsf(x));
    case 7:
      return cosf(x);
    default:
      return erff(x);
  }
}
extern "C" __global__ void functions(const float* x, float* y, int count) {
  const int i = blockIdx.x * blockDim.x + threadIdx.x;
  if (i < count) y[i] = branchy(x[i], i % 9);
}

// An array that its index keeps in local memory.
extern "C" __global__ void sort_eights(int* values, int groups) {
  const int group = blockIdx.x * blockDim.x + threadIdx.x;
  if (group >= groups) return;
  int local[8];
  for (int i = 0; i < 8; ++i) local[i] = values[group * 8 + i];
  for (int i = 1; i < 8; ++i) {
    const int value = local[i];
    int at = i;
    while (at > 0 && local[at - 1] > value) {
      local[at] = local[at - 1];
      --at;
    }
    local[at] = value;
  }
  for (int i = 0; i < 8; ++i) values[group * 8 + i] = local[i];
}

__constant__ float kWeights[4] = {0.5f, 0.25f, 0.125f, 2};
__device__ int blocks_done = 0;
// The last block to finish adds what all wrote: a fence and a counter order them.
extern "C" __global__ void last_block(const float* x, float* partial, float* total) {
  __shared__ bool last;
  partial[blockIdx.x] = x[blockIdx.x] * kWeights[blockIdx.x % 4];
  __threadfence();
  if (threadIdx.x == 0) last = atomicAdd(&blocks_done, 1) == static_cast<int>(gridDim.x) - 1;
  __syncthreads();
  if (last && threadIdx.x == 0) {
    float sum = 0;
    for (int i = 0; i < gridDim.x; ++i) sum += partial[i];
    *total = sum;
  }
}

// Conversions and pairs of 16-bit floats, four elements a thread.
extern "C" __global__ void scale_bfloat16(const uint2* input, uint2* output, float factor,
                                          int vectors) {
  const int i = blockIdx.x * blockDim.x + threadIdx.x;
  if (i >= vectors) return;
  union {
    uint2 raw;
    __nv_bfloat16 values[4];
  } vector{input[i]};
  for (int k = 0; k < 4; ++k) {
    vector.values[k] = __float2bfloat16_rn(__bfloat162float(vector.values[k]) * factor);
  }
  output[i] = vector.raw;
}

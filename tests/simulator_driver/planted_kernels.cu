// Kernels with one planted bug each, and their clean twins (..._right) beside them. The tests
// compile this file to PTX and run it on the simulated device.
#include <cuda_pipeline.h>

extern "C" {

__global__ void scale(float* y, const float* x, int n) {
  const int i = blockIdx.x * blockDim.x + threadIdx.x;
  if (i < n) y[i] = 2 * x[i];
}
__global__ void __launch_bounds__(128) scale_128(float* y, const float* x, int n) {
  const int i = blockIdx.x * blockDim.x + threadIdx.x;
  if (i < n) y[i] = 2 * x[i];
}
__global__ void no_bounds(float* y, const float* x, int) {
  const int i = blockIdx.x * blockDim.x + threadIdx.x;
  y[i] = 2 * x[i];
}
__global__ void left_neighbour(float* y, const float* x, int n) {
  const int i = blockIdx.x * blockDim.x + threadIdx.x;
  if (i < n) y[i] = x[i] - x[i - 1];
}
__global__ void left_neighbour_right(float* y, const float* x, int n) {
  const int i = blockIdx.x * blockDim.x + threadIdx.x;
  if (i < n) y[i] = i == 0 ? x[i] : x[i] - x[i - 1];
}
__global__ void vector_from_one(float* y, const float* x, int n) {
  const int i = threadIdx.x * 4;
  if (i + 4 < n) *reinterpret_cast<float4*>(y + i) = *reinterpret_cast<const float4*>(x + i + 1);
}
__global__ void vector_from_one_right(float* y, const float* x, int n) {
  const int i = threadIdx.x * 4;
  if (i + 4 <= n) *reinterpret_cast<float4*>(y + i) = *reinterpret_cast<const float4*>(x + i);
}
__global__ void null_pointer(float* y, const float*, int n) {
  // The compiler must not see that it is null.
  const float* z = reinterpret_cast<const float*>(static_cast<size_t>(n - 128));
  y[threadIdx.x] = z[threadIdx.x];
}

// Shared memory.
__global__ void reverse(float* y, const float* x, int n) {
  __shared__ float tile[128];
  const int i = static_cast<int>(threadIdx.x);
  tile[i] = x[i];
  y[i] = tile[n - 1 - i];
}
__global__ void reverse_right(float* y, const float* x, int n) {
  __shared__ float tile[128];
  const int i = static_cast<int>(threadIdx.x);
  tile[i] = x[i];
  __syncthreads();
  y[i] = tile[n - 1 - i];
}
__global__ void half_tile(float* y, const float* x, int n) {
  __shared__ float tile[128];
  const int i = static_cast<int>(threadIdx.x);
  if (i < n / 2) tile[i] = x[i];
  __syncthreads();
  y[i] = tile[n - 1 - i];
}
__global__ void past_tile(float* y, const float* x, int n) {
  __shared__ float tile[128];
  const int i = static_cast<int>(threadIdx.x);
  tile[i] = x[i];
  __syncthreads();
  y[i] = tile[n - i];
}
__global__ void warp_reverse(float* y, const float* x, int) {
  __shared__ float tile[32];
  const int i = static_cast<int>(threadIdx.x);
  tile[i] = x[i];
  y[i] = tile[31 - i];
}
__global__ void warp_reverse_right(float* y, const float* x, int) {
  __shared__ float tile[32];
  const int i = static_cast<int>(threadIdx.x);
  tile[i] = x[i];
  __syncwarp();
  y[i] = tile[31 - i];
}
__global__ void dynamic_reverse(float* y, const float* x, int n) {
  extern __shared__ float dynamic_tile[];
  const int i = static_cast<int>(threadIdx.x);
  dynamic_tile[i] = x[i];
  __syncthreads();
  y[i] = dynamic_tile[n - 1 - i];
}

// Barriers and members.
__global__ void divergent_barrier(float* y, const float* x, int n) {
  __shared__ float tile[128];
  const int i = static_cast<int>(threadIdx.x);
  tile[i] = x[i];
  if (i % 32 < 16) {
    __syncthreads();
    y[i] = tile[n - 1 - i];
  } else {
    y[i] = 0;
  }
}
__global__ void short_barrier(float* y, const float* x, int) {
  const int i = static_cast<int>(threadIdx.x);
  y[i] = x[i];
  if (i < 64) asm volatile("bar.sync 1, 128;" ::: "memory");
}
__global__ void short_barrier_right(float* y, const float* x, int) {
  const int i = static_cast<int>(threadIdx.x);
  y[i] = x[i];
  if (i < 64) asm volatile("bar.sync 1, 64;" ::: "memory");
}
__global__ void wrong_members(float* y, const float* x, int) {
  const int i = static_cast<int>(threadIdx.x);
  if (i % 32 < 16) {
    y[i] = __shfl_xor_sync(0xFFFFFFFF, x[i], 1);
  } else {
    y[i] = 0;
  }
}
__global__ void wrong_members_right(float* y, const float* x, int) {
  const int i = static_cast<int>(threadIdx.x);
  if (i % 32 < 16) {
    y[i] = __shfl_xor_sync(0x0000FFFF, x[i], 1);
  } else {
    y[i] = 0;
  }
}
__global__ void inactive_source(float* y, const float* x, int) {
  const int i = static_cast<int>(threadIdx.x);
  y[i] = 0;
  if (i % 32 < 16) y[i] = __shfl_sync(0x0000FFFF, x[i], i % 32 + 16);
}

// Global memory between threads.
__global__ void count_plainly(float* y, const float*, int) { y[0] = y[0] + 1; }
__global__ void count_plainly_right(float* y, const float*, int) { atomicAdd(y, 1.0f); }
__global__ void many_to_one(float* y, const float* x, int) {
  if (threadIdx.x == 0) y[0] = x[blockIdx.x];
}
__global__ void many_to_one_right(float* y, const float* x, int) {
  if (threadIdx.x == 0) y[blockIdx.x] = x[blockIdx.x];
}
__global__ void neighbour_in_place(float* y, const float*, int n) {
  const int i = blockIdx.x * blockDim.x + threadIdx.x;
  if (i + 1 < n) y[i] = y[i + 1];
}
__global__ void plain_beside_atomic(float* y, const float*, int) {
  if (blockIdx.x == 0 && threadIdx.x == 0) {
    y[0] = 3;
  } else {
    atomicAdd(y, 1.0f);
  }
}
__global__ void read_only_of_written(float* y, const float*, int) {
  const int i = static_cast<int>(threadIdx.x);
  y[i] = static_cast<float>(i);
  __syncthreads();
  y[i] = __ldg(y + i) + 1;
}
__global__ void read_only_of_written_right(float* y, const float*, int) {
  const int i = static_cast<int>(threadIdx.x);
  y[i] = static_cast<float>(i);
  __syncthreads();
  y[i] = *static_cast<volatile float*>(y + i) + 1;
}

// Asynchronous copies into shared memory.
__global__ void no_wait(float* y, const float* x, int n) {
  __shared__ float4 tile[32];
  const int i = static_cast<int>(threadIdx.x);
  if (i * 4 < n) __pipeline_memcpy_async(&tile[i], x + i * 4, 16);
  __pipeline_commit();
  y[i] = tile[i].x;
}
__global__ void no_wait_right(float* y, const float* x, int n) {
  __shared__ float4 tile[32];
  const int i = static_cast<int>(threadIdx.x);
  if (i * 4 < n) __pipeline_memcpy_async(&tile[i], x + i * 4, 16);
  __pipeline_commit();
  __pipeline_wait_prior(0);
  y[i] = tile[i].x;
}
__global__ void no_barrier_after_wait(float* y, const float* x, int n) {
  __shared__ float4 tile[128];
  const int i = static_cast<int>(threadIdx.x);
  __pipeline_memcpy_async(&tile[i], x + i * 4, 16);
  __pipeline_commit();
  __pipeline_wait_prior(0);
  y[i] = tile[n - 1 - i].x;
}
__global__ void no_barrier_after_wait_right(float* y, const float* x, int n) {
  __shared__ float4 tile[128];
  const int i = static_cast<int>(threadIdx.x);
  __pipeline_memcpy_async(&tile[i], x + i * 4, 16);
  __pipeline_commit();
  __pipeline_wait_prior(0);
  __syncthreads();
  y[i] = tile[n - 1 - i].x;
}

// Local memory: chosen at run time, so that the array is one.
__global__ void unwritten_local(float* y, const float* x, int n) {
  float kept[8];
  const int i = static_cast<int>(threadIdx.x);
#pragma unroll 1
  for (int k = 0; k < n % 8; ++k) kept[k] = x[i + k];
  y[i] = kept[static_cast<int>(x[i]) & 7];
}
__global__ void unwritten_local_right(float* y, const float* x, int n) {
  float kept[8];
  const int i = static_cast<int>(threadIdx.x);
#pragma unroll 1
  for (int k = 0; k < (n & 1024) + 8; ++k) kept[k & 7] = x[i];
  y[i] = kept[static_cast<int>(x[i]) & 7];
}
__global__ void traps(float* y, const float* x, int) {
  const int i = static_cast<int>(threadIdx.x);
  y[i] = x[i];
  if (x[i] >= 0) __trap();
}

}  // extern "C"

// Splitting loops over rows between threads in fixed, contiguous parts.
#pragma once

#include <omp.h>

#include <algorithm>
#include <cstdint>

#include "kernels/common/view.h"

namespace nram {

// Work below this many elements is not worth waking a thread for.
constexpr int64_t kParallelGrain = 16384;

struct Range {
  int64_t begin;
  int64_t end;
};

// Part `part` of `parts` of [0, count), sizes differing by at most one.
inline Range part_of(int64_t count, int part, int parts) {
  return {count * part / parts, count * (part + 1) / parts};
}

// Runs body(begin, end) on contiguous parts of [0, count), one per thread. `elements` is the work
// in total, which decides whether to go parallel at all; `most_threads` is for bodies with scratch
// memory per thread (found by omp_get_thread_num()).
template <class Body>
void parallel_ranges(int64_t count, int64_t elements, Body&& body,
                     int64_t most_threads = INT64_MAX) {
  const int threads = static_cast<int>(std::min<int64_t>(
      {omp_get_max_threads(), count, 1 + elements / kParallelGrain, most_threads}));
  if (threads <= 1) {
    if (count > 0) body(int64_t{0}, count);
    return;
  }
#pragma omp parallel num_threads(threads)
  {
    const Range range = part_of(count, omp_get_thread_num(), omp_get_num_threads());
    if (range.begin < range.end) body(range.begin, range.end);
  }
}

// Calls body(offset_of_view..., elements) where all views are dense, body once per thread over a
// flat range; otherwise once per row. `views` agree in shape. body(pointers, count) gets one
// pointer per view.
template <class T, size_t kViews, class Body>
void for_each_span(const std::array<const View*, kViews>& views, Body&& body) {
  bool dense = true;
  for (const View* view : views) dense = dense && view->dense();
  const int64_t rows = dense ? 1 : views[0]->rows();
  const int64_t length = dense ? views[0]->shape.count() : views[0]->channels();
  std::array<T*, kViews> base{};
  for (size_t i = 0; i < kViews; ++i) base[i] = views[i]->template as<T>();
  if (dense) {
    constexpr int64_t kBlock = 1024;  // threads meet at multiples of whole vectors and cache lines
    const int64_t blocks = (length + kBlock - 1) / kBlock;
    parallel_ranges(blocks, length, [&](int64_t begin, int64_t end) {
      std::array<T*, kViews> at = base;
      for (T*& pointer : at) pointer += begin * kBlock;
      body(at, std::min(end * kBlock, length) - begin * kBlock);
    });
    return;
  }
  parallel_ranges(rows, rows * length, [&](int64_t begin, int64_t end) {
    for (int64_t r = begin; r < end; ++r) {
      std::array<T*, kViews> at = base;
      for (size_t i = 0; i < kViews; ++i) at[i] += r * views[i]->pitch;
      body(at, length);
    }
  });
}

}  // namespace nram

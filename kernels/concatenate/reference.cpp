#include <cstring>

#include "kernels/concatenate/concatenate.h"

namespace nram::kernels {
namespace {

// y[row, to] = x[row, from], whatever the dtype.
void move_element(const View& x, int64_t row, int64_t from, const View& y, int64_t to) {
  const int64_t size = size_of(x.dtype);
  std::memcpy(y.as<std::byte>() + (row * y.pitch + to) * size,
              x.as<std::byte>() + (row * x.pitch + from) * size, static_cast<size_t>(size));
}

}  // namespace

void copy_reference(const Call& call) {
  for (int64_t r = 0; r < call.out(0).rows(); ++r) {
    for (int64_t c = 0; c < call.out(0).channels(); ++c) {
      move_element(call.in(0), r, c, call.out(0), c);
    }
  }
}

void concatenate_reference(const Call& call) {
  for (int64_t r = 0; r < call.out(0).rows(); ++r) {
    int part = 0;
    int64_t first = 0;
    for (int64_t c = 0; c < call.out(0).channels(); ++c) {
      while (c >= first + call.in(part).channels()) first += call.in(part++).channels();
      move_element(call.in(part), r, c - first, call.out(0), c);
    }
  }
}

void slice_reference(const Call& call) {
  const int64_t begin = call.get<SliceAttributes>().begin;
  for (int64_t r = 0; r < call.out(0).rows(); ++r) {
    for (int64_t c = 0; c < call.out(0).channels(); ++c) {
      move_element(call.in(0), r, begin + c, call.out(0), c);
    }
  }
}

}  // namespace nram::kernels

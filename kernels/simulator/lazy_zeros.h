// Large arrays of zeros that cost nothing until they are touched.
#pragma once

#include <cstddef>
#include <cstdlib>
#include <memory>
#include <new>

namespace nram::simulator {

struct FreeDeleter {
  void operator()(void* pointer) const { std::free(pointer); }
};
template <class T>
using MallocArray = std::unique_ptr<T[], FreeDeleter>;

template <class T>
MallocArray<T> lazy_zeros(size_t count) {
  MallocArray<T> array(static_cast<T*>(std::calloc(count + 1, sizeof(T))));
  if (!array) throw std::bad_alloc();
  return array;
}

}  // namespace nram::simulator

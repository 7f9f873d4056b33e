// Runs kernels on the simulated GPU in tests: PTX text, arrays and a launch in a few lines.
#pragma once

#include <gtest/gtest.h>

#include <cstring>
#include <memory>
#include <string>
#include <type_traits>
#include <vector>

#include "kernels/simulator/simulator.h"

namespace nram::simulator::test {

// A module's text around the body of one kernel named "kernel": parameters are `parameters` 64-bit
// words p0, p1, ..., loaded into %p0, %p1, ... before the body.
std::string kernel_text(const std::string& body, int parameters = 1, int target = 80);

struct Gpu {
  Memory memory{size_t{64} << 20};
  Options options{};
  std::unique_ptr<Module> module;

  Gpu() = default;
  explicit Gpu(const std::string& ptx) { load(ptx); }
  void load(const std::string& ptx);

  template <class T>
  uint64_t array(const std::vector<T>& values, const std::string& name = "array") {
    const uint64_t address = memory.allocate(values.size() * sizeof(T), name);
    EXPECT_NE(address, 0u);
    EXPECT_TRUE(memory.write(address, values.data(), values.size() * sizeof(T)));
    return address;
  }
  template <class T>
  std::vector<T> values(uint64_t address, size_t count) const {
    std::vector<T> result(count);
    EXPECT_TRUE(memory.read(address, result.data(), count * sizeof(T)));
    return result;
  }

  // Parameters lie one after the other, each aligned to its size.
  template <class... Parameters>
  LaunchReport launch(const std::string& kernel, Dim3 grid, Dim3 block,
                      const Parameters&... parameters) {
    Launch what;
    what.kernel = module->find(kernel);
    if (what.kernel == nullptr) throw std::invalid_argument("no kernel " + kernel);
    what.grid = grid;
    what.block = block;
    what.dynamic_shared_bytes = dynamic_shared_bytes;
    (append(what.parameters, parameters), ...);
    return run(*module, what, memory, options);
  }
  uint32_t dynamic_shared_bytes = 0;

 private:
  template <class T>
  static void append(std::vector<std::byte>& bytes, const T& value) {
    static_assert(std::is_trivially_copyable_v<T>);
    const size_t at = (bytes.size() + alignof(T) - 1) / alignof(T) * alignof(T);
    bytes.resize(at + sizeof value);
    std::memcpy(bytes.data() + at, &value, sizeof value);
  }
};

// The findings of one kind.
std::vector<Finding> of_kind(const LaunchReport& report, const std::string& kind);
// All findings as text, for messages.
std::string texts(const LaunchReport& report);
std::string file_text(const std::string& path);

}  // namespace nram::simulator::test

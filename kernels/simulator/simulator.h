// The simulated GPU: runs the PTX that nvcc emits, warp by warp, on host threads, checks every
// access and counts what it costs. It knows nothing of the rest of the project and needs no CUDA
// toolkit. The driver double (driver_double.h) offers it as libcuda; tests and tools may use it
// directly:
//   Memory memory(1 << 30);
//   auto module = Module::parse(ptx, "gram");
//   module->load(memory);
//   LaunchReport report = run(*module, {.kernel = module->find("gram_float"), ...}, memory, {});
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace nram::simulator {

struct Dim3 {
  uint32_t x = 1, y = 1, z = 1;
  uint64_t count() const { return uint64_t{x} * y * z; }
};

// What PTX text does that the simulator does not know, or text that is not PTX: names the
// instruction and the line.
class PtxError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

enum class Severity : uint8_t {
  kError,    // wrong on a real card, at least sometimes
  kWarning,  // works, but is not portable or wastes: a same-value race, a redundant barrier
};

// One thing that a kernel did wrong, at its first occurrence per source line.
struct Finding {
  Severity severity = Severity::kError;
  std::string kind;     // "out of bounds", "misaligned", "uninitialised", "race", "barrier", ...
  std::string message;  // one sentence; names the array and the other thread where there is one
  std::string kernel;
  Dim3 block{0, 0, 0};
  Dim3 thread{0, 0, 0};
  std::string file;  // of the CUDA source, from .loc (inlined code: the innermost place)
  int line = 0;
  std::string instruction;  // as in the PTX
  uint64_t occurrences = 1;
};
std::string to_text(const Finding& finding);

// Device memory. Addresses are what kernels and the driver API see; they never equal host pointers.
// Thread-safe but for concurrent access to the same bytes.
class Memory {
 public:
  explicit Memory(size_t limit_bytes);
  ~Memory();
  Memory(const Memory&) = delete;
  Memory& operator=(const Memory&) = delete;

  // 256-byte aligned, with unmapped room before and after; contents are 0xFF bytes and count as
  // uninitialised. 0 if the limit would be passed.
  uint64_t allocate(size_t bytes, const std::string& name);
  // False if `address` is no live allocation's start. Later accesses are findings that name the
  // allocation.
  bool release(uint64_t address);

  struct Range {
    std::byte* data = nullptr;  // host memory behind it; null: not inside one live allocation
    std::string name;           // of the nearest allocation, live or not
    size_t allocation_bytes = 0;
    uint64_t allocation_address = 0;
    bool released = false;
  };
  Range find(uint64_t address, size_t bytes) const;
  // Host access; false if the range is not inside one live allocation.
  bool write(uint64_t address, const void* source, size_t bytes);
  bool fill(uint64_t address, uint8_t value, size_t bytes);
  bool read(uint64_t address, void* destination, size_t bytes) const;
  // Copies the initialised state along with the bytes.
  bool copy(uint64_t destination, uint64_t source, size_t bytes);
  // Offset of the first byte in the range that nobody has written; `bytes` if there is none.
  size_t first_uninitialised(uint64_t address, size_t bytes) const;
  // Makes a range count as uninitialised again and poisons it.
  void forget(uint64_t address, size_t bytes);

  size_t limit() const;
  size_t used() const;
  struct Live {
    uint64_t address;
    size_t bytes;
    std::string name;
  };
  std::vector<Live> live() const;

  struct Implementation;  // for the executor
  Implementation& implementation() const { return *implementation_; }

 private:
  std::unique_ptr<Implementation> implementation_;
};

struct Parameter {
  uint32_t offset = 0;
  uint32_t bytes = 0;
};

struct Code;  // decoded instructions (code.h)

struct Kernel {
  std::string name;
  std::vector<Parameter> parameters;
  uint32_t parameter_bytes = 0;
  uint32_t static_shared_bytes = 0;
  uint32_t local_bytes = 0;      // per thread, from .local arrays
  uint32_t most_threads = 0;     // .maxntid, 0: not given
  Dim3 required_block{0, 0, 0};  // .reqntid, zeros: not given
  uint32_t minimum_blocks = 0;   // .minnctapersm, 0: not given
  std::shared_ptr<const Code> code;
};

// A parsed PTX file. Several launches may run from it at once.
class Module {
 public:
  // Throws PtxError.
  static std::unique_ptr<Module> parse(std::string_view ptx, const std::string& name);
  ~Module();

  const std::string& name() const { return name_; }
  int target() const { return target_; }  // .target sm_80: 80
  const std::map<std::string, Kernel>& kernels() const { return kernels_; }
  const Kernel* find(const std::string& kernel) const;

  // Allocates and initialises the module's global and constant variables; once, before any launch.
  void load(Memory& memory);
  void unload(Memory& memory);
  struct Global {
    uint64_t address = 0;
    size_t bytes = 0;
  };
  const Global* global(const std::string& name) const;  // after load

  struct Implementation;
  const Implementation& implementation() const { return *implementation_; }

 private:
  Module();
  std::string name_;
  int target_ = 0;
  std::map<std::string, Kernel> kernels_;
  std::unique_ptr<Implementation> implementation_;
};

struct Launch {
  const Kernel* kernel = nullptr;
  Dim3 grid;
  Dim3 block;
  uint32_t dynamic_shared_bytes = 0;
  std::vector<std::byte> parameters;  // laid out as kernel->parameters say
};

struct Options {
  bool check = true;  // findings
  bool count = true;  // counters
  int threads = 0;    // host threads; 0: one a core
  uint64_t seed = 0;  // order of blocks and warps
  int most_findings = 50;
  // Warp instructions of one block after which it counts as endless.
  uint64_t most_steps = uint64_t{1} << 28;
};

// What one PTX instruction, or one source line, or a whole kernel cost.
struct Counters {
  uint64_t warp_instructions = 0;
  uint64_t lane_instructions = 0;  // active lanes
  uint64_t flops = 0;              // a fused multiply-add is two
  uint64_t tensor_flops = 0;       // of mma
  uint64_t branches = 0, divergent_branches = 0, barriers = 0;
  uint64_t global_requests = 0;       // warp-wide loads and stores to global memory
  uint64_t global_sectors = 0;        // 32-byte sectors that they touched
  uint64_t global_ideal_sectors = 0;  // if the active lanes' bytes were contiguous and aligned
  uint64_t global_load_bytes = 0, global_store_bytes = 0;  // asked for by lanes
  uint64_t shared_requests = 0;
  uint64_t shared_wavefronts = 0;  // passes over the 32 banks
  uint64_t shared_ideal_wavefronts = 0;
  uint64_t local_requests = 0;
  uint64_t atomics = 0;
  void add(const Counters& other);
};

struct LineCounters {
  std::string file;
  int line = 0;
  Counters counters;
};

struct LaunchReport {
  std::vector<Finding> findings;
  bool faulted =
      false;  // an error stopped the launch: the driver answers with an error from now on
  Counters total;
  std::vector<LineCounters> lines;               // per source line, by file and line
  std::map<std::string, uint64_t> instructions;  // warp instructions by opcode ("fma.rn.f32")
  // Distinct 32-byte sectors of global memory that the launch read and wrote, in bytes.
  uint64_t distinct_load_bytes = 0, distinct_store_bytes = 0;
  double seconds = 0;  // of the host
};

// Runs one launch to its end. Grid, block and parameters have been checked by the caller against
// the kernel and the card; a mismatch here throws std::invalid_argument.
LaunchReport run(const Module& module, const Launch& launch, Memory& memory,
                 const Options& options);

}  // namespace nram::simulator

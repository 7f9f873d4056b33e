#include "kernels/vendor/cuda_cublaslt.h"

#include <cublasLt.h>

#include <charconv>
#include <cstring>

#include "kernels/vendor/cuda_library.h"

namespace nram::cublaslt {
namespace {

#define NRAM_TEXT_OF(number) #number
#define NRAM_FILE_OF(major) "libcublasLt.so." NRAM_TEXT_OF(major)
constexpr vendor::LibraryName kName = {"cuBLASLt", NRAM_FILE_OF(CUBLAS_VER_MAJOR), "NRAM_CUBLASLT",
                                       "cublas"};
constexpr int kCompiled =
    vendor::version_number(CUBLAS_VER_MAJOR, CUBLAS_VER_MINOR, CUBLAS_VER_PATCH);

#define NRAM_CUBLASLT_FUNCTIONS(F)        \
  F(cublasLtGetVersion)                   \
  F(cublasLtGetStatusString)              \
  F(cublasLtCreate)                       \
  F(cublasLtMatmulDescCreate)             \
  F(cublasLtMatmulDescDestroy)            \
  F(cublasLtMatmulDescSetAttribute)       \
  F(cublasLtMatrixLayoutCreate)           \
  F(cublasLtMatrixLayoutDestroy)          \
  F(cublasLtMatrixLayoutSetAttribute)     \
  F(cublasLtMatmulPreferenceCreate)       \
  F(cublasLtMatmulPreferenceDestroy)      \
  F(cublasLtMatmulPreferenceSetAttribute) \
  F(cublasLtMatmulAlgoGetHeuristic)       \
  F(cublasLtMatmul)

struct Functions {
#define NRAM_CUBLASLT_FIELD(name) decltype(&::name) name = nullptr;
  NRAM_CUBLASLT_FUNCTIONS(NRAM_CUBLASLT_FIELD)
#undef NRAM_CUBLASLT_FIELD
};

struct Loaded {
  vendor::Library library{kName};
  Functions functions;
  int version = 0;

  Loaded() {
    if (!library.loaded()) return;
    std::string missing;
#define NRAM_CUBLASLT_LOAD(name) \
  if (!vendor::assign(library, functions.name, #name)) missing = #name;
    NRAM_CUBLASLT_FUNCTIONS(NRAM_CUBLASLT_LOAD)
#undef NRAM_CUBLASLT_LOAD
    if (!missing.empty()) {
      library.reject(text(library.path(), " has no ", missing));
      return;
    }
    version = static_cast<int>(functions.cublasLtGetVersion());
  }
};

const Loaded& loaded() {
  static const Loaded loaded;
  return loaded;
}

const Functions& functions() {
  NRAM_USER_CHECK(loaded().library.loaded(), "cuBLASLt is not there: ", loaded().library.reason());
  return loaded().functions;
}

void check(cublasStatus_t status, const char* what) {
  if (status == CUBLAS_STATUS_SUCCESS) return;
  throw Error(Error::Kind::kInternal,
              text("cuBLASLt failed in ", what, ": ", functions().cublasLtGetStatusString(status)));
}

// One for the process: the library keeps what it needs for each GPU by itself.
cublasLtHandle_t handle() {
  static const cublasLtHandle_t handle = [] {
    cublasLtHandle_t made = nullptr;
    check(functions().cublasLtCreate(&made), "cublasLtCreate");
    return made;
  }();
  return handle;
}

cudaDataType_t type_of(DType dtype) {
  NRAM_CHECK(dtype == DType::kFloat32 || dtype == DType::kBFloat16, "cuBLASLt is not given ",
             dtype);
  return dtype == DType::kFloat32 ? CUDA_R_32F : CUDA_R_16BF;
}

class Layout {
 public:
  // A row-major matrix is the column-major one with rows and columns exchanged.
  Layout(DType dtype, int64_t rows, int64_t columns, int64_t pitch, int64_t batch, int64_t step) {
    check(functions().cublasLtMatrixLayoutCreate(&layout_, type_of(dtype),
                                                 static_cast<uint64_t>(columns),
                                                 static_cast<uint64_t>(rows), pitch),
          "cublasLtMatrixLayoutCreate");
    if (batch == 1) return;
    const auto count = static_cast<int32_t>(batch);
    set(CUBLASLT_MATRIX_LAYOUT_BATCH_COUNT, count);
    set(CUBLASLT_MATRIX_LAYOUT_STRIDED_BATCH_OFFSET, step);
  }
  ~Layout() { functions().cublasLtMatrixLayoutDestroy(layout_); }
  Layout(const Layout&) = delete;
  Layout& operator=(const Layout&) = delete;
  cublasLtMatrixLayout_t get() const { return layout_; }

 private:
  template <class T>
  void set(cublasLtMatrixLayoutAttribute_t name, const T& value) {
    check(functions().cublasLtMatrixLayoutSetAttribute(layout_, name, &value, sizeof value),
          "cublasLtMatrixLayoutSetAttribute");
  }
  cublasLtMatrixLayout_t layout_ = nullptr;
};

// c^T = op(b)^T op(a)^T in the library's column-major order: b is its first operand.
class Operation {
 public:
  explicit Operation(const MatrixProduct& p)
      : first_(p.dtype, p.transpose_b ? p.n : p.k, p.transpose_b ? p.k : p.n, p.b_pitch, p.batch,
               p.b_step),
        second_(p.dtype, p.transpose_a ? p.k : p.m, p.transpose_a ? p.m : p.k, p.a_pitch, p.batch,
                p.a_step),
        result_(p.result_dtype, p.m, p.n, p.c_pitch, p.batch, p.c_step) {
    const cublasComputeType_t compute =
        p.dtype == DType::kFloat32 && p.tf32 ? CUBLAS_COMPUTE_32F_FAST_TF32 : CUBLAS_COMPUTE_32F;
    check(functions().cublasLtMatmulDescCreate(&operation_, compute, CUDA_R_32F),
          "cublasLtMatmulDescCreate");
    set(CUBLASLT_MATMUL_DESC_TRANSA, p.transpose_b ? CUBLAS_OP_T : CUBLAS_OP_N);
    set(CUBLASLT_MATMUL_DESC_TRANSB, p.transpose_a ? CUBLAS_OP_T : CUBLAS_OP_N);
    const cublasLtEpilogue_t epilogue =
        p.bias   ? p.relu ? CUBLASLT_EPILOGUE_RELU_BIAS : CUBLASLT_EPILOGUE_BIAS
        : p.relu ? CUBLASLT_EPILOGUE_RELU
                 : CUBLASLT_EPILOGUE_DEFAULT;
    set(CUBLASLT_MATMUL_DESC_EPILOGUE, epilogue);
    if (p.bias) set(CUBLASLT_MATMUL_DESC_BIAS_DATA_TYPE, type_of(p.result_dtype));
  }
  ~Operation() { functions().cublasLtMatmulDescDestroy(operation_); }
  Operation(const Operation&) = delete;
  Operation& operator=(const Operation&) = delete;

  void set_bias(const void* bias) const { set(CUBLASLT_MATMUL_DESC_BIAS_POINTER, bias); }
  cublasLtMatmulDesc_t get() const { return operation_; }
  cublasLtMatrixLayout_t first() const { return first_.get(); }
  cublasLtMatrixLayout_t second() const { return second_.get(); }
  cublasLtMatrixLayout_t result() const { return result_.get(); }

 private:
  template <class T>
  void set(cublasLtMatmulDescAttributes_t name, const T& value) const {
    check(functions().cublasLtMatmulDescSetAttribute(operation_, name, &value, sizeof value),
          "cublasLtMatmulDescSetAttribute");
  }
  Layout first_, second_, result_;
  cublasLtMatmulDesc_t operation_ = nullptr;
};

class Preference {
 public:
  Preference(size_t workspace_limit, uint32_t alignment) {
    check(functions().cublasLtMatmulPreferenceCreate(&preference_),
          "cublasLtMatmulPreferenceCreate");
    set(CUBLASLT_MATMUL_PREF_MAX_WORKSPACE_BYTES, uint64_t{workspace_limit});
    // Not INPLACE, whose order of summation is a race's.
    const uint32_t schemes =
        CUBLASLT_REDUCTION_SCHEME_COMPUTE_TYPE | CUBLASLT_REDUCTION_SCHEME_OUTPUT_TYPE;
    set(CUBLASLT_MATMUL_PREF_REDUCTION_SCHEME_MASK, schemes);
    for (const auto name :
         {CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_A_BYTES, CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_B_BYTES,
          CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_C_BYTES, CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_D_BYTES}) {
      set(name, alignment);
    }
  }
  ~Preference() { functions().cublasLtMatmulPreferenceDestroy(preference_); }
  Preference(const Preference&) = delete;
  Preference& operator=(const Preference&) = delete;
  cublasLtMatmulPreference_t get() const { return preference_; }

 private:
  template <class T>
  void set(cublasLtMatmulPreferenceAttributes_t name, const T& value) {
    check(functions().cublasLtMatmulPreferenceSetAttribute(preference_, name, &value, sizeof value),
          "cublasLtMatmulPreferenceSetAttribute");
  }
  cublasLtMatmulPreference_t preference_ = nullptr;
};

std::string hexadecimal(const cublasLtMatmulAlgo_t& algorithm) {
  constexpr char kDigits[] = "0123456789abcdef";
  unsigned char bytes[sizeof algorithm];
  std::memcpy(bytes, &algorithm, sizeof bytes);
  std::string code;
  for (const unsigned char byte : bytes) code.append({kDigits[byte >> 4], kDigits[byte & 15]});
  return code;
}

cublasLtMatmulAlgo_t from_hexadecimal(const std::string& code) {
  unsigned char bytes[sizeof(cublasLtMatmulAlgo_t)];
  NRAM_CHECK(code.size() == 2 * sizeof bytes, "no cuBLASLt algorithm is called ", code);
  for (size_t i = 0; i < sizeof bytes; ++i) {
    const char* const digits = code.data() + 2 * i;
    const auto [end, error] = std::from_chars(digits, digits + 2, bytes[i], 16);
    NRAM_CHECK(error == std::errc{} && end == digits + 2, "no cuBLASLt algorithm is called ", code);
  }
  cublasLtMatmulAlgo_t algorithm;
  std::memcpy(&algorithm, bytes, sizeof bytes);
  return algorithm;
}

}  // namespace

std::string version() {
  return vendor::describe(kName, loaded().library, loaded().version, kCompiled);
}

int loaded_version() { return loaded().library.loaded() ? loaded().version : 0; }

std::vector<Algorithm> Plan::propose(const MatrixProduct& problem, size_t workspace_limit) {
  constexpr int kMost = 16;
  const Operation operation(problem);
  const Preference preference(workspace_limit, problem.alignment);
  cublasLtMatmulHeuristicResult_t results[kMost];
  int found = 0;
  check(functions().cublasLtMatmulAlgoGetHeuristic(
            handle(), operation.get(), operation.first(), operation.second(), operation.result(),
            operation.result(), preference.get(), kMost, results, &found),
        "cublasLtMatmulAlgoGetHeuristic");
  std::vector<Algorithm> algorithms;
  for (int i = 0; i < found; ++i) {
    if (results[i].state != CUBLAS_STATUS_SUCCESS) continue;
    algorithms.push_back({hexadecimal(results[i].algo), results[i].workspaceSize});
  }
  return algorithms;
}

struct Plan::State {
  MatrixProduct problem;
  Operation operation;
  cublasLtMatmulAlgo_t algorithm;
  size_t workspace_bytes;
};

Plan::Plan(const MatrixProduct& problem, const Algorithm& algorithm)
    : state_(new State{problem, Operation(problem), from_hexadecimal(algorithm.code),
                       algorithm.workspace_bytes}) {}

Plan::~Plan() = default;

size_t Plan::workspace_bytes() const { return state_->workspace_bytes; }

void Plan::run(const MatrixMemory& memory, void* stream) const {
  const MatrixProduct& p = state_->problem;
  const Operation& operation = state_->operation;
  if (p.bias) operation.set_bias(memory.bias);
  check(functions().cublasLtMatmul(handle(), operation.get(), &p.scale, memory.b, operation.first(),
                                   memory.a, operation.second(), &p.keep, memory.c,
                                   operation.result(), memory.c, operation.result(),
                                   &state_->algorithm, memory.workspace, state_->workspace_bytes,
                                   static_cast<cudaStream_t>(stream)),
        "cublasLtMatmul");
}

}  // namespace nram::cublaslt

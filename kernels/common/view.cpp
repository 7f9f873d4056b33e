#include "kernels/common/view.h"

#include <bit>

#include "kernels/common/error.h"

namespace nram {

const char* name_of(DType dtype) {
  switch (dtype) {
    case DType::kFloat32:
      return "float32";
    case DType::kFloat64:
      return "float64";
    case DType::kBFloat16:
      return "bfloat16";
    case DType::kInt32:
      return "int32";
  }
  return "unknown";
}

BFloat16::BFloat16(float value) {
  const uint32_t word = std::bit_cast<uint32_t>(value);
  const bool nan = (word & 0x7FFFFFFFu) > 0x7F800000u;
  bits = nan ? static_cast<uint16_t>((word >> 16) | 0x40u)
             : static_cast<uint16_t>((word + 0x7FFFu + ((word >> 16) & 1u)) >> 16);
}

BFloat16::operator float() const { return std::bit_cast<float>(uint32_t{bits} << 16); }

Shape::Shape(std::initializer_list<int64_t> dims) {
  NRAM_CHECK(dims.size() <= 4, "a shape has at most 4 dimensions, not ", dims.size());
  for (const int64_t dim : dims) {
    NRAM_CHECK(dim >= 0, "a dimension is never negative: ", dim);
    dims_[static_cast<size_t>(rank_++)] = dim;
  }
}

std::ostream& operator<<(std::ostream& out, const Shape& shape) {
  out << '[';
  for (int i = 0; i < shape.rank(); ++i) out << (i ? "," : "") << shape[i];
  return out << ']';
}

}  // namespace nram

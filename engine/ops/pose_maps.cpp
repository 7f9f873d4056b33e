#include "engine/ops/pose_maps.h"

#include "kernels/heatmaps/heatmaps.h"
#include "kernels/part_affinity_fields/part_affinity_fields.h"

namespace nram {
namespace {

using kernels::HeatmapsAttributes;
using kernels::PartAffinityFieldsAttributes;

void check_keypoints(Specs inputs, const char* op, int64_t height, int64_t width) {
  NRAM_CHECK(inputs.size() == 1 && inputs[0].shape.rank() == 3 && inputs[0].shape[2] == 2, op,
             " takes keypoints [N,K,2]");
  NRAM_CHECK(height > 0 && width > 0, op, " has no pixels: ", height, " x ", width);
}

std::vector<TensorSpec> infer_heatmaps(Specs inputs, const Attributes& attributes) {
  const auto [height, width, sigma] = attributes.as<HeatmapsAttributes>();
  check_keypoints(inputs, "heatmaps", height, width);
  NRAM_CHECK(sigma > 0, "heatmaps' sigma is positive, not ", sigma);
  return {{{inputs[0].shape[0], height, width, inputs[0].shape[1]}, inputs[0].dtype}};
}

size_t heatmaps_workspace(Target target, Specs, Specs outputs, const Attributes&) {
  const Shape& maps = outputs[0].shape;
  if (target != Target::kCpu) return 0;
  return static_cast<size_t>(maps[0] * (maps[1] + maps[2]) * maps[3]) * sizeof(float);
}

std::vector<TensorSpec> infer_fields(Specs inputs, const Attributes& attributes) {
  const auto fields = attributes.as<PartAffinityFieldsAttributes>();
  check_keypoints(inputs, "part_affinity_fields", fields.height, fields.width);
  NRAM_CHECK(fields.limbs > 0 && fields.limbs <= kernels::kMostLimbs,
             "part_affinity_fields draws 1 to ", kernels::kMostLimbs, " limbs, not ", fields.limbs);
  NRAM_CHECK(fields.limb_width >= 0, "a limb's width is not negative: ", fields.limb_width);
  for (int l = 0; l < fields.limbs; ++l) {
    for (const int joint : fields.joints[l]) {
      NRAM_CHECK(joint < inputs[0].shape[1], "limb ", l, " ends at keypoint ", joint, " of ",
                 inputs[0].shape[1]);
    }
  }
  return {{{inputs[0].shape[0], fields.height, fields.width, 2 * int64_t{fields.limbs}},
           inputs[0].dtype}};
}

Cost heatmaps_cost(Specs inputs, Specs outputs, const Attributes&) {
  return streaming_cost(inputs, outputs, 1);
}

Cost fields_cost(Specs inputs, Specs outputs, const Attributes&) {
  return streaming_cost(inputs, outputs, 0);
}

std::vector<Sample> heatmaps_samples() {
  const std::vector<Fill> fills = {Fill::kKeypoints};
  return {{"odd", {{2, 5, 2}}, HeatmapsAttributes{13, 11, 2.5f}, fills},
          {"body", {{2, 18, 2}}, HeatmapsAttributes{64, 48, 1.5f}, fills},
          {"full size", {{8, 18, 2}}, HeatmapsAttributes{256, 176, 6.0f}, fills, {}, true}};
}

PartAffinityFieldsAttributes chain(int32_t height, int32_t width, float limb_width, int32_t limbs) {
  PartAffinityFieldsAttributes attributes{height, width, limb_width, limbs, {}};
  for (int l = 0; l < limbs; ++l) {
    attributes.joints[l][0] = static_cast<uint8_t>(l);
    attributes.joints[l][1] = static_cast<uint8_t>(l + 1);
  }
  return attributes;
}

std::vector<Sample> fields_samples() {
  const std::vector<Fill> fills = {Fill::kKeypoints};
  return {{"odd", {{2, 5, 2}}, chain(13, 11, 1.5f, 4), fills},
          {"body", {{2, 18, 2}}, chain(64, 48, 2.0f, 17), fills},
          {"full size", {{2, 18, 2}}, chain(256, 176, 6.0f, 17), fills, {}, true}};
}

}  // namespace

const Op kHeatmaps = {
    .name = "heatmaps",
    .summary =
        "exp(-|p - pixel|^2 / sigma^2) of keypoints p [N,K,2] (eq. 1), 0 where missing; "
        "[N,H,W,K]",
    .infer = infer_heatmaps,
    .run = {kernels::heatmaps_reference, kernels::heatmaps_cpu,
            NRAM_CUDA_KERNEL(kernels::heatmaps_cuda)},
    .workspace = heatmaps_workspace,
    .cost = heatmaps_cost,
    .samples = heatmaps_samples,
    .pitched = true,
};

const Op kPartAffinityFields = {
    .name = "part_affinity_fields",
    .summary =
        "unit vectors (x, y) along limbs between keypoints [N,K,2] (eq. 2), 0 elsewhere; "
        "[N,H,W,2 limbs]",
    .infer = infer_fields,
    .run = {kernels::part_affinity_fields_reference, kernels::part_affinity_fields_cpu,
            NRAM_CUDA_KERNEL(kernels::part_affinity_fields_cuda)},
    .cost = fields_cost,
    .samples = fields_samples,
    .pitched = true,
};

Variable heatmaps(Variable keypoints, int64_t height, int64_t width, float sigma) {
  return keypoints.graph().append(
      kHeatmaps, {keypoints},
      HeatmapsAttributes{static_cast<int32_t>(height), static_cast<int32_t>(width), sigma});
}

Variable part_affinity_fields(Variable keypoints, int64_t height, int64_t width, float limb_width,
                              const std::vector<std::pair<int, int>>& limbs) {
  NRAM_CHECK(limbs.size() <= kernels::kMostLimbs, "part_affinity_fields draws at most ",
             kernels::kMostLimbs, " limbs, not ", limbs.size());
  PartAffinityFieldsAttributes attributes{static_cast<int32_t>(height),
                                          static_cast<int32_t>(width),
                                          limb_width,
                                          static_cast<int32_t>(limbs.size()),
                                          {}};
  for (size_t l = 0; l < limbs.size(); ++l) {
    attributes.joints[l][0] = static_cast<uint8_t>(limbs[l].first);
    attributes.joints[l][1] = static_cast<uint8_t>(limbs[l].second);
  }
  return keypoints.graph().append(kPartAffinityFields, {keypoints}, attributes);
}

}  // namespace nram

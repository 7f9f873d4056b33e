// Part affinity fields (paper, eq. 2): for limb l from joint a to joint b,
// fields[n,y,x,2l .. 2l+1] = the unit vector (x part, then y part) from p_a to p_b on pixels whose
// distance to the segment p_a p_b is at most limb_width, 0 elsewhere; 0 everywhere where an end is
// missing (y < 0 or x < 0) or both ends coincide. Keypoints [N,K,2] as (y, x) in pixels, pixel
// centres at integers -> fields [N,height,width,2 limbs]. No gradient.
#pragma once

#include "kernels/common/call.h"
#include "kernels/part_affinity_fields/limb.h"

namespace nram::kernels {

// inputs: keypoints; outputs: fields.
void part_affinity_fields_reference(const Call& call);
void part_affinity_fields_cpu(const Call& call);
void part_affinity_fields_cuda(const Call& call);

}  // namespace nram::kernels

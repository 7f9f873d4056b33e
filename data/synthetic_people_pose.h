// Poses of the synthetic people: a three-dimensional skeleton in a sampled fashion pose, and the
// orthographic camera that frames it.
#pragma once

#include <array>
#include <cstdint>

#include "data/synthetic_people_identity.h"
#include "data/synthetic_people_mesh.h"
#include "kernels/common/philox.h"

namespace nram::data::synthetic {

constexpr float kTorsoLength = 0.5f;  // hip joints to shoulder line

enum class View { kFront, kSide, kBack };
enum class Framing { kFull, kThreeQuarter, kUpper };

// Index 0 is the person's right, 1 the left; kSides is the sign of x on that side.
constexpr std::array<float, 2> kSides{-1.f, 1.f};

struct Skeleton {
  Frame pelvis, chest, head;  // origins: between the hips, between the shoulders, below the chin
  std::array<Vec3f, 2> shoulder, elbow, wrist, hip, knee, ankle;
  std::array<Frame, 2> foot;             // origin at the ankle, y up, z to the toes
  std::array<Vec3f, 2> knee_front;       // where the kneecap faces
  std::array<float, 2> hand_curl, heel;  // heel: metres the heel is lifted
  float floor = 0;                       // height of the ground
  View view = View::kFront;
  Framing framing = Framing::kFull;
  // Frame of the trunk at a height y above the hip joints in the rest pose (negative: below).
  Frame spine(float y) const;
};

// Pixel = (center_x + scale x, center_y - scale y).
struct Camera {
  float scale = 1, center_x = 0, center_y = 0;
};

Skeleton make_skeleton(const SyntheticPerson& person, Random& random);
Camera make_camera(const SyntheticPerson& person, const Skeleton& skeleton, Random& random,
                   int height, int width);

}  // namespace nram::data::synthetic

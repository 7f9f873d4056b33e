// The figure of a synthetic person in one pose: a mesh of skin, garments, shoes and hair.
#pragma once

#include <vector>

#include "data/synthetic_people_identity.h"
#include "data/synthetic_people_mesh.h"
#include "data/synthetic_people_pose.h"

namespace nram::data::synthetic {

// What a part is made of; decides how its pixels are coloured and what its surface coordinates are.
enum class Surface {
  kFace,          // (x, y, z) in the head's frame, canonical size
  kSkin,          // around, along the limb
  kArm,           // as kSleeve
  kHair,          // around, along the strands
  kTop,           // around from the front, height above the hips, lateral position
  kSleeve,        // around, length from the base of the neck
  kJacket,        // as kTop
  kJacketSleeve,  // as kSleeve
  kPelvis,        // as kTop
  kTrouserLeg,    // around from the knee's side, length below the hip joint
  kSkirt,         // around from the front, minus the length below the hips
  kCollar,        // around, from the neck outwards
  kHood,
  kShoe,  // (x, height above the sole, z) in the foot's frame
};

// Limbs and trunk, to decide which body part hides a joint.
enum class Group { kTrunk, kHead, kHair, kRightArm, kLeftArm, kRightLeg, kLeftLeg };

struct Part {
  Surface surface = Surface::kSkin;
  Group group = Group::kTrunk;
};

struct Figure {
  Mesh mesh;
  std::vector<Part> parts;
  int add_part(Surface surface, Group group) {
    parts.push_back({surface, group});
    return static_cast<int>(parts.size()) - 1;
  }
};

inline Group arm_group(int side) { return side == 0 ? Group::kRightArm : Group::kLeftArm; }
inline Group leg_group(int side) { return side == 0 ? Group::kRightLeg : Group::kLeftLeg; }

// Metres of s per radian around each kind of part.
constexpr float kTopRound = 0.15f, kJacketRound = 0.16f, kSleeveRound = 0.05f,
                kTrouserRound = 0.085f, kNeckRound = 0.06f;

// Half extents of the naked trunk at height y above the hip joints.
struct TorsoSlice {
  float half_width, front, back;
};
TorsoSlice torso_slice(const Body& body, float y);
// A ring of the trunk at height y, `ease` metres outside the skin, in the skeleton's pose.
Ring torso_ring(const Body& body, const Skeleton& skeleton, float y, float ease);

// Where the arm's axis starts, beside the base of the neck; t along an arm counts from here.
LimbPath arm_path(const Body& body, const Skeleton& skeleton, int side);
LimbPath leg_path(const Skeleton& skeleton, int side);
// Radius of the naked limb at t along its path.
float arm_radius(const Body& body, const LimbPath& path, float t);
float leg_radius(const Body& body, float t);
// Length of the leg's path above the hip joint.
constexpr float kLegStart = 0.02f;

// Half width, front and back extent of the head at height y above the chin (canonical size).
std::array<float, 3> head_slice(float y);

// The length of sleeve that the arm allows, in t of arm_path; 0 for none.
float sleeve_end(const Body& body, const LimbPath& path, float sleeve);

void add_body(Figure& figure, const SyntheticPerson& person, const Skeleton& skeleton);
void add_garments(Figure& figure, const SyntheticPerson& person, const Skeleton& skeleton);
void add_hair(Figure& figure, const SyntheticPerson& person, const Skeleton& skeleton);

}  // namespace nram::data::synthetic

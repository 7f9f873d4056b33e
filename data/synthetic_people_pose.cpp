#include "data/synthetic_people_pose.h"

#include <algorithm>
#include <cmath>

namespace nram::data::synthetic {
namespace {

float between(Random& random, double low, double high) {
  return static_cast<float>(random.uniform(low, high));
}
bool chance(Random& random, double probability) { return random.uniform() < probability; }

// Where a wrist goes: metres (outwards, up, forwards) from the shoulder joint, in the chest's
// frame, and the side to which the elbow points.
struct ArmGoal {
  Vec3f wrist, elbow;
  float curl = 0.35f;
};

enum class ArmPose {
  kHanging,
  kHip,
  kPocket,
  kBelly,
  kCollar,
  kHair,
  kRaised,
  kWave,
  kForward,
  kBehind,
  kCount
};

ArmGoal arm_goal(ArmPose pose, Random& random, const Body& body) {
  const auto u = [&](double low, double high) { return between(random, low, high); };
  const float arm = body.upper_arm + body.forearm;
  const float beside_hip = 0.178f * body.hips + 0.045f - body.shoulder;
  switch (pose) {
    case ArmPose::kHip:
      return {{0.165f * body.hips + 0.03f - body.shoulder, u(-0.41, -0.36), u(0.03, 0.07)},
              {1, 0, u(-0.7, -0.2)},
              0.7f};
    case ArmPose::kPocket:
      return {{0.165f * body.hips + 0.012f - body.shoulder, u(-0.47, -0.44), u(0.07, 0.09)},
              {0.9f, 0, u(-1.0, -0.5)},
              0.8f};
    case ArmPose::kBelly:
      return {{u(-0.26, -0.2), u(-0.33, -0.24), u(0.2, 0.24)}, {0.7f, -0.7f, -0.1f}, 0.5f};
    case ArmPose::kCollar:
      return {{u(-0.1, -0.06), u(-0.07, 0.0), u(0.2, 0.23)}, {0.7f, -0.8f, 0.1f}, 0.8f};
    case ArmPose::kHair:
      return {{u(-0.06, -0.02), u(0.2, 0.26), u(0.0, 0.05)}, {1, 0.1f, u(-0.1, 0.3)}, 0.6f};
    case ArmPose::kRaised:
      return {{u(0.1, 0.3), u(0.4, 0.5), u(-0.02, 0.08)}, {1, 0, -0.1f}, 0.3f};
    case ArmPose::kWave:
      return {{u(0.2, 0.3), u(0.02, 0.16), u(0.06, 0.14)}, {0.5f, -1, -0.2f}, 0.1f};
    case ArmPose::kForward:
      return {{u(0.02, 0.08), -arm * u(0.84, 0.92), u(0.14, 0.22)}, {0.3f, 0, -1}, 0.35f};
    case ArmPose::kBehind:
      return {{u(-0.12, -0.05), u(-0.45, -0.4), u(-0.2, -0.17)}, {1, 0, -0.6f}, 0.5f};
    default:
      return {{std::max(u(0.03, 0.12), beside_hip), -arm * u(0.93, 0.985), u(-0.05, 0.07)},
              {0.4f, 0, -1},
              u(0.25, 0.5)};
  }
}

// Two-bone inverse kinematics: the middle joint between `root` and `target`, which is pulled
// within reach.
Vec3f middle_joint(const Vec3f& root, Vec3f& target, float first, float second, const Vec3f& pole) {
  Vec3f line = target - root;
  const float reach = (first + second) * 0.998f, nearest = std::abs(first - second) + 0.08f;
  const float distance = std::clamp(length(line), nearest, reach);
  line = unit(line);
  target = root + line * distance;
  const float along = (first * first - second * second + distance * distance) / (2 * distance);
  const float off = std::sqrt(std::max(first * first - along * along, 0.f));
  return root + line * along + unit(pole - line * pole.dot(line)) * off;
}

void place_arm(Skeleton& k, const Body& body, int side, ArmPose pose, Random& random) {
  const ArmGoal goal = arm_goal(pose, random, body);
  const float sign = kSides[side];
  const float lift = pose == ArmPose::kHair || pose == ArmPose::kRaised ? 0.03f : 0.f;
  k.shoulder[side] = k.chest.at(sign * (body.shoulder - 0.3f * lift), lift, 0);
  const Vec3f wrist = goal.wrist;
  Vec3f target = k.shoulder[side] + k.chest.direction(sign * wrist[0], wrist[1], wrist[2]);
  const Vec3f pole = k.chest.direction(sign * goal.elbow[0], goal.elbow[1], goal.elbow[2]);
  k.elbow[side] = middle_joint(k.shoulder[side], target, body.upper_arm, body.forearm, pole);
  k.wrist[side] = target;
  k.hand_curl[side] = goal.curl;
}

void place_arms(Skeleton& k, const Body& body, bool walking, Random& random) {
  std::array<ArmPose, 2> poses{ArmPose::kHanging, ArmPose::kHanging};
  const bool back = k.view == View::kBack;
  if (chance(random, walking ? 0.75 : 0.15)) {
    poses[random.below(2)] = ArmPose::kForward;
  } else if (chance(random, 0.7)) {
    constexpr std::array front_poses{ArmPose::kHip,    ArmPose::kHip,   ArmPose::kPocket,
                                     ArmPose::kPocket, ArmPose::kBelly, ArmPose::kCollar,
                                     ArmPose::kHair,   ArmPose::kWave,  ArmPose::kRaised,
                                     ArmPose::kBehind, ArmPose::kBelly};
    constexpr std::array back_poses{ArmPose::kHip, ArmPose::kHip, ArmPose::kHair, ArmPose::kPocket};
    const auto draw = [&] {
      return back ? back_poses[random.below(back_poses.size())]
                  : front_poses[random.below(front_poses.size())];
    };
    const uint32_t first = random.below(2);
    poses[first] = draw();
    const bool repeatable = poses[first] == ArmPose::kHip || poses[first] == ArmPose::kPocket ||
                            poses[first] == ArmPose::kBelly || poses[first] == ArmPose::kBehind;
    if (repeatable && chance(random, 0.4)) {
      poses[1 - first] = poses[first];
    } else if (chance(random, 0.15)) {
      poses[1 - first] = draw();
    }
  }
  for (int side = 0; side < 2; ++side) place_arm(k, body, side, poses[side], random);
  // Crossed forearms must not pass through each other: the second one goes in front.
  if (poses[0] == ArmPose::kBelly && poses[1] == ArmPose::kBelly) {
    Vec3f target = k.wrist[1] + k.chest.direction(0, 0.05f, 0.06f);
    k.elbow[1] = middle_joint(k.shoulder[1], target, body.upper_arm, body.forearm,
                              k.chest.direction(0.7f, -0.7f, 0.1f));
    k.wrist[1] = target;
  }
}

// (outwards, forwards) of the ankles from below the hips and how far each is lifted.
void place_legs(Skeleton& k, const SyntheticPerson& person, const Frame& ground, bool walking,
                Random& random) {
  const Body& body = person.body;
  const float leg = body.thigh + body.shin;
  std::array<Vec3f, 2> goal;  // outwards, drop, forwards
  const auto u = [&](double low, double high) { return between(random, low, high); };
  const bool narrow = person.bottom.kind != BottomKind::kTrousers && person.bottom.length > 0.4f;
  const uint32_t free_leg = random.below(2);
  goal[0] = goal[1] = Vec3f(u(-0.01, 0.03), leg * 0.994f, u(-0.01, 0.01));
  if (walking) {
    const float stride = narrow ? u(0.08, 0.14) : u(0.12, 0.24);
    goal[free_leg] = Vec3f(u(-0.05, 0), leg * 0.975f, stride);
    goal[1 - free_leg] = Vec3f(u(-0.05, 0), leg * 0.955f, -stride);
    k.heel[1 - free_leg] = 0.05f;
  } else if (chance(random, 0.55)) {  // weight on one leg
    goal[free_leg] = Vec3f(u(-0.01, narrow ? 0.03 : 0.10), leg * u(0.965, 0.985), u(0.02, 0.11));
  } else if (chance(random, 0.2)) {  // ankles crossed
    goal[free_leg] = Vec3f(u(-0.16, -0.12), leg * 0.98f, u(0.07, 0.1));
  } else {
    goal[0][0] = goal[1][0] = u(-0.02, narrow ? 0.02 : 0.07);
  }
  float lowest = 1e9f;
  for (int side = 0; side < 2; ++side) {
    const float sign = kSides[side];
    k.hip[side] = k.pelvis.at(sign * body.hip_joint, 0, 0);
    Vec3f target =
        k.hip[side] + ground.direction(sign * goal[side][0], -goal[side][1], goal[side][2]);
    const float toe_out = sign * u(0.05, 0.45);
    const Frame turned = rotated(ground, toe_out, 0, 0);
    const Vec3f pole = turned.z;
    k.knee[side] = middle_joint(k.hip[side], target, body.thigh, body.shin, pole);
    k.ankle[side] = target;
    k.knee_front[side] = pole;
    k.foot[side] = turned;
    k.foot[side].origin = target;
    lowest = std::min(lowest, target[1] - k.heel[side]);
  }
  const bool heels = person.shoes.kind == Footwear::kPump;
  const float ankle_height = heels ? 0.125f : 0.075f;
  k.floor = lowest - ankle_height;
  for (int side = 0; side < 2; ++side) {
    const float above = k.ankle[side][1] - k.floor - 0.075f;
    k.heel[side] = std::max(above, 0.f);
    const float pitch = std::asin(clamp01(k.heel[side] / 0.16f) * 0.75f);
    k.foot[side] = rotated(k.foot[side], 0, pitch, 0);
  }
}

}  // namespace

Frame Skeleton::spine(float y) const {
  const float f = clamp01(y / kTorsoLength), f2 = f * f, f3 = f2 * f;
  Frame frame;
  const Vec3f bow = mix(pelvis.y, chest.y, 3 * f2 - 2 * f3);
  frame.y = unit(bow);
  const Vec3f x = mix(pelvis.x, chest.x, f);
  frame.x = unit(x - frame.y * x.dot(frame.y));
  frame.z = frame.x.cross(frame.y);
  frame.origin = pelvis.origin * (2 * f3 - 3 * f2 + 1) +
                 pelvis.y * (kTorsoLength * (f3 - 2 * f2 + f)) + chest.origin * (3 * f2 - 2 * f3) +
                 chest.y * (kTorsoLength * (f3 - f2));
  if (y < 0) frame.origin += pelvis.y * y;
  if (y > kTorsoLength) frame.origin += chest.y * (y - kTorsoLength);
  return frame;
}

Skeleton make_skeleton(const SyntheticPerson& person, Random& random) {
  Skeleton k;
  k.heel = {0, 0};
  const auto u = [&](double low, double high) { return between(random, low, high); };
  const double view = random.uniform();
  float yaw;
  if (view < 0.52) {
    yaw = u(-0.3, 0.3);
  } else if (view < 0.72) {
    yaw = u(0.35, 0.85);
  } else if (view < 0.8) {
    yaw = u(0.95, 1.45);
    k.view = View::kSide;
  } else {
    yaw = kPi + u(-0.45, 0.45);
    k.view = View::kBack;
  }
  if (chance(random, 0.5)) yaw = -yaw;
  const double framing = random.uniform();
  k.framing = framing < 0.45   ? Framing::kFull
              : framing < 0.72 ? Framing::kThreeQuarter
                               : Framing::kUpper;
  const bool walking = k.framing != Framing::kUpper && chance(random, 0.28);
  const Frame ground = rotated(Frame{}, yaw, 0, 0);
  const float tilt = u(-0.06, 0.06);
  k.pelvis = rotated(ground, u(-0.08, 0.08), u(-0.02, 0.02), tilt);
  const float twist = u(-0.12, 0.12), pitch = u(-0.04, 0.07);
  k.chest = rotated(ground, twist, pitch, -0.8f * tilt + u(-0.04, 0.04));
  k.chest.origin = k.pelvis.origin + unit(k.pelvis.y + k.chest.y) * (kTorsoLength * 0.998f);
  // Heads turn towards the camera more often than away from it.
  float turn = u(-0.35, 0.35);
  if (k.view != View::kBack) turn -= 0.45f * std::remainder(yaw, 2 * kPi) * u(0, 1);
  if (k.view == View::kBack && chance(random, 0.3))
    turn = (chance(random, 0.5) ? 1.f : -1.f) * u(0.5, 1.0);
  k.head = rotated(k.chest, turn, u(-0.12, 0.16) - 0.6f * pitch, u(-0.1, 0.1));
  k.head.origin = k.chest.at(0, 0.105f * person.body.neck + 0.012f, 0.012f);
  place_arms(k, person.body, walking, random);
  place_legs(k, person, ground, walking, random);
  return k;
}

Camera make_camera(const SyntheticPerson& person, const Skeleton& k, Random& random, int height,
                   int width) {
  const auto u = [&](double low, double high) { return between(random, low, high); };
  const float head_top = k.head.at(0, 0.225f * person.body.head + person.hair.volume, 0)[1];
  float top = head_top;
  float bottom = k.floor;
  for (int side = 0; side < 2; ++side) {
    if (k.framing == Framing::kFull) top = std::max(top, k.wrist[side][1] + 0.12f);
  }
  float margin = u(0.03, 0.07), span = u(0.89, 0.94) - margin;
  if (k.framing == Framing::kThreeQuarter) {
    bottom = k.pelvis.origin[1] - u(0.28, 0.5);
    span = 1 - margin;
  } else if (k.framing == Framing::kUpper) {
    bottom = k.pelvis.origin[1] - u(0.02, 0.16);
    margin = u(0.02, 0.08);
    span = 1 - margin;
  }
  Camera camera;
  camera.scale = height * span / (top - bottom);
  camera.center_y = height * margin + camera.scale * top;
  // The middle of what reaches furthest to either side, so that a raised arm stays in the picture.
  float left = 1e9f, right = -1e9f;
  for (const auto* joints : {&k.shoulder, &k.elbow, &k.wrist, &k.hip}) {
    for (const Vec3f& joint : *joints) {
      left = std::min(left, joint[0]);
      right = std::max(right, joint[0]);
    }
  }
  const float body_x = 0.5f * (k.chest.origin[0] + k.pelvis.origin[0]);
  const float middle = mix(body_x, 0.5f * (left + right), 0.6f);
  camera.center_x = width * (0.5f + u(-0.03, 0.03)) - camera.scale * middle;
  return camera;
}

}  // namespace nram::data::synthetic

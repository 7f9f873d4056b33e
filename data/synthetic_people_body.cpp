#include <algorithm>
#include <array>
#include <cmath>

#include "data/synthetic_people_figure.h"

namespace nram::data::synthetic {
namespace {

// Height above the hip joints; half width, front, back.
constexpr std::array<Knot<3>, 12> kMaleTorso{{{-0.11f, {0.090f, 0.055f, 0.062f}},
                                              {-0.05f, {0.156f, 0.088f, 0.102f}},
                                              {0.03f, {0.163f, 0.102f, 0.112f}},
                                              {0.11f, {0.152f, 0.102f, 0.095f}},
                                              {0.19f, {0.145f, 0.098f, 0.085f}},
                                              {0.29f, {0.158f, 0.106f, 0.098f}},
                                              {0.37f, {0.168f, 0.112f, 0.106f}},
                                              {0.43f, {0.160f, 0.104f, 0.104f}},
                                              {0.48f, {0.138f, 0.086f, 0.094f}},
                                              {0.52f, {0.100f, 0.068f, 0.082f}},
                                              {0.55f, {0.066f, 0.058f, 0.068f}},
                                              {0.60f, {0.056f, 0.054f, 0.056f}}}};
constexpr std::array<Knot<3>, 12> kFemaleTorso{{{-0.11f, {0.095f, 0.055f, 0.065f}},
                                                {-0.05f, {0.164f, 0.087f, 0.108f}},
                                                {0.03f, {0.166f, 0.098f, 0.112f}},
                                                {0.11f, {0.140f, 0.096f, 0.088f}},
                                                {0.19f, {0.120f, 0.088f, 0.076f}},
                                                {0.29f, {0.132f, 0.096f, 0.088f}},
                                                {0.37f, {0.142f, 0.108f, 0.096f}},
                                                {0.43f, {0.136f, 0.098f, 0.094f}},
                                                {0.48f, {0.118f, 0.078f, 0.084f}},
                                                {0.52f, {0.084f, 0.060f, 0.072f}},
                                                {0.55f, {0.056f, 0.050f, 0.060f}},
                                                {0.60f, {0.047f, 0.046f, 0.050f}}}};

// Height above the chin; half width, front, back (signed distances from the neck's axis).
constexpr std::array<Knot<3>, 12> kHead{{{-0.004f, {0.010f, 0.066f, 0.046f}},
                                         {0.004f, {0.027f, 0.079f, 0.020f}},
                                         {0.020f, {0.042f, 0.085f, -0.005f}},
                                         {0.045f, {0.054f, 0.087f, -0.040f}},
                                         {0.075f, {0.063f, 0.087f, -0.070f}},
                                         {0.100f, {0.069f, 0.084f, -0.087f}},
                                         {0.125f, {0.072f, 0.086f, -0.096f}},
                                         {0.150f, {0.073f, 0.085f, -0.099f}},
                                         {0.175f, {0.069f, 0.077f, -0.095f}},
                                         {0.200f, {0.056f, 0.057f, -0.078f}},
                                         {0.217f, {0.034f, 0.028f, -0.051f}},
                                         {0.225f, {0.003f, -0.010f, -0.016f}}}};

float nose_height(float x, float y) {
  const float profile = smoothstep(0.128f, 0.078f, y) * smoothstep(0.062f, 0.072f, y);
  const float width = mix(0.006f, 0.011f, smoothstep(0.115f, 0.075f, y));
  return 0.021f * profile * std::exp(-(x * x) / (width * width));
}

void add_head(Figure& figure, const SyntheticPerson& person, const Skeleton& k) {
  const int part = figure.add_part(Surface::kFace, Group::kHead);
  const float size = person.body.head;
  const Frame& head = k.head;
  constexpr int kRows = 44, kColumns = 61;
  std::vector<GridPoint> points;
  for (int r = 0; r < kRows; ++r) {
    const float y = -0.004f + 0.229f * r / (kRows - 1);
    const auto [half_width, front, back] = head_slice(y);
    const float middle = 0.5f * (front + back), depth = 0.5f * (front - back);
    for (int c = 0; c < kColumns; ++c) {
      // Finer columns in front, for the nose.
      float f = 2.f * c / (kColumns - 1) - 1;
      f = f * (0.45f + 0.55f * std::abs(f));
      const float theta = kPi * f, sine = std::sin(theta), cosine = std::cos(theta);
      const float x = half_width * sine;
      float z = middle + depth * cosine;
      if (cosine > 0.5f) z += nose_height(x, y);
      points.push_back({head.at(x * size, y * size, z * size), Vec3f(x, y, z)});
    }
  }
  add_grid(figure.mesh, points, kRows, kColumns, true, part);
  for (const float sign : kSides) {
    std::vector<Ring> rings;
    constexpr std::array<Knot<2>, 5> kEar{{{0.062f, {0.003f, 0.004f}},
                                           {0.072f, {0.006f, 0.010f}},
                                           {0.095f, {0.009f, 0.017f}},
                                           {0.118f, {0.009f, 0.019f}},
                                           {0.128f, {0.003f, 0.005f}}}};
    for (int i = 0; i < 9; ++i) {
      const float y = 0.062f + 0.066f * i / 8;
      const auto [thick, deep] = interpolate<2>(kEar, y);
      Ring ring;
      const float lean = (y - 0.095f) * 0.2f;
      ring.center = head.at(sign * (0.071f + lean) * size, y * size, (-0.012f - lean) * size);
      ring.side = head.direction(thick * size, 0, 0);
      ring.front = head.direction(sign * 0.004f * size, 0, deep * size);
      ring.t = y;
      rings.push_back(ring);
    }
    add_loft(figure.mesh, rings,
             {.part = figure.add_part(Surface::kSkin, Group::kHead), .segments = 10});
  }
}

void add_neck(Figure& figure, const SyntheticPerson& person, const Skeleton& k) {
  const Vec3f low = k.chest.at(0, -0.01f, -0.012f), high = k.head.at(0, 0.06f, -0.008f);
  std::vector<Ring> rings;
  for (int i = 0; i < 9; ++i) {
    const float f = i / 8.f;
    Ring ring;
    ring.center = mix(low, high, f);
    const float r = person.body.neck * mix(0.062f, 0.054f, smoothstep(0, 0.5f, f));
    ring.side = mix(k.chest.x, k.head.x, f) * r;
    ring.front = mix(k.chest.z, k.head.z, f) * r;
    ring.t = f * 0.15f;
    rings.push_back(ring);
  }
  add_loft(figure.mesh, rings,
           {.part = figure.add_part(Surface::kSkin, Group::kTrunk), .segments = 20});
}

// A chain of small rings along `direction` from `base`; `flat` and `wide` are axes.
void add_digit(Mesh& mesh, int part, const Vec3f& base, const Vec3f& direction, const Vec3f& bend,
               float size, float radius) {
  std::vector<Ring> rings;
  Vec3f position = base, heading = direction;
  for (int i = 0; i < 6; ++i) {
    Ring ring;
    ring.center = position;
    const Vec3f front = unit(bend - heading * bend.dot(heading));
    const float r = radius * (i == 5 ? 0.35f : 1 - 0.06f * i);
    ring.side = heading.cross(front) * r;
    ring.front = front * r;
    ring.t = 0.02f * i;
    rings.push_back(ring);
    position += heading * (size / 5);
    heading = unit(heading + bend * 0.16f);
  }
  add_loft(mesh, rings, {.part = part, .segments = 7, .cap_end = true});
}

// The palm faces `palm`; the thumb is on the side of `thumb`.
void add_hand(Figure& figure, int part, const Body& body, const Frame& wrist, const Vec3f& palm,
              const Vec3f& thumb, float curl) {
  const float size = 0.94f * body.limb + 0.06f;
  constexpr std::array<Knot<2>, 5> kPalm{{{0.0f, {0.024f, 0.018f}},
                                          {0.025f, {0.032f, 0.018f}},
                                          {0.055f, {0.039f, 0.016f}},
                                          {0.085f, {0.039f, 0.013f}},
                                          {0.097f, {0.035f, 0.008f}}}};
  std::vector<Ring> rings;
  const Vec3f heading = unit(wrist.y + palm * (0.25f * curl));
  for (int i = 0; i < 8; ++i) {
    const float t = 0.097f * i / 7;
    const auto [wide, thick] = interpolate<2>(kPalm, t);
    Ring ring;
    ring.center = wrist.origin + heading * ((t - 0.008f) * size);
    ring.front = thumb * (wide * size);
    ring.side = heading.cross(thumb) * (thick * size);
    ring.t = t;
    rings.push_back(ring);
  }
  add_loft(figure.mesh, rings, {.part = part, .segments = 14, .cap_end = true});
  const Vec3f knuckles = wrist.origin + heading * (0.08f * size);
  constexpr std::array kLengths{0.076f, 0.086f, 0.081f, 0.065f};
  for (int finger = 0; finger < 4; ++finger) {
    const float across = 0.027f - 0.018f * finger;
    const Vec3f direction = unit(heading + thumb * (across * 1.5f) + palm * (0.25f * curl));
    add_digit(figure.mesh, part, knuckles + thumb * (across * size), direction, palm * curl,
              kLengths[finger] * size, 0.0092f * size);
  }
  add_digit(figure.mesh, part, wrist.origin + heading * (0.025f * size) + thumb * (0.024f * size),
            unit(heading + thumb * 0.55f + palm * 0.3f), palm * 0.4f, 0.065f * size,
            0.0105f * size);
}

void add_arm(Figure& figure, const SyntheticPerson& person, const Skeleton& k, int side) {
  const Body& body = person.body;
  const LimbPath path = arm_path(body, k, side);
  const int part = figure.add_part(Surface::kArm, arm_group(side));
  float covered = sleeve_end(body, path, person.top.sleeve);
  if (person.jacket.worn) covered = sleeve_end(body, path, 1);
  const float begin = std::max(covered - 0.04f, 0.f);
  std::vector<Ring> rings;
  const int count = 4 + static_cast<int>((path.total() - begin) / 0.018f);
  for (int i = 0; i < count; ++i) {
    const float t = mix(begin, path.total(), static_cast<float>(i) / (count - 1));
    const Frame frame = path.at(t);
    const float r = arm_radius(body, path, t);
    const float flat = smoothstep(path.total() - 0.1f, path.total(), t);
    Ring ring;
    ring.center = frame.origin;
    ring.side = frame.x * (r * mix(1, 0.84f, flat));
    ring.front = frame.z * (r * mix(1, 1.1f, flat));
    ring.t = t;
    rings.push_back(ring);
  }
  add_loft(figure.mesh, rings, {.part = part, .segments = 16, .around = 0.04f});
  Frame wrist = path.at(path.total());
  // Palms face the body: seen along the forearm, towards the trunk's middle or backwards.
  const Vec3f inwards = k.chest.at(0, -0.35f, 0.05f) - wrist.origin;
  Vec3f palm = unit(inwards) + wrist.z * -0.2f;
  palm = unit(palm - wrist.y * palm.dot(wrist.y));
  Vec3f thumb = wrist.y.cross(palm) * (kSides[side] > 0 ? 1.f : -1.f);
  add_hand(figure, figure.add_part(Surface::kSkin, arm_group(side)), body, wrist, palm, thumb,
           k.hand_curl[side]);
}

void add_leg(Figure& figure, const SyntheticPerson& person, const Skeleton& k, int side) {
  const Body& body = person.body;
  const LimbPath path = leg_path(k, side);
  float begin = kLegStart;
  // What cloth covers is left out, so that nothing can show through it.
  begin = std::max(begin, person.bottom.length - 0.04f);
  const int part = figure.add_part(Surface::kSkin, leg_group(side));
  std::vector<Ring> rings;
  const int count = 4 + static_cast<int>((path.total() - begin) / 0.022f);
  for (int i = 0; i < count; ++i) {
    const float t = mix(begin, path.total() + 0.02f, static_cast<float>(i) / (count - 1));
    const Frame frame = path.at(t);
    const float r = leg_radius(body, t - kLegStart);
    // Calves bulge backwards, shins are straight.
    const float shin = (t - kLegStart - body.thigh) / body.shin;
    const float calf = smoothstep(0.02f, 0.25f, shin) * smoothstep(0.85f, 0.35f, shin);
    Ring ring;
    ring.center = frame.origin - frame.z * (0.012f * calf);
    ring.side = frame.x * (r * 0.95f);
    ring.front = frame.z * r;
    ring.back = 1 + 0.15f * calf;
    ring.t = t;
    rings.push_back(ring);
  }
  add_loft(figure.mesh, rings, {.part = part, .segments = 18, .around = 0.06f});
}

// Distance from the heel; half width, height of the upper, of the sole's underside when heeled.
void add_shoe(Figure& figure, const SyntheticPerson& person, const Skeleton& k, int side) {
  const int part = figure.add_part(Surface::kShoe, leg_group(side));
  const Frame& foot = k.foot[side];
  const float size = person.body.foot / 0.25f;
  const bool slim = person.shoes.kind == Footwear::kPump || person.shoes.kind == Footwear::kSandal;
  const float thick = slim ? 0.82f : 1.0f;
  constexpr std::array<Knot<2>, 8> kShoe{{{-0.062f, {0.012f, 0.045f}},
                                          {-0.052f, {0.028f, 0.078f}},
                                          {-0.02f, {0.035f, 0.088f}},
                                          {0.03f, {0.037f, 0.084f}},
                                          {0.09f, {0.043f, 0.062f}},
                                          {0.14f, {0.048f, 0.047f}},
                                          {0.18f, {0.040f, 0.037f}},
                                          {0.205f, {0.012f, 0.022f}}}};
  constexpr int kRows = 20, kColumns = 19;
  std::vector<GridPoint> points;
  for (int r = 0; r < kRows; ++r) {
    const float z = -0.062f + 0.267f * r / (kRows - 1);
    const auto [wide, high] = interpolate<2>(kShoe, z);
    for (int c = 0; c < kColumns; ++c) {
      const float theta = 2 * kPi * c / (kColumns - 1) - kPi;
      // Flat below, rounded above.
      const float rise = std::cos(theta);
      const float y = rise > 0
                          ? 0.018f + (high * (slim ? 0.92f : 1.f) - 0.018f) * std::pow(rise, 0.8f)
                          : 0.018f * (1 - std::pow(-rise, 0.4f));
      const float x = -wide * thick * std::sin(theta);
      points.push_back({foot.at(x * size, y * size - 0.075f, z * size), Vec3f(x, y, z)});
    }
  }
  add_grid(figure.mesh, points, kRows, kColumns, true, part);
  if (person.shoes.kind == Footwear::kBoot) {
    std::vector<Ring> rings;
    const LimbPath path = leg_path(k, side);
    for (int i = 0; i < 8; ++i) {
      const float t = path.total() + 0.03f - 0.16f * i / 7;
      const Frame frame = path.at(t);
      const float radius = leg_radius(person.body, std::min(t, path.total()) - kLegStart) + 0.012f;
      Ring ring;
      ring.center = frame.origin;
      ring.side = frame.x * -radius;
      ring.front = frame.z * radius;
      ring.t = 0.06f + 0.02f * i;
      rings.push_back(ring);
    }
    add_loft(figure.mesh, rings, {.part = part, .segments = 16, .around = 0});
  }
  if (person.shoes.kind == Footwear::kPump && k.heel[side] > 0.02f) {
    const Vec3f top = foot.at(0, -0.07f, -0.035f);
    std::vector<Ring> rings;
    for (int i = 0; i < 4; ++i) {
      Ring ring;
      ring.center = Vec3f(top[0], mix(k.floor, top[1], i / 3.f), top[2]);
      const float radius = 0.007f + 0.004f * i;
      ring.side = foot.x * radius;
      ring.front = Vec3f(foot.x[2], 0, -foot.x[0]) * -radius;
      ring.t = 0.005f;
      rings.push_back(ring);
    }
    add_loft(figure.mesh, rings, {.part = part, .segments = 8, .around = 0});
  }
}

}  // namespace

std::array<float, 3> head_slice(float y) { return interpolate<3>(kHead, y); }

TorsoSlice torso_slice(const Body& body, float y) {
  auto [half_width, front, back] =
      body.female ? interpolate<3>(kFemaleTorso, y) : interpolate<3>(kMaleTorso, y);
  const float trunk = smoothstep(0.55f, 0.48f, y);
  const float waist = std::exp(-(y - 0.17f) * (y - 0.17f) / 0.008f);
  const float hips = smoothstep(0.12f, 0.0f, y);
  half_width *= mix(1, body.width, trunk) * mix(1, body.waist, waist) * mix(1, body.hips, hips);
  front *= mix(1, body.depth, trunk);
  back *= mix(1, body.depth, trunk);
  front += body.bust * std::exp(-(y - 0.355f) * (y - 0.355f) / 0.0035f);
  return {half_width, front, back};
}

Ring torso_ring(const Body& body, const Skeleton& skeleton, float y, float ease) {
  const TorsoSlice slice = torso_slice(body, y);
  const Frame frame = skeleton.spine(y);
  Ring ring;
  ring.center = frame.origin;
  ring.side = frame.x * (slice.half_width + ease);
  ring.front = frame.z * (slice.front + ease);
  ring.back = (slice.back + ease) / (slice.front + ease);
  ring.half_width = slice.half_width + ease;
  ring.t = y;
  return ring;
}

LimbPath arm_path(const Body& body, const Skeleton& k, int side) {
  const std::array joints{k.chest.at(kSides[side] * 0.35f * body.shoulder, 0.030f, -0.01f),
                          k.shoulder[side], k.elbow[side], k.wrist[side]};
  return LimbPath(joints, k.chest.z, 0.065f);
}

LimbPath leg_path(const Skeleton& k, int side) {
  const std::array joints{k.hip[side] + k.pelvis.y * kLegStart, k.hip[side], k.knee[side],
                          k.ankle[side]};
  return LimbPath(joints, k.knee_front[side], 0.06f);
}

float arm_radius(const Body& body, const LimbPath& path, float t) {
  const float shoulder = path.joint_at(1), elbow = path.joint_at(2), end = path.total();
  const std::array<Knot<1>, 8> knots{{{0, {0.034f}},
                                      {shoulder, {0.047f}},
                                      {mix(shoulder, elbow, 0.25f), {0.047f}},
                                      {mix(shoulder, elbow, 0.6f), {0.043f}},
                                      {elbow, {0.036f}},
                                      {mix(elbow, end, 0.25f), {0.039f}},
                                      {mix(elbow, end, 0.75f), {0.028f}},
                                      {end, {0.024f}}}};
  return body.limb * interpolate<1>(knots, t)[0];
}

float leg_radius(const Body& body, float t) {
  const float knee = body.thigh, ankle = body.thigh + body.shin;
  const std::array<Knot<1>, 7> knots{{{0, {0.089f}},
                                      {0.3f * knee, {0.081f}},
                                      {0.75f * knee, {0.060f}},
                                      {knee, {0.051f}},
                                      {mix(knee, ankle, 0.3f), {0.051f}},
                                      {mix(knee, ankle, 0.75f), {0.034f}},
                                      {ankle, {0.032f}}}};
  const float scale = mix(1, body.limb, body.female ? 0.55f : 0.8f);
  return scale * interpolate<1>(knots, t)[0];
}

float sleeve_end(const Body& body, const LimbPath& path, float sleeve) {
  if (sleeve < 0) return 0;
  return path.joint_at(1) + std::min(sleeve, body.upper_arm + body.forearm - 0.008f);
}

void add_body(Figure& figure, const SyntheticPerson& person, const Skeleton& skeleton) {
  add_head(figure, person, skeleton);
  add_neck(figure, person, skeleton);
  for (int side = 0; side < 2; ++side) {
    add_arm(figure, person, skeleton, side);
    add_leg(figure, person, skeleton, side);
    add_shoe(figure, person, skeleton, side);
  }
}

}  // namespace nram::data::synthetic

#include <algorithm>
#include <cmath>

#include "data/synthetic_people_figure.h"

namespace nram::data::synthetic {
namespace {

constexpr float kDegree = kPi / 180;

// Height of the hairline above the chin by the angle from the face's middle.
float hairline(const Hair& hair, float angle) {
  using K = Knot<1>;
  constexpr std::array<K, 8> kShort{K{0, {0.192f}},   K{30, {0.186f}}, K{48, {0.165f}},
                                    K{62, {0.135f}},  K{74, {0.092f}}, K{92, {0.118f}},
                                    K{112, {0.060f}}, K{180, {0.012f}}};
  constexpr std::array<K, 7> kPulled{K{0, {0.190f}},  K{30, {0.184f}}, K{48, {0.165f}},
                                     K{65, {0.130f}}, K{85, {0.122f}}, K{115, {0.060f}},
                                     K{180, {0.025f}}};
  constexpr std::array<K, 6> kHanging{K{0, {0.192f}},  K{30, {0.185f}}, K{46, {0.160f}},
                                      K{58, {0.110f}}, K{72, {0.020f}}, K{180, {-0.004f}}};
  const float degrees = std::min(angle / kDegree, 180.f);
  float line;
  switch (hair.style) {
    case HairStyle::kBob:
    case HairStyle::kMedium:
    case HairStyle::kLong:
      line = interpolate<1>(kHanging, degrees)[0];
      break;
    case HairStyle::kBun:
    case HairStyle::kPonytail:
      line = interpolate<1>(kPulled, degrees)[0];
      break;
    default:
      line = interpolate<1>(kShort, degrees)[0];
  }
  if (hair.fringe) line = std::min(line, mix(0.142f, line, smoothstep(34, 52, degrees)));
  return line;
}

void add_cap(Figure& figure, const SyntheticPerson& person, const Skeleton& k) {
  const Hair& hair = person.hair;
  const int part = figure.add_part(Surface::kHair, Group::kHair);
  const float size = person.body.head;
  constexpr int kRows = 40, kColumns = 73;
  std::vector<GridPoint> points;
  for (int r = 0; r < kRows; ++r) {
    const float y = -0.004f + 0.229f * r / (kRows - 1);
    const auto [half_width, front, back] = head_slice(y);
    const float middle = 0.5f * (front + back), depth = 0.5f * (front - back);
    for (int c = 0; c < kColumns; ++c) {
      const float theta = kPi * (2.f * c / (kColumns - 1) - 1);
      const float x = half_width * std::sin(theta), z = middle + depth * std::cos(theta);
      const Vec3f core(0, 0.118f, -0.008f);
      const Vec3f skin(x, y, z);
      const Vec3f outward = unit(skin - core);
      const float over = y - hairline(hair, std::abs(theta));
      float volume = hair.volume;
      // Fuller at the crown; a ridge beside the parting; curls stand off irregularly.
      volume *= 0.55f + 0.6f * smoothstep(0.08f, 0.2f, y);
      if (hair.style == HairStyle::kSwept) {
        volume += 0.016f * smoothstep(0.16f, 0.22f, y) * smoothstep(-0.05f, 0.07f, z);
      }
      if (hair.style != HairStyle::kCropped && hair.style != HairStyle::kCurly && z > -0.03f) {
        const float parting = (x - hair.parting) / 0.007f;
        volume -= 0.35f * hair.volume * std::exp(-parting * parting) * smoothstep(0.16f, 0.2f, y);
      }
      if (hair.style == HairStyle::kCurly) {
        volume *= 1 + 0.16f * std::sin(9 * theta + 40 * y) * std::sin(110 * y + 5 * theta);
      }
      const float lift = mix(-0.014f, volume, smoothstep(-0.008f, 0.006f, over));
      const Vec3f p = skin + outward * lift;
      // Strands run from the parting down: around measures across them.
      points.push_back({k.head.at(p[0] * size, p[1] * size, p[2] * size),
                        Vec3f(theta * 0.08f, 0.225f - y, x - hair.parting)});
    }
  }
  add_grid(figure.mesh, points, kRows, kColumns, true, part);
}

// Hair that falls from the head over nape and back, open in front.
void add_curtain(Figure& figure, const SyntheticPerson& person, const Skeleton& k) {
  const Hair& hair = person.hair;
  const float size = person.body.head, end = -hair.length;
  std::vector<Ring> rings;
  constexpr int kRings = 20;
  const float crown_width = 0.073f + 0.8f * hair.volume, crown_back = 0.098f + 0.8f * hair.volume;
  for (int i = 0; i < kRings; ++i) {
    const float y = mix(0.14f, end, static_cast<float>(i) / (kRings - 1));
    const float fall = smoothstep(0.06f, -0.06f, y);  // 0 follows the head, 1 the trunk
    const float taper = mix(1, 0.9f, smoothstep(end + 0.08f, end, y));
    const Vec3f on_head = k.head.at(0, y * size, -0.012f * size);
    const float trunk_y = kTorsoLength + 0.11f + std::min(y, 0.02f);
    const Frame trunk = k.spine(trunk_y);
    const float back_depth = torso_slice(person.body, std::min(trunk_y, 0.45f)).back;
    const float jacket = person.jacket.worn ? person.jacket.ease : person.top.ease;
    const float lean = smoothstep(0.02f, -0.08f, y);
    Ring ring;
    ring.center = mix(on_head, trunk.at(0, 0, -0.01f), fall);
    const Vec3f x = unit(mix(k.head.x, trunk.x, fall)), z = unit(mix(k.head.z, trunk.z, fall));
    const float width = mix(crown_width * size, 0.094f + 0.5f * hair.volume, fall) * taper;
    ring.side = x * -width;
    ring.front = z * (0.085f * size);
    const float depth = mix(crown_back * size - 0.012f, back_depth + jacket + 0.03f, lean);
    ring.back = depth / (0.085f * size);
    ring.open = mix(68, 78, fall) * kDegree;
    ring.t = 0.225f - y;
    rings.push_back(ring);
  }
  add_loft(
      figure.mesh, rings,
      {.part = figure.add_part(Surface::kHair, Group::kHair), .segments = 40, .around = 0.08f});
}

// Locks in front of the shoulders.
void add_locks(Figure& figure, const SyntheticPerson& person, const Skeleton& k) {
  const float size = person.body.head;
  const Ring chest = torso_ring(person.body, k, 0.42f, 0.03f);
  for (const float sign : kSides) {
    const Vec3f start = k.head.at(sign * 0.07f * size, 0.10f * size, 0.005f);
    const Vec3f jaw = k.head.at(sign * 0.078f * size, 0.01f, 0.012f);
    const Vec3f shoulder = k.chest.at(sign * 0.078f, 0.03f, 0.068f);
    const float drop = 0.09f + 0.45f * std::max(person.hair.length - 0.14f, 0.f);
    const Vec3f end = k.chest.at(sign * 0.088f, -drop, 0.4f * length(chest.front) + 0.068f);
    const std::array joints{start, jaw, shoulder, end};
    const LimbPath path(joints, k.chest.z, 0.06f);
    std::vector<Ring> rings;
    for (int i = 0; i < 14; ++i) {
      const float f = i / 13.f, t = f * path.total();
      const Frame frame = path.at(t);
      const float r = 0.026f * smoothstep(-0.1f, 0.2f, f) * mix(1, 0.25f, smoothstep(0.55f, 1, f));
      Ring ring;
      ring.center = frame.origin;
      ring.side = frame.x * r;
      ring.front = frame.z * (0.7f * r);
      ring.t = t;
      rings.push_back(ring);
    }
    add_loft(figure.mesh, rings,
             {.part = figure.add_part(Surface::kHair, Group::kHair),
              .segments = 12,
              .around = 0.03f,
              .cap_end = true});
  }
}

void add_tail(Figure& figure, const SyntheticPerson& person, const Skeleton& k) {
  const float size = person.body.head, reach = 0.1f + 0.5f * person.hair.length;
  const Vec3f start = k.head.at(0, 0.16f * size, -0.095f * size);
  const Vec3f out = k.head.at(0, 0.165f * size, -0.145f * size);
  const Vec3f nape = k.chest.at(0, 0.06f, -0.15f);
  const Vec3f end = k.chest.at(0.01f, 0.05f - reach, -0.15f);
  const std::array joints{start, out, nape, end};
  const LimbPath path(joints, k.head.y, 0.05f);
  std::vector<Ring> rings;
  constexpr std::array<Knot<1>, 5> kShape{
      {{0, {0.016f}}, {0.12f, {0.022f}}, {0.4f, {0.036f}}, {0.75f, {0.028f}}, {1, {0.006f}}}};
  for (int i = 0; i < 20; ++i) {
    const float f = i / 19.f;
    const Frame frame = path.at(f * path.total());
    const float r = interpolate<1>(kShape, f)[0];
    Ring ring;
    ring.center = frame.origin;
    ring.side = frame.x * r;
    ring.front = frame.z * r;
    ring.t = f * path.total();
    rings.push_back(ring);
  }
  add_loft(figure.mesh, rings,
           {.part = figure.add_part(Surface::kHair, Group::kHair),
            .segments = 14,
            .around = 0.03f,
            .cap_end = true});
}

void add_bun(Figure& figure, const SyntheticPerson& person, const Skeleton& k) {
  const float size = person.body.head, radius = 0.042f * size;
  const Vec3f center = k.head.at(0, 0.205f * size, -0.088f * size);
  std::vector<Ring> rings;
  for (int i = 0; i < 11; ++i) {
    const float angle = kPi * (i / 10.f - 0.5f);
    Ring ring;
    ring.center = center + k.head.y * (radius * 0.9f * std::sin(angle));
    const float r = radius * std::max(std::cos(angle), 0.02f);
    ring.side = k.head.x * r;
    ring.front = k.head.z * r;
    ring.t = 0.008f * i;
    rings.push_back(ring);
  }
  add_loft(
      figure.mesh, rings,
      {.part = figure.add_part(Surface::kHair, Group::kHair), .segments = 18, .around = 0.03f});
}

}  // namespace

void add_hair(Figure& figure, const SyntheticPerson& person, const Skeleton& k) {
  add_cap(figure, person, k);
  switch (person.hair.style) {
    case HairStyle::kLong:
      add_locks(figure, person, k);
      [[fallthrough]];
    case HairStyle::kBob:
    case HairStyle::kMedium:
      add_curtain(figure, person, k);
      break;
    case HairStyle::kBun:
      add_bun(figure, person, k);
      break;
    case HairStyle::kPonytail:
      add_tail(figure, person, k);
      break;
    default:
      break;
  }
}

}  // namespace nram::data::synthetic

#include <algorithm>
#include <cmath>

#include "data/synthetic_people_figure.h"
#include "data/synthetic_people_shading.h"

namespace nram::data::synthetic {
namespace {

constexpr float kWaist = 0.115f;  // upper edge of trousers and skirts, above the hip joints

// A ring around both legs (below the hips) or the trunk (above), for skirts and coats.
Ring skirt_ring(const Body& body, const Skeleton& k, const std::array<LimbPath, 2>& legs, float y,
                float ease) {
  const Ring trunk = torso_ring(body, k, std::max(y, -0.03f), ease);
  if (y >= 0.02f) return trunk;
  const float drop = std::max(-y, 0.f);
  const Vec3f right = legs[0].at(kLegStart + drop).origin,
              left = legs[1].at(kLegStart + drop).origin;
  const float radius = 1.05f * leg_radius(body, drop) + ease;
  const Vec3f apart = left - right;
  Ring ring;
  ring.center = (left + right) * 0.5f;
  ring.half_width = 0.5f * std::abs(apart.dot(k.pelvis.x)) + radius;
  const float depth = 0.5f * std::abs(apart.dot(k.pelvis.z)) + radius;
  const float below = smoothstep(0.02f, -0.06f, y);
  const float trunk_width = length(trunk.side), trunk_front = length(trunk.front);
  ring.center = mix(trunk.center + k.pelvis.y * std::min(y + 0.03f, 0.f), ring.center, below);
  ring.half_width = mix(trunk_width, std::max(ring.half_width, trunk_width * 0.9f), below);
  ring.side = k.pelvis.x * ring.half_width;
  ring.front = k.pelvis.z * mix(trunk_front, std::max(depth, trunk_front * 0.85f), below);
  const float trunk_back = trunk.back * trunk_front;
  ring.back = mix(trunk_back, std::max(depth, trunk_back * 0.97f), below) / length(ring.front);
  ring.square = 0.5f * below;
  ring.t = y;
  return ring;
}

void add_sleeves(Figure& figure, const Body& body, const Skeleton& k, Surface surface, float sleeve,
                 float ease, bool cuffs) {
  for (int side = 0; side < 2; ++side) {
    const LimbPath path = arm_path(body, k, side);
    const float end = sleeve_end(body, path, sleeve);
    const bool is_long = end > path.total() - 0.09f;
    std::vector<Ring> rings;
    const int count = 5 + static_cast<int>(end / 0.018f);
    for (int i = 0; i < count; ++i) {
      const float t = end * i / (count - 1);
      const Frame frame = path.at(t);
      float extra = ease * mix(0.4f, 1, smoothstep(0, path.joint_at(1) + 0.12f, t));
      if (!is_long) extra += 0.55f * ease * smoothstep(path.joint_at(1), end, t);
      if (is_long && cuffs) extra *= mix(1, 0.35f, smoothstep(end - 0.05f, end - 0.035f, t));
      const float r = arm_radius(body, path, t) + extra;
      Ring ring;
      ring.center = frame.origin;
      // Loose cloth hangs: lower the far side of a sleeve that is not vertical.
      ring.center[1] -= 0.35f * extra * std::hypot(frame.y[0], frame.y[2]);
      ring.side = frame.x * r;
      ring.front = frame.z * r;
      ring.t = t;
      rings.push_back(ring);
    }
    add_loft(figure.mesh, rings,
             {.part = figure.add_part(surface, arm_group(side)),
              .segments = 20,
              .around = kSleeveRound});
  }
}

float top_ease(const SyntheticPerson& person, float y) {
  const Top& top = person.top;
  const bool dress = person.bottom.kind == BottomKind::kDress;
  float ease = top.ease * mix(1, 0.15f, smoothstep(0.46f, 0.54f, y));
  // Loose tops hang straight from the chest over the waist.
  if (!dress && !(top.tucked && y < 0.15f)) {
    const float waist = std::exp(-(y - 0.17f) * (y - 0.17f) / 0.012f);
    ease += waist * top.ease * (person.body.female ? 0.9f : 0.6f);
  }
  if (top.hood && y < top.hem + 0.05f) ease *= 0.75f;
  return ease;
}

// What cloth that hangs over the trousers must add below the waist to clear them.
float hip_clearance(const SyntheticPerson& person, float y) {
  const Bottom& bottom = person.bottom;
  const float below = clamp01((kWaist - y) / (kWaist + bottom.length));
  const float flare = bottom.kind == BottomKind::kTrousers ? 0.f : bottom.flare * below;
  return (bottom.ease * 0.6f + 0.006f) * smoothstep(0.12f, 0.0f, y) + flare;
}

void add_top(Figure& figure, const SyntheticPerson& person, const Skeleton& k) {
  const Top& top = person.top;
  const float low = top.tucked ? 0.04f : top.hem, high = 0.575f;
  const std::array legs{leg_path(k, 0), leg_path(k, 1)};
  constexpr int kRings = 36;
  std::vector<Ring> rings;
  for (int i = 0; i < kRings; ++i) {
    const float y = mix(low, high, static_cast<float>(i) / (kRings - 1));
    const float clear = top.tucked ? 0.f : hip_clearance(person, y);
    rings.push_back(skirt_ring(person.body, k, legs, y, top_ease(person, y) + clear));
  }
  add_loft(
      figure.mesh, rings,
      {.part = figure.add_part(Surface::kTop, Group::kTrunk), .segments = 40, .around = kTopRound});
  if (top.sleeve >= 0 && !person.jacket.worn) {
    add_sleeves(figure, person.body, k, Surface::kSleeve, top.sleeve, top.ease,
                top.hood || top.collar || top.trim);
  }
}

// Rings around the neck, described by (height above the shoulders, radius, opening in front).
struct NeckRing {
  float y, radius, open;
};

void add_neck_band(Figure& figure, const Body& body, const Skeleton& k, int part,
                   std::initializer_list<NeckRing> shape) {
  std::vector<Ring> rings;
  float t = 0;
  for (const NeckRing& row : shape) {
    Ring ring;
    const float lift = mix(0, 1, smoothstep(0.0f, 0.08f, row.y));
    ring.center = mix(k.chest.at(0, row.y, -0.008f), k.chest.at(0, row.y, -0.002f), lift);
    ring.side = k.chest.x * (row.radius * body.neck);
    // The band stands higher behind than in front.
    ring.front = k.chest.z * (row.radius * body.neck) - k.chest.y * 0.016f;
    ring.open = row.open;
    ring.t = t;
    t += 0.02f;
    rings.push_back(ring);
  }
  add_loft(figure.mesh, rings, {.part = part, .segments = 30, .around = kNeckRound});
}

void add_hood(Figure& figure, const Skeleton& k, int part) {
  std::vector<Ring> rings;
  constexpr int kRings = 21;
  for (int i = 0; i < kRings; ++i) {
    const float phi = mix(-2.45f, 2.45f, static_cast<float>(i) / (kRings - 1));
    const float behind = 0.5f + 0.5f * std::cos(phi);  // 1 at the nape
    const Vec3f outward = k.chest.x * -std::sin(phi) - k.chest.z * std::cos(phi);
    Ring ring;
    ring.center =
        k.chest.at(0, 0.025f + 0.03f * behind, -0.005f) + outward * (0.075f + 0.012f * behind);
    const float r = 0.006f + 0.034f * behind;
    ring.side = outward * (r * 1.1f);
    ring.front = k.chest.y * r - outward * (0.35f * r);
    ring.t = 0.1f * phi;
    rings.push_back(ring);
  }
  add_loft(figure.mesh, rings,
           {.part = part, .segments = 14, .around = 0.03f, .cap_start = true, .cap_end = true});
}

void add_jacket(Figure& figure, const SyntheticPerson& person, const Skeleton& k) {
  const Jacket& jacket = person.jacket;
  const Body& body = person.body;
  const std::array legs{leg_path(k, 0), leg_path(k, 1)};
  constexpr int kRings = 36;
  std::vector<Ring> rings;
  for (int i = 0; i < kRings; ++i) {
    const float y = mix(jacket.hem, 0.555f, static_cast<float>(i) / (kRings - 1));
    const float loose = std::exp(-(y - 0.17f) * (y - 0.17f) / 0.012f) * 0.4f * jacket.ease;
    const float inner = top_ease(person, y) + 0.012f;
    const float ease = jacket.ease * mix(1, 0.35f, smoothstep(0.44f, 0.55f, y)) + loose;
    Ring ring = skirt_ring(body, k, legs, y, std::max(ease, inner) + hip_clearance(person, y));
    // The fronts meet least at the chest and part again below the waist.
    const float gap = jacket_gap(jacket, y);
    ring.open = std::clamp(gap / std::max(ring.half_width, 0.05f), 0.1f, 1.2f);
    rings.push_back(ring);
  }
  add_loft(figure.mesh, rings,
           {.part = figure.add_part(Surface::kJacket, Group::kTrunk),
            .segments = 40,
            .around = kJacketRound});
  add_sleeves(figure, body, k, Surface::kJacketSleeve, 1, 0.014f, jacket.hood);
  if (jacket.hood) {
    add_hood(figure, k, figure.add_part(Surface::kHood, Group::kTrunk));
  } else {
    add_neck_band(figure, body, k, figure.add_part(Surface::kHood, Group::kTrunk),
                  {{0.040f, 0.080f, 0.45f},
                   {0.085f, 0.072f, 0.4f},
                   {0.090f, 0.077f, 0.4f},
                   {0.056f, 0.104f, 0.5f}});
  }
}

void add_trousers(Figure& figure, const SyntheticPerson& person, const Skeleton& k) {
  const Bottom& bottom = person.bottom;
  const Body& body = person.body;
  const float ease = std::min(bottom.ease, 0.016f) * 0.8f + (person.top.tucked ? 0.008f : 0.f);
  // What the top covers is left out, so that nothing can show through it.
  const float covered = person.top.tucked ? kWaist : person.top.hem + 0.04f;
  const float high = std::clamp(covered, -0.09f, kWaist), begin = std::max(0.f, -covered);
  std::vector<Ring> rings;
  constexpr int kRings = 14;
  for (int i = 0; i < kRings; ++i) {
    const float y = mix(-0.11f, high, static_cast<float>(i) / (kRings - 1));
    const float top_clearance = person.top.tucked ? person.top.ease * smoothstep(0.0f, 0.1f, y) : 0;
    rings.push_back(torso_ring(body, k, y, ease + top_clearance));
  }
  add_loft(figure.mesh, rings,
           {.part = figure.add_part(Surface::kPelvis, Group::kTrunk),
            .segments = 36,
            .around = kTopRound,
            .cap_start = true});
  for (int side = 0; side < 2; ++side) {
    const LimbPath path = leg_path(k, side);
    const float end = kLegStart + std::min(bottom.length, body.thigh + body.shin + 0.015f);
    rings.clear();
    const int count = 4 + static_cast<int>(end / 0.02f);
    for (int i = 0; i < count; ++i) {
      const float t = mix(begin, end, static_cast<float>(i) / (count - 1));
      const Frame frame = path.at(t);
      const float f = t / end;
      const float r = leg_radius(body, t - kLegStart) +
                      mix(ease, bottom.ease, smoothstep(0.0f, 0.2f, t)) + bottom.flare * f * f +
                      0.35f * bottom.ease * smoothstep(0.5f, 1, f);
      Ring ring;
      ring.center = frame.origin;
      ring.side = frame.x * (r * 0.96f);
      ring.front = frame.z * r;
      ring.back = 1.06f;
      ring.t = t - kLegStart;
      rings.push_back(ring);
    }
    add_loft(figure.mesh, rings,
             {.part = figure.add_part(Surface::kTrouserLeg, leg_group(side)),
              .segments = 24,
              .around = kTrouserRound});
  }
}

void add_skirt(Figure& figure, const SyntheticPerson& person, const Skeleton& k) {
  const Bottom& bottom = person.bottom;
  const Body& body = person.body;
  const std::array legs{leg_path(k, 0), leg_path(k, 1)};
  const float above = person.top.tucked ? person.top.ease + 0.006f : 0.006f;
  std::vector<Ring> rings;
  const int count = 12 + static_cast<int>(bottom.length / 0.03f);
  for (int i = 0; i < count; ++i) {
    const float y = mix(kWaist, -bottom.length, static_cast<float>(i) / (count - 1));
    const float f = smoothstep(0.06f, -bottom.length, y);
    Ring ring = skirt_ring(body, k, legs, y, mix(above, 0.016f, smoothstep(0.1f, -0.05f, y)));
    const float linear = clamp01((kWaist - y) / (kWaist + bottom.length));
    ring.side += unit(ring.side) * (bottom.flare * linear);
    ring.front += unit(ring.front) * (bottom.flare * linear * 0.9f);
    ring.half_width += bottom.flare * linear;
    ring.pleat = bottom.pleats * f;
    // Rings run downwards here: the side axis is turned to keep the normals outside.
    ring.side = ring.side * -1.f;
    rings.push_back(ring);
  }
  add_loft(figure.mesh, rings,
           {.part = figure.add_part(Surface::kSkirt, Group::kTrunk),
            .segments = 96,
            .around = -kJacketRound,
            .pleats = 12});
}

}  // namespace

void add_garments(Figure& figure, const SyntheticPerson& person, const Skeleton& k) {
  add_top(figure, person, k);
  if (person.bottom.kind == BottomKind::kTrousers) {
    add_trousers(figure, person, k);
  } else {
    add_skirt(figure, person, k);
  }
  const Top& top = person.top;
  if (top.collar) {
    add_neck_band(figure, person.body, k, figure.add_part(Surface::kCollar, Group::kTrunk),
                  {{0.040f, 0.069f, 0.2f},
                   {0.085f, 0.064f, 0.15f},
                   {0.090f, 0.069f, 0.16f},
                   {0.056f, 0.094f, 0.34f}});
  }
  if (top.neckline == Neckline::kHigh) {
    add_neck_band(
        figure, person.body, k, figure.add_part(Surface::kCollar, Group::kTrunk),
        {{0.02f, 0.072f, 0}, {0.06f, 0.066f, 0}, {0.095f, 0.065f, 0}, {0.06f, 0.075f, 0}});
  }
  if (top.hood) add_hood(figure, k, figure.add_part(Surface::kCollar, Group::kTrunk));
  if (person.jacket.worn) add_jacket(figure, person, k);
}

}  // namespace nram::data::synthetic

#include "data/synthetic_people_shading.h"

#include <algorithm>
#include <cmath>

namespace nram::data::synthetic {
namespace {

float bell(float v, float width) { return std::exp(-v * v / (width * width)); }
bool near_line(float v, float at, float half) { return std::abs(v - at) < half; }

struct NeckShape {
  float bottom, half_width, power;
};

NeckShape neck_shape(const Top& top, bool front) {
  switch (top.neckline) {
    case Neckline::kScoop:
      return front ? NeckShape{0.445f, 0.086f, 2.4f} : NeckShape{0.515f, 0.086f, 2.4f};
    case Neckline::kVee:
      // The cloth under a collar leaves only the opened buttons free.
      if (top.collar) return front ? NeckShape{0.475f, 0.042f, 1} : NeckShape{0.7f, 0.042f, 1};
      return front ? NeckShape{0.425f, 0.074f, 1.1f} : NeckShape{0.53f, 0.074f, 2};
    case Neckline::kTank:
      return front ? NeckShape{0.45f, 0.072f, 2.6f} : NeckShape{0.48f, 0.072f, 2.4f};
    case Neckline::kHigh:
      return {0.56f, 0.07f, 2};
    default:
      if (top.hood) return front ? NeckShape{0.5f, 0.058f, 2} : NeckShape{0.56f, 0.058f, 2};
      return front ? NeckShape{0.505f, 0.072f, 2} : NeckShape{0.532f, 0.072f, 2};
  }
}

constexpr float kStrap = 0.108f;  // outer edge of a tank top's straps, from the middle

// Metres by which the point lies inside the cloth (negative: bare skin).
float inside_neckline(const Top& top, float x, float y, bool front) {
  const NeckShape shape = neck_shape(top, front);
  const float side = std::abs(x);
  float inside = 1;
  if (side < shape.half_width) {
    inside =
        shape.bottom + (0.565f - shape.bottom) * std::pow(side / shape.half_width, shape.power) - y;
  }
  if (top.neckline == Neckline::kTank) {
    const float edge = mix(kStrap, 0.2f, smoothstep(0.46f, 0.355f, y));
    inside = std::min(inside, edge - side);
  }
  return inside;
}

// Five letters of three by five dots.
bool letters(float x, float y) {
  constexpr std::array<uint16_t, 5> kGlyphs{0x5B6D, 0x2B6A, 0x6BAD, 0x5F6D, 0x7A4F};
  const float u = x / 0.012f + 9.5f, v = (y + 0.03f) / 0.012f;
  if (u < 0 || u >= 19 || v < 0 || v >= 5) return false;
  const int letter = static_cast<int>(u) / 4, column = static_cast<int>(u) % 4;
  if (column == 3) return false;
  return kGlyphs[letter] >> (static_cast<int>(v) * 3 + column) & 1;
}

// The print on the chest; x to the person's left, y up from its middle.
bool emblem(Emblem kind, float x, float y) {
  const float r = std::hypot(x, y), angle = std::atan2(x, y);
  switch (kind) {
    case Emblem::kText:
      return letters(x, y);
    case Emblem::kBadge:
      return (r < 0.062f && r > 0.05f) || (r < 0.042f && std::abs(x) + 0.5f * std::abs(y) < 0.026f);
    case Emblem::kMountain:
      return y > -0.045f && (y + 0.045f < 0.1f - 1.5f * std::abs(x + 0.012f) ||
                             y + 0.045f < 0.06f - 1.3f * std::abs(x - 0.04f));
    case Emblem::kStar:
      return r < 0.034f + 0.022f * std::cos(5 * angle);
    case Emblem::kBand:
      return std::abs(y) < 0.04f && std::abs(std::abs(y) - 0.028f) > 0.004f;
    default:
      return false;
  }
}

// Adds folds from the noise: `along` and `across` are its frequencies around and along the part,
// `slant` tilts the folds. They fade towards theta = +-pi, where s jumps.
void fold(Tint& result, const Fabric& fabric, float s, float t, float around, float along,
          float across, float slant, float amount) {
  const Vec3f n = noise(s * along + t * slant + fabric.offset, t * across + 3);
  const float seam = smoothstep(kPi, kPi - 0.5f, std::abs(s) / around);
  const float strength = 0.035f * amount * fabric.folds * seam;
  result.relief_s += n[1] * along * strength;
  result.relief_t += (n[1] * slant + n[2] * across) * strength;
}

Tint cloth(const Fabric& fabric, float s, float t) {
  Tint result;
  result.color = fabric_color(fabric, s, t);
  result.gloss = fabric.gloss;
  result.lined = true;
  return result;
}

Tint skin_tint(const SyntheticPerson& person) {
  Tint result;
  result.color = person.skin;
  result.skin = true;
  result.gloss = 0.06f;
  return result;
}

Tint top_tint(const SyntheticPerson& person, const Vec3f& p) {
  const Top& top = person.top;
  const float s = p[0], y = p[1], x = p[2], theta = s / kTopRound;
  const bool front = std::abs(theta) < 0.5f * kPi;
  const float inside = inside_neckline(top, x, y, front);
  if (inside < 0) return skin_tint(person);
  Tint result = cloth(top.fabric, s, y);
  fold(result, top.fabric, s, y, kTopRound, 9, 5, 6, 0.35f + 0.9f * bell(y - 0.15f, 0.12f));
  fold(result, top.fabric, s, y, kTopRound, 5, 18, 3, 0.35f * bell(y - 0.16f, 0.08f));
  if (front && top.emblem != Emblem::kNone && emblem(top.emblem, x, y - 0.335f)) {
    result.color = top.emblem_color;
  }
  if (!front && top.emblem == Emblem::kBand && emblem(top.emblem, x, y - 0.335f)) {
    result.color = top.emblem_color;
  }
  if (top.trim && (inside < 0.013f || (!top.tucked && y < top.hem + 0.02f))) {
    result.color = top.fabric.third;
  }
  if (inside < 0.004f) result.color *= 0.72f;
  if (top.hood) {
    if (y < top.hem + 0.045f) {
      result.color *= 0.9f + 0.1f * std::sin(s * 700);
      if (y > top.hem + 0.041f) result.color *= 0.7f;
    }
    if (front && std::abs(x) < 0.115f && y < 0.14f && y > 0.0f) {  // the pouch
      const float edge =
          std::min(0.14f - y, 0.115f - 0.35f * std::max(y - 0.03f, 0.f) - std::abs(x));
      if (edge > 0 && edge < 0.005f) result.color *= 0.68f;
    }
    if (front && near_line(std::abs(x), 0.03f, 0.0035f) && y > 0.36f && y < 0.5f) {
      result.color = mix(result.color, Color(0.95f, 0.95f, 0.95f), 0.75f);
    }
  }
  if (top.buttons && front) {
    if (near_line(std::abs(x), 0.018f, 0.0016f)) result.color *= 0.8f;
    const float button = std::abs(std::remainder(y - 0.03f, 0.075f));
    if (x * x + button * button < 0.0058f * 0.0058f) {
      result.color = mix(Color(0.95f, 0.93f, 0.9f), top.fabric.base * 0.5f, 0.4f);
    }
    if (x > 0.06f && x < 0.125f && y > 0.3f && y < 0.375f &&
        (y > 0.37f || y < 0.303f || x < 0.063f || x > 0.122f)) {
      result.color *= 0.82f;  // breast pocket
    }
  }
  return result;
}

Tint sleeve_tint(const SyntheticPerson& person, const Fabric& fabric, const Vec3f& p, bool jacket) {
  const Top& top = person.top;
  const float s = p[0], t = p[1], shoulder = 0.65f * person.body.shoulder;
  if (!jacket && t < neck_shape(top, true).half_width - 0.35f * person.body.shoulder) {
    return skin_tint(person);
  }
  // The shoulder seam lies where stripes of the trunk end: heights are measured down from there.
  Tint result = cloth(fabric, s, 0.52f - t);
  if (fabric.pattern == Pattern::kColorBlock) result.color = fabric.base;
  const float elbow = shoulder + person.body.upper_arm, wrist = elbow + person.body.forearm;
  fold(result, fabric, s, t, kSleeveRound, 7, 22, 9,
       0.22f + 0.65f * bell(t - elbow, 0.07f) + 0.4f * bell(t - wrist, 0.06f));
  const float end = shoulder + std::min(jacket ? 1.f : top.sleeve,
                                        person.body.upper_arm + person.body.forearm - 0.008f);
  const float to_end = end - t;
  if (!jacket && top.trim && to_end < 0.02f) result.color = fabric.third;
  if (near_line(to_end, 0.018f, 0.0015f)) result.color *= 0.8f;
  const bool cuffed = jacket ? person.jacket.hood : top.hood || top.collar;
  if (cuffed && end > wrist - 0.09f && to_end < 0.045f) {
    result.color *= to_end > 0.041f ? 0.7f : 0.92f;
  }
  return result;
}

Tint jacket_tint(const SyntheticPerson& person, const Vec3f& p) {
  const Jacket& jacket = person.jacket;
  const float s = p[0], y = p[1], x = std::abs(p[2]);
  const bool front = std::abs(s) < 0.5f * kPi * kJacketRound;
  Tint result = cloth(jacket.fabric, s, y);
  fold(result, jacket.fabric, s, y, kJacketRound, 8, 4, 4, 0.4f + 0.6f * bell(y - 0.15f, 0.15f));
  const float edge = x - jacket_gap(jacket, y);
  if (front) {
    if (edge < 0.006f) result.color *= jacket.hood ? 1.25f : 0.75f;
    if (jacket.lapels && y > 0.27f) {
      const float lapel = 0.012f + 0.30f * (y - 0.27f) - std::max(y - 0.45f, 0.f) * 0.6f;
      if (edge < lapel) result.color *= 0.9f;
      if (near_line(edge, lapel, 0.003f)) result.color *= 0.6f;
    }
    if (y < 0.075f && y > 0.06f && x > 0.075f && x < 0.15f)
      result.color *= y < 0.063f ? 0.6f : 0.88f;
    if (jacket.fabric.pattern == Pattern::kDenim && x > 0.06f && x < 0.13f && y > 0.29f &&
        y < 0.37f &&
        (y > 0.365f || near_line(y, 0.345f, 0.0025f) || y < 0.294f || x < 0.064f || x > 0.126f)) {
      result.color = mix(result.color, Color(0.85f, 0.6f, 0.3f), 0.6f);
    }
  } else if (near_line(p[2], 0, 0.0022f)) {
    result.color *= 0.78f;  // centre back seam
  }
  if (y < jacket.hem + 0.012f && y > jacket.hem + 0.009f) result.color *= 0.75f;
  return result;
}

void paint_belt(Tint& result, const Bottom& bottom, float y, float x, bool front) {
  if (bottom.belt && y > 0.075f && y < 0.103f) {
    result.color = bottom.belt_color;
    result.gloss = 0.3f;
    result.relief_s = result.relief_t = 0;
    if (front && std::abs(x) < 0.02f && (std::abs(x) > 0.014f || y > 0.098f || y < 0.08f)) {
      result.color = Color(0.78f, 0.7f, 0.5f);
    }
  } else if (near_line(y, 0.078f, 0.0018f)) {
    result.color *= 0.75f;  // waistband
  }
}

Tint pelvis_tint(const SyntheticPerson& person, const Vec3f& p) {
  const Bottom& bottom = person.bottom;
  const float s = p[0], y = p[1], x = p[2], side = std::abs(x);
  const bool front = std::abs(s) < 0.5f * kPi * kTopRound;
  Tint result = cloth(bottom.fabric, s, y);
  fold(result, bottom.fabric, s, y, kTopRound, 8, 14, 12, 0.5f);
  const Color stitch =
      mix(result.color, bottom.jeans ? Color(0.8f, 0.55f, 0.28f) : result.color * 0.5f, 0.7f);
  if (front) {
    if (near_line(x, 0.004f, 0.002f) && y > -0.09f) result.color *= 0.72f;
    const float pocket = y - 0.075f + 0.9f * (side - 0.085f);
    if (side > 0.085f && near_line(pocket, 0, 0.003f)) result.color = stitch;
  } else {
    if (near_line(x, 0, 0.002f)) result.color *= 0.72f;
    const float u = std::abs(side - 0.072f), v = std::abs(y + 0.005f);
    if (u < 0.04f && v < 0.045f && (u > 0.0365f || v > 0.0415f)) result.color = stitch;
  }
  paint_belt(result, bottom, y, x, front);
  return result;
}

Tint trouser_tint(const SyntheticPerson& person, const Vec3f& p) {
  const Bottom& bottom = person.bottom;
  const Body& body = person.body;
  const float s = p[0], t = p[1], theta = s / kTrouserRound;
  Tint result = cloth(bottom.fabric, s, -t);
  const float knee = body.thigh, ankle = body.thigh + body.shin;
  fold(result, bottom.fabric, s, t, kTrouserRound, 6, 15, 7,
       0.18f + 0.7f * bell(t - knee, 0.09f) + 0.6f * bell(t, 0.1f) + 0.8f * bell(t - ankle, 0.09f));
  if (bottom.jeans) {
    const float worn = bell(theta, 0.8f) * (bell(t - 0.2f, 0.14f) + 0.5f * bell(t - knee, 0.1f));
    result.color = mix(result.color, Color(0.85f, 0.9f, 0.95f), 0.22f * worn);
  } else if (bottom.ease > 0.01f && bottom.fabric.pattern == Pattern::kPlain) {
    result.relief_s += 0.5f * theta * bell(theta, 0.25f);  // pressed crease
  }
  if (near_line(std::abs(theta), 0.5f * kPi, 0.025f)) result.color *= 0.8f;
  if (near_line(bottom.length - t, 0.02f, 0.0018f)) result.color *= 0.78f;
  return result;
}

Tint skirt_tint(const SyntheticPerson& person, const Vec3f& p) {
  const Bottom& bottom = person.bottom;
  const float s = p[0], y = p[1];
  const bool front = std::abs(s) < 0.5f * kPi * kJacketRound;
  Tint result = cloth(bottom.fabric, s, y);
  if (bottom.pleats == 0) {
    fold(result, bottom.fabric, s, y, kJacketRound, 10, 3, 2,
         0.3f + 0.5f * smoothstep(0, -0.3f, y));
    fold(result, bottom.fabric, s, y, kJacketRound, 5, 16, 3, 0.4f * bell(y - 0.01f, 0.06f));
  }
  if (near_line(y, -bottom.length + 0.014f, 0.0018f)) result.color *= 0.8f;
  paint_belt(result, bottom, y, std::sin(s / kJacketRound) * 0.15f, front);
  return result;
}

Tint hair_tint(const SyntheticPerson& person, const Vec3f& p) {
  const Hair& hair = person.hair;
  Tint result;
  const bool curly = hair.style == HairStyle::kCurly;
  const Vec3f strand =
      curly ? noise(p[0] * 60 + hair.offset, p[1] * 70) : noise(p[0] * 110 + hair.offset, p[1] * 7);
  const float broad = noise(p[0] * 30 + hair.offset + 9, p[1] * 4)[0];
  result.color = hair.color * (1 + 0.28f * strand[0] + 0.18f * broad);
  result.relief_s = (curly ? 0.35f : 0.4f) * strand[1];
  if (curly) result.relief_t = 0.35f * strand[2];
  result.gloss = curly ? 0.1f : 0.3f;
  return result;
}

Tint shoe_tint(const SyntheticPerson& person, const Vec3f& p) {
  const Shoes& shoes = person.shoes;
  const float y = p[1], z = p[2];
  Tint result;
  result.color = shoes.upper;
  result.gloss = 0.25f;
  switch (shoes.kind) {
    case Footwear::kSneaker:
      result.gloss = 0.05f;
      if (y < 0.018f) {
        result.color = shoes.sole;
      } else if (z > 0.02f && z < 0.1f && y > 0.055f && std::abs(p[0]) < 0.022f) {
        result.color = std::abs(std::remainder(z, 0.018f)) < 0.004f ? Color(0.97f, 0.97f, 0.97f)
                                                                    : shoes.upper * 0.75f;
      } else if (y < 0.021f || near_line(z, 0.13f, 0.002f)) {
        result.color *= 0.7f;
      }
      break;
    case Footwear::kPump:
      if (z > -0.045f && z < 0.118f && y > 0.034f) result = skin_tint(person);
      break;
    case Footwear::kSandal:
      if (y > 0.016f && !near_line(z, 0.1f, 0.013f) && !near_line(z, 0.0f, 0.011f) && z > -0.055f) {
        result = skin_tint(person);
      }
      break;
    default:
      if (y < 0.012f) result.color = shoes.sole;
      if (near_line(z, 0.07f, 0.003f) && y > 0.04f) result.color *= 0.6f;
  }
  return result;
}

}  // namespace

float jacket_gap(const Jacket& jacket, float y) {
  return jacket.gap *
         (0.75f + 0.8f * smoothstep(0.2f, -0.2f, y) + 0.25f * smoothstep(0.3f, 0.55f, y));
}

Tint tint(const SyntheticPerson& person, Surface surface, const Vec3f& p) {
  Tint result;
  switch (surface) {
    case Surface::kFace:
      result = skin_tint(person);
      result.color = face_color(person, p);
      return result;
    case Surface::kArm: {
      const float x = 0.35f * person.body.shoulder + p[1];
      const bool strap = person.top.neckline == Neckline::kTank &&
                         x > neck_shape(person.top, true).half_width && x < kStrap + 0.004f;
      return strap ? cloth(person.top.fabric, p[0], 0.52f - p[1]) : skin_tint(person);
    }
    case Surface::kHair:
      return hair_tint(person, p);
    case Surface::kTop:
      return top_tint(person, p);
    case Surface::kSleeve:
      return sleeve_tint(person, person.top.fabric, p, false);
    case Surface::kJacket:
      return jacket_tint(person, p);
    case Surface::kJacketSleeve:
      return sleeve_tint(person, person.jacket.fabric, p, true);
    case Surface::kPelvis:
      return pelvis_tint(person, p);
    case Surface::kTrouserLeg:
      return trouser_tint(person, p);
    case Surface::kSkirt:
      return skirt_tint(person, p);
    case Surface::kCollar:
      result = cloth(person.top.fabric, p[0], p[1]);
      result.lined = false;
      if (person.top.fabric.pattern == Pattern::kColorBlock)
        result.color = person.top.fabric.second;
      if (person.top.trim && !person.top.hood) result.color = person.top.fabric.third;
      fold(result, person.top.fabric, p[0], p[1], kNeckRound, 20, 12, 6,
           person.top.hood ? 0.5f : 0.f);
      return result;
    case Surface::kHood:
      result = cloth(person.jacket.fabric, p[0], p[1]);
      result.lined = false;
      fold(result, person.jacket.fabric, p[0], p[1], kNeckRound, 20, 12, 6,
           person.jacket.hood ? 0.5f : 0.f);
      return result;
    case Surface::kShoe:
      return shoe_tint(person, p);
    default:
      return skin_tint(person);
  }
}

}  // namespace nram::data::synthetic

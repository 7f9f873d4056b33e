#include <algorithm>
#include <cmath>
#include <vector>

#include "data/synthetic_people_shading.h"
#include "kernels/common/philox.h"

namespace nram::data::synthetic {
namespace {

constexpr int kTile = 512, kCells = 32;  // texels and lattice cells on a side

std::vector<Vec3f> make_noise() {
  std::vector<float> lattice(kCells * kCells), height(kTile * kTile);
  Random random(20210521, 7);
  for (float& value : lattice) value = static_cast<float>(random.uniform(-1, 1));
  for (int y = 0; y < kTile; ++y) {
    for (int x = 0; x < kTile; ++x) {
      float sum = 0, amplitude = 0.75f;
      for (int octave = 1; octave <= 4; octave *= 2, amplitude *= 0.4f) {
        const float u = x * octave / static_cast<float>(kTile / kCells);
        const float v = y * octave / static_cast<float>(kTile / kCells);
        const int i = static_cast<int>(u), j = static_cast<int>(v);
        const auto at = [&](int a, int b) { return lattice[b % kCells * kCells + a % kCells]; };
        const float f = smoothstep(0, 1, u - i), g = smoothstep(0, 1, v - j);
        sum += amplitude *
               mix(mix(at(i, j), at(i + 1, j), f), mix(at(i, j + 1), at(i + 1, j + 1), f), g);
      }
      height[y * kTile + x] = sum;
    }
  }
  std::vector<Vec3f> tile(kTile * kTile);
  const float step = 2.f * kCells / kTile;
  for (int y = 0; y < kTile; ++y) {
    for (int x = 0; x < kTile; ++x) {
      const auto at = [&](int a, int b) {
        return height[(b + kTile) % kTile * kTile + (a + kTile) % kTile];
      };
      tile[y * kTile + x] = Vec3f(at(x, y), (at(x + 1, y) - at(x - 1, y)) / step,
                                  (at(x, y + 1) - at(x, y - 1)) / step);
    }
  }
  return tile;
}

float fraction(float v) { return v - std::floor(v); }

uint32_t hash(int i, int j) {
  return philox({static_cast<uint32_t>(i), static_cast<uint32_t>(j), 0, 0}, {17, 3})[0];
}

Color flowers(const Fabric& fabric, float u, float v) {
  const int i = static_cast<int>(std::floor(u)), j = static_cast<int>(std::floor(v));
  Color color = fabric.base;
  for (int dj = -1; dj <= 1; ++dj) {
    for (int di = -1; di <= 1; ++di) {
      const uint32_t bits = hash(i + di, j + dj);
      const float cx = i + di + 0.25f + 0.5f * (bits & 255) / 255.f;
      const float cy = j + dj + 0.25f + 0.5f * (bits >> 8 & 255) / 255.f;
      const float radius = 0.22f + 0.13f * (bits >> 16 & 255) / 255.f;
      const float dx = u - cx, dy = v - cy, r2 = dx * dx + dy * dy;
      if (r2 > radius * radius * 1.2f) continue;
      const float angle = std::atan2(dy, dx) * 5 + (bits >> 24);
      const float petal = radius * (0.78f + 0.3f * std::cos(angle));
      if (r2 < petal * petal)
        color = bits & 1 ? fabric.second : mix(fabric.second, fabric.third, 0.6f);
      if (r2 < 0.08f * radius * radius) color = fabric.third;
    }
  }
  return color;
}

Color plaid(const Fabric& fabric, float u, float v) {
  const auto band = [](float f) {
    f = fraction(f);
    return f < 0.35f ? 0.45f : f > 0.62f && f < 0.68f ? 0.8f : 0.f;
  };
  const Color across = mix(fabric.base, fabric.second, 0.75f * band(u));
  const Color woven = mix(across, fabric.second, 0.75f * band(v));
  const float line_u = fraction(u + 0.33f), line_v = fraction(v + 0.33f);
  return line_u < 0.05f || line_v < 0.05f ? mix(woven, fabric.third, 0.55f) : woven;
}

}  // namespace

Vec3f noise(float u, float v) {
  static const std::vector<Vec3f> tile = make_noise();
  constexpr float kTexels = static_cast<float>(kTile) / kCells;
  u *= kTexels;
  v *= kTexels;
  const float fu = std::floor(u), fv = std::floor(v);
  const int i = static_cast<int>(fu) & (kTile - 1), j = static_cast<int>(fv) & (kTile - 1);
  const int i2 = (i + 1) & (kTile - 1), j2 = (j + 1) & (kTile - 1);
  return mix(mix(tile[j * kTile + i], tile[j * kTile + i2], u - fu),
             mix(tile[j2 * kTile + i], tile[j2 * kTile + i2], u - fu), v - fv);
}

Color fabric_color(const Fabric& fabric, float s, float t) {
  const float u = s / fabric.scale, v = t / fabric.scale;
  switch (fabric.pattern) {
    case Pattern::kHorizontalStripes:
      return fraction(v) < fabric.duty ? fabric.second : fabric.base;
    case Pattern::kVerticalStripes:
      return fraction(u + 0.5f * fabric.duty) < fabric.duty ? fabric.second : fabric.base;
    case Pattern::kGingham:
      return mix(fabric.base, fabric.second,
                 0.5f * (fraction(u) < 0.5f) + 0.5f * (fraction(v) < 0.5f));
    case Pattern::kPlaid:
      return plaid(fabric, u * 0.7f, v * 0.7f);
    case Pattern::kDots: {
      const float row = std::floor(v * 1.2f), dv = fraction(v * 1.2f) - 0.5f;
      const float du = fraction(u + (static_cast<int>(row) & 1) * 0.5f) - 0.5f;
      return du * du + dv * dv * 0.7f < 0.06f ? fabric.second : fabric.base;
    }
    case Pattern::kFlowers:
      return flowers(fabric, u, v);
    case Pattern::kColorBlock:
      return t > fabric.split ? fabric.second : fabric.base;
    case Pattern::kDenim: {
      const float weave = noise(s * 260 + fabric.offset, t * 150)[0];
      const float wash = noise(s * 9 + fabric.offset, t * 7)[0];
      return mix(fabric.base, Color(0.8f, 0.86f, 0.93f),
                 clamp01(0.07f + 0.07f * weave + 0.07f * wash));
    }
    case Pattern::kMelange: {
      const float wool = noise(s * 130 + fabric.offset, t * 210)[0];
      return mix(fabric.base, fabric.second, clamp01(0.2f + 0.25f * wool));
    }
    case Pattern::kCamouflage: {
      const float spots = noise(u * 0.8f + fabric.offset, v * 1.1f)[0];
      const float more = noise(u * 0.9f + 11 + fabric.offset, v + 5)[0];
      const Color shade = spots > 0.16f ? mix(fabric.base, fabric.second, 0.5f) : fabric.base;
      return more > 0.22f ? fabric.base * 0.5f : shade;
    }
    default:
      return fabric.base;
  }
}

}  // namespace nram::data::synthetic

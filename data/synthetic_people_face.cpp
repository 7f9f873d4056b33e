#include <algorithm>
#include <cmath>

#include "data/synthetic_people_shading.h"

namespace nram::data::synthetic {
namespace {

float bell(float dx, float dy) { return std::exp(-(dx * dx + dy * dy)); }

// An eye in coordinates from its centre; x grows away from the nose.
void paint_eye(Color& color, const SyntheticPerson& person, float x, float y) {
  const Face& face = person.face;
  const float size = face.eye_size;
  x /= size;
  y /= size;
  const float width = 0.0148f, f = x / width;
  if (std::abs(f) > 1.25f) return;
  const float upper = 0.0074f * (1 - f * f) + 0.0012f * f, lower = -0.0052f * (1 - f * f);
  if (y < upper && y > lower && std::abs(f) < 1) {
    color =
        mix(Color(0.95f, 0.94f, 0.93f), person.skin, 0.22f) * (y > upper - 0.0025f ? 0.8f : 1.0f);
    const float r2 = x * x + (y - 0.0008f) * (y - 0.0008f);
    if (r2 < 0.0064f * 0.0064f) color = face.iris * (r2 > 0.0048f * 0.0048f ? 0.55f : 1.f);
    if (r2 < 0.0030f * 0.0030f) color = Color(0.05f, 0.04f, 0.04f);
    const float gx = x + 0.002f, gy = y - 0.0028f;
    if (gx * gx + gy * gy < 0.0013f * 0.0013f) color = Color(1, 1, 1);
  }
  const float lash = 0.0014f + 0.0016f * face.lashes * smoothstep(-1.0f, 0.9f, f);
  if (y > upper - 0.4f * lash && y < upper + lash && f > -1.05f && f < 1.0f + 0.2f * face.lashes) {
    color = color * 0.15f + Color(0.03f, 0.02f, 0.02f);
  }
  if (y < lower && y > lower - 0.0011f && std::abs(f) < 0.95f) color = color * 0.72f;
  const float crease = y - upper - 0.0042f;
  if (crease > 0 && crease < 0.0012f && std::abs(f) < 0.9f) color = color * 0.84f;
}

void paint_brow(Color& color, const SyntheticPerson& person, float x, float y) {
  const float f = (x - 0.0125f) / 0.036f;
  if (f < 0 || f > 1) return;
  const float middle = 0.1315f + 0.0065f * std::sin(2.3f * f),
              thick = 0.0034f * person.face.brow * (1 - 0.7f * f * f);
  const float inside = smoothstep(thick, 0.6f * thick, std::abs(y - middle));
  color =
      mix(color, mix(person.hair.color * 0.6f, Color(0.1f, 0.07f, 0.05f), 0.3f), 0.85f * inside);
}

void paint_mouth(Color& color, const SyntheticPerson& person, float x, float y) {
  const float f = std::abs(x) / (0.0225f * person.face.mouth_width);
  if (f > 1.08f) return;
  y -= 0.0445f + 0.0018f * f * f;
  const float bow = 0.0062f * (1 - f) * (1 + 0.9f * f) * (1 - 0.3f * std::exp(-f * f / 0.02f));
  const float below = -0.0085f * std::sqrt(std::max(1 - f * f, 0.f));
  if (y > 0 && y < bow) color = person.face.lips * 0.93f;
  if (y <= 0 && y > below)
    color =
        mix(person.face.lips, person.skin, 0.15f) * (1 + 0.12f * smoothstep(-0.001f, -0.004f, y));
  if (std::abs(y) < 0.0011f && f < 1.05f) color = person.face.lips * 0.45f;
}

}  // namespace

Color face_color(const SyntheticPerson& person, const Vec3f& point) {
  const float x = point[0], y = point[1], z = point[2], side = std::abs(x);
  const Color& skin = person.skin;
  Color color = skin;
  if (z < 0.0f) return color;
  const Color shade(0.86f, 0.74f, 0.68f), blush(1.0f, 0.83f, 0.80f);
  const auto blend = [&](const Color& factor, float amount) {
    color = mix(color, color.mul(factor), amount);
  };
  // Sockets, sides of the nose, under the lip and cheekbones give the face its relief.
  blend(shade, 0.65f * bell((side - 0.027f) / 0.017f, (y - 0.118f) / 0.013f));
  blend(shade, 0.55f * bell((side - 0.012f) / 0.005f, (y - 0.082f) / 0.022f));
  blend(shade, 0.6f * bell(x / 0.015f, (y - 0.031f) / 0.004f));
  blend(shade, 0.8f * bell(x / 0.012f, (y - 0.063f) / 0.0035f));
  blend(shade, 0.35f * bell((side - 0.058f) / 0.014f, (y - 0.055f) / 0.025f));
  blend(blush, 0.8f * bell((side - 0.041f) / 0.017f, (y - 0.077f) / 0.014f));
  if (bell((side - 0.0068f) / 0.0032f, (y - 0.0665f) / 0.0018f) > 0.4f) color = color * 0.62f;
  if (person.face.beard > 0 && y < 0.085f) {
    const float jaw = smoothstep(0.075f, 0.055f, y - 0.45f * std::max(side - 0.035f, 0.f));
    const float cheeks = std::max(smoothstep(0.028f, 0.044f, side), smoothstep(0.045f, 0.03f, y));
    const float moustache = bell(x / 0.024f, (y - 0.0545f) / 0.005f);
    const float stubble = 0.7f + 0.3f * noise(x * 900, y * 900)[0];
    const float amount = person.face.beard * std::max(jaw * cheeks, 0.9f * moustache) * stubble;
    color = mix(color, person.hair.color * 0.8f, clamp01(amount) * 0.85f);
  }
  paint_mouth(color, person, x, y);
  paint_eye(color, person, side - 0.0315f, y - 0.1125f);
  paint_brow(color, person, side, y);
  return color;
}

}  // namespace nram::data::synthetic

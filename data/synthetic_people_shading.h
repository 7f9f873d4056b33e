// Colours of the synthetic people: what cloth, skin, face, hair and shoes look like at a point of
// their surface, before light falls on them.
#pragma once

#include "data/synthetic_people_figure.h"

namespace nram::data::synthetic {

// Height and gradient (h, dh/du, dh/dv) of a fixed smooth periodic noise field in [-1, 1] with
// features of about one unit; repeats every 32 units.
Vec3f noise(float u, float v);

// Colour and relief at one surface point.
struct Tint {
  Color color{0.5f, 0.5f, 0.5f};
  float relief_s = 0, relief_t = 0;  // slope of the folds around and along
  float gloss = 0;                   // strength of the highlight
  bool skin = false;
  bool lined = false;  // has an inner side that lies in shadow
};

Tint tint(const SyntheticPerson& person, Surface surface, const Vec3f& point);

// Half of the opening of a jacket at height y above the hip joints, metres.
float jacket_gap(const Jacket& jacket, float y);

// Colour of a fabric at (s, t) metres, t growing upwards from the hips on the trunk.
Color fabric_color(const Fabric& fabric, float s, float t);
// Colour of the face at a point of the head's frame.
Color face_color(const SyntheticPerson& person, const Vec3f& point);

}  // namespace nram::data::synthetic

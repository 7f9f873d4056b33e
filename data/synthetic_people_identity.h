// One synthetic identity: everything about a person that stays the same from picture to picture.
#pragma once

#include <cstdint>
#include <opencv2/core.hpp>
#include <string>

namespace nram::data {

namespace synthetic {

using Color = cv::Vec3f;  // RGB in [0, 1]

enum class Pattern {
  kPlain,
  kHorizontalStripes,
  kVerticalStripes,
  kGingham,
  kPlaid,
  kDots,
  kFlowers,
  kColorBlock,
  kDenim,
  kMelange,
  kCamouflage,
};

struct Fabric {
  Pattern pattern = Pattern::kPlain;
  Color base{0.5f, 0.5f, 0.5f}, second{1, 1, 1}, third{0, 0, 0};
  float scale = 0.05f;  // metres per repeat
  float duty = 0.5f;    // share of the second colour in a repeat
  float folds = 1.0f;   // strength of the folds
  float gloss = 0.0f;   // leather and satin shine
  float offset = 0.0f;  // where in the noise the folds are read
  float split = 0.25f;  // kColorBlock: height of the change of colour, metres above the hip
};

enum class Neckline { kCrew, kScoop, kVee, kHigh, kTank };
enum class Emblem { kNone, kText, kBadge, kMountain, kStar, kBand };

struct Top {
  Fabric fabric;
  Neckline neckline = Neckline::kCrew;
  Emblem emblem = Emblem::kNone;
  Color emblem_color{1, 1, 1};
  float sleeve = 0.2f;  // metres from the shoulder joint; negative: sleeveless
  float ease = 0.012f;  // metres between skin and cloth
  float hem = -0.05f;   // metres above the hip joints
  bool tucked = false;
  bool buttons = false, collar = false, hood = false;
  bool trim = false;  // neckline, cuffs and hem in the third colour
};

struct Jacket {
  bool worn = false;
  Fabric fabric;
  float hem = -0.1f, gap = 0.06f, ease = 0.03f;
  bool hood = false, lapels = false;
};

enum class BottomKind { kTrousers, kSkirt, kDress };

struct Bottom {
  BottomKind kind = BottomKind::kTrousers;
  Fabric fabric;
  float length = 0.8f;  // metres below the hip joint along the leg
  float ease = 0.012f;  // at the thigh
  float flare = 0.0f;   // extra radius at the hem
  float pleats = 0.0f;  // skirts: relative depth of the pleats
  bool belt = false, jeans = false;
  Color belt_color{0.2f, 0.12f, 0.08f};
};

enum class Footwear { kSneaker, kLoafer, kBoot, kPump, kSandal };

struct Shoes {
  Footwear kind = Footwear::kSneaker;
  Color upper{0.9f, 0.9f, 0.9f}, sole{0.95f, 0.95f, 0.93f};
};

enum class HairStyle { kCropped, kShort, kSwept, kBob, kMedium, kLong, kBun, kPonytail, kCurly };

struct Hair {
  HairStyle style = HairStyle::kShort;
  Color color{0.2f, 0.13f, 0.08f};
  float volume = 0.014f;
  float length = 0.2f;  // metres below the chin, for hair that hangs
  bool fringe = false;
  float parting = 0.0f;  // metres to the person's left of the middle
  float offset = 0.0f;
};

struct Face {
  Color iris{0.3f, 0.2f, 0.1f}, lips{0.75f, 0.4f, 0.38f};
  float brow = 1.0f, mouth_width = 1.0f, eye_size = 1.0f, beard = 0.0f, lashes = 0.5f;
};

// Lengths in metres; the torso from the hip joints to the shoulder line is 0.5 for everyone.
struct Body {
  bool female = false;
  float shoulder = 0.175f, hip_joint = 0.09f;
  float width = 1, depth = 1, hips = 1, waist = 1, bust = 0;
  float limb = 1;
  float upper_arm = 0.285f, forearm = 0.25f, thigh = 0.42f, shin = 0.41f;
  float head = 1, neck = 1, foot = 0.25f;
};

}  // namespace synthetic

struct SyntheticPerson {
  uint64_t seed = 0, identity = 0;
  std::string category;  // DeepFashion's word for the main garment, as "WOMENDresses"
  synthetic::Body body;
  synthetic::Color skin{0.85f, 0.65f, 0.53f};
  synthetic::Face face;
  synthetic::Hair hair;
  synthetic::Top top;
  synthetic::Jacket jacket;
  synthetic::Bottom bottom;
  synthetic::Shoes shoes;
  synthetic::Color backdrop{0.93f, 0.93f, 0.93f};
};

// The person named by (seed, identity): the same arguments give the same person.
SyntheticPerson make_person(uint64_t seed, uint64_t identity);

}  // namespace nram::data

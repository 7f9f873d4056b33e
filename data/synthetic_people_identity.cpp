#include "data/synthetic_people_identity.h"

#include <algorithm>
#include <array>

#include "kernels/common/philox.h"

namespace nram::data {
namespace synthetic {
namespace {

Color rgb(int hex) {
  return {((hex >> 16) & 255) / 255.f, ((hex >> 8) & 255) / 255.f, (hex & 255) / 255.f};
}

template <size_t N>
Color pick(Random& random, const std::array<int, N>& colors) {
  return rgb(colors[random.below(N)]);
}

Color jitter(Random& random, Color color, float amount) {
  const float common = static_cast<float>(random.uniform(-amount, amount));
  for (int c = 0; c < 3; ++c) {
    const float own = static_cast<float>(random.uniform(-amount, amount)) * 0.5f;
    color[c] = std::clamp(color[c] + common + own, 0.02f, 0.98f);
  }
  return color;
}

float luminance(const Color& c) { return 0.3f * c[0] + 0.59f * c[1] + 0.11f * c[2]; }

float between(Random& random, double low, double high) {
  return static_cast<float>(random.uniform(low, high));
}

bool chance(Random& random, double probability) { return random.uniform() < probability; }

constexpr std::array kSkins{0xF4D3C0, 0xEDC4AC, 0xE6B69A, 0xD9A684, 0xC98F6B, 0xB67C58,
                            0x9C6544, 0x7F4E34, 0x63402C, 0xF0CDB5, 0xDDB08F};
constexpr std::array kHairs{0x1E1814, 0x2A1D15, 0x3A2619, 0x4E3222, 0x6A452B, 0x8A5E36,
                            0xB08449, 0xD2AE6D, 0xE0C48C, 0x7A3A20, 0x9A9590, 0x2A1D15};
constexpr std::array kIrises{0x4A2F1B, 0x5B3A22, 0x3E6B7C, 0x4D7050, 0x6C7C86};
constexpr std::array kGarments{0xF2F2EE, 0x1F2024, 0x8F959C, 0x20304F, 0x2F4E7E, 0x7FA8CC, 0xB9302F,
                               0x7A1F30, 0xD96B3A, 0xE3B23C, 0x3E6B4A, 0x6B7340, 0x1F6F74, 0x9CCDBB,
                               0xE7B9BC, 0xC2577F, 0x6A4A86, 0xB79FC9, 0xC19A6B, 0x6F4B34, 0xEFE3CB,
                               0x4A4F57, 0x3B7FC4, 0xF0D8C8, 0xA84A3A, 0x2D5D4F};
constexpr std::array kBottoms{0x1F2024, 0x2A2D35, 0x20304F, 0x4A4F57, 0x8B8378, 0xC2AE8C,
                              0x5C5A3C, 0x6F4B34, 0xE9E4D8, 0x7A1F30, 0x3E4A5C, 0x9AA0A6};
constexpr std::array kDenims{0x2B3F5F, 0x3D5A85, 0x5F82AE, 0x8FAECB, 0x23262D, 0x47618A};
constexpr std::array kLeathers{0x1D1B1B, 0x4A2C1C, 0x7A4B2A, 0xA8733F, 0xE8E2D6, 0x7A1F30};

Color contrasting(Random& random, const Color& base) {
  Color color;
  for (int attempt = 0; attempt < 12; ++attempt) {
    color = jitter(random, pick(random, kGarments), 0.03f);
    if (std::abs(luminance(color) - luminance(base)) > 0.28f) return color;
  }
  return luminance(base) > 0.5f ? rgb(0x20304F) : rgb(0xF2F2EE);
}

void color_fabric(Random& random, Fabric& fabric, const Color& base) {
  fabric.base = jitter(random, base, 0.03f);
  fabric.second = contrasting(random, fabric.base);
  fabric.third = contrasting(random, fabric.second);
  fabric.offset = between(random, 0, 64);
  fabric.split = between(random, 0.2, 0.36);
}

Fabric top_fabric(Random& random) {
  Fabric fabric;
  color_fabric(random, fabric, pick(random, kGarments));
  constexpr std::array kinds{Pattern::kPlain,
                             Pattern::kPlain,
                             Pattern::kPlain,
                             Pattern::kHorizontalStripes,
                             Pattern::kHorizontalStripes,
                             Pattern::kVerticalStripes,
                             Pattern::kGingham,
                             Pattern::kPlaid,
                             Pattern::kDots,
                             Pattern::kFlowers,
                             Pattern::kColorBlock,
                             Pattern::kMelange,
                             Pattern::kCamouflage,
                             Pattern::kPlain};
  fabric.pattern = kinds[random.below(kinds.size())];
  fabric.scale = between(random, 0.045, 0.1);
  if (fabric.pattern == Pattern::kVerticalStripes) fabric.scale = between(random, 0.035, 0.06);
  if (fabric.pattern == Pattern::kFlowers) fabric.scale = between(random, 0.07, 0.12);
  fabric.duty = between(random, 0.3, 0.55);
  fabric.folds = between(random, 0.6, 1.2);
  return fabric;
}

Top make_top(Random& random, const Body& body, std::string& category) {
  Top top;
  top.fabric = top_fabric(random);
  const uint32_t kind = random.below(body.female ? 7 : 6);
  top.ease = between(random, 0.010, 0.024);
  top.hem = between(random, -0.10, -0.03);
  top.trim = chance(random, 0.25);
  const bool plain = top.fabric.pattern == Pattern::kPlain;
  switch (kind) {
    case 0:
    case 1:  // T-shirt
      top.sleeve = between(random, 0.12, 0.2);
      top.neckline = chance(random, 0.3) ? Neckline::kVee : Neckline::kCrew;
      category = "Tees_Tanks";
      break;
    case 2:  // sweater
      top.sleeve = between(random, 0.47, 0.53);
      top.ease = between(random, 0.018, 0.03);
      top.neckline = chance(random, 0.25) ? Neckline::kHigh : Neckline::kCrew;
      category = "Sweaters";
      break;
    case 3:  // shirt
      top.sleeve = chance(random, 0.7) ? between(random, 0.5, 0.53) : between(random, 0.3, 0.38);
      top.neckline = Neckline::kVee;
      top.collar = top.buttons = true;
      top.tucked = chance(random, 0.4);
      category = body.female ? "Blouses_Shirts" : "Shirts_Polos";
      break;
    case 4:  // hoodie
      top.sleeve = between(random, 0.5, 0.53);
      top.ease = between(random, 0.025, 0.036);
      top.hood = true;
      category = "Sweatshirts_Hoodies";
      break;
    case 5:  // tank top
      top.sleeve = -1;
      top.neckline = Neckline::kTank;
      top.ease = between(random, 0.006, 0.014);
      category = "Tees_Tanks";
      break;
    default:  // fitted long-sleeve
      top.sleeve = between(random, 0.46, 0.53);
      top.ease = 0.008f;
      top.neckline = chance(random, 0.5) ? Neckline::kScoop : Neckline::kVee;
      category = "Tees_Tanks";
  }
  if (plain && !top.buttons && chance(random, 0.65)) {
    top.emblem = static_cast<Emblem>(1 + random.below(5));
    top.emblem_color = jitter(random, contrasting(random, top.fabric.base), 0.03f);
  }
  if (body.female && kind != 4 && chance(random, 0.3)) top.tucked = true;
  return top;
}

Bottom make_bottom(Random& random, const Body& body, std::string& category) {
  Bottom bottom;
  const uint32_t kind = random.below(body.female ? 9 : 6);
  color_fabric(random, bottom.fabric, pick(random, kBottoms));
  bottom.fabric.scale = between(random, 0.05, 0.09);
  bottom.belt_color = pick(random, kLeathers);
  const float leg = body.thigh + body.shin;
  bottom.length = leg - 0.02f;
  if (kind <= 1) {  // jeans
    bottom.jeans = true;
    color_fabric(random, bottom.fabric, pick(random, kDenims));
    bottom.fabric.pattern = Pattern::kDenim;
    bottom.ease = between(random, 0.008, 0.02);
    bottom.flare = between(random, -0.004, 0.03);
    bottom.belt = chance(random, 0.4);
  } else if (kind == 2 || kind == 3) {  // trousers
    bottom.ease = between(random, 0.012, 0.03);
    bottom.flare = between(random, 0.0, 0.05);
    bottom.belt = chance(random, 0.5);
    if (chance(random, 0.25)) {
      bottom.fabric.pattern = chance(random, 0.5) ? Pattern::kPlaid : Pattern::kVerticalStripes;
    }
  } else if (kind == 4) {  // shorts
    bottom.length = between(random, 0.2, body.female ? 0.3 : 0.42);
    bottom.ease = between(random, 0.014, 0.03);
    bottom.flare = between(random, 0.0, 0.02);
    if (chance(random, 0.35)) bottom.fabric.pattern = Pattern::kDenim;
    category = "Shorts";
  } else if (kind == 5) {  // leggings, joggers
    bottom.ease = body.female ? 0.003f : 0.02f;
    bottom.flare = body.female ? 0.0f : -0.008f;
    bottom.fabric.folds = body.female ? 0.4f : 1.0f;
    category = body.female ? "Leggings" : "Pants";
  } else {  // skirt
    bottom.kind = BottomKind::kSkirt;
    bottom.length = between(random, 0.26, 0.62);
    bottom.flare = between(random, 0.0, 0.16);
    bottom.pleats = bottom.flare > 0.06f ? between(random, 0.03, 0.075) : 0.f;
    if (chance(random, 0.5)) {
      bottom.fabric = top_fabric(random);
    }
    category = "Skirts";
  }
  return bottom;
}

// One fabric above and below the waist.
void make_dress(Random& random, SyntheticPerson& person) {
  person.top.buttons = person.top.collar = person.top.hood = false;
  person.top.fabric = top_fabric(random);
  if (person.top.fabric.pattern == Pattern::kColorBlock) {
    person.top.fabric.pattern = Pattern::kFlowers;
  }
  person.top.ease = between(random, 0.006, 0.012);
  person.top.emblem = Emblem::kNone;
  constexpr std::array necks{Neckline::kScoop, Neckline::kVee, Neckline::kTank, Neckline::kCrew};
  person.top.neckline = necks[random.below(necks.size())];
  person.top.sleeve = person.top.neckline == Neckline::kTank ? -1.f : between(random, 0.1, 0.5);
  person.top.tucked = true;
  person.bottom.kind = BottomKind::kDress;
  person.bottom.fabric = person.top.fabric;
  person.bottom.length = between(random, 0.28, 0.75);
  person.bottom.flare = between(random, 0.01, 0.15);
  person.bottom.pleats = person.bottom.flare > 0.06f ? between(random, 0.03, 0.07) : 0.f;
  person.bottom.belt = chance(random, 0.35);
  person.bottom.jeans = false;
  person.category = "Dresses";
}

Jacket make_jacket(Random& random, const Body& body) {
  Jacket jacket;
  jacket.worn = true;
  color_fabric(random, jacket.fabric, pick(random, kBottoms));
  const uint32_t kind = random.below(4);
  jacket.hem = between(random, -0.16, 0.04);
  if (kind == 0) {
    color_fabric(random, jacket.fabric, pick(random, kDenims));
    jacket.fabric.pattern = Pattern::kDenim;
  } else if (kind == 1) {  // leather
    color_fabric(random, jacket.fabric, pick(random, kLeathers));
    jacket.fabric.gloss = 0.5f;
    jacket.lapels = true;
  } else if (kind == 2) {  // zipped hoodie
    color_fabric(random, jacket.fabric, pick(random, kGarments));
    jacket.hood = true;
  } else {  // blazer, coat
    jacket.lapels = true;
    jacket.hem = chance(random, 0.4) ? between(random, -0.42, -0.3) : between(random, -0.2, -0.1);
    if (chance(random, 0.3)) jacket.fabric.pattern = Pattern::kPlaid;
    jacket.fabric.scale = 0.09f;
  }
  jacket.gap = between(random, 0.04, body.female ? 0.09 : 0.075);
  jacket.ease = between(random, 0.024, 0.036);
  return jacket;
}

Body make_body(Random& random) {
  Body body;
  body.female = chance(random, 0.55);
  const float build = between(random, -1, 1);  // slim to sturdy
  body.width = 1 + 0.07f * build + between(random, -0.02, 0.02);
  body.depth = 1 + 0.10f * build + between(random, -0.03, 0.03);
  body.waist = 1 + 0.06f * build + between(random, -0.03, 0.03);
  body.hips = 1 + 0.04f * build + between(random, -0.03, 0.03);
  body.limb = (body.female ? 0.87f : 1.0f) * (1 + 0.09f * build);
  body.shoulder =
      (body.female ? 0.155f : 0.176f) * (1 + 0.03f * build) + between(random, -0.006, 0.006);
  body.hip_joint = body.female ? 0.088f : 0.085f;
  body.bust = body.female ? between(random, 0.012, 0.034) : 0.f;
  const float arms = between(random, 0.96, 1.04), legs = between(random, 0.95, 1.08);
  body.upper_arm = 0.275f * arms;
  body.forearm = 0.245f * arms;
  body.thigh = 0.425f * legs;
  body.shin = 0.415f * legs;
  body.head = between(random, 1.0, 1.08);
  body.neck = (body.female ? 0.84f : 1.02f) * (1 + 0.05f * build);
  body.foot = body.female ? 0.225f : 0.255f;
  return body;
}

Hair make_hair(Random& random, bool female) {
  Hair hair;
  constexpr std::array men{HairStyle::kCropped, HairStyle::kShort, HairStyle::kShort,
                           HairStyle::kSwept,   HairStyle::kCurly, HairStyle::kMedium};
  constexpr std::array women{HairStyle::kBob,      HairStyle::kMedium, HairStyle::kLong,
                             HairStyle::kLong,     HairStyle::kBun,    HairStyle::kPonytail,
                             HairStyle::kPonytail, HairStyle::kCurly,  HairStyle::kShort};
  hair.style = female ? women[random.below(women.size())] : men[random.below(men.size())];
  hair.color = jitter(random, pick(random, kHairs), 0.02f);
  hair.volume = between(random, 0.012, 0.02);
  if (hair.style == HairStyle::kCropped) hair.volume = 0.005f;
  if (hair.style == HairStyle::kBun || hair.style == HairStyle::kPonytail) hair.volume = 0.009f;
  if (hair.style == HairStyle::kCurly) hair.volume = between(random, 0.024, 0.04);
  hair.length = between(random, 0.14, 0.32);
  if (hair.style == HairStyle::kMedium) hair.length = between(random, 0.05, 0.1);
  if (hair.style == HairStyle::kBob) hair.length = between(random, -0.03, 0.02);
  hair.fringe = female && chance(random, 0.35);
  hair.parting = between(random, -0.03, 0.03);
  hair.offset = between(random, 0, 64);
  return hair;
}

Shoes make_shoes(Random& random, bool female) {
  Shoes shoes;
  constexpr std::array women{Footwear::kSneaker, Footwear::kPump, Footwear::kBoot, Footwear::kPump,
                             Footwear::kSandal};
  constexpr std::array men{Footwear::kSneaker, Footwear::kSneaker, Footwear::kLoafer,
                           Footwear::kBoot};
  shoes.kind = female ? women[random.below(women.size())] : men[random.below(men.size())];
  shoes.upper = pick(random, kLeathers);
  shoes.sole = rgb(0x2A2522);
  if (shoes.kind == Footwear::kSneaker) {
    shoes.upper = chance(random, 0.5) ? rgb(0xEDEBE6) : pick(random, kGarments);
    shoes.sole = rgb(0xF0EFEA);
  }
  return shoes;
}

}  // namespace
}  // namespace synthetic

SyntheticPerson make_person(uint64_t seed, uint64_t identity) {
  using namespace synthetic;
  Random random(seed, identity);
  SyntheticPerson person;
  person.seed = seed;
  person.identity = identity;
  person.body = make_body(random);
  const bool female = person.body.female;
  person.skin = jitter(random, pick(random, kSkins), 0.015f);
  person.hair = make_hair(random, female);
  // Fair hair and light eyes go with fair skin.
  const float fairness = luminance(person.skin);
  if (fairness < 0.6f) {
    person.hair.color *= std::min(1.f, 0.22f / luminance(person.hair.color));
  }
  person.face.iris = fairness < 0.6f ? rgb(0x3E2616) : pick(random, kIrises);
  person.face.lips = Color(person.skin[0] * 0.86f, person.skin[1] * 0.6f, person.skin[2] * 0.6f);
  if (female && chance(random, 0.5))
    person.face.lips = rgb(chance(random, 0.5) ? 0xB03A48 : 0xC25E66);
  person.face.brow = between(random, 0.7, female ? 1.0 : 1.4);
  person.face.mouth_width = between(random, 0.88, 1.12);
  person.face.eye_size = between(random, 0.95, 1.15) * (female ? 1.08f : 1.0f);
  person.face.lashes = female ? 1.0f : 0.35f;
  if (!female && chance(random, 0.4)) person.face.beard = between(random, 0.25, 0.9);
  std::string top_category, bottom_category;
  person.top = make_top(random, person.body, top_category);
  person.bottom = make_bottom(random, person.body, bottom_category);
  person.category = top_category;
  if (!bottom_category.empty() && chance(random, 0.4)) person.category = bottom_category;
  // One pattern at a time.
  if (person.top.fabric.pattern != Pattern::kPlain && person.bottom.kind == BottomKind::kTrousers &&
      !person.bottom.jeans) {
    person.bottom.fabric.pattern = Pattern::kPlain;
  }
  if (person.top.fabric.pattern != Pattern::kPlain && person.bottom.kind == BottomKind::kSkirt) {
    person.bottom.fabric.pattern = Pattern::kPlain;
  }
  if (female && chance(random, 0.28)) make_dress(random, person);
  if (!person.top.hood && chance(random, 0.27)) {
    person.jacket = make_jacket(random, person.body);
    person.top.hem = std::max(person.top.hem, person.jacket.hem + 0.03f);
    person.top.trim = false;
    person.bottom.flare = std::min(person.bottom.flare, 0.04f);
    person.category = "Jackets_Vests";
  }
  person.category = (female ? "WOMEN" : "MEN") + person.category;
  person.shoes = make_shoes(random, female);
  const float grey = between(random, 0.84, 0.97);
  person.backdrop = Color(grey, grey, grey);
  if (chance(random, 0.3)) person.backdrop = jitter(random, person.backdrop, 0.025f);
  return person;
}

}  // namespace nram::data

#include "kernels/simulator/form.h"

#include <unordered_map>

namespace nram::simulator {

namespace {

struct ModifierName {
  std::string_view text;
  Modifier modifier;
};
#define NRAM_NAME(name, spelling) {spelling, Modifier::name},
constexpr ModifierName kModifierNames[] = {NRAM_PTX_MODIFIERS(NRAM_NAME)};
#undef NRAM_NAME
static_assert(std::size(kModifierNames) <= 192, "Form::modifiers is too small");

const std::unordered_map<std::string_view, Opcode>& opcodes() {
#define NRAM_NAME(name, spelling) {spelling, Opcode::name},
  static const std::unordered_map<std::string_view, Opcode> map = {NRAM_PTX_OPCODES(NRAM_NAME)};
#undef NRAM_NAME
  return map;
}

const std::unordered_map<std::string_view, Modifier>& modifiers() {
  static const auto map = [] {
    std::unordered_map<std::string_view, Modifier> all;
    for (const ModifierName& name : kModifierNames) all.emplace(name.text, name.modifier);
    return all;
  }();
  return map;
}

const std::unordered_map<std::string_view, Type>& types() {
#define NRAM_NAME(name, spelling, bytes) {spelling, Type::name},
  static const std::unordered_map<std::string_view, Type> map = {NRAM_PTX_TYPES(NRAM_NAME)};
#undef NRAM_NAME
  return map;
}

}  // namespace

uint8_t bytes_of(Type type) {
#define NRAM_BYTES(name, spelling, bytes) bytes,
  static constexpr uint8_t kBytes[] = {NRAM_PTX_TYPES(NRAM_BYTES) 0};
#undef NRAM_BYTES
  return kBytes[static_cast<int>(type)];
}

Type type_named(std::string_view text) {
  const auto found = types().find(text);
  return found == types().end() ? Type::kNone : found->second;
}

bool parse_form(std::string_view text, Form& form, std::string& unknown) {
  bool first = true;
  while (!text.empty()) {
    const size_t dot = text.find('.');
    const std::string_view part = text.substr(0, dot);
    text = dot == std::string_view::npos ? std::string_view() : text.substr(dot + 1);
    if (first) {
      first = false;
      const auto opcode = opcodes().find(part);
      if (opcode == opcodes().end()) {
        unknown = part;
        return false;
      }
      form.opcode = opcode->second;
      continue;
    }
    const Type type = type_named(part);
    const auto modifier = modifiers().find(part);
    if (type != Type::kNone && form.type_count < 4) {
      form.types[static_cast<size_t>(form.type_count++)] = type;
    } else if (modifier != modifiers().end()) {
      const auto bit = static_cast<unsigned>(modifier->second);
      form.modifiers[bit / 64] |= uint64_t{1} << bit % 64;
    } else {
      unknown = part;
      return false;
    }
  }
  return !first;
}

std::string left_over(const Form& form) {
  std::string text;
  for (const ModifierName& name : kModifierNames) {
    if (form.has(name.modifier)) text.append(".").append(name.text);
  }
  return text;
}

}  // namespace nram::simulator
